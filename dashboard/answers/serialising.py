"""Answers of callbacks as JSON in one pass.

Dash asks orjson to write an answer; orjson knows no components and refuses, and Dash then rebuilds the whole
answer in Python, which takes longer than everything else that a callback does. Here components are handed to
orjson one by one as it meets them. What even that cannot write is left to Dash as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import orjson
from dash import Dash
from dash.dependencies import Output
from dash.development.base_component import Component

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY  # as Dash has them
_BOOKS = {"available_properties", "available_wildcard_properties"}  # what Dash notes on each component


def serialise_in_one_pass(app: Dash) -> None:
    """Let each callback that is registered with an app from now on answer this way."""
    register = app.callback

    @functools.wraps(register)
    def callback(*dependencies: Any, **options: Any) -> Callable[[Any], Any]:
        decorate, one = register(*dependencies, **options), _answers_one(dependencies)

        def registered(function: Callable[..., Any]) -> Any:
            @functools.wraps(function)
            def answer(*arguments: Any, **named: Any) -> Any:
                value = function(*arguments, **named)
                if one:
                    return written(value)
                return tuple(map(written, value)) if isinstance(value, tuple) else value

            return decorate(answer)

        return registered

    app.callback = callback


def written(value: Any) -> Any:
    """A component, or a list that holds some, as JSON; any other value as it is."""
    if not isinstance(value, Component) and not (isinstance(value, list) and any(map(_is_component, value))):
        return value
    try:
        return orjson.Fragment(orjson.dumps(value, default=_plain, option=_OPTIONS))
    except TypeError:
        return value


def _is_component(value: Any) -> bool:
    return isinstance(value, Component)


def _plain(value: Any) -> Any:
    if isinstance(value, Component):
        # `to_plotly_json` asks for each of up to 75 properties whether it is there: these are those that are.
        given = {name: part for name, part in vars(value).items() if name not in _BOOKS and name[0] != "_"}
        return {"props": given, "type": value._type, "namespace": value._namespace}
    raise TypeError(f"{type(value).__name__} is no component")


def _answers_one(dependencies: tuple[Any, ...]) -> bool:
    """Whether a callback answers one property of one component, and not several at once."""
    if not dependencies or isinstance(dependencies[0], list | tuple | dict):
        return False
    return sum(isinstance(part, Output) for part in dependencies) == 1
