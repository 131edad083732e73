"""The columns of the completion export: the same for XLSX and CSV, values typed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from elearn.assignments.coverage import due_of
from elearn.assignments.queries import title_of
from elearn.config import DISPLAY_ZONE
from elearn.core.duties import DUTY_NAMES
from elearn.core.workbook import Column, Kind
from elearn.models import Assignment

from .lines import PersonLine

MAX_ITEMS = 60  # columns of single assignments; a wider sheet is no longer read by anybody
NOT_ASKED = "不要求"

FIXED = (
    Column("工号", Kind.TEXT, 14),
    Column("姓名", Kind.TEXT, 12),
    Column("单位代码", Kind.TEXT, 12),
    Column("单位", Kind.TEXT, 24),
    Column("职级", Kind.TEXT, 14),
    Column("职务", Kind.TEXT, 18),
    Column("应完成", Kind.COUNT, 8),
    Column("完成", Kind.COUNT, 8),
    Column("完成率", Kind.RATE, 9),
    Column("进行中", Kind.COUNT, 8),
    Column("未开始", Kind.COUNT, 8),
    Column("逾期", Kind.COUNT, 8),
    Column("缺考", Kind.COUNT, 8),
    Column("未合格", Kind.COUNT, 8),
    Column("网络自学学时", Kind.HOURS, 13),
    Column("集中培训学时", Kind.HOURS, 13),
    Column("最近考试", Kind.TEXT, 26),
    Column("考试日期", Kind.DATE, 12),
    Column("得分", Kind.POINTS, 8),
    Column("满分", Kind.POINTS, 8),
    Column("考试结果", Kind.TEXT, 10),
    Column("等第", Kind.TEXT, 8),
    Column("取分", Kind.TEXT, 20),
    Column("集中培训天数", Kind.HOURS, 13),
    Column("集中培训月数", Kind.HOURS, 13),
)
FROZEN = 2  # 工号 and 姓名


def columns_for(assignments: Sequence[Assignment]) -> list[Column]:
    """The fixed columns and one per assignment, each heading once."""
    taken = {column.heading for column in FIXED}
    columns = list(FIXED)
    for assignment in assignments:
        due = due_of(assignment).astimezone(DISPLAY_ZONE)
        heading = base = f"{title_of(assignment)}（{due:%Y-%m-%d} 截止）"
        number = 2
        while heading in taken:
            heading, number = f"{base} {number}", number + 1
        taken.add(heading)
        columns.append(Column(heading, Kind.TEXT, 16))
    return columns


def row_of(line: PersonLine, assignments: Sequence[Assignment]) -> list[Any]:
    """One person: real numbers and dates, text for what is text, None for what there is not."""
    counts = line.counts
    row: list[Any] = [
        line.staff_no,
        line.name,
        line.unit_code,
        line.unit_name,
        line.rank,
        line.post,
        counts.assigned,
        counts.done,
        counts.done / counts.assigned if counts.assigned else None,
        counts.in_progress,
        counts.not_started,
        counts.overdue,
        counts.absent,
        counts.failed,
        line.online_centi / 100,
        line.concentrated_centi / 100,
        *_exam(line),
        line.classes.days_centi / 100,
        line.classes.months_centi / 100,
    ]
    for assignment in assignments:
        duty = line.duties.get(assignment.id)
        row.append(DUTY_NAMES[duty.state] if duty else NOT_ASKED)
    return row


def result_words(passed: bool | None) -> str:  # noqa: FBT001  the column of a grade
    """合格, 未合格, or 待阅卷."""
    if passed is None:
        return "待阅卷"
    return "合格" if passed else "未合格"


def local_naive(at: datetime) -> datetime:
    """Spreadsheets know no time zones: Asia/Shanghai, as everywhere on screen."""
    return at.astimezone(DISPLAY_ZONE).replace(tzinfo=None, microsecond=0)


def _exam(line: PersonLine) -> list[Any]:
    last = line.last_exam
    if last is None:
        return [None] * 7
    pending = last.passed is None
    return [
        last.title,
        local_naive(last.at).date(),
        None if pending else last.score_centi / 100,
        last.full_centi / 100,
        result_words(last.passed),
        last.band or None,
        last.taken or None,
    ]
