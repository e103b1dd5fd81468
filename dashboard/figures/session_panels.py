"""The session strips of a trajectory: sessions by route and dose, and what was reported in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.figures.panel import Panel, Rows, lanes
from dashboard.theme import ROUTE_SYMBOLS, colour
from dashboard.words import numbers
from dashboard.words import patient as words
from data_models.definitions.vocabulary import ROUTES, SIDE_EFFECTS, label

SHORT_TERMS = {
    "heart_rate_increased": "heart rate ↑",
    "blood_pressure_increased": "pressure ↑",
    "vision_blurred": "vision blurred",
    "balance_disorder": "imbalance",
}


DoseKey = tuple[str, str, str]  # drug, route and unit, within which doses are compared


def session_panel(sessions: Rows, routes: Sequence[str], largest: Mapping[DoseKey, float]) -> Panel:
    """A lane a route: shape = route, size = dose (share of the largest of the same drug, route and unit)."""
    panel = Panel("Sessions (larger = higher dose)", 20 + 24 * len(routes), lanes([label(route) for route in routes]))
    for lane, route in enumerate(routes):
        given = [row for row in sessions if route_key(row["route"]) == route]
        panel.traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": label(route),
                "x": [float(row["days"]) for row in given],
                "y": [lane] * len(given),
                "text": [session_hover(row) for row in given],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {
                    "symbol": ROUTE_SYMBOLS.get(route, "circle"),
                    "color": colour(route or "left"),
                    "size": [_dose_size(row, largest) for row in given],
                    "opacity": 0.9,
                    # An edge in the paper's colour keeps sessions on neighbouring days apart.
                    "line": {"width": 1, "color": colour("surface")},
                },
            }
        )
    return panel


def route_key(route: Any) -> str:
    """The route's code; "" where it is not recorded."""
    return "" if words.missing(route) else str(route)


def dose_key(row: Mapping[str, Any]) -> DoseKey:
    """What a dose is compared within."""
    return (str(row["drug"]), route_key(row["route"]), str(row["dose_unit"]))


def largest_doses(sessions: Rows) -> dict[DoseKey, float]:
    """The largest dose of each drug, route and unit."""
    found: dict[DoseKey, float] = {}
    for row in sessions:
        if not words.missing(row["dose"]):
            found[dose_key(row)] = max(found.get(dose_key(row), 0.0), float(row["dose"]))
    return found


def routes_of(sessions: Rows) -> list[str]:
    """Routes used, in the order of the vocabulary, those not recorded last."""
    used = {route_key(row["route"]) for row in sessions}
    return [route for route in (*ROUTES, "") if route in used]


def _dose_size(row: Mapping[str, Any], largest: Mapping[DoseKey, float]) -> float:
    top = largest.get(dose_key(row), 0.0)
    share = 0.0 if words.missing(row["dose"]) or top <= 0 else float(row["dose"]) / top
    # Area, not diameter, follows the dose.
    return 6.0 + 10.0 * share**0.5 if share else 7.0


def dose_words(row: Mapping[str, Any]) -> str:
    """ "0.5 mg/kg IV ketamine"."""
    drug, route = label(row["drug"]).lower(), label(row["route"])
    if words.missing(row["dose"]):
        return f"{drug}, {route}, dose not recorded"
    unit = label(row["dose_unit"]) if row["dose_unit"] == "mg_per_kg" else str(row["dose_unit"])
    return f"{row['dose']:g} {unit} {drug}, {route}"


def session_hover(row: Mapping[str, Any]) -> str:
    """Everything known about one session, line by line."""
    lines = [
        f"<b>Session {int(row['number'])}</b>, day {numbers.number(row['days'])}, {row['phase']}",
        dose_words(row),
    ]
    pressure = [("before", "before"), ("highest", "highest")]
    lines += [
        f"{name.capitalize()}: {row[f'systolic_{key}']:.0f}/{row[f'diastolic_{key}']:.0f} mmHg"
        for name, key in pressure
        if not words.missing(row[f"systolic_{key}"]) and not words.missing(row[f"diastolic_{key}"])
    ]
    if not words.missing(row["cadss_highest"]):
        lines.append(f"CADSS highest {row['cadss_highest']:g} of 92")
    if not words.missing(row["moaas_lowest"]):
        lines.append(f"MOAA/S lowest {row['moaas_lowest']:g} of 5")
    if not words.missing(row["minutes_to_discharge"]):
        lines.append(f"Left after {row['minutes_to_discharge']:g} min")
    if row["asked"] != 1:
        lines.append("Side effects not asked about")
    elif row["effects"] == 0:
        lines.append("Side effects asked about, none")
    return "<br>".join(lines)


def effect_rows(effects: Rows, sessions: Rows) -> list[str]:
    """Rows of the side-effect panel: terms, most frequent first, then what was asked and not asked."""
    counts = Counter(str(row["term"]) for row in effects)
    rows = sorted(counts, key=lambda term: (-counts[term], SIDE_EFFECTS.index(term)))
    if any(map(_none_reported, sessions)):
        rows.append("none reported")
    if any(map(_not_asked, sessions)):
        rows.append("not asked")
    return rows


def _none_reported(session: Mapping[str, Any]) -> bool:
    return bool(session["asked"] == 1 and session["effects"] == 0)


def _not_asked(session: Mapping[str, Any]) -> bool:
    return bool(session["asked"] != 1)


def effect_panel(effects: Rows, sessions: Rows, rows: Sequence[str]) -> Panel:
    """A row a term, a square a session that had it, darker = more severe; "not asked" is never "none"."""
    names = [SHORT_TERMS.get(row, row.replace("_", " ")) for row in rows]
    panel = Panel("Side effects (stronger = more severe)", 12 + 18 * len(rows), lanes(names))
    grades = {"mild": 1, "moderate": 2, "severe": 3}
    for severity, grade in (("not graded", 0), *grades.items()):
        given = [row for row in effects if grades.get(row["severity"], 0) == grade]
        if not given:
            continue
        open_mark = grade == 0
        panel.traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": severity,
                "x": [float(row["days"]) for row in given],
                "y": [rows.index(row["term"]) for row in given],
                "text": [effect_hover(row) for row in given],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {
                    "symbol": "square-open" if open_mark else "square",
                    "size": 7 + grade,
                    "color": colour("ungraded" if open_mark else severity),
                    "line": {"width": 1.5 if open_mark else 0},
                },
            }
        )
    quiet = (
        ("none reported", "circle-open", _none_reported, "asked, none reported"),
        ("not asked", "x-thin", _not_asked, "side effects not asked about"),
    )
    for row_name, symbol, chosen, said in quiet:
        days = [float(row["days"]) for row in sessions if chosen(row)]
        if row_name in rows and days:
            marker = {
                "symbol": symbol,
                "size": 6,
                "color": colour("muted"),
                "line": {"width": 1.25, "color": colour("muted")},
            }
            trace = {"type": "scatter", "mode": "markers", "name": row_name, "x": days, "marker": marker}
            trace |= {
                "y": [rows.index(row_name)] * len(days),
                "hovertemplate": f"Day %{{x:.1f}}: {said}<extra></extra>",
            }
            panel.traces.append(trace)
    return panel


def effect_hover(row: Mapping[str, Any]) -> str:
    """One occurrence: term, grade, onset and resolution in minutes from the session's start."""
    grade = "not graded" if words.missing(row["severity"]) else row["severity"]
    lines = [f"<b>{label(row['term'])}</b>: {grade}, day {numbers.number(row['days'])}"]
    if not words.missing(row["onset_minutes"]) and row["onset_minutes"] >= 0:
        lines.append(f"from {row['onset_minutes']:g} min after the session's start")
    if not words.missing(row["resolved_minutes"]):
        lines.append(f"over at {row['resolved_minutes']:g} min")
    if row["serious"] == 1:
        lines.append("<b>serious</b>")
    return "<br>".join(lines)
