"""The one place where colour, type and space are decided, for pages, charts and print.

Figures are drawn in the light colours. In dark mode the style sheet `assets/colours.css`, which this
module writes (`python -m dashboard.theme`), maps each light colour inside a chart to its dark
counterpart, so switching needs no second trip to the server and print is always light. Each token's
two values therefore must be unique among the tokens' light values: one colour, one meaning.

Hues keep apart for readers with red-green or blue-yellow colour blindness (after Okabe and Ito 2008,
darkened until marks reach 3:1 on white); colour is never the only carrier.
"""

from __future__ import annotations

from pathlib import Path

# name: (light, dark)
COLOURS: dict[str, tuple[str, str]] = {
    # ink and paper
    "text": ("#1f2933", "#e4e7eb"),
    "muted": ("#52606d", "#a6b0bb"),
    "axis": ("#9aa5b1", "#616e7c"),
    "grid": ("#e4e8ec", "#2c343d"),
    "surface": ("#ffffff", "#171c22"),
    "page": ("#f4f6f8", "#0f1317"),
    "line": ("#dde2e7", "#2a323b"),
    "hover": ("#2b3640", "#3a4652"),
    "accent": ("#0b5563", "#6fc3d2"),
    # where a course or a patient stands
    "response": ("#0072b2", "#4aa8e0"),
    "remission": ("#00507d", "#86c8f0"),
    "partial": ("#6fb1d6", "#2f6c92"),
    "none": ("#c4a66e", "#9a7d48"),
    "not_measured": ("#cbd2d9", "#46515c"),
    "left": ("#7b8794", "#6a7682"),
    "fading": ("#d98e04", "#f0b040"),
    "loss": ("#c8501a", "#f0824f"),
    "worse": ("#9b3a73", "#d67fb0"),
    "retreated": ("#6250b0", "#a597ea"),
    # severity of side effects
    "mild": ("#f0c987", "#8a6a35"),
    "moderate": ("#df8a35", "#d08a45"),
    "severe": ("#a63603", "#f58a5e"),
    "ungraded": ("#b8c1ca", "#55606b"),
    # routes
    "iv": ("#4b5cc4", "#8f9cf0"),
    "im": ("#00838f", "#45bdc8"),
    "sc": ("#75802b", "#b5c25c"),
    "intranasal": ("#b13a80", "#ea86bd"),
    "sublingual": ("#b87503", "#e5a93f"),
    "oral": ("#7c6652", "#bfa58c"),
    # groups of a comparison that have no colour of their own
    "series_1": ("#24557a", "#7fb2d9"),
    "series_2": ("#b0561f", "#e9a172"),
    "series_3": ("#3d7d4f", "#7fc492"),
    "series_4": ("#8a4a8f", "#cf93d4"),
    "series_5": ("#7d6f1c", "#cdbd58"),
    "series_6": ("#5a646e", "#b3bdc7"),
    # vital signs
    "systolic": ("#39489e", "#93a0ef"),
    "diastolic": ("#7f8bcb", "#5f6cba"),
    "heart_rate": ("#a3405b", "#e88aa2"),
    # severity bands of a scale, mildest first
    "band_1": ("#f7f9fa", "#181e24"),
    "band_2": ("#f1f4f6", "#1c232a"),
    "band_3": ("#ebeff2", "#212930"),
    "band_4": ("#e3e9ed", "#273038"),
    "band_5": ("#dae1e6", "#2e3841"),
    # where patients of the same kind lie
    "context": ("#a9bac8", "#3d4d5c"),
}
LIGHT: dict[str, str] = {name: pair[0] for name, pair in COLOURS.items()}

# Colours of compared groups that have none of their own, in order.
SERIES = ("series_1", "series_2", "series_3", "series_4", "series_5", "series_6")

# States of the worklist, each with its colour and the shape that says the same without colour.
STATES: dict[str, tuple[str, str, str]] = {
    "responding": ("response", "●", "Responding"),
    "fading": ("fading", "◐", "Fading"),
    "response_lost": ("loss", "▼", "Response lost"),
    "no_response": ("none", "○", "No response yet"),
    "not_measured": ("not_measured", "–", "Not measured"),
    "mild_at_start": ("not_measured", "◇", "Mild at the start"),
    "worse": ("worse", "▲", "Worse"),
    "not_scored": ("not_measured", "◌", "Not scored lately"),
}

# Marker shapes of groups and terms that have none of their own, in order.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "hexagon", "triangle-down", "cross", "x")

# Marker shape of a session, by route (colour repeats it).
ROUTE_SYMBOLS = {
    "iv": "circle",
    "im": "square",
    "sc": "triangle-up",
    "intranasal": "diamond",
    "sublingual": "hexagon",
    "oral": "triangle-down",
}

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
FONT_SIZE = 12

# Mantine's theme: `primaryShade` 8 gives text on buttons its contrast (axe).
MANTINE = {
    "primaryColor": "ink",
    "primaryShade": 8,
    "fontFamily": FONT,
    "defaultRadius": "sm",
    "colors": {
        "ink": [
            "#eef6f8", "#dcebee", "#b5d6dd", "#8abfca", "#68acba",
            "#529fb0", "#3f8c9d", "#226f80", "#0b5563", "#04414d",
        ],
    },
}  # fmt: skip


def colour(name: str) -> str:
    """The (light) colour of a token; figures use no other."""
    return LIGHT[name]


def faint(name: str, opacity: float = 0.16) -> str:
    """A token's colour as a see-through fill (ribbons, bands)."""
    red, green, blue = (int(LIGHT[name][i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def series_token(key: str, value: str, position: int) -> str:
    """Name of the colour of one group of a comparison: a route keeps its own everywhere."""
    return value if key == "route" and value in LIGHT else SERIES[position % len(SERIES)]


def series_symbol(key: str, value: str, position: int) -> str:
    """Marker shape of one group of a comparison: a route keeps its own everywhere."""
    return ROUTE_SYMBOLS.get(value if key == "route" else "", SYMBOLS[position % len(SYMBOLS)])


def _rgb(hexadecimal: str) -> str:
    return "rgb(" + ", ".join(str(int(hexadecimal[i : i + 2], 16)) for i in (1, 3, 5)) + ")"


def style_sheet() -> str:
    """The text of `assets/colours.css`: variables for pages, and the dark counterpart of charts."""
    lines = ["/* Written by `python -m dashboard.theme`: change dashboard/theme.py, not this file. */", ":root {"]
    lines += [f"  --{name.replace('_', '-')}: {light};" for name, (light, _) in COLOURS.items()]
    lines += [f"  --font: {FONT};", "}", "@media screen {", '[data-mantine-color-scheme="dark"] {']
    lines += [f"  --{name.replace('_', '-')}: {dark};" for name, (_, dark) in COLOURS.items()]
    lines += ["}"]
    for light, dark in COLOURS.values():
        for part in ("fill", "stroke"):
            lines.append(
                f'[data-mantine-color-scheme="dark"] .chart [style*="{part}: {_rgb(light)}"] '
                f"{{ {part}: {dark} !important; }}"
            )
    lines += ["}", ""]
    return "\n".join(lines)


STYLE_SHEET = Path(__file__).parent / "assets" / "colours.css"

if __name__ == "__main__":
    STYLE_SHEET.write_text(style_sheet(), encoding="utf-8")
