"""Small clinics whose figures are known without a computer: from records to the JSON of the summary.

Each was once answered otherwise (issue 14): what the title of a card asks, and not what was easily estimated, is the
number that stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions.rates import early_stop
from data_models.questions.summary import summarise
from data_models.store import Store

ALL = Scope.everything()
INDUCTION = (0, 2, 4, 7, 9, 11)  # six sessions
Row = dict[str, Any]


class Clinic:
    """Session records in the making, by day; PHQ-9."""

    def __init__(self) -> None:
        self.patients: list[Row] = []
        self.sessions: list[Row] = []
        self.assessments: list[Row] = []

    def treat(
        self,
        patients: int,
        sessions: Iterable[float],
        scores: Mapping[float, float],
        *,
        induction: int | None = None,
        weeks: int | str = "",
        drug: str = "ketamine",
    ) -> None:
        """Some patients alike: days of their sessions, scores by day.

        Parameters
        ----------
        induction : how many sessions are marked as induction, the others as maintenance; None: none is marked.
        weeks : observed until.
        """
        for _ in range(patients):
            code = f"P{len(self.patients)}"
            self.patients.append({"patient_code": code, "observed_until_weeks": weeks})
            for number, day in enumerate(sessions):
                phase = "" if induction is None else "induction" if number < induction else "maintenance"
                self.sessions.append(
                    {"patient_code": code, "hours": day * 24, "drug": drug, "route": "iv", "phase": phase}
                )
            for day, score in scores.items():
                self.assessments.append({"patient_code": code, "hours": day * 24, "instrument": "phq9", "score": score})


@pytest.fixture
def answer(
    sqlite_store: Store, tmp_path: Path, write_table: Callable[[Path, str, list[Row]], None]
) -> Callable[..., dict[str, Any]]:
    """The JSON of a clinic's summary: `answer(clinic, "key=value", rule=value)`."""

    def ask(clinic: Clinic, *where: str, **rules: Any) -> dict[str, Any]:
        folder = tmp_path / "records"
        folder.mkdir(exist_ok=True)
        for table in ("patients", "sessions", "assessments"):
            write_table(folder, table, getattr(clinic, table))
        sqlite_store.import_path(folder)
        if rules:
            sqlite_store.derive(DEFAULT_RULES.changed(rules))
        with sqlite_store.connect() as connection:
            cohort = CohortFilter.from_assignments(list(where), "phq9")
            return summarise(connection, ALL, cohort, sqlite_store.rules()).as_json()

    return ask


def row_at(rows: list[Row], day: float) -> Row:
    """The last row of a curve at or before a day."""
    return [row for row in rows if row.get("days", row.get("day")) <= day][-1]


def events_of(share: Row) -> tuple[int, int]:
    return share["events"], share["n"]


def test_who_loses_response_in_the_first_days_after_induction_is_counted(answer: Callable[..., Row]) -> None:
    """Of 40 in response a day after their last session half have lost it by day 5."""
    clinic = Clinic()
    last = 10
    for scores in ((5, 14, 16, 18, 19), (5, 5, 5, 5, 5)):
        after = {last + day: score for day, score in zip((1, 5, 10, 20, 30), scores, strict=True)}
        clinic.treat(20, (0, 3, 7, 10), {-1: 20, **after}, induction=4)
    found = answer(clinic)
    assert events_of(found["response"]["end_of_induction"]) == (40, 40)
    durability = found["durability"]
    (loss,) = [row for row in durability["kaplan_meier"]["curve"] if row["events"]]
    assert (loss["days"], loss["at_risk"], loss["events"]) == (3, 40, 20)  # midway between the two scores
    lost = durability["turnbull"]
    assert (lost["from_days"], lost["n"], lost["events"], lost["median"]) == (1, 40, 20, [1, 5])
    assert row_at(lost["curve"], 1)["share"] == 0
    for day in (7, 14, 28):
        row = row_at(lost["curve"], day)
        assert row["share"] == pytest.approx(0.5)
        # Wilson's interval of 20 in 40.
        assert (row["low"], row["high"]) == pytest.approx((0.352, 0.648), abs=5e-4)
    for day in (5, 14, 28):
        assert row_at(durability["kaplan_meier"]["curve"], day)["survival"] == pytest.approx(0.5)
        assert row_at(durability["aalen_johansen"], day)["loss"] == pytest.approx(0.5)
        assert row_at(durability["aalen_johansen"], day)["in_response"] == pytest.approx(0.5)
        assert row_at(durability["turnbull"]["curve"], day)["share"] == pytest.approx(0.5)


@pytest.mark.parametrize("first_scored", [6, 10])
def test_no_curve_falls_from_one_person_at_risk(answer: Callable[..., Row], first_scored: int) -> None:
    """39 are in response to day 60; one, scored on day 1, is treated on day 5, when nobody else is at risk."""
    clinic = Clinic()
    last = INDUCTION[-1]
    clinic.treat(39, INDUCTION, {-1: 20, last + first_scored: 5, last + 30: 5, last + 60: 5}, induction=6)
    clinic.treat(1, (*INDUCTION, last + 5), {-1: 20, last + 1: 5, last + 30: 5}, induction=6)
    found = answer(clinic)["durability"]
    assert all(row["retreated"] <= 1 / 40 and row["in_response"] >= 39 / 40 for row in found["aalen_johansen"])
    assert all(row["survival"] >= 39 / 40 for row in found["kaplan_meier"]["curve"])


def test_two_courses_of_a_patient_are_not_two_patients(
    answer: Callable[..., Row], tmp_path: Path, write_table: Callable[[Path, str, list[Row]], None]
) -> None:
    """20 patients whose second course goes exactly like their first say no more than their first courses do."""
    first, both = Clinic(), Clinic()
    for score in (5, 18):
        scores = {-1: 20, 1: 18, 5: score, 20: score}
        again = {150 + day: score for day, score in scores.items()}
        first.treat(10, INDUCTION, scores)
        both.treat(10, (*INDUCTION, *(150 + day for day in INDUCTION)), {**scores, **again})
    twice = answer(both)
    folder = tmp_path / "first"
    folder.mkdir()
    for table in ("patients", "sessions", "assessments"):
        write_table(folder, table, getattr(first, table))
    alone = Store.open(f"sqlite:///{(tmp_path / 'first.db').as_posix()}")
    alone.import_path(folder)
    with alone.connect() as connection:
        once = summarise(connection, ALL, CohortFilter.from_assignments([], "phq9"), alone.rules()).as_json()
    alone.close()
    assert twice["cohort"]["courses"] == 2 * once["cohort"]["courses"] == 40
    for place in (("onset", "kaplan_meier"), ("onset", "sessions_kaplan_meier")):
        pair = [answer[place[0]][place[1]]["curve"] for answer in (once, twice)]
        one, two = ([row for row in curve if row["events"]][-1] for curve in pair)
        assert (two["survival"], two["low"], two["high"]) == pytest.approx((one["survival"], one["low"], one["high"]))
    one, two = (answer["response"]["ever"] for answer in (once, twice))
    assert two["share"] == one["share"] == 0.5
    assert two["high"] - two["low"] >= one["high"] - one["low"] - 1e-9


def test_a_curve_does_not_fall_from_one_course(answer: Callable[..., Row]) -> None:
    """39 in response on days 6 to 60; one scored on day 1, worse and treated again on day 5."""
    clinic = Clinic()
    last = INDUCTION[-1]
    clinic.treat(39, INDUCTION, {-1: 20, **{last + day: 5 for day in (6, 20, 40, 60)}}, induction=6)
    clinic.treat(1, (*INDUCTION, last + 5), {-1: 20, last + 1: 5, last + 5: 19, last + 30: 19}, induction=6)
    durability = answer(clinic)["durability"]
    assert (durability["turnbull"]["n"], durability["turnbull"]["events"]) == (40, 1)
    assert durability["turnbull"]["from_days"] == 6
    for rows in (durability["turnbull"]["curve"], durability["aalen_johansen"], durability["kaplan_meier"]["curve"]):
        assert min(row["days"] for row in rows) >= 6
        assert min(row["at_risk"] for row in rows) >= 39
    assert {row["share"] for row in durability["turnbull"]["curve"]} == {0}
    assert {row["in_response"] for row in durability["aalen_johansen"]} == {1}


def test_a_weekly_onset_lies_between_two_scores(answer: Callable[..., Row]) -> None:
    """60 courses scored on days 7, 14 and 21: a third responds by day 7, a third by day 14, a third not at all."""
    clinic = Clinic()
    for scores in ((5, 5), (18, 5), (18, 18)):
        clinic.treat(20, INDUCTION, {-1: 20, 7: scores[0], 14: scores[1], 21: scores[1]})
    onset = answer(clinic)["onset"]["turnbull"]
    first, third, week, fortnight = (row_at(onset["curve"], day) for day in (1, 3, 7, 14))
    assert (week["share"], fortnight["share"]) == pytest.approx((1 / 3, 2 / 3))
    # What happened before the first score is not known: drawn evenly, and anything that the score of day 7 allows.
    assert first["share"] == pytest.approx(1 - (2 / 3) ** (1 / 7))
    assert first["low"] == third["low"] == 0
    assert first["high"] == third["high"] == week["high"]
    assert onset["median"] == [7, 14]
    assert 7 < onset["median_days"] < 14
    assert (onset["median_low"], onset["median_high"]) == (7, 14)


def test_courses_going_on_are_neither_stopped_nor_lost(answer: Callable[..., Row], sqlite_store: Store) -> None:
    """50 courses ended; 50 began last week: three sessions and one score."""
    clinic = Clinic()
    clinic.treat(50, INDUCTION, {-1: 20, **dict.fromkeys(range(12, 90, 7), 5)}, weeks=30)
    clinic.treat(50, INDUCTION[:3], {-1: 20, 5: 5}, weeks=1)
    found = answer(clinic)
    assert (found["cohort"]["courses"], found["cohort"]["going_on"]) == (100, 50)
    assert events_of(found["response"]["end_of_induction"]) == (50, 50)
    assert events_of(found["response"]["end_of_induction_all_treated"]) == (50, 50)
    assert found["occupancy"][60]["left"] == 0
    assert row_at(found["states"], 28)["response"] == pytest.approx(1)
    with sqlite_store.connect() as connection:
        stopped = early_stop(connection, ALL, CohortFilter.from_assignments([], "phq9"))
    assert (stopped.events, stopped.n) == (0, 50)


def test_who_was_never_ill_does_not_remit(answer: Callable[..., Row]) -> None:
    clinic = Clinic()
    clinic.treat(30, INDUCTION, {-1: 3, 12: 3, 26: 3})
    clinic.treat(10, INDUCTION, {-1: 20, 12: 18, 26: 19})
    found = answer(clinic)
    assert (found["cohort"]["with_baseline"], found["cohort"]["with_entry_severity"]) == (40, 10)
    assert found["cohort"]["evaluable"] == 10
    assert events_of(found["remission"]["last"]) == events_of(found["remission"]["ever"]) == (0, 10)
    any_severity = answer(clinic, entry_severity="any")
    assert events_of(any_severity["remission"]["last"]) == (30, 40)


def test_one_bad_score_among_good_ones_is_no_loss(answer: Callable[..., Row]) -> None:
    """Truly 6 for ever; every third score is measured as 11 or 12."""
    clinic = Clinic()
    clinic.treat(12, INDUCTION, {-1: 20, **{12 + 7 * week: (6, 5, 12)[week % 3] for week in range(12)}, 96: 6})
    found = answer(clinic)
    assert found["duration"]["kaplan_meier"]["events"] == 0
    assert found["duration"]["kaplan_meier"]["median"] is None
    assert found["durability"]["kaplan_meier"]["events"] == 0
    single = answer(clinic, loss_confirmations=1)
    assert single["duration"]["kaplan_meier"]["events"] == 12
    assert single["duration"]["kaplan_meier"]["median"] == 14


def test_esketamine_by_its_label_has_an_induction_of_eight_sessions(
    answer: Callable[..., Row], sqlite_store: Store
) -> None:
    """Twice a week for four weeks, then weekly; no phases in the records."""
    clinic = Clinic()
    induction, weekly = (0, 3, 7, 10, 14, 17, 21, 24), (31, 38, 45, 52, 59)
    scores = {-1: 20, **{day + 2: 5 for day in (*induction[-1:], *weekly)}}
    clinic.treat(12, (*induction, *weekly), scores, drug="esketamine")
    found = answer(clinic)
    assert set(sqlite_store.outcomes_frame()["induction_sessions"]) == {8}
    assert events_of(found["response"]["end_of_induction"]) == (12, 12)
    durability = found["durability"]
    assert row_at(durability["aalen_johansen"], 7)["retreated"] == pytest.approx(1)
    assert durability["kaplan_meier"]["n"] == 12
    assert row_at(durability["turnbull"]["curve"], 28)["share"] == pytest.approx(0)  # whatever is given meanwhile


def test_onset_is_not_as_late_as_the_next_score(answer: Callable[..., Row]) -> None:
    """Half respond on day 3; those scored weekly show it on day 7 only."""
    clinic = Clinic()
    for score in (5, 18):
        clinic.treat(10, INDUCTION, {-1: 20, 1: 18, 2: 18, 3: score, 7: score, 14: score})
        clinic.treat(10, INDUCTION, {-1: 20, 7: score, 14: score})
    onset = answer(clinic)["onset"]
    assert 1 - row_at(onset["kaplan_meier"]["curve"], 3)["survival"] == pytest.approx(0.25)
    assert row_at(onset["turnbull"]["curve"], 3)["share"] == pytest.approx(0.5)
    assert row_at(onset["turnbull"]["curve"], 3)["low"] < 0.5 < row_at(onset["turnbull"]["curve"], 3)["high"]


def test_a_score_too_soon_after_a_session_gives_way_to_the_last_that_is_late_enough(
    answer: Callable[..., Row],
) -> None:
    clinic = Clinic()
    clinic.treat(10, (0, 19.9), {-1: 20, 10: 5, 20: 18})
    clinic.treat(10, (0,), {-1: 20, 10: 18, 20: 5})
    assert events_of(answer(clinic)["response"]["last"]) == (10, 20)
    assert events_of(answer(clinic, "min_hours_since_session=24")["response"]["last"]) == (20, 20)


def test_identical_values_do_not_have_an_interval_of_no_width(answer: Callable[..., Row]) -> None:
    clinic = Clinic()
    clinic.treat(20, INDUCTION, {-1: 20, 0.5: 12, 1.5: 12, 3: 12, 10: 12})
    found = answer(clinic)
    widths = [row["high"] - row["low"] for row in found["fade"] if row["mean"] is not None and row["low"] is not None]
    assert all(width > 0 for width in widths)
    assert found["response"]["ever"]["high"] > 0


def test_fading_is_not_bent_by_who_comes_back_early(answer: Callable[..., Row]) -> None:
    """Improvement halves every 28 days, in everybody; who is not in response at a visit is treated again."""
    clinic, half_life, last = Clinic(), 28, INDUCTION[-1]
    for depth in (0.5, 0.6, 0.7, 0.8, 0.9):
        for visit in range(1, 8):
            scores, sessions = {-1.0: 24.0}, [float(day) for day in INDUCTION]
            for day in (last + visit + 7 * week for week in range(12)):
                improvement = depth * 2 ** (-(day - sessions[-1]) / half_life)
                scores[day] = round(24 * (1 - improvement))
                if improvement < 0.5:
                    sessions.append(day + 1.0)
            clinic.treat(2, sessions, scores)
    found = answer(clinic)["fade_model"]
    mean = 0.7  # of the depths
    for day in (1, 7, 14, 21):
        (point,) = [row for row in found["curve"] if row["days"] == day]
        assert point["improvement"] == pytest.approx(mean * 2 ** (-day / half_life), abs=0.03)
        assert point["low"] < mean * 2 ** (-day / half_life) < point["high"]
