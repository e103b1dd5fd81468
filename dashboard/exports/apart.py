"""Which patients two releases tell apart: each shows a cohort, its groups, and what these add up to.

Disclosure by differencing (Hundepool et al. 2012, Statistical Disclosure Control, section 4.5): the
smaller set of figures subtracted from the larger one is a table of the patients between them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_models.definitions.filters import FILTERS, CohortFilter

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Flags = np.ndarray[Any, np.dtype[Any]]

_MOST_DOUBTFUL = 10  # groups of which each may or may not belong to a sum: 2 to this power of them are tried


# Scale and what is of sessions choose among the same patients' figures.
def _who() -> tuple[str, ...]:
    return tuple(key for key, row in FILTERS.items() if row.of != "session")


@dataclass(frozen=True, slots=True)
class Selection:
    """What a release is of: a cohort, cut into the values of one filter key (None: whole)."""

    cohort: CohortFilter
    by: str | None = None

    def who(self) -> tuple[object, ...]:
        """What of it says whose figures are shown."""
        return (*(self.cohort[key] for key in _who()), self.by if self.by in _who() else None)


@dataclass(frozen=True, slots=True)
class Family:
    """Whose figures a release shows: the whole, each group of enough patients, and what is left of them.

    Attributes
    ----------
    patients, courses : the whole first, then the groups: a bit a patient, and a bit a course.
    adds_up : no course is in two groups, so that groups may be added.
    """

    patients: Sequence[Flags]
    courses: Sequence[Flags]
    adds_up: bool


class Crowd:
    """The patients of a store, by what filters ask of them (`queries.overlap.course_profiles`)."""

    def __init__(self, profiles: pd.DataFrame) -> None:
        import numpy as np
        import pandas as pd

        ids = profiles["patient_id"].to_numpy()
        self.first_rows = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.zeros(0, dtype=int)
        self.size = len(ids)
        self._codes: dict[str, Flags] = {}
        self._values: dict[str, list[str]] = {}
        for key in _who():
            codes, values = pd.factorize(profiles[key])
            self._codes[key], self._values[key] = codes, [str(value) for value in values]

    def family(self, selection: Selection, least: int) -> Family:
        """Whose figures a release of this selection shows."""
        import numpy as np

        whole = self.courses(selection.cohort)
        groups = []
        if selection.by in _who():
            groups = list(self.groups(selection).values())
            # A group of fewer is hidden as a whole; with what has no value it is what the others leave over.
            groups = [group for group in groups if size(self._patients(group)) >= least]
            left = whole & ~np.logical_or.reduce([np.zeros_like(whole), *groups])
            if groups and size(self._patients(left)) >= least:
                groups.append(left)
        every = [whole, *groups]
        return Family(
            [self._patients(of) for of in every],
            [np.packbits(of) for of in every],
            selection.by is None or not FILTERS[selection.by].listed,
        )

    def groups(self, selection: Selection) -> dict[str, Flags]:
        """The courses of each group, by the value of the key; those of the whole for each phase."""
        whole = self.courses(selection.cohort)
        if selection.by is None:
            return {}
        chosen = selection.cohort[selection.by]
        of_sessions = selection.by not in _who()
        present = FILTERS[selection.by].values or () if of_sessions else self._present(whole, selection.by)
        values = [value for value in present if not chosen or value in chosen]
        if of_sessions:
            return dict.fromkeys(values, whole)
        return {value: whole & self._with(selection.by, (value,)) for value in values}

    def courses(self, cohort: CohortFilter) -> Flags:
        """The courses that a filter holds, one flag each."""
        import numpy as np

        kept = np.ones(len(self._codes["clinic"]), dtype=bool)
        for key in _who():
            values = cohort[key]
            if values:
                kept &= self._with(key, values)
        return kept

    def _with(self, key: str, values: Sequence[str]) -> Flags:
        """The courses that have one of these values."""
        import numpy as np

        def has(value: str) -> bool:
            return value in values if not FILTERS[key].listed else any(f";{code};" in value for code in values)

        # The last place is that of courses without a value (code -1).
        return np.array([*(has(value) for value in self._values[key]), False])[self._codes[key]]

    def _present(self, courses: Flags, key: str) -> list[str]:
        import numpy as np

        found = [self._values[key][code] for code in np.unique(self._codes[key][courses]) if code >= 0]
        if FILTERS[key].listed:
            return sorted({code for text in found for code in text.split(";") if code})
        return found

    def flags_of_patients(self, courses: Flags) -> Flags:
        """Whose courses these are, one flag a patient."""
        import numpy as np

        if not len(self.first_rows):
            return np.zeros(0, dtype=bool)
        return np.logical_or.reduceat(courses, self.first_rows)

    def holds_whole_patients(self, courses: Flags) -> bool:
        """Whether no patient has a course among these and another one beside them."""
        import numpy as np

        return not (self.flags_of_patients(courses) & self.flags_of_patients(~np.asarray(courses))).any()

    def _patients(self, courses: Flags) -> Flags:
        """The patients of some courses, eight to a byte."""
        import numpy as np

        return np.packbits(self.flags_of_patients(courses))


def size(patients: Flags) -> int:
    """How many patients these are."""
    import numpy as np

    return int(np.bitwise_count(patients).sum())


def isolates(one: Family, other: Family, least: int) -> bool:
    """Whether two releases together single out 1 to `least` - 1 patients.

    Two whole cohorts do where either has so few that the other has not. A group and a cohort, two groups,
    or sums of groups do where both sides have fewer than `least` of their own: then little else differs.
    What a cohort's own groups leave of it is protected within their file.
    """
    mine, theirs = one.patients[0], other.patients[0]
    if any(1 <= n < least for n in (size(mine & ~theirs), size(theirs & ~mine))):
        return True
    first = 1 if (mine == theirs).all() else 0
    pairs = itertools.chain(
        itertools.product(one.patients[first:], other.patients[1:]),
        itertools.product(one.patients[1:], other.patients[first:]),
    )
    if any(_close(size(a & ~b), size(b & ~a), least) for a, b in pairs):
        return True
    return any(
        _sum_isolates(of, groups, least)
        for a, b in ((one, other), (other, one))
        if b.adds_up
        for targets, groups in ((a.patients, b.patients[1:]), (a.courses, b.courses[1:]))
        if _disjoint(groups)
        for of in targets[first:]
    )


def _close(out: int, inn: int, least: int) -> bool:
    """Whether two sets with so many of their own differ, and by fewer than `least` on either side."""
    return out + inn > 0 and max(out, inn) < least


def _disjoint(groups: Sequence[Flags]) -> bool:
    """Whether nobody is in two groups: patients may be, where courses are cut."""
    import numpy as np

    return bool(groups) and sum(size(group) for group in groups) == size(np.bitwise_or.reduce(groups))


def _sum_isolates(of: Flags, groups: Sequence[Flags], least: int) -> bool:
    """Whether some groups added up differ from these by fewer than `least` on both sides."""
    inside = [size(group & of) for group in groups]
    outside = [size(group & ~of) for group in groups]
    surely = [i for i, n in enumerate(inside) if n >= least or (n and not outside[i])]
    doubtful = [i for i, n in enumerate(inside) if 1 <= n < least and 1 <= outside[i] < least]
    for more in _subsets(doubtful[:_MOST_DOUBTFUL]):
        taken = [*surely, *more]
        if taken and _close(sum(outside[i] for i in taken), size(of) - sum(inside[i] for i in taken), least):
            return True
    return False


def _subsets(items: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return itertools.chain.from_iterable(itertools.combinations(items, n) for n in range(len(items) + 1))
