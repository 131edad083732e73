"""Bytes of XLSX and CSV files -> rows at their own addresses, or a reason why not."""

import io
import zipfile
from datetime import date

import openpyxl
import pytest

from elearn.core import spreadsheet
from elearn.core.spreadsheet import Unreadable, cell_address, read_table


def workbook(*sheets: tuple[str, list[list[object]]], merge: str = "") -> bytes:
    """An XLSX with these sheets; `merge` is a range of the first."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if merge:
        book.worksheets[0].merge_cells(merge)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def refusal(data: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read_table(data)
    return caught.value


@pytest.mark.parametrize(
    ("row", "column", "address"),
    [(1, 1, "A1"), (17, 2, "B17"), (3, 26, "Z3"), (3, 27, "AA3"), (9, 703, "AAA9")],
)
def test_cell_address(row: int, column: int, address: str) -> None:
    assert cell_address(row, column) == address


def test_xlsx_keeps_types_positions_and_merges() -> None:
    data = workbook(
        ("人员", [["名册"], [], [None, "工号", 7, True, date(2024, 1, 2)]]), merge="A1:C1"
    )
    table = read_table(data)
    assert (table.kind, table.encoding, [s.name for s in table.sheets]) == ("xlsx", "", ["人员"])
    sheet = table.sheets[0]
    assert sheet.rows[2] == ["", "工号", 7.0, True, date(2024, 1, 2)]
    assert sheet.rows[1] == ["", "", "", "", ""]
    assert sheet.merged == ((0, 0, 0, 2),)


def test_xlsx_skips_hidden_sheets_and_says_so() -> None:
    book = openpyxl.Workbook()
    book.active.title = "人员"
    book.create_sheet("旧表").sheet_state = "hidden"
    target = io.BytesIO()
    book.save(target)
    table = read_table(target.getvalue())
    assert [sheet.name for sheet in table.sheets] == ["人员"]
    assert table.skipped == ["旧表"]


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8（带 BOM）"),
        ("gb18030", "GB18030（GBK）"),
        ("utf-16", "UTF-16"),
    ],
)
def test_csv_states_its_encoding(codec: str, encoding: str) -> None:
    table = read_table("工号,姓名\r\np1,王伟\r\n".encode(codec))
    assert table.encoding == encoding
    assert table.sheets[0].rows == [["工号", "姓名"], ["p1", "王伟"]]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "，"])
def test_csv_finds_the_delimiter(delimiter: str) -> None:
    text = f"工号{delimiter}姓名\np1{delimiter}王伟\n"
    assert read_table(text.encode()).sheets[0].rows[1] == ["p1", "王伟"]


def test_csv_keeps_line_breaks_inside_quotes() -> None:
    rows = read_table('工号,职务\np1,"局长\n主任"\np2,x\n'.encode()).sheets[0].rows
    assert rows == [["工号", "职务"], ["p1", "局长\n主任"], ["p2", "x"]]


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"", "P-file", "空"),
        (b"   \n", "P-file", "空"),
        (b"PK\x03\x04 not a zip", "P-file", "损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "P-file", ".xls"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "P-locked",
            "密码",
        ),
        (b"GIF89a\x00\x00\x01", "P-file", "不是表格"),
        (b"\x81\x20\xff\xff", "P-file", "编码"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "P-file", "网页"),
    ],
)
def test_unreadable_files_say_why(data: bytes, code: str, word: str) -> None:
    error = refusal(data)
    assert error.code == code
    assert word in error.message
    assert error.hint


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert refusal(target.getvalue()).code == "P-file"


def test_a_stray_cell_far_down_is_refused_before_memory_is_taken() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "工号"
    book.active["F1048576"] = "x"
    target = io.BytesIO()
    book.save(target)
    error = refusal(target.getvalue())
    assert error.code == "P-rows"
    assert "1048576" in error.message


def test_a_stray_cell_far_right_is_refused() -> None:
    book = openpyxl.Workbook()
    book.active["XFD3"] = "x"
    target = io.BytesIO()
    book.save(target)
    assert "XFD3" in refusal(target.getvalue()).message


def test_formatting_alone_far_down_is_no_content() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "工号"
    book.active["A900000"].font = openpyxl.styles.Font(bold=True)
    book.active.row_dimensions[900001].height = 30
    target = io.BytesIO()
    book.save(target)
    assert read_table(target.getvalue()).sheets[0].rows[0] == ["工号"]


def test_more_rows_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MAX_ROWS", 10)
    rows = [["工号"], *([f"p{i}"] for i in range(40))]
    assert refusal(workbook(("人员", rows))).code == "P-rows"
    assert refusal("\n".join(row[0] for row in rows).encode()).code == "P-rows"


def test_a_file_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MAX_BYTES", 100)
    assert refusal(b"x" * 101).code == "P-size"


def test_a_zip_that_unfolds_too_far_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MAX_UNPACKED", 5_000)
    rows = [["p"] * 50 for _ in range(200)]
    error = refusal(workbook(("人员", rows)))
    assert error.code == "P-size"
    assert "展开" in error.message


def test_a_csv_with_an_unclosed_quote_is_refused() -> None:
    error = refusal(('工号,姓名\np1,"' + "王" * 200_000).encode())
    assert error.code == "P-file"
    assert "引号" in error.message
