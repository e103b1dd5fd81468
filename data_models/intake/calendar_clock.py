"""Calendar dates where the clock should stand, as a patient's times tell together.

The clock starts with a patient's first session, at 0. A date as spreadsheets count days would be some five years in
hours; it shows by standing alone: nothing of the patient in the two years before it, or nobody's first session near 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from data_models.intake.contract import AT_HOURS, RecordBatch
from data_models.intake.deidentification.clock_dates import GIVE
from data_models.intake.matching import coded
from data_models.intake.readers.problems import Problems

_LOOKS = "looks like an identifier: "
_SERIAL = f"{_LOOKS}date as a spreadsheet's serial number (C){GIVE}, or day in place of hours if it is right"
_ALL_AWAY = f"{_LOOKS}dates as serial numbers (C): no patient's first session is at 0, all lie {{}}{GIVE}"

_SERIALS = (36_526, 49_310)  # 2000 to 2034 as spreadsheets count days
_DAYS_SINCE_1970 = (10_957, 23_741)  # the same years
# Of one time alone only those of 2022 and later: a visit after five years is at 43,824 hours, 1,826 days.
_LATE_SERIALS = (44_562, 49_310)
_TWO_YEARS = 2 * 8_766.0
_FEW = 3

Flags = npt.NDArray[np.bool_]


def note_lone_serials(batch: RecordBatch, stored: RecordBatch, problems: Problems) -> None:
    """Note times in hours that may be serial numbers of dates, with nothing of the patient in the two years before."""
    times = {"sessions": batch.sessions["day_only"] == 0, "assessments": batch.assessments["precision"] == AT_HOURS}
    for name, by_hours in times.items():
        frame = getattr(batch, name)
        suspect = frame[_within(frame["hours"], _LATE_SERIALS) & by_hours.to_numpy()]
        if len(suspect) == 0:
            continue
        frames = (suspect, batch.sessions, stored.sessions, batch.assessments, stored.assessments)
        (theirs, *of_each), _ = coded([one["patient_code"] for one in frames])
        hours = np.concatenate([one["hours"].to_numpy(float) for one in frames[1:]])
        events = pd.DataFrame({"code": np.concatenate(of_each), "hours": hours})
        by_code = events[events["code"].isin(theirs)].groupby("code")["hours"]
        held = {code: one.to_numpy() for code, one in by_code}
        lone = [
            not ((held[code] < at) & (held[code] >= at - _TWO_YEARS)).any()
            for code, at in zip(theirs.tolist(), suspect["hours"].tolist(), strict=True)
        ]
        problems.add_rows(batch.files.get(name, f"{name}.csv"), suspect["row"].to_numpy()[lone], "hours", _SERIAL)


def _within(hours: pd.Series, window: tuple[int, int]) -> Flags:
    values = hours.to_numpy(float)
    return np.asarray((values >= window[0]) & (values <= window[1]), bool)


@dataclass(slots=True)
class FirstSessions:
    """Where the first sessions of patients lie whom the store does not know, part by part.

    Attributes
    ----------
    patients : how many there are.
    serials, since_1970 : of how many it lies where dates of 2000 to 2034 would, in days since 1900 or 1970.
    """

    patients: int = 0
    serials: int = 0
    since_1970: int = 0

    def add(self, batch: RecordBatch, stored: RecordBatch, first: pd.Series) -> None:
        """Add a part. `first`: hours of each patient's first session, by code."""
        new = first[~first.index.isin(stored.sessions["patient_code"].astype("str"))]
        self.patients += len(new)
        self.serials += int(_within(new, _SERIALS).sum())
        self.since_1970 += int(_within(new, _DAYS_SINCE_1970).sum())

    def note(self, file: str, problems: Problems) -> None:
        """Note where all of them lie so."""
        if self.patients and self.serials == self.patients:
            problems.add(file, None, "hours", _ALL_AWAY.format("where days since 1900 would"))
        elif self.patients >= _FEW and self.since_1970 == self.patients:
            problems.add(file, None, "hours", _ALL_AWAY.format("where days since 1970 would"))
