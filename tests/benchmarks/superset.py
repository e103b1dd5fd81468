"""Answers a second of our cohort callback, beside Apache Superset's on the same records and the same question.

    python3 -m venv /tmp/superset
    /tmp/superset/bin/pip install "apache-superset==6.*" "Flask-Caching==2.3.1" rich cachetools  # what 6.1.0 needs
    python tests/benchmarks/superset.py --superset /tmp/superset/bin/python

Superset runs as its makers advise, by gunicorn, here with one worker of four threads, as ours does. It is asked
`POST /api/v1/chart/data` for the counts and sums of courses of one route and instrument by route, over a dataset
that joins courses with their outcomes: the figures that the head of our Outcomes page is drawn from. It gives rows;
ours gives the drawn page. Nobody signs in, in either. Without its data cache Superset asks the database each time;
with it (in the worker's memory, the fastest that it has) it is asked the same again.

Ours is asked the same again; then each time by an address nobody asked before ("anew": the page is drawn again from
kept counts); then each time with a filter nobody asked for before ("worked out": every count asked of the database).

Load comes from threads of another process, a connection each. All take turns; medians are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
ASK = "/api/v1/chart/data"
CALL = "/_dash-update-component"
FIRST_VISIT = 100_001
VISIT = "NUMBER-OF-VISIT"  # stands for a number never used before in what is asked
NAME, PASSWORD = "benchmark", "benchmark"
SECRET = os.urandom(32).hex()
# Flask-Caching from 2.4 on no longer takes what Superset 6.1 gives its default caches: memory of the process here.
CONFIG = """
SECRET_KEY = {secret!r}
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
{public}
LOG_LEVEL = "ERROR"
WTF_CSRF_ENABLED = TALISMAN_ENABLED = RATELIMIT_ENABLED = PREVENT_UNSAFE_DB_CONNECTIONS = False
FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = {{"CACHE_TYPE": "SimpleCache"}}
DATA_CACHE_CONFIG = {{"CACHE_TYPE": {cache!r}, "CACHE_DEFAULT_TIMEOUT": 86400}}
"""
DATASET = """SELECT courses.patient_id, courses.route, courses.drug,
course_outcomes.instrument, course_outcomes.baseline, course_outcomes.ever_response, course_outcomes.ever_remission,
course_outcomes.sustained_response, course_outcomes.last_response, course_outcomes.early_response,
course_outcomes.end_of_induction_response
FROM courses JOIN course_outcomes ON course_outcomes.patient_id = courses.patient_id
AND course_outcomes.course = courses.course"""
SUMMED = (
    "ever_response", "ever_remission", "sustained_response", "last_response", "early_response",
    "end_of_induction_response",
)  # fmt: skip
METRICS = {"patients": "COUNT(DISTINCT patient_id)", "courses": "COUNT(*)", "with_baseline": "COUNT(baseline)"}
METRICS |= {f"{name}_n": f"COUNT({name})" for name in SUMMED} | {name: f"SUM({name})" for name in SUMMED}


# --- load ------------------------------------------------------------------------------------------


def load(asked: dict[str, Any]) -> int:
    """How many answers came, from threads of this process. Any other status than 200 ends it."""
    done, stop = [0] * asked["connections"], time.perf_counter() + asked["seconds"]
    visits = itertools.count(asked["first"])
    headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate, br"}

    def one(number: int) -> None:
        connection = http.client.HTTPConnection(asked["address"].removeprefix("http://"), timeout=120)
        while time.perf_counter() < stop:
            body = asked["body"].replace(VISIT, str(next(visits))).encode()
            connection.request("POST", asked["path"], body, headers)
            reply = connection.getresponse()
            text = reply.read()
            if reply.status != 200:
                print(f"{asked['address']}{asked['path']} answered {reply.status}: {text[:300]!r}", file=sys.stderr)
                os._exit(1)
            done[number] += 1

    threads = [threading.Thread(target=one, args=(number,)) for number in range(asked["connections"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


class Generator:
    """Asks in a process of its own, so that it takes nothing from a server's interpreter or ours."""

    def __init__(self, seconds: float, connections: int) -> None:
        self._seconds, self._connections, self._first = seconds, connections, FIRST_VISIT

    def rate(self, address: str, path: str, body: str) -> float:
        """Answers a second."""
        asked = {"address": address, "path": path, "body": body, "first": self._first}
        asked |= {"seconds": self._seconds, "connections": self._connections}
        line = [sys.executable, __file__, "--load"]
        done = subprocess.run(line, input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True)
        self._first += 1_000_000
        return int(done.stdout) / self._seconds


# --- Superset --------------------------------------------------------------------------------------


def posted(url: str, content: dict[str, Any], token: str = "") -> dict[str, Any]:
    """The answer of an API."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urlopen(Request(url, json.dumps(content).encode(), headers), timeout=120) as reply:
            return json.loads(reply.read())
    except HTTPError as error:
        sys.exit(f"{url} answered {error.code}: {error.read()[:500]!r}")


def configure(folder: Path, *, cached: bool = False, public: bool = False) -> None:
    """Write its settings; `public`: whoever asks need not sign in."""
    config = CONFIG.format(
        secret=SECRET,
        folder=folder.as_posix(),
        cache="SimpleCache" if cached else "NullCache",
        public='AUTH_ROLE_PUBLIC = "Admin"' if public else "",
    )
    (folder / "superset_config.py").write_text(config)


def environment(folder: Path) -> dict[str, str]:
    """What Superset reads from its environment."""
    return {"SUPERSET_CONFIG_PATH": str(folder / "superset_config.py"), "SUPERSET_HOME": str(folder)}


def set_up(python: str, folder: Path) -> None:
    """Make its own database, roles and an administrator, as its makers write."""
    configure(folder)
    person = ["--username", NAME, "--firstname", NAME, "--lastname", NAME, "--email", f"{NAME}@localhost"]
    for part in (["db", "upgrade"], ["fab", "create-admin", *person, "--password", PASSWORD], ["init"]):
        done = subprocess.run(
            [python, "-c", "from superset.cli.main import superset; superset()", *part],
            env={**os.environ, **environment(folder), "FLASK_APP": "superset.app:create_app()"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"Superset's {' '.join(part[:2])} failed:\n{done.stderr[-1500:]}")


@contextlib.contextmanager
def superset(python: str, folder: Path, *, cached: bool = False, public: bool = True) -> Iterator[str]:
    """Superset's server; its address."""
    from tests.serving import PORT, running

    configure(folder, cached=cached, public=public)
    line = [python, "-m", "gunicorn", "--workers", "1", "--worker-class", "gthread", "--threads", "4", "--timeout"]
    line += ["120", "--log-level", "error", "--bind", f"127.0.0.1:{PORT}", "superset.app:create_app()"]
    with running(line, path="/health", seconds=180, environment=environment(folder)) as address:
        yield address


def dataset(address: str, database: str) -> int:
    """Tell Superset of the store and of what to ask; the number of its dataset."""
    who = {"username": NAME, "password": PASSWORD, "provider": "db", "refresh": False}
    token = posted(f"{address}/api/v1/security/login", who)["access_token"]
    made = posted(f"{address}/api/v1/database/", {"database_name": "store", "sqlalchemy_uri": database}, token)
    content = {"database": made["id"], "schema": None, "table_name": "outcomes", "sql": DATASET}
    if database.startswith("postgresql"):
        content["schema"] = "public"
    return int(posted(f"{address}/api/v1/dataset/", content, token)["id"])


def question(number: int) -> dict[str, Any]:
    """What a chart of it asks: the filtered GROUP BY."""
    query = {
        "columns": ["route"],
        "metrics": [{"expressionType": "SQL", "sqlExpression": sql, "label": name} for name, sql in METRICS.items()],
        "filters": [
            {"col": "instrument", "op": "==", "val": "phq9"},
            {"col": "route", "op": "IN", "val": ["iv"]},
        ],
        "row_limit": 1000,
    }
    source = {"id": number, "type": "table"}
    return {"datasource": source, "queries": [query], "result_format": "json", "result_type": "full", "force": False}


# --- ours ------------------------------------------------------------------------------------------


def our_questions() -> dict[str, dict[str, Any]]:
    """The head of the Outcomes page: again, anew, worked out."""
    import clinicians  # type: ignore[import-not-found]

    where = "?instrument=phq9&route=iv"
    searches = {
        "again": where,
        "anew": f"{where}&visit={VISIT}",
        "worked out": f"{where}&min_hours_since_session=0.{VISIT}",
    }
    asked = {}
    for name, search in searches.items():
        call = clinicians.cohort_call()
        for part in (*call["inputs"], *call["state"]):
            if part["property"] == "search":
                part["value"] = search
        asked[name] = call
    return asked


def stored(url: str, folder: Path, patients: int) -> int:
    """Fill a store; how many courses the question is about."""
    import import_records  # type: ignore[import-not-found]
    from sqlalchemy import text

    from data_models.store import Store

    import_records.write_records(folder / "records", patients)
    store = Store.open(url, upgrade=True)
    store.import_path(folder / "records")
    with store.connect() as connection:
        counted = connection.execute(text(f"SELECT count(*) FROM ({DATASET}) AS o WHERE route = 'iv'")).scalar_one()
    store.close()
    return int(counted)


def measure(python: str, url: str, folder: Path, given: argparse.Namespace) -> None:
    """Print every row."""
    from tests.serving import product, running

    courses = stored(url, folder, given.patients)
    generator = Generator(given.seconds, given.connections)
    home = folder / "superset"
    home.mkdir()
    set_up(python, home)
    with superset(python, home, public=False) as address:
        body = json.dumps(question(dataset(address, url.replace("+psycopg", ""))))
    with superset(python, home) as address:
        found = posted(address + ASK, json.loads(body))["result"][0]["data"]
    assert [row["courses"] for row in found] == [courses], found
    ours = {f"ours, {name}": json.dumps(call) for name, call in our_questions().items()}
    theirs = ("Superset, no cache", "Superset, data cache")
    rates: dict[str, list[float]] = {name: [] for name in (*theirs, *ours)}
    copy = folder / "cached"
    shutil.copytree(home, copy)
    with (
        superset(python, home) as plain,
        superset(python, copy, cached=True) as cached,
        running(product(url)) as us,
    ):
        for address, kept in ((plain, False), (cached, True)):
            said = [posted(address + ASK, json.loads(body))["result"][0]["is_cached"] for _ in range(2)]
            assert bool(said[1]) is kept, f"asked again, Superset says that its answer was kept: {said}"
        for turn in range(given.turns + 1):
            for name, address in zip(theirs, (plain, cached), strict=True):
                rates[name].append(generator.rate(address, ASK, body))
            for name, call in ours.items():
                rates[name].append(generator.rate(us, CALL, call))
            if turn == 0:  # warms up
                for measured in rates.values():
                    measured.clear()
    middle = {name: statistics.median(values) for name, values in rates.items()}
    for name, rate in middle.items():
        shares = ", ".join(f"{rate / middle[other]:6.1f} x {other}" for other in theirs if other != name)
        print(f"{name:22} {rate:8.1f} answers/s  {shares}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--superset", help="the Python of an environment with Apache Superset")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each turn")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--load", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.load:
        print(load(json.loads(sys.stdin.read())))
        return
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
    needed = ("apache-superset", "gunicorn", *(("psycopg2-binary",) if given.engine == "postgresql" else ()))
    versions = {name: version(given.superset, name) for name in needed} if given.superset else {}
    missing = [name for name in needed if not versions.get(name)]
    if missing:
        print(f"Nothing was measured: install {', '.join(missing)} and name that environment's Python by --superset.")
        sys.exit(1 if given.superset else 0)
    from databases import databases  # type: ignore[import-not-found]

    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {given.engine}")
    print(", ".join(f"{name} {number}" for name, number in versions.items()) + "; both: 1 worker of 4 threads")
    print(f"{given.patients:,} patients; {given.connections} connections, {given.turns} turns of {given.seconds:g} s")
    with tempfile.TemporaryDirectory(prefix="superset-") as name:
        folder = Path(name)
        with databases(given.engine) as made:
            measure(given.superset, made.new("store"), folder, given)


def version(python: str, package: str) -> str:
    """The version of a package in another environment; empty where it is not there."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError as error:
        sys.exit(f"{python} cannot be run: {error.strerror}; name the Python of an environment with Apache Superset")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
