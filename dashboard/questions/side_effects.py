"""How often do side effects occur, when, and with what? Shares of patients and of sessions in which they were asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dashboard.figures.base import Figure, axis, empty, interval_hover, lanes, layout, line, share_dots, two_lines
from dashboard.questions.view import SHARE_COLUMNS, Column, Definition, Group, Mark, Table, View, of_groups
from dashboard.theme import SYMBOLS, colour, series_symbol, series_token
from dashboard.words.numbers import FEW, HIDDEN, count, percent, sentence, too_few, whole
from dashboard.words.shares import rate, share_interval
from data_models.definitions.vocabulary import SOURCE_SIDE_EFFECTS, label
from data_models.outcomes.proportions import Proportion
from data_models.questions.side_effects import EffectGroup, EffectRate, SideEffects

QUESTION = "How often do side effects occur?"
WHEN = "When do they occur?"
WITH_WHAT = "With what do they occur?"
COST = "At what cost?"
MOST_LINES = 5  # terms drawn by session number
NOBODY_ASKED = "Side effects were not asked about in any session here."
_EFFECT = Column("term", "Side effect", "text")
_SESSIONS = (
    "Asked sessions with the side effect, of asked sessions; 95% interval clustered by patient, whose sessions are "
    "alike."
)
_CLUSTERED = "Cochran 1977 (ratio estimator)"


def view(effects: SideEffects) -> View:
    """All terms, per patient and per session."""
    asked = f"{count(effects.patients_asked, 'patient')}, {count(effects.sessions_asked, 'session')} asked"
    return View(
        "often",
        QUESTION,
        words(effects),
        draw(effects, row=42),
        legend=[Mark("Patients", "text", "circle"), Mark("Sessions", "accent", "diamond-open")],
        table=table(effects),
        definition=Definition(
            "Patients: with at least one occurrence, of patients with at least one session in which side effects were "
            "asked about (Wilson interval). Sessions: asked sessions with the effect, of asked sessions (interval "
            "clustered by patient: sessions of one patient are alike). Not asked is never counted as none.",
            n=sentence(asked),
            source=f"Wilson 1927; {_CLUSTERED}",
        ),
    )


def cost(effects: SideEffects) -> View:
    """The most frequent terms, on the page of outcomes."""
    note = "The nine most frequent are drawn; the table and the page Side effects have all."
    return replace(view(effects), name="cost", question=COST, figure=draw(effects, most=9), notes=[note])


def by_number(groups: Sequence[EffectGroup], effects: SideEffects) -> View:
    """The most frequent terms by session number; `effects`: of all sessions."""
    terms = most_frequent([effects])[:MOST_LINES]
    last = next((one.group for one in groups if one.group and not one.group.isdigit()), None)
    return View(
        "when",
        WHEN,
        words_by_number(groups),
        draw_by_number(groups, terms),
        legend=[
            Mark(label(term), f"series_{place + 1}", symbol)
            for place, (term, symbol) in enumerate(zip(terms, SYMBOLS, strict=False))
        ],
        notes=[
            "The five most frequent are drawn; the table has all.",
            f"Later sessions together ({last}) are in the table." if last else "",
        ],
        table=of_groups(
            [(one.group, _of_sessions((one.effects.any, *one.effects.effects))) for one in groups],
            "Session number",
        ),
        definition=Definition(
            f"{_SESSIONS} Sessions are numbered within their course. Later sessions come from those who stayed: a fall "
            "may be tolerance or selection.",
            ("course_gap_days",),
            n=_asked(effects.sessions_asked),
            source=_CLUSTERED,
        ),
    )


def by_group(found: Sequence[EffectGroup], by: str, name: str) -> View:
    """Shares of sessions by route, drug, dose band or phase; `name`: what `by` is called."""
    asked = [one for one in found if one.effects.sessions_asked]
    groups = [
        Group(
            one.group if one.group and by == "dose_band" else label(one.group),
            series_token(by, one.group or "", place),
            series_symbol(by, one.group or "", place),
            "solid",
            one.effects,
        )
        for place, one in enumerate(asked)
    ]
    return View(
        "with-what",
        f"Which side effects, by {name.lower()}?",
        words_by_group(groups),
        draw_groups(groups, most_frequent([group.answer for group in groups])[:10]),
        legend=_legend(groups),
        notes=["The ten most frequent are drawn; the table has all. Groups differ in more than this."]
        if groups
        else [],
        table=of_groups([(one.name, _of_sessions((one.answer.any, *one.answer.effects))) for one in groups], name),
        definition=Definition(
            _SESSIONS, n=_asked(sum(group.answer.sessions_asked or 0 for group in groups)), source=_CLUSTERED
        ),
        wide=True,
    )


def compare(groups: Sequence[Group[SideEffects]], by: str) -> View:
    """The most frequent terms of several cohorts; `by`: the heading of the column of groups."""
    terms = most_frequent([group.answer for group in groups])[:8]
    return View(
        "compare-effects",
        "At what cost",
        words_of_groups(groups, terms),
        draw_groups(groups, terms),
        legend=_legend(groups),
        notes=["The eight most frequent are drawn, with n sessions asked; the table has all."],
        table=of_groups([(group.name, _of_sessions(group.answer.effects)) for group in groups], by),
        wide=True,
    )


def _legend(groups: Sequence[Group[SideEffects]]) -> list[Mark]:
    """The groups that were asked; one that was not keeps its place among the colours and has no entry."""
    return [
        Mark(f"{group.name} (n {whole(group.answer.sessions_asked)})", group.token, group.symbol)
        for group in groups
        if group.answer.sessions_asked
    ]


def _asked(sessions: int | None) -> str:
    return sentence(f"{count(sessions, 'session')} asked")


# --- in words ------------------------------------------------------------------------------------


def words(effects: SideEffects) -> str:
    """How often they occur: the most frequent, of patients and of sessions."""
    patients, sessions = effects.patients_asked, effects.sessions_asked
    if patients is None or sessions is None:
        return too_few("patients or sessions in which side effects were asked about")
    if not patients:
        return "Side effects were not asked about in any session here; that is not the same as none."
    asked = count(patients, "patient")
    seen = [one for one in effects.effects if one.per_patient.events]
    if not seen and any(one.per_patient.events is None for one in effects.effects):
        return sentence(f"each was reported by {HIDDEN} of {asked} who were asked, or by nobody")
    if not seen:
        return sentence(f"none was reported by {asked} in {count(sessions, 'session')} in which they were asked")
    top = max(seen, key=lambda one: one.per_patient.share or 0)
    text = f"the most frequent is {label(top.term).lower()}: {rate(top.per_patient)} of patients asked"
    share = top.per_session
    if share.share is not None:
        text += f", and {percent(share.share)} of {count(share.n, 'session')} ({share_interval(share)})"
    return sentence(text)


def words_by_number(groups: Sequence[EffectGroup]) -> str:
    """First session against later ones, any side effect."""
    enough = [one for one in groups if (one.effects.sessions_asked or 0) >= FEW]
    if not enough:
        return "No session number has enough sessions in which side effects were asked about."
    first, *later = enough
    text = f"any side effect: {rate(first.effects.any.per_session)} of sessions number {first.group}"
    if later:
        text += f", and {rate(later[-1].effects.any.per_session)} of sessions number {later[-1].group}"
    return sentence(text)


def words_by_group(groups: Sequence[Group[SideEffects]]) -> str:
    """Any side effect: of up to three groups each, of more the one with most and the one with fewest sessions."""
    enough = [group for group in groups if (group.answer.sessions_asked or 0) >= FEW]
    if not enough:
        return "No group has enough sessions in which side effects were asked about."
    ordered = sorted(enough, key=lambda group: -(group.answer.any.per_session.share or 0))
    said = [f"{group.name} {rate(group.answer.any.per_session)}" for group in ordered]
    if len(said) > 3:
        return sentence(f"any side effect, most and fewest by session: {said[0]}; {said[-1]}")
    return sentence("any side effect, by session: " + "; ".join(said))


def words_of_groups(groups: Sequence[Group[SideEffects]], terms: Sequence[str]) -> str:
    """The most frequent of `terms`, group by group."""
    if not terms:
        return NOBODY_ASKED
    shares = [(group.name, one.per_session) for group in groups for one in group.answer.effects if one.term == terms[0]]
    said = "; ".join(f"{name} {rate(share)}" for name, share in shares if share.n)
    return sentence(f"{label(terms[0]).lower()}, share of sessions: {said}")


# --- as a table ----------------------------------------------------------------------------------


def table(effects: SideEffects) -> Table:
    """Of how many it was known at all; then per patient and per session, one row each a term."""
    asked = {"patients": effects.patients_asked, "sessions": effects.sessions_asked}
    known = [{"term": "Asked at all", "per": per, "n": n} for per, n in asked.items()]
    patients = [{"term": label(one.term), "per": "patients", **one.per_patient.as_dict()} for one in effects.effects]
    sessions = [{**row, "per": "sessions"} for row in _of_sessions(effects.effects).rows]
    return Table(
        (_EFFECT, Column("per", "Per", "text"), *SHARE_COLUMNS), [*known, *patients, *sessions], name="side_effects",
        title="How often side effects occur", keys=2,
        note="Only patients and sessions in which side effects were asked about. Not asked is never counted as none.",
    )  # fmt: skip


def _of_sessions(rates: Iterable[EffectRate]) -> Table:
    """The shares of sessions."""
    rows = [{"term": label(one.term), **one.per_session.as_dict()} for one in rates]
    return Table((_EFFECT, *SHARE_COLUMNS), rows)


# --- drawn ---------------------------------------------------------------------------------------


def most_frequent(answers: Sequence[SideEffects]) -> list[str]:
    """Terms by their share of the sessions of all answers together, most frequent first (see `_ordered`)."""
    return _ordered((one.term, one.per_session) for effects in answers for one in effects.effects)


def _ordered(shares: Iterable[tuple[str, Proportion]]) -> list[str]:
    """Terms with an occurrence, and the seven of the source document always; most frequent first."""
    pooled: dict[str, tuple[float, float]] = {}
    for term, share in shares:
        events, n = pooled.get(term, (0.0, 0.0))
        pooled[term] = (events + (share.events or 0), n + (share.n or 0))
    shown = [term for term, (events, _) in pooled.items() if events or term in SOURCE_SIDE_EFFECTS]
    return sorted(shown, key=lambda term: -pooled[term][0] / (pooled[term][1] or 1))


def draw(effects: SideEffects, most: int | None = None, row: int = 30) -> Figure:
    """Dot plot: share of patients (filled) and of sessions (open), with 95% intervals; of the `most` frequent."""
    patients = {one.term: one.per_patient for one in effects.effects}
    sessions = {one.term: one.per_session for one in effects.effects}
    terms = _ordered(patients.items())[:most]
    if not terms or not any(share.n for share in patients.values()):
        return empty(NOBODY_ASKED)
    ink, accent = colour("text"), colour("accent")
    opened = {"color": accent, "symbol": "diamond-open", "size": 9, "line": {"width": 2, "color": accent}}
    data = [
        _dots("Patients", patients, terms, -0.17, {"color": ink, "symbol": "circle", "size": 9}),
        _dots("Sessions", sessions, terms, 0.17, opened),
    ]
    return {"data": data, "layout": _layout(terms, "Share, 95% interval", row)}


def draw_groups(groups: Sequence[Group[SideEffects]], terms: Sequence[str]) -> Figure:
    """Dot plot of the shares of sessions, one mark a group."""
    shares = [{one.term: one.per_session for one in group.answer.effects} for group in groups]
    terms = [term for term in terms if any(term in of and of[term].n for of in shares)]
    if not terms:
        return empty(NOBODY_ASKED)
    width = 0.62 / len(groups)
    data = [
        _dots(
            group.name,
            of,
            terms,
            width * (place - (len(groups) - 1) / 2),
            {"color": colour(group.token), "symbol": group.symbol, "size": 8},
        )
        for place, (group, of) in enumerate(zip(groups, shares, strict=True))
    ]
    return {"data": data, "layout": _layout(terms, "Share of sessions, 95% interval", 20 + 8 * len(groups))}


def draw_by_number(groups: Sequence[EffectGroup], terms: Sequence[str]) -> Figure:
    """Share of sessions against session number, a line a term; points of fewer than five sessions are left out."""
    numbered = [
        (int(one.group), {rate.term: rate.per_session for rate in one.effects.effects})
        for one in groups
        if one.group and one.group.isdigit()
    ]
    data: list[dict[str, Any]] = []
    for place, term in enumerate(terms):
        points = [(number, of[term]) for number, of in numbered if term in of]
        points = [(number, share) for number, share in points if share.share is not None and (share.n or 0) >= FEW]
        if not points:
            continue
        token = f"series_{place + 1}"
        data.append(
            line(
                [number for number, _ in points],
                [share.share for _, share in points],
                label(term),
                token,
                mode="lines+markers",
                marker={"size": 6, "symbol": SYMBOLS[place], "color": colour(token)},
                customdata=[[whole(share.events), whole(share.n), interval_hover(share)] for _, share in points],
                hovertemplate="Session %{x}: %{y:.0%} (%{customdata[0]} of %{customdata[1]})%{customdata[2]}<extra>"
                + label(term)
                + "</extra>",
            )
        )
    if not data:
        return empty(f"No session number has {FEW} sessions in which side effects were asked about.")
    top = max(max(trace["y"]) for trace in data)
    return {
        "data": data,
        "layout": layout(
            300,
            x=axis("Session number in the course", showgrid=False, dtick=1 if len(numbered) <= 14 else None),
            y=axis("Share of sessions", range=[0, min(1, top * 1.12 + 0.02)], tickformat=".0%"),
        ),
    }


def _dots(
    name: str, shares: Mapping[str, Proportion], terms: Sequence[str], shift: float, mark: dict[str, Any]
) -> dict[str, Any]:
    """A mark a term with the interval of its share, `shift` from the term's row."""
    rows = [
        (terms.index(term) + shift, share, [label(term), whole(share.events), whole(share.n), interval_hover(share)])
        for term, share in shares.items()
        if term in terms and share.n and share.share is not None
    ]
    hover = "%{customdata[0]}: %{x:.1%} (%{customdata[1]} of %{customdata[2]})%{customdata[3]}"
    return share_dots(name, rows, mark, f"{hover}<extra>{name}</extra>")


def _layout(terms: Sequence[str], title: str, row: int) -> dict[str, Any]:
    names = lanes(
        [two_lines(label(term)) for term in terms], showgrid=True, tickfont={"size": 12, "color": colour("text")},
        ticks="outside", ticklen=8, tickcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    x = axis(title, rangemode="tozero", tickformat=".0%")
    return layout(62 + row * len(terms), x=x, y=axis("", **names))
