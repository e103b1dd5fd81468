"""MAP.toml: what a person at the clinic says of an export, once, for every export of its kind.

General keys: `format` (`sources.SOURCES`), `zone` (the clinic's, as Europe/Berlin), `dates` (dmy or mdy), and the table
`[same_as]` (new record number = known one). All other tables are the format's own, which its reader checks.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.source import DATE_ORDERS, Choices

_LARGEST = 4 * 2**20


def read_map(path: Path) -> tuple[str, Choices]:
    """The format that a map names ("" for none) and what it says. Raises CannotRead: what is wrong, where."""
    try:
        if path.stat().st_size > _LARGEST:
            raise CannotRead(f"{path.name} is no map: it is larger than 4 MB; name the file that --suggest wrote")
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CannotRead(f"{path.name} cannot be opened ({error.strerror or 'input error'}); check the path") from None
    except UnicodeDecodeError:
        raise CannotRead(f"{path.name} is no UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CannotRead(f"{path.name} is no TOML: {error}; correct that line") from None
    key, zone, dates = (said.pop(name, "") for name in ("format", "zone", "dates"))
    for name, value in (("format", key), ("zone", zone), ("dates", dates)):
        if not isinstance(value, str):
            raise CannotRead(f"{path.name}, {name}: is no text; write it in quotation marks")
    joined = said.pop("same_as", {})
    if not isinstance(joined, dict) or not all(isinstance(old, str) for old in joined.values()):
        raise CannotRead(f'{path.name}, same_as: write a table of "new record number" = "known record number"')
    return key, Choices(zone_of(zone, path.name), order_of(dates, path.name), said, joined, path.name)


def zone_of(name: str, where: str) -> ZoneInfo | None:
    """A time zone by its name; None for "". Raises CannotRead with `where` it was said."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found; no name of a zone; a folder of zones
        raise CannotRead(f"{where}, zone: no such time zone; write it as Europe/Berlin or America/New_York") from None


def order_of(dates: str, where: str) -> str | None:
    """`dmy` or `mdy`; None for "". Raises CannotRead with `where` it was said."""
    if dates and dates not in DATE_ORDERS:
        raise CannotRead(f"{where}, dates: write dmy (31.01.2026) or mdy (01/31/2026)")
    return dates or None
