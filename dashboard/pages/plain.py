"""Elements of HTML by the thousand, as one component.

Each component that comes with an answer makes Dash's renderer look at every other one (as of Dash 4.2): the time grows
with the square of their number, and 1,700 cells of tables hold the browser up for ten seconds, 8,700 for minutes.
`assets/plain.js` draws all of them as one.
"""

from __future__ import annotations

from dash.development.base_component import Component


class Plain(Component):  # type: ignore[misc]
    """What a component of `dash.html` shows, without its callbacks: nothing in it may have one.

    Parameters
    ----------
    shown : the component; all that it holds is of `dash.html` too, or text.
    """

    _namespace, _type = "dashboard", "Plain"
    _prop_names = available_properties = ["shown"]
    _valid_wildcard_attributes = available_wildcard_properties = ()

    def __init__(self, shown: Component) -> None:
        super().__init__(shown=[shown])  # Dash refuses a component beside the children
