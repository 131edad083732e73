"""Importing units and people: all or nothing, safe to run twice, quick at 20,000 rows."""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from elearn import db
from elearn.accounts.importing import Report, check_people_file, import_people_file
from elearn.accounts.initial_passwords import set_initial_passwords
from elearn.core.access import Actor, Role
from elearn.models import AuditEntry, LoginSession, OrgUnit, Person
from tests.factories import NOW, make_actor, make_person, make_unit, open_login_session


def run(session: Session, data: str | bytes, actor: Actor | None = None) -> Report:
    raw = data.encode() if isinstance(data, str) else data
    return import_people_file(session, data=raw, filename="名册.csv", now=NOW, actor=actor)


def check(session: Session, data: str | bytes, actor: Actor | None = None) -> Report:
    raw = data.encode() if isinstance(data, str) else data
    return check_people_file(session, data=raw, filename="名册.csv", now=NOW, actor=actor)


def workbook(units: list[list[Any]], people: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "机构"
    for row in [["单位代码", "单位名称", "上级代码", "类型"], *units]:
        book.active.append(row)
    sheet = book.create_sheet("人员")
    for row in [["工号", "姓名", "单位代码", "职级", "是否负责人", "政治面貌"], *people]:
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """The statements sent meanwhile."""
    sent: list[str] = []
    bind: Any = session.get_bind()
    engine = bind if isinstance(bind, Engine) else bind.engine

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def everything(session: Session) -> list[tuple[Any, ...]]:
    session.expire_all()
    people = session.execute(
        select(
            Person.staff_no, Person.name, OrgUnit.code, Person.rank, Person.post,
            Person.is_leader, Person.party, Person.active,
        )
        .join(Person.org_unit)
        .order_by(Person.staff_no)
    )  # fmt: skip
    return [tuple(row) for row in people]


def test_an_empty_system_gets_units_and_people_from_one_workbook(session: Session) -> None:
    data = workbook(
        [
            ["CZ", "财政局", "QU", "部门"],
            ["YS", "预算科", "CZ", "单位"],
            ["QU", "某区", None, "区"],
        ],
        [
            ["p1", "王伟", "YS", "一级科员", "否", "中共党员"],
            ["p2", "李静", "CZ", "", "是", "群众"],
        ],
    )
    report = run(session, data)
    assert report.is_right
    assert report.counts["units_new"] == 3
    assert report.counts["people_new"] == 2
    assert report.notes == ["工作表：机构、人员"]
    units = {unit.code: unit for unit in session.scalars(select(OrgUnit))}
    quid, czid, ysid = (units[code].id for code in ("QU", "CZ", "YS"))
    assert units["YS"].path == f"/{quid}/{czid}/{ysid}/"
    assert (units["YS"].parent_id, units["QU"].parent_id) == (czid, None)
    assert (units["QU"].type, units["CZ"].type, units["YS"].type) == (
        "DISTRICT", "DEPARTMENT", "UNIT",
    )  # fmt: skip
    assert everything(session) == [
        ("p1", "王伟", "YS", "一级科员", "", False, "PARTY", True),
        ("p2", "李静", "CZ", "", "", True, "NON_PARTY", True),
    ]
    person = session.scalars(select(Person).where(Person.staff_no == "p1")).one()
    assert (person.password_hash, person.must_change_password) == (None, True)
    assert len(person.public_id) == 22


def test_the_same_file_again_changes_nothing(session: Session) -> None:
    data = workbook([["QU", "某区", "", "区"]], [["p1", "王伟", "QU", "一级科员", "是", "群众"]])
    run(session, data)
    before = everything(session)
    entries = session.scalar(select(func.count()).select_from(AuditEntry))
    report = run(session, data)
    counts = report.counts
    assert (counts["people_new"], counts["people_changed"], counts["people_same"]) == (0, 0, 1)
    assert (counts["units_new"], counts["units_changed"], counts["units_same"]) == (0, 0, 1)
    assert everything(session) == before
    after = session.scalar(select(func.count()).select_from(AuditEntry))
    assert after == (entries or 0) + 1  # that it was run, and nothing else


def test_nothing_is_written_while_one_cell_is_wrong(session: Session) -> None:
    unit = make_unit(session, code="QU")
    make_person(session, unit, staff_no="old", name="旧名", rank="")
    text = "工号,姓名,单位代码\nold,新名,QU\nn1,新人,QU\nn2,,QU\n"
    report = run(session, text)
    assert [(cell.cell, cell.code) for cell in report.cells if cell.is_error] == [("B4", "P-empty")]
    assert [row[:2] for row in everything(session)] == [("old", "旧名")]
    assert session.scalar(select(AuditEntry)) is None


def test_check_writes_nothing_and_finds_what_import_does(session: Session) -> None:
    make_unit(session, code="QU")
    text = "工号,姓名,单位代码\nn1,新人,QU\n"
    report = check(session, text)
    assert report.is_right
    assert report.counts["people_new"] == 1
    assert everything(session) == []
    assert run(session, text).counts == report.counts


def test_an_unreadable_file_is_a_problem_of_the_whole_file(session: Session) -> None:
    report = check(session, b"PK\x03\x04nothing")
    assert not report.is_right
    assert [(p.line, p.column, p.code) for p in report.problems] == [(0, 0, "P-file")]
    assert report.as_dict()["counts"] == {"errors": 1}


def test_the_encoding_is_stated_and_json_has_the_places(session: Session) -> None:
    make_unit(session, code="QU")
    report = check(session, "工号,姓名,单位代码\nn1,新人,QX\n".encode("gb18030"))
    assert report.notes[0] == "文字编码：GB18030（GBK）"
    result = report.as_dict()
    (problem,) = result["problems"]
    assert problem["message"].startswith("C2 单位代码「QX」：没有这个单位代码")
    assert (problem["file"], problem["line"], problem["column"]) == ("名册.csv", 2, 3)
    assert result["counts"]["errors"] == 1


def test_who_is_missing_from_the_file_is_left_alone(session: Session) -> None:
    unit = make_unit(session, code="QU")
    make_person(session, unit, staff_no="left-out")
    run(session, "工号,姓名,单位代码\nn1,新人,QU\n")
    assert [(row[0], row[-1]) for row in everything(session)] == [("left-out", True), ("n1", True)]


def test_leaving_ends_sessions_and_changes_are_audited_one_by_one(session: Session) -> None:
    unit = make_unit(session, code="QU")
    gone = make_person(session, unit, staff_no="a1", name="走了")
    moved = make_person(session, unit, staff_no="a2", name="甲")
    make_unit(session, unit, code="QU2", name="二")
    open_login_session(session, gone, now=NOW)
    actor = make_actor(make_person(session, unit, Role.SYS_ADMIN))
    text = "工号,姓名,单位代码,状态\na1,走了,QU,调出\na2,甲,QU2,在职\nn1,新人,QU2,\n"
    report = run(session, text, actor)
    assert report.counts["people_deactivated"] == 1
    session.expire_all()
    assert (gone.active, gone.session_version) == (False, 2)
    assert session.scalar(select(LoginSession).where(LoginSession.person_id == gone.id)) is None
    entries = {entry.object_id: entry for entry in session.scalars(select(AuditEntry))}
    assert entries[moved.public_id].action == "person.edit"
    change = entries[moved.public_id].detail["changes"]
    assert change == [["单位", f"{unit.name}（QU）", "二（QU2）"]]
    assert {entry.action for entry in entries.values()} == {
        "people.import", "person.edit", "person.create",
    }  # fmt: skip
    assert all(entry.actor_id == actor.person_id for entry in entries.values())


def test_moving_a_unit_moves_the_paths_below(session: Session) -> None:
    root = make_unit(session, code="QU")
    a, b = (
        make_unit(session, root, code="A", name="甲"),
        make_unit(session, root, code="B", name="乙"),
    )
    a1 = make_unit(session, a, code="A1", name="甲一")
    a11 = make_unit(session, a1, code="A11", name="甲一一")
    report = run(session, "单位代码,单位名称,上级代码\nA1,甲一,B\nN,新,A11\n")
    assert report.is_right, report.cells
    session.expire_all()
    assert a1.path == f"{b.path}{a1.id}/"
    assert a11.path == f"{b.path}{a1.id}/{a11.id}/"
    new = session.scalars(select(OrgUnit).where(OrgUnit.code == "N")).one()
    assert new.path == f"{a11.path}{new.id}/"
    assert a.path == f"{root.path}{a.id}/"


def test_a_manager_imports_into_the_own_subtree_only(session: Session) -> None:
    root = make_unit(session, code="QU")
    mine, other = make_unit(session, root, code="A"), make_unit(session, root, code="B")
    stranger = make_person(session, other, staff_no="s1")
    actor = make_actor(make_person(session, mine, Role.SYS_ADMIN))
    report = run(session, "工号,姓名,单位代码\nn1,甲,A\nn2,乙,B\ns1,丙,A\n", actor)
    assert [(cell.cell, cell.code) for cell in report.cells] == [
        ("C3", "P-unit"),
        ("A4", "P-scope"),
    ]
    assert stranger.name not in repr(report.cells)
    assert run(session, "工号,姓名,单位代码\nn1,甲,A\n", actor).is_right


def test_the_importer_and_the_last_administrators_are_not_deactivated(session: Session) -> None:
    unit = make_unit(session, code="QU")
    admin = make_person(session, unit, Role.SYS_ADMIN, staff_no="me")
    for number in ("sec1", "sec2"):
        make_person(session, unit, Role.SEC_ADMIN, staff_no=number)
    text = "工号,姓名,单位代码,状态\n{}"
    both = text.format("me,我,QU,离职\nsec1,安一,QU,离职\nsec2,安二,QU,离职\n")
    report = run(session, both, make_actor(admin))
    found = [(cell.cell, cell.code) for cell in report.cells if cell.is_error]
    assert found == [("D2", "P-kept"), ("D3", "P-kept"), ("D4", "P-kept")]
    assert run(session, text.format("sec1,安一,QU,离职\n"), make_actor(admin)).is_right


def test_an_edit_at_the_same_time_keeps_its_other_columns(session: Session) -> None:
    """Only columns that differ are written: the plan is made, then the page saves, then it runs."""
    unit = make_unit(session, code="QU")
    person = make_person(session, unit, staff_no="a1", name="甲", rank="", post="科员")
    with counted(session) as sent:
        run(session, "工号,姓名,单位代码,职级\na1,甲,QU,一级科员\n")
    (statement,) = [text for text in sent if text.startswith("UPDATE person")]
    assert "rank" in statement
    assert "post" not in statement
    session.expire_all()
    assert (person.rank, person.post) == ("一级科员", "科员")


def roster_of(count: int, units: int) -> bytes:
    lines = ["工号,姓名,单位代码,职级,职务,是否负责人,政治面貌,状态"]
    lines += [
        f"g{n:06d},干部{n % 97}号,D{n % units:04d},一级科员,干部,否,中共党员,在职"
        for n in range(count)
    ]
    return "\n".join(lines).encode()


def make_units(session: Session, count: int) -> None:
    root = make_unit(session, code="QU", name="区")
    for number in range(count):
        make_unit(session, root, code=f"D{number:04d}", name=f"单位{number}")


def test_the_number_of_statements_does_not_grow_with_the_file(session: Session) -> None:
    make_units(session, 5)
    sizes = []
    for count in (50, 2_000):
        with counted(session) as sent:
            assert run(session, roster_of(count, 5)).is_right
        sizes.append(len(sent))
    # The second run also compares the fifty that are there.
    assert sizes[0] == sizes[1] <= 15


@pytest.mark.slow
def test_twenty_thousand_people_are_imported_in_under_a_minute(own_engine: Engine) -> None:
    with db.transaction(own_engine) as work:
        make_units(work, 400)
    data = roster_of(20_000, 400)
    started = time.monotonic()
    with db.transaction(own_engine) as work:
        assert run(work, data).counts["people_new"] == 20_000
    first = time.monotonic() - started
    started = time.monotonic()
    with db.transaction(own_engine) as work:
        assert run(work, data).counts["people_same"] == 20_000
    again = time.monotonic() - started
    started = time.monotonic()
    with db.transaction(own_engine) as work:
        lines = set_initial_passwords(work, actor=None, now=NOW)
        assert len({line.password for line in lines}) == 20_000
    hashing = time.monotonic() - started
    assert first < 60
    assert again < 30
    assert hashing < 60
