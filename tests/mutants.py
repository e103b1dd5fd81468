"""Which small changes of the code no test sees: mutation testing by samples, in a copy of the tree.

`python tests/mutants.py dashboard/figures data_models/outcomes/courses.py --per-module 3 --seed 1`

First the tests that stand for a package run once, and it is noted which functions each of them enters; then each
change is tried with those that enter the changed function, shortest first, at most BUDGET seconds of them. Prose (a
string with a space) is not changed, nor the pixels of a figure. Changes that alter nothing a user could notice are
kept, with the reason, in equivalent_mutants.toml.

Own code because mutmut 3.8 changes neither a module's own tables and colours nor a decorated function (each of our
questions is one; boxed/mutmut 387) and takes no sample; cosmic-ray 8.7 changes the working tree and knows one set of
tests.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import itertools
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "data_models/outcomes", "data_models/questions", "data_models/intake", "dashboard/figures", "dashboard/questions",
    "dashboard/exports", "dashboard/access",
)  # fmt: skip
# What stands for a package beside the folder of the same name under tests/.
ALSO = {
    "data_models/outcomes": [
        "tests/data_models/test_examples.py",
        "tests/data_models/questions/test_similar_courses_by_hand.py",
    ],
    "data_models/questions": [
        "tests/data_models/test_examples.py",
        "tests/data_models/store/test_accounts.py",
        "tests/dashboard/questions",
    ],
    "data_models/intake": ["tests/data_models/test_examples.py", "tests/privacy", "tests/faults/test_bad_input.py"],
    "dashboard/figures": ["tests/dashboard/questions"],
    "dashboard/questions": ["tests/dashboard/figures", "tests/dashboard/pages/test_methods.py"],
}
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
BUDGET = 10.0
MEMORY = 8 << 30

PAIRS = (
    (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.In, ast.NotIn), (ast.Is, ast.IsNot),
    (ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.BitAnd, ast.BitOr),
)  # fmt: skip
OTHER = {one: other for pair in PAIRS for one, other in (pair, pair[::-1])}
# Numbers under these names say how a figure looks, to the pixel.
LOOKS = {"width", "size", "height", "margin", "l", "r", "t", "b", "xshift", "yshift", "ax", "ay", "standoff", "opacity"}
SKIPPED = ("annotation", "returns", "decorator_list", "format_spec")
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum"}


@dataclass(frozen=True)
class Mutant:
    """One change: `old` at a place of a file becomes `new`; `function`: the qualified name of the one around it."""

    file: str
    line: int
    start: int
    end: int
    source: str
    old: str
    new: str
    function: str

    @property
    def change(self) -> str:
        """How the list of equivalents names it within its file: the line's text, what was there, what is now."""
        return f"{self.source}  ::  {self.old}  =>  {self.new}"


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """Each small change of one node, without its children's."""
    new = copy.deepcopy(node)
    match new:
        case ast.Compare(ops=[operator]) if type(operator) in OTHER:
            new.ops = [OTHER[type(operator)]()]
            yield new
        case ast.BoolOp(op=operator) | ast.BinOp(op=operator) if type(operator) in OTHER:
            new.op = OTHER[type(operator)]()
            yield new
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield from (ast.Constant(value + 1), ast.Constant(value - 1))
        case ast.Constant(value=str() as value) if value and " " not in value:
            yield ast.Constant("#123456" if re.fullmatch("#[0-9a-f]{3,8}", value) else value + "_")
        case ast.Dict(values=[_, _, *_]):
            new.values[:2] = new.values[1::-1]
            yield new
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in NAMES:
            pass  # whichever comes first
        case ast.Call(args=[first, second, *_]) if not any(isinstance(a, ast.Starred) for a in (first, second)):
            new.args[:2] = [second, first]
            yield new
        case ast.Name(id=name) if name in NAMES:
            yield ast.Name(NAMES[name])
        case ast.Attribute(attr=name) if name in NAMES:
            new.attr = NAMES[name]
            yield new
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Continue() | ast.Break() | ast.Raise():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()


def mutants_of(file: str) -> list[Mutant]:
    """Every change of one file."""
    data = (ROOT / file).read_bytes()
    tree = ast.parse(data)
    lines = data.splitlines(keepends=True)
    starts = [0, *itertools.accumulate(map(len, lines))]
    found: list[Mutant] = []

    def visit(node: ast.AST, put: Callable[[ast.AST], None], inside: str, function: str, whole: ast.AST | None) -> None:
        """`put` sets another node in this one's place; `inside`: before its name; `whole`: the f-string around it."""
        if isinstance(node, ast.FunctionDef):
            function = inside + node.name
            inside = f"{function}.<locals>."
        elif isinstance(node, ast.ClassDef):
            inside += f"{node.name}."
        in_text = isinstance(node, ast.JoinedStr) or (whole and isinstance(node, ast.Constant))
        whole = whole or (node if isinstance(node, ast.JoinedStr) else None)  # 3.11 does not say where its parts stand
        for new in changed(node) if hasattr(node, "lineno") and not in_text else ():
            place = whole or node
            old_text = ast.unparse(place)
            put(new)
            text = ast.unparse(ast.fix_missing_locations(whole or new))
            put(node)
            if isinstance(whole or new, ast.expr) and not isinstance(whole or new, ast.Constant | ast.JoinedStr):
                text = f"({text})"
            start, end = (
                starts[place.lineno - 1] + place.col_offset,
                starts[place.end_lineno - 1] + place.end_col_offset,
            )
            source = lines[place.lineno - 1].decode().strip()
            found.append(Mutant(file, place.lineno, start, end, source, old_text, text, function))
        looks: set[int] = set()
        if isinstance(node, ast.Dict):
            looks = {id(v) for k, v in zip(node.keys, node.values, strict=True) if getattr(k, "value", "") in LOOKS}
        for field, value in ast.iter_fields(node):
            if field in SKIPPED:
                continue
            for number, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(value, list):
                    set_child = partial(value.__setitem__, number)
                else:
                    set_child = partial(setattr, node, field)
                skipped = isinstance(child, ast.Import | ast.ImportFrom) or id(child) in looks
                skipped |= isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)  # a docstring
                skipped |= isinstance(child, ast.keyword) and child.arg in {*LOOKS, "strict"}
                if isinstance(child, ast.AST) and not skipped:
                    visit(child, set_child, inside, function, whole)

    visit(tree, lambda _: None, "", "", None)
    return list(dict.fromkeys(found))


def sample_of(file: str, many: int, seed: int) -> list[Mutant]:
    """Changes of one file drawn at random, except those that change nothing or cannot be written back."""
    data, every = (ROOT / file).read_bytes(), mutants_of(file)
    plain = ast.dump(ast.parse(data))

    def bites(mutant: Mutant) -> bool:
        try:
            return ast.dump(ast.parse(written(data, mutant))) != plain
        except SyntaxError:
            return False

    random.Random(f"{seed} {file}").shuffle(every)
    return list(itertools.islice(filter(bites, every), many))


def written(data: bytes, mutant: Mutant) -> bytes:
    return data[: mutant.start] + mutant.new.encode() + data[mutant.end :]


class Recorder:
    """A pytest plugin: which functions of our packages each test enters, with its fixtures', and how long it takes."""

    def __init__(self, root: Path) -> None:
        self.root, self.codes, self.names = f"{root}/", {}, {}
        self.of_fixture: dict[int, set[Any]] = defaultdict(set)
        self.seconds: dict[str, float] = {}
        self.passed: set[str] = set()
        self.entered: dict[str, list[Any]] = {}
        self.now: set[Any] = set()

    def trace(self, frame: Any, event: str, argument: object) -> None:
        self.codes[id(frame.f_code)] = frame.f_code
        self.now.add(id(frame.f_code))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        outer, self.now = self.now, self.of_fixture[id(fixturedef)]
        try:
            return (yield)
        finally:
            outer |= self.now
            self.now = outer

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Any:
        self.now = set()
        before = sum(os.times()[:4])
        sys.settrace(self.trace)
        threading.settrace(self.trace)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.seconds[item.nodeid] = sum(os.times()[:4]) - before  # of work: others may share the machine
            for fixtures in item._fixtureinfo.name2fixturedefs.values():
                self.now |= self.of_fixture[id(fixtures[-1])]
            places = {(self.codes[code].co_filename, self.codes[code].co_qualname) for code in self.now}
            ours = {(file.removeprefix(self.root), name) for file, name in places if file.startswith(self.root)}
            self.entered[item.nodeid] = sorted(place for place in ours if place[0].startswith(("data_", "dash")))

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" and report.passed:
            self.passed.add(report.nodeid)


class Chosen:
    """A pytest plugin: the tests to run, in this order, and those that are newer than what was recorded."""

    def __init__(self, tests: list[str], recorded: set[str]) -> None:
        self.order, self.recorded = {test: number for number, test in enumerate(tests)}, recorded

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        chosen = (item for item in items if item.nodeid in self.order or item.nodeid not in self.recorded)
        items[:] = sorted(chosen, key=lambda item: self.order.get(item.nodeid, -1))


def run_tests(folder: Path, paths: list[str], plugin: object) -> int:
    os.chdir(folder)
    os.environ["PYTHONPATH"] = str(folder)
    sys.path[:] = [part for part in sys.path if part not in (str(ROOT), str(ROOT / "tests"))]
    options = ["-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-k", "not postgresql"]
    return int(pytest.main([*options, *paths], plugins=[plugin]))


def fork(work: Any) -> int:
    """Run `work()` in a forked process of its own group, in silence; give its process id."""
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    code = 3
    try:
        code = work()
    finally:
        os._exit(code)


def record(folder: Path, package: str, kept: Path) -> dict[str, Any]:
    """Tests by function entered, and seconds of all: {"by": {file: {function: [test]}}, "seconds": {test: s}}."""
    kept.mkdir(parents=True, exist_ok=True)
    answer = kept / f"{package.replace('/', '.')}.json"

    def work() -> int:
        recorder = Recorder(folder)
        run_tests(folder, [f"tests/{package}", *ALSO.get(package, [])], recorder)
        by: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for test, places in recorder.entered.items():
            for file, name in places if test in recorder.passed else ():
                by[file][name].append(test)
        answer.write_text(json.dumps({"by": by, "seconds": recorder.seconds, "passed": sorted(recorder.passed)}))
        return 0

    if not answer.exists():
        os.waitpid(fork(work), 0)
    return json.loads(answer.read_text())


def tests_for(mutant: Mutant, recorded: dict[str, Any]) -> list[str]:
    """Tests that enter the changed function (of a module's own lines: any of it), the mirrored file's first."""
    by, seconds, passed = recorded["by"].get(mutant.file, {}), recorded["seconds"], recorded["passed"]
    mirrored = f"test_{Path(mutant.file).stem}.py::"
    names = [mutant.function] if mutant.function else list(by)
    tests = {test for name in names for test in by.get(name, [])} | {test for test in passed if mirrored in test}
    if not by:
        tests = set(passed)
    ordered = sorted(tests, key=lambda test: (mirrored not in test, seconds[test], test))
    spent = itertools.accumulate(seconds[test] for test in ordered)
    chosen = [test for test, total in zip(ordered, spent, strict=True) if total < BUDGET]
    rank = {file: number for number, file in enumerate(dict.fromkeys(test.split("::")[0] for test in chosen))}
    return sorted(chosen, key=lambda test: rank[test.split("::")[0]])


def try_all(mutants: list[Mutant], recorded: dict[str, Any], folders: list[Path]) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with "seen", "NOT SEEN" or "NO TEST", as many at once as there are folders."""
    waiting, running, free = mutants[::-1], {}, list(folders)
    while waiting or running:
        while waiting and free:
            mutant, folder = waiting.pop(), free.pop()
            tests = tests_for(mutant, recorded)
            if not tests:
                free.append(folder)
                yield mutant, "NO TEST"
                continue
            original = (folder / mutant.file).read_bytes()
            (folder / mutant.file).write_bytes(written(original, mutant))
            files = dict.fromkeys(test.split("::")[0] for test in tests)
            plugin = Chosen(tests, set(recorded["seconds"]))
            pid = fork(partial(run_tests, folder, [*files, "-x"], plugin))
            expected = sum(recorded["seconds"][test] for test in tests)
            running[pid] = (mutant, folder, original, time.monotonic() + 120 + 5 * expected)
        time.sleep(0.02)
        for pid, (mutant, folder, original, deadline) in list(running.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done and time.monotonic() < deadline:
                continue
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            if not done:
                os.waitpid(pid, 0)
            (folder / mutant.file).write_bytes(original)
            free.append(running.pop(pid)[1])
            yield mutant, "NOT SEEN" if done and status == 0 else "seen"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", default=PACKAGES, help="packages or modules; default: all seven packages")
    parser.add_argument("--per-module", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--recorded", type=Path, help="keep what tests enter in this folder, for the next run")
    arguments = parser.parse_args()
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    equivalents = {(one["file"], one["change"]) for one in listed}
    sys.dont_write_bytecode = True  # a file changed twice in a second, at the same size, would be taken for its cache
    os.environ["PYTHONDONTWRITEBYTECODE"] = os.environ["OMP_NUM_THREADS"] = "1"
    import dash_ag_grid, dash_mantine_components, hypothesis, pandas, scipy.stats, sqlalchemy  # noqa: E401, F401, I001

    names = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True).splitlines()
    with tempfile.TemporaryDirectory(prefix="mutants") as place:
        folders = [Path(place) / str(number) for number in range(arguments.processes)]
        for folder in folders:
            for name in names:
                if (ROOT / name).is_file():
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / name, folder / name)
        wanted = [name for name in sorted(names) if any(Path(name).is_relative_to(path) for path in arguments.paths)]
        drawn = {name: sample_of(name, arguments.per_module, arguments.seed) for name in wanted if name.endswith(".py")}
        total: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for package in PACKAGES:
            files = [file for file in drawn if Path(file).is_relative_to(package)]
            if not files:
                continue
            chosen = [mutant for file in files for mutant in drawn[file]]
            known = [mutant for mutant in chosen if (mutant.file, mutant.change) in equivalents]
            for mutant in known:
                total[mutant.file]["equivalent"] += 1
            recorded = record(folders[0], package, arguments.recorded or Path(place))
            for mutant, outcome in try_all([m for m in chosen if m not in known], recorded, folders):
                total[mutant.file]["seen" if outcome == "seen" else "not seen"] += 1
                if outcome != "seen":
                    print(f"{outcome}  {mutant.file}:{mutant.line}\n    change = '''{mutant.change}'''", flush=True)
            rows = {file: total[file] for file in files if file in total} | {f"{package} (all)": defaultdict(int)}
            for file in files:
                for kind, count in total[file].items():
                    rows[f"{package} (all)"][kind] += count
            print(f"\n| {'module':<50} | mutants | seen | not seen | equivalent |\n|---|---|---|---|---|")
            for name, row in rows.items():
                seen, missed, same = row["seen"], row["not seen"], row["equivalent"]
                print(f"| {name:<50} | {seen + missed + same} | {seen} | {missed} | {same} |", flush=True)


if __name__ == "__main__":
    main()
