"""Ask a vulnerability source about every pinned dependency, and never call unasked what could not be asked.

`python .ci/audit.py [REQUIREMENTS]` runs pip-audit on constraints.txt, with its first source and, where that knows
nothing of the packages, the second. Exit code 0: every package was audited and none is known to be vulnerable, or
no source could be reached, which is printed as NOT AUDITED. Exit code 1: a vulnerability, or an audit that broke.
Set KETAMINE_OUTCOMES_PIP_AUDIT to the command of another tool that takes pip-audit's options.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SOURCES = ("pypi", "osv")
SECONDS = 90  # for one source; an audit is not worth a stalled build
UNREACHED = re.compile(
    r"Connection(Error|Refused)|NameResolution|Max retries|[Tt]imed? ?out|unreachable|ProxyError|SSLError|"
    r"[Cc]ould not connect|ServiceError|50[0-9] Server Error|No module named .?pip_audit",
)


class Broken(Exception):
    """The audit itself failed."""


def asked(source: str, requirements: Path) -> list[dict[str, Any]] | str:
    """The packages as one source knows them, or why it could not be asked. Raises Broken."""
    tool = os.environ.get("KETAMINE_OUTCOMES_PIP_AUDIT") or f"{shlex.quote(sys.executable)} -m pip_audit"
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "audit.json"
        line = [
            *shlex.split(tool), "--requirement", str(requirements), "--no-deps", "--disable-pip", "--timeout", "10",
            "--progress-spinner", "off", "--vulnerability-service", source, "--format", "json", "--output", str(answer),
        ]  # fmt: skip
        try:
            run = subprocess.run(line, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"no answer within {SECONDS} s"
        except OSError as error:
            return f"the tool cannot be started ({error.strerror})"
        # The exit code tells nothing: it is 0 where no package was known, and 1 for findings and failures alike.
        try:
            return list(json.loads(answer.read_text(encoding="utf-8"))["dependencies"])
        except (OSError, ValueError, KeyError, TypeError):
            told = [part for part in run.stderr.strip().splitlines() if part.strip()] or ["it wrote no answer"]
            if UNREACHED.search(run.stderr):
                return told[-1].strip()[:200]
            raise Broken(f"exit code {run.returncode}: {told[-1].strip()[:300]}") from None


def main(arguments: list[str]) -> int:
    """Audit, say what came of it, and give the exit code."""
    requirements = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[1] / "constraints.txt"
    best: list[dict[str, Any]] = []
    reasons = []
    for source in SOURCES:
        try:
            found = asked(source, requirements)
        except Broken as error:
            print(f"AUDIT FAILED: {error}")
            return 1
        if isinstance(found, str):
            reasons.append(f"{source}: {found}")
            continue
        if sum("vulns" in one for one in found) > sum("vulns" in one for one in best):
            best = found
        if found and all("vulns" in one for one in found):
            break
        reasons.append(f"{source}: knows {sum('vulns' in one for one in found)} of {len(found)} packages")
    audited = [one for one in best if "vulns" in one]
    for one in audited:
        for vulnerability in one["vulns"]:
            fixed = ", ".join(vulnerability.get("fix_versions") or ()) or "none yet"
            print(f"VULNERABLE: {one['name']} {one.get('version', '')}: {vulnerability['id']} (fixed in: {fixed})")
    vulnerable = any(one["vulns"] for one in audited)
    if not audited:
        print(f"NOT AUDITED: source unreachable ({'; '.join(reasons)})")
    elif len(audited) < len(best):
        names = ", ".join(sorted(one["name"] for one in best if "vulns" not in one))
        print(f"NOT AUDITED: {len(best) - len(audited)} of {len(best)} packages: {names}")
    elif not vulnerable:
        print(f"Audited {len(audited)} packages: no known vulnerability.")
    return int(vulnerable)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
