"""The session strips of a trajectory: sessions by route and dose, and what was reported in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from dashboard.figures.base import lanes
from dashboard.figures.panel import Panel
from dashboard.theme import ROUTE_SYMBOLS, colour
from dashboard.words.numbers import number
from data_models.definitions.vocabulary import ROUTES, SIDE_EFFECTS, label
from data_models.questions.patient import PatientSession, PatientSideEffect, Vitals

Sessions = Sequence[PatientSession]

SHORT_TERMS = {
    "heart_rate_increased": "heart rate ↑",
    "blood_pressure_increased": "pressure ↑",
    "vision_blurred": "vision blurred",
    "balance_disorder": "imbalance",
}


_NAMES = {"size": 11}
Kind = tuple[str | None, str | None, str | None]  # drug, route and unit, within which doses are compared


def session_panel(sessions: Sessions, routes: Sequence[str], largest: Mapping[Kind, float]) -> Panel:
    """A lane a route: shape = route, size = dose (share of the largest of the same drug, route and unit)."""
    rows = lanes([label(route) for route in routes], tickfont=_NAMES)
    panel = Panel("Sessions (larger = higher dose)", 20 + 24 * len(routes), rows)
    for lane, route in enumerate(routes):
        given = [session for session in sessions if (session.route or "") == route]
        panel.traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": label(route),
                "x": [session.days for session in given],
                "y": [lane] * len(given),
                "text": [session_hover(session) for session in given],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {
                    "symbol": ROUTE_SYMBOLS.get(route, "circle"),
                    "color": colour(route or "left"),
                    "size": [_dose_size(session, largest) for session in given],
                    "opacity": 0.9,
                    # An edge in the paper's colour keeps sessions on neighbouring days apart.
                    "line": {"width": 1, "color": colour("surface")},
                },
            }
        )
    return panel


def _kind(session: PatientSession) -> Kind:
    return session.drug, session.route, session.dose_unit


def largest_doses(sessions: Sessions) -> dict[Kind, float]:
    """The largest dose of each drug, route and unit."""
    found: dict[Kind, float] = {}
    for session in sessions:
        if session.dose is not None:
            found[_kind(session)] = max(found.get(_kind(session), 0.0), session.dose)
    return found


def routes_of(sessions: Sessions) -> list[str]:
    """Routes used, in the order of the vocabulary, those not recorded ("") last."""
    used = {session.route or "" for session in sessions}
    return [route for route in (*ROUTES, "") if route in used]


def _dose_size(session: PatientSession, largest: Mapping[Kind, float]) -> float:
    top = largest.get(_kind(session), 0.0)
    share = 0.0 if session.dose is None or top <= 0 else session.dose / top
    # Area, not diameter, follows the dose.
    return 6.0 + 10.0 * share**0.5 if share else 7.0


def dose_words(session: PatientSession) -> str:
    """ "0.5 mg/kg IV ketamine"."""
    drug, route = label(session.drug).lower(), label(session.route)
    if session.dose is None:
        return f"{drug}, {route}, dose not recorded"
    unit = label(session.dose_unit) if session.dose_unit == "mg_per_kg" else session.dose_unit
    return f"{session.dose:g} {unit} {drug}, {route}"


def session_hover(session: PatientSession) -> str:
    """Everything known about one session, line by line."""
    lines = [f"<b>Session {session.number}</b>, day {number(session.days)}, {session.phase}", dose_words(session)]
    lines += _pressure("Before", session.before) + _pressure("Highest", session.highest)
    if session.cadss_highest is not None:
        lines.append(f"CADSS highest {session.cadss_highest:g} of 92")
    if session.moaas_lowest is not None:
        lines.append(f"MOAA/S lowest {session.moaas_lowest:g} of 5")
    if session.minutes_to_discharge is not None:
        lines.append(f"Left after {session.minutes_to_discharge:g} min")
    if _not_asked(session):
        lines.append("Side effects not asked about")
    elif session.effects == 0:
        lines.append("Side effects asked about, none")
    return "<br>".join(lines)


def _pressure(name: str, vitals: Vitals) -> list[str]:
    pressure = vitals.pressure
    return [] if pressure is None else [f"{name}: {pressure[0]:.0f}/{pressure[1]:.0f} mmHg"]


def effect_rows(effects: Sequence[PatientSideEffect], sessions: Sessions) -> list[str]:
    """Rows of the side-effect panel: terms, most frequent first, then what was asked and not asked."""
    counts = Counter(effect.term for effect in effects)
    rows = sorted(counts, key=lambda term: (-counts[term], SIDE_EFFECTS.index(term)))
    if any(map(_none_reported, sessions)):
        rows.append("none reported")
    if any(map(_not_asked, sessions)):
        rows.append("not asked")
    return rows


def _none_reported(session: PatientSession) -> bool:
    return session.asked == 1 and session.effects == 0


def _not_asked(session: PatientSession) -> bool:
    return session.asked != 1


def effect_panel(effects: Sequence[PatientSideEffect], sessions: Sessions, rows: Sequence[str]) -> Panel:
    """A row a term, a square a session that had it, darker = more severe; "not asked" is never "none"."""
    names = [SHORT_TERMS.get(row, row.replace("_", " ")) for row in rows]
    panel = Panel("Side effects (stronger = more severe)", 12 + 18 * len(rows), lanes(names, tickfont=_NAMES))
    days_of = {session.hours: session.days for session in sessions}
    grades = {"mild": 1, "moderate": 2, "severe": 3}
    for severity, grade in (("not graded", 0), *grades.items()):
        given = [effect for effect in effects if grades.get(effect.severity or "", 0) == grade]
        if not given:
            continue
        open_mark = grade == 0
        panel.traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": severity,
                "x": [days_of[effect.hours] for effect in given],
                "y": [rows.index(effect.term) for effect in given],
                "text": [effect_hover(effect, days_of[effect.hours]) for effect in given],
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
        days = [session.days for session in sessions if chosen(session)]
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


def effect_hover(effect: PatientSideEffect, days: float) -> str:
    """One occurrence: term, grade, onset and resolution in minutes from the session's start."""
    lines = [f"<b>{label(effect.term)}</b>: {effect.severity or 'not graded'}, day {number(days)}"]
    if effect.onset_minutes >= 0:
        lines.append(f"from {effect.onset_minutes:g} min after the session's start")
    if effect.resolved_minutes is not None:
        lines.append(f"over at {effect.resolved_minutes:g} min")
    if effect.serious:
        lines.append("<b>serious</b>")
    return "<br>".join(lines)
