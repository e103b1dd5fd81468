"""What an administrator's pages hold: the same cards as a clinician's, of rounded counts, in every answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dashboard.exports import rounding

QUERIES = (
    "",
    "?route=iv",
    "?route=iv&by=sex",
    "?by=clinic",
    "?by=phase",
    "?age_band=18-24&instrument=gad7",
    "?sex=other",
)
COHORT = {"cohort-cue-go.data-cohort", "side-effects-cue-go.data-cohort", "cohort-cue.data-cohort"}
# "12 of 30", "of 30 courses", "(n 30": in sentences, headings, notes and hover texts.
COUNTED = re.compile(
    r"\b([\d,]++) of ([\d,]++)\b(?! rows)|\(n ([\d,]++)"
    r"|\bof (?:all )?([\d,]++) (?:treated |evaluable )?(?:course|patient|session|occurrence)"
    r"|\b([\d,]++) (?:patients|courses|occurrences|scores|sessions of|sessions asked)\b"
)
COUNTS = frozenset(
    {"courses", "evaluable", "measured", "events", "n", "scores", "patients", "occurrences", "serious", "not_graded"}
    | {"mild", "moderate", "severe", "at_risk", "censored"}
)
NOT_COUNTS = ("4 induction sessions", "ewer than 11", "1 session")  # rules


def strings(value: Any) -> Iterator[str]:
    """Every text of an answer."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def components(value: Any, kind: str) -> Iterator[dict[str, Any]]:
    """The components of an answer with this class."""
    if isinstance(value, dict):
        props = value.get("props", {})
        if kind in str(props.get("className", "")).split():
            yield value
        for item in value.values():
            yield from components(item, kind)
    elif isinstance(value, list):
        for item in value:
            yield from components(item, kind)


def allowed(text: str) -> bool:
    """Whether a whole number may be shown: a multiple of 5, from the steps of curves 5 and 10 as well."""
    return int(text.replace(",", "") or 0) % rounding.STEP == 0


def counts_of(answer: Any) -> Iterator[str]:
    """Every count in an answer's tables and prose."""
    for text in strings(answer):
        if text.startswith('{"columns"'):
            table = json.loads(text)
            for row in table["rows"]:
                for (key, _), value in zip(table["columns"], row, strict=True):
                    if key in COUNTS and value is not None:
                        yield "0" if value == "<11" else str(value)
    for kind in ("card-sentence", "card-note", "headline", "funnel-step", "multiple", "key"):
        for part in components(answer, kind):
            for text in strings(part):
                for rule in NOT_COUNTS:
                    text = text.replace(rule, "")
                for found in COUNTED.finditer(text):
                    yield from (number for number in found.groups() if number)


def asked(app: Any, make_body: Callable[..., dict[str, Any]], roles: str) -> Iterator[dict[str, Any]]:
    """Every call of a callback that this role may make, for each query."""
    rights = app.server.extensions["ketamine_outcomes_access"].callbacks
    for output in app.callback_map:
        if roles not in rights.get(output, ()):
            continue
        for query in QUERIES:
            for path in ("/", "/side-effects", "/exports"):
                values = {"url.search": query, "url.pathname": path} | dict.fromkeys(
                    COHORT, query.lstrip("?") or "instrument=phq9"
                )
                yield make_body(app, output, values)


def test_every_count_of_every_answer_is_rounded(
    guarded: Any, signed_in: Callable[[str], Any], make_body: Callable[..., dict[str, Any]]
) -> None:
    adam, found, cards = signed_in("adam"), 0, set()
    token = adam.token()
    for body in asked(guarded, make_body, "administrator"):
        answer = adam.call(body, **{"X-CSRFToken": token})
        if answer.status_code != 200 or not answer.is_json:
            continue
        content = answer.get_json()
        for part in components(content, "card"):
            cards.add(part["props"].get("aria-labelledby", ""))
        wrong = [number for number in counts_of(content) if not allowed(number)]
        assert not wrong, (body["output"], body["inputs"], wrong[:5])
        found += sum(1 for _ in counts_of(content))
        assert "state-error" not in answer.get_data(as_text=True), body["output"]
    assert found > 1000
    assert {
        f"{name}-question"
        for name in ("states", "onset", "durability", "fade", "interval-shares", "occupancy", "waterfall", "often")
    } <= cards


def test_a_clinician_gets_the_counts_as_they_are(
    guarded: Any, signed_in: Callable[[str], Any], make_body: Callable[..., dict[str, Any]]
) -> None:
    """The check above is no idle one: in a clinician's answers it finds what is not rounded."""
    body = make_body(guarded, "cohort-body.children", {"url.pathname": "/", "url.search": ""})
    answer = signed_in("chief").call(body).get_json()
    assert [number for number in counts_of(answer) if not allowed(number)]


@pytest.mark.parametrize("query", ["?age_band=90%2B&sex=other", "?age_band=18-24&sex=other&route=im"])
def test_few_are_not_told_from_none(
    guarded: Any, signed_in: Callable[[str], Any], make_body: Callable[..., dict[str, Any]], query: str
) -> None:
    adam = signed_in("adam")
    for output, path in (("cohort-body.children", "/"), ("side-effects-body.children", "/side-effects")):
        text = adam.call(make_body(guarded, output, {"url.pathname": path, "url.search": query})).get_data(as_text=True)
        assert "Fewer than 11 patients or courses, or none, match these filters" in text
        assert "left out" not in text
