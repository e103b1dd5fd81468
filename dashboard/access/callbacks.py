"""Which roles may call which callback, and whether a call has the shape that its callback was registered with.

Any callback can be called with any input, from anywhere, by anyone who is signed in: the page in whose
registration a callback was made says who may call it, and values decide nothing about rights.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dash import Dash
from flask import Flask

from dashboard.access.roles import EVERYONE, PAGES

CALL = "/_dash-update-component"


def wrap_view(server: Flask, around: Callable[[Any], Any]) -> None:
    """Put something around the view that answers every call of a callback."""
    endpoint = next(rule.endpoint for rule in server.url_map.iter_rules() if rule.rule == CALL)
    server.view_functions[endpoint] = around(server.view_functions[endpoint])


@contextmanager
def belonging(app: Dash, rights: dict[str, frozenset[str]], *paths: str) -> Iterator[None]:
    """Callbacks registered within belong to these pages: the roles of any of them may call. No path: the frame's."""
    before = set(app.callback_map)
    yield
    roles = frozenset[str]().union(*(PAGES.get(path, frozenset()) for path in paths)) if paths else EVERYONE
    for name in set(app.callback_map) - before:
        rights[name] = roles


def fits(app: Dash, body: Any) -> bool:
    """Whether the body of a call has the shape of its callback: so many inputs, of these components."""
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        return False
    known = app.callback_map.get(body["output"])
    if known is None or "callback" not in known:  # unknown, or answered in the browser
        return False
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(name, str) for name in changed):
        return False
    if not _writes(body["output"], body.get("outputs"), bool(known.get("no_output"))):
        return False
    return _match(body.get("inputs", []), known["inputs"]) and _match(body.get("state", []), known["state"])


def _writes(output: str, outputs: Any, nowhere: bool) -> bool:
    """Whether `outputs` are the components and properties that a callback's name says it writes to."""
    if nowhere:
        return not outputs
    several = output.startswith("..")
    names = output[2:-2].split("...") if several else [output]
    specs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    return _match(outputs if several else [outputs], specs)


def _match(given: Any, known: list[dict[str, Any]]) -> bool:
    if not isinstance(given, list) or len(given) != len(known):
        return False
    return all(_is_one_of(one, spec) for one, spec in zip(given, known, strict=True))


def _is_one_of(given: Any, spec: dict[str, Any]) -> bool:
    pattern = _pattern(spec["id"])
    if isinstance(given, list):
        several = pattern is not None and any(value in (["ALL"], ["ALLSMALLER"]) for value in pattern.values())
        return several and all(isinstance(one, dict) and _is_one_of(one, spec) for one in given)
    # A property that several callbacks write to is named with "@" and a mark of the callback.
    if not isinstance(given, dict) or given.get("property") not in (spec["property"], spec["property"].split("@")[0]):
        return False
    if pattern is None:
        return bool(given.get("id") == spec["id"])
    parts = given.get("id")
    return (
        isinstance(parts, dict)
        and parts.keys() == pattern.keys()
        and all(isinstance(value, list) or parts[name] == value for name, value in pattern.items())
    )


def _pattern(component_id: Any) -> dict[str, Any] | None:
    """The parts of a pattern id, which Dash keeps as JSON text; None for a plain id."""
    if isinstance(component_id, dict):
        return component_id
    if isinstance(component_id, str) and component_id.startswith("{"):
        parts = json.loads(component_id)
        return parts if isinstance(parts, dict) else None
    return None
