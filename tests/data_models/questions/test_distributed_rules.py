"""Every query and every write stays within what PostgreSQL with Citus runs on the machines that hold the rows.

No server is needed: the schema is read, each statement is compiled for PostgreSQL and parsed, and the rules of
docs.citusdata.com ("SQL Support and Workarounds") are applied to it: keys hold the distribution column, joins
and correlated subqueries equate it, outer joins name it in their ON, and nothing is used that Citus refuses.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlalchemy import Connection, Engine, UniqueConstraint, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.expression import SelectBase, UpdateBase
from sqlglot import exp
from sqlglot.optimizer.scope import Scope as SqlScope
from sqlglot.optimizer.scope import traverse_scope

import data_models.questions
from data_models.database.tables import Base
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions import (
    completeness,
    fade,
    filter_choices,
    import_history,
    rates,
    severity,
    side_effects,
    similar_courses,
    summary,
    worklist,
)
from data_models.questions import data_set_fingerprint as fingerprint
from data_models.questions.judged_scores import JudgedScores
from data_models.store import Store
from data_models.store.distribute import COLUMN, DISTRIBUTED, REFERENCE

TABLES = Base.metadata.tables

# --- the rules -----------------------------------------------------------------------------------

REFUSED = (exp.GroupingSets, exp.Rollup, exp.Cube, exp.TableSample, exp.Lock, exp.Lateral)


def problems(sql: str) -> list[str]:
    """What Citus would refuse in a statement, or answer by moving rows between machines."""
    tree = sqlglot.parse_one(sql, dialect="postgres")
    found = [f"{type(node).__name__.upper()} is refused" for node in tree.find_all(*REFUSED)]
    found += ["a recursive WITH is refused" for node in tree.find_all(exp.With) if node.args.get("recursive")]
    for node in tree.find_all(exp.AggFunc):
        if node.find(exp.Distinct) and not isinstance(node, exp.Count):
            found.append(f"DISTINCT in {node.sql()} is refused")
    queries = (
        [tree] if isinstance(tree, exp.Query) else [node for node in tree.find_all(exp.Select) if _outermost(node)]
    )
    for query in queries:
        for scope in traverse_scope(query):
            if isinstance(scope.expression, exp.Select):
                found += _of_scope(scope)
    return found


def _outermost(node: exp.Expression) -> bool:
    above = node.parent
    while above is not None:
        if isinstance(above, exp.Select):
            return False
        above = above.parent
    return True


def _keys(scope: SqlScope) -> dict[str, set[str]]:
    """Columns of each source that hold the patient's id; none for a source without patients or merged ones."""
    return {name: _source_keys(source) for name, source in scope.sources.items()}


def _source_keys(source: Any) -> set[str]:
    if isinstance(source, exp.Table):
        return {COLUMN} if source.name in DISTRIBUTED else set()
    if source.set_operation_scopes:
        first, *others = (_source_keys(part) for part in source.set_operation_scopes)
        return first.intersection(*others)
    keys = _keys(source)
    held = set()
    for selected in source.expression.selects:
        column = selected.unalias()
        only = next(iter(keys)) if len(keys) == 1 else ""
        if isinstance(column, exp.Column) and column.name in keys.get(column.table or only, ()):
            held.add(selected.alias_or_name)
    return held


def _conditions(condition: exp.Expression | None) -> Iterator[tuple[exp.Column, exp.Column]]:
    """Pairs of columns that must be equal."""
    if condition is None:
        return
    for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        part = part.unnest()
        if isinstance(part, exp.And):
            yield from _conditions(part)
        elif isinstance(part, exp.EQ) and isinstance(part.left, exp.Column) and isinstance(part.right, exp.Column):
            yield part.left, part.right


def _of_scope(scope: SqlScope) -> Iterator[str]:
    select, keys = scope.expression, _keys(scope)
    outside = {}
    above = scope.parent
    while above is not None:
        outside.update({name: held for name, held in _keys(above).items() if name not in outside})
        above = above.parent

    def holder(column: exp.Column) -> str | None:
        if column.name in keys.get(column.table, ()):
            return column.table
        return "outside" if column.name in outside.get(column.table, ()) and column.table not in keys else None

    joins = select.args.get("joins") or []
    where = select.args.get("where")
    group = {name: name for name in [*keys, "outside"]}

    def same(condition: exp.Expression | None) -> set[str]:
        joined = set()
        for left, right in _conditions(condition):
            one, other = holder(left), holder(right)
            if one and other:
                joined |= {one, other}
                old, new = group[one], group[other]
                group.update({name: new for name, held in group.items() if held == old})
        return joined

    for join in joins:
        joined = same(join.args.get("on"))
        if join.side and join.this.alias_or_name not in joined:
            yield f"the {join.side} JOIN of {join.this.alias_or_name} does not equate {COLUMN} in its ON"
    same(where.this if where else None)

    spread = [name for name, held in keys.items() if held]
    merged = [
        name
        for name, source in scope.sources.items()
        if not keys[name] and not (isinstance(source, exp.Table) and source.name in REFERENCE)
    ]
    if spread and merged:
        yield f"{', '.join(spread)} meets {', '.join(merged)}, which has no {COLUMN}"
    if len({group[name] for name in spread}) > 1:
        yield f"{', '.join(spread)} are not joined by {COLUMN}"
    hangs = any(column.table in outside for column in scope.external_columns)
    if hangs and spread and group[spread[0]] != group["outside"]:
        yield f"the subquery on {', '.join(spread)} does not hang on its patient"
    for window in select.find_all(exp.Window):
        if window.find_ancestor(exp.Select) is select and not any(
            isinstance(column, exp.Column) and holder(column) for column in window.args.get("partition_by") or []
        ):
            yield f"a window runs over all patients: {window.sql()[:60]}"


REFUSALS = {
    "SELECT count(*) FROM sessions s JOIN assessments a ON a.hours = s.hours": "not joined by",
    "SELECT count(*) FROM sessions s, assessments a": "not joined by",
    "SELECT 1 FROM patients p LEFT JOIN courses c ON c.course = 1 WHERE c.patient_id = p.patient_id": "LEFT JOIN",
    "SELECT (SELECT max(s.hours) FROM sessions s WHERE s.hours < a.hours) FROM assessments a": "does not hang on",
    "SELECT 1 FROM courses c WHERE EXISTS (SELECT 1 FROM sessions s WHERE s.hours = c.start_hours)": "does not hang on",
    "SELECT 1 FROM patients p JOIN (SELECT drug, count(*) AS n FROM courses GROUP BY drug) d ON d.n = 1": "has no",
    "SELECT 1 FROM patients p JOIN accounts a ON a.name = p.clinic": "has no",
    "SELECT row_number() OVER (PARTITION BY s.drug) FROM sessions s": "a window",
    "SELECT drug, route, count(*) FROM courses GROUP BY GROUPING SETS ((drug), (route))": "GROUPINGSETS",
    "SELECT drug, count(*) FROM courses GROUP BY ROLLUP (drug)": "ROLLUP",
    "SELECT sum(DISTINCT sessions) FROM courses": "DISTINCT",
    "SELECT * FROM patients FOR UPDATE": "LOCK",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT n FROM t": "recursive",
    "DELETE FROM courses WHERE course IN (SELECT c.course FROM courses c, sessions s)": "not joined by",
}
ALLOWED = (
    "SELECT count(*) FROM sessions s JOIN assessments a ON a.patient_id = s.patient_id AND a.hours = s.hours",
    "SELECT 1 FROM sessions s, courses c, assessments a "
    "WHERE a.patient_id = s.patient_id AND c.patient_id = s.patient_id",
    "SELECT 1 FROM patients p LEFT JOIN courses c ON c.patient_id = p.patient_id AND c.course = 1",
    "SELECT (SELECT max(s.hours) FROM sessions s WHERE s.patient_id = a.patient_id) FROM assessments a",
    "SELECT 1 FROM patients p JOIN (SELECT patient_id, count(*) AS n FROM courses GROUP BY patient_id) d "
    "ON d.patient_id = p.patient_id",
    "SELECT 1 FROM sessions s, store_info i",
    "SELECT row_number() OVER (PARTITION BY s.patient_id ORDER BY s.hours) FROM sessions s",
    "SELECT count(DISTINCT patient_id) FROM courses",
    "DELETE FROM courses WHERE patient_id IN (SELECT p.patient_id FROM patients p WHERE p.patient_code IN "
    "(SELECT t.patient_code FROM touched_patients t))",
)


@pytest.mark.parametrize("sql", REFUSALS)
def test_the_check_finds_what_citus_refuses(sql: str) -> None:
    assert any(REFUSALS[sql] in problem for problem in problems(sql)), problems(sql)


@pytest.mark.parametrize("sql", ALLOWED)
def test_the_check_lets_pass_what_stays_with_the_patient(sql: str) -> None:
    assert problems(sql) == []


# --- the schema ----------------------------------------------------------------------------------


def test_keys_of_distributed_tables_lead_with_the_patient() -> None:
    for name in DISTRIBUTED:
        table = TABLES[name]
        assert next(iter(table.primary_key.columns)).name == COLUMN, name
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                assert COLUMN in constraint.columns, constraint
        assert all(COLUMN in index.columns for index in table.indexes if index.unique), name
        for key in table.foreign_key_constraints:
            assert key.referred_table.name in REFERENCE or COLUMN in key.column_keys, key
        assert all(column.autoincrement is not True and column.default is None for column in table.columns), name


def test_no_small_table_names_a_patient_table() -> None:
    """Citus has no foreign key from a reference or local table to a distributed one."""
    for name in TABLES.keys() - set(DISTRIBUTED):
        assert not [key for key in TABLES[name].foreign_keys if key.column.table.name in DISTRIBUTED]


# --- every query ---------------------------------------------------------------------------------

ALL, NORTH = Scope.everything(), Scope(frozenset({"north", "south"}), patients=True)
PLAIN = CohortFilter()
NARROW = CohortFilter(
    "phq9", clinic=("north",), drug=("ketamine",), route=("iv",), diagnosis=("ptsd",), condition=("liver", "other"),
    age_band=("35-44",), sex=("female",), phase=("maintenance",), first_session_year=("2024",),
    min_hours_since_session=24.0,
)  # fmt: skip
ONE = "S-8QLF7G"  # a patient of the sample
Call = Callable[[Connection, Scope, CohortFilter], Any]

CALLS: dict[str, list[Call]] = {
    "filter_choices.choices": [lambda c, s, f: filter_choices.choices(c, s)],
    "fade.fade_by": [lambda c, s, f, by=by: fade.fade_by(c, s, f, by) for by in ("route", "phase", "course")],
    "filter_choices.present_values": [
        lambda c, s, f, k=k: filter_choices.present_values(c, s, f, k) for k in ("clinic", "condition")
    ],
    "completeness.completeness": [lambda c, s, f: completeness.completeness(c, s)],
    "similar_courses.similar_courses": [
        lambda c, s, f: similar_courses.similar_courses(c, s, "phq9", "iv"),
        lambda c, s, f: similar_courses.similar_courses(c, s, "phq9", None, phase="maintenance"),
        lambda c, s, f: similar_courses.similar_courses(c, s, "phq9", "iv", phase="maintenance", alignment="session"),
    ],
    "data_set_fingerprint.data_set_fingerprint": [
        lambda c, s, f: fingerprint.data_set_fingerprint(c, s, DEFAULT_RULES)
    ],
    "import_history.imports": [lambda c, s, f: import_history.imports(c, ALL)],
    "rates.course_sums": [
        lambda c, s, f: rates.course_sums(c, s, f, rates.rate_measures(late := JudgedScores(f, DEFAULT_RULES)), late)
    ],
    "side_effects.effect_sums": [
        lambda c, s, f: side_effects.effect_sums(c, s, f),
        *(lambda c, s, f, by=by: side_effects.effect_sums(c, s, f, by) for by in side_effects.BREAKDOWNS),
    ],
    "side_effects.sums_of_asked": [severity.worst_sums],
    "worklist.worklist": [
        lambda c, s, f: worklist.worklist(c, s, f),
        *(lambda c, s, f, a=a: worklist.worklist(c, s, f, attention=a, search="1") for a in worklist.ATTENTION),
        *(lambda c, s, f, k=k: worklist.worklist(c, s, f, sort=k, descending=True) for k in ("improvement", "worst")),
    ],
    "worklist.neighbours": [
        lambda c, s, f: worklist.neighbours(c, s, f, ONE, state="fading"),
        lambda c, s, f: worklist.neighbours(c, s, f, ONE, sort="last"),
    ],
    "worklist.latest_scores": [lambda c, s, f: worklist.latest_scores(c, s, [1, 2], "phq9")],
}  # fmt: skip


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def _calls_of(function: Callable[..., Any]) -> list[Call]:
    """The calls of a query: those above, or the ones that its parameters tell."""
    if _name(function) in CALLS:
        return CALLS[_name(function)]
    wanted = [name for name, p in inspect.signature(function).parameters.items() if p.default is p.empty][2:]
    known = {"rules": DEFAULT_RULES, "by": "route", "patient_code": ONE, "patient_id": 1}
    assert {*wanted} <= {*known, "cohort"}, f"{_name(function)} takes {wanted}: add calls of it to CALLS"
    return [lambda c, s, f: function(c, s, *((known | {"cohort": f})[name] for name in wanted))]


def _queries() -> list[Callable[..., Any]]:
    """Every function of data_models.questions that reads patients: (connection, scope, ...)."""
    found = []
    for module in pkgutil.iter_modules(data_models.questions.__path__):
        loaded = importlib.import_module(f"data_models.questions.{module.name}")
        for name, function in vars(loaded).items():
            own = inspect.isfunction(function) and function.__module__ == loaded.__name__ and not name.startswith("_")
            if own and list(inspect.signature(function).parameters)[:2] == ["connection", "scope"]:
                found.append(function)
    return found


@contextmanager
def _heard(engine: Engine) -> Iterator[set[str]]:
    """Every statement that is executed, as PostgreSQL would get it."""
    said: set[str] = set()

    def hear(_connection: Any, statement: Any, several: Any, parameters: Any, _options: Any) -> None:
        if isinstance(statement, SelectBase | UpdateBase):
            given = parameters or (several[0] if several else None)
            if isinstance(statement, SelectBase) and given:
                statement = statement.params(given)
            compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
            said.add(str(compiled))

    event.listen(engine, "before_execute", hear)
    yield said
    event.remove(engine, "before_execute", hear)


@pytest.fixture(scope="module")
def sample(sample_database: str) -> Iterator[Store]:
    store = Store.open(sample_database)
    yield store
    store.close()


@pytest.mark.parametrize("function", _queries(), ids=_name)
def test_each_query_stays_with_the_patient(function: Callable[..., Any], sample: Store) -> None:
    found = set()
    with sample.connect() as connection, _heard(sample.engine) as said:
        for call in _calls_of(function):
            for scope, wanted in ((ALL, PLAIN), (NORTH, NARROW)):
                call(connection, scope, wanted)
    assert said
    for sql in said:
        found |= {(problem, sql) for problem in problems(sql)}
    assert not found, "\n".join(f"{problem}\n  {sql[:300]} ... {sql[-700:]}" for problem, sql in sorted(found))


def test_the_figures_of_a_cohort_ask_nothing_else(sample: Store) -> None:
    with sample.connect() as connection, _heard(sample.engine) as said:
        summary.summarise(connection, ALL, NARROW, DEFAULT_RULES)
    assert len(said) > 12
    assert [problem for sql in said for problem in problems(sql)] == []


def test_imports_and_derivations_keep_to_it(tmp_path: Path, small_records: Path) -> None:
    """The patients that an import touches are named in a table of its own, which is only ever looked into."""
    store = Store.open(f"sqlite:///{(tmp_path / 'new.db').as_posix()}")
    more = tmp_path / "more"
    more.mkdir()
    (more / "assessments.csv").write_text("patient_code,hours,instrument,score\nA1,400,phq9,7\n")
    with _heard(store.engine) as said:
        store.import_path(small_records)
        store.import_path(more)
        store.derive()
        store.outcomes_frame()
    store.close()
    assert any("touched_patients" in sql for sql in said)
    found = {(problem, sql) for sql in said for problem in problems(sql)}
    assert not found, "\n".join(f"{problem}\n  {sql[:300]} ... {sql[-700:]}" for problem, sql in sorted(found))
