"""The cohort's summary through the store: against R, and against plain loops over the stored facts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Connection, text

from data_models.definitions.filters import CohortFilter
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.rules import DEFAULT_RULES, FADE_BINS_DAYS
from data_models.definitions.scope import Scope
from data_models.definitions.vocabulary import SIDE_EFFECT_BITS, SIDE_EFFECTS
from data_models.outcomes.interval_censored import interval_curve
from data_models.outcomes.logrank import log_rank
from data_models.outcomes.proportions import PatientSums, per_course
from data_models.outcomes.reliable_change import RELIABLE, reliable_change
from data_models.outcomes.side_effects import DOSE_BANDS
from data_models.outcomes.survival import kaplan_meier
from data_models.outcomes.turnbull import turnbull
from data_models.questions.comparison import curve_tests, groups
from data_models.questions.durability import LOSS, RETREATED, durability
from data_models.questions.fade import fade, fade_by
from data_models.questions.occupancy import occupancy
from data_models.questions.onset import onset
from data_models.questions.rates import rates
from data_models.questions.resolution import resolution
from data_models.questions.severity import severity, worst_sums
from data_models.questions.side_effects import (
    effect_sums,
    side_effects,
    side_effects_by,
)
from data_models.questions.summary import summarise
from data_models.questions.vitals import vitals
from data_models.questions.waterfall import waterfall
from data_models.store import Store
from tests.data_models.trials import TRIALS, r_table

ALL = Scope.everything()
# What R was given: each course with a baseline, one score below half of the improvement is loss.
AS_IN_R = DEFAULT_RULES.changed({"loss_rule": "half_lost", "loss_confirmations": 1, "entry_severity": "any"})
FILTERS = (
    CohortFilter(),
    CohortFilter(route=("iv",)),
    CohortFilter(diagnosis=("ptsd", "major_depression"), phase=("maintenance",)),
    CohortFilter(condition=("hypertension",), drug=("ketamine",), min_hours_since_session=48.0),
    CohortFilter(instrument="gad7", sex=("female",)),
)


def sums_of(x: pd.Series, n: pd.Series) -> PatientSums:
    """Sums over patients of one value a patient of x and of n."""
    a, b = x.to_numpy(float), n.to_numpy(float)
    return PatientSums(len(a), a.sum(), b.sum(), a @ a, a @ b, b @ b, some=(a > 0).sum(), short=(a < b).sum())


# --- R's numbers, end to end -----------------------------------------------------------------


def _assert_number(ours: float | None, theirs: float) -> None:
    if theirs != theirs or theirs == float("inf"):
        assert ours is None
    else:
        assert ours == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("trial", TRIALS)
def test_summary_of_a_trial_equals_r(trial: str, store: Store, request: pytest.FixtureRequest) -> None:
    store.import_path(request.getfixturevalue(trial), AS_IN_R)
    unit = 7 if trial == "riesby_hamd" else 1
    summary, curves = r_table(trial, "summary"), r_table(trial, "km")
    quantiles = r_table(trial, "km_quantiles").query("conf_type == 'log-log' and prob == 0.5")
    assert len(summary) == 3
    with store.connect() as connection:
        for row in summary.itertuples():
            chosen = CohortFilter("hamd17", clinic=() if row.group == "ALL" else (row.group,))
            result = summarise(connection, ALL, chosen, store.rules()).as_json()
            assert result["cohort"]["courses"] == row.n_total
            assert result["cohort"]["evaluable"] == row.n_eval
            assert result["response"]["ever"]["events"] == row.ever_resp
            last = result["response"]["last"]
            assert (last["events"], last["n"], last["method"]) == (row.resp_last, row.n_eval, "wilson")
            _assert_number(last["low"], row.wilson_lo)
            _assert_number(last["high"], row.wilson_hi)
            remission = result["remission"]["last"]
            assert remission["events"] == row.remit_last
            _assert_number(remission["low"], row.rem_wilson_lo)
            _assert_number(remission["high"], row.rem_wilson_hi)
            assert result["duration"]["kaplan_meier"]["events"] == row.n_lost_response
            medians = result["onset"]["turnbull"]["median"]
            _assert_number(medians[0], row.turnbull_median_L * unit)
            _assert_number(medians[1], row.turnbull_median_R * unit)
            for what, ours in (
                ("time_to_response", result["onset"]["kaplan_meier"]),
                ("duration_of_response", result["duration"]["kaplan_meier"]),
            ):
                theirs = curves[(curves["group"] == row.group) & (curves["what"] == what)]
                assert len(ours["curve"]) == len(theirs) > 0
                for mine, r in zip(ours["curve"], theirs.itertuples(), strict=True):
                    assert (mine["days"], mine["at_risk"]) == (r.time * unit, r.n_risk)
                    assert (mine["events"], mine["censored"]) == (r.n_event, r.n_censor)
                    for name, value in (("survival", r.surv), ("low", r.lower_loglog), ("high", r.upper_loglog)):
                        _assert_number(mine[name], value)
                middle = quantiles[(quantiles["group"] == row.group) & (quantiles["what"] == what)].iloc[0]
                for name, column in (("median", "quantile"), ("low", "lower"), ("high", "upper")):
                    _assert_number(ours[name], middle[column] * unit)


# --- the sample clinic against plain loops ---------------------------------------------------


@pytest.fixture(scope="module")
def connection(sample_database: str) -> Iterator[Connection]:
    store = Store.open(sample_database)
    with store.connect() as connection:
        yield connection
    store.close()


def _frame(connection: Connection, table: str) -> pd.DataFrame:
    return pd.DataFrame(connection.execute(text(f"SELECT * FROM {table}")).mappings().all())


def _matching(connection: Connection, chosen: CohortFilter) -> pd.DataFrame:
    """Courses of the cohort with their patient's columns, by plain pandas."""
    courses = _frame(connection, "courses").merge(_frame(connection, "patients"), on="patient_id")
    for key in ("clinic", "drug", "route", "diagnosis", "sex", "age_band"):
        if chosen[key]:
            courses = courses[courses[key].isin(chosen[key])]
    if chosen["condition"]:
        held = courses["conditions"].fillna("").str.split(";")
        courses = courses[[bool(set(codes) & set(chosen["condition"])) for codes in held]]
    assert len(courses) > 5
    return courses


def _outcomes(connection: Connection, chosen: CohortFilter) -> pd.DataFrame:
    outcomes = _frame(connection, "course_outcomes").query("instrument == @chosen.instrument")
    return _matching(connection, chosen)[["patient_id", "course"]].merge(outcomes, on=["patient_id", "course"])


def _judged_by_hand(
    connection: Connection, chosen: CohortFilter, courses: pd.DataFrame, evaluable: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The outcomes of courses with a last score, and with one at the end of induction, that is late enough.

    Where scores are asked for that lie some hours after a session, each is looked for anew among the course's scores.
    """
    if chosen.min_hours_since_session is None:
        return evaluable, evaluable[evaluable["end_of_induction_response"].notna()]
    scale, rules = INSTRUMENTS[chosen.instrument], DEFAULT_RULES
    of_course = courses.set_index(["patient_id", "course"])
    facts = _frame(connection, "score_facts").query("instrument == @chosen.instrument and days > 0")
    scores = {key: of.sort_values("at_hours") for key, of in facts.groupby(["patient_id", "course"])}
    last, late = [], []
    for row in evaluable.to_dict("records"):
        course, baseline = of_course.loc[(row["patient_id"], row["course"])], row["baseline"]
        found, ends = [], []
        for one in scores[row["patient_id"], row["course"]].itertuples():
            if one.since_session_days * 24 < chosen.min_hours_since_session:
                continue
            change, edge = one.score - baseline, scale.recovered_below
            judged = {
                "response": float(1 - one.score / baseline >= 0.5 - 1e-9),
                "remission": float(one.score <= (rules.remission_cutoff(scale.code) or 0)),
                "worse": float(change >= (scale.least_change(baseline) or 0)),
                "reliable": reliable_change([change], [baseline], [one.score], scale.standard_error or 0, edge)[0],
                "days": one.since_session_days,
            }
            found.append(judged)
            session = one.at_hours - 24 * one.since_session_days
            of_induction = course["induction_complete"] and abs(session - course["last_induction_hours"]) < 1e-3
            if of_induction and one.since_session_days <= rules.end_of_induction_days:
                ends.append(judged)
        last += [row | {f"last_{name}": value for name, value in judged.items()} for judged in found[-1:]]
        late += [row | {f"end_of_induction_{name}": value for name, value in judged.items()} for judged in ends[:1]]
    return pd.DataFrame(last), pd.DataFrame(late)


@pytest.mark.parametrize("chosen", FILTERS)
def test_headline_rates_equal_counts_by_hand(connection: Connection, chosen: CohortFilter) -> None:
    result = summarise(connection, ALL, chosen, DEFAULT_RULES).as_json()
    courses, outcomes = _matching(connection, chosen), _outcomes(connection, chosen)
    evaluable = outcomes[outcomes["evaluable"] == 1]
    last, late = _judged_by_hand(connection, chosen, courses, evaluable)
    over = courses[courses["status"] != "going_on"]
    assert 0 < len(over) <= len(courses)
    moderate = INSTRUMENTS[chosen.instrument].moderate
    assert result["cohort"] == {
        "where": chosen.where(),
        "patients": courses["patient_id"].nunique(),
        "courses": len(courses),
        "with_baseline": int(outcomes["baseline"].notna().sum()),
        "with_entry_severity": int((outcomes["baseline"] >= moderate).sum()),
        "evaluable": len(evaluable),
        "end_of_induction_scored": len(late),
        "going_on": len(courses) - len(over),
        "going_on_unknown": int((courses["status"] == "unknown").sum()),
    }
    late_over = late.merge(over[["patient_id", "course"]])
    for kind in ("response", "remission"):
        at_end, of_all = (int(scores[f"end_of_induction_{kind}"].sum()) for scores in (late, late_over))
        counts = {way: (share["events"], share["n"]) for way, share in result[kind].items()}
        assert counts == {
            "ever": (evaluable[f"ever_{kind}"].sum(), len(evaluable)),
            "last": (last[f"last_{kind}"].sum(), len(last)),
            "end_of_induction": (at_end, len(late)),
            "end_of_induction_all_treated": (of_all, len(over)),
        }
    assert result["worse"]["last"]["events"] == last["last_worse"].sum()
    assert result["worse"]["end_of_induction"]["n"] == len(late)
    by_patient = evaluable.groupby("patient_id")["ever_response"]
    assert result["response"]["ever"] == pytest.approx(
        per_course(sums_of(by_patient.sum(), by_patient.count())).as_dict()
    )
    days = late["end_of_induction_days"].to_numpy()
    quartiles = np.quantile(days, [0.5, 0.25, 0.75], method="inverted_cdf")
    assert list(result["end_of_induction_days"].values()) == pytest.approx([len(days), *quartiles])
    for when, scores in (("last", last), ("end_of_induction", late)):
        groups = scores[f"{when}_reliable"].value_counts()
        found = {name: (share["events"], share["n"]) for name, share in result["reliable_change"][when].items()}
        assert found == {name: (groups.get(name, 0), len(scores)) for name in RELIABLE}
    by_patient = over.merge(late_over, on=["patient_id", "course"], how="left").groupby("patient_id")
    sums = sums_of(by_patient["end_of_induction_response"].sum(), by_patient.size())
    assert result["response"]["end_of_induction_all_treated"] == pytest.approx(per_course(sums).as_dict())


def _loss_midway(held: pd.DataFrame) -> pd.Series:
    """When each course that is followed after induction ended; a loss midway between its two scores."""
    midway = (held["durability_left"] + held["durability_right"]) / 2
    return held["durability_days"].where(held["durability_end"] != "loss", midway)


@pytest.mark.parametrize("chosen", FILTERS)
def test_curves_equal_those_of_single_courses(connection: Connection, chosen: CohortFilter) -> None:
    result = summarise(connection, ALL, chosen, DEFAULT_RULES).as_json()
    outcomes = _outcomes(connection, chosen)
    evaluable = outcomes[outcomes["evaluable"] == 1]
    seen = evaluable["onset_right"].fillna(evaluable["onset_left"])
    responded = kaplan_meier(seen, evaluable["onset_right"].notna(), patients=evaluable["patient_id"])
    assert result["onset"]["kaplan_meier"] == responded.as_dict()
    began = evaluable["onset_left"], evaluable["onset_right"].fillna(np.inf)
    assert result["onset"]["turnbull"]["curve"] == interval_curve(*began, evaluable["patient_id"]).as_rows()
    assert result["onset"]["turnbull"]["log_likelihood"] == pytest.approx(turnbull(*began).log_likelihood)
    ever = outcomes[outcomes["ever_response"] == 1]
    lasted = kaplan_meier(ever["duration_days"], ever["duration_event"], patients=ever["patient_id"])
    assert result["duration"]["kaplan_meier"] == lasted.as_dict()
    held = outcomes[outcomes["durability_days"].notna()]
    lost = held["durability_end"] == "loss"
    ended = _loss_midway(held)
    followed = {"entries": held["durability_entry_days"], "patients": held["patient_id"]}
    curve = kaplan_meier(ended, lost, adequate=True, **followed)
    assert result["durability"]["kaplan_meier"] == curve.as_dict()
    between = interval_curve(held["durability_left"], held["durability_right"].fillna(np.inf), **followed)
    found = result["durability"]["turnbull"]
    assert found["curve"] == between.as_rows()
    assert (found["from_days"], found["n"], found["events"]) == (
        between.start,
        len(held),
        held["durability_right"].notna().sum(),
    )
    for row in result["durability"]["aalen_johansen"]:
        assert row["loss"] + row["retreated"] + row["in_response"] == pytest.approx(1)


def test_sessions_to_response_count_the_sessions_before_the_score(connection: Connection) -> None:
    sessions = _frame(connection, "session_facts")
    outcomes = _outcomes(connection, CohortFilter()).query("evaluable == 1")
    times = []
    for row in outcomes.itertuples():
        own = sessions[(sessions["patient_id"] == row.patient_id) & (sessions["course"] == row.course)]
        until = row.onset_right if row.ever_response == 1 else row.last_days
        times.append(int((own["days"] < until).sum()))
    expected = kaplan_meier(times, outcomes["ever_response"], patients=outcomes["patient_id"]).as_dict()
    assert onset(connection, ALL, CohortFilter()).as_json()["sessions_kaplan_meier"] == expected


@pytest.mark.parametrize("chosen", FILTERS)
def test_fade_equals_bins_by_hand(connection: Connection, chosen: CohortFilter) -> None:
    scores = _frame(connection, "score_facts").query("instrument == @chosen.instrument")
    scores = scores.merge(_matching(connection, chosen)[["patient_id", "course"]], on=["patient_id", "course"])
    scores = scores[scores["fade_change"].notna()]
    if chosen["phase"]:
        scores = scores[scores["session_phase"].isin(chosen["phase"])]
    result = fade(connection, ALL, chosen).as_json()
    assert len(result) == len(FADE_BINS_DAYS)
    assert sum(row["scores"] for row in result) > 20
    for row in result:
        since = scores["since_session_days"]
        held = scores[(since >= row["from_days"]) & (since < row["to_days"])]
        assert (row["scores"], row["patients"]) == (len(held), held["patient_id"].nunique())
        if len(held):
            assert row["mean"] == pytest.approx(held["fade_change"].mean())
            assert row["median"] == held["fade_change"].median()
    by_phase = fade_by(connection, ALL, chosen, "phase")
    assert sum(one.change.n for part in by_phase.values() for one in part.bins) == sum(row["scores"] for row in result)


@pytest.mark.parametrize("chosen", FILTERS)
def test_occupancy_equals_states_looked_up_day_by_day(connection: Connection, chosen: CohortFilter) -> None:
    rows = occupancy(connection, ALL, chosen, DEFAULT_RULES).as_json()
    courses = _matching(connection, chosen)
    scores = _frame(connection, "score_facts").query("instrument == @chosen.instrument and state == state")
    scores = scores.merge(courses[["patient_id", "course"]], on=["patient_id", "course"])
    observed = (courses["observed_until_hours"] - courses["start_hours"]).astype(float) / 24
    until_of = dict(zip(zip(courses["patient_id"], courses["course"], strict=True), observed, strict=True))
    seen = [until_of[key] for key in zip(scores["patient_id"], scores["course"], strict=True)]
    record_end = (courses["record_end_hours"] - courses["start_hours"]) / 24
    for row in (rows[0], rows[3], rows[15], rows[40], rows[min(120, len(rows) - 1)]):
        day = row["day"]
        holding = scores[(scores["days"] <= day) & (day < scores["until_days"]) & ~(day > np.array(seen))]
        counts = holding["state"].value_counts()
        for state, name in ((2, "response"), (1, "partial"), (0, "none")):
            assert row[name] == pytest.approx(counts.get(state, 0) / len(courses))
        in_state = set(zip(holding["patient_id"], holding["course"], strict=True))
        past = {"going_on": 0, "ended": 0, "unknown": 0}
        for key, status, end in zip(until_of, courses["status"], record_end, strict=True):
            past[status] += day > until_of[key] if status == "going_on" else day > end and key not in in_state
        assert row["left"] == pytest.approx(past["ended"] / len(courses))
        assert row["going_on"] == pytest.approx(past["going_on"] / len(courses))


@pytest.mark.parametrize("chosen", FILTERS)
def test_side_effect_rates_equal_counts_by_hand(connection: Connection, chosen: CohortFilter) -> None:
    sessions = _frame(connection, "session_facts")
    sessions = sessions.merge(_matching(connection, chosen)[["patient_id", "course"]], on=["patient_id", "course"])
    if chosen["phase"]:
        sessions = sessions[sessions["phase"].isin(chosen["phase"])]
    asked = sessions[sessions["asked"] == 1]
    result = side_effects(connection, ALL, chosen).as_json()
    assert result["sessions_asked"] == len(asked) < len(sessions)
    assert result["patients_asked"] == asked["patient_id"].nunique()
    for place, (session, patient) in enumerate(zip(result["per_session"], result["per_patient"], strict=True)):
        has = (asked["terms"].to_numpy() >> place) & 1
        assert session["term"] == patient["term"] == SIDE_EFFECTS[place]
        assert session["events"] == has.sum()
        assert patient["events"] == asked["patient_id"][has == 1].nunique()
        assert (session["method"], patient["method"]) == ("clustered", "wilson")


def _asked_sessions(connection: Connection, chosen: CohortFilter) -> pd.DataFrame:
    """Asked sessions of a cohort with what they are split by, from the records and the sessions' own facts."""
    facts = _frame(connection, "session_facts").query("asked == 1")
    records = _frame(connection, "sessions").drop(columns="phase")
    found = facts.merge(records, on=["patient_id", "hours"])
    found = found.merge(_matching(connection, chosen)[["patient_id", "course"]], on=["patient_id", "course"])
    if chosen["phase"]:
        found = found[found["phase"].isin(chosen["phase"])]
    found["number"] = found["number"].clip(upper=13)
    found["dose_band"] = [
        next((b.label for b in DOSE_BANDS if b.unit == unit and b.low <= dose < b.high), None)
        for unit, dose in zip(found["dose_unit"], found["dose"], strict=True)
    ]
    return found


def _by_patient(sessions: pd.DataFrame, flags: dict[str, pd.Series]) -> dict[str, tuple[float, ...]]:
    """Sums over patients of each flag, as `PatientSums`."""
    place, _ = pd.factorize(sessions["patient_id"])
    n = np.bincount(place).astype(float)
    result = {}
    for name, flag in flags.items():
        x = np.bincount(place, weights=flag[sessions.index])
        result[name] = (len(x), x.sum(), n.sum(), x @ x, x @ n, n @ n, (x > 0).sum(), (x < n).sum())
    return result


@pytest.mark.parametrize("chosen", FILTERS)
def test_sums_of_side_effects_equal_sums_over_sessions(connection: Connection, chosen: CohortFilter) -> None:
    sessions = _asked_sessions(connection, chosen)
    flags = {term: sessions["terms"] // 2**bit % 2 for term, bit in SIDE_EFFECT_BITS.items()}
    flags["any"] = (sessions["terms"] != 0).astype(int)
    for by in (None, "number", "route", "drug", "dose_band", "phase"):
        found = effect_sums(connection, ALL, chosen, by)
        groups = sessions.groupby(lambda _: "all") if by is None else sessions.groupby(by, dropna=False)
        expected = {() if by is None else (None if key != key else key,): part for key, part in groups}
        assert found.keys() == expected.keys()
        for key, part in expected.items():
            assert {name: tuple(of) for name, of in found[key].items()} == _by_patient(part, flags), (by, key)


@pytest.mark.parametrize("chosen", FILTERS)
def test_sums_of_worst_grades_equal_sums_over_sessions(connection: Connection, chosen: CohortFilter) -> None:
    sessions = _asked_sessions(connection, chosen)
    flags = {name: sessions["worst"] == place for place, name in enumerate(("none", "mild", "moderate", "severe"))}
    flags |= {"not_graded": sessions["worst"].isna(), "any": sessions["terms"] != 0}
    found = worst_sums(connection, ALL, chosen)[()]
    assert {name: tuple(of) for name, of in found.items()} == _by_patient(sessions, flags)


@pytest.mark.parametrize("by", ["number", "route", "drug", "dose_band", "phase"])
def test_breakdowns_cut_the_asked_sessions_without_loss(connection: Connection, by: str) -> None:
    whole = side_effects(connection, ALL, CohortFilter())
    found = side_effects_by(connection, ALL, CohortFilter(), by)
    assert len(found) > 1
    assert sum(one.effects.sessions_asked for one in found) == whole.sessions_asked
    for place, effect in enumerate(whole.effects):
        cut = [one.effects.effects[place].per_session.events for one in found]
        assert sum(cut) == effect.per_session.events
    if by == "number":
        assert [one.group for one in found][:3] == ["1", "2", "3"]
        assert found[-1].group == "13+"


def test_vitals_equal_means_and_shares_by_hand(connection: Connection) -> None:
    sessions = _frame(connection, "sessions")
    result = vitals(connection, ALL, CohortFilter(), DEFAULT_RULES).as_json()
    for sign in ("systolic", "diastolic", "heart_rate"):
        before, highest = sessions[f"{sign}_before"], sessions[f"{sign}_highest"]
        for name, values in (("before", before), ("highest", highest), ("rise", highest - before)):
            assert result[sign][name]["n"] == values.notna().sum() > 100
            assert result[sign][name]["mean"] == pytest.approx(values.mean())
    rise = sessions["systolic_highest"] - sessions["systolic_before"]
    threshold = result["thresholds"][0]
    assert (threshold["events"], threshold["n"]) == ((rise >= 40).sum(), rise.notna().sum())
    above = (sessions["systolic_before"] > 140) | (sessions["diastolic_before"] > 90)
    both = sessions["systolic_before"].notna() & sessions["diastolic_before"].notna()
    assert result["thresholds"][-1]["events"] == (above & both).sum()


def test_details_count_grades_and_resolutions(connection: Connection) -> None:
    effects, facts = _frame(connection, "side_effects"), _frame(connection, "session_facts").query("asked == 1")
    graded, resolved = severity(connection, ALL, CohortFilter()), resolution(connection, ALL, CohortFilter())
    severe = graded.worst["severe"]
    assert (severe.events, severe.n) == ((facts["worst"] == 3).sum(), len(facts))
    assert sum(one.occurrences for one in graded.by_term) == len(effects)
    known = effects[
        (effects["onset_minutes"] >= 0) & effects[["resolved_minutes", "last_observed_minutes"]].notna().any(axis=1)
    ]
    assert resolved.all.n == len(known) > 50
    reported = side_effects(connection, ALL, CohortFilter()).any.per_session
    assert reported.events == (facts["effects"] > 0).sum()


def test_rates_beside_the_summary_equal_counts_by_hand(connection: Connection) -> None:
    found = rates(connection, ALL, CohortFilter(), DEFAULT_RULES)
    outcomes = _outcomes(connection, CohortFilter()).query("evaluable == 1")
    for share, column in (
        (found.sustained, "sustained_response"),
        (found.early, "early_response"),
        (found.partial, "ever_partial"),
    ):
        judged = outcomes[column].dropna()
        assert (share.events, share.n) == (judged.sum(), len(judged))
        assert 0 < share.events < share.n


def test_competing_events_lie_in_their_intervals(connection: Connection) -> None:
    competing = durability(connection, ALL, CohortFilter()).competing
    assert competing.times.size > 10
    for kind in (LOSS, RETREATED):
        share, low, high = (values[kind - 1] for values in (competing.incidence, competing.low, competing.high))
        known = ~np.isnan(low)
        assert known.any()
        assert ((low <= share) & (share <= high))[known].all()


@pytest.mark.parametrize("by", ["route", "phase", "course"])
def test_fade_split_cuts_the_scores_without_loss(connection: Connection, by: str) -> None:
    whole = fade(connection, ALL, CohortFilter())
    split = fade_by(connection, ALL, CohortFilter(), by)
    assert len(split) > 1
    for place, one in enumerate(whole.bins):
        assert sum(part.bins[place].change.n for part in split.values()) == one.change.n


def test_the_waterfall_has_one_element_a_treated_course(connection: Connection) -> None:
    found = waterfall(connection, ALL, CohortFilter(), DEFAULT_RULES)
    outcomes = _outcomes(connection, CohortFilter()).query("evaluable == 1")
    assert len(found.evaluable) == len(_matching(connection, CohortFilter()))
    assert found.evaluable.sum() == len(outcomes)
    expected = np.sort((outcomes["best"] - outcomes["baseline"]).to_numpy())
    np.testing.assert_allclose(found.best_change[: len(expected)], expected)
    assert np.isnan(found.best_change).sum() == (found.evaluable == 0).sum()


@pytest.mark.parametrize("hours", [None, 72.0, 168.0])
def test_hours_since_the_session_reach_funnel_waterfall_and_rates_alike(
    connection: Connection, hours: float | None
) -> None:
    chosen = CohortFilter(min_hours_since_session=hours)
    result = summarise(connection, ALL, chosen, DEFAULT_RULES).as_json()
    values = waterfall(connection, ALL, chosen, DEFAULT_RULES)
    assert result["cohort"]["end_of_induction_scored"] == result["response"]["end_of_induction"]["n"]
    assert (~np.isnan(values.last_change)).sum() == result["response"]["last"]["n"]
    assert np.nansum(values.last_worse) == result["worse"]["last"]["events"]
    assert values.evaluable.sum() == result["cohort"]["evaluable"]


# --- shape, scope, splits --------------------------------------------------------------------


def test_summary_has_exactly_the_names_of_the_contract(connection: Connection) -> None:
    result = summarise(connection, ALL, CohortFilter(), DEFAULT_RULES).as_json()
    share = {"events", "n", "share", "low", "high", "method"}
    curve = {"n", "events", "median", "low", "high", "curve"}
    assert list(result) == [
        "definitions", "cohort", "response", "remission", "worse", "end_of_induction_days", "reliable_change", "onset",
        "duration", "durability", "occupancy", "days_in_response", "states", "states_after_induction", "fade",
        "fade_model", "interval_finder", "side_effects",
    ]  # fmt: skip
    assert set(result["definitions"]) == {"version", "rules", "instrument"}
    ways = {"ever", "last", "end_of_induction", "end_of_induction_all_treated"}
    assert set(result["response"]) == set(result["remission"]) == ways
    assert set(result["worse"]) == {"last", "end_of_induction"}
    assert all(set(p) == share for kind in ("response", "remission", "worse") for p in result[kind].values())
    assert set(result["end_of_induction_days"]) == {"n", "median", "low", "high"}
    assert set(result["reliable_change"]) == {"last", "end_of_induction"}
    assert set(result["reliable_change"]["last"]) == {"recovered", "improved", "no_change", "deteriorated"}
    assert set(result["onset"]) == {"kaplan_meier", "turnbull", "sessions_kaplan_meier"}
    medians, rows = (
        {"median", "median_days", "median_low", "median_high", "curve"},
        {"days", "at_risk", "share", "low", "high"},
    )
    assert set(result["onset"]["turnbull"]) == {"mass", "log_likelihood", *medians}
    assert set(result["durability"]["turnbull"]) == {"from_days", "n", "events", *medians}
    for between in (result["onset"]["turnbull"], result["durability"]["turnbull"]):
        assert set(between["curve"][0]) == rows
    assert set(result["duration"]) == {"kaplan_meier"}
    assert set(result["durability"]) == {"turnbull", "kaplan_meier", "aalen_johansen"}
    states = {f"{state}{end}" for state in ("loss", "retreated", "in_response") for end in ("", "_low", "_high")}
    assert set(result["durability"]["aalen_johansen"][0]) == {"days", "at_risk", *states}
    for of in (result["onset"]["kaplan_meier"], result["durability"]["kaplan_meier"]):
        assert set(of) == curve
        assert set(of["curve"][0]) == {"days", "at_risk", "events", "censored", "survival", "low", "high"}
    assert set(result["occupancy"][0]) == {"day", "response", "partial", "none", "not_measured", "going_on", "left"}
    ends = {f"{state}{end}" for state in ("response", "partial", "none") for end in ("", "_low", "_high")}
    assert set(result["states"][0]) == set(result["states_after_induction"][0]) == {"day", "at_risk", *ends}
    assert {tuple(row) for row in result["days_in_response"]} == {("of_days", "from", "mean", "low", "high", "n")}
    assert set(result["fade"][0]) == {"from_days", "to_days", "scores", "patients", "mean", "low", "high", "median"}
    model = ("patients_with_three_scores every_nth_patient patients courses scores from_session after_session lost "
             "half_life spread curve observed")  # fmt: skip
    assert list(result["fade_model"]) == model.split()
    assert set(result["fade_model"]["curve"][0]) == {"days", "improvement", "low", "high"}
    assert set(result["side_effects"]) == {"patients_asked", "sessions_asked", "per_patient", "per_session", "vitals"}
    assert set(result["side_effects"]["per_session"][0]) == {"term", *share}


def test_summary_is_plain_json(connection: Connection) -> None:
    for chosen in FILTERS:
        result = summarise(connection, ALL, chosen, DEFAULT_RULES).as_json()
        assert json.loads(json.dumps(result, allow_nan=False))["cohort"]["where"] == chosen.where()


def test_a_cohort_of_nobody_has_shares_of_none(connection: Connection) -> None:
    nobody = CohortFilter(clinic=("there is no such clinic",))
    result = summarise(connection, ALL, nobody, DEFAULT_RULES).as_json()
    assert result["cohort"]["courses"] == 0
    assert result["response"]["ever"]["share"] is None
    assert result["onset"]["kaplan_meier"]["curve"] == []
    assert result["occupancy"] == []
    assert result["durability"]["aalen_johansen"] == []
    json.dumps(result, allow_nan=False)


def test_a_scope_sees_its_own_clinics_and_no_others(connection: Connection) -> None:
    whole = summarise(connection, ALL, CohortFilter(), DEFAULT_RULES).as_json()["cohort"]["courses"]
    names = sorted(_frame(connection, "patients")["clinic"].unique())
    parts = [
        summarise(connection, Scope(frozenset([name])), CohortFilter(), DEFAULT_RULES).as_json()["cohort"]["courses"]
        for name in names
    ]
    assert len(names) == 3
    assert sum(parts) == whole
    assert summarise(connection, Scope(), CohortFilter(), DEFAULT_RULES).as_json()["cohort"]["courses"] == 0
    other = CohortFilter(clinic=(names[0],))
    assert summarise(connection, Scope(frozenset([names[1]])), other, DEFAULT_RULES).as_json()["cohort"]["courses"] == 0


@pytest.mark.parametrize("by", ["route", "clinic", "diagnosis", "condition", "phase", "first_session_year"])
def test_groups_are_the_cohort_narrowed_to_each_value_present(connection: Connection, by: str) -> None:
    found = groups(connection, ALL, CohortFilter(), by)
    assert len(found) > 1
    assert all(part == CohortFilter().with_values(by, (value,)) for value, part in found.items())
    if by in ("route", "clinic"):
        whole = summarise(connection, ALL, CohortFilter(), DEFAULT_RULES).funnel.courses
        parts = [summarise(connection, ALL, part, DEFAULT_RULES).funnel.courses for part in found.values()]
        assert sum(parts) == whole
        assert all(parts)


def test_groups_of_an_unknown_key_name_the_keys(connection: Connection) -> None:
    with pytest.raises(ValueError, match="it is one of clinic, drug"):
        groups(connection, ALL, CohortFilter(), "weather")


def test_curves_are_tested_between_disjoint_groups_alone(connection: Connection) -> None:
    found = curve_tests(connection, ALL, CohortFilter(), "route")
    for test in (found.onset, found.durability):
        assert test is not None
        assert test.p_value is not None
        assert 0 <= test.p_value <= 1
    assert curve_tests(connection, ALL, CohortFilter(), "condition").onset is None


def test_curves_are_tested_by_patient(connection: Connection) -> None:
    routes = list(groups(connection, ALL, CohortFilter(), "route"))
    outcomes = _outcomes(connection, CohortFilter())
    by_route = _matching(connection, CohortFilter())[["patient_id", "course", "route"]]
    outcomes = outcomes.merge(by_route[by_route["route"].notna()], on=["patient_id", "course"])
    outcomes["group"] = outcomes["route"].map(routes.index)
    ill = outcomes[outcomes["evaluable"] == 1]
    seen = ill["onset_right"].fillna(ill["onset_left"]), ill["onset_right"].notna()
    held = outcomes[outcomes["durability_days"].notna()]
    lasted = _loss_midway(held), held["durability_end"] == "loss"
    found = curve_tests(connection, ALL, CohortFilter(), "route")
    for test, expected in (
        (found.onset, log_rank(*seen, ill["group"], patients=ill["patient_id"])),
        (found.durability, log_rank(*lasted, held["group"], held["durability_entry_days"], held["patient_id"])),
    ):
        assert test is not None
        assert test.statistic == pytest.approx(expected.statistic, rel=1e-9)
        assert (test.degrees, test.observed) == (expected.degrees, expected.observed)


def test_an_instrument_without_a_remission_cut_off_has_no_remission(connection: Connection) -> None:
    result: dict[str, Any] = summarise(connection, ALL, CohortFilter("peg"), DEFAULT_RULES).as_json()
    assert all(share["share"] is None for share in result["remission"].values())
    assert result["response"]["end_of_induction_all_treated"]["n"] > 0
