"""`create_app`: the only place where a Dash app is made, with its known traps closed.

Each setting below that differs from Dash's default closes one: see the comments.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import dash
import dash_ag_grid
import dash_mantine_components as dmc
from dash import Dash, dcc, set_props
from dash.fingerprint import build_fingerprint

from dashboard import ids, shell, theme
from dashboard.access import setup
from dashboard.access.callbacks import belonging
from dashboard.access.headers import add_headers
from dashboard.answers import cache, data
from dashboard.answers.compression import compress_files
from dashboard.answers.serialising import serialise_in_one_pass
from dashboard.pages import failure, filters, pages
from dashboard.pages.card import message
from dashboard.settings import Settings
from data_models.store import Store

COHORT_PAGES = (ids.OUTCOMES, ids.PATIENTS, ids.SIDE_EFFECTS, ids.EXPORTS)  # those with the filter bar

# Runs before the first paint, so that a dark page never flashes light.
_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
<script src="/assets/first-paint.js"></script>
{%favicon%}
{%css%}
</head>
<body>
{%app_entry%}
{%config%}
{%scripts%}
{%renderer%}
</body>
</html>"""


def create_app(settings: Settings, store: Store) -> Dash:
    """A dashboard on one store. Every worker process makes its own."""
    app = Dash(
        "dashboard",
        title=shell.PRODUCT,
        update_title="",  # a title that flickers with every callback is noise to screen readers
        index_string=_INDEX,
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "robots", "content": "noindex"},
            {"name": "grid-script", "content": _later(dash_ag_grid, "dash_ag_grid.min.js")},
            {"name": "controls-script", "content": _later(dmc, "dash_mantine_components.js")},
            {"name": "controls-theme", "content": json.dumps(theme.MANTINE)},
        ],
        assets_ignore=r"first-paint\.js",
        suppress_callback_exceptions=True,  # otherwise every page's layout goes into everyone's HTML
        use_async=False,  # with asgiref importable, throughput falls to a quarter
        enable_mcp=False,
        use_pages=False,  # Dash's registry is global; two apps in one process would share pages
        compress=True,
        serve_locally=True,
        on_error=say_what_failed,
        add_log_handler=False,
    )
    # Every page has a chart: its part of the script comes with the others, not a trip after the chart's answer.
    _script(dcc, "dcc/async-graph.js")["async"] = False
    serialise_in_one_pass(app)
    app.server.config.update(COMPRESS_BR_LEVEL=5, COMPRESS_LEVEL=6, COMPRESS_ALGORITHM=["br", "gzip"])
    data.attach(app.server, store)
    cache.remember_calls(app, lambda: data.reading().state)
    known = pages()
    app.layout = lambda: shell.layout(shell.shown(known), shell.asked_for(known))
    rights: dict[str, frozenset[str]] = {}
    with belonging(app, rights):
        shell.register(app, known)
    with belonging(app, rights, *COHORT_PAGES):
        filters.register(app)
    for page in known:
        with belonging(app, rights, page.path):
            page.register(app)
    setup.install(app, settings, store, partial(shell.path_of, known), rights)
    add_headers(app)
    compress_files(app.server)
    return app


def _script(package: ModuleType, name: str) -> dict[str, Any]:
    """What Dash knows of a package's script."""
    found: dict[str, Any]
    (found,) = (one for one in package._js_dist if one.get("relative_package_path") == name)
    return found


def _later(package: ModuleType, name: str) -> str:
    """Where a package's script lies, which `assets/lazy.js` fetches when a page first shows one of its components."""
    _script(package, name)["async"] = "lazy"  # else Dash loads it with every page
    file = Path(str(package.__file__)).with_name(name)
    named = build_fingerprint(name, package.__version__, int(file.stat().st_mtime))
    return f"/_dash-component-suites/{package.__name__}/{named}"


def say_what_failed(error: Exception) -> Any:
    """Show a sentence where the answer would have stood; a callback never fails silently."""
    shown = message(failure.noted(error), kind="error")
    outputs = dash.ctx.outputs_list
    if isinstance(outputs, dict) and outputs.get("property") == "children":
        return shown
    set_props(ids.NOTICE, {"children": shown})
    return None
