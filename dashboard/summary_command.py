"""The cohort's figures as JSON text, under the store's rules or, without changing the store, under others."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from typing import Any

from dashboard.terminal import CommandError
from dashboard.throwaway import copy_of
from data_models.cohort import split, summarise
from data_models.cohort_filter import KEYS, CohortFilter
from data_models.instruments import INSTRUMENTS
from data_models.rules import OutcomeRules
from data_models.scope import Scope
from data_models.store import Store


def as_json(store: Store, instrument: str, where: tuple[str, ...], by: str | None, rules: OutcomeRules) -> str:
    """The summary of one cohort, or of each value of `by`, as the data contract's JSON."""
    if instrument not in INSTRUMENTS:
        raise CommandError(f"--instrument {instrument}: there is no such scale; use one of {', '.join(INSTRUMENTS)}", 2)
    if by is not None and by not in KEYS:
        raise CommandError(f"--by {by}: there is no such key; use one of {', '.join(KEYS)}", 2)
    try:
        chosen = CohortFilter.from_assignments(list(where), instrument)
    except ValueError as error:
        raise CommandError(f"--where: {error}", 2) from None
    with _under(store, rules) as source, source.connect() as connection:
        scope = Scope.everything()
        if by is None:
            result: Any = summarise(connection, scope, chosen, rules)
        else:
            result = {"by": by, "groups": split(connection, scope, chosen, rules, by)}
    return json.dumps(_plain(result), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@contextlib.contextmanager
def _under(store: Store, rules: OutcomeRules) -> Iterator[Store]:
    """The store itself when it was derived under `rules`, else a throw-away copy derived under them."""
    if rules == store.rules():
        yield store
        return
    with copy_of(store.engine.url.render_as_string(hide_password=False)) as other:
        other.derive(rules)
        yield other


def _plain(value: Any) -> Any:
    """JSON's own types: numpy's scalars as Python's, not-a-number and infinity as null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
