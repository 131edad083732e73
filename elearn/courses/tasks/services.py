"""Signing a pledge, handing in a reflection, a trainer's word on it."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.core.lessons.tasks import LessonTask, TaskKind
from elearn.courses.evidence import find_progress
from elearn.models import (
    CourseRevision,
    Lesson,
    Person,
    PledgeSignature,
    Reflection,
    ReflectionReview,
    Verdict,
)

from .queries import tasks_of

MAX_COMMENT: Final = 1000
CHANGED: Final = "课程刚刚更新过，请刷新后重新阅读。您写的内容请先复制保存。"


def sign_pledge(
    session: Session,
    *,
    person: Person,
    course: CourseRevision,
    lesson: Lesson,
    text_hash: str,
    name: str,
    agreed: bool,
    now: datetime,
) -> PledgeSignature:
    """Keep the pledge as the person saw and signed it. A second click finds the first signature.

    Raises DomainError for a name that is not the person's own or a box not ticked, Conflict when
    the pledge has been reworded meanwhile.
    """
    task = _task(session, person, course, lesson, TaskKind.PLEDGE, text_hash)
    here = {
        "person_id": person.id,
        "course_id": course.course_id,
        "lesson_code": lesson.code,
        "text_hash": text_hash,
    }
    before = select(PledgeSignature).filter_by(**here)
    if (signed := session.scalar(before)) is not None:
        return signed
    if not agreed:
        raise DomainError("请先勾选“我已逐条阅读，自愿承诺”。", code="E-PLEDGE")
    if "".join(name.split()) != "".join(person.name.split()):
        raise DomainError(f"签名要与本人姓名一致：{person.name}。", code="E-PLEDGE")
    signature = PledgeSignature(
        **here,
        title=task.title,
        text=task.text,
        signed_name=person.name,
        unit_name=person.org_unit.name,
        signed_at=now,
    )
    try:
        with session.begin_nested():
            session.add(signature)
    except IntegrityError:
        return session.scalars(before).one()  # another tap of this person was first
    return signature


def submit_reflection(
    session: Session,
    *,
    person: Person,
    course: CourseRevision,
    lesson: Lesson,
    text_hash: str,
    text: str,
    now: datetime,
) -> Reflection:
    """Hand in a reflection, or a new version of it. The same text twice is one version.

    Raises DomainError for a text too short or too long, Conflict when the question has changed or
    a trainer has already accepted the reflection.
    """
    task = _task(session, person, course, lesson, TaskKind.REFLECTION, text_hash)
    text = text.replace("\r\n", "\n").strip()
    length = len("".join(text.split()))
    if length < task.least:
        message = f"心得至少写 {task.least} 个字，现在是 {length} 个字。"
        raise DomainError(message, code="E-LENGTH")
    if len(text) > task.most:
        message = f"心得最多写 {task.most} 个字，现在是 {len(text)} 个字。"
        raise DomainError(message, code="E-LENGTH")
    here = {
        "person_id": person.id,
        "course_id": course.course_id,
        "lesson_code": lesson.code,
        "text_hash": text_hash,
    }
    query = select(Reflection).filter_by(**here).order_by(Reflection.no.desc()).limit(1)
    last = session.scalar(query)
    if last is not None and last.text == text:
        return last
    if last is not None and last.review is not None and last.review.verdict == Verdict.ACCEPTED:
        raise Conflict("教员已经通过了这份心得，不用再交。", code="E-ACCEPTED")
    reflection = Reflection(
        **here,
        title=task.title,
        question=task.text,
        no=last.no + 1 if last else 1,
        text=text,
        submitted_at=now,
    )
    try:
        with session.begin_nested():
            session.add(reflection)
    except IntegrityError:
        raise Conflict("另一台设备刚刚提交过，请刷新后查看。", code="E-RACE") from None
    return reflection


def review_reflection(
    session: Session,
    *,
    actor: Actor,
    reflection: Reflection,
    verdict: Verdict,
    comment: str,
    now: datetime,
) -> ReflectionReview:
    """Accept a reflection, or give it back with a reason. Each version is reviewed once.

    Raises Conflict when somebody else was first or a newer version is there.
    """
    if reflection.person_id == actor.person_id:
        raise Forbidden("不能批阅自己的心得。")
    comment = comment.strip()
    if len(comment) > MAX_COMMENT:
        raise DomainError(f"评语最多 {MAX_COMMENT} 个字。", code="E-COMMENT")
    if verdict is Verdict.RETURNED and not comment:
        raise DomainError("退回时请写明怎么改。", code="E-COMMENT")
    if _newest(session, reflection) != reflection.no:
        raise Conflict("本人已经交了新的一稿，请批阅新稿。", code="E-STALE")
    review = ReflectionReview(
        reflection_id=reflection.id,
        reviewer_id=actor.person_id,
        verdict=verdict,
        comment=comment,
        reviewed_at=now,
    )
    try:
        with session.begin_nested():
            session.add(review)
    except IntegrityError:
        raise Conflict("这份心得已经有人批阅过了。", code="E-REVIEWED") from None
    session.expire(reflection, ["review"])
    record_act(
        session,
        actor=actor,
        action="reflection.review",
        now=now,
        object_type="reflection",
        object_id=reflection.public_id,
        summary=f"{'通过' if verdict is Verdict.ACCEPTED else '退回'}心得《{reflection.title}》",
        detail={"verdict": verdict.value, "version": reflection.no},
    )
    return review


def _task(
    session: Session,
    person: Person,
    course: CourseRevision,
    lesson: Lesson,
    kind: TaskKind,
    text_hash: str,
) -> LessonTask:
    """The task the page showed. It counts only for somebody who has opened the lesson."""
    shown = (task for task in tasks_of(lesson) if task.kind is kind)
    task = next((task for task in shown if task.text_hash == text_hash), None)
    if task is None:
        raise Conflict(CHANGED, code="E-CHANGED")
    opened = find_progress(
        session, person_id=person.id, course_id=course.course_id, lesson_code=lesson.code
    )
    if opened is None:
        raise DomainError("请先打开这一节阅读。", code="E-NOT-OPENED")
    return task


def _newest(session: Session, reflection: Reflection) -> int | None:
    return session.scalar(
        select(func.max(Reflection.no)).filter_by(
            person_id=reflection.person_id,
            course_id=reflection.course_id,
            lesson_code=reflection.lesson_code,
            text_hash=reflection.text_hash,
        )
    )
