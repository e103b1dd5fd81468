"""A change of what is derived raises `DERIVATION`, by which stores know that their facts are of before it."""

from __future__ import annotations

import hashlib

from data_models.definitions.rules import DEFAULT_RULES
from data_models.outcomes.derive import DERIVATION, derive
from data_models.store import Store
from data_models.store.derivation import FACTS, record_slices

# The facts of the sample clinic, by the version of the derivation that gives them.
SAMPLE = {4: "341f664127746bdc"}


def test_other_facts_are_those_of_another_version(sample_database: str) -> None:
    store = Store.open(sample_database)
    digest = hashlib.sha256()
    with store.connect() as connection:
        for records in record_slices(connection):
            facts = derive(**records, rules=DEFAULT_RULES)
            for name in FACTS:
                frame = getattr(facts, name)
                frame = frame.loc[:, (frame != 0).any()]  # a side effect that nobody had makes no difference
                digest.update(frame[sorted(frame.columns)].to_csv(index=False, float_format="%.9g").encode())
    store.close()
    assert {DERIVATION: digest.hexdigest()[:16]} == SAMPLE, (
        "the sample's records give other facts than before: raise DERIVATION (outcomes/derive.py) by one, so that "
        "stores derive anew, and note the digest beside it here"
    )
