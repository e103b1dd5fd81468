"""How does this course compare? A course over the band of similar courses: percentiles of their scores by day."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.figures.base import Figure, axis, empty, layout, note
from dashboard.figures.score_panel import broken_line, score_ceiling
from dashboard.questions.view import Column, Definition, Table, View
from dashboard.theme import colour, faint
from dashboard.words.numbers import FEW, days, number, quantity
from data_models.definitions.instruments import INSTRUMENTS
from data_models.definitions.vocabulary import label
from data_models.outcomes.similar_courses import COURSE
from data_models.questions.patient import PatientScore, PatientSession
from data_models.questions.similar_courses import BandBin, SimilarCourses

HEIGHT = 300
ALIGNMENTS = {"course": "first session", "session": "latest session"}
Run = Sequence[tuple[float, float]]  # days and scores, in time order

COLUMNS = (
    Column("day_from", "From day"),
    Column("day_to", "To day"),
    Column("courses", "Courses"),
    Column("p10", "10th"),
    Column("p25", "25th"),
    Column("p50", "Median"),
    Column("p75", "75th"),
    Column("p90", "90th percentile"),
)


def view(band: SimilarCourses, sessions: Sequence[PatientSession], scores: Sequence[PatientScore], course: str) -> View:
    """One course, called `course`, over the band: its sessions and its scores on the band's instrument."""
    runs = runs_of(sessions, scores, band.alignment)
    since, scale = ALIGNMENTS[band.alignment], INSTRUMENTS[band.instrument]
    most = max((one.courses for one in band.bins), default=0)
    return View(
        "context",
        f"How does {course} compare?",
        words(band, scores) if any(day > 0 for run in runs for day, _ in run) else NOTHING,
        draw(band, runs),
        table=Table(
            COLUMNS, [{column.key: getattr(one, column.key) for column in COLUMNS} for one in band.bins], digits=1
        ),
        definition=Definition(
            f"Light band: 10th to 90th percentile, darker band: 25th to 75th, dotted: median of the scores of "
            f"{called(band)} on the {scale.name}, by days since the {since}. Bins with fewer than {FEW} courses are "
            "not drawn.",
            n=f"At most {quantity(most, 'course')} in a bin.",
        ),
        wide=True,
    )


def runs_of(sessions: Sequence[PatientSession], scores: Sequence[PatientScore], alignment: str) -> list[Run]:
    """A course's scores as lines: one from the first session on, or one from each session on."""
    if alignment == COURSE:
        return [[(score.days, score.score) for score in scores]]
    runs: dict[float, list[tuple[float, float]]] = {session.hours: [] for session in sessions}
    for score in scores:
        if score.since_session_days is not None and score.session_hours in runs:
            runs[score.session_hours].append((score.since_session_days, score.score))
    return [run for run in runs.values() if run]


# --- in words ---------------------------------------------------------------------------------------

NOTHING = "This course has no score after its first session to compare."


def called(band: SimilarCourses) -> str:
    """The courses of the band: "IV courses with induction only"."""
    name = label(band.route)
    who = f"{name if name.isupper() else name.lower()} courses" if band.route else "courses without a recorded route"
    if not band.phase:
        return who
    if band.alignment == COURSE:
        return f"{who} with induction only" if band.phase == "induction" else f"{who} with {label(band.phase).lower()}"
    return f"{who} after {label(band.phase).lower()} sessions"


def words(band: SimilarCourses, scores: Sequence[PatientScore]) -> str:
    """Where the latest of a course's scores lies among those of similar courses on that day."""
    latest = next((score for score in reversed(scores) if score.days > 0), None)
    day = None if latest is None else latest.days if band.alignment == COURSE else latest.since_session_days
    if latest is None or day is None:
        return NOTHING
    when = f"{days(day)} after the {ALIGNMENTS[band.alignment]}"
    there = bin_at(band, day)
    if there is None:
        return f"Too few {called(band)} were scored {when} to compare with."
    return (
        f"The latest score, {number(latest.score)}, {when}, lies {place(there, latest.score)} of "
        f"{there.courses:,} {called(band)} scored then (median {number(there.p50)})."
    )


def place(there: BandBin, score: float) -> str:
    """Between which percentiles a score lies."""
    if score == there.p50:
        return "at the median"
    ends = (
        (there.p10, "among the lowest tenth (best)"),
        (there.p25, "between the 10th and the 25th percentile"),
        (there.p50, "between the 25th percentile and the median"),
        (there.p75, "between the median and the 75th percentile"),
        (there.p90, "between the 75th and the 90th percentile"),
    )
    return next((said for end, said in ends if score <= end), "among the highest tenth (worst)")


# --- drawn ------------------------------------------------------------------------------------------


def drawable(band: SimilarCourses) -> list[BandBin]:
    """Bins with enough courses, in time order."""
    return [one for one in band.bins if one.courses >= FEW]


def bin_at(band: SimilarCourses, day: float) -> BandBin | None:
    """The drawable bin that holds `day`; None where there is none."""
    return next((one for one in drawable(band) if one.day_from <= day < one.day_to), None)


def draw(band: SimilarCourses, runs: Sequence[Run]) -> Figure:
    """The band, and a course's scores as lines over it: of several runs the last is a line, the others are dots."""
    scale = INSTRUMENTS[band.instrument]
    bins = drawable(band)
    mine = [point for run in runs for point in run]
    if not bins and not mine:
        return empty("Too few similar courses have a score to draw.", HEIGHT)
    last = max([day for day, _ in mine] or [max(one.day_to for one in bins)])
    low, high = min([0.0, *(day for day, _ in mine)]) - 0.3, last * 1.05 + 1  # no tick where the axes meet
    middles = [one.middle for one in bins]
    edge: Figure = {"type": "scatter", "mode": "lines", "x": middles, "hoverinfo": "skip", "line": {"width": 0}}
    wide = {"fill": "tonexty", "fillcolor": faint("context", 0.28)}
    narrow = {"fill": "tonexty", "fillcolor": faint("context", 0.45)}
    data: list[Figure] = [
        edge | {"y": [one.p10 for one in bins], "name": "p10"},
        edge | {"y": [one.p90 for one in bins], "name": "p90"} | wide,
        edge | {"y": [one.p25 for one in bins], "name": "p25"},
        edge | {"y": [one.p75 for one in bins], "name": "p75"} | narrow,
        {
            "type": "scatter",
            "mode": "lines",
            "x": middles,
            "y": [one.p50 for one in bins],
            "name": "median",
            "line": {"color": colour("muted"), "width": 1.5, "dash": "dot"},
            "text": [
                f"Median {number(one.p50)}, half of courses {number(one.p25)} to {number(one.p75)}<br>"
                f"days {number(one.day_from)} to {number(one.day_to)}, {one.courses:,} courses"
                for one in bins
            ],
            "hovertemplate": "%{text}<extra></extra>",
        },
    ]
    for position, run in enumerate(runs):
        line_x, line_y = broken_line([day for day, _ in run], [score for _, score in run])
        # Earlier sessions are dots; a line each would be a web.
        current = position == len(runs) - 1
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if current else "markers",
                "x": line_x,
                "y": line_y,
                "connectgaps": False,
                "name": "this course",
                "opacity": 1 if current else 0.45,
                "line": {"color": colour("accent"), "width": 2},
                "marker": {"size": 6, "color": colour("accent")},
                "hovertemplate": f"This course: {scale.name} %{{y}} on day %{{x:.1f}}<extra></extra>",
            }
        )
    highest = max([*(score for _, score in mine), *(one.p90 for one in bins)], default=scale.moderate)
    ceiling = score_ceiling(scale, highest)
    made = layout(
        HEIGHT,
        x=axis(f"Days since the {ALIGNMENTS[band.alignment]}", range=[low, high]),
        y=axis(f"{scale.name} ({scale.better} is better)", range=[scale.minimum, ceiling]),
        annotations=_labels(bins, low, high, scale.minimum + 0.1 * (ceiling - scale.minimum)),
    )
    return {"data": data, "layout": made}


def _labels(bins: Sequence[BandBin], low: float, high: float, edge: float) -> list[Figure]:
    """Names of the median and the band, at the last bin inside the axis."""
    inside = [one for one in bins if low <= one.middle <= high]
    if len(inside) < 2:  # a band needs two bins to be seen
        return []
    one = inside[-1]
    # Under a low edge the name would lie on the axis and its numbers.
    under = "bottom" if one.p10 < edge else "top"
    return [
        note("median", one.middle, one.p50, xanchor="right", yanchor="bottom"),
        note("90th", one.middle, one.p90, xanchor="right", yanchor="bottom"),
        note("10th percentile", one.middle, one.p10, xanchor="right", yanchor=under),
    ]
