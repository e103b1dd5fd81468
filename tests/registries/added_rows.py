"""Rows that the registries have beside their own: loaded before the rest of the program (`pytest -p added_rows`).

The scale does not begin at 0; it stands first in its registry, and the side effect in the middle, as one line more of
the file: nothing may rest on a place among them.
"""

from pathlib import Path
from types import ModuleType

from data_models.definitions import instruments, rules, vocabulary
from data_models.definitions.instruments import Band, Instrument

SCALE = Instrument(
    "k10", "K10", "distress", 10, 50, "lower",
    (Band("likely well", 19), Band("mild", 24), Band("moderate", 29), Band("severe", 50)),
    moderate=25, remission=19, meaningful_change=0.25, meaningful_is_share=True, recall_days=28, source="Kessler 2002",
)  # fmt: skip
_KNOWN = dict(instruments.INSTRUMENTS)
instruments.INSTRUMENTS.clear()
instruments.INSTRUMENTS.update({SCALE.code: SCALE, **_KNOWN})


def _with_line(module: ModuleType, line: str, before: str) -> None:
    """Load a module anew with one line more."""
    text = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert text.count(before) == 1
    exec(text.replace(before, line + before), module.__dict__)


TERM, RULE = "tinnitus", "washout_days"
_with_line(vocabulary, f'    "{TERM}": 16,\n', '    "headache": 3,\n')
_rule = f'    {RULE}: float = _rule(28.0, "days without treatment before the first session", 1, 365)\n'
_with_line(rules, _rule, "    response_improvement: ")
