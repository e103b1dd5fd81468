"""Pictures of the running application with the synthetic sample: the README's, or every page for a look.

python tests/browser/screenshots.py FOLDER          the README's pictures
python tests/browser/screenshots.py FOLDER --all    every page, light and dark, at 390, 1024 and 1440
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.serving import PORT, running

LONGEST_COURSE_DAYS = 150
SCHEMES = ("light", "dark")
# A chart, a row of the worklist, a preview, what is complete, the people.
DRAWN = ".js-plotly-plot .main-svg, .ag-row .patient-link, #exports-preview table, .completeness, #accounts-people > *"
QUIET = "() => !document.querySelector('.bone, ._dash-loading')"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def chromium() -> str:
    """The system's Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("Screenshots need Chromium: install the package chromium")
    return found


@contextlib.contextmanager
def running_demo() -> Iterator[str]:
    """The demo in a process of its own with a cache of its own; gives its address."""
    with tempfile.TemporaryDirectory(prefix="ketamine-outcomes-") as folder:
        arguments = ["demo", "--port", PORT, "--no-browser", "--workers", "1"]
        line = [sys.executable, "-c", "from dashboard.cli import main; main()", *arguments]
        with running(line, environment={"XDG_CACHE_HOME": folder}) as address:
            yield address


def a_fading_patient() -> str:
    """Code of the sample's fading patient with the most sessions in a course that fits a picture."""
    from dashboard.commands import demonstration
    from dashboard.settings import Settings
    from data_models.definitions.filters import CohortFilter
    from data_models.definitions.scope import Scope
    from data_models.questions.worklist import worklist
    from data_models.store import Store

    settings = Settings.from_environment({}, database=demonstration.database())
    demonstration.fill(settings)
    store = Store.open(settings.database)
    with store.connect() as connection:
        listed = worklist(connection, Scope.everything(), CohortFilter(), state="fading", limit=1000)
    store.close()
    short = [one for one in listed.patients if one.last_days is not None and one.last_days < LONGEST_COURSE_DAYS]
    return max(short or listed.patients, key=lambda one: one.sessions).patient_code


def shoot(browser: Browser, address: str, target: Path, scheme: str, width: int, height: int | None) -> None:
    """One page as PNG: a window of `height`, or the whole page where it is None."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height or 900})  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(DRAWN, timeout=90_000)
    page.wait_for_function(QUIET, timeout=90_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)  # charts settle in their cards
    page.screenshot(path=target, full_page=height is None, timeout=90_000)
    context.close()
    print(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    pages = {
        "outcomes": "/",
        "patients": "/patients",
        "patient": f"/patient/{a_fading_patient()}",
        "side-effects": "/side-effects",
        "compared": "/?by=route",
        "exports": "/exports",
        "records": "/records",
        "accounts": "/accounts",
    }
    with running_demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for name, path in pages.items():
            for scheme in SCHEMES:
                if wanted.all:
                    for width in (390, 1024, 1440):
                        target = wanted.folder / f"{name}-{scheme}-{width}.png"
                        shoot(browser, address + path, target, scheme, width, None)
                elif name in ("outcomes", "patient"):
                    shoot(browser, address + path, wanted.folder / f"{name}-{scheme}.png", scheme, 1280, 1150)
        browser.close()


if __name__ == "__main__":
    main()
