"""How the effect fades between sessions, in words: pure functions from the bins of days to a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.words.numbers import count, days, interval, number, percent, sentence, stopped
from dashboard.words.sentences import FEW


def fade(bins: Sequence[Mapping[str, Any]]) -> str:
    """How does the effect fade between sessions?"""
    drawn = [b for b in bins if b["scores"] >= FEW and b["mean"] is not None]
    if not drawn:
        return sentence(f"no span of days between sessions has {FEW} scores, so the fading cannot be drawn")
    best = min(drawn, key=lambda b: b["mean"])
    last = drawn[-1]
    scores = sum(b["scores"] for b in bins)
    if best["mean"] >= 0:
        return sentence(
            f"scores are not lower after sessions than before them at any span of days ({count(scores, 'score')})"
        )
    first = (
        f"the score is lowest {after(best)} a session: {number(abs(best['mean']))} points below the score before "
        f"it ({interval(best['low'], best['high'])}, {count(best['scores'], 'score')})"
    )
    if last is best:
        return sentence(first + ", the latest span with enough scores")
    back = _back(drawn, best)
    if back is not None:
        return sentence(f"{first}; {after(back)}, the mean is back at the score before it or above")
    given_back = 1 - last["mean"] / best["mean"]
    if given_back >= 0.05:
        direction = f"about {percent(given_back)} of that is given back"
    else:
        direction = "nearly all of it still holds"
    return sentence(f"{first}; {after(last)}, {direction}")


def _back(drawn: Sequence[Mapping[str, Any]], best: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first span after the best one in which the mean is back at the score before the session, or above."""
    return next((b for b in drawn if b["from_days"] > best["from_days"] and b["mean"] >= 0), None)


def after(b: Mapping[str, Any]) -> str:
    """ "5 to 7 days after"; "within 1 day of" where the span begins at the session."""
    if b["from_days"] == 0:
        return f"within {days(b['to_days'])} of"
    return f"{number(b['from_days'])} to {number(b['to_days'])} days after"


def fades(groups: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """How does the effect fade, group by group: the lowest mean, and when the mean is back at the score before."""
    said = []
    for name, bins in groups.items():
        drawn = [b for b in bins if b["scores"] >= FEW and b["mean"] is not None]
        if not drawn:
            said.append(f"{name} too few scores")
            continue
        low = min(drawn, key=lambda b: b["mean"])
        if low["mean"] >= 0:
            said.append(f"{name} not below the score before at any span")
            continue
        back = _back(drawn, low)
        until = f"back {after(back)} it" if back else f"still below {after(drawn[-1])} it"
        if drawn[-1] is low:
            until = "no later span has enough scores"
        said.append(f"{name} {number(low['mean'])} points {after(low)} a session, {until}")
    return stopped("; ".join(said)) if said else "No group has a score after a session."
