"""Files of the same records taken together: no count from 1 to 10 follows from any of them, nor from all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from dashboard.exports.apart import Crowd, Selection
from dashboard.exports.ledger import at, places
from dashboard.exports.quantities import Quantities
from dashboard.exports.refusal import Refused
from dashboard.exports.release import gather
from dashboard.exports.shown import Pattern
from dashboard.exports.together import Earlier
from data_models.definitions.filters import CohortFilter
from data_models.definitions.scope import Scope
from data_models.questions.overlap import course_profiles
from data_models.questions.rates import early_stop
from data_models.questions.summary import summarise
from data_models.store import Store

EVERYTHING = Scope.everything()


@pytest.fixture
def store(sample_database: str) -> Iterator[Store]:
    opened = Store.open(sample_database)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def sums(benchmark_module: Callable[[str, str], ModuleType]) -> ModuleType:
    return benchmark_module("release_sums", "release_sums")


@pytest.mark.parametrize(
    "cohort",
    [
        CohortFilter(route=("iv",), phase=("maintenance",)),
        CohortFilter("gad7", condition=("hypertension",), min_hours_since_session=30),
        CohortFilter("auditc", drug=("esketamine",)),
    ],
)
def test_what_the_courses_add_is_what_every_count_of_a_summary_is(store: Store, cohort: CohortFilter) -> None:
    rules = store.rules()
    with store.connect() as connection:
        crowd = Crowd(course_profiles(connection, EVERYTHING))
        quantities = Quantities(connection, crowd, cohort.instrument, rules)
        summary = summarise(connection, EVERYTHING, cohort, rules).as_json()
        summary["attrition"] = {"early_stop": early_stop(connection, EVERYTHING, cohort).as_dict()}
        courses, counted = crowd.courses(cohort), {}
        for path in places(summary):
            quantity = quantities.of(path, cohort, cohort["phase"])
            assert quantity is not None
            counted[path] = quantities.count(quantity, courses)
    assert counted == {path: round(at(summary, path)) for path in counted}
    assert len(counted) > 100


def test_no_sum_of_files_gives_a_count_away(sums: ModuleType) -> None:
    """All, one clinic and another one, and random pairs: a small run of the benchmark's attack."""
    for made in (*(sums.triple(seed) for seed in (3, 4)), *(sums.pair(0, place) for place in range(4))):
        assert sums.attack(made) == []


def test_the_attack_finds_what_files_give_away_that_know_nothing_of_each_other(sums: ModuleType) -> None:
    assert sums.attack(sums.triple(3, alone=True)), "a third clinic's counts follow from all less two"


def test_what_is_left_of_all_but_two_clinics_is_protected(store: Store) -> None:
    rules, made = store.rules(), []
    hidden = {}
    with store.connect() as connection:
        clinics = ("synthetic_harbour", "synthetic_north", "synthetic_valley")
        for cohort in (CohortFilter(), *(CohortFilter(clinic=(clinic,)) for clinic in clinics[:2])):
            release = gather(connection, EVERYTHING, cohort, rules, made=made)
            made.append(Earlier(release.selection, True, Pattern.of(release.parts, release.least)))
            hidden[cohort["clinic"]] = release.hidden
        alone = gather(connection, EVERYTHING, CohortFilter(clinic=clinics[1:2]), rules)
        again = gather(connection, EVERYTHING, CohortFilter(clinic=clinics[1:2]), rules, made=made)
        left = summarise(connection, EVERYTHING, CohortFilter(clinic=clinics[2:]), rules).as_json()
    assert hidden[clinics[1:2]][1] > alone.hidden[1], "the third clinic's small counts cost more of the second's"
    assert again.parts == release.parts, "the same file again is the same"
    left["attrition"] = alone.parts[None]["attrition"] | {"early_stop": {"events": 0, "n": 0}}
    printed = [{path for _, path in of.pattern.printed([None], list(places(left)), lambda *_: True)} for of in made]
    small = [path for path in set.intersection(*printed) if 1 <= at(left, path) < 11]
    assert small == [], "the three files print a count of which the third clinic's share is small"


def test_a_file_is_refused_where_earlier_ones_leave_nothing_to_hide(store: Store) -> None:
    """An earlier file of everybody that printed its small counts, too, as its pattern says."""
    rules, cohort = store.rules(), CohortFilter()
    with store.connect() as connection:
        parts = gather(connection, EVERYTHING, cohort, rules, least=0).parts
        open_handed = Earlier(Selection(cohort), True, Pattern.of(parts, 11))
        with pytest.raises(Refused, match=r"whatever it hides\. Widen the filter on sex"):
            gather(connection, EVERYTHING, CohortFilter(sex=("female",)), rules, made=[open_handed])


def test_the_pattern_of_a_file_reads_back() -> None:
    of = Pattern(11, "")
    assert list(of.printed([None, "b"], [("n",)], lambda group, _: group == "b")) == [(None, ("n",))]
    assert list(Pattern(11, "no such text").printed([None], [("n",)], lambda *_: False)) == [(None, ("n",))]
