"""Answers to questions in lessons: every type, what is kept, what feedback may say."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from elearn.bank import queries as bank
from elearn.core.errors import DomainError, NotFound
from elearn.courses.quizzes import QuizItem, load_items
from elearn.models import QuizResponse
from tests.courses.reader import Reader
from tests.factories import make_person
from tests.factories_courses import lesson_file, make_course, publish_laws, quiz_item

KINDS = {
    "单选": ([["1"]], [["0"]]),
    "多选": ([["1", "2"]], [["1"]]),
    "判断": ([["1"]], [["0"]]),
    "填空": ([["５ ", "一年"]], [["五", "三年"]]),
    "案例": ([["1"], ["1"]], [["1"], ["0"]]),
}


def reader_of(session: Session, *kinds: str) -> Reader:
    """One lesson with a question `q-1-q1`, `q-1-q2`… per kind, opened."""
    items = [
        quiz_item(f"q-1-q{at}", kind=kind, canary="金丝雀") for at, kind in enumerate(kinds, 1)
    ]
    files = {"01-节.md": lesson_file("q-1", items=items)}
    reader = Reader.of(session, make_course(session, code="q", lessons=1, files=files))
    reader.open(1)
    return reader


def items_of(reader: Reader) -> list[QuizItem]:
    _, lesson = reader.lesson(1)
    return load_items(reader.session, lesson=lesson, person_id=reader.person.id)


def responses(session: Session) -> list[QuizResponse]:
    return list(session.scalars(select(QuizResponse).order_by(QuizResponse.id)))


@pytest.mark.parametrize("kind", KINDS)
def test_right_answer_is_right(session: Session, kind: str) -> None:
    reader = reader_of(session, kind)
    reader.answer_parts(1, "q-1-q1", KINDS[kind][0])
    assert [row.correct for row in responses(session)] == [True]


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_answer_is_wrong(session: Session, kind: str) -> None:
    reader = reader_of(session, kind)
    reader.answer_parts(1, "q-1-q1", KINDS[kind][1])
    assert [row.correct for row in responses(session)] == [False]


def test_short_answer_counts_when_something_is_written(session: Session) -> None:
    reader = reader_of(session, "简答")
    reader.answer_parts(1, "q-1-q1", [["先报告，再处理。"]])
    (item,) = items_of(reader)
    assert item.passed
    assert item.feedback is not None
    assert item.feedback.key.parts[0].reference == "金丝雀参考"


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("单选", [[]]),
        ("多选", [[]]),
        ("填空", [["", " "]]),
        ("简答", [["  \n"]]),
        ("案例", [["1"], []]),
    ],
)
def test_empty_answer_is_refused(session: Session, kind: str, parts: list[list[str]]) -> None:
    reader = reader_of(session, kind)
    with pytest.raises(DomainError) as refused:
        reader.answer_parts(1, "q-1-q1", parts)
    assert refused.value.code == "E-EMPTY"
    assert responses(session) == []


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("单选", [["1", "2"]]),
        ("单选", [["7"]]),
        ("单选", [["B"]]),
        ("单选", [["-1"]]),
        ("单选", []),
        ("单选", [["1"], ["1"]]),
        ("多选", [["1", "1"]]),
        ("填空", [["五"]]),
        ("填空", [["五" * 201, "一年"]]),
        ("简答", [["字" * 2001]]),
    ],
)
def test_unfit_answer_is_refused(session: Session, kind: str, parts: list[list[str]]) -> None:
    reader = reader_of(session, kind)
    with pytest.raises(DomainError) as refused:
        reader.answer_parts(1, "q-1-q1", parts)
    assert refused.value.code == "E-ANSWER"
    assert responses(session) == []


def test_question_of_another_lesson_is_not_found(session: Session) -> None:
    reader = reader_of(session, "单选")
    make_course(session, code="other", lessons=1)
    with pytest.raises(NotFound):
        reader.answer_parts(1, "other-1-q1", [["1"]])


def test_every_try_is_kept_in_order(session: Session) -> None:
    reader = reader_of(session, "单选")
    for choice in ("0", "2", "1", "0"):
        reader.wait(20).answer(1, choice)
    assert [row.correct for row in responses(session)] == [False, False, True, False]
    assert [row.answer for row in responses(session)] == [
        {"parts": [[0]]},
        {"parts": [[2]]},
        {"parts": [[1]]},
        {"parts": [[0]]},
    ]


def test_same_answer_tapped_twice_is_kept_once(session: Session) -> None:
    reader = reader_of(session, "单选")
    reader.answer(1, "0")
    reader.wait(2).answer(1, "0")
    assert len(responses(session)) == 1
    reader.now += timedelta(seconds=20)
    reader.answer(1, "0")
    assert len(responses(session)) == 2


def test_question_once_passed_stays_passed(session: Session) -> None:
    """Trying again out of curiosity takes nothing away."""
    reader = reader_of(session, "单选")
    reader.answer(1, "1")
    reader.wait(20).answer(1, "0")
    assert reader.finish(1).settled.decision.sentence.endswith("随堂题全部通过。")


def test_feedback_is_for_answered_questions_and_for_this_person_alone(session: Session) -> None:
    publish_laws(session)
    reader = reader_of(session, "单选", "多选")
    reader.answer(1, "0", question="q-1-q1")
    first, second = items_of(reader)
    assert first.feedback is not None
    assert (first.feedback.correct, first.feedback.given) == (False, [[0]])
    assert first.feedback.key.parts[0].explanation == "金丝雀"
    assert [link.label for link in first.feedback.citations] == [
        "《中国共产党纪律处分条例》第九十七条第一款"
    ]
    assert second.feedback is None
    assert "金丝雀" not in repr(second)
    stranger = Reader.of(session, reader.lesson(1)[0], make_person(session))
    stranger.open(1)
    assert [item.feedback for item in items_of(stranger)] == [None, None]


def test_keys_are_not_even_read_before_an_answer(session: Session) -> None:
    reader = reader_of(session, "单选", "多选")
    read: list[str] = []

    def note(*args: object) -> None:
        if "question_key" in str(args[2]):
            read.append(str(args[3]))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    items_of(reader)
    assert read == []
    first, second = (item.body.hash for item in items_of(reader))
    reader.answer(1, "0", question="q-1-q1")
    read.clear()
    bank._keys.clear()  # what this process remembers of the answer it has just graded
    items_of(reader)
    event.remove(session.get_bind(), "before_cursor_execute", note)
    assert len(read) == 1
    assert first in read[0]
    assert second not in read[0]


def test_feedback_says_which_blank_is_right(session: Session) -> None:
    reader = reader_of(session, "填空")
    reader.answer_parts(1, "q-1-q1", [["五", "两年"]])
    (item,) = items_of(reader)
    assert item.feedback is not None
    assert item.feedback.blank_right(0, 0)
    assert not item.feedback.blank_right(0, 1)


def test_feedback_of_an_older_revision_is_not_shown(session: Session) -> None:
    """The question is not the one that was answered any more."""
    reader = reader_of(session, "单选")
    reader.answer(1, "0")
    files = {
        "01-节.md": lesson_file("q-1", items=[quiz_item("q-1-q1", stem="新题？", canary="金丝雀")])
    }
    make_course(session, code="q", lessons=1, files=files)
    assert [item.feedback for item in items_of(reader)] == [None]


def test_items_are_numbered_over_all_fences(session: Session) -> None:
    fence = "```quiz\n{}```\n"
    body = (
        "## 甲\n\n话。\n\n"
        + fence.format(quiz_item("q-1-q1"))
        + "\n话。\n\n"
        + fence.format(quiz_item("q-1-q2") + "\n" + quiz_item("q-1-q3"))
    )
    front = lesson_file("q-1", items=[quiz_item("x")]).decode().split("## 周五")[0]
    make_course(session, code="q", lessons=1, files={"01-节.md": (front + body).encode()})
    reader = Reader(session, "q", make_person(session))
    assert [(item.number, item.slot, item.code) for item in items_of(reader)] == [
        (1, 0, "q-1-q1"),
        (2, 1, "q-1-q2"),
        (3, 1, "q-1-q3"),
    ]
