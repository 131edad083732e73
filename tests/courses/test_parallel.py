"""Two phones at once, on real connections: nothing is counted twice, nothing is lost."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from elearn import db
from elearn.courses import services
from elearn.courses.queries import find_lesson
from elearn.models import LessonProgress, Person, QuizResponse, ReadingClock, TrainingRecord
from tests.courses.reader import Reader
from tests.factories import NOW, make_person
from tests.factories_courses import make_course

THREADS = 8


def at_once(engine: Engine, act: Callable[[Session, int], None]) -> list[Exception]:
    """Run `act(session, number)` in several transactions that start together."""
    barrier, failures = Barrier(THREADS), []

    def run(number: int) -> None:
        try:
            barrier.wait()
            with db.transaction(engine) as work:
                act(work, number)
        except Exception as error:  # noqa: BLE001  shown by the assertion of the test
            failures.append(error)

    threads = [Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


@pytest.fixture
def ready(own_engine: Engine) -> tuple[Engine, int]:
    """A course `c` of two lessons, and a person."""
    with db.transaction(own_engine) as work:
        make_course(work, code="c", lessons=2, minutes=60, study_minutes=0)
        return own_engine, make_person(work).id


def reader_in(work: Session, person_id: int) -> Reader:
    return Reader(work, "c", work.get_one(Person, person_id))


def test_first_opening_from_many_pages_makes_one_row(ready: tuple[Engine, int]) -> None:
    engine, person_id = ready
    assert at_once(engine, lambda work, _: void(reader_in(work, person_id).open(1))) == []
    with db.transaction(engine) as work:
        assert work.scalar(select(func.count()).select_from(LessonProgress)) == 1
        assert work.scalar(select(func.count()).select_from(ReadingClock)) == 1


def test_beats_from_many_pages_count_the_time_once(ready: tuple[Engine, int]) -> None:
    engine, person_id = ready
    with db.transaction(engine) as work:
        for number in (1, 2):
            reader_in(work, person_id).open(number)

    for turn in range(1, 5):

        def beat(work: Session, number: int, turn: int = turn) -> None:
            person = work.get_one(Person, person_id)
            course, lesson = find_lesson(
                work, person=person, course_code="c", lesson_code=f"c-{number % 2 + 1}"
            )
            services.record_beat(
                work, person=person, course=course, lesson=lesson, position="", away=False,
                now=NOW + timedelta(seconds=15 * turn),
            )  # fmt: skip

        assert at_once(engine, beat) == []
    with db.transaction(engine) as work:
        assert work.scalar(select(func.sum(LessonProgress.visible_seconds))) == 60


def test_row_read_before_the_clock_was_held_is_read_again(ready: tuple[Engine, int]) -> None:
    """Another request may count time between the two; on SQLite the first one already holds the
    lock, so there is nothing in between."""
    engine, person_id = ready
    with db.transaction(engine) as work:
        reader_in(work, person_id).open(1)
    with db.transaction(engine) as work:
        reader = reader_in(work, person_id)
        kept = work.scalars(select(LessonProgress)).all()  # as a view might
        if engine.dialect.name != "sqlite":
            with db.transaction(engine) as other:
                reader_in(other, person_id).wait(20).beat(1)
        else:
            reader_in(work, person_id).wait(20).beat(1)
        assert reader.wait(40).beat(1).seconds == 40
    assert len(kept) == 1


def test_finishing_from_many_pages_writes_one_record(ready: tuple[Engine, int]) -> None:
    engine, person_id = ready
    with db.transaction(engine) as work:
        reader = reader_in(work, person_id)
        reader.read(1)
        reader.open(2)
        reader.answer(2, "1")
    assert at_once(engine, lambda work, _: void(reader_in(work, person_id).finish(2))) == []
    with db.transaction(engine) as work:
        assert work.scalar(select(func.count()).select_from(TrainingRecord)) == 1


def test_answer_tapped_on_many_pages_is_kept_once(ready: tuple[Engine, int]) -> None:
    engine, person_id = ready
    with db.transaction(engine) as work:
        reader_in(work, person_id).open(1)
    assert at_once(engine, lambda work, _: void(reader_in(work, person_id).answer(1, "1"))) == []
    with db.transaction(engine) as work:
        assert work.scalar(select(func.count()).select_from(QuizResponse)) == 1


def void(_: object) -> None:
    """A lambda that returns nothing."""
