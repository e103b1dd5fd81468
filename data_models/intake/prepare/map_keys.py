"""Reading MAP.toml with its keys checked: one that is not known is refused with those that are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from data_models.intake.contract import CannotRead


class MapTable:
    """One table of MAP.toml.

    Parameters
    ----------
    given : its keys and values.
    file : what messages call the file.
    name : where the table stands in it; "" for the whole.
    """

    def __init__(self, given: Mapping[str, Any], file: str, name: str = "") -> None:
        self.given, self.file, self.name = given, file, name

    def refuse(self, reason: str) -> NoReturn:
        """Raise CannotRead."""
        raise CannotRead(f"{self.file}: {reason}")

    def only(self, *known: str) -> None:
        """Refuse a key that is none of those."""
        for key in self.given:
            if key not in known:
                where = f"{self.name}: " if self.name else ""
                self.refuse(f'{where}"{key}" is not known here; known are {", ".join(known)}')

    def table(self, key: str, *known: str) -> MapTable:
        """The table of a key, empty where it is not given; with `known`, no other keys may stand in it."""
        found = self.given.get(key, {})
        where = self._where(key)
        if not isinstance(found, Mapping):
            self.refuse(f"{where} is a table, as [{where}]")
        made = MapTable(found, self.file, where)
        if known:
            made.only(*known)
        return made

    def tables(self, key: str) -> Iterator[MapTable]:
        """The tables of a list ([[key]])."""
        found = self.given.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            self.refuse(f"{self._where(key)} is a list of tables, each as [[{self._where(key)}]]")
        for number, one in enumerate(found, start=1):
            yield MapTable(one, self.file, f"{self._where(key)} number {number}")

    def text(self, key: str) -> str:
        """A text, or a number as text; "" where it is not given."""
        return self._text(self.given.get(key, ""), self._where(key))

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        """A text that is one of some; "" where it is not given."""
        found = self.text(key)
        if found and found not in known:
            self.refuse(f"{self._where(key)} is none of {', '.join(known)}")
        return found

    def texts(self, key: str) -> dict[str, str]:
        """A table of texts."""
        return {name: self._text(value, f"{self._where(key)}.{name}") for name, value in self.table(key).given.items()}

    def list_of_texts(self, key: str) -> list[str]:
        """A list of texts."""
        found = self.given.get(key, [])
        if not isinstance(found, list):
            self.refuse(f"{self._where(key)} is a list")
        return [self._text(one, self._where(key)) for one in found]

    def _where(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def _text(self, value: Any, where: str) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.refuse(f"{where} is a text")
        return str(value)
