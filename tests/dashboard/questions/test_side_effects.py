"""How often, when and with what side effects occur: in words, drawn and compared, right at every n."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go
import pytest

from dashboard.exports.document import with_marks
from dashboard.questions import side_effects as shown
from dashboard.questions.view import Group
from data_models.definitions.vocabulary import SOURCE_SIDE_EFFECTS
from data_models.outcomes.proportions import Proportion
from data_models.questions.side_effects import EffectGroup, EffectRate, SideEffects
from tests.dashboard.questions.conftest import effects

HIDDEN = Proportion(None, 60, None, None, None, "clustered")


def group(name: str, answer: SideEffects) -> Group[SideEffects]:
    return Group(name, "iv", "circle", "solid", answer)


@pytest.mark.parametrize(
    "answer, said",
    [
        (effects(0, 0), "Side effects were not asked about in any session here; that is not the same as none."),
        (effects(9, 20, nausea=(0, 0)), "None was reported by 9 patients in 20 sessions in which they were asked."),
        (
            effects(280, 2400, nausea=(30, 90), dissociation=(160, 800)),
            "The most frequent is dissociation: 57% (160 of 280, 95% interval 51 to 63%) of patients asked, and 33% of "
            "2,400 sessions (95% interval 31 to 35%).",
        ),
        (
            replace(effects(9, 20), patients_asked=None),
            "Fewer than 11 patients or sessions in which side effects were asked about: too few to show.",
        ),
        (
            replace(effects(60, 60), effects=(EffectRate("nausea", HIDDEN, HIDDEN),)),
            "Each was reported by fewer than 11 of 60 patients who were asked, or by nobody.",
        ),
    ],
)
def test_how_often_in_words(answer: SideEffects, said: str) -> None:
    assert shown.words(answer) == said


def test_first_and_later_sessions_in_words() -> None:
    groups = [
        EffectGroup("1", effects(20, 20, nausea=(10, 10))),
        EffectGroup("2", effects(20, 20, nausea=(5, 5))),
        EffectGroup("3", effects(4, 4, nausea=(4, 4))),
    ]
    assert shown.words_by_number(groups) == (
        "Any side effect: 50% (10 of 20, 95% interval 30 to 70%) of sessions number 1, and 25% (5 of 20, 95% interval "
        "11 to 47%) of sessions number 2."
    )
    assert shown.words_by_number(groups[2:]).startswith("No session number has enough sessions")


def test_of_many_groups_the_most_and_the_fewest_are_said() -> None:
    groups = [group(name, effects(20, 20, nausea=(n, n))) for name, n in (("A", 2), ("B", 8), ("C", 4), ("D", 6))]
    assert shown.words_by_group(groups[:2]).startswith("Any side effect, by session: B 40% (8 of 20")
    assert "; A 10% (2 of 20" in shown.words_by_group(groups[:2])
    assert shown.words_by_group(groups).startswith("Any side effect, most and fewest by session: B 40%")
    assert "C" not in shown.words_by_group(groups)
    assert shown.words_by_group([group("A", effects(4, 4))]).startswith("No group has enough sessions")


def test_terms_are_ordered_by_all_groups_together() -> None:
    few, many = effects(10, 10, nausea=(9, 9), headache=(0, 0)), effects(1000, 1000, nausea=(10, 10), headache=(90, 90))
    assert shown.most_frequent([few, many]) == ["headache", "nausea"]
    assert shown.most_frequent([]) == []


def test_the_seven_of_the_source_always_have_a_row() -> None:
    assert "headache" in SOURCE_SIDE_EFFECTS
    assert shown.most_frequent([effects(50, 50, headache=(0, 0), vomiting=(0, 0))]) == ["headache"]


def test_every_term_stands_in_the_table_and_the_most_frequent_are_drawn() -> None:
    answer = effects(200, 2000, **{term: (90 - 10 * i, 190 - 10 * i) for i, term in enumerate(SOURCE_SIDE_EFFECTS)},
                     dissociation=(150, 900), sedation=(2, 2), dizziness=(1, 1))  # fmt: skip
    view, cost = shown.view(answer), shown.cost(answer)
    for one, drawn in ((view, 10), (cost, 9)):
        assert one.figure is not None
        go.Figure(one.figure)
        assert [len(trace["x"]) for trace in one.figure["data"]] == [drawn, drawn]
        assert one.table is not None
        assert [row["per"] for row in one.table.rows] == [
            "patients",
            "sessions",
            *["patients"] * 10,
            *["sessions"] * 10,
        ]
        assert [(row["term"], row["n"]) for row in one.table.rows[:2]] == [
            ("Asked at all", 200),
            ("Asked at all", 2000),
        ]
    assert (cost.name, cost.question, cost.sentence) == ("cost", "At what cost?", view.sentence)
    assert view.table is not None
    assert view.table.rows[2]["events"] == 90


def test_sessions_by_number_are_drawn_from_five_on_and_the_last_together_stand_in_the_table() -> None:
    whole = effects(60, 60, nausea=(30, 30), headache=(9, 9))
    groups = [
        EffectGroup("1", effects(30, 30, nausea=(20, 20))),
        EffectGroup("2", effects(4, 4, nausea=(4, 4))),
        EffectGroup("13+", effects(26, 26, nausea=(6, 6))),
    ]
    view = shown.by_number(groups, whole)
    assert view.figure is not None
    go.Figure(view.figure)
    assert [trace["x"] for trace in view.figure["data"]] == [[1]]
    assert "Later sessions together (13+) are in the table." in view.notes
    assert [mark.name for mark in view.legend] == ["Nausea or upset stomach", "Headache"]
    assert view.table is not None
    assert [row["group"] for row in view.table.rows if row["term"] == "Any"] == ["1", "2", "13+"]
    assert shown.by_number([], whole).figure["data"] == []  # type: ignore[index]


def test_a_breakdown_names_its_groups_and_says_nothing_of_nothing() -> None:
    answer = effects(30, 30, nausea=(20, 20))
    found = [EffectGroup("iv", answer), EffectGroup("oral", effects(0, 0)), EffectGroup(None, answer)]
    view = shown.by_group(found, "route", "Route")
    assert view.figure is not None
    go.Figure(view.figure)
    assert [mark.name for mark in view.legend] == ["IV (n 30)", "Not recorded (n 30)"]
    assert view.definition is not None
    assert view.definition.n == "60 sessions asked."
    nothing = shown.by_group([], "route", "Route")
    assert not nothing.notes
    assert nothing.figure is not None
    assert nothing.figure["data"] == []


def test_compared_groups_keep_their_places_and_only_those_asked_have_a_legend() -> None:
    groups = [group("IV", effects(30, 300, nausea=(20, 90))), group("IM", effects(0, 0, nausea=(0, 0)))]
    view = shown.compare(groups, "Route")
    assert view.figure is not None
    go.Figure(view.figure)
    assert [len(trace["x"]) for trace in view.figure["data"]] == [1, 0]
    assert [mark.name for mark in view.legend] == ["IV (n 300)"]
    assert view.sentence.startswith("Nausea or upset stomach, share of sessions: IV 30% (90 of 300")
    assert "IM" not in view.sentence
    assert shown.compare([], "Route").sentence == shown.NOBODY_ASKED


def test_sessions_asked_are_those_of_all_groups_whose_number_is_told() -> None:
    asked = [
        EffectGroup("iv", effects(30, 300, nausea=(20, 90))),
        EffectGroup("im", replace(effects(9, 9), sessions_asked=None)),
    ]
    view = shown.by_group([*asked, EffectGroup("sc", effects(12, 40, nausea=(2, 3)))], "route", "Route")
    assert view.definition is not None
    assert view.definition.n == "340 sessions asked."
    assert view.wide


def test_a_hidden_count_is_neither_drawn_nor_written() -> None:
    answer = replace(effects(60, 60), effects=(EffectRate("nausea", HIDDEN, HIDDEN),))
    for view in (shown.view(answer), shown.compare([group("IV", answer)], "Route")):
        assert view.figure is not None
        go.Figure(view.figure)
        assert not any(trace["x"] for trace in view.figure["data"])
        assert view.table is not None
        assert next(row["events"] for row in with_marks(view.table).rows if "events" in row) == "<11"
        assert all(row.get("events") is None for row in view.table.rows)
