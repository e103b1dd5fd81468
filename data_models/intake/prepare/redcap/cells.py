"""The cells of a REDCap export: codes for labels, missing ones empty, times read column by column."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from data_models.intake.contract import CannotRead
from data_models.intake.prepare.item_totals import ITEM_SCALES
from data_models.intake.prepare.moments import Moment
from data_models.intake.prepare.redcap.event_map import Cell, RedcapMap, ScoreMap
from data_models.intake.prepare.redcap.project import NOT_COMPLETED, Project, RedcapRow
from data_models.intake.prepare.source import BIRTH_DATE, Choices
from data_models.intake.prepare.times import Unread, read_times
from data_models.intake.readers.problems import Problems


def check_columns(said: RedcapMap, project: Project, file: str) -> None:
    """Every column that the map names is there, and none that becomes a cell is marked as an identifier."""
    columns = {column for names in project.columns.values() for column in names}
    times = [(what, column) for what, cell in said.times() for column in cell.columns]
    for what, column in (*said.columns(), *times):
        if column not in columns:
            raise CannotRead(f"{file}: {what} names {column}, and no column is called so; correct the name")
    for what, column in said.columns():
        found = project.field_of(column)
        if found and found.identifier:
            raise CannotRead(
                f"{file}: {what} names {column}, which the data dictionary marks as an identifier; it cannot come in"
            )
    for number, score in enumerate(said.scores, start=1):
        _check_points(score, project, said.missing, f"{file}: scores number {number}")
    if project.events and not said.events:
        raise CannotRead(
            f"{file}: the project is longitudinal; say under [events] what each is: {_few(project.events)}"
        )
    unknown = [name for name in project.events if name not in said.events]
    if unknown:
        raise CannotRead(f'{file}: [events] does not say what {_few(unknown)} is; add it ("out" leaves it out)')
    missing = [name for name in said.events if project.all_events and name not in project.events]
    if missing:
        raise CannotRead(f"{file}: [events] names {_few(missing)}; the project's events are {_few(project.events)}")


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")


def _check_points(score: ScoreMap, project: Project, missing: Collection[str], where: str) -> None:
    """Choices whose codes are not the item's points need `points`: 1 to 4 for 0 to 3 would pass otherwise."""
    scale = ITEM_SCALES[score.instrument]
    for column, highest in zip(score.items, scale.highest if scale and score.items else (), strict=True):
        codes = [code for code in project.choices_of(column) if code not in missing]
        points = {score.points.get(code, code) for code in codes}
        if codes and not ("0" in points and points <= {str(number) for number in range(highest + 1)}):
            raise CannotRead(
                f"{where}: the choices of {column} have other codes than its points, 0 to {highest}; "
                "say them, as points = { 1 = 0, 2 = 1 }, or name a code among redcap.missing"
            )


class Cells:
    """What stands in the rows of an export, by its dictionary and its map."""

    def __init__(
        self, project: Project, said: RedcapMap, rows: Sequence[RedcapRow], choices: Choices, problems: Problems
    ) -> None:
        self._project, self._said, self._rows, self._problems = project, said, rows, problems
        self.notes: list[str] = []
        self._moments = self._read_times(choices)

    def _read_times(self, choices: Choices) -> dict[tuple[str, str], dict[int, Moment]]:
        """The moments of each column of times, by file and column and then by row."""
        read: dict[tuple[str, str], dict[int, Moment]] = {}
        for _, cell in self._said.times():
            found = self._project.field_of(cell.column)
            born = cell is self._said.patients.get(BIRTH_DATE)
            for file in self._project.columns:
                key = file, "+".join(cell.columns)
                if key in read:
                    continue
                rows = [row for row in self._rows if row.file == file]
                texts = [self.time_text(row, cell) for row in rows]
                order = choices.dates or (found.date_order if found else None)
                if order and not choices.dates and any(text and not text[:4].isdecimal() for text in texts):
                    said = "the day" if order == "dmy" else "the month"
                    note = f"{cell.column} is read with {said} first, as the dictionary's validation type says"
                    self.notes.append(note)
                read[key] = {}
                for row, moment in zip(rows, read_times(texts, choices.zone, order, born=born), strict=True):
                    if isinstance(moment, Unread):
                        self._problems.add(file, row.number, cell.column, moment.reason)
                    elif moment is not None:
                        read[key][row.number] = moment
        return read

    def time_text(self, row: RedcapRow, cell: Cell) -> str:
        """A date, and the time of day where another column has it, as written."""
        return " ".join(filter(None, (self.text(row, column) for column in cell.columns)))

    def moment(self, row: RedcapRow, cell: Cell | None) -> Moment | None:
        """A row's moment; None where it has none, or one that cannot be read (then a problem is noted)."""
        return self._moments[row.file, "+".join(cell.columns)].get(row.number) if cell else None

    def text(self, row: RedcapRow, column: str) -> str:
        """A cell's code; "" where it is missing, or one of the project's codes for missing."""
        text = row.cell(column)
        if not text or text in self._said.missing or text == NOT_COMPLETED:
            return ""
        choices = self._project.choices_of(column)
        if text not in choices:
            text = next((code for code, label in choices.items() if label == text), text)
        found = self._project.fields.get(column)
        if found and found.validation.endswith("comma_decimal"):
            text = text.replace(",", ".")
        return text

    def value(self, row: RedcapRow, cell: Cell) -> str:
        """What a column of the records gets; a code that the map does not translate is a problem."""
        if cell.constant:
            return cell.constant
        if cell.boxes:
            return ";".join(term for term, box in cell.boxes.items() if self.text(row, box) == "1")
        text = self.text(row, cell.column)
        if cell.values and text:
            if text not in cell.values:
                reason = "holds a value that the map's values do not name; add it, or correct it"
                self._problems.add(row.file, row.number, cell.column, reason)
            return cell.values.get(text, "")
        found = self._project.fields.get(cell.column)
        if found and found.kind in ("yesno", "truefalse"):
            return {"1": "yes", "0": "no"}.get(text, text)
        return text

    def points(self, row: RedcapRow, column: str, points: Mapping[str, str]) -> int | None:
        """The points of one item; None where it was not answered."""
        text = self.text(row, column)
        text = points.get(text, text)
        if not text:
            return None
        if not text.lstrip("-").isdecimal():
            reason = "holds no points; say them in the map (points), or its code under missing"
            self._problems.add(row.file, row.number, column, reason)
            return None
        return int(text)
