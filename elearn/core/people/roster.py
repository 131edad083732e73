"""What a roster holds once it is read, and where each piece stood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from elearn.core.people.cells import shown
from elearn.core.problems import Problem
from elearn.core.spreadsheet import Value, cell_address


@dataclass(frozen=True, order=True, slots=True)
class CellProblem:
    """A finding at one cell. `value` is the cell verbatim with blanks made visible; row and
    column are 0 when the finding is about the whole sheet or file."""

    sheet: str
    row: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: str = "error"
    heading: str = ""
    value: str = ""

    @property
    def cell(self) -> str:
        """`B17`; empty for the whole sheet."""
        return cell_address(self.row, self.column) if self.row and self.column else ""

    @property
    def is_error(self) -> bool:
        """False for a hint that does not stop the import."""
        return self.severity != "warning"

    def located(self, file: str) -> Problem:
        """The same for machines and terminals: the cell stands in the message."""
        place = f"「{self.sheet}」" if self.sheet else ""
        place += f"{self.cell} {self.heading}".strip()
        value = f"「{self.value}」" if self.value else ""
        message = f"{place}{value}：{self.message}" if place + value else self.message
        return Problem(file, self.row, self.column, self.code, message, self.hint, self.severity)


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a sheet and which column holds which field."""

    sheet: str
    row: int
    columns: Mapping[str, int]
    titles: Mapping[str, str]
    cells: Sequence[Value]

    def problem(
        self, name: str, code: str, message: str, hint: str = "", *, severity: str = "error"
    ) -> CellProblem:
        """A finding at the cell of a field; at column A when the table has no such column."""
        column = self.columns.get(name)
        return CellProblem(
            self.sheet,
            self.row,
            (column or 0) + 1,
            code,
            message,
            hint,
            severity,
            self.titles[name],
            shown(self.value(name)),
        )

    def value(self, name: str) -> Value:
        """The raw cell of a field, "" when the column or the cell is missing."""
        column = self.columns.get(name)
        return "" if column is None or column >= len(self.cells) else self.cells[column]

    def address(self, name: str) -> str:
        """Where a field stands, `B17`."""
        return cell_address(self.row, self.columns.get(name, 0) + 1)


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit as the file states it. `parent` "" is a root; `type` None leaves it as it is."""

    at: Place
    code: str
    name: str
    parent: str
    type: str | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as the file states it. None leaves a value as it is, "" clears it."""

    at: Place
    staff_no: str
    name: str
    unit_code: str
    unit_name: str
    rank: str | None
    post: str | None
    is_leader: bool | None
    party: str | None
    active: bool | None
    promoted_on: str | None = None  # 2026-06-30


@dataclass(slots=True)
class Roster:
    """Everything read from one file. `notes` say what was understood, in Chinese."""

    units: list[UnitRow] = field(default_factory=list)
    people: list[PersonRow] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    folded: int = 0
    examples: int = 0
