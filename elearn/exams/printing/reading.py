"""A table of answer sheets: bytes -> rows with answers, every problem at its own cell (`F17`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from elearn.core.assembly.paper import Paper
from elearn.core.errors import DomainError
from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Place
from elearn.core.people.cells import as_text, clean_code, clean_name, is_blank, shown
from elearn.core.people.roster import CellProblem
from elearn.core.spreadsheet import Sheet, Unreadable, Value, read_table

from .typed import places, read_part

MAX_ROWS: Final = 2000
HEADER_ROWS: Final = 10
STAFF_NO: Final = "工号"
NAME: Final = "姓名"
LETTER: Final = "卷别"
CODE: Final = "P-result"


@dataclass(slots=True)
class Row:
    """One answer sheet as the table states it, at `row` and column `column` of the staff number."""

    row: int
    column: int
    staff_no: str
    name: str
    letter: str
    answers: dict[Place, Answer] = field(default_factory=dict)


@dataclass(slots=True)
class ImportReport:
    """`problems` empty: everything is in. `fresh` new results, `known` ones entered before."""

    problems: list[CellProblem] = field(default_factory=list)
    fresh: int = 0
    known: int = 0
    sheet: str = ""

    def say(
        self, row: int, column: int, heading: str, value: str, message: str, hint: str = ""
    ) -> None:
        """A problem at a cell, counted from 1; 0 for the whole file."""
        self.problems.append(
            CellProblem(
                self.sheet, row, column, CODE, message, hint, heading=heading, value=shown(value)
            )
        )

    def say_of_person(self, row: Row, message: str, hint: str = "") -> None:
        """A problem of the whole row, at its staff number."""
        self.say(row.row, row.column, STAFF_NO, row.staff_no, message, hint)


def columns_of(papers: Mapping[str, Paper]) -> list[str]:
    """Labels of all parts of all forms, in paper order."""
    labels = {place: label for paper in papers.values() for place, label, _ in places(paper)}
    return [labels[place] for place in sorted(labels)]


def read_results(data: bytes, papers: Mapping[str, Paper], report: ImportReport) -> list[Row]:
    """Rows of the first sheet that has the heading 工号."""
    try:
        table = read_table(data)
    except Unreadable as error:
        report.say(0, 0, "", "", error.message, error.hint)
        return []
    for sheet in table.sheets:
        for index, cells in enumerate(sheet.rows[:HEADER_ROWS]):
            if STAFF_NO in map(clean_heading, cells):
                report.sheet = sheet.name
                return _read_sheet(sheet, index, papers, report)
    message = f"前 {HEADER_ROWS} 行里没有找到表头“{STAFF_NO}”"
    report.say(0, 0, "", "", message, "请下载模板填写")
    return []


def _read_sheet(
    sheet: Sheet, index: int, papers: Mapping[str, Paper], report: ImportReport
) -> list[Row]:
    columns = _columns(sheet.rows[index], index + 1, papers, report)
    if report.problems:
        return []
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(sheet.rows[index + 1 :], index + 2):
        if all(is_blank(cell) for cell in cells):
            continue
        row = _read_row(number, columns, cells, papers, report)
        rows.append(row)
        if row.staff_no and row.staff_no in seen:
            message = f"和第 {seen[row.staff_no]} 行是同一个工号"
            report.say_of_person(row, message, "一个人一行")
        seen.setdefault(row.staff_no, number)
    if len(rows) > MAX_ROWS:
        message = f"共 {len(rows)} 人，一次最多导入 {MAX_ROWS} 人"
        report.say(0, 0, "", "", message, "请拆成几个文件")
    if not rows:
        report.say(0, 0, "", "", "表头下面没有数据", "请填写后再上传")
    return rows


def clean_heading(cell: Value) -> str:
    """A heading as it is looked for."""
    return clean_code(as_text(cell)).replace(" ", "")


def _columns(
    cells: Sequence[Value], row: int, papers: Mapping[str, Paper], report: ImportReport
) -> dict[str, int]:
    """Heading -> column from 0; every question must have one, and one only."""
    columns: dict[str, int] = {}
    for at, heading in enumerate(map(clean_heading, cells)):
        if heading and heading in columns:
            report.say(row, at + 1, heading, heading, "这一列写了两次", "请删去其中一列")
        columns.setdefault(heading, at)
    wanted = [STAFF_NO, LETTER, *columns_of(papers)]
    if missing := [heading for heading in wanted if heading not in columns]:
        names = "、".join(missing[:10]) + ("等" if len(missing) > 10 else "")
        report.say(row, 1, "", "", f"缺少列：{names}", "请下载这批试卷的模板填写")
    return columns


def _read_row(
    number: int,
    columns: Mapping[str, int],
    cells: Sequence[Value],
    papers: Mapping[str, Paper],
    report: ImportReport,
) -> Row:
    def text(heading: str) -> str:
        at = columns.get(heading, len(cells))
        return as_text(cells[at]) if at < len(cells) else ""

    row = Row(
        row=number,
        column=columns[STAFF_NO] + 1,
        staff_no=clean_code(text(STAFF_NO)),
        name=clean_name(text(NAME)),
        letter=clean_code(text(LETTER)).upper().removesuffix("卷"),
    )
    if not row.staff_no:
        report.say_of_person(row, "没有填工号", "请填写")
    paper = papers.get(row.letter)
    if paper is None:
        message = f"没有这种卷别，这批试卷是 {'、'.join(papers)} 卷"
        report.say(number, columns[LETTER] + 1, LETTER, text(LETTER), message, "照答题卡上涂的填")
        return row
    parts = {label: (place, part) for place, label, part in places(paper)}
    for label in columns_of(papers):
        value, column = text(label), columns[label] + 1
        if label not in parts:
            if value.strip():
                message = f"{row.letter} 卷没有这道题"
                report.say(number, column, label, value, message, "请核对卷别")
            continue
        place, part = parts[label]
        try:
            row.answers[place] = read_part(part, value)
        except DomainError as error:
            report.say(number, column, label, value, error.message, "照答题卡改")
    return row
