"""Every card of every kind of sample patient is made, valid, and says nothing like "nan"."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import plotly.graph_objects as go
import pytest
from plotly.utils import PlotlyJSONEncoder
from sqlalchemy import Connection

from dashboard.figures import base
from dashboard.pages.patient import cards
from dashboard.pages.patient import components as parts
from dashboard.pages.patient import page as patient
from dashboard.pages.patient.query import PatientView
from data_models.definitions.filters import CohortFilter
from data_models.definitions.rules import DEFAULT_RULES
from data_models.definitions.scope import Scope
from data_models.questions.patient import PatientHistory
from data_models.questions.patient import patient as ask_patient
from data_models.questions.similar_courses import SimilarCourses, similar_courses
from data_models.questions.worklist import ListedPatient, worklist
from data_models.store import Store
from tests.dashboard.one_patient import session

ALL = Scope.everything()
EVERY = 9  # each ninth patient of the sample, and all with several courses


@pytest.fixture(scope="module")
def connection(sample_database: str) -> Iterator[Connection]:
    store = Store.open(sample_database)
    with store.connect() as connection:
        yield connection
    store.close()


def found(connection: Connection, code: str) -> PatientHistory:
    history = ask_patient(connection, ALL, code)
    assert history is not None
    return history


def listed(connection: Connection, limit: int = 1000, **cohort: Any) -> tuple[ListedPatient, ...]:
    return worklist(connection, ALL, CohortFilter(**cohort), limit=limit).patients


def texts_of(component: Any) -> str:
    """All words of a component tree, figures included."""
    return json.dumps(component.to_plotly_json(), cls=PlotlyJSONEncoder, ensure_ascii=False)


def figures_of(component: Any) -> Iterator[dict[str, Any]]:
    """All figures of a component tree."""
    for one in [component, *component._traverse()]:
        if hasattr(one, "figure"):
            yield one.figure


@pytest.fixture(scope="module")
def band(connection: Connection) -> SimilarCourses:
    return similar_courses(connection, ALL, "phq9", "iv")


@pytest.mark.slow
def test_every_card_of_the_sample_is_made_and_valid(connection, band):
    every = listed(connection)
    assert len(every) >= 300
    for row in (one for place, one in enumerate(every) if place % EVERY == 0 or one.course > 1):
        records = found(connection, row.patient_code)
        scales = records.instruments or ["phq9"]
        query = f"?course=all&instrument={scales[0]}&with={','.join(scales[1:])}"
        view = PatientView.from_query(query, records.instruments, records.courses)
        made = [
            parts.facts(records, view),
            parts.view_bar(records, view),
            cards.trajectory_card(records, view, DEFAULT_RULES),
            cards.between_card(records, view, DEFAULT_RULES),
            cards.intervals_card(records, view, DEFAULT_RULES),
            cards.similar_courses_card(records, view, DEFAULT_RULES, band),
            cards.item9_card(records, view, DEFAULT_RULES),
        ]
        for card in made:
            if card is None:
                continue
            for figure in figures_of(card):
                go.Figure(figure)
                assert {trace["type"] for trace in figure["data"]} <= set(base.TRACE_TYPES)
            words = texts_of(card).replace("None of the list", "")
            assert not re.search(r"\bnan\b|\bNone\b|<NA>", words), f"{row.patient_code}: {card}"


def test_a_course_without_a_score_is_compared_with_those_of_its_own_route(connection, monkeypatch):
    records = found(connection, listed(connection, 1, route=("sublingual",))[0].patient_code)
    unscored = dataclasses.replace(records, scores=(), outcomes=())
    monkeypatch.setattr(patient.data, "ask", lambda query, *rest, **named: query(connection, ALL, *rest, **named))
    monkeypatch.setattr(patient.data, "rules", lambda: DEFAULT_RULES)
    text = texts_of(patient.in_context(unscored, ""))
    assert "scores of sublingual courses with" in text
    assert "without a recorded route" not in text
    assert "This course has no score after its first session to compare." in text
    (figure,) = figures_of(patient.in_context(unscored, ""))
    assert figure["data"], "the band is drawn"


@pytest.mark.parametrize(
    "phases, status, said",
    [
        ("ii", "ended", "1, induction only, ended"),
        ("im", "going_on", "1, induction and maintenance, going on"),
        ("i", "unknown", "1, induction only, end unknown"),
    ],
)
def test_a_course_says_what_it_was_given_and_whether_it_goes_on(phases, status, said):
    names = {"i": "induction", "m": "maintenance"}
    sessions = tuple(session(day, phase=names[p], course_status=status) for day, p in enumerate(phases))
    records = PatientHistory("A1", None, None, "female", "ptsd", None, sessions)
    assert f'"children": "{said}"' in texts_of(parts.facts(records, PatientView.of(records, "")))


@pytest.mark.parametrize(
    "align, phase, who",
    [
        ("course", "induction", "IV courses with induction only"),
        ("course", "maintenance", "IV courses with maintenance"),
        ("session", "induction", "IV courses after induction sessions"),
    ],
)
def test_similar_courses_are_named_by_what_they_were_given(connection, band, align, phase, who):
    records = found(connection, listed(connection, 1, route=("iv",))[0].patient_code)
    view = PatientView.of(records, f"?align={align}")
    same = dataclasses.replace(band, alignment=align, phase=phase)
    text = texts_of(cards.similar_courses_card(records, view, DEFAULT_RULES, same))
    assert f"scores of {who} on the PHQ-9" in text
    assert "in induction" not in text


def test_several_courses_stand_in_a_frame_that_scrolls_and_one_does_not(connection):
    records = found(connection, next(one.patient_code for one in listed(connection) if one.course > 1))
    both = cards.trajectory_card(records, PatientView.of(records, "?course=all"), DEFAULT_RULES)
    (frame,) = [one for one in both._traverse() if getattr(one, "className", None) == "side-by-side"]
    assert (frame.tabIndex, frame.style["--courses"]) == (0, str(len(records.courses)))
    assert len(list(figures_of(frame))) == 1
    alone = cards.trajectory_card(records, PatientView.of(records, "?course=1"), DEFAULT_RULES)
    assert "side-by-side" not in texts_of(alone)


def test_hypertension_is_marked_and_nothing_recorded_is_not_none():
    marked = parts.conditions_fact(("hypertension", "liver"))
    assert [getattr(part, "className", None) for part in marked] == ["fact-alert", None, None]
    assert parts.conditions_fact(()) == "None of the list"
    assert parts.conditions_fact(None) == "Not recorded"


def test_a_state_is_a_word_and_a_shape():
    badge = parts.state_badge("fading")
    assert badge.children[1] == "Fading"
    assert badge.children[0].children == "◐"


def test_a_scale_that_the_patient_never_took_is_said():
    view = PatientView.from_query("?instrument=madrs", ["phq9"], [1])
    (said,) = parts.other_scale("?instrument=madrs", view)
    assert said.children == "This patient has no MADRS score; the PHQ-9 is shown."
    assert parts.other_scale("?instrument=phq9", view) == []
    assert parts.other_scale("?instrument=<b>", view) == []
