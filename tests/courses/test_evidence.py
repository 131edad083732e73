"""Reading, finishing, completing: what counts, and what a script cannot make count."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.errors import DomainError, NotFound
from elearn.courses.services import QuizOpen
from elearn.models import LessonProgress, QuizResponse, TrainingRecord
from tests.courses.reader import Reader
from tests.factories import make_person
from tests.factories_courses import course_front, lesson_file, make_course, quiz_item


def records(session: Session) -> list[TrainingRecord]:
    return list(session.scalars(select(TrainingRecord)))


def test_reading_everything_completes_the_course_and_writes_one_record(session: Session) -> None:
    course = make_course(session, lessons=2, minutes=2, study_minutes=2)
    reader = Reader.of(session, course)
    started = reader.now
    assert reader.read(1, 70).settled.record is None
    finished = reader.read(2, 60)
    assert finished.following is None
    assert finished.settled.new
    (record,) = records(session)
    assert (record.person_id, record.subject_code) == (reader.person.id, course.course.code)
    assert record.subject_hash == course.hash
    assert (record.started_at, record.finished_at) == (started, reader.now)
    assert record.hours_centi == 150
    assert record.explanation.startswith(
        "已读 2 / 2 节，学习 2 分钟（要求 2 分钟），随堂题全部通过。"
    )
    assert record.evidence["study_seconds"] == 130
    assert [one["seconds"] for one in record.evidence["lessons"]] == [70, 60]
    assert record.evidence["rule"] == course.rule


def test_finishing_again_after_completion_changes_nothing(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=1, study_minutes=1))
    reader.read(1, 60)
    (before,) = records(session)
    kept = before.hash
    again = reader.wait(10).finish(1)
    assert (again.settled.record, again.settled.new) == (before, False)
    assert [record.hash for record in records(session)] == [kept]


def test_finish_gives_the_lesson_after_this_one(session: Session) -> None:
    course = make_course(session, lessons=2)
    following = Reader.of(session, course).read(1).following
    assert following is not None
    assert following.code == f"{course.course.code}-2"


def test_too_little_time_is_said_and_reading_on_completes(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=2, minutes=2, study_minutes=3))
    reader.read(1, 60)
    decision = reader.read(2, 60).settled.decision
    assert not decision.done
    assert "学习 2 分钟（要求 3 分钟）" in decision.sentence
    assert records(session) == []
    reader.open(1)
    reader.beat(1)
    for _ in range(3):
        reader.wait(15)
        assert not reader.beat(1).done
    reader.wait(15)
    assert reader.beat(1).done
    assert len(records(session)) == 1


def test_beats_after_completion_say_done_without_another_record(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=1, study_minutes=1))
    reader.read(1, 60)
    assert reader.wait(15).beat(1).done
    assert len(records(session)) == 1


def test_course_that_asks_for_some_lessons_is_done_with_these(session: Session) -> None:
    code = "some-lessons"
    front = course_front(code, lessons="2", study_minutes=1, quiz="不要求")
    course = make_course(session, code=code, lessons=3, files={"course.md": front})
    reader = Reader.of(session, course)
    assert not reader.read(1, 60).settled.decision.done
    assert reader.read(3, 60).settled.new


# ---------------------------------------------------------------- what is refused


def test_finish_of_a_lesson_never_opened_is_refused(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=1))
    with pytest.raises(DomainError) as refused:
        reader.finish(1)
    assert refused.value.code == "E-NOT-OPENED"
    assert session.scalar(select(func.count(LessonProgress.id))) == 0


def test_answer_in_a_lesson_never_opened_is_refused_and_not_kept(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=1))
    with pytest.raises(DomainError) as refused:
        reader.answer(1, "1")
    assert refused.value.code == "E-NOT-OPENED"
    assert session.scalar(select(func.count(QuizResponse.id))) == 0


def test_beat_of_a_lesson_never_opened_is_refused(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=1))
    with pytest.raises(DomainError):
        reader.beat(1)


def test_finish_with_an_open_quiz_names_the_questions(session: Session) -> None:
    code = "open-quiz"
    items = [quiz_item(f"{code}-1-q{number}") for number in (1, 2, 3)]
    files = {"01-节.md": lesson_file(f"{code}-1", items=items)}
    reader = Reader.of(session, make_course(session, code=code, lessons=1, files=files))
    reader.open(1)
    reader.answer(1, "1", question=f"{code}-1-q2")
    reader.answer(1, "0", question=f"{code}-1-q3")
    with pytest.raises(QuizOpen) as refused:
        reader.finish(1)
    assert refused.value.numbers == (1, 3)
    assert "第 1、3 题" in refused.value.message
    assert "没有答对" in refused.value.message


def test_rule_without_quiz_asks_only_for_an_answer(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=1, study_minutes=0, quiz="不要求"))
    reader.open(1)
    with pytest.raises(QuizOpen) as refused:
        reader.finish(1)
    assert "没有作答" in refused.value.message
    reader.answer(1, "0")
    assert reader.finish(1).settled.new


def test_lesson_that_does_not_require_its_quiz_is_finished_without(session: Session) -> None:
    code = "free-quiz"
    files = {"01-节.md": lesson_file(f"{code}-1", quiz="选答")}
    reader = Reader.of(
        session, make_course(session, code=code, lessons=1, study_minutes=0, files=files)
    )
    reader.open(1)
    assert reader.finish(1).settled.new


def test_lesson_of_another_course_is_not_found(session: Session) -> None:
    one, other = make_course(session), make_course(session)
    reader = Reader.of(session, one)
    reader.code = other.course.code
    with pytest.raises(NotFound):
        reader.lesson(9)


def test_course_that_is_not_active_is_not_found(session: Session) -> None:
    course = make_course(session)
    course.course.active = False
    session.flush()
    with pytest.raises(NotFound):
        Reader.of(session, course).open(1)


# ---------------------------------------------------------------- forging


def test_script_that_opens_and_finishes_at_once_gets_no_time_and_no_record(
    session: Session,
) -> None:
    reader = Reader.of(session, make_course(session, lessons=2, study_minutes=2))
    for number in (1, 2):
        settled = reader.read(number, 0).settled
        assert not settled.decision.done
    assert (reader.seconds(1), reader.seconds(2)) == (0, 0)
    assert records(session) == []


def test_beats_at_sixteen_times_the_speed_earn_wall_time(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=1, minutes=10, study_minutes=2))
    reader.open(1)
    for _ in range(16 * 4):
        reader.wait(15 / 16)
        reader.beat(1)
    assert reader.seconds(1) == 60


def test_replayed_beats_earn_nothing(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=1, minutes=10))
    reader.open(1)
    reader.wait(15).beat(1)
    for _ in range(100):
        reader.beat(1)
    assert reader.seconds(1) == 15


def test_parallel_pages_share_one_clock(session: Session) -> None:
    """Four lessons open at once for two minutes are worth two minutes."""
    reader = Reader.of(session, make_course(session, lessons=4, minutes=10))
    for number in (1, 2, 3, 4):
        reader.open(number)
    for _ in range(8):
        reader.wait(15)
        for number in (1, 2, 3, 4):
            reader.beat(number)
    assert sum(reader.seconds(number) for number in (1, 2, 3, 4)) <= 120


def test_parallel_courses_share_one_clock(session: Session) -> None:
    one, other = make_course(session, minutes=10), make_course(session, minutes=10)
    person = make_person(session)
    first, second = Reader.of(session, one, person), Reader.of(session, other, person)
    first.open(1)
    second.open(1)
    for _ in range(8):
        first.wait(15).beat(1)
        second.wait(15).beat(1)
    assert first.seconds(1) + second.seconds(1) <= 120


def test_page_left_open_and_visible_counts_no_more_than_its_minutes(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=2, minutes=2, study_minutes=3))
    reader.open(1)
    for _ in range(100):
        reader.wait(15).beat(1)
    assert reader.seconds(1) == 120


def test_gap_between_beats_counts_thirty_seconds(session: Session) -> None:
    reader = Reader.of(session, make_course(session, minutes=10))
    reader.open(1)
    reader.beat(1)
    reader.wait(3600).beat(1)
    assert reader.seconds(1) == 30


def test_hidden_page_earns_nothing_until_it_is_seen_again(session: Session) -> None:
    reader = Reader.of(session, make_course(session, minutes=10))
    reader.open(1)
    reader.beat(1)
    reader.wait(10).beat(1, away=True)
    reader.wait(20).beat(1)
    assert reader.seconds(1) == 10
    reader.wait(15).beat(1)
    assert reader.seconds(1) == 25


def test_going_away_and_leaving_earns_nothing_for_the_night(session: Session) -> None:
    reader = Reader.of(session, make_course(session, minutes=10))
    reader.open(1)
    reader.beat(1)
    reader.wait(10).beat(1, away=True)
    reader.wait(8 * 3600).open(2)
    assert reader.seconds(1) == 10


# ---------------------------------------------------------------- without scripts


def test_without_scripts_pages_count_from_one_to_the_next(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=2, minutes=10))
    reader.open(1)
    reader.wait(100).open(2)
    reader.wait(50).open(1)
    assert (reader.seconds(1), reader.seconds(2)) == (100, 50)


def test_without_scripts_quiz_and_finish_count_the_reading_before_them(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=1, minutes=10))
    reader.open(1)
    reader.wait(200).answer(1, "1")
    reader.wait(40).finish(1)
    assert reader.seconds(1) == 240


def test_without_scripts_a_lesson_counts_at_most_its_minutes(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=1, minutes=2))
    reader.open(1)
    reader.wait(5 * 3600).answer(1, "1")
    assert reader.seconds(1) == 120


def test_second_phone_without_scripts_reads_on_while_the_first_is_hidden(session: Session) -> None:
    reader = Reader.of(session, make_course(session, lessons=2, minutes=10))
    reader.open(1)
    reader.wait(20).beat(1, away=True)
    reader.open(2)
    reader.wait(90).answer(2, "1")
    assert reader.seconds(2) == 90


def test_first_phone_going_dark_does_not_stop_the_second(session: Session) -> None:
    """Its last word may arrive after the second one has opened the page."""
    reader = Reader.of(session, make_course(session, lessons=1, minutes=10))
    reader.open(1)
    reader.beat(1, away=True)
    reader.wait(30).answer(1, "1")
    reader.wait(60).finish(1)
    assert reader.seconds(1) == 60


# ---------------------------------------------------------------- position and revisions


def test_position_is_kept_and_what_cannot_be_one_is_ignored(session: Session) -> None:
    reader = Reader.of(session, make_course(session))
    progress = reader.open(1)
    reader.beat(1, "p-1a2b3c4d")
    reader.beat(1, '"><script>')
    reader.beat(1, "")
    assert progress.position == "p-1a2b3c4d"


def test_progress_survives_a_new_revision(session: Session) -> None:
    course = make_course(session, lessons=2, study_minutes=1)
    code = course.course.code
    reader = Reader.of(session, course)
    reader.read(1, 60)
    changed = {
        "01-节.md": lesson_file(
            f"{code}-1",
            body="## 改过\n\n一段新的话。\n",
            items=[quiz_item(f"{code}-1-q1", stem="改过？")],
        )
    }
    newer = make_course(session, code=code, lessons=2, files=changed)
    assert newer.id != course.id
    settled = reader.read(2, 60).settled
    assert settled.new
    (record,) = records(session)
    assert record.subject_hash == newer.hash


def test_question_mended_after_it_was_answered_stays_passed(session: Session) -> None:
    course = make_course(session, lessons=1, study_minutes=0)
    code = course.course.code
    reader = Reader.of(session, course)
    reader.open(1)
    reader.answer(1, "1")
    mended = {
        "01-节.md": lesson_file(f"{code}-1", items=[quiz_item(f"{code}-1-q1", stem="改了一个字？")])
    }
    make_course(session, code=code, lessons=1, study_minutes=0, files=mended)
    assert reader.finish(1).settled.new


def test_finished_lesson_stays_finished_when_a_question_is_added(session: Session) -> None:
    code = "added"
    reader = Reader.of(session, make_course(session, code=code, lessons=2, study_minutes=0))
    reader.read(1)
    items = [quiz_item(f"{code}-1-q1"), quiz_item(f"{code}-1-q2", stem="新加的题？")]
    more = {"01-节.md": lesson_file(f"{code}-1", items=items)}
    make_course(session, code=code, lessons=2, study_minutes=0, files=more)
    assert reader.read(2).settled.new


def test_completion_stays_when_the_course_grows(session: Session) -> None:
    course = make_course(session, lessons=1, study_minutes=0)
    code = course.course.code
    reader = Reader.of(session, course)
    reader.read(1)
    make_course(session, code=code, lessons=2)
    assert reader.read(2).settled.new is False
    assert len(records(session)) == 1
