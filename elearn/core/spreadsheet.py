"""From the bytes of an uploaded table (XLSX or CSV) to rows of cells, at their own addresses.

Row and column numbers are the spreadsheet's own: blank rows, blank columns and merged cells all
count. Limits are checked before a cell is unpacked: a workbook is a zip file, and one stray value
in the last row of a sheet makes a reader reserve memory for a million rows.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import IO, Final

from python_calamine import CalamineError, SheetVisibleEnum, load_workbook

Value = str | int | float | bool | date | datetime | time | timedelta

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 50_000
MAX_COLUMNS: Final = 200
MAX_UNPACKED: Final = 400 * 1024 * 1024
_SPARE_ROWS: Final = 20  # title and heading rows above the data
_CHUNK: Final = 1024 * 1024

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
# A cell or row that holds something; `<c r="B7" s="3"/>` is only formatting.
_CELL: Final = re.compile(rb'<c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*(?<!/)>(?!</c>)')
_ROW: Final = re.compile(rb'<row\s[^>]*?\br="(\d{1,7})"[^>]*(?<!/)>\s*<c')


class Unreadable(Exception):
    """The file cannot be read as a table at all. `message` and `hint` are Chinese."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows[r][c]` is the cell of row r + 1 and column c + 1; empty cells are "".

    `merged` are (first row, first column, last row, last column), counted from 0.
    """

    name: str
    rows: list[list[Value]]
    merged: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A readable file. `kind` is xlsx or csv, `encoding` of a CSV as it is called in Chinese
    programs; `skipped` are the names of hidden sheets."""

    kind: str
    sheets: list[Sheet]
    encoding: str = ""
    skipped: list[str] = field(default_factory=list)


def read_table(data: bytes) -> Table:
    """Rows of an XLSX or CSV file, told apart by their content. Raises Unreadable."""
    if len(data) > MAX_BYTES:
        size = f"{len(data) / 1024 / 1024:.1f} MB，上限 {MAX_BYTES // 1024 // 1024} MB"
        raise Unreadable("P-size", f"文件太大：{size}", "请拆成几个文件分别导入")
    if not data.strip():
        raise Unreadable("P-file", "文件是空的", "请选择填好的名册")
    if data.startswith(_ZIP):
        return _read_xlsx(data)
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise Unreadable("P-locked", "文件设了打开密码", "请取消密码后另存一份再上传")
        raise Unreadable("P-file", "这是旧版 .xls 文件", "请用 WPS 或 Excel 打开，另存为 .xlsx")
    return _read_csv(data)


def cell_address(row: int, column: int) -> str:
    """`B17` for row 17, column 2."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


# ---------------------------------------------------------------- XLSX


def _read_xlsx(data: bytes) -> Table:
    try:
        _check_extent(data)
        book = load_workbook(io.BytesIO(data))
        sheets, skipped = [], []
        for info in book.sheets_metadata:
            if info.visible is not SheetVisibleEnum.Visible:
                skipped.append(info.name)
                continue
            sheet = book.get_sheet_by_name(info.name)
            rows: list[list[Value]] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
            merged = tuple((*start, *end) for start, end in sheet.merged_cell_ranges or ())
            sheets.append(Sheet(info.name, rows, merged))
    except (
        CalamineError,
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        hint = "请用 WPS 或 Excel 打开，另存为 .xlsx 再上传"
        raise Unreadable("P-file", "文件损坏，或者不是 Excel 工作簿", hint) from error
    return Table("xlsx", sheets, skipped=skipped)


def _check_extent(data: bytes) -> None:
    """Refuse what would fill the memory: too much behind the zip, or a cell far away."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
            raise Unreadable("P-size", "文件展开后太大", "请删去图片和多余的工作表，或拆成几个文件")
        for entry in archive.infolist():
            if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
                with archive.open(entry) as stream:
                    for part in _parts(stream):
                        _check_part(part)


def _parts(stream: IO[bytes]) -> Iterator[bytes]:
    """Pieces that end between tags, so that no cell is cut in two."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        piece = rest + chunk
        cut = piece.rfind(b"<c")
        cut = cut if cut > 0 else len(piece)
        yield piece[:cut]
        rest = piece[cut:]
    yield rest


def _check_part(part: bytes) -> None:
    rows = [int(row) for row in _ROW.findall(part)]
    for letters, row in _CELL.findall(part):
        rows.append(int(row))
        if _column_number(letters) > MAX_COLUMNS:
            place = f"{letters.decode()}{int(row)}"
            raise Unreadable(
                "P-size",
                f"{place} 单元格有内容，表格超过 {MAX_COLUMNS} 列",
                "请删去右边多余的列，再上传",
            )
    last = max(rows, default=0)
    if last > MAX_ROWS + _SPARE_ROWS:
        raise Unreadable(
            "P-rows",
            f"第 {last} 行还有内容，一次最多导入 {MAX_ROWS} 行",
            "请删去表格下方多余的行，或拆成几个文件分别导入",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


# ---------------------------------------------------------------- CSV


def _read_csv(data: bytes) -> Table:
    text, encoding = _decode(data)
    if re.match(r"\s*<(!doctype|html|\?xml|table)", text[:200], re.IGNORECASE):
        hint = "请用 WPS 或 Excel 打开，另存为 .xlsx 再上传"
        raise Unreadable("P-file", "这是网页格式的表格，只是后缀改成了表格", hint)
    try:
        rows: list[list[Value]] = [
            list(row)
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        ]
    except csv.Error as error:
        hint = "请用 WPS 或 Excel 打开，另存为 .xlsx 再上传"
        raise Unreadable("P-file", "CSV 里的引号没有成对，无法分列", hint) from error
    if len(rows) > MAX_ROWS + _SPARE_ROWS:
        raise Unreadable(
            "P-rows",
            f"共 {len(rows)} 行，一次最多导入 {MAX_ROWS} 行",
            "请拆成几个文件分别导入",
        )
    return Table("csv", [Sheet("", rows)], encoding)


def _decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _try(data, "utf-16"), "UTF-16"
    if b"\x00" in data:
        hint = "请上传 .xlsx 或 .csv 文件"
        raise Unreadable("P-file", "这不是表格文件", hint)
    if data.startswith(b"\xef\xbb\xbf"):
        return _try(data, "utf-8-sig"), "UTF-8（带 BOM）"
    try:
        return data.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return _try(data, "gb18030"), "GB18030（GBK）"


def _try(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        hint = "请用 WPS 或 Excel 打开，另存为 .xlsx 或“CSV UTF-8”再上传"
        raise Unreadable("P-file", "文字编码无法识别", hint) from error


def _delimiter(text: str) -> str:
    """The separator that the first lines use most."""
    head = "\n".join(text.splitlines()[:10])
    return max(",\t;，", key=head.count) if head else ","
