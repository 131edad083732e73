"""The uploaded table once more, with what is wrong in each row beside it: mended there, it can be
uploaded as it is (a column the reader does not know is passed over)."""

from collections.abc import Iterable
from typing import BinaryIO, Final

from elearn.core.people.cells import as_text
from elearn.core.people.roster import CellProblem
from elearn.core.spreadsheet import Sheet as ReadSheet
from elearn.core.spreadsheet import Unreadable, read_table
from elearn.core.workbook import Column, Kind, Sheet, write_workbook

from .reading import HEADER_ROWS, STAFF_NO, clean_heading

PROBLEM: Final = "问题"


def write_mistakes(target: BinaryIO, data: bytes, problems: Iterable[CellProblem]) -> bool:
    """Write the sheet the problems are in. False when it has no rows to mend: the file cannot be
    read, or its headings are what is wrong."""
    by_row: dict[int, list[str]] = {}
    for problem in sorted(problems):
        words = f"{problem.cell} {problem.heading}：{problem.message}"
        by_row.setdefault(problem.row, []).append(words.strip())
    found = _sheet(data)
    if found is None:
        return False
    sheet, at = found
    headings = [clean_heading(cell) for cell in sheet.rows[at]]
    kept = [number for number, heading in enumerate(headings) if heading and heading != PROBLEM]
    names = [headings[number] for number in kept]
    if len(set(names)) < len(names) or not any(row > at + 1 for row in by_row):
        return False
    rows = [
        [
            *(as_text(cells[number]) if number < len(cells) else "" for number in kept),
            "；".join(by_row.get(at + 2 + index, ())),
        ]
        for index, cells in enumerate(sheet.rows[at + 1 :])
    ]
    columns = [Column(name, Kind.TEXT, 12.0) for name in names]
    columns.append(Column(PROBLEM, Kind.TEXT, 60.0))
    write_workbook(target, [Sheet(sheet.name or "成绩", columns, rows, frozen_columns=1)])
    return True


def _sheet(data: bytes) -> tuple[ReadSheet, int] | None:
    """The sheet that was read, and where its headings stand, from 0."""
    try:
        table = read_table(data)
    except Unreadable:
        return None
    for sheet in table.sheets:
        for index, cells in enumerate(sheet.rows[:HEADER_ROWS]):
            if STAFF_NO in map(clean_heading, cells):
                return sheet, index
    return None
