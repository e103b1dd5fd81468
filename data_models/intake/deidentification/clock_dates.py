"""Calendar dates where hours or days since the first session should stand, as one time alone tells.

Nobody has been given ketamine for depression for thirty years, so a time beyond that counts from 1970. A date as
spreadsheets count days, some five years in hours, shows by its patient's other times (`intake.calendar_clock`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from data_models.intake.deidentification.national_numbers import is_day

GIVE = "; give hours or days since the patient's first session"
EPOCH = f"looks like an identifier: date as days or hours since 1970 (C){GIVE}"
SPELLED = f"looks like an identifier: date written in digits (C){GIVE}"

_HOURS_A_DAY = 24.0
_LONGEST_DAYS = 10_957  # thirty years; as days since 1970: 2000-01-01
_SPELLED_FROM = 100_000  # hours: over eleven years, of which any that spell a day are hardly a time

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def since_1970(hours: Numbers) -> Flags:
    """Which hours are more than thirty years after the first session.

    >>> since_1970(np.array([473_352.0, 43_824.0])).tolist()
    [True, False]
    """
    return hours >= _LONGEST_DAYS * _HOURS_A_DAY


def spells_a_date(hours: Numbers) -> Flags:
    """Which hours are long after the first session and spell a day since 2000: 240131, 310124, 013124.

    >>> spells_a_date(np.array([240_131.0, 149_924.0, 150_624.0, 43_824.0, 240_131.5])).tolist()
    [True, False, True, False, False]
    """
    found = np.zeros(len(hours), bool)
    for at in np.flatnonzero((hours >= _SPELLED_FROM) & (hours % 1 == 0)).tolist():
        text = f"{int(hours[at]):06d}"
        one, two, three = int(text[:2]), int(text[2:4]), int(text[4:])
        orders = ((three, two, one), (one, two, three), (two, one, three))
        found[at] = any(year <= 40 and is_day(day, month, year) for day, month, year in orders)
    return found
