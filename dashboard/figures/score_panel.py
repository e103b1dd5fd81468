"""The score strip of a trajectory: one instrument's scores in one course, against bands and cut-offs."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.figures.base import Figure
from dashboard.figures.panel import Panel
from dashboard.theme import colour
from dashboard.words.numbers import days, mark, moment, number, percent
from dashboard.words.scales import above_minimum
from data_models.definitions.instruments import INSTRUMENTS, ITEM9_MAXIMUM, Instrument
from data_models.definitions.rules import OutcomeRules
from data_models.questions.patient import PatientOutcome, PatientScore, PatientSession

# A line between two scores further apart than this would claim what nobody measured.
LINE_GAP_DAYS = 30.0
# A score's state (score_facts.state) in words and in its colour.
STATES = {2: ("response", "response"), 1: ("partial response", "partial"), 0: ("no response", "none")}


def score_ceiling(scale: Instrument, highest: float) -> float:
    """Upper end of a score axis: the scores with room above, never less than the moderate cut-off's band."""
    low = scale.minimum
    return min(scale.maximum, low + max((highest - low) * 1.15, (scale.moderate - low) * 1.4))


def broken_line(
    days: Sequence[float], values: Sequence[float], gap: float = LINE_GAP_DAYS
) -> tuple[list[float | None], list[float | None]]:
    """Points of a line with a None between two that lie more than `gap` days apart."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for day, value in zip(days, values, strict=True):
        last = next((x for x in reversed(xs) if x is not None), None)
        if last is not None and day - last > gap:
            xs.append(None)
            ys.append(None)
        xs.append(day)
        ys.append(value)
    return xs, ys


def score_hover(score: PatientScore, scale: Instrument, baseline: float | None) -> str:
    """Everything known about one score, line by line."""
    lines = [f"<b>{scale.name} {number(score.score)}</b> ({scale.band(score.score)}) {moment(score.days)}"]
    if score.improvement is not None and score.state is not None and baseline is not None:
        direction = "below" if score.score <= baseline else "above"
        lines.append(
            f"{percent(abs(score.improvement), down=True)} {direction} the baseline of {number(baseline)}"
            f"{above_minimum(scale)}: {STATES[score.state][0]}"
        )
    if score.since_session_days is not None:
        lines.append(f"{days(score.since_session_days)} after the latest session")
    if score.recall:
        lines.append(f"Hollow: {scale.name} asks about the last {scale.recall_days} days,<br>past the latest session")
    if score.item9 is not None:
        lines.append(f"Item 9: {score.item9} of {ITEM9_MAXIMUM}")
    return "<br>".join(lines)


def score_panel(
    scores: Sequence[PatientScore],
    sessions: Sequence[PatientSession],
    outcome: PatientOutcome | None,
    instrument: str,
    rules: OutcomeRules,
    *,
    ceiling: float,
    height: int = 250,
) -> Panel:
    """Scores of one instrument in one course, in time order: bands, response and remission lines, a marker a score."""
    scale = INSTRUMENTS[instrument]
    baseline = None if outcome is None else outcome.baseline
    panel = Panel(f"{scale.name} ({scale.range}, {scale.better} is better)", height, {})
    _bands(panel, scale, ceiling)
    panel.traces.append(_session_hairlines(sessions, scale.minimum, ceiling))
    days = [score.days for score in scores]
    values = [score.score for score in scores]
    xs, ys = broken_line(days, values)
    panel.traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": xs,
            "y": ys,
            "connectgaps": False,
            "hoverinfo": "skip",
            "line": {"color": colour("left"), "width": 1.75},
            "name": f"{scale.name} line",
        }
    )
    colors = [_state_colour(score.state) for score in scores]
    panel.traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": days,
            "y": values,
            "name": scale.name,
            "text": [score_hover(score, scale, baseline) for score in scores],
            "hovertemplate": "%{text}<extra></extra>",
            # A hollow marker is a ring in its state's colour with the same outer size as a full one.
            "marker": {
                "symbol": ["circle-open" if score.recall else "circle" for score in scores],
                "size": 9,
                "color": colors,
                "line": {"width": 2, "color": colors},
            },
        }
    )
    lines = []
    if baseline is not None and baseline > scale.minimum:
        lines.append(("response", scale.improved_to(baseline, rules.response_improvement), "response"))
    cutoff = rules.remission_cutoff(instrument)
    if cutoff is not None:
        lines.append(("remission", cutoff, "remission"))
    _cutoff_lines(panel, lines, ceiling - scale.minimum, height)
    _events(panel, outcome, scores)
    ticks = [scale.minimum, *(band.upper for band in scale.bands if band.upper < ceiling)]
    if scale.maximum <= ceiling:
        ticks.append(scale.maximum)
    panel.axis = {
        "range": [scale.minimum - 0.03 * (ceiling - scale.minimum), ceiling],
        "tickvals": ticks,
        "ticktext": [number(t) for t in ticks],
        "showgrid": False,
        "zeroline": False,
    }
    return panel


def _state_colour(state: int | None) -> str:
    """Colour of a score by its state; quiet where it has none (baseline and before)."""
    return colour("muted" if state is None else STATES[state][1])


def _band_colour(index: int, bands: int) -> str:
    """Shade of a severity band: five shades spread over the scale's bands, mildest lightest."""
    return colour(f"band_{1 + round(index * 4 / max(1, bands - 1))}")


def _bands(panel: Panel, scale: Instrument, ceiling: float) -> None:
    """Severity bands as ever darker strips, their names in the left margin."""
    lower = scale.minimum
    for index, band in enumerate(scale.bands):
        if lower >= ceiling:
            break
        upper = min(band.upper, ceiling)
        strip = {"type": "rect", "xref": "domain", "x0": 0, "x1": 1, "y0": lower, "y1": upper, "layer": "below"}
        strip |= {"line": {"width": 0}, "fillcolor": _band_colour(index, len(scale.bands))}
        panel.shapes.append(strip)
        if (upper - lower) / (ceiling - scale.minimum) > 0.06:
            note = {"xref": "domain", "x": 0, "xshift": -24, "xanchor": "right", "y": (lower + upper) / 2}
            note |= {"text": band.name.replace(" ", "<br>"), "font": {"size": 10, "color": colour("muted")}}
            panel.notes.append(note | {"showarrow": False, "align": "right", "name": "band"})
        lower = upper


def _session_hairlines(sessions: Sequence[PatientSession], floor: float, ceiling: float) -> Figure:
    """A hairline up the score panel at each session, so that scores are read against sessions."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for session in sessions:
        xs += [session.days, session.days, None]
        ys += [floor, ceiling, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs,
        "y": ys,
        "hoverinfo": "skip",
        "name": "sessions",
        "line": {"color": colour("axis"), "width": 1},
        "opacity": 0.55,
    }


def _cutoff_lines(panel: Panel, lines: list[tuple[str, float, str]], span: float, height: int) -> None:
    """Response and remission lines, named in the right margin, names kept apart from each other."""
    clearance = 30 / height * span  # two lines of text, in score points
    placed: list[float] = []
    for name, value, color in sorted(lines, key=lambda line: line[1]):
        line = {"type": "line", "xref": "domain", "x0": 0, "x1": 1, "y0": value, "y1": value, "layer": "below"}
        panel.shapes.append(line | {"line": {"color": colour(color), "width": 1.25, "dash": "dash"}, "name": name})
        y = max([value, *(other + clearance for other in placed)])
        placed.append(y)
        note = {"xref": "domain", "x": 1, "xshift": 4, "xanchor": "left", "y": y, "showarrow": False, "align": "left"}
        text = f"{name}<br>≤ {number(value)}"
        panel.notes.append(note | {"text": text, "font": {"size": 10, "color": colour(color)}, "name": name})


def _events(panel: Panel, outcome: PatientOutcome | None, scores: Sequence[PatientScore]) -> None:
    """Name the score at which response was first seen, and the ones at which it was lost."""
    if outcome is None or outcome.response is None or not scores:
        return
    first, last = scores[0].days, scores[-1].days

    def early_at(day: float) -> bool:
        return day - first < 0.3 * (last - first)

    response, durability = outcome.response, outcome.durability
    found = [("response", response.right, 30, -40)]
    if response.loss is not None:
        lost = response.loss[1]
        # To the left of its score, where the line comes from below; near the left edge to the right and above.
        found.append(("lost", lost, 30, -72) if early_at(lost) else ("lost", lost, -26, -40))
        # It came back by the end of induction, and was lost once more; low, where the first loss is named above.
        if durability is not None and durability.end == "loss" and outcome.last_induction_days is not None:
            again = outcome.last_induction_days + durability.days
            if again > lost + 1e-6:
                found.append(("lost", again, 44 if early_at(again) else -26, -14))
    for name, day, aside, above in found:
        near = min(scores, key=lambda score: abs(score.days - day))
        note: Figure = {"x": near.days, "y": near.score, "ax": aside, "ay": above, "standoff": 6}
        note |= {"text": f"{name}, {mark(day)}", "showarrow": True, "arrowwidth": 1}
        note |= {"arrowhead": 0, "arrowcolor": colour("muted"), "font": {"size": 11}, "name": f"{name} seen"}
        panel.notes.append(note | {"xanchor": "left" if aside > 0 else "right"})
