"""Exports of the completion report: XLSX, CSV, JSON, made of the lines the screen shows.

`write_completion` only reads, so that a long export never holds the write lock of a database file;
`record_export` writes the audit entry, in a transaction of its own, before the file is handed out.
"""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from elearn.assignments.coverage import due_of
from elearn.assignments.queries import title_of
from elearn.audit import record_act
from elearn.config import DISPLAY_ZONE
from elearn.core.access import Actor
from elearn.core.csv_safe import write_csv
from elearn.core.errors import DomainError
from elearn.core.rates import RATE_DEFINITIONS, Counts
from elearn.core.workbook import Column, Kind, Sheet, write_workbook
from elearn.models import Assignment, OrgUnit

from .columns import FROZEN, MAX_ITEMS, columns_for, local_naive, result_words, row_of
from .filters import Filters, unit_filters
from .lines import PersonLine, all_lines
from .queries import assignments_of, chosen_assignments


class ExportFormat(StrEnum):
    """File formats, by their extension."""

    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"


MEDIA_TYPES = {
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.CSV: "text/csv",
    ExportFormat.JSON: "application/json",
}


@dataclass(slots=True)
class Export:
    """What was written: `people` lines and the sum of their duties, counted while writing."""

    format: ExportFormat
    filters: Filters
    file_name: str
    people: int = 0
    counts: Counts = field(default_factory=Counts)
    left_out: int = 0


def write_completion(
    session: Session,
    *,
    actor: Actor | None,
    unit: OrgUnit | None,
    format: str,  # noqa: A002  the word of the interface
    target: BinaryIO,
    now: datetime,
    filters: Filters | None = None,
) -> Export:
    """Write the report of `unit` (this year) or of `filters` to `target`, a binary file.

    `actor` None is the operator at the command line. Call `record_export` with the result.
    Raises DomainError for an unknown format or when neither unit nor filters are given.
    """
    if format not in set(ExportFormat):
        raise DomainError(f"不支持导出格式「{format}」，可用 xlsx、csv、json。", code="E-FORMAT")
    if filters is None:
        if unit is None:
            raise DomainError("请指明单位。", code="E-UNIT")
        filters = unit_filters(unit, now=now)
    kind = ExportFormat(format)
    export = Export(kind, filters, file_name(filters, kind, now))
    assignments = chosen_assignments(assignments_of(session, filters.scope.roots), filters)
    shown = assignments[-MAX_ITEMS:]
    export.left_out = len(assignments) - len(shown)
    lines = _counted(export, all_lines(session, filters, assignments, now=now))
    if kind is ExportFormat.XLSX:
        _write_xlsx(target, export, lines, shown, actor, now)
    elif kind is ExportFormat.CSV:
        _write_csv(target, lines, shown)
    else:
        _write_json(target, export, lines, assignments, now)
    return export


def record_export(session: Session, *, actor: Actor | None, export: Export, now: datetime) -> None:
    """Who took how much of what out of the system."""
    record_act(
        session,
        actor=actor,
        action="report.export",
        now=now,
        object_type="report",
        object_id="completion",
        summary=f"导出{export.filters.scope.name}完成情况 {export.people} 人（{export.format.value}）",
        detail={
            "format": export.format.value,
            "file": export.file_name,
            "people": export.people,
            "assigned": export.counts.assigned,
            "done": export.counts.done,
            "roots": list(export.filters.scope.roots),
            "filters": dict(export.filters.described()),
        },
    )


def file_name(filters: Filters, kind: ExportFormat, now: datetime) -> str:
    """`完成情况_市财政局_2026-06-30.xlsx`; no character a file system could refuse."""
    unit = "".join(c for c in filters.scope.name if c.isprintable() and c not in '\\/:*?"<>|')
    day = now.astimezone(DISPLAY_ZONE).date()
    return f"完成情况_{unit.strip(' .')[:60]}_{day}.{kind.value}"


def _counted(export: Export, lines: Iterator[PersonLine]) -> Iterator[PersonLine]:
    for line in lines:
        export.people += 1
        export.counts += line.counts
        yield line


def _write_xlsx(
    target: BinaryIO,
    export: Export,
    lines: Iterator[PersonLine],
    assignments: Sequence[Assignment],
    actor: Actor | None,
    now: datetime,
) -> None:
    write_workbook(
        target,
        [
            Sheet(
                "完成情况",
                columns_for(assignments),
                (row_of(line, assignments) for line in lines),
                FROZEN,
            ),
            Sheet(
                "导出说明",
                [Column("项目", Kind.TEXT, 18), Column("内容", Kind.TEXT, 80)],
                _notes(export, actor, now),
                filters=False,
            ),
        ],
    )


def _notes(export: Export, actor: Actor | None, now: datetime) -> Iterator[tuple[str, str]]:
    """The second sheet. Made after the first has been written, so the counts are those of it."""
    counts = export.counts
    yield "报表", "完成情况"
    yield from export.filters.described()
    yield "数据时间", f"{local_naive(now):%Y-%m-%d %H:%M}（北京时间）"
    yield "操作人", f"{actor.name}（{actor.staff_no}）" if actor else "系统运维（命令行）"
    yield "人数", str(export.people)
    yield "应完成", f"{counts.assigned} 人次"
    yield "完成", f"{counts.done} 人次，完成率 {counts.completion.text}"
    yield "参考", f"{counts.took} 人次，参与率 {counts.participation.text}"
    yield "合格", f"{counts.passed} 人次，合格率 {counts.pass_rate.text}"
    yield "逾期", f"{counts.overdue} 人次"
    yield "缺考", f"{counts.absent} 人次"
    yield "期间的含义", "任务按截止日期，学时和考试成绩按取得日期；状态按数据时间。"
    yield "任务列", "后面每列是一项任务；「不要求」表示这项任务不面向此人。"
    if export.left_out:
        yield "没有列出的任务", f"{export.left_out} 项（只列最近 {MAX_ITEMS} 项，合计已包含全部）"
    for name, words in RATE_DEFINITIONS:
        yield f"定义：{name}", words


def _write_csv(
    target: BinaryIO, lines: Iterator[PersonLine], assignments: Sequence[Assignment]
) -> None:
    """UTF-8 with BOM; cells that a spreadsheet could run are neutralised."""
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
    headings = [column.heading for column in columns_for(assignments)]
    try:
        write_csv(text, headings, (_rounded(row_of(line, assignments)) for line in lines))
    finally:
        text.detach()


def _rounded(row: list[Any]) -> list[Any]:
    """A rate of 1/3 as 0.3333, not with sixteen digits."""
    return [round(cell, 4) if isinstance(cell, float) else cell for cell in row]


def _write_json(
    target: BinaryIO,
    export: Export,
    lines: Iterator[PersonLine],
    assignments: Sequence[Assignment],
    now: datetime,
) -> None:
    """One object: filters, items, people (one per line), then the counts of what was written."""
    head = {
        "report": "completion",
        "generated_at": now.isoformat(),
        "filters": dict(export.filters.described()),
        "items": [_item(assignment) for assignment in assignments],
    }
    target.write(_dump(head)[:-1].encode() + b',"people":[')
    before = b"\n"
    for line in lines:
        target.write(before)
        target.write(_dump(_person(line)).encode())
        before = b",\n"
    counts = {name: getattr(export.counts, name) for name in Counts.__slots__}
    tail = {"counts": {"people": export.people, **counts}}
    target.write(b"\n]," + _dump(tail)[1:].encode() + b"\n")


def _item(assignment: Assignment) -> dict[str, Any]:
    return {
        "id": assignment.public_id,
        "kind": str(assignment.kind),
        "title": title_of(assignment),
        "course": assignment.course.code if assignment.course else None,
        "exam": assignment.exam.public_id if assignment.exam else None,
        "due_at": due_of(assignment).isoformat(),
    }


def _person(line: PersonLine) -> dict[str, Any]:
    last = line.last_exam
    return {
        "id": line.public_id,
        "staff_no": line.staff_no,
        "name": line.name,
        "unit_code": line.unit_code,
        "unit": line.unit_name,
        "rank": line.rank,
        "post": line.post,
        "assigned": line.counts.assigned,
        "done": line.counts.done,
        "overdue": line.counts.overdue,
        "absent": line.counts.absent,
        "hours_online": line.online_centi / 100,
        "hours_concentrated": line.concentrated_centi / 100,
        "days_concentrated": line.classes.days_centi / 100,
        "months_concentrated": line.classes.months_centi / 100,
        "last_exam": last
        and {
            "title": last.title,
            "at": last.at.isoformat(),
            "score": None if last.passed is None else last.score_centi / 100,
            "full": last.full_centi / 100,
            "result": result_words(last.passed),
            "band": last.band,
            "taken": last.taken,
        },
        "items": {duty.assignment.public_id: duty.state.value for duty in line.duties.values()},
    }


def _dump(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
