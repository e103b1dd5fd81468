"""Forged calls of callbacks by somebody who is signed in: no data of others, and never a failure of the server."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable
from typing import Any

import pytest

ODD: list[Any] = [
    None, True, -1, 0, 10**30, 1e308, "", "x" * 5000, "\x00", "\ud800", "../../etc/passwd", "' OR 1=1 --",
    "<script>alert(1)</script>", "{{7*7}}", [], {}, [[]], [None] * 50, {"id": "url"}, {"startRow": -5, "endRow": "x"},
    {"startRow": 0, "sortModel": "x", "filterModel": [1]}, ["..", "/"], {"names": [1], "contents": [{}]},
    "?clinic=%00&by=x",
]  # fmt: skip
FORGED = 1200


def values_for(app: Any, code: str) -> dict[str, Any]:
    """What an honest call for a patient of another clinic would hold."""
    return {
        "url.pathname": f"/patient/{code}",
        "url.search": f"?patient_code={code}&clinic={app.clinics[1]}",
        "worklist.getRowsRequest": {"startRow": 0, "endRow": 60},
        "patient-body.children": "x",
    }


def forge(
    app: Any, make_body: Callable[..., dict[str, Any]], chance: random.Random, code: str
) -> tuple[Any, dict[str, str]]:
    """One forged call and its headers."""
    outputs = [output for output, spec in app.callback_map.items() if "callback" in spec]
    body: Any = make_body(app, chance.choice(outputs), values_for(app, code))
    headers: dict[str, str] = {}
    kind = chance.randrange(10)
    parts = [*body["inputs"], *body["state"]]
    if kind == 0:
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    elif kind == 1:
        body["output"] = chance.choice(
            ["nothing.children", "..a.b...c.d..", "", 7, None, "__class__", outputs[0] + "x"]
        )
    elif kind == 2:  # a value of another kind
        for part in parts:
            if isinstance(part, dict) and chance.random() < 0.7:
                part["value"] = chance.choice(ODD)
    elif kind == 3:  # keys missing or of another kind
        key = chance.choice(["inputs", "state", "outputs", "changedPropIds", "output"])
        body[key] = copy.deepcopy(chance.choice(ODD))
    elif kind == 4:
        del body[chance.choice(list(body))]
    elif kind == 5:  # another component's value in the place of one
        for part in parts:
            if isinstance(part, dict):
                part["id"] = chance.choice(["url", "page", {"type": "filter", "key": "clinic"}, 5, None, ""])
    elif kind == 6:
        body["changedPropIds"] = chance.choice(
            [["url.search"], ["x"], ["a.b.c"], [""], [{"type": "x"}], ["{}.n_clicks"]]
        )
    elif kind == 7:
        text = json.dumps(body)
        return text[: chance.randrange(len(text))], headers
    elif kind == 8:
        return chance.choice(
            [b"\xff\xfe", b"[" * 20_000, b"null", b"1", b'"x"', b"[]", b"{}", b"NaN", b'{"output":NaN}']
        ), headers
    else:  # extra parts, and a place in the URL that is somebody else's
        body["inputs"] = [*body["inputs"], {"id": "url", "property": "search", "value": f"?patient_code={code}"}]
        body["background"] = {"job": 1}
    return body, headers


@pytest.mark.parametrize("name", ["clara", "adam", "dora"])
def test_forged_calls_bring_no_data_of_others_and_no_failure(
    guarded: Any, signed_in: Callable[[str], Any], make_body: Callable[..., dict[str, Any]], name: str
) -> None:
    one, chance = signed_in(name), random.Random(ord(name[0]))
    own = guarded.codes[guarded.clinics[0]] if name == "clara" else []
    strangers = [code for codes in guarded.codes.values() for code in codes if code not in own]
    token, seen = one.token(), {}
    for _ in range(FORGED // 3):
        code = chance.choice(guarded.codes[guarded.clinics[1]])
        body, headers = forge(guarded, make_body, chance, code)
        if isinstance(body, dict):  # what JSON cannot hold is sent as it would be
            body = json.dumps(body).encode("utf-8", "surrogatepass")
        answer = one.call(body, **({"X-CSRFToken": token} | headers))
        assert answer.status_code in (200, 204, 400, 401, 403, 413), (answer.status_code, body)
        text = answer.get_data(as_text=True)
        assert not [stranger for stranger in strangers if stranger in text and stranger != code], body
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
    assert {200, 400, 403} <= set(seen) or name != "clara"


def forged_outputs(outputs: Any) -> list[Any]:
    """What a call may say that it writes to and no browser would: another component, property, number or kind."""
    first = outputs[0] if isinstance(outputs, list) else outputs
    other: list[Any] = [
        None, [], {}, "url.search", {"id": "url"}, first | {"id": "url"}, first | {"property": "n_clicks"},
        first | {"id": {"type": "x"}}, {**first, "property": first["property"] + "@x"}, first | {"id": None},
    ]  # fmt: skip
    if not isinstance(outputs, list):
        return [*other, [outputs]]
    return [*([one, *outputs[1:]] for one in other), outputs[::-1], outputs[:-1], [*outputs, first], first]


def test_a_call_that_writes_elsewhere_than_its_callback_is_refused(
    guarded: Any, signed_in: Callable[[str], Any], make_body: Callable[..., dict[str, Any]]
) -> None:
    people = [signed_in(name) for name in ("chief", "adam", "dora", "olga")]
    tokens = [one.token() for one in people]
    for output, spec in guarded.callback_map.items():
        if "callback" not in spec:
            continue
        body, statuses = make_body(guarded, output), set()
        for outputs in forged_outputs(body["outputs"]):
            for one, token in zip(people, tokens, strict=True):
                answer = one.call(body | {"outputs": outputs}, **{"X-CSRFToken": token})
                statuses.add(answer.status_code)
        assert statuses in ({400}, {400, 403}), (output, statuses)  # 403: of somebody who may not call it at all


PATHS = [
    "/_dash-component-suites/dash/../../x", "/_dash-component-suites/nothing/x.js",
    "/_dash-component-suites/dash/x.v1m1.js", "/_dash-layout/x", "/_reload-hash", "/_favicon.ico", "/assets/../app.py",
    "/assets/%2e%2e/app.py", "/assets/nothing.js", "/patient/", "/patient/%00", "/patient/" + "x" * 4000,
    "/patient/A%2FB", "/%ff%fe", "//evil.example/x", "/..", "/static/x", "/?" + "a=b&" * 2000,
    "/sign-in?next=%0d%0aSet-Cookie:x", "/patients?instrument[]=x", "/_dash-update-component", "/password/x",
]  # fmt: skip


@pytest.mark.parametrize("name", [None, "clara", "olga"])
def test_no_address_makes_the_server_fail(
    guarded: Any, browser: Any, signed_in: Callable[[str], Any], name: str | None
) -> None:
    one = browser if name is None else signed_in(name)
    chance = random.Random(3)
    letters = "/%.?&=abcpatient0-_~;:@\\'\"<>{}"
    found = [*PATHS, *("/" + "".join(chance.choices(letters, k=chance.randrange(1, 40))) for _ in range(60))]
    for path in found:
        for method in ("GET", "HEAD", "POST"):
            answer = one.client.open(path, method=method, headers={"Accept": "text/html", "X-CSRFToken": "x"})
            assert answer.status_code < 500, (method, path)
            if name is None and not path.startswith(("/assets", "/sign-in")):
                assert answer.status_code in (308, 400, 401, 403, 404), (method, path, answer.status_code)


CONTENTS: list[dict[str, Any]] = [
    {}, {"data": b"\xff\x00\xfe" * 50, "content_type": "application/json"}, {"data": {"name": "x\x00", "next": "//x"}},
    {"data": b"--x\r\nbroken", "content_type": "multipart/form-data; boundary=x"},
    {"json": [[[]]]}, {"json": "x" * 5000},
    {"data": b"a=1&" * 5000, "content_type": "application/x-www-form-urlencoded"},
    {"data": b"{}", "content_type": "application/json; charset=nonsense"}, {"data": b"x", "content_type": "\xff/;;="},
]  # fmt: skip
HEADERS: list[dict[str, str]] = [
    {}, {"Accept": "text/html"}, {"Accept": "*/*;q=x,,"}, {"Range": "bytes=9-1,x"}, {"If-Modified-Since": "never"},
    {"If-None-Match": '"'}, {"Accept-Encoding": "nonsense;q=x, \xff"}, {"Origin": "null"},
    {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "\xff"},
    {"X-Forwarded-For": "1.2.3.4, x", "X-Forwarded-Proto": "gopher"}, {"Host": "evil.example"}, {"Host": "[::"},
    {"Cookie": "ketamine_outcomes_session=\xff; ketamine_outcomes_form=.a.b; demo_role=owner; ;=;"},
    {"Authorization": "Basic x"}, {"Content-Length": "-5"}, {"X-HTTP-Method-Override": "DELETE"},
]  # fmt: skip


def test_no_route_fails_whatever_it_is_given(guarded: Any, browser: Any, signed_in: Callable[[str], Any]) -> None:
    """Every rule that the server knows, with odd parameters, queries, headers and contents; signed in and not."""
    chance, people = random.Random(7), [browser, signed_in("clara"), signed_in("olga")]
    strangers = [code for codes in guarded.codes.values() for code in codes]
    token, asked = people[1].token(), 0
    odd = ["x", "%00", "..", "%ff", "x" * 3000, "\u00e4", "a/b", "dash.min.js", "0", "-1", "{}"]
    for rule in guarded.server.url_map.iter_rules():
        for _ in range(30):
            path = re.sub(r"<[^>]+>", lambda _: chance.choice(odd), rule.rule)
            path += chance.choice(["", "", "?next=%0d%0ax", "?" + "a=%ff&" * 40, "?next=//evil.example", "?m=x&m=y"])
            headers = {"X-CSRFToken": chance.choice(["x", token])} | chance.choice(HEADERS)
            method = chance.choice(["GET", "HEAD", "POST", "POST", "PUT", "OPTIONS", "NONSENSE"])
            answer = chance.choice(people).client.open(
                path, method=method, headers=headers, **(chance.choice(CONTENTS) if method == "POST" else {})
            )
            assert answer.status_code < 500, (method, path, headers, answer.status_code)
            if not path.startswith(("/assets/", "/_dash-component-suites/")):
                text = answer.get_data().decode("latin-1")
                assert not [code for code in strangers if code in text], (method, path)
            asked += 1
    assert asked > 400
