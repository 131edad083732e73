"""Signing and handing in: once, in one's own name, as it was shown; trainers in their own scope."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.courses.queries import find_lesson
from elearn.courses.services import open_lesson
from elearn.courses.tasks.queries import get_reflection, review_query, task_states, tasks_of
from elearn.courses.tasks.services import review_reflection, sign_pledge, submit_reflection
from elearn.models import (
    AuditEntry,
    CourseRevision,
    Lesson,
    Person,
    PledgeSignature,
    Reflection,
    Verdict,
)
from tests.core.lessons.test_tasks import PLEDGE, REFLECTION
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_courses import lesson_file, make_course

SAID = "我会当面谢绝，说明自己正在经手他的事情，把东西请他带回去，再向科室负责人报告一声。"


def course_with(session: Session, pledge: str = PLEDGE) -> tuple[CourseRevision, Lesson]:
    body = f"## 一\n\n先读。\n\n{pledge}\n\n{REFLECTION}\n"
    files = {"01-节.md": lesson_file("c-1", body=body)}
    revision = make_course(session, code="c", lessons=1, files=files)
    return revision, revision.lessons[0]


def reader(session: Session, revision: CourseRevision, lesson: Lesson, **kw: object) -> Person:
    person = make_person(session, **kw)  # type: ignore[arg-type]  # passed on
    open_lesson(session, person=person, course=revision, lesson=lesson, now=NOW)
    return person


def sign(
    session: Session, person: Person, revision: CourseRevision, lesson: Lesson, **kw: object
) -> PledgeSignature:
    args = {"text_hash": tasks_of(lesson)[0].text_hash, "name": person.name, "agreed": True}
    return sign_pledge(
        session,
        person=person,
        course=revision,
        lesson=lesson,
        now=NOW,
        **(args | kw),  # type: ignore[arg-type]  # passed on
    )


def write(
    session: Session, person: Person, revision: CourseRevision, lesson: Lesson, said: str = SAID
) -> Reflection:
    digest = tasks_of(lesson)[1].text_hash
    return submit_reflection(
        session,
        person=person,
        course=revision,
        lesson=lesson,
        text_hash=digest,
        text=said,
        now=NOW,
    )


def count(session: Session, table: type[PledgeSignature | Reflection]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_pledge_is_kept_as_it_was_signed_once(session: Session) -> None:
    revision, lesson = course_with(session)
    person = reader(session, revision, lesson, name="周 小兰")
    signed = sign(session, person, revision, lesson, name=" 周小兰")
    assert (signed.signed_name, signed.title) == ("周 小兰", "廉洁从家开始")
    assert signed.text.endswith("- 回家说一遍")
    assert sign(session, person, revision, lesson, agreed=False) is signed
    assert count(session, PledgeSignature) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"agreed": False}, "E-PLEDGE"),
        ({"name": "别人"}, "E-PLEDGE"),
        ({"text_hash": "x"}, "E-CHANGED"),
    ],
)
def test_what_is_no_signature(session: Session, change: dict[str, object], code: str) -> None:
    revision, lesson = course_with(session)
    person = reader(session, revision, lesson)
    with pytest.raises(DomainError) as refused:
        sign(session, person, revision, lesson, **change)
    assert refused.value.code == code
    assert count(session, PledgeSignature) == 0


def test_only_what_was_opened_can_be_signed(session: Session) -> None:
    revision, lesson = course_with(session)
    with pytest.raises(DomainError) as refused:
        sign(session, make_person(session), revision, lesson)
    assert refused.value.code == "E-NOT-OPENED"


def test_a_reworded_pledge_is_signed_anew_and_the_old_one_stays(session: Session) -> None:
    revision, lesson = course_with(session)
    person = reader(session, revision, lesson)
    old = sign(session, person, revision, lesson)
    digest = old.text_hash
    course_with(session, PLEDGE.replace("一分", "半分"))
    revision, lesson = find_lesson(session, person=person, course_code="c", lesson_code="c-1")
    state = task_states(session, person_id=person.id, course_id=revision.course_id, lesson=lesson)
    assert state[0].signature is None
    with pytest.raises(Conflict):
        sign(session, person, revision, lesson, text_hash=digest)
    assert sign(session, person, revision, lesson).id != old.id


def test_signatures_and_reflections_cannot_be_changed(session: Session) -> None:
    revision, lesson = course_with(session)
    person = reader(session, revision, lesson)
    sign(session, person, revision, lesson)
    write(session, person, revision, lesson)
    for statement in ("UPDATE pledge_signature SET text = ''", "DELETE FROM reflection"):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(text(statement))


def test_a_reflection_has_a_least_and_a_most(session: Session) -> None:
    revision, lesson = course_with(session)
    person = reader(session, revision, lesson)
    for said in ("短 " * 14, "长" * 301):
        with pytest.raises(DomainError) as refused:
            write(session, person, revision, lesson, said)
        assert refused.value.code == "E-LENGTH"
    assert count(session, Reflection) == 0


def test_versions_go_on_until_one_is_accepted(session: Session) -> None:
    unit = make_unit(session)
    revision, lesson = course_with(session)
    person = reader(session, revision, lesson, unit=unit)
    trainer = make_actor(make_person(session, unit, Role.TRAINER))
    first = write(session, person, revision, lesson)
    assert write(session, person, revision, lesson, SAID + "\r\n") is first
    review_reflection(
        session, actor=trainer, reflection=first, verdict=Verdict.RETURNED, comment="再具体些", now=NOW
    )  # fmt: skip
    second = write(session, person, revision, lesson, SAID + "还要登记。")
    assert (second.no, second.text[-5:]) == (2, "还要登记。")
    with pytest.raises(Conflict):
        review_reflection(
            session, actor=trainer, reflection=first, verdict=Verdict.ACCEPTED, comment="", now=NOW
        )
    review_reflection(
        session, actor=trainer, reflection=second, verdict=Verdict.ACCEPTED, comment="", now=NOW
    )
    with pytest.raises(Conflict) as refused:
        write(session, person, revision, lesson, SAID + "又改。")
    assert refused.value.code == "E-ACCEPTED"
    acts = session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "reflection"))
    assert list(acts) == ["reflection.review"] * 2


def test_a_review_is_given_once_with_a_reason_for_returning(session: Session) -> None:
    unit = make_unit(session)
    revision, lesson = course_with(session)
    reflection = write(session, reader(session, revision, lesson, unit=unit), revision, lesson)
    one, two = (make_actor(make_person(session, unit, Role.TRAINER)) for _ in range(2))
    with pytest.raises(DomainError) as refused:
        review_reflection(
            session, actor=one, reflection=reflection, verdict=Verdict.RETURNED, comment=" ", now=NOW
        )  # fmt: skip
    assert refused.value.code == "E-COMMENT"
    review_reflection(
        session, actor=one, reflection=reflection, verdict=Verdict.ACCEPTED, comment="", now=NOW
    )
    with pytest.raises(Conflict) as refused:
        review_reflection(
            session, actor=two, reflection=reflection, verdict=Verdict.ACCEPTED, comment="", now=NOW
        )
    assert refused.value.code == "E-REVIEWED"


def test_trainers_see_their_subtree_and_never_their_own(session: Session) -> None:
    district = make_unit(session)
    bureau, sister = make_unit(session, district), make_unit(session, district)
    revision, lesson = course_with(session)
    trainer = make_person(session, bureau, Role.TRAINER)
    open_lesson(session, person=trainer, course=revision, lesson=lesson, now=NOW)
    mine = write(session, trainer, revision, lesson)
    near = write(session, reader(session, revision, lesson, unit=bureau), revision, lesson)
    far = write(session, reader(session, revision, lesson, unit=sister), revision, lesson)
    actor = make_actor(trainer)
    assert session.scalars(review_query(actor, waiting=True)).all() == [near]
    for hidden in (mine, far):
        with pytest.raises(NotFound):
            get_reflection(session, public_id=hidden.public_id, actor=actor)
    with pytest.raises(Forbidden):
        review_reflection(
            session, actor=actor, reflection=mine, verdict=Verdict.ACCEPTED, comment="", now=NOW
        )
    above = make_actor(make_person(session, district, Role.TRAINER))
    assert set(session.scalars(review_query(above, waiting=True))) == {mine, near, far}
    review_reflection(
        session, actor=above, reflection=near, verdict=Verdict.ACCEPTED, comment="好", now=NOW + timedelta(1)
    )  # fmt: skip
    assert session.scalars(review_query(actor, waiting=True)).all() == []
    assert session.scalars(review_query(actor, waiting=False)).all() == [near]
