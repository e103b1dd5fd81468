"""Answers a second of the patient and the cohort callback, beside a bare Dash callback with the same charts.

    python tests/benchmarks/load.py

Both run under gunicorn with one worker of four threads, on the sample clinic, and take turns. The bare callback
returns the charts that ours returns, made once: no guard, no person, no store, no other part of the page. Ours is
asked the same again and again, as the bare one is, and then ("anew") each time by an address that nobody has asked
before: the patient's records are read and drawn each time, the cohort's kept figures drawn each time. Load comes
from `wrk` where it is installed, else from threads of this process. Medians of the turns.
"""

from __future__ import annotations

import argparse
import copy
import http.client
import itertools
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
CALL = "/_dash-update-component"
BARE = """
import json, sys
from dash import Dash, Input, Output, dcc, html
from gunicorn.app.base import BaseApplication
figures = json.load(open(sys.argv[1]))
app = Dash("bare", use_async=False, enable_mcp=False, compress=True)
app.server.config.update(COMPRESS_BR_LEVEL=5, COMPRESS_LEVEL=6, COMPRESS_ALGORITHM=["br", "gzip"])
app.layout = html.Div([html.Button("go", id="go"), html.Div(id="charts")])
@app.callback(Output("charts", "children"), Input("go", "n_clicks"))
def again(n):
    return [dcc.Graph(figure=figure) for figure in figures]
class Application(BaseApplication):
    def load_config(self):
        for name, value in {"bind": f"127.0.0.1:{sys.argv[2]}", "workers": 1, "threads": 4, "worker_class": "gthread",
                            "accesslog": None, "loglevel": "warning", "keepalive": 10}.items():
            self.cfg.set(name, value)
    def load(self):
        return app.server
Application().run()
"""
VISIT = "visit=0"  # stands in the address of what is asked anew each time
LUA = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept-Encoding"] = "%s"
local body, start, visits = %s, %d, 0
function request()
    visits = visits + 1
    return wrk.format(nil, nil, nil, (body:gsub("visit=0", "visit=" .. (start + visits))))
end
"""


def answer(address: str, call: dict[str, Any]) -> Any:
    """One answer of a callback."""
    request = Request(f"{address}{CALL}", json.dumps(call).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as reply:
        return json.loads(reply.read())


def charts(part: Any) -> list[Any]:
    """Every figure in an answer, in order."""
    if isinstance(part, list):
        return [figure for one in part for figure in charts(one)]
    if isinstance(part, dict):
        own = [part["props"]["figure"]] if part.get("type") == "Graph" else []
        return own + [figure for one in part.values() for figure in charts(one)]
    return []


def _first_visit() -> int:
    """A number above those of all visits so far: microseconds, few enough digits for wrk's Lua."""
    return time.time_ns() // 1000 % 10**12


def by_wrk(address: str, call: dict[str, Any], seconds: int, connections: int, encoding: str) -> float:
    """Answers a second, from wrk."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % (encoding, json.dumps(json.dumps(call)), _first_visit()))
        script.flush()
        line = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "-s",
            script.name,
            f"{address}{CALL}",
        ]
        told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        sys.exit(f"answers failed:\n{told}")
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", told)[0])


def by_threads(address: str, call: dict[str, Any], seconds: int, connections: int, encoding: str) -> float:
    """Answers a second, from threads with a connection each."""
    content, done, stop = json.dumps(call), [0] * connections, time.perf_counter() + seconds
    visits = itertools.count(_first_visit())
    headers = {"Content-Type": "application/json", "Accept-Encoding": encoding}

    def one(number: int) -> None:
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        while time.perf_counter() < stop:
            body = content.replace(VISIT, f"visit={next(visits)}").encode()
            connection.request("POST", CALL, body, headers)
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200
            done[number] += 1

    threads = [threading.Thread(target=one, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds


def visited(call: dict[str, Any]) -> dict[str, Any]:
    """The same question, its address marked with a visit."""
    marked = copy.deepcopy(call)
    for part in (*marked["inputs"], *marked["state"]):
        if part["property"] == "search":
            part["value"] = "&".join(filter(None, [part["value"] or "?", VISIT]))
    return marked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="length of each turn")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--encoding", default="gzip, deflate, br", help="what the browser says that it takes")
    given = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
    import clinicians  # type: ignore[import-not-found]
    import pages  # type: ignore[import-not-found]

    from tests.serving import PORT, product, running

    measure = by_wrk if shutil.which("wrk") else by_threads
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {measure.__name__}, "
        f"{given.connections} connections, {given.turns} turns of {given.seconds} s"
    )
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        folder = Path(name)
        url = pages.store_of(folder, "sample.db", ROOT / "sample_data" / "clinic")
        code = pages.codes(url, 1)[0]
        calls = {"patient": clinicians.patient_calls(code)["chart"], "cohort": clinicians.cohort_call()}
        calls |= {f"{what}, anew": visited(call) for what, call in calls.items()}
        with running(product(url)) as ours:
            for what, call in calls.items():
                found = charts(answer(ours, call))
                (folder / f"{what}.json").write_text(json.dumps(found))
                bare_call = clinicians.body("charts.children", {"go.n_clicks": 1})
                with running([sys.executable, "-c", BARE, str(folder / f"{what}.json"), PORT]) as bare:
                    assert len(charts(answer(bare, bare_call))) == len(found)
                    turns = []
                    for turn in range(given.turns + 1):
                        pair = tuple(
                            measure(address, sent, given.seconds, given.connections, given.encoding)
                            for address, sent in ((ours, call), (bare, bare_call))
                        )
                        if turn:  # the first warms up
                            turns.append(pair)
                mine, floor = (statistics.median(side) for side in zip(*turns, strict=True))
                print(
                    f"{what:13} {mine:7.0f} answers/s, bare callback with the same {len(found)} charts {floor:7.0f}: "
                    f"{mine / floor:.0%}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
