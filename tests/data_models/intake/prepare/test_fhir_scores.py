"""FHIR: totals, items and responses become scores; what disagrees or is not whole is named and left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from data_models.definitions.instruments import INSTRUMENTS
from data_models.intake.prepare.fhir.codes import SCALES
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.source import Origin
from data_models.intake.prepare.table_rows import PUBLISHED
from tests.data_models.intake.prepare.fhir_resources import (
    AT,
    LOINC,
    NINE,
    OFTEN,
    PHQ9,
    coded,
    items,
    lost,
    observation,
    often,
    origins,
    read,
    response,
    rows,
    total,
)

SCORE = ("record_number", "time", "instrument", "score", "item9")
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
CO_VALUE = "http://hl7.org/fhir/StructureDefinition/iso21090-CO-value"
DISAGREE = "PHQ-9: the total and its items disagree; neither is taken, correct one of them"


@pytest.mark.parametrize(
    "value",
    [
        {"valueQuantity": {"value": 15, "unit": "{score}", "system": "http://unitsofmeasure.org", "code": "{score}"}},
        {"valueQuantity": {"value": 15.0}},
        {"valueInteger": 15},
        {"valueString": "15"},
        {"valueString": " 15.0 "},
    ],
)
def test_a_total_is_a_quantity_an_integer_or_a_string(tmp_path: Path, value: dict[str, Any]) -> None:
    assert rows(read(tmp_path, observation("44261-6", **value)), "assessments", *SCORE) == [("1", AT, "phq9", "15", "")]


@pytest.mark.parametrize("row", SCALES, ids=lambda row: f"{row.instrument} {row.source}")
def test_each_row_of_codes_makes_totals_and_items(tmp_path: Path, row: Any) -> None:
    for code in row.totals:
        found = read(tmp_path, response({code: {"valueDecimal": 4}}))
        assert rows(found, "assessments", "instrument", "score") == [(row.instrument, "4")]
    if row.items:  # the highest of every item: the highest total
        highest = ITEM_SCALES[row.instrument].highest
        found = read(
            tmp_path, response({code: {"valueInteger": most} for code, most in zip(row.items, highest, strict=True)})
        )
        assert rows(found, "assessments", "score") == [(f"{INSTRUMENTS[row.instrument].maximum:g}",)]


def test_an_instruments_own_code_is_among_the_rows() -> None:
    totals = {(row.instrument, code) for row in SCALES for code in row.totals}
    assert {(one.code, one.loinc) for one in INSTRUMENTS.values() if one.loinc} <= totals


def test_items_without_a_total_add_up_and_item_9_is_its_own(tmp_path: Path) -> None:
    assert rows(read(tmp_path, *items()), "assessments", *SCORE) == [("1", AT, "phq9", "11", "2")]


def test_items_and_a_total_that_agree_are_one_score_at_the_totals_place(tmp_path: Path) -> None:
    found = read(tmp_path, *items(), total(11))
    assert rows(found, "assessments", *SCORE) == [("1", AT, "phq9", "11", "2")]
    assert found.tables["assessments"].origins[0] == Origin("export.ndjson", 10)
    assert found.left_out.lost == 0


def test_items_and_a_total_that_disagree_are_both_named_and_neither_is_taken(tmp_path: Path) -> None:
    found = read(tmp_path, *items(), total(12), total(3, "2026-01-06"))
    assert rows(found, "assessments", "score") == [("3",)]
    assert lost(found) == {DISAGREE: 1}
    assert origins(found, DISAGREE) == [Origin("export.ndjson", 10), Origin("export.ndjson", 9)]


def test_a_missing_item_leaves_no_total_until_the_map_asks_for_the_published_rule(tmp_path: Path) -> None:
    eight = items((1, 2, 1, 0, 3, 1, 1, None, 2))
    found = read(tmp_path, *eight)
    assert rows(found, "assessments", *SCORE) == []
    assert lost(found) == {f"PHQ-9: items are missing, and the total is not there; {PUBLISHED}": 1}
    ruled = read(tmp_path, *eight, items={"missing": "published"})
    assert rows(ruled, "assessments", "score", "item9") == [("12", "2")]  # 11 + 11 / 8 = 12.4
    assert [note.rpartition(": ")[2] for note in ruled.notes] == ["1 times"]


def test_a_total_that_is_the_bare_sum_of_the_answered_items_is_not_taken(tmp_path: Path) -> None:
    found = read(tmp_path, *items((1, 2, 1, 0, 3, 1, 1, None, 2)), total(11))
    assert lost(found) == {f"PHQ-9: items are missing, and the total is their bare sum; {PUBLISHED}": 1}


@pytest.mark.parametrize("points, item9", [(15, 2), (0, 0)])
def test_item_9_beside_a_total_is_told_with_it(tmp_path: Path, points: int, item9: int) -> None:
    found = read(tmp_path, total(points), observation("44260-8", valueCodeableConcept=coded(OFTEN[item9])))
    assert rows(found, "assessments", "score", "item9") == [(str(points), str(item9))]


def test_item_9_above_its_total_is_a_disagreement(tmp_path: Path) -> None:
    found = read(tmp_path, total(1), observation("44260-8", valueInteger=3))
    assert lost(found) == {DISAGREE: 1}


def test_the_two_items_of_a_phq2_are_no_phq9(tmp_path: Path) -> None:
    two = items((1, 2, *(None,) * 7))
    found = read(tmp_path, *two, observation("55758-7", valueInteger=3))
    assert found.left_out.lost == 0
    assert len(found.tables["assessments"]) == 0


@pytest.mark.parametrize(
    "answer, points",
    [
        ({"extension": [{"url": ORDINAL, "valueDecimal": 3}, {"url": CO_VALUE, "valueDecimal": 2}]}, 3),
        ({"extension": [{"url": CO_VALUE, "valueDecimal": 2}, {"url": ORDINAL, "valueDecimal": 3}]}, 3),
        ({"extension": [{"url": CO_VALUE, "valueDecimal": 2}]}, 2),
        ({"extension": [{"url": "http://example.org/other", "valueDecimal": 3}]}, 1),
        ({}, 1),
    ],
)
def test_an_answers_points_are_ordinal_value_then_co_value_then_its_code(
    tmp_path: Path, answer: dict[str, Any], points: int
) -> None:
    first = {"valueCoding": {"system": LOINC, "code": OFTEN[1], **answer}}
    found = read(tmp_path, response({f"/{code}": first if code == PHQ9.items[0] else often(0) for code in PHQ9.items}))
    assert rows(found, "assessments", "score") == [(str(points),)]
    as_concept = observation(PHQ9.items[0], valueCodeableConcept=coded(OFTEN[1], **answer))
    rest = items((None, *(0,) * 8))
    assert rows(read(tmp_path, as_concept, *rest), "assessments", "score") == [(str(points),)]


def test_an_answer_that_is_text_alone_is_no_points(tmp_path: Path) -> None:
    found = read(
        tmp_path, *items((None, *NINE[1:])), observation(PHQ9.items[0], valueCodeableConcept={"text": "Several days"})
    )
    assert len(found.tables["assessments"]) == 0
    assert found.left_out.lost == 2  # the item, and the PHQ-9 without it


def test_a_response_nests_its_items_in_groups_and_has_paths_as_link_ids(tmp_path: Path) -> None:
    inner = [
        {"linkId": f"/44249-1/{code}", "answer": [often(points)]} for code, points in zip(PHQ9.items, NINE, strict=True)
    ]
    found = read(tmp_path, response({}, item=[{"linkId": "/44249-1", "item": [{"linkId": "g", "item": inner}]}]))
    assert rows(found, "assessments", *SCORE) == [("1", AT, "phq9", "11", "2")]


def test_a_response_of_dstu2_has_groups_and_questions(tmp_path: Path) -> None:
    questions = [{"linkId": code, "answer": [often(points)]} for code, points in zip(PHQ9.items, NINE, strict=True)]
    old = response({}, group={"linkId": "root", "group": [{"linkId": "a", "question": questions}]})
    del old["item"]
    assert rows(read(tmp_path, old), "assessments", "score") == [("11",)]


def test_a_question_with_two_answers_is_not_answered(tmp_path: Path) -> None:
    twice = response({code: often(1) for code in PHQ9.items})
    twice["item"][3]["answer"].append(often(2))
    assert len(read(tmp_path, twice).tables["assessments"]) == 0


def test_a_questionnaire_of_the_export_says_what_link_ids_and_local_answers_are(tmp_path: Path) -> None:
    questionnaire = {
        "resourceType": "Questionnaire", "url": "urn:example:mood", "id": "mood",
        "item": [
            {"linkId": f"q{place}", "code": [{"system": LOINC, "code": code}], "answerOption": [
                {"valueCoding": {"code": f"at{points}"}, "extension": [{"url": ORDINAL, "valueDecimal": points}]}
                for points in range(4)
            ]}
            for place, code in enumerate(PHQ9.items)
        ],
    }  # fmt: skip
    answers = {f"q{place}": {"valueCoding": {"code": f"at{points}"}} for place, points in enumerate(NINE)}
    for name in ("urn:example:mood|2.0", "Questionnaire/mood"):
        before = response(answers, questionnaire=name)
        assert rows(read(tmp_path, before, questionnaire), "assessments", "score", "item9") == [("11", "2")]


def test_a_response_may_bring_its_questionnaire_and_answers_with_it(tmp_path: Path) -> None:
    asked = {
        "resourceType": "Questionnaire", "id": "asked", "item": [
            {"linkId": f"H1/Q{place}", "code": [{"code": code}], "answerValueSet": "#often"}
            for place, code in enumerate(PHQ9.items)
        ],
    }  # fmt: skip
    concepts = [{"code": f"a{points}", "extension": [{"url": ORDINAL, "valueDecimal": points}]} for points in range(4)]
    often_set = {"resourceType": "ValueSet", "id": "often", "compose": {"include": [{"concept": concepts}]}}
    answers = {f"H1/Q{place}": {"valueCoding": {"code": f"a{points}"}} for place, points in enumerate(NINE)}
    found = read(tmp_path, response(answers, questionnaire="#asked", contained=[asked, often_set]))
    assert rows(found, "assessments", "score", "item9") == [("11", "2")]


def test_a_response_that_nothing_explains_is_foreign_unless_its_name_is_a_scales(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        response({"a": often(1)}, questionnaire="Questionnaire/diet"),
        response({"a": often(1)}, questionnaire="http://example.org/Questionnaire/PHQ_9"),
    )
    assert lost(found) == {
        "a response whose name is a scale's, with no linkId that a row knows (name it in [fhir] items)": 1,
        "a response to another questionnaire": 1,
    }
    assert found.left_out.lost == 1


def test_what_stands_in_a_response_its_items_and_its_total_is_one_score(tmp_path: Path) -> None:
    behind = {"derivedFrom": [{"reference": "https://example.org/QuestionnaireResponse/r1"}]}
    form = response(
        {code: often(points) for code, points in zip(PHQ9.items, NINE, strict=True)}, id="r1", authored="2026-01-06"
    )
    found = read(tmp_path, form, *items(**behind), total(11, **behind))
    assert rows(found, "assessments", *SCORE) == [("1", AT, "phq9", "11", "2")]  # the time of the Observations


def test_a_total_that_its_response_contradicts_is_left_out(tmp_path: Path) -> None:
    behind = {"derivedFrom": [{"reference": "QuestionnaireResponse/r1"}]}
    form = response(
        {code: often(points) for code, points in zip(PHQ9.items, NINE, strict=True)}, id="r1", authored="2026-01-06"
    )
    assert lost(read(tmp_path, form, total(10, **behind))) == {DISAGREE: 1}


def test_a_panel_holds_members_together_and_lends_them_its_time(tmp_path: Path) -> None:
    members = [
        one | {"id": f"i{place}", "effectiveDateTime": f"2026-01-05T09:00:{place:02}+01:00"}
        for place, one in enumerate(items())
    ]
    del members[4]["effectiveDateTime"]
    panel = observation("44249-1", hasMember=[{"reference": f"Observation/i{place}"} for place in range(9)])
    found = read(tmp_path, *members, panel)
    assert rows(found, "assessments", "score") == [("11",)]
    assert found.left_out.lost == 0


def test_items_may_be_components_of_their_panel(tmp_path: Path) -> None:
    parts = [
        {"code": coded(code), "valueCodeableConcept": coded(OFTEN[points])}
        for code, points in zip(PHQ9.items, NINE, strict=True)
    ]
    found = read(tmp_path, observation("44249-1", component=[*parts, {"code": coded("44261-6"), "valueInteger": 11}]))
    assert rows(found, "assessments", *SCORE) == [("1", AT, "phq9", "11", "2")]


def test_a_code_may_stand_beside_others(tmp_path: Path) -> None:
    several = {"coding": [{"system": "urn:example", "code": "X"}, {"system": LOINC, "code": "44261-6"}]}
    found = read(tmp_path, observation(several, valueInteger=7))
    assert rows(found, "assessments", "score") == [("7",)]


def test_a_loinc_code_of_another_system_is_another_code(tmp_path: Path) -> None:
    assert len(read(tmp_path, observation(coded("44261-6", "urn:local"), valueInteger=7)).tables["assessments"]) == 0


@pytest.mark.parametrize("status", ["registered", "preliminary", "cancelled", "entered-in-error", "unknown"])
def test_a_status_that_is_no_result_counts_nothing(tmp_path: Path, status: str) -> None:
    found = read(
        tmp_path, total(7, status=status), total(8, "2026-01-06", status="amended"), total(9, "2026-01-07", status=None)
    )
    assert rows(found, "assessments", "score") == [("8",), ("9",)]
    assert lost(found) == {f"Observation with the status {status}": 1}


def test_a_status_that_is_none_is_not_repeated(tmp_path: Path) -> None:
    assert lost(read(tmp_path, total(7, status="Jane Doe"))) == {"Observation with a status that FHIR has not": 1}


def test_a_modifier_that_may_turn_the_meaning_round_is_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, total(7, modifierExtension=[{"url": "urn:example:not", "valueBoolean": True}]))
    assert lost(found) == {"Observation with a modifierExtension, which may turn its meaning round": 1}


@pytest.mark.parametrize(
    "when, time",
    [
        ({"effectiveDateTime": "2026-01-05"}, "2026-01-05"),
        ({"effectiveDateTime": "2026-01-05T08:00:00.123Z"}, "2026-01-05T08:00:00.123Z"),
        ({"effectivePeriod": {"start": "2026-01-05T08:00:00Z", "end": "2026-01-05T08:10:00Z"}}, "2026-01-05T08:00:00Z"),
        ({"effectiveInstant": "2026-01-05T08:00:00Z"}, "2026-01-05T08:00:00Z"),
        ({"issued": "2026-01-05T08:00:00Z"}, None),
        ({"effectiveDateTime": "2026-01"}, None),
        ({"effectivePeriod": {"end": "2026-01-05"}}, None),
    ],
)
def test_the_time_is_the_effective_one_as_written_and_never_when_it_was_issued(
    tmp_path: Path, when: dict[str, Any], time: str | None
) -> None:
    one = total(7) | when
    if "effectiveDateTime" not in when:
        del one["effectiveDateTime"]
    found = read(tmp_path, one)
    assert [row[0] for row in rows(found, "assessments", "time")] == ([time] if time else [])
    assert found.left_out.lost == (0 if time else 1)


def test_two_totals_of_one_moment_are_one_where_they_agree(tmp_path: Path) -> None:
    assert len(read(tmp_path, total(7), total(7, "2026-01-05T08:00:00Z")).tables["assessments"]) == 1
    differ = read(tmp_path, total(7), total(8))
    assert lost(differ) == {"PHQ-9: two totals of one assessment differ; neither is taken": 1}


@pytest.mark.parametrize("value", [{"valueString": "moderate"}, {"valueQuantity": {"value": 5, "comparator": "<"}}])
def test_a_total_that_is_no_number_is_left_out(tmp_path: Path, value: dict[str, Any]) -> None:
    found = read(tmp_path, observation("44261-6", **value))
    assert lost(found) == {"PHQ-9: a total that is no number": 1}


def test_an_observation_without_a_value_is_counted(tmp_path: Path) -> None:
    absent = observation("44261-6", dataAbsentReason={"text": "declined"})
    assert lost(read(tmp_path, absent)) == {"an Observation without a value": 1}


def test_a_scale_as_text_or_under_a_local_code_is_told_of_and_not_guessed(tmp_path: Path) -> None:
    local = coded("900", "urn:example", display="PHQ-9 total")
    found = read(
        tmp_path,
        observation({"text": "GAD-7 score"}, valueInteger=7),
        observation(local, valueInteger=7),
        observation("2339-0", valueInteger=90),
    )
    assert lost(found) == {
        "an Observation named as a scale of ours, as text without a code": 1,
        "an Observation named as a scale of ours, under a code that no row has (name it in [fhir] totals)": 1,
        "another kind of Observation": 1,
    }
    assert found.left_out.lost == 2
    named = read(tmp_path, observation(local, valueInteger=7), fhir={"totals": {"900": "phq9"}})
    assert rows(named, "assessments", "score") == [("7",)]


def test_a_code_that_one_system_uses_for_something_else_hides_no_score(tmp_path: Path) -> None:
    local = coded("44261-6", "urn:local", display="Weight")
    ours = coded("1", "urn:b", display="PHQ-9")
    found = read(
        tmp_path,
        *(observation(local, valueInteger=70) for _ in range(2)),
        total(7),
        *(observation(coded("1", "urn:a", display="Height"), valueInteger=170) for _ in range(2)),
        observation(ours, valueInteger=7),
    )
    assert rows(found, "assessments", "score") == [("7",)]
    assert (found.left_out.lost, sum(lost(found).values())) == (1, 5)


def test_a_panels_own_value_is_no_total_unless_the_map_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, observation("44249-1", valueInteger=7))
    assert (len(found.tables["assessments"]), found.left_out.lost) == (0, 1)
    named = read(tmp_path, observation("44249-1", valueInteger=7), fhir={"totals": {"44249-1": "phq9"}})
    assert rows(named, "assessments", "score") == [("7",)]


def test_items_by_codes_of_the_map(tmp_path: Path) -> None:
    own = {f"MOOD_{number}": f"phq9 {number}" for number in range(1, 10)}
    answers = {f"MOOD_{number}": often(points) for number, points in enumerate(NINE, 1)}
    found = read(tmp_path, response(answers), fhir={"items": own})
    assert rows(found, "assessments", "score", "item9") == [("11", "2")]


def test_answer_codes_of_another_scale_mean_nothing(tmp_path: Path) -> None:
    answers = {"MOOD_1": often(2), "MOOD_2": {"valueInteger": 3}}
    found = read(tmp_path, response(answers), fhir={"items": {"MOOD_1": "madrs 1", "MOOD_2": "madrs 2"}})
    unknown = "MADRS: an answer of which no row has the points (name its code in [fhir.answers])"
    assert lost(found)[unknown] == 1


def test_answers_by_codes_of_the_map(tmp_path: Path) -> None:
    answers = {code: {"valueCoding": {"code": f"at{points}"}} for code, points in zip(PHQ9.items, NINE, strict=True)}
    unknown = "PHQ-9: an answer of which no row has the points (name its code in [fhir.answers])"
    assert lost(read(tmp_path, response(answers))) == {unknown: 9}
    known = {"answers": {f"at{points}": points for points in range(4)}}
    assert rows(read(tmp_path, response(answers), fhir=known), "assessments", "score", "item9") == [("11", "2")]


@settings(max_examples=30)
@drawn(st.lists(st.integers(0, 3), min_size=9, max_size=9), st.one_of(st.none(), st.integers(0, 27)))
def test_whatever_the_answers_a_score_is_their_sum_or_there_is_none(
    tmp_path_factory: pytest.TempPathFactory, points: list[int], given: int | None
) -> None:
    place = tmp_path_factory.mktemp("one")
    found = read(place, *items(points), *([total(given)] if given is not None else []))
    agree = given in (None, sum(points))
    assert rows(found, "assessments", "score", "item9") == ([(str(sum(points)), str(points[8]))] if agree else [])
