"""Which counts of a set of tables to hide, so that no count from 1 to `least` - 1 can be worked out.

*Primary* suppression hides each such count. What is shown may still give one away: 40 of 43 treated
leaves 3, a total less its other parts leaves the hidden part. *Complementary* suppression hides further
counts until none follows. Whether one follows is settled by linear programming, the attack that an
outsider would make (`attacker`), and which to hide by integer programming: as few as can be (`fewest`).

References
----------
Fischetti and Salazar-Gonzalez 2001, Management Science 47(7) (complementary suppression, its attacker
problem); Cox 1980, JASA 75 (tables with margins); Hundepool et al. 2012, Statistical Disclosure Control,
chapter 4; CMS cell size suppression policy (counts from 1 to 10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from dashboard.exports.attacker import NEARLY, Attacker, System
from dashboard.exports.counts import Counts, Name
from dashboard.exports.fewest import Condition, Fewest, Impossible

SMALL = "<{}"  # the mark of a small count
HIDDEN = "hidden"  # the mark of any other number that is left out
_PER_NUMBER = 0.1  # what a number lost with a count costs, where hiding the count itself costs 1
_LAST_RESORT = 1000.0  # what it costs to hide what only stays when nothing else does


@dataclass(frozen=True, slots=True)
class Suppression:
    """What to hide: names of counts, each with the mark that stands in its place.

    `small`: how many are hidden for being small (or forced); `further`: how many more, so that none follows.
    """

    marks: Mapping[Name, str]
    small: int
    further: int


def suppress(
    counts: Counts,
    least: int,
    forced: Iterable[Name] = (),
    *,
    hide: Iterable[Name] = (),
    keep: Iterable[Name] = (),
    beside: Callable[[Counts], Iterable[Name]] | None = None,
) -> Suppression:
    """Choose the counts to hide: the fewest, and of those choices about the one that costs the fewest numbers.

    Parameters
    ----------
    least : counts from 1 to `least` - 1 are protected; zero may be shown.
    forced : counts to hide whatever their size.
    hide : counts to hide since another file hides them: they count as further ones.
    keep : counts to show since another file shows them, unless nothing else helps.
    beside : adds to the counts what earlier files say of them, and tells which of them these print: to hide
        those would protect nothing.

    Raises
    ------
    Impossible : with what is known, a small count follows even where all that can be is hidden.
    """
    system = System.of(counts)
    forced, hide, keep = set(forced), set(hide), set(keep)
    primary = {i for i in _printed(system) if 1 <= system.values[i] < least or system.names[i] in forced}
    must = primary | {i for i in _printed(system) if system.names[i] in hide}
    hidden, begun = _fewest(counts, system, must, least, keep)
    if beside is not None:
        # What the file by itself asks for is soon found, and holds beside the others, too.
        known = beside(counts)
        system = System.of(counts)
        fixed = frozenset(system.place[name] for name in known)
        primary, must = primary - fixed, must - fixed
        hidden, _ = _fewest(counts, system, must, least, keep, fixed, begun)
    marks = {system.names[i]: mark for i, mark in _marks(system, hidden, least).items()}
    return Suppression(marks, len(primary), len(hidden - primary))


def _printed(system: System) -> list[int]:
    return [i for i, shown in enumerate(system.printed) if shown]


def _fewest(
    counts: Counts,
    system: System,
    must: set[int],
    least: int,
    keep: set[Name],
    known: frozenset[int] = frozenset(),
    begun: tuple[int, Iterable[Condition]] = (-1, ()),
) -> tuple[set[int], tuple[int, Iterable[Condition]]]:
    """A zero, and what is to be kept, is hidden only where nothing else protects a small count.

    Returns what to hide; which attempt found it, and the conditions known by then. `begun`: those of an earlier
    search; they hold for attempts in which no more may be hidden than there.
    """
    plain: dict[int, float] = {}
    zeros: dict[int, float] = {}
    kept: dict[int, float] = {}
    largest = max([*system.values, 1])
    for i, name in enumerate(system.names):
        if not system.printed[i] or i in must or i in known:
            continue
        # Between counts that cost the same the smaller one goes.
        cost = 1 + _PER_NUMBER * (counts.numbers[name] + system.values[i] / largest)
        if name in keep:
            kept[i] = _LAST_RESORT * cost
        elif system.values[i] == 0:
            zeros[i] = _LAST_RESORT * cost
        else:
            plain[i] = cost
    attempts = (plain, plain | zeros, plain | zeros | kept)
    for attempt, may in enumerate(attempts):
        search = Fewest(system, must, may, least, known, begun[1] if attempt <= begun[0] else ())
        try:
            return search.search(), (attempt, search.known_cuts)
        except Impossible:
            if attempt == len(attempts) - 1:
                raise
    raise AssertionError("there is an attempt")


def _marks(system: System, hidden: set[int], least: int) -> dict[int, str]:
    """The mark of each hidden count.

    To tell small counts from the others tells something: two hidden counts of a total of 20, both
    "<11", are 10 each. Where the marks would narrow a small count down, all read "hidden".
    """
    marks = dict.fromkeys(sorted(hidden), HIDDEN)
    unknown = [i in hidden or not printed for i, printed in enumerate(system.printed)]
    small = [i for i in sorted(hidden) if 1 <= system.values[i] < least]
    for inside, ties in system.components(unknown, small):
        watched = [i for i in inside if i in hidden and 1 <= system.values[i] < least]
        ranges: dict[int, tuple[float, float | None]] = {
            i: (least, None) for i in inside if i in hidden and system.values[i] >= least
        }
        ranges |= dict.fromkeys(watched, (1, least - 1))
        if not _narrowed(Attacker(system, inside, ties, ranges), watched, least):
            marks |= dict.fromkeys(watched, SMALL.format(least))
    return marks


def _narrowed(attacker: Attacker, watched: list[int], least: int) -> bool:
    """Whether one of these counts cannot be all of 1 to `least` - 1."""
    values = attacker.system.values
    up = {i: float(least - 1 - values[i]) for i in watched}
    filled = attacker.rise_together(up)
    for i in watched:
        if filled[i] < up[i] - NEARLY:
            filled = attacker.rise(i, up[i])[0]
            if filled[i] < up[i] - NEARLY:
                return True
    down = {i: float(values[i] - 1) for i in watched}
    filled = attacker.fall_together(down)
    for i in watched:
        if filled[i] > -down[i] + NEARLY:
            filled = attacker.fall(i, down[i])
            if filled[i] > -down[i] + NEARLY:
                return True
    return False
