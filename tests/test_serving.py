"""The starter of servers that benchmarks and browser tests share."""

from __future__ import annotations

import sys
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.serving import PORT, NotStarted, running

# It says to everything that it does not know how: an answer all the same.
SERVER = (
    "import http.server as h, sys; h.HTTPServer(('127.0.0.1', int(sys.argv[1])), h.BaseHTTPRequestHandler)"
    ".serve_forever()"
)


def test_a_server_answers_within_the_block_and_is_gone_after_it() -> None:
    with running([sys.executable, "-c", SERVER, PORT], seconds=30) as address:
        assert address.startswith("http://127.0.0.1:")
    with pytest.raises(URLError):
        urlopen(address, timeout=5)


def test_a_server_that_ends_is_not_waited_for() -> None:
    with pytest.raises(NotStarted, match="status 3"), running([sys.executable, "-c", "raise SystemExit(3)"]):
        pass
