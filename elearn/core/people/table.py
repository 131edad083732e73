"""Rosters: sheets of a file -> units and people, every problem at its cell (`B17`).

Pure: knows the file and nothing of the database. What the rows mean beside the people and units
that exist already is decided by `plan`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from elearn.core.people.cells import as_text, clean_text, is_blank, shown
from elearn.core.people.columns import (
    EXAMPLE_PREFIX,
    PEOPLE,
    PERSON_COLUMNS,
    TITLES,
    UNIT_COLUMNS,
    UNIT_TITLES,
    UNITS,
    field_of,
    heading_key,
)
from elearn.core.people.roster import CellProblem, Place, Roster
from elearn.core.people.rows import read_person, read_unit
from elearn.core.spreadsheet import Sheet, Table, Value, cell_address

HEADER_ROWS: Final = 10
NOTES_SHEET: Final = "填写说明"
IGNORED_HEADINGS: Final = frozenset({"", "序号", "备注", "说明"})


def parse_roster(table: Table) -> Roster:
    """Read every sheet that has the headings of units or people."""
    roster = Roster()
    sheets = [sheet for sheet in table.sheets if sheet.name != NOTES_SHEET]
    read = [sheet.name for sheet in sheets if _read_sheet(sheet, roster)]
    if not read:
        roster.problems.append(_no_headings(table))
    elif others := [sheet.name for sheet in sheets if sheet.rows and sheet.name not in read]:
        roster.notes.append("没有读取的工作表：" + "、".join(others))
    if table.skipped:
        roster.notes.append("隐藏的工作表没有读取：" + "、".join(table.skipped))
    if roster.folded:
        roster.notes.append(f"{roster.folded} 个单元格的全角字符或多余空格已整理")
    if roster.examples:
        roster.notes.append(f"跳过模板里的 {roster.examples} 行示例")
    if read and not (roster.units or roster.people or roster.problems):
        sheet = read[0]
        roster.problems.append(
            CellProblem(sheet, 0, 0, "P-empty", "表头下面没有数据", "请填写后再上传")
        )
    return roster


# ---------------------------------------------------------------- headings


def _kind_of(headings: Sequence[Value]) -> str | None:
    """What kind of table these headings stand over."""
    keys = {heading_key(as_text(cell)) for cell in headings}
    if keys & set(PERSON_COLUMNS["staff_no"]) and keys & set(PERSON_COLUMNS["name"]):
        return PEOPLE
    if keys & set(PERSON_COLUMNS["staff_no"]):
        return None
    if keys & set(UNIT_COLUMNS["code"]) and keys & set(UNIT_COLUMNS["name"]):
        return UNITS
    return None


def _read_sheet(sheet: Sheet, roster: Roster) -> bool:
    for index, row in enumerate(sheet.rows[:HEADER_ROWS]):
        if kind := _kind_of(row):
            _read_rows(sheet, index, kind, roster)
            return True
    return False


def _no_headings(table: Table) -> CellProblem:
    """No sheet has usable headings: say what the best row lacks."""
    known = {name for names in (*PERSON_COLUMNS.values(), *UNIT_COLUMNS.values()) for name in names}
    best: tuple[int, str, int, set[str]] = (0, "", 0, set())
    for sheet in table.sheets:
        for index, row in enumerate(sheet.rows[:HEADER_ROWS]):
            keys = {heading_key(as_text(cell)) for cell in row} & known
            if len(keys) > best[0]:
                best = (len(keys), sheet.name, index + 1, keys)
    _, name, number, keys = best
    if not keys:
        message = f"前 {HEADER_ROWS} 行里没有找到表头"
        hint = "人员表要有「工号」「姓名」和「单位代码」三列，机构表要有「单位代码」「单位名称」「上级代码」"
        return CellProblem("", 0, 0, "P-sheet", message, hint)
    missing = [TITLES[f] for f in ("staff_no", "name") if not keys & set(PERSON_COLUMNS[f])]
    message = f"第 {number} 行像是表头，但缺少列：" + "、".join(missing)
    return CellProblem(name, number, 1, "P-column", message, "请补上这些列，或下载模板填写")


def _columns_of(
    sheet: Sheet, index: int, kind: str, roster: Roster
) -> tuple[dict[str, int], list[str]]:
    """Field -> column (from 0), noting headings that stand twice; and headings not known."""
    columns: dict[str, int] = {}
    unknown = []
    known = PERSON_COLUMNS if kind == PEOPLE else UNIT_COLUMNS
    for number, cell in enumerate(sheet.rows[index]):
        text = as_text(cell)
        name = field_of(text, known)
        if name is None:
            if heading_key(text) not in IGNORED_HEADINGS:
                unknown.append(clean_text(text))
        elif name in columns:
            first = cell_address(index + 1, columns[name] + 1)
            message = f"这一列和 {first} 是同一项，不知道以哪列为准"
            roster.problems.append(
                CellProblem(
                    sheet.name, index + 1, number + 1, "P-column", message,
                    "请删去其中一列", heading=clean_text(text), value=shown(cell),
                )
            )  # fmt: skip
        else:
            columns[name] = number
    return columns, unknown


def _missing_columns(columns: Mapping[str, int], kind: str) -> list[str]:
    if kind == UNITS:
        return [] if "parent" in columns else [UNIT_TITLES["parent"]]
    return [] if columns.keys() & {"unit_code", "unit_name"} else ["单位代码（或单位）"]


def _read_rows(sheet: Sheet, index: int, kind: str, roster: Roster) -> None:
    columns, unknown = _columns_of(sheet, index, kind, roster)
    label = f"「{sheet.name}」" if sheet.name else "表格"
    if unknown:
        roster.notes.append(f"{label}里没有导入的列：" + "、".join(unknown))
    if missing := _missing_columns(columns, kind):
        message = "缺少列：" + "、".join(missing)
        roster.problems.append(
            CellProblem(sheet.name, index + 1, 1, "P-column", message, "请补上，或下载模板填写")
        )
    if "password" in columns:
        roster.problems.append(_password_column(sheet, index, columns["password"]))
    titles = TITLES if kind == PEOPLE else UNIT_TITLES
    rows, start = _unmerged(sheet, index)
    for number, cells in enumerate(rows[start:], start + 1):
        at = Place(sheet.name, number, columns, titles, cells)
        if all(is_blank(at.value(name)) for name in columns):
            continue
        if as_text(at.value("staff_no" if kind == PEOPLE else "code")).startswith(EXAMPLE_PREFIX):
            roster.examples += 1
        elif kind == PEOPLE:
            read_person(at, roster)
        else:
            read_unit(at, roster)


def _password_column(sheet: Sheet, index: int, column: int) -> CellProblem:
    message = "密码不写在表格里，这一列没有导入"
    hint = "导入后在结果页生成一次性初始密码"
    return CellProblem(
        sheet.name,
        index + 1,
        column + 1,
        "P-password",
        message,
        hint,
        "warning",
        TITLES["password"],
    )


def _unmerged(sheet: Sheet, index: int) -> tuple[Sequence[Sequence[Value]], int]:
    """The rows with merged cells below the headings filled in, and where the data starts (below
    headings that are themselves merged over several rows)."""
    below = [area for area in sheet.merged if area[0] > index]
    start = max((area[2] for area in sheet.merged if area[0] <= index <= area[2]), default=index)
    if not below:
        return sheet.rows, start + 1
    rows = [list(row) for row in sheet.rows]
    for top, left, bottom, right in below:
        for row in rows[top : bottom + 1]:
            row[left : right + 1] = [rows[top][left]] * (right + 1 - left)
    return rows, start + 1
