"""Rows that the registries have beside their own: loaded before the rest of the program (`pytest -p added_rows`).

The scale does not begin at 0; it stands first in its registry, and the side effect in the middle, as one line more of
the file: nothing may rest on a place among them.
"""

from pathlib import Path

from data_models.definitions import instruments, vocabulary
from data_models.definitions.instruments import Band, Instrument

SCALE = Instrument(
    "k10", "K10", "distress", 10, 50, "lower",
    (Band("likely well", 19), Band("mild", 24), Band("moderate", 29), Band("severe", 50)),
    moderate=25, remission=19, meaningful_change=0.25, meaningful_is_share=True, recall_days=28, source="Kessler 2002",
)  # fmt: skip
_KNOWN = dict(instruments.INSTRUMENTS)
instruments.INSTRUMENTS.clear()
instruments.INSTRUMENTS.update({SCALE.code: SCALE, **_KNOWN})

TERM, _BEFORE = "tinnitus", '    "headache": 3,\n'
_text = Path(vocabulary.__file__).read_text(encoding="utf-8")
assert _text.count(_BEFORE) == 1
exec(_text.replace(_BEFORE, f'    "{TERM}": 16,\n{_BEFORE}'), vocabulary.__dict__)
