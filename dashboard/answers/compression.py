"""Scripts and styles compressed well, once a worker.

Flask-Compress compresses files as streams, anew for each visitor and a tenth larger than in one piece.
The files of a release never change while it runs (their URLs name their version), so each is compressed
in one piece when it is first asked for and kept: about 1.2 MB a worker.
"""

from __future__ import annotations

import threading

import brotli  # type: ignore[import-untyped]
from flask import Flask, Response, request

QUALITY = 9  # 0.4 s for the largest file; 11 would take 4 s for a tenth less
_STATIC = ("/assets/", "/_dash-component-suites/")
_TYPES = ("text/javascript", "application/javascript", "text/css")


def compress_files(server: Flask) -> None:
    """Answer requests for scripts and styles with kept, compressed bytes where the browser takes brotli."""
    kept: dict[str, bytes] = {}
    lock = threading.Lock()

    @server.after_request
    def _compress(response: Response) -> Response:
        if (
            response.status_code != 200
            or not request.path.startswith(_STATIC)
            or response.mimetype not in _TYPES
            or not request.accept_encodings.quality("br")
            or "Content-Encoding" in response.headers
            or request.method != "GET"
        ):
            return response
        name = request.full_path
        with lock:
            if name not in kept:
                if len(kept) > 200:  # made-up query strings must not fill the memory
                    kept.clear()
                response.direct_passthrough = False
                kept[name] = brotli.compress(response.get_data(), quality=QUALITY)
        response.direct_passthrough = False
        response.set_data(kept[name])
        response.headers["Content-Encoding"] = "br"
        response.headers.add("Vary", "Accept-Encoding")
        return response
