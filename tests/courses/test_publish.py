"""Publishing a course: revisions, quizzes, assets, citations."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.errors import Conflict
from elearn.core.questions.model import QuestionStatus
from elearn.courses.services import publish_course
from elearn.models import (
    BankQuestion,
    ContentAsset,
    Course,
    CourseRevision,
    Lesson,
    LessonCitation,
    LessonQuizItem,
    Pool,
    QuestionRevision,
)
from tests.factories import NOW
from tests.factories_courses import (
    PNG,
    course_front,
    lesson_file,
    make_course,
    parse_course,
    quiz_item,
)


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def asked(session: Session, revision: CourseRevision) -> list[str]:
    """Codes of the questions the revision asks."""
    return list(
        session.scalars(
            select(BankQuestion.code)
            .join(QuestionRevision, QuestionRevision.question_id == BankQuestion.id)
            .join(LessonQuizItem, LessonQuizItem.question_revision_id == QuestionRevision.id)
            .join(Lesson, Lesson.id == LessonQuizItem.lesson_id)
            .where(Lesson.course_revision_id == revision.id)
            .order_by(Lesson.position, LessonQuizItem.slot, LessonQuizItem.position)
        )
    )


def test_course_is_published_as_its_files_say(session: Session) -> None:
    revision = make_course(session, code="c", lessons=2, title="礼品", strand="LAW", topic="LAW-01",
                           required=False, hours="0.5", audience="党员", study_minutes=3)  # fmt: skip
    assert (revision.title, revision.strand, revision.topics) == ("礼品", "LAW", ["LAW-01"])
    assert (revision.required, revision.hours_centi, revision.audience) == (False, 50, ["PARTY"])
    assert revision.rule == {"version": 1, "lessons": None, "study_minutes": 3, "quiz": True}
    assert [lesson.code for lesson in revision.lessons] == ["c-1", "c-2"]
    assert [lesson.position for lesson in revision.lessons] == [1, 2]
    assert revision.course.current_revision_id == revision.id
    assert asked(session, revision) == ["c-1-q1", "c-2-q1"]


def test_lesson_html_has_ids_and_slots_and_no_keys(session: Session) -> None:
    files = {"01-节.md": lesson_file("c-1", items=[quiz_item("c-1-q1", canary="金丝雀")])}
    lesson = make_course(session, code="c", lessons=1, files=files).lessons[0]
    assert ' id="p-' in lesson.html
    assert 'data-quiz="0"' in lesson.html
    assert "金丝雀" not in lesson.html
    assert lesson.toc == [[2, "s-周五下午", "周五下午"], [2, "s-先看关系", "先看关系"]]


def test_same_content_gives_the_same_revision(session: Session) -> None:
    first = make_course(session, code="c")
    before = [
        count(session, one) for one in (CourseRevision, Lesson, QuestionRevision, LessonQuizItem)
    ]
    assert make_course(session, code="c").id == first.id
    after = [
        count(session, one) for one in (CourseRevision, Lesson, QuestionRevision, LessonQuizItem)
    ]
    assert before == after


def test_changed_content_moves_the_pointer_and_keeps_the_old_revision(session: Session) -> None:
    first = make_course(session, code="c")
    second = make_course(session, code="c", title="新名称")
    assert second.id != first.id
    course = session.scalars(select(Course)).one()
    assert course.current_revision_id == second.id
    assert session.get_one(CourseRevision, first.id).title != "新名称"
    assert len(first.lessons) == 2


def test_going_back_to_old_content_points_at_the_old_revision(session: Session) -> None:
    first = make_course(session, code="c")
    make_course(session, code="c", title="新名称")
    assert make_course(session, code="c").id == first.id
    assert first.course.current_revision_id == first.id


def test_publishing_again_brings_a_course_back(session: Session) -> None:
    revision = make_course(session, code="c")
    revision.course.active = False
    make_course(session, code="c")
    assert revision.course.active


def test_better_rendering_of_the_same_source_is_taken(session: Session) -> None:
    revision = make_course(session, code="c", lessons=1)
    revision.lessons[0].html, revision.lessons[0].toc = "<p>旧的排版</p>", []
    session.flush()
    again = make_course(session, code="c", lessons=1)
    assert again.id == revision.id
    assert "老林正要下班" in again.lessons[0].html
    assert len(again.lessons[0].toc) == 2


def test_questions_of_lessons_are_not_in_the_bank(session: Session) -> None:
    make_course(session)
    pools = set(session.scalars(select(BankQuestion.pool)))
    assert pools == {Pool.LESSON}


def test_question_taken_out_of_a_lesson_is_retired(session: Session) -> None:
    two = {"01-节.md": lesson_file("c-1", items=[quiz_item("c-1-q1"), quiz_item("c-1-q2")])}
    make_course(session, code="c", lessons=1, files=two)
    revision = make_course(session, code="c", lessons=1)
    status = dict(session.execute(select(BankQuestion.code, BankQuestion.status)).all())
    assert status == {"c-1-q1": QuestionStatus.ACTIVE, "c-1-q2": QuestionStatus.RETIRED}
    assert asked(session, revision) == ["c-1-q1"]


def test_question_may_move_to_another_lesson(session: Session) -> None:
    make_course(session, code="c", lessons=2)
    moved = {
        "01-节.md": lesson_file("c-1", items=[]),
        "02-节.md": lesson_file("c-2", items=[quiz_item("c-2-q1"), quiz_item("c-1-q1")]),
    }
    revision = make_course(session, code="c", lessons=2, files=moved)
    assert asked(session, revision) == ["c-2-q1", "c-1-q1"]


def test_folder_and_files_may_be_renamed(session: Session) -> None:
    make_course(session, code="c", lessons=1)
    files = {"course.md": course_front("c"), "05-新文件名.md": lesson_file("c-1")}
    course = parse_course(files, "courses/fam/elsewhere")
    publish_course(session, course=course, now=NOW)
    row = session.scalars(select(BankQuestion)).one()
    assert row.file_path == "courses/fam/elsewhere/05-新文件名.md"
    assert row.status == QuestionStatus.ACTIVE


def test_code_of_another_course_is_refused(session: Session) -> None:
    make_course(session, code="one", lessons=1)
    files = {"01-节.md": lesson_file("two-1", items=[quiz_item("one-1-q1")])}
    with pytest.raises(Conflict, match="one-1-q1"):
        make_course(session, code="two", lessons=1, files=files)


def test_assets_are_kept_once_by_content(session: Session) -> None:
    body = "## 图\n\n![一盒茶叶](a.png)\n\n![又一盒](b.png)\n"
    files = {"a.png": PNG, "b.png": PNG, "01-节.md": lesson_file("c-1", body=body)}
    revision = make_course(session, code="c", lessons=1, files=files)
    make_course(session, code="c", lessons=1, files=files, title="再来")
    asset = session.scalars(select(ContentAsset)).one()
    assert (asset.mime, asset.data) == ("image/png", PNG)
    assert f"/content-assets/{asset.sha256}" in revision.lessons[0].html


def test_citations_of_text_and_quiz_are_kept_for_the_law_pages(session: Session) -> None:
    items = [quiz_item("c-1-q1", law="监察法#46；纪律处分条例#97.1")]
    body = "## 甲\n\n见 [[纪律处分条例#97.1]]、[[刑法#388-1]]、[[监察法]]。\n"
    revision = make_course(
        session, code="c", lessons=1, files={"01-节.md": lesson_file("c-1", body=body, items=items)}
    )
    cited = select(LessonCitation.law, LessonCitation.article).where(
        LessonCitation.lesson_id == revision.lessons[0].id
    )
    assert set(session.execute(cited)) == {
        ("纪律处分条例", "97.1"),
        ("刑法", "388-1"),
        ("监察法", ""),
        ("监察法", "46"),
    }
