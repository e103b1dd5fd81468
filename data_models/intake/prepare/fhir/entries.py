"""The resources of an export, one by one, with where each stands: Bundles, NDJSON, JSON files, folders of them."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.source import LeftOut, Origin
from data_models.intake.readers.problems import Problems

SUFFIXES: Final = (".ndjson", ".json", ".jsonl")
_LINES: Final = (".ndjson", ".jsonl")
_PACKED: Final = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ")
_LARGEST: Final = 1 << 30  # bytes of one document, which is held whole
_NO_RESOURCE: Final = "is no FHIR resource (an object with resourceType); export it anew"
_LOOKED_AT: Final = 2_000  # of a folder that somebody gave by mistake
_PEEK: Final = 1 << 16
_TYPED: Final = re.compile(rb'"resourceType"\s*:\s*"[A-Z][A-Za-z]{2,40}"')
# A folder's file names may be those of patients (Synthea writes one file a patient): told are those of resource types.
_SAFE_NAME: Final = re.compile(
    r"(?:\d{1,3}[._-])?[A-Z][a-z]+(?:[A-Z][a-z]+){0,3}(?:[._-]\d{1,3})*\.(?:ndjson|jsonl|json)"
)
_TYPES: Final = re.compile(
    r"Bundle|Patient|Observation|Questionnaire|QuestionnaireResponse|Medication\w*|Procedure|AdverseEvent|Condition|"
    r"Encounter|Organization|Practitioner\w*|Location|Device|DiagnosticReport|Immunization\w*|Allergy\w*|Care\w+|Claim\w*"
)  # fmt: skip


def looks_like_fhir(path: Path) -> bool:
    """Whether a path surely holds FHIR as JSON, by its first bytes."""
    try:
        if path.is_dir():
            found = (file for file in itertools.islice(path.rglob("*"), _LOOKED_AT) if _is_json(file))
            return any(looks_like_fhir(file) for file in itertools.islice(found, 20))
        with path.open("rb") as stream:
            head = stream.read(_PEEK)
        if head.startswith(_PACKED[0]):  # it is, and reading it says that it must be unpacked
            head = zlib.decompressobj(wbits=31).decompress(head, _PEEK)
    except (OSError, zlib.error):
        return False
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return start in (b"{", b"[") and _TYPED.search(head) is not None


def _files(folder: Path) -> list[Path]:
    return sorted(filter(_is_json, folder.rglob("*")))


def _is_json(file: Path) -> bool:
    name = file.name.lower().removesuffix(".gz")
    return name.endswith(SUFFIXES) and not name.startswith(".") and file.is_file()


class Entries:
    """The resources of an export.

    Attributes
    ----------
    names : what messages call each file, in the order of reading.
    """

    def __init__(self, path: Path, problems: Problems, left_out: LeftOut) -> None:
        self._path, self._problems, self._left_out = path, problems, left_out
        self.names: list[str] = []

    def __iter__(self) -> Iterator[tuple[int, int, str, dict[str, Any]]]:
        """File (its place in `names`), line or entry, the entry's full address ("" where it has none), the resource."""
        if not self._path.exists():
            raise CannotRead(f"{self._path.name} is not there; check the path")
        files = _files(self._path) if self._path.is_dir() else [self._path]
        if not files:
            raise CannotRead(f"{self._path.name} holds no .ndjson and no .json file; give the folder of the export")
        for place, file in enumerate(files):
            self.names.append(self._name(file, place, len(files)))
            yield from self._of_file(place, file)

    def _name(self, file: Path, place: int, of: int) -> str:
        if file == self._path:
            return file.name
        word = next(iter(re.findall(r"[A-Za-z]+", file.name)), "")
        if _SAFE_NAME.fullmatch(file.name) and _TYPES.fullmatch(word):
            return file.name
        return f"file {place + 1} of {of} by name"

    def _of_file(self, place: int, file: Path) -> Iterator[tuple[int, int, str, dict[str, Any]]]:
        name = self.names[place]
        try:
            with file.open("rb") as stream:
                head = stream.peek(8)[:8]
                if head.startswith(_PACKED) or head.startswith((b"\xff\xfe", b"\xfe\xff")):
                    packed = "is packed; unpack it first"
                    reason = packed if head.startswith(_PACKED) else "is no UTF-8; save it as UTF-8"
                    self._problems.add(name, None, None, reason)
                    return
                if head.startswith(b"\xef\xbb\xbf"):
                    stream.read(3)
                first = stream.readline()
                if file.suffix.lower() in _LINES or (stream.peek(1) and _is_object(first)):
                    yield from self._of_lines(place, itertools.chain((first,), stream))
                    return
                if file.stat().st_size > _LARGEST:
                    reason = "is one document of more than 1 GiB; export it as NDJSON, a resource a line"
                    self._problems.add(name, None, None, reason)
                    return
                yield from self._of_document(place, first + stream.read())
        except OSError as error:
            raise CannotRead(f"{name} cannot be opened ({error.strerror or 'input error'}); check the path") from None

    def _of_lines(self, place: int, lines: Iterable[bytes]) -> Iterator[tuple[int, int, str, dict[str, Any]]]:
        loads = orjson.loads
        for number, line in enumerate(lines, 1):
            try:
                resource = loads(line)
            except orjson.JSONDecodeError:
                if line.strip():
                    self._broken(place, number, line)
                continue
            kind = resource.get("resourceType") if type(resource) is dict else None
            if kind == "Bundle":
                yield from ((place, number, url, one) for _, url, one in self._of_bundle(place, resource))
            elif type(kind) is str:
                yield place, number, "", resource
            else:
                self._problems.add(self.names[place], number, None, _NO_RESOURCE)

    def _of_document(self, place: int, text: bytes) -> Iterator[tuple[int, int, str, dict[str, Any]]]:
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self._broken(place, error.lineno, text)
            return
        resources = document if isinstance(document, list) else [document]
        for number, resource in enumerate(resources, 1):
            if type(resource) is not dict or type(resource.get("resourceType")) is not str:
                self._left_out.add("JSON without a resourceType", Origin(self.names[place], number), foreign=True)
            elif resource["resourceType"] == "Bundle":
                yield from ((place, entry, url, one) for entry, url, one in self._of_bundle(place, resource))
            else:
                yield place, number, "", resource

    def _of_bundle(self, place: int, bundle: dict[str, Any]) -> Iterator[tuple[int, str, dict[str, Any]]]:
        entries = bundle.get("entry")
        for number, entry in enumerate(entries if isinstance(entries, list) else (), 1):
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if resource is None:  # the answer of a batch
                continue
            url = entry.get("fullUrl")
            if type(resource) is not dict or type(resource.get("resourceType")) is not str:
                self._problems.add(self.names[place], number, None, _NO_RESOURCE)
            elif resource["resourceType"] == "Bundle":
                yield from ((number, url, one) for _, url, one in self._of_bundle(place, resource))
            else:
                yield number, url if isinstance(url, str) else "", resource

    def _broken(self, place: int, number: int, text: bytes) -> None:
        try:
            text.decode()
        except UnicodeDecodeError:
            self._problems.add(self.names[place], number, None, "is no UTF-8; save it as UTF-8")
            return
        reason = "is no JSON that can be read (cut short, or nested too deep); export it anew"
        self._problems.add(self.names[place], number, None, reason)


def _is_object(line: bytes) -> bool:
    try:
        return type(orjson.loads(line)) is dict
    except orjson.JSONDecodeError:
        return False
