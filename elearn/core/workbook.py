"""The one place that knows the XLSX library. Rows stream: memory does not grow with them.

Text is written as text whatever it begins with: a string cell is never run as a formula.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO

from rustpy_xlsxwriter import Format, write_worksheets


class Kind(StrEnum):
    """How a column's cells are typed and shown."""

    TEXT = "@"
    COUNT = "0"
    HOURS = "0.00"
    POINTS = "0.0#"
    RATE = "0.0%"
    DATE = "yyyy-mm-dd"
    TIME = "yyyy-mm-dd hh:mm"


@dataclass(frozen=True, slots=True)
class Column:
    """A heading (unique in its sheet), the type of its cells, its width in characters."""

    heading: str
    kind: Kind
    width: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` are sequences in the order of `columns`; `frozen_columns` stay when scrolling."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    frozen_columns: int = 0
    filters: bool = True


def write_workbook(target: BinaryIO, sheets: Sequence[Sheet]) -> None:
    """Write the sheets one after the other: rows of a later one may be made from what an earlier
    one was seen to hold."""
    formats: dict[str, dict[str, Format] | list[Format]] = {
        sheet.name: {
            column.heading: Format().set_num_format(column.kind.value) for column in sheet.columns
        }
        for sheet in sheets
    }
    write_worksheets(
        [(sheet.name, _records(sheet)) for sheet in sheets],
        target,
        freeze_panes={sheet.name: {"row": 1, "col": sheet.frozen_columns} for sheet in sheets},
        column_widths={
            sheet.name: {column.heading: column.width for column in sheet.columns}
            for sheet in sheets
        },
        column_formats=formats,
        header_format={
            sheet.name: Format().set_bold().set_background_color("#ECEFF3").set_text_wrap()
            for sheet in sheets
        },
        autofilter={sheet.name: sheet.filters for sheet in sheets},
        page_setup={
            sheet.name: {
                "landscape": True,
                "paper_size": 9,
                "repeat_rows": 0,
                "fit_to_pages": (1, 0),
            }
            for sheet in sheets
        },
    )


def _records(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """The library takes the headings from the first record, so there is always one."""
    headings = [column.heading for column in sheet.columns]
    empty = True
    for row in sheet.rows:
        empty = False
        yield dict(zip(headings, row, strict=True))
    if empty:
        yield dict.fromkeys(headings)
