"""How the fade is told, drawn and compared: right at every n, and a fading is said of the model's curve alone."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go
import pytest

from dashboard.questions import fade as shown
from dashboard.questions.view import Group
from data_models.definitions.filters import CohortFilter
from data_models.outcomes.fade import FadeBin, ObservedBin
from data_models.outcomes.fade_model import FadeCurve, FadePoint
from data_models.outcomes.proportions import Mean
from data_models.questions.fade import Fade


def seen(start: float, mean: float | None, scores: int | None = 20, after: float | None = None) -> ObservedBin:
    low, high = (None, None) if mean is None else (mean - 0.1, mean + 0.1)
    return ObservedBin(start, start + 2, Mean(scores, scores, mean, low, high), after)


def curve(last: int = 28, start: float = 0.6, slope: float = 0.01, first: int = 0) -> FadeCurve:
    """A straight line; the fall by its last day is told of as certain."""
    heights = {float(day): start - slope * day for day in range(first, last + 1)}
    points = [FadePoint(day, y, y - 0.05, y + 0.05) for day, y in heights.items()]
    after = points[max(1 - first, 0)]
    fall = after.improvement - points[-1].improvement
    lost = FadePoint(float(last), fall, fall - 0.04, fall + 0.04)
    return FadeCurve(tuple(points), 6, after, lost, None, None, None, 500, 60, 61, 0.1, 0.03, 0.3)


BY_DAY_28 = "by day 28 it is 32% (95% interval 27 to 37%), more than half of that."
NOTHING = "No span of days after sessions has 5 scores, so the fading cannot be told."
HALVED = replace(curve(), half_life=23.0, half_life_low=17.25, half_life_high=31.0)


@pytest.mark.parametrize(
    "found, said",
    [
        (
            HALVED,
            "A day after a session (the sixth of a course or a later one), the average patient's improvement over the "
            "baseline is 59% (95% interval 54 to 64%); half of that is gone 23 days after the session (95% interval "
            "17 to 31 days).",
        ),
        (replace(HALVED, half_life_high=None), "after the session (95% interval 17 days to not reached)."),
        (curve(), f"is 59% (95% interval 54 to 64%); {BY_DAY_28}"),
        (
            curve(slope=0.0001),
            "by day 28 it is 60% (95% interval 55 to 65%), and no fading can be told from chance.",
        ),
        (curve(start=0.04, slope=0.001), "is 3.9% (95% interval −1.1 to 8.9%): it cannot be told from none."),
        (
            replace(curve(first=3), settled_from=1),
            "3 days after a session, the average patient's improvement over the baseline is 57% (95% interval 52 to "
            f"62%); {BY_DAY_28}",
        ),
    ],
)
def test_the_curve_in_words(found: FadeCurve, said: str) -> None:
    words = shown.words(Fade((), found))
    assert words.endswith(said) or words == said, words


def test_means_of_other_people_are_never_called_a_fading() -> None:
    # The case: dots fall to nothing after ten days, as those who do well are not scored any more.
    fallen = (seen(1, 0.6), seen(5, 0.3), seen(10, 0.0))
    without = shown.words(Fade((), None, fallen, enough=7))
    assert without == (
        "1 to 3 days after a session, improvement over the baseline averages 60% (95% interval 50 to 70%, 20 scores), "
        "and 10 to 12 days after it 0%, in other people (95% interval −10 to 10%, 20 scores); 7 patients have three "
        "scores after sessions, too few to tell how it fades."
    )
    assert shown.words(Fade((), curve(), fallen)) == shown.words(Fade((), curve())), "the dots change no word"


@pytest.mark.parametrize(
    "found, said",
    [
        (Fade(()), NOTHING),
        (Fade((), None, (seen(0, 0.5, 4),)), NOTHING),
        (
            Fade((), None, (seen(0, 0.5, 5),), enough=1),
            "Within 2 days of a session, improvement over the baseline averages 50% (95% interval 40 to 60%, 5 "
            "scores); 1 patient has three scores after sessions, too few to tell how it fades.",
        ),
        (
            Fade((), None, (seen(0, 0.5),), enough=None),
            "Within 2 days of a session, improvement over the baseline averages 50% (95% interval 40 to 60%, 20 "
            "scores); fewer than 11 patients have three scores after sessions, too few to tell how it fades.",
        ),
    ],
)
def test_few_scores_in_words(found: Fade, said: str) -> None:
    assert shown.words(found) == said


def test_who_is_in_the_late_dots_is_said() -> None:
    def notes(after: float) -> str:
        found = Fade((), curve(), (seen(1, 0.6, after=0.6), seen(20, 0.5, after=after), seen(24, 0.5, 4)))
        return " ".join(shown.view(found, CohortFilter()).notes)

    assert "those scored 20 to 22 days after a session do better than others (72% a day after it, the average" in notes(
        0.72
    )
    assert "do worse than others (40%" in notes(0.4)
    assert "do as others (60%" in notes(0.6)
    assert "1 span with fewer than 5 scores is not drawn." in notes(0.6)
    part = shown.view(Fade((), curve(), every=3), CohortFilter())
    assert part.notes == ["Worked out from one patient in 3.", shown.OTHER_CAUSES]


def test_the_curve_is_drawn_with_its_band_and_the_dots_behind_it_as_large_as_their_patients() -> None:
    found = Fade((), curve(), (seen(1, 0.6, 80), seen(3, 0.5, 5), seen(9, 0.5, 20), seen(60, 0.1)))
    view = shown.view(found, CohortFilter())
    assert view.figure is not None
    go.Figure(view.figure)
    dots, _, band, line = view.figure["data"]
    assert band["fill"] == "tonexty"
    assert line["x"] == list(range(29))
    assert view.figure["layout"]["xaxis"]["range"] == [-0.8, 28.8]
    assert dots["x"] == [2, 4, 10], "a dot beyond the curve is in the table alone"
    assert dots["text"] == ["80", "", "20"], "numbers do not run into each other"
    assert dots["marker"]["size"] == pytest.approx([14, 5 + 9 / 4, 9.5])
    assert view.table is not None
    assert [row["model"] for row in view.table.rows] == pytest.approx([0.58, 0.56, 0.5, None])
    assert view.table.rows[3]["mean"] == 0.1


def test_without_a_model_the_dots_stand_alone_with_their_intervals() -> None:
    view = shown.view(Fade((), None, (seen(1, 0.6), seen(60, 0.3)), enough=3), CohortFilter())
    assert view.figure is not None
    go.Figure(view.figure)
    (dots,) = view.figure["data"]
    assert dots["error_y"]["array"] == pytest.approx([0.1, 0.1])
    assert dots["error_y"]["arrayminus"] == pytest.approx([0.1, 0.1])
    open_ended = replace(alone := seen(60, 0.3), improvement=replace(alone.improvement, low=None, high=None))
    bars = shown.draw(Fade((), None, (seen(1, 0.6), open_ended), enough=3))["data"][0]["error_y"]
    assert (bars["array"][1], bars["arrayminus"][1]) == (0, 0)
    assert shown.draw(Fade((), None, (seen(0, 0.5, 4),)))["data"] == []


def test_files_have_the_model_what_was_seen_and_the_change() -> None:
    point = FadePoint(1.0, 0.6, 0.5, 0.7)
    change = FadeBin(1, 2, Mean(20, 12, -4.0, -5.0, -3.0), -4.5)
    curve = FadeCurve((point,), 6, point, point, None, None, None, 300, 40, 41, 0.1, 0.03, 0.3)
    model, observed, changes = shown.tables(Fade((change,), curve, (seen(1, 0.6, 20, 0.7),), enough=40))
    assert [(row["days"], row["improvement"], row["low"], row["high"]) for row in model.rows] == [(1.0, 0.6, 0.5, 0.7)]
    assert [(row["from_days"], row["to_days"], row["mean"]) for row in observed.rows] == [(1, 3, 0.6)]
    assert [(row["mean"], row["low"], row["high"], row["median"]) for row in changes.rows] == [(-4.0, -5.0, -3.0, -4.5)]


def test_groups_are_told_drawn_and_counted() -> None:
    def group(name: str, found: Fade) -> Group[Fade]:
        return Group(name, "iv", "circle", "solid", found)

    groups = [
        group("IV", Fade((), HALVED, (seen(1, 0.6),))),
        group("IM", Fade((), curve(20))),
        group("oral", Fade((), None, (seen(1, 0.4),), enough=12)),
        group("SC", Fade((), None, (), enough=None)),
    ]
    view = shown.compare(groups, "Route", "So.")
    assert view.sentence == (
        "IV 59% a day after a session, half of that gone 23 days after it (95% interval 17 to 31 days); "
        "IM 59% a day after a session and 40% on day 20; "
        "oral too few scores (12 of the 20 patients with three scores that it takes); "
        "SC too few scores (fewer than 11 of the 20 patients with three scores that it takes)."
    )
    go.Figure(view.figure)
    assert [mark.name for mark in view.legend] == ["IV (60 patients)", "IM (60 patients)"]
    assert view.table is not None
    assert [(row["group"], row["mean"]) for row in view.table.rows] == [("IV", 0.6), ("oral", 0.4)]
    assert shown.draw_groups(groups[2:])["data"] == []
    assert shown.words_of_groups([]) == "No group has a score after a session."
