"""Whether the bytes of a file are text, and its first line."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable

from data_models.intake.readers.problems import Problems

MOST_COLUMNS = 1_000
LONGEST_LINE = 2**20  # Arrow reads by blocks of this size; a line that fits in two may pass
SLICE = 2**24
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def text_bounds(slices: Iterable[bytes], file: str, problems: Problems) -> tuple[int, int] | None:
    """Where the text begins (after a mark) and ends (before the line ends at its end), in bytes.

    None, with a problem noted, where the bytes are no UTF-8 or hold a NUL.

    Parameters
    ----------
    slices : the file's bytes in order, the first slice of four bytes or more where the file has as many.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    position, lines, start, end = 0, 1, 0, 0
    for part in slices:
        if position == 0:
            for mark, encoding in _OTHER_ENCODINGS:
                if part.startswith(mark):
                    problems.add(file, 1, None, f"the file is {encoding} (byte 1); save it as CSV UTF-8")
                    return None
            start = len(codecs.BOM_UTF8) if part.startswith(codecs.BOM_UTF8) else 0
        pending = len(decoder.getstate()[0])
        if b"\0" in part:
            at = part.index(b"\0")
            row = lines + part.count(b"\n", 0, at)
            guess = "the file looks like UTF-16; save it as CSV UTF-8" if position == 0 and at < 4 else "remove it"
            problems.add(file, row, None, f"a NUL byte at byte {position + at + 1}; {guess}")
            return None
        if not part.isascii() or pending:
            try:
                decoder.decode(part)
            except UnicodeDecodeError as error:
                at = error.start - pending  # negative: it began in the slice before
                _note_not_utf8(file, lines + part.count(b"\n", 0, max(at, 0)), position + at + 1, problems)
                return None
        filled = part.rstrip(b"\r\n")
        end = position + len(filled) if filled else end
        position += len(part)
        lines += part.count(b"\n")
    pending = len(decoder.getstate()[0])
    if pending:
        _note_not_utf8(file, lines, position - pending + 1, problems)
        return None
    return start, max(start, end)


def _note_not_utf8(file: str, row: int, byte: int, problems: Problems) -> None:
    what = (
        f"byte {byte} is not UTF-8 (the file looks like Windows-1252 or another 8-bit encoding); save it as CSV UTF-8"
    )
    problems.add(file, row, None, what)


def first_line(text: bytes, file: str, problems: Problems) -> tuple[list[str], int] | None:
    """The cells of the first line, and how many bytes it takes with its end; None with a problem noted.

    Parameters
    ----------
    text : the text's first bytes, of `LONGEST_LINE` one more where it has as many.
    """
    ends = [at for at in (text.find(b"\n"), text.find(b"\r")) if at >= 0]
    if not ends and len(text) > LONGEST_LINE:
        problems.add(file, 1, None, f"the line is longer than {LONGEST_LINE:,} bytes; is this a CSV file?")
        return None
    line = text[: min(ends)] if ends else text
    taken = len(line) + (2 if text[len(line) :].startswith(b"\r\n") else 1)
    try:
        header = next(csv.reader([line.decode()], strict=True), [""])
    except (csv.Error, UnicodeDecodeError):
        what = "a quotation mark of the column names is not closed on its line; close or remove it"
        problems.add(file, 1, None, what)
        return None
    if len(header) > MOST_COLUMNS:
        problems.add(file, 1, None, f"the file has more than {MOST_COLUMNS:,} columns; is this a file of records?")
        return None
    return header, taken
