"""The pages, in the order of the navigation: folders whose `page.py` offers `layout`, `register` and `PAGE`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from dash import Dash
from dash.development.base_component import Component


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page lives and what the navigation calls it.

    Attributes
    ----------
    path : the URL's path; one that ends in "/" (other than the first page's) also holds all below it.
    title : heading, navigation and browser tab.
    icon : name of the icon class in the style sheet; empty for a page that is not in the navigation.
    layout : makes the page's empty shell; data come by callbacks alone.
    register : adds the page's callbacks to an app.
    parent : path of the page that it belongs to, for a page outside the navigation.
    """

    path: str
    title: str
    icon: str
    layout: Callable[[], Component]
    register: Callable[[Dash], None]
    parent: str = ""

    def holds(self, pathname: str) -> bool:
        """Whether a URL's path shows this page."""
        if self.path != "/" and self.path.endswith("/"):
            return pathname.startswith(self.path) and len(pathname) > len(self.path)
        return (pathname.rstrip("/") or "/") == self.path


_PAGES = ("outcomes", "patients", "patient", "side_effects", "exports", "records", "methods", "accounts")


def pages() -> tuple[Page, ...]:
    """All pages, in the order of the navigation. Each module names its own as `PAGE`."""
    return tuple(import_module(f"dashboard.pages.{name}.page").PAGE for name in _PAGES)
