"""What identifies the data behind a release: every batch taken in, and the rules under which it was derived."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, select

from data_models.database.tables import Import
from data_models.definitions.rules import OutcomeRules
from data_models.definitions.scope import Scope


def data_set_fingerprint(connection: Connection, scope: Scope, rules: OutcomeRules) -> str:
    """SHA-256 (hex) over the imports' fingerprints in order, the rules' version, and the clinics in scope.

    Two releases with the same fingerprint rest on the same records, rules and clinics. It tells nothing
    about a record: each import's fingerprint is itself a digest of a whole batch.
    """
    digest = hashlib.sha256()
    for number, mark in connection.execute(select(Import.number, Import.fingerprint).order_by(Import.number)):
        digest.update(f"{number}:{mark}\n".encode())
    clinics = "all" if scope.clinics is None else ",".join(sorted(scope.clinics))
    digest.update(f"rules:{rules.version}\nclinics:{clinics}\n".encode())
    return digest.hexdigest()
