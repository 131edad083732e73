"""Cells that a spreadsheet program would run as a formula, made into text for CSV.

Excel, WPS and LibreOffice take a CSV cell that begins with one of `= + - @` for a formula, some
also after a tab or line break, and East Asian builds fold the full-width twins first (OWASP, "CSV
Injection"). A leading apostrophe makes the cell text; the cell is still readable. XLSX needs none
of this: a string cell there is never run.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final, Protocol

BOM: Final = "\ufeff"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


class Writable(Protocol):
    """What CSV text is written to."""

    def write(self, text: str, /) -> object: ...


def neutralise(value: object) -> object:
    """The cell as it may be written: text that could run gets a leading apostrophe; None becomes
    an empty cell, True and False 是 and 否; numbers and dates are safe as they are."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float | date | datetime):
        return value
    text = str(value)
    if text.startswith(_FORMULA_STARTS) or text.lstrip(" \u3000\u00a0").startswith(_FORMULA_STARTS):
        return "'" + text
    return text


def write_csv(target: Writable, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Headings and rows with every cell neutralised, CRLF line ends, a BOM in front so that Excel
    reads UTF-8. Returns the number of rows."""
    target.write(BOM)
    writer = csv.writer(target)
    writer.writerow([neutralise(heading) for heading in headings])
    count = 0
    for row in rows:
        writer.writerow([neutralise(cell) for cell in row])
        count += 1
    return count
