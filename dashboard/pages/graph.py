"""The one place that makes `dcc.Graph`: safe configuration, fixed height, a text alternative.

The "share" button of plotly 7 posts a chart's data to its maker's cloud; it is off here and, once
more, in `assets/plotly-setup.js` for anything that would not come through here.
"""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

CONFIG: dict[str, Any] = {
    "displayModeBar": False,
    "displaylogo": False,
    "showSendToCloud": False,
    "showEditInChartStudio": False,
    "plotlyServerURL": "",
    "responsive": True,
    "doubleClick": False,
    "scrollZoom": False,
}


def graph(figure: dict[str, Any], alt: str, graph_id: Any = None, *, class_name: str = "", **config: Any) -> Component:
    """A chart with its text alternative.

    Parameters
    ----------
    figure : plain dict of plotly's schema; its layout's `height` (pixels) reserves the space.
    alt : what the chart shows, in words; the table of its card holds the numbers.
    graph_id : id of the inner `dcc.Graph`, where a callback needs it.
    config : changes to the configuration, such as `doubleClick="reset"` for a chart that zooms.
    """
    height = figure.get("layout", {}).get("height", 300)
    inner = dcc.Graph(
        figure=figure,
        config=CONFIG | config,
        responsive=True,
        style={"height": f"{height}px"},
        **({"id": graph_id} if graph_id is not None else {}),
    )
    # `role=img` makes the drawing one thing with one description instead of hundreds of loose texts.
    return html.Div(inner, className=f"chart {class_name}".strip(), role="img", **{"aria-label": alt})
