"""The tree of units: create, edit, move, deactivate."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from elearn import db
from elearn.accounts.units import (
    create_unit,
    deactivate_unit,
    edit_unit,
    move_unit,
    reactivate_unit,
    unit_impact,
)
from elearn.core.access import Role
from elearn.core.errors import Conflict, DomainError, NotFound
from elearn.models import Assignment, AssignmentKind, AuditEntry, Course, OrgType, OrgUnit
from tests.factories import NOW, make_actor, make_person, make_unit


def paths(session: Session) -> dict[str, str]:
    """Code -> path in codes, read from the database."""
    session.expire_all()
    units = {unit.id: unit for unit in session.scalars(select(OrgUnit))}
    return {
        unit.code: "/".join(units[int(part)].code for part in unit.path.split("/") if part)
        for unit in units.values()
    }


def last_act(session: Session) -> AuditEntry:
    entry = session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()))
    assert entry is not None
    return entry


def make_tree(session: Session) -> dict[str, OrgUnit]:
    """Q over A (over A1 over A11) and B."""
    units: dict[str, OrgUnit] = {}
    for code, parent in (("Q", None), ("A", "Q"), ("B", "Q"), ("A1", "A"), ("A11", "A1")):
        units[code] = make_unit(
            session, units[parent] if parent else None, code=code, name=f"单位{code}"
        )
    return units


def test_create_unit_writes_path_and_audit(session: Session) -> None:
    units = make_tree(session)
    admin = make_person(session, units["Q"], Role.SYS_ADMIN)
    made = create_unit(
        session, actor=make_actor(admin), code=" Ｃ０１ ", name=" 财政局 ", kind=OrgType.DEPARTMENT,
        parent=units["B"], now=NOW,
    )  # fmt: skip
    assert (made.code, made.name, made.active) == ("C01", "财政局", True)
    assert paths(session)["C01"] == "Q/B/C01"
    act = last_act(session)
    assert (act.action, act.actor_id, act.object_id) == ("unit.create", admin.id, made.public_id)
    assert act.detail == {"code": "C01", "name": "财政局", "type": "DEPARTMENT", "parent": "B"}


@pytest.mark.parametrize(
    ("code", "name", "field"),
    [
        ("", "新", "code"),
        ("a b", "新", "code"),
        ("=1", "新", "code"),
        ("x" * 41, "新", "code"),
        ("a1", "新", "code"),
        ("N", "  ", "name"),
        ("N", "新" * 101, "name"),
        ("N", "新\x07", "name"),
        ("N", "单位 Ｂ", "name"),
    ],
)
def test_create_unit_refuses_with_the_field(
    session: Session, code: str, name: str, field: str
) -> None:
    units = make_tree(session)
    with pytest.raises(DomainError) as caught:
        create_unit(
            session, actor=None, code=code, name=name, kind=OrgType.UNIT, parent=units["Q"], now=NOW
        )
    assert list(caught.value.fields) == [field]


def test_only_the_operator_makes_a_unit_without_parent(session: Session) -> None:
    units = make_tree(session)
    actor = make_actor(make_person(session, units["Q"], Role.SYS_ADMIN))
    values = {"code": "Q2", "name": "第二区", "kind": OrgType.DISTRICT, "parent": None, "now": NOW}
    with pytest.raises(DomainError) as caught:
        create_unit(session, actor=actor, **values)
    assert caught.value.fields == {"parent": "请选择上级机构"}
    assert create_unit(session, actor=None, **values).path.count("/") == 2


def test_a_manager_changes_the_own_subtree_only(session: Session) -> None:
    units = make_tree(session)
    actor = make_actor(make_person(session, units["A"], Role.SYS_ADMIN))
    for act in (
        lambda: create_unit(
            session, actor=actor, code="N", name="新", kind=OrgType.UNIT, parent=units["B"], now=NOW
        ),
        lambda: edit_unit(
            session, actor=actor, unit=units["B"], code="B", name="x", kind=OrgType.UNIT, now=NOW
        ),
        lambda: move_unit(session, actor=actor, unit=units["A1"], parent=units["B"], now=NOW),
        lambda: move_unit(session, actor=actor, unit=units["B"], parent=units["A"], now=NOW),
        lambda: deactivate_unit(session, actor=actor, unit=units["B"], now=NOW),
        lambda: reactivate_unit(session, actor=actor, unit=units["B"], now=NOW),
    ):
        with pytest.raises(NotFound):
            act()
    hr = make_actor(make_person(session, units["Q"], Role.HR))
    with pytest.raises(NotFound):  # another role over it does not help
        deactivate_unit(session, actor=hr, unit=units["B"], now=NOW)


def test_edit_unit_changes_and_records_before_and_after(session: Session) -> None:
    unit = make_tree(session)["B"]
    edit_unit(
        session, actor=None, unit=unit, code="B9", name="新名", kind=OrgType.DEPARTMENT, now=NOW
    )
    assert (unit.code, unit.name, unit.type) == ("B9", "新名", "DEPARTMENT")
    detail = last_act(session).detail
    assert detail["before"] == {"code": "B", "name": "单位B", "type": "UNIT"}
    assert detail["after"] == {"code": "B9", "name": "新名", "type": "DEPARTMENT"}


def test_edit_unit_without_change_leaves_no_trace(session: Session) -> None:
    unit = make_tree(session)["B"]
    edit_unit(session, actor=None, unit=unit, code="B", name="单位B", kind=OrgType.UNIT, now=NOW)
    assert session.scalar(select(AuditEntry)) is None


def test_edit_unit_refuses_a_code_in_use(session: Session) -> None:
    unit = make_tree(session)["B"]
    with pytest.raises(Conflict):
        edit_unit(session, actor=None, unit=unit, code="a", name="x", kind=OrgType.UNIT, now=NOW)


def test_move_unit_rewrites_the_path_of_the_whole_subtree(session: Session) -> None:
    units = make_tree(session)
    move_unit(session, actor=None, unit=units["A1"], parent=units["B"], now=NOW)
    assert paths(session) == {
        "Q": "Q", "A": "Q/A", "B": "Q/B", "A1": "Q/B/A1", "A11": "Q/B/A1/A11",
    }  # fmt: skip
    assert units["A1"].parent_id == units["B"].id
    assert last_act(session).detail == {"before": {"parent": "A"}, "after": {"parent": "B"}}


def test_move_unit_keeps_a_longer_number_apart(session: Session) -> None:
    """`/1/2/` is no prefix of `/1/23/`."""
    units = make_tree(session)
    many = [make_unit(session, units["Q"]) for _ in range(25)]
    move_unit(session, actor=None, unit=units["A"], parent=many[0], now=NOW)
    found = paths(session)
    assert found["A11"] == f"Q/{many[0].code}/A/A1/A11"
    assert all(found[unit.code] == f"Q/{unit.code}" for unit in many)


@pytest.mark.parametrize(("parent", "word"), [("A1", "它自己"), ("A11", "它的下级「单位A11」")])
def test_move_unit_refuses_a_circle_with_the_reason(
    session: Session, parent: str, word: str
) -> None:
    units = make_tree(session)
    before = paths(session)
    with pytest.raises(DomainError) as caught:
        move_unit(session, actor=None, unit=units["A1"], parent=units[parent], now=NOW)
    assert word in caught.value.message
    assert paths(session) == before


def test_move_unit_refuses_a_closed_parent_depth_and_a_namesake(session: Session) -> None:
    units = make_tree(session)
    namesake = make_unit(session, units["B"], code="B1", name="单位A1")
    closed = make_unit(session, units["Q"], active=False)
    deep = units["B"]
    for _ in range(9):
        deep = make_unit(session, deep)
    for parent, word in ((closed, "停用"), (deep, "12 级"), (units["B"], namesake.code)):
        with pytest.raises(DomainError, match=word):
            move_unit(session, actor=None, unit=units["A1"], parent=parent, now=NOW)


def test_move_unit_refuses_the_top_of_the_own_scope(session: Session) -> None:
    units = make_tree(session)
    admin = make_person(session, units["A"], Role.SYS_ADMIN)
    with pytest.raises(DomainError, match="最上级"):
        move_unit(session, actor=None, unit=units["Q"], parent=make_unit(session), now=NOW)
    actor = make_actor(admin)
    both = type(actor)(
        actor.person_id, actor.name, actor.staff_no,
        (*actor.grants, (Role.SYS_ADMIN, units["B"].path)), "",
    )  # fmt: skip
    with pytest.raises(DomainError, match="最上级"):
        move_unit(session, actor=both, unit=units["A"], parent=units["B"], now=NOW)


def test_move_unit_twice_is_one_move(session: Session) -> None:
    units = make_tree(session)
    move_unit(session, actor=None, unit=units["A1"], parent=units["B"], now=NOW)
    with pytest.raises(DomainError, match="已经在「单位B」之下"):
        move_unit(session, actor=None, unit=units["A1"], parent=units["B"], now=NOW)
    assert len(session.scalars(select(AuditEntry)).all()) == 1


def test_deactivate_unit_is_refused_while_people_work_below(session: Session) -> None:
    units = make_tree(session)
    person = make_person(session, units["A11"])
    with pytest.raises(DomainError, match="1 名在职人员"):
        deactivate_unit(session, actor=None, unit=units["A"], now=NOW)
    person.active = False
    session.flush()
    deactivate_unit(session, actor=None, unit=units["A"], now=NOW)
    session.expire_all()
    active = {unit.code: unit.active for unit in session.scalars(select(OrgUnit))}
    assert active == {"Q": True, "B": True, "A": False, "A1": False, "A11": False}
    assert last_act(session).action == "unit.deactivate"


def test_deactivate_unit_refuses_the_root(session: Session) -> None:
    with pytest.raises(DomainError, match="没有上级机构"):
        deactivate_unit(session, actor=None, unit=make_unit(session), now=NOW)


def test_reactivate_unit_needs_an_active_parent_and_a_free_name(session: Session) -> None:
    units = make_tree(session)
    deactivate_unit(session, actor=None, unit=units["A"], now=NOW)
    with pytest.raises(DomainError, match="上级"):
        reactivate_unit(session, actor=None, unit=units["A1"], now=NOW)
    make_unit(session, units["Q"], name="单位A")
    with pytest.raises(DomainError, match="同一上级"):
        reactivate_unit(session, actor=None, unit=units["A"], now=NOW)
    reactivate_unit(session, actor=None, unit=units["B"], now=NOW)  # nothing to do
    edit_unit(session, actor=None, unit=units["A"], code="A", name="甲", kind=OrgType.UNIT, now=NOW)
    reactivate_unit(session, actor=None, unit=units["A"], now=NOW)
    assert units["A"].active
    assert not units["A11"].active


def test_unit_impact_counts_the_subtree(session: Session) -> None:
    units = make_tree(session)
    leader = make_person(session, units["A"], Role.LEADER)
    make_person(session, units["A11"])
    make_person(session, units["A11"], active=False)
    make_person(session, units["B"], Role.HR)
    course = Course(code="c1")
    session.add(course)
    session.flush()
    for due, unit in (
        (NOW + timedelta(1), "A1"),
        (NOW - timedelta(1), "A11"),
        (NOW + timedelta(1), "B"),
    ):
        session.add(
            Assignment(
                kind=AssignmentKind.COURSE, course_id=course.id, org_unit_id=units[unit].id,
                due_at=due, created_by_id=leader.id, created_at=NOW,
            )
        )  # fmt: skip
    session.flush()
    impact = unit_impact(session, units["A"], now=NOW)
    assert (impact.people, impact.units_below, impact.grants) == (2, 2, 1)
    assert (impact.open_exams, impact.open_assignments) == (0, 1)
    sentence = "涉及在职人员 2 人、下级机构 2 个、角色授权 1 项、未到期的学习任务 1 项"
    assert impact.sentence() == sentence


def test_two_moves_at_once_cannot_close_a_circle(own_engine: Engine) -> None:
    with db.transaction(own_engine) as work:
        units = make_tree(work)
        ids = {code: unit.id for code, unit in units.items()}
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def move(unit: str, parent: str) -> None:
        start.wait()
        try:
            with db.transaction(own_engine) as work:
                move_unit(
                    work, actor=None, unit=work.get_one(OrgUnit, ids[unit]),
                    parent=work.get_one(OrgUnit, ids[parent]), now=NOW,
                )  # fmt: skip
            outcomes.append("moved")
        except DomainError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=move, args=args) for args in (("A", "B"), ("B", "A"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["E-UNIT", "moved"]
    with db.new_session(own_engine, write=False) as work:
        found = paths(work)
    assert {found["A"], found["B"]} in ({"Q/B/A", "Q/B"}, {"Q/A", "Q/A/B"})
