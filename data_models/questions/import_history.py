"""Which batches of records the store took in, newest first."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, select

from data_models.database.loading import read_frame
from data_models.database.tables import Import
from data_models.definitions.scope import Scope
from data_models.questions import NotAllowed, Shows, shows


@shows(Shows.COHORT)
def imports(connection: Connection, scope: Scope, limit: int = 200) -> pd.DataFrame:
    """The latest imports: number, source (csv, xlsx, one_sheet), patients, sessions, assessments,
    side_effects (new rows of each), repeats (identical ones, left out), changed (JSON: of how many known patients
    which fact), fingerprint (of the content).

    Raises
    ------
    NotAllowed : the scope does not reach every clinic; a batch may hold several.
    """
    if scope.clinics is not None:
        raise NotAllowed("the history of imports is shown to those who see every clinic")
    statement = (
        select(
            Import.number,
            Import.source,
            Import.patients,
            Import.sessions,
            Import.assessments,
            Import.side_effects,
            Import.repeats,
            Import.changed,
            Import.fingerprint,
        )
        .order_by(Import.number.desc())
        .limit(limit)
    )
    return read_frame(connection, statement)
