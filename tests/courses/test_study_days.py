"""学习天数: on how many days the server saw study of the course, as part of the completion rule."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.completion import STUDY_DAY_S
from elearn.core.lessons.model import CompletionRule
from elearn.courses.queries import rule_of, standing
from elearn.models import CourseRevision, StudyDay, TrainingRecord
from tests.conftest import Browser
from tests.courses.reader import Reader
from tests.factories import make_person, make_unit
from tests.factories_courses import course_front, make_course

PRESETS = Path(__file__).parents[2] / "docs/presets.md"


def three_days(session: Session, code: str = "days", days: int = 3) -> CourseRevision:
    """Two lessons of two minutes, three days of study."""
    front = course_front(code, study_minutes=2).replace(
        "  学习分钟: 2\n".encode(), f"  学习分钟: 2\n  学习天数: {days}\n".encode()
    )
    return make_course(session, code=code, lessons=2, files={"course.md": front})


def days_of(reader: Reader, course: CourseRevision) -> int:
    return standing(reader.session, person_id=reader.person.id, revision=course).days


def come_back(reader: Reader, *, seconds: int = STUDY_DAY_S) -> bool:
    """The next day, with scripts: is the course completed?"""
    reader.wait(24 * 3600)
    reader.open(1)
    done = reader.beat(1).done
    for _ in range(0, seconds, 15):
        done = reader.wait(15).beat(1).done
    return done


def test_reading_all_on_one_day_is_not_enough_and_coming_back_is(session: Session) -> None:
    course = three_days(session)
    reader = Reader.of(session, course)
    reader.read(1, 60)
    decision = reader.read(2, 60).settled.decision
    assert not decision.done
    assert "学了 1 天（要求 3 天）" in decision.sentence
    assert not come_back(reader)
    assert days_of(reader, course) == 2
    assert come_back(reader)
    (record,) = session.scalars(select(TrainingRecord))
    assert record.evidence["study_days"] == 3
    assert record.evidence["rule"]["study_days"] == 3


def test_reading_again_counts_a_day_though_the_lesson_has_no_time_left(session: Session) -> None:
    course = three_days(session)
    reader = Reader.of(session, course)
    reader.read(1, 600)  # more than its two minutes
    assert reader.seconds(1) == 120
    come_back(reader)
    assert (reader.seconds(1), days_of(reader, course)) == (120, 2)


def test_opening_a_page_is_not_a_day_of_study(session: Session) -> None:
    course = three_days(session)
    reader = Reader.of(session, course)
    reader.read(1, 60)
    come_back(reader, seconds=STUDY_DAY_S - 15)
    assert days_of(reader, course) == 1


def test_a_day_is_a_day_in_beijing(session: Session) -> None:
    course = three_days(session)
    reader = Reader.of(session, course)
    reader.now = datetime(2026, 11, 23, 15, 50, tzinfo=UTC)  # 23:50 there
    reader.read(1, 60)
    reader.wait(15 * 60).read(2, 60)  # 00:07 of the next day, still the 23rd in UTC
    assert days_of(reader, course) == 2


def test_two_pages_at_once_do_not_make_more_of_a_day_than_went_by(session: Session) -> None:
    course = three_days(session)
    reader = Reader.of(session, course)
    started = reader.now
    for _ in range(8):
        for number in (1, 2):
            reader.open(number)
            reader.wait(5).beat(number)
    seen = session.scalar(select(StudyDay.seconds))
    assert seen is not None
    assert 0 < seen <= (reader.now - started).total_seconds()


def test_courses_that_ask_for_no_days_note_none_and_keep_their_hash(session: Session) -> None:
    course = make_course(session, lessons=1, study_minutes=1)
    Reader.of(session, course).read(1, 60)
    assert session.scalars(select(StudyDay)).all() == []
    assert "study_days" not in course.rule
    assert CompletionRule().canonical().keys() == {"version", "lessons", "study_minutes", "quiz"}
    assert rule_of(three_days(session)).study_days == 3


def test_the_course_page_says_what_is_asked_and_what_is_missing(
    client: Browser, session: Session
) -> None:
    course = three_days(session)
    person = make_person(session, make_unit(session))
    reader = Reader.of(session, course, person)
    reader.now = datetime.now(UTC) - timedelta(hours=1)
    reader.read(1, 60)
    reader.read(2, 60)
    session.commit()
    client.sign_in(person, session)
    page = client.get(f"/courses/{course.course.code}").text
    assert "分在不同的 3 天里学" in page
    assert "还差 2 天：换一天再来学" in page


@pytest.mark.parametrize("word", ["0", "367", "三"])
def test_what_a_trainer_may_write(session: Session, word: str) -> None:
    front = course_front("days-x").replace(
        b"\n  \xe9\x9a\x8f\xe5\xa0\x82\xe9\xa2\x98", f"\n  学习天数: {word}\n  随堂题".encode()
    )
    if word == "0":
        assert rule_of(make_course(session, code="days-x", files={"course.md": front})) == (
            CompletionRule(study_minutes=2)
        )
        return
    with pytest.raises(AssertionError, match="学习天数"):
        make_course(session, code="days-x", files={"course.md": front})


def test_the_preset_of_the_docs_is_a_rule_of_a_course(session: Session) -> None:
    """焦作: 60 % of the time, 60 % of the days, every exercise, 6 credits."""
    text = PRESETS.read_text().split("```yaml\n")[1].split("```")[0]
    stated = yaml.safe_load(text)
    assert stated["学时"] == 6
    rule = stated["完成规则"]
    front = course_front("jz", hours="6", study_minutes=rule["学习分钟"]).replace(
        "  随堂题".encode(), f"  学习天数: {rule['学习天数']}\n  随堂题".encode()
    )
    course = make_course(session, code="jz", lessons=5, minutes=20, files={"course.md": front})
    assert rule_of(course) == CompletionRule(study_minutes=60, study_days=3)
    assert (course.hours_centi, rule["小节"], rule["随堂题"]) == (600, "全部", "通过")


def test_a_page_left_open_overnight_is_not_study_of_the_next_day(session: Session) -> None:
    course = three_days(session)
    reader = Reader.of(session, course)
    reader.open(1)
    reader.wait(20 * 3600).open(2)
    assert days_of(reader, course) == 1
