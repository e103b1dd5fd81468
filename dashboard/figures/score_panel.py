"""The score strip of a trajectory: one instrument's scores in one course, against bands and cut-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.figures.base import Figure
from dashboard.figures.panel import Panel, Rows
from dashboard.theme import colour
from dashboard.words import numbers
from dashboard.words import patient as words
from data_models.definitions.instruments import INSTRUMENTS, Instrument
from data_models.definitions.rules import OutcomeRules

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


def score_hover(row: Mapping[str, Any], scale: Instrument, baseline: float | None) -> str:
    """Everything known about one score, line by line."""
    lines = [
        f"<b>{scale.name} {numbers.number(row['score'])}</b> ({scale.band(row['score'])}) {words.moment(row['days'])}"
    ]
    if not words.missing(row["improvement"]) and not words.missing(row["state"]):
        change = row["score"] - (baseline or 0.0)
        direction = "below" if change <= 0 else "above"
        lines.append(
            f"{numbers.percent(abs(row['improvement']), down=True)} {direction} the baseline of "
            f"{numbers.number(baseline or 0)}{words.above_minimum(scale)}: {STATES[int(row['state'])][0]}"
        )
    if not words.missing(row["since_session_days"]):
        lines.append(f"{words.duration(row['since_session_days'])} after the latest session")
    if row["recall"] == 1:
        lines.append(f"Hollow: {scale.name} asks about the last {scale.recall_days} days,<br>past the latest session")
    if not words.missing(row["item9"]):
        lines.append(f"Item 9: {numbers.number(row['item9'])} of 3")
    return "<br>".join(lines)


def score_panel(
    scores: Rows,
    sessions: Rows,
    outcome: Mapping[str, Any] | None,
    instrument: str,
    rules: OutcomeRules,
    *,
    ceiling: float,
    height: int = 250,
) -> Panel:
    """Scores of one instrument in one course: bands, response and remission lines, a marker a score."""
    scale = INSTRUMENTS[instrument]
    baseline = None if outcome is None or words.missing(outcome["baseline"]) else float(outcome["baseline"])
    panel = Panel(f"{scale.name} ({scale.range}, {scale.better} is better)", height, {})
    _bands(panel, scale, ceiling)
    panel.traces.append(_session_hairlines(sessions, scale.minimum, ceiling))
    rows = sorted(scores, key=lambda row: row["days"])
    days = [float(row["days"]) for row in rows]
    values = [float(row["score"]) for row in rows]
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
    colors = [_state_colour(row["state"]) for row in rows]
    panel.traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": days,
            "y": values,
            "name": scale.name,
            "text": [score_hover(row, scale, baseline) for row in rows],
            "hovertemplate": "%{text}<extra></extra>",
            # A hollow marker is a ring in its state's colour with the same outer size as a full one.
            "marker": {
                "symbol": ["circle-open" if row["recall"] == 1 else "circle" for row in rows],
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
    _events(panel, outcome, rows)
    ticks = [scale.minimum, *(band.upper for band in scale.bands if band.upper < ceiling)]
    if scale.maximum <= ceiling:
        ticks.append(scale.maximum)
    panel.axis = {
        "range": [scale.minimum - 0.03 * (ceiling - scale.minimum), ceiling],
        "tickvals": ticks,
        "ticktext": [numbers.number(t) for t in ticks],
        "showgrid": False,
        "zeroline": False,
    }
    return panel


def _state_colour(state: Any) -> str:
    """Colour of a score by its state; quiet where it has none (baseline and before)."""
    return colour("muted" if words.missing(state) else STATES[int(state)][1])


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


def _session_hairlines(sessions: Rows, floor: float, ceiling: float) -> Figure:
    """A hairline up the score panel at each session, so that scores are read against sessions."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for row in sessions:
        xs += [float(row["days"]), float(row["days"]), None]
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
        text = f"{name}<br>≤ {numbers.number(value)}"
        panel.notes.append(note | {"text": text, "font": {"size": 10, "color": colour(color)}, "name": name})


def _events(panel: Panel, outcome: Mapping[str, Any] | None, rows: Rows) -> None:
    """Name the score at which response was first seen, and the ones at which it was lost."""
    if outcome is None or outcome.get("ever_response") != 1:
        return
    first, last = (rows[0]["days"], rows[-1]["days"]) if rows else (0.0, 0.0)

    def early_at(day: float) -> bool:
        return bool(day - first < 0.3 * (last - first))

    found = [("response", outcome["onset_right"], 30, -40)]
    if outcome["duration_event"] == 1:
        # To the left of its score, where the line comes from below; near the left edge to the right and above.
        early = early_at(outcome["loss_right"])
        found.append(("lost", outcome["loss_right"], 30, -72) if early else ("lost", outcome["loss_right"], -26, -40))
        # It came back by the end of induction, and was lost once more; low, where the first loss is named above.
        if outcome.get("durability_end") == "loss" and not words.missing(outcome.get("last_induction_days")):
            again = outcome["last_induction_days"] + outcome["durability_days"]
            if again > outcome["loss_right"] + 1e-6:
                found.append(("lost", again, 44 if early_at(again) else -26, -14))
    for name, day, aside, above in found:
        near = min(rows, key=lambda row: abs(row["days"] - day), default=None)
        if near is None or words.missing(day):
            continue
        note: Figure = {"x": float(near["days"]), "y": float(near["score"]), "ax": aside, "ay": above, "standoff": 6}
        note |= {"text": f"{name}, {words.briefly(day)}", "showarrow": True, "arrowwidth": 1}
        note |= {"arrowhead": 0, "arrowcolor": colour("muted"), "font": {"size": 11}, "name": f"{name} seen"}
        panel.notes.append(note | {"xanchor": "left" if aside > 0 else "right"})
