"""Faults, one kind after the other, and what is lost by each: nothing may be, and nothing stored by half.

    python tests/benchmarks/faults.py
    python tests/benchmarks/faults.py --only SIGKILL disk --engine sqlite --times 20

Real stores, servers and processes. A clinic's records come in two imports (`fault_steps.py`), read in blocks and
stored in parts. After each fault the store is opened as anybody opens it; *lost* is, in words, whatever is not so:
`database verify` passes, the trail is whole, all rows and outcomes are those from before the import or those of an
undisturbed one, and the same import again makes them the latter, and says the same. `tests/faults/test_faults.py` runs
these functions with few records.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import platform
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sqlalchemy import make_url, select  # noqa: E402

from data_models.database.tables import Base  # noqa: E402
from data_models.store import Store, StoreError, accounts  # noqa: E402
from data_models.store.copy import back_up, restore  # noqa: E402
from data_models.store.importing import USUAL, Sizes  # noqa: E402
from tests.benchmarks.fault_steps import STORES, Found, Step, check, lost_of, name_of, state_of, steps_of  # noqa: E402

SMALL = Sizes(block=3_000, part=5_000, staged=50, keyless=1)  # of 20 patients several parts

# --- SIGKILL of an import ------------------------------------------------------------------------------


def _import(url: str, records: Path, sizes: Sizes, told: Any) -> None:
    """An import in a process of its own that tells each step."""
    with closing(Store.open(url)) as store:
        told.send("opened")
        store.import_path(records, None, lambda step, _: told.send(step), sizes)


def killed_imports(place: Any, steps: list[Step], sizes: Sizes, times: int) -> Found:
    """Imports killed with SIGKILL at moments spread over all that they do, from the opening of the store on."""
    found, context, chance = Found(), multiprocessing.get_context("forkserver"), random.Random(1)
    context.set_forkserver_preload(["tests.benchmarks.faults", "data_models.intake.readers", "data_models.store"])
    for number in range(times):
        step = steps[number % len(steps)]
        url = place.copy(step.kept, f"killed{number}")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_import, args=(url, step.records, sizes, there))
        process.start()
        there.close()
        said, heard, at = here.recv(), 0, int((step.calls + 2) * (number + 0.5) / times)
        while heard < at:  # the last is "done", before all is committed
            said = here.recv()
            heard += said.startswith((STORES, "done"))
        time.sleep(chance.random() * step.seconds / (step.calls + 2))
        process.kill()
        process.join()
        here.close()
        found.seen[said.partition(" ")[0]] += 1
        check(found, url, step, sizes)
        place.drop(name_of(url))
    return found


# --- the server goes away ------------------------------------------------------------------------------


def killed_servers(place: Any, steps: list[Step], sizes: Sizes, times: int) -> Found:
    """PostgreSQL killed in an import, in turn by SIGKILL of the process that writes and by ending all at once."""
    found = Found()
    for number in range(times):
        step = steps[number // 2 % len(steps)]
        url, at = place.copy(step.kept, f"server{number}"), 1 + int(step.calls * (number + 0.5) / times)
        calls = itertools.count(1)

        def kill(step: str, _: float, at: int = at, calls: Iterator[int] = calls, number: int = number) -> None:
            if step.startswith(STORES) and next(calls) == at:
                place.restart("immediate") if number % 2 else place.kill_writer(f"server{number}")

        try:
            with closing(Store.open(url)) as store:
                store.import_path(step.records, None, kill, sizes)
        except StoreError as error:
            found.seen["refused plainly"] += 1
            if "cannot be reached" not in str(error) or "\n" in str(error):
                found.lost.append(f"refused as: {error}")
        check(found, url, step, sizes)
        place.drop(name_of(url))
    return found


# --- read meanwhile, over HTTP -------------------------------------------------------------------------


@contextmanager
def _served(url: str, readers: int) -> Iterator[tuple[list[Any], list[str]]]:
    """`serve` on a store, signed-in readers of it, and codes of patients to look at."""
    from dashboard.access import passwords
    from tests.benchmarks import clinicians
    from tests.serving import product, running

    with closing(Store.open(url)) as store:
        named: dict[str, Any] = {"password_hash": passwords.hashed(clinicians.PASSWORD), "must_change": False}
        for number in range(readers):
            accounts.add_account(store.engine, "test", f"c{number}", frozenset({"clinician"}), None, **named)
        codes = [str(code) for code in store.outcomes_frame()["patient_code"].unique()[:3]]
    with running(product(url)) as address:
        yield [clinicians.sign_in(address, f"c{number}") for number in range(readers)], codes


def _until_answered(seen: Any, times: int) -> None:
    """Wait until they have had so many more answers, or for a minute."""
    wanted, until = len(seen.answers) + times, time.monotonic() + 60
    while len(seen.answers) < wanted and time.monotonic() < until:
        time.sleep(0.05)


def import_while_serving(place: Any, steps: list[Step], sizes: Sizes, readers: int, answers: int) -> Found:
    """An import while readers look at patients and cohort: each answer is the one before or the one after."""
    from tests.benchmarks import clinicians

    step, found = steps[1], Found()
    url = place.copy(step.kept, "serving")
    with _served(url, readers) as (asks, codes):
        watched = {name: clinicians.Watched(text) for name, text in clinicians.read_all(asks[0], codes).items()}
        with clinicians.crowd(asks, codes, 0.1) as seen:
            _until_answered(seen, answers)
            with closing(Store.open(url)) as store:
                store.import_path(step.records, sizes=sizes)
            ended = time.monotonic()
            _until_answered(seen, answers)
        for name, text in clinicians.read_all(asks[0], codes).items():
            watched[name].after = text
    changed = sum(one.before != one.after for one in watched.values())
    found.lost += [*seen.errors, *(f"neither before nor after: {name}" for name in seen.mixed(watched, ended))]
    if not changed or not seen.answers:
        found.lost.append(f"{len(seen.answers)} answers, {changed} questions whose answer changed: nothing was tried")
    found.seen.update({"answers": len(seen.answers), "questions that changed": changed})
    check(found, url, step, sizes)
    place.drop(name_of(url))
    return found


def restarts_under_readers(place: Any, steps: list[Step], sizes: Sizes, readers: int, times: int) -> Found:
    """PostgreSQL restarted while they read: an answer is right or a plain refusal, and soon all are right again."""
    from tests.benchmarks import clinicians

    step, found = steps[1], Found()
    url = place.copy(step.kept, "restarted")
    with _served(url, readers) as (asks, codes):
        watched = {name: clinicians.Watched(text, text) for name, text in clinicians.read_all(asks[0], codes).items()}
        with clinicians.crowd(asks, codes, 0.1) as during:
            for number in range(times):
                _until_answered(during, readers)
                place.restart("immediate" if number % 2 else "fast")
            _until_answered(during, readers)
        with clinicians.crowd(asks, codes, 0.1) as later:
            _until_answered(later, readers)
    for seen in (during, later):
        whole = [one for one in seen.answers if "cannot be reached" not in one[2]]  # else the page says so
        found.seen.update({"answers": len(whole), "refused meanwhile": len(seen.answers) - len(whole)})
        seen.answers = whole
        found.lost += [f"a wrong answer: {name}" for name in seen.mixed(watched, float("inf"))]
    found.lost += [f"not plain: {error}" for error in during.errors if "Traceback" in error or ": 0 " in error]
    found.lost += [f"still refused: {error}" for error in later.errors]
    found.seen["refused meanwhile"] += len(during.errors)
    if not later.answers:
        found.lost.append("no answer after the restarts")
    check(found, url, step, sizes)
    found.runs = times
    place.drop(name_of(url))
    return found


# --- backups -------------------------------------------------------------------------------------------


def backups_during_imports(place: Any, steps: list[Step], sizes: Sizes, times: int) -> Found:
    """Backups begun at moments spread over an import, which goes on: each can be restored, whole."""
    found, step = Found(), steps[1]
    url = place.copy(step.kept, "backed")
    with tempfile.TemporaryDirectory(prefix="backups") as folder, ThreadPoolExecutor(times) as threads:
        begin = {1 + int(step.calls * n / times): Path(folder) / f"{n}.db" for n in range(times)}
        calls, taken = itertools.count(1), []

        def progress(step: str, _: float) -> None:
            if step.startswith(STORES) and (file := begin.get(next(calls))) is not None:
                taken.append(threads.submit(back_up, url, file))

        with closing(Store.open(url)) as store:
            store.import_path(step.records, None, progress, sizes)
        for backup in taken:
            backup.result()
        for file in begin.values():
            target = f"sqlite:///{file.with_suffix('.restored').as_posix()}"
            restore(file, target)
            with closing(Store.open(target)) as restored:
                now = state_of(restored)
                found.lost += lost_of(restored, now, step.before, step.after)
                found.seen["of before" if now == step.before else "of after"] += 1
    check(found, url, step, sizes)
    found.runs = len(taken)
    place.drop(name_of(url))
    return found


# --- a full disk ---------------------------------------------------------------------------------------


def _until_full(url: str, most: int | None, records: Path | None, sizes: Sizes, told: Any) -> None:
    """Write where no file may grow beyond `most` bytes (None: until the disk is full); tells what came of it.

    Records are imported; without any, accounts are added one by one.
    """
    with closing(Store.open(url)) as store:
        if most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        added: list[str] = []
        try:
            if records is not None:
                store.import_path(records, sizes=sizes)
            for number in range(0 if records is not None else 100_000):
                name, named = f"a{number}", {"password_hash": "x" * 90, "must_change": True}
                accounts.add_account(store.engine, "olga", name, frozenset({"clinician"}), None, **named)  # type: ignore[arg-type]
                added.append(name)
        except StoreError as error:
            told.send((added, str(error)))
        else:
            told.send((added, ""))
        told.close()
    # Closing a SQLite database may write, too: whatever comes of that, nothing is done any more.


def full_disks(place: Any, steps: list[Step], sizes: Sizes, times: int, folder: Path | None = None) -> Found:
    """A disk that fills while accounts are written, and while records are imported (SQLite).

    `folder`: on a small disk of its own, which is filled; None: no file may grow beyond a bound.
    """
    found, context = Found(), multiprocessing.get_context("forkserver")
    kinds = list(itertools.product(steps, ("accounts", "records")))
    for number in range(times):
        step, what = kinds[number % len(kinds)]
        room = 60_000 * (2 + number)
        path = Path(make_url(place.copy(step.kept, f"full{number}")).database or "")
        if folder is not None:
            for file in path.parent.glob(f"{path.name}*"):
                shutil.move(file, folder / file.name)
            path = folder / path.name
            (folder / "filler").write_bytes(bytes(max(0, shutil.disk_usage(folder).free - room)))
        url, most = f"sqlite:///{path.as_posix()}", None if folder else room
        here, there = context.Pipe(duplex=False)
        records = step.records if what == "records" else None
        process = context.Process(target=_until_full, args=(url, most, records, sizes, there))
        process.start()
        there.close()
        added, said = here.recv()
        process.join()
        found.seen[f"{what}: refused plainly" if said else f"{what}: all stored"] += 1
        if said and ("nothing was stored" not in said or "\n" in said):
            found.lost.append(f"refused as: {said}")
        if folder is not None:
            (folder / "filler").unlink()
        with closing(Store.open(url)) as store, store.connect_access() as connection:
            known = set(connection.scalars(select(Base.metadata.tables["accounts"].c.name)))
            told = [e.subject for e in accounts.audit_entries(connection) if e.actor == "olga"]
        if known != {"olga", *added} or told != added:
            found.lost.append(f"{len(added)} accounts were added, {len(known) - 1} are there, {len(told)} in the trail")
        check(found, url, step, sizes)
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()
    return found


# --- the clock goes back -------------------------------------------------------------------------------


class _Clock:
    """The time of day, `shift` seconds off."""

    def __init__(self) -> None:
        self.shift, self._real = 0.0, time.time

    def __call__(self) -> float:
        return self._real() + self.shift


def clocks_put_back(place: Any, steps: list[Step], sizes: Sizes, times: int) -> Found:
    """A clock that was ahead is put back, by seconds up to a year: people sign in, guess and are signed out as ever."""
    import pyotp

    from dashboard.access import passwords, sessions
    from dashboard.app import create_app
    from dashboard.settings import Settings
    from tests.dashboard.access.conftest import PASSWORD, Browser

    found, step = Found(), steps[1]
    url, hashed, clock = place.copy(step.kept, "clock"), passwords.hashed(PASSWORD), _Clock()
    with closing(Store.open(url)) as store, mock.patch("time.time", clock):
        app = create_app(Settings(database=url), store)
        for number, back in enumerate(itertools.islice(itertools.cycle((86_400.0, 20.0, 3_600.0, 3.2e7)), times)):
            clock.shift, name, secret = back, f"c{number}", pyotp.random_base32()
            named: dict[str, Any] = {"password_hash": hashed, "must_change": False}
            accounts.add_account(store.engine, "test", name, frozenset({"clinician"}), None, **named)
            elsewhere = {"environ_overrides": {"REMOTE_ADDR": f"203.0.113.{number}"}}
            person, thief, second = Browser(app), Browser(app), Browser(app)
            person.sign_in(name)
            guesses = [thief.sign_in(name, "wrong", **elsewhere).status_code for _ in range(6)]
            accounts.change_account(store.engine, "test", name, "second_factor_set", second_factor=secret)
            person.sign_in(name)
            code = {"code": pyotp.TOTP(secret).at(time.time())}
            answers = [
                guesses[0],
                guesses[-1],
                person.submit("/second-factor", code).status_code,
                person.get("/patients").status_code,
            ]
            clock.shift = 0.0
            answers.append(person.get("/patients").status_code)
            waiting = thief.sign_in(name, "wrong", **elsewhere)
            answers.append(waiting.status_code)
            wait = int(waiting.headers.get("Retry-After", 0))
            second.sign_in(name)
            answers.append(second.submit("/second-factor", code).status_code)  # it serves once, whatever the clock says
            clock.shift = 20.0
            answers.append(thief.sign_in(name, "wrong", **elsewhere).status_code)
            expected = [401, 429, 303, 200, 200 if back <= sessions.AHEAD else 401, 429, 401, 401]
            if answers != expected or not 0 < wait <= 16:
                found.lost.append(f"put back by {back:g} s: {answers} and {wait} s to wait, not {expected}")
            found.runs += 1
        clock.shift = -86_400.0
        store.import_path(step.records, sizes=sizes)
        with store.connect_access() as connection:
            entries = list(accounts.audit_entries(connection))
        shown = [entry.time for entry in entries]
        found.seen.update(
            {"entries of the trail": len(entries), "out of the order of time": sum(map(str.__gt__, shown, shown[1:]))}
        )
    check(found, url, step, sizes)
    found.runs = times
    place.drop(name_of(url))
    return found


# --- all of them at full size --------------------------------------------------------------------------

Fault = Callable[[Any, list[Step], Sizes], Found]
BLOCKS = Sizes(block=50_000, part=50_000, staged=500, keyless=1)  # of 500 patients some ten parts


@contextmanager
def _small_disk(megabytes: int = 8) -> Iterator[Path | None]:
    """A disk of its own in the memory, where we may make one (root); else None."""
    import subprocess

    with tempfile.TemporaryDirectory(prefix="disk") as folder:
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=False)
        try:
            yield Path(folder) if made.returncode == 0 else None
        finally:
            if made.returncode == 0:
                subprocess.run(["umount", folder], check=True)


def _on_a_small_disk(place: Any, steps: list[Step], sizes: Sizes, times: int) -> Found:
    """As `full_disks`, on a disk that is really full; as files that may not grow where none can be made."""
    with _small_disk() as folder:
        return full_disks(place, steps, sizes, times, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", help="names of faults; without it all")
    parser.add_argument("--engine", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument(
        "--patients", type=int, default=500, help="new ones of the second import; half of it stand before"
    )
    parser.add_argument(
        "--large", type=int, default=160_000, help="of the import into a server that is killed: over 150 MB"
    )
    parser.add_argument("--times", type=int, default=100, help="how many imports are killed; of other faults a tenth")
    given = parser.parse_args()
    from tests.benchmarks.databases import databases

    both, few = ("sqlite", "postgresql"), max(2, given.times // 10)
    faults: dict[str, tuple[tuple[str, ...], int, Sizes, Fault]] = {
        "SIGKILL of an import": (both, given.patients, BLOCKS, lambda *on: killed_imports(*on, given.times)),
        "import while 20 read": (both, given.patients, BLOCKS, lambda *on: import_while_serving(*on, 20, 200)),
        "backups during an import": (both, given.patients, BLOCKS, lambda *on: backups_during_imports(*on, few)),
        "PostgreSQL restarted, 20 read": (
            both[1:],
            given.patients,
            BLOCKS,
            lambda *on: restarts_under_readers(*on, 20, few),
        ),
        "PostgreSQL killed in an import": (both[1:], given.patients, BLOCKS, lambda *on: killed_servers(*on, few)),
        "PostgreSQL killed in a large import": (both[1:], given.large, USUAL, lambda *on: killed_servers(*on, 2)),
        "the disk fills": (both[:1], 200, BLOCKS, lambda *on: _on_a_small_disk(*on, few)),
        "files may not grow": (both[:1], 200, SMALL, lambda *on: full_disks(*on, few)),
        "the clock goes back": (both, 200, BLOCKS, lambda *on: clocks_put_back(*on, few)),
    }
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(
        "| fault | engine | patients | runs | lost | what was seen | seconds |\n|---|---|---|---|---|---|---|",
        flush=True,
    )
    failed = []
    for engine in given.engine:
        with databases(engine) as place, tempfile.TemporaryDirectory(prefix="faults") as folder:
            for name, (engines, patients, sizes, fault) in faults.items():
                if engine not in engines or not (given.only is None or any(word in name for word in given.only)):
                    continue
                began, steps = time.monotonic(), steps_of(place, Path(folder) / str(patients), patients, sizes)
                found = fault(place, steps, sizes)
                failed += [f"{name}, {engine}: {lost}" for lost in found.lost]
                seen = ", ".join(f"{what}: {times:,}" for what, times in sorted(found.seen.items()))
                row = (
                    name,
                    engine,
                    f"{patients:,}",
                    found.runs,
                    len(found.lost),
                    seen,
                    round(time.monotonic() - began),
                )
                print(f"| {' | '.join(map(str, row))} |", flush=True)
    print("\n".join(failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
