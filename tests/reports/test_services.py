"""Exports: typed, neutralised, the same numbers as the screen, on record."""

import csv
import io
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Actor, Role
from elearn.core.duties import DutyState
from elearn.core.errors import DomainError
from elearn.models import AuditEntry, OrgUnit, Person
from elearn.reports.columns import FIXED, MAX_ITEMS
from elearn.reports.filters import Filters, Scope, unit_filters
from elearn.reports.services import Export, ExportFormat, file_name, record_export, write_completion
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_reports import (
    DAY,
    build_town,
    make_assignment,
    make_attempt,
    make_course,
    make_exam,
)

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠a", "\t=1"]


def write(
    session: Session,
    unit: OrgUnit,
    kind: str,
    *,
    actor: Actor | None = None,
    filters: Filters | None = None,
) -> tuple[bytes, Export]:
    target = io.BytesIO()
    export = write_completion(
        session, actor=actor, unit=unit, format=kind, target=target, now=NOW, filters=filters
    )
    return target.getvalue(), export


def sheets(data: bytes) -> tuple[Worksheet, dict[str, str]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["完成情况", "导出说明"]
    notes = {row[0]: row[1] for row in book["导出说明"].iter_rows(min_row=2, values_only=True)}
    return book["完成情况"], notes


def rows(sheet: Worksheet) -> list[dict[str, Any]]:
    headings = [cell.value for cell in sheet[1]]
    return [
        dict(zip(headings, row, strict=True))
        for row in sheet.iter_rows(min_row=2, values_only=True)
    ]


def test_xlsx_has_typed_cells_frozen_panes_and_filters(session: Session) -> None:
    town = build_town(session)
    town.people["乙一"].staff_no = "007"
    session.flush()
    data, export = write(session, town.district, "xlsx")
    sheet, _ = sheets(data)
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == (
        "C2",
        f"A1:{sheet.dimensions.split(':')[1]}",
    )
    assert [cell.value for cell in sheet[1]][: len(FIXED)] == [column.heading for column in FIXED]
    assert sheet.column_dimensions["A"].width > 10
    line = next(row for row in rows(sheet) if row["姓名"] == "乙一")
    assert line["工号"] == "007"
    assert (line["应完成"], line["完成"], line["逾期"], line["缺考"]) == (2, 1, 1, 0)
    assert (line["完成率"], line["网络自学学时"], line["得分"], line["满分"]) == (0.5, 0, 85, 100)
    assert line["考试日期"] == datetime(2026, 11, 21)  # noqa: DTZ001  a spreadsheet's date
    assert (line["最近考试"], line["考试结果"]) == ("季度测试", "合格")
    assert line["礼品与宴请（2026-11-20 截止）"] == "逾期"
    assert line["季度测试（2026-11-22 截止）"] == "完成"
    assert line["礼品与宴请（2026-11-24 截止）"] == "不要求"
    idle = next(row for row in rows(sheet) if row["姓名"] == "丙一")
    assert (idle["应完成"], idle["完成率"], idle["最近考试"], idle["得分"]) == (0, None, None, None)
    assert export.people == sheet.max_row - 1 == 6


def test_xlsx_formats_say_what_the_numbers_are(session: Session) -> None:
    town = build_town(session)
    sheet, _ = sheets(write(session, town.district, "xlsx")[0])
    formats = {sheet.cell(1, cell.column).value: cell.number_format for cell in sheet[2]}
    assert (formats["工号"], formats["完成率"], formats["网络自学学时"]) == ("@", "0.0%", "0.00")
    dated = next(r for r in range(2, sheet.max_row + 1) if sheet.cell(r, 18).value is not None)
    assert sheet.cell(dated, 18).is_date
    assert sheet.cell(dated, 18).number_format == "yyyy-mm-dd"


def test_the_second_sheet_says_what_was_exported_by_whom(session: Session) -> None:
    town = build_town(session)
    actor = make_actor(make_person(session, town.district, Role.HR, name="人事甲", staff_no="hr1"))
    data, export = write(session, town.district, "xlsx", actor=actor)
    notes = sheets(data)[1]
    assert notes["单位"] == "全区（含下级）"
    assert notes["期间"] == "2026-01-01 至 2026-12-31"
    assert notes["数据时间"] == "2026-11-23 09:00（北京时间）"
    assert notes["操作人"] == "人事甲（hr1）"
    assert notes["人数"] == str(export.people) == "7"
    assert notes["完成"] == "4 人次，完成率 57.1%（4 / 7）"
    assert notes["缺考"] == "1 人次"
    assert "定义：完成率" in notes
    assert "没有列出的任务" not in notes
    assert sheets(write(session, town.district, "xlsx")[0])[1]["操作人"] == "系统运维（命令行）"


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_any_format_is_a_formula(session: Session, formula: str) -> None:
    unit = make_unit(session, name=formula)
    person = make_person(session, unit, name=formula, post=formula, staff_no=formula)
    make_assignment(session, unit, make_course(session, title=formula))
    exam = make_exam(session, unit, title=formula)
    make_attempt(session, person, exam, score=90, passed=True)
    sheet, _ = sheets(write(session, unit, "xlsx")[0])
    for row in sheet.iter_rows():
        assert not [cell for cell in row if cell.data_type == "f"]
    assert rows(sheet)[0]["姓名"] == formula
    text = write(session, unit, "csv")[0].decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert f"'{formula}" in cells
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@＝＋－＠\t"))]
    assert json.loads(write(session, unit, "json")[0])["people"][0]["name"] == formula


def test_csv_has_a_bom_and_the_columns_of_the_xlsx(session: Session) -> None:
    town = build_town(session)
    data = write(session, town.district, "csv")[0]
    assert data.startswith(b"\xef\xbb\xbf")
    lines = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    sheet, _ = sheets(write(session, town.district, "xlsx")[0])
    assert list(lines[0]) == [cell.value for cell in sheet[1]]
    assert [line["工号"] for line in lines] == [row["工号"] for row in rows(sheet)]
    late = next(line for line in lines if line["姓名"] == "乙一")
    assert (late["完成率"], late["考试日期"], late["得分"]) == ("0.5", "2026-11-21", "85.0")
    assert next(line for line in lines if line["姓名"] == "丙一")["完成率"] == ""


def test_json_has_stable_ids_and_counts(session: Session) -> None:
    town = build_town(session)
    data, export = write(session, town.district, "json")
    document = json.loads(data)
    assert document["report"] == "completion"
    assert {item["id"]: item["kind"] for item in document["items"]} == {
        task.public_id: task.kind for task in town.tasks.values()
    }
    late = next(person for person in document["people"] if person["name"] == "乙一")
    assert late["id"] == town.people["乙一"].public_id
    assert late["items"] == {
        town.tasks["乙镇课"].public_id: "OVERDUE",
        town.tasks["乙镇考"].public_id: "DONE",
    }
    assert late["last_exam"]["score"] == 85
    assert document["counts"]["people"] == len(document["people"]) == export.people == 6
    assert document["counts"]["assigned"] == 7


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_an_export_without_people_is_still_a_file(session: Session, kind: str) -> None:
    data, export = write(session, make_unit(session), kind)
    assert export.people == 0
    if kind == "xlsx":
        sheet, notes = sheets(data)
        assert [cell.value for cell in sheet[1]] == [column.heading for column in FIXED]
        assert notes["人数"] == "0"
    elif kind == "csv":
        assert data.decode("utf-8-sig").splitlines() == [",".join(c.heading for c in FIXED)]
    else:
        assert json.loads(data)["people"] == []


def test_filters_reach_the_file(session: Session) -> None:
    town = build_town(session)
    filters = replace(unit_filters(town.district, now=NOW), state=DutyState.OVERDUE, search="乙")
    data, export = write(session, town.district, "xlsx", filters=filters)
    sheet, notes = sheets(data)
    assert [row["姓名"] for row in rows(sheet)] == ["乙一", "乙二"]
    assert (notes["状态"], notes["姓名或工号"], export.people) == ("逾期", "乙", 2)


def test_a_pending_exam_has_no_score_in_any_format(session: Session) -> None:
    unit = make_unit(session)
    person = make_person(session, unit)
    make_attempt(session, person, make_exam(session, unit), score=99, passed=None)
    sheet, _ = sheets(write(session, unit, "xlsx")[0])
    assert (rows(sheet)[0]["得分"], rows(sheet)[0]["考试结果"]) == (None, "待阅卷")
    assert json.loads(write(session, unit, "json")[0])["people"][0]["last_exam"]["score"] is None
    assert ",99," not in write(session, unit, "csv")[0].decode()


def test_two_tasks_of_one_name_have_two_columns(session: Session) -> None:
    unit = make_unit(session)
    make_person(session, unit)
    course = make_course(session, title="礼品")
    make_assignment(session, unit, course)
    make_assignment(session, unit, course, ranks="|一级科员|")
    make_assignment(session, unit, make_course(session, title="工号"))
    headings = [cell.value for cell in sheets(write(session, unit, "xlsx")[0])[0][1]]
    assert headings[len(FIXED) :] == [
        "礼品（2026-12-03 截止）",
        "礼品（2026-12-03 截止） 2",
        "工号（2026-12-03 截止）",
    ]


def test_more_tasks_than_columns_are_counted_and_named(session: Session) -> None:
    unit = make_unit(session)
    make_person(session, unit)
    for at in range(MAX_ITEMS + 3):
        make_assignment(session, unit, make_course(session, lessons=1), due_at=NOW + at * DAY / 10)
    data, export = write(session, unit, "xlsx")
    sheet, notes = sheets(data)
    assert sheet.max_column == len(FIXED) + MAX_ITEMS
    assert export.left_out == 3
    assert notes["没有列出的任务"].startswith("3 项")
    assert rows(sheet)[0]["应完成"] == MAX_ITEMS + 3


def test_an_unknown_format_or_no_unit_is_refused(session: Session) -> None:
    unit = make_unit(session)
    for values in ({"format": "pdf", "unit": unit}, {"format": "csv", "unit": None}):
        with pytest.raises(DomainError):
            write_completion(session, actor=None, target=io.BytesIO(), now=NOW, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("市财政局", "完成情况_市财政局_2026-11-23.xlsx"),
        ('a/b\\c:"<>|*?\r\n..', "完成情况_abc_2026-11-23.xlsx"),
        ("长" * 90, f"完成情况_{'长' * 60}_2026-11-23.xlsx"),
    ],
)
def test_file_names_are_names_of_files(name: str, expected: str) -> None:
    filters = Filters(Scope(("/1/",), name))
    assert file_name(filters, ExportFormat.XLSX, NOW) == expected


def test_an_export_is_on_record_with_count_and_filters(session: Session) -> None:
    town = build_town(session)
    person: Person = make_person(session, town.district, Role.HR)
    actor = make_actor(person)
    _, export = write(session, town.district, "csv", actor=actor)
    record_export(session, actor=actor, export=export, now=NOW)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor_id, entry.at) == ("report.export", person.id, NOW)
    assert entry.summary == "导出全区完成情况 7 人（csv）"
    assert entry.detail["people"] == 7
    assert entry.detail["filters"]["期间"] == "2026-01-01 至 2026-12-31"
    assert entry.detail["roots"] == [town.district.path]
