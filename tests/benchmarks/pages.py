"""Weight and speed of the pages, as ratios within one run.

    python tests/benchmarks/pages.py                     makes a store of 100,000 synthetic patients first
    python tests/benchmarks/pages.py --large big.db      uses a copy of a store made earlier

* cold compressed bytes of the patient page (at most 1.4 MB);
* drawing it, navigation to its chart, against a bare Dash page with that figure and the same bundle (1.5);
* switching the patient against a bare callback that returns the same figure (2);
* each page's first chart on the large store against the sample's (2).

How many round trips a page takes to its first chart is no measurement: tests/browser/test_frame.py proves it.
Measurements of a ratio take turns, so that a busy machine slows both; medians are printed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CHART = ".js-plotly-plot .main-svg"
PAGES = {"Outcomes": ("/", CHART), "Patients": ("/patients", ".patient-link"), "Side effects": ("/side-effects", CHART)}
BARE = """
import json, sys
from dash import Dash, Input, Output, dcc, html
figure = json.load(open(sys.argv[1]))
app = Dash("bare", assets_folder=sys.argv[3], serve_locally=True, compress=True)
app.layout = html.Div([html.Button("go", id="go"), dcc.Graph(id="g", figure=figure, config={"displayModeBar": False})])
@app.callback(Output("g", "figure"), Input("go", "n_clicks"), prevent_initial_call=True)
def again(n):
    return {**figure, "layout": {**figure["layout"], "meta": n, "title": {"text": f"run {n}"}}}
import waitress
waitress.serve(app.server, host="127.0.0.1", port=int(sys.argv[2]), threads=4)
"""


def store_of(folder: Path, name: str, records: Path) -> str:
    """A store with these session records; its URL."""
    from data_models.store import Store

    url = f"sqlite:///{(folder / name).as_posix()}"
    store = Store.open(url)
    store.import_path(records)
    store.close()
    return url


def codes(url: str, n: int = 12) -> list[str]:
    """Patients of the store who have scores."""
    from data_models.definitions.filters import CohortFilter
    from data_models.definitions.scope import Scope
    from data_models.questions.worklist import worklist
    from data_models.store import Store

    store = Store.open(url)
    with store.connect() as connection:
        listed = worklist(connection, Scope.everything(), CohortFilter(), state="fading", limit=n)
    store.close()
    return [one.patient_code for one in listed.patients]


def opened(browser: Browser, address: str, ready: str) -> tuple[float, int]:
    """A cold visit: milliseconds until `ready` is drawn, compressed bytes."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(ready).first.wait_for(timeout=90_000)
    took = 1000 * (time.perf_counter() - began)
    page.wait_for_load_state("networkidle")
    context.close()
    return took, sum(sizes)


def taking_turns(runs: int, *measures: Callable[[], float]) -> list[float]:
    """Median of each, measured in turn; the first turn warms up."""
    rounds = [[measure() for measure in measures] for _ in range(runs + 1)][1:]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def switching(page: Page) -> Callable[[], float]:
    """Press the key of the next patient; milliseconds until that patient's chart is drawn."""

    def once() -> float:
        page.locator("#patient-next[href]").wait_for()
        page.wait_for_load_state("networkidle")
        code = page.locator("#patient-next").get_attribute("href").split("/")[2].split("?")[0]  # type: ignore[union-attr]
        page.evaluate("document.querySelectorAll('.js-plotly-plot').forEach(e => e.dataset.old = '1')")
        began = time.perf_counter()
        page.keyboard.press("j")
        page.locator("h1", has_text=code).wait_for()
        page.wait_for_function("document.querySelector('.js-plotly-plot:not([data-old]) .main-svg')")
        return 1000 * (time.perf_counter() - began)

    return once


def answering(page: Page) -> Callable[[], float]:
    """Press the bare page's button; milliseconds until its figure is drawn anew."""
    count = 0

    def once() -> float:
        nonlocal count
        count += 1
        began = time.perf_counter()
        page.locator("#go").click()
        page.locator(".gtitle", has_text=f"run {count}").wait_for()
        return 1000 * (time.perf_counter() - began)

    return once


def show(name: str, value: float, limit: float, more: str = "") -> None:
    print(f"{name:58} {value:8.2f}  (at most {limit:g}) {'ok' if value <= limit else 'MISSED'}  {more}", flush=True)


def measure(browser: Browser, folder: Path, small: str, large: str | None, runs: int) -> None:
    """Print every figure."""
    from tests.serving import PORT, product, running

    with running(product(small)) as ours:
        code = codes(small)[0]
        patient = f"{ours}/patient/{code}?instrument=phq9"
        _, size = opened(browser, patient, CHART)
        show("patient page, cold, compressed MB", size / 1e6, 1.4)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(patient)
        page.locator(CHART).first.wait_for()
        figure = page.evaluate("(() => { const g = document.querySelector('.js-plotly-plot');"
                               " return {data: g.data, layout: g.layout}; })()")  # fmt: skip
        (folder / "figure.json").write_text(json.dumps(figure))
        (folder / "assets").mkdir(exist_ok=True)
        for file in (ROOT / "dashboard" / "assets").glob("plotly-*.js"):
            shutil.copy(file, folder / "assets")
        bare_command = [sys.executable, "-c", BARE, str(folder / "figure.json"), PORT, str(folder / "assets")]
        with running(bare_command) as bare:
            mine, floor = taking_turns(
                runs, lambda: opened(browser, patient, CHART)[0], lambda: opened(browser, bare, CHART)[0]
            )
            show("patient page drawn / bare one-chart page", mine / floor, 1.5, f"{mine:.0f} ms / {floor:.0f} ms")
            page.goto(f"{ours}/patients?state=fading")
            page.locator(".patient-link").first.click()
            page.locator(CHART).first.wait_for()
            other = browser.new_page(viewport={"width": 1440, "height": 1000})
            other.goto(bare)
            other.locator(CHART).first.wait_for()
            mine, floor = taking_turns(runs, switching(page), answering(other))
            show("switching patient / bare callback, same figure", mine / floor, 2, f"{mine:.0f} ms / {floor:.0f} ms")
        if large is None:
            return
        with running(product(large)) as big:
            there = {**PAGES, "Patient": (f"/patient/{codes(large)[0]}?instrument=phq9", CHART)}
            here = {**PAGES, "Patient": (patient.removeprefix(ours), CHART)}
            for name, (path, ready) in there.items():
                first = opened(browser, big + path, ready)[0]
                slow, fast = taking_turns(
                    runs,
                    lambda path=path, ready=ready: opened(browser, big + path, ready)[0],
                    lambda name=name, ready=ready: opened(browser, ours + here[name][0], ready)[0],
                )
                more = f"{slow:.0f} ms / {fast:.0f} ms; first visit {first:.0f} ms"
                show(f"{name}: first chart, 100,000 patients / sample", slow / fast, 2, more)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", type=Path, help="database file of a large store; a copy is used")
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--no-large", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    wanted = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("this needs Chromium: install the package chromium")
    with tempfile.TemporaryDirectory(prefix="pages-") as name, sync_playwright() as playwright:
        folder = Path(name)
        small = store_of(folder, "sample.db", ROOT / "sample_data" / "clinic")
        large = None
        if wanted.large:
            shutil.copy(wanted.large, folder / "large.db")
            large = f"sqlite:///{(folder / 'large.db').as_posix()}"
        elif not wanted.no_large:
            from sample_data.generate import write

            write(wanted.patients, 1, folder / "records")
            large = store_of(folder, "large.db", folder / "records")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        measure(browser, folder, small, large, wanted.runs)
        browser.close()


if __name__ == "__main__":
    main()
