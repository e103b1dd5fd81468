"""Visual regression of the six main views: where each chart has its ink, against a small record of it.

The record (`looks.json`) holds for each chart a coarse grid of the share of pixels that differ from the
paper; other fonts shift it little, a missing or wrong chart much. Texts that lie over one another are
looked for directly. To write the record anew after a wanted change:

    LOOKS=write pytest tests/browser/test_looks.py
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

RECORD = Path(__file__).parent / "looks.json"
MOST_DIFFERENT = 0.4  # of a chart's ink that may lie in other cells than in the record; a missing chart has 1
DRAWN = ".js-plotly-plot .main-svg, .ag-row .patient-link"
VIEWS: dict[str, tuple[str, int, str]] = {
    "outcomes": ("/", 1440, "light"),
    "outcomes dark": ("/", 1440, "dark"),
    "patients": ("/patients", 1440, "light"),
    "patient": ("/patient/{code}?instrument=phq9", 1440, "light"),
    "side effects": ("/side-effects", 1440, "light"),
    "patient on a phone": ("/patient/{code}?instrument=phq9", 390, "light"),
}
PLACES = """() => [...document.querySelectorAll('.chart, #worklist')].map((e, i) => {
    const r = e.getBoundingClientRect(), card = e.closest('section');
    const name = card ? card.getAttribute('aria-labelledby') : e.id;
    return {name: name + ' ' + i, x: r.x + scrollX, y: r.y + scrollY, w: r.width, h: r.height};
})"""
INK = """async ([png, places, columns, rows]) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + png;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width; canvas.height = image.height;
    const brush = canvas.getContext('2d', {willReadFrequently: true});
    brush.drawImage(image, 0, 0);
    const found = {};
    for (const place of places) {
        const w = Math.floor(place.w), h = Math.floor(place.h);
        if (w < 1 || h < 1) { found[place.name] = Array(columns * rows).fill(0); continue; }
        const pixels = brush.getImageData(Math.round(place.x), Math.round(place.y), w, h).data;
        const light = i => 0.3 * pixels[i] + 0.59 * pixels[i + 1] + 0.11 * pixels[i + 2];
        const paper = light(4 * (2 * w + 2)), ink = Array(columns * rows).fill(0);
        for (let y = 0; y < h; y++) for (let x = 0; x < w; x++)
            if (Math.abs(light(4 * (y * w + x)) - paper) > 14)
                ink[Math.floor(y * rows / h) * columns + Math.floor(x * columns / w)]++;
        found[place.name] = ink.map(n => Math.round(1000 * n * columns * rows / (w * h)) / 1000);
    }
    return found;
}"""
# Resolves when charts and their texts have stood where they are for five frames of a tenth of a second.
SETTLED = """async () => {
    const seen = () => [...document.querySelectorAll('.chart, .chart svg text')]
        .map(e => e.getBoundingClientRect())
        .map(r => [r.x, r.y, r.width, r.height].map(Math.round)).join();
    for (let last = '', same = 0, tries = 0; same < 5 && tries < 150; tries++) {
        const now = seen();
        same = now === last ? same + 1 : 0;
        last = now;
        await new Promise(resolve => setTimeout(resolve, 100));
    }
}"""
OVERLAPS = """() => {
    const found = [];
    for (const chart of document.querySelectorAll('.chart')) {
        const texts = [...chart.querySelectorAll('svg text')].filter(t => t.textContent.trim() && t.getBBox().width)
            .map(t => ({text: t.textContent, r: t.getBoundingClientRect()}))
            .filter(t => t.r.width && t.r.height);
        texts.forEach((a, i) => texts.slice(i + 1).forEach(b => {
            const w = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left);
            const h = Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top);
            const least = Math.min(a.r.width * a.r.height, b.r.width * b.r.height);
            if (w > 3 && h > 3 && w * h > 0.2 * least)
                found.push((chart.closest('section')?.getAttribute('aria-labelledby') ?? '') + ': '
                           + a.text + ' / ' + b.text);
        }));
    }
    return found;
}"""


@pytest.fixture
def view(page_of: Callable[..., Page], code: str) -> Callable[[str], Page]:
    """Open one of the views, or turn to it, and wait until it is drawn."""

    def open_view(name: str) -> Page:
        path, width, scheme = VIEWS[name]
        page = page_of(path.format(code=code), width=width)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
        page.locator(DRAWN).first.wait_for()
        expect(page.locator(".bone")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        page.evaluate(SETTLED)
        return page

    return open_view


@pytest.fixture
def looks(chromium: Any) -> Callable[[Page], dict[str, list[float]]]:
    """Where a page's charts have their ink."""

    def see(page: Page) -> dict[str, list[float]]:
        page.evaluate("scrollTo(0, 0)")
        places = page.evaluate(PLACES)
        png = base64.b64encode(page.screenshot(full_page=True, animations="disabled")).decode()
        blank = chromium.new_page()
        try:
            return blank.evaluate(INK, [png, places, 12, 6])
        finally:
            blank.close()

    return see


def differences(seen: dict[str, list[float]], recorded: dict[str, list[float]]) -> dict[str, float]:
    """Charts whose ink lies elsewhere than in the record, with the share of it; 1 for one that is not there."""
    found = dict.fromkeys(recorded.keys() ^ seen.keys(), 1.0)
    for name in recorded.keys() & seen.keys():
        moved = sum(abs(a - b) for a, b in zip(seen[name], recorded[name], strict=True))
        found[name] = moved / max(sum(recorded[name]), 1e-9)
    return {name: round(share, 2) for name, share in found.items() if share > MOST_DIFFERENT}


@pytest.mark.parametrize("name", list(VIEWS))
def test_a_main_view_looks_as_recorded(view, looks, name):
    page = view(name)
    seen = looks(page)
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if os.environ.get("LOOKS") == "write":
        RECORD.write_text(json.dumps(recorded | {name: seen}, separators=(",", ":"), sort_keys=True) + "\n")
        return
    assert seen
    assert differences(seen, recorded[name]) == {}
    assert page.evaluate(OVERLAPS) == []


def test_a_missing_chart_and_an_overlap_are_noticed(view, looks):
    page = view("outcomes")
    recorded = json.loads(RECORD.read_text())["outcomes"]
    page.evaluate("document.querySelectorAll('.chart')[2].style.visibility = 'hidden'")
    assert len(differences(looks(page), recorded)) == 1
    page.evaluate("document.querySelectorAll('.chart')[2].remove()")
    assert differences(looks(page), recorded)
    assert page.evaluate(OVERLAPS) == []
    page.evaluate(
        """(() => { const [first, second] = document.querySelectorAll('.chart .xtick text');
            second.setAttribute('x', first.getAttribute('x'));
            second.setAttribute('transform', first.getAttribute('transform') ?? ''); })()"""
    )
    assert page.evaluate(OVERLAPS)
