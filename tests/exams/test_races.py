"""Real threads on real databases: one attempt, one grade, one record, no lost and no double event."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select

from elearn import db
from elearn.app import create_app
from elearn.core.access import Role
from elearn.core.errors import Conflict, Gone
from elearn.exams.attempts import sweeper
from elearn.exams.attempts.queries import current_answers
from elearn.exams.attempts.services import (
    close_due_attempts,
    save_answers,
    start_attempt,
    submit_attempt,
)
from elearn.exams.grades.policy import GRACE
from elearn.exams.sittings.services import cancel_exam
from elearn.exams.timing.queries import Target
from elearn.exams.timing.services import extend_time
from elearn.models import (
    AnswerEvent,
    Attempt,
    AttemptState,
    ClosedBy,
    Exam,
    Grade,
    Person,
    TrainingRecord,
)
from tests.conftest import Browser, make_settings
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_exams import (
    all_right,
    cap_hours,
    event,
    make_attempt,
    make_bank,
    make_exam,
)
from tests.side_by_side import PATIENCE_S, meanwhile

THREADS = 20
CLICKS = 50
T = TypeVar("T")


class World:
    """Ids of a committed exam and its people; every thread has its own session."""

    def __init__(self, engine: Engine, people: int = 1):
        self.engine = engine
        with db.transaction(engine) as work:
            self.bank = make_bank(work)
            unit = make_unit(work)
            examiner = make_person(work, unit, Role.EXAMINER)
            self.examiner = make_actor(examiner)
            self.exam = make_exam(work, unit, by=examiner).id
            self.people = [make_person(work, unit).id for _ in range(people)]

    def together(self, job: Callable[[int, Any], T], threads: int = THREADS) -> list[T | Exception]:
        """Run `job(number, session)` in threads that start at once; results or errors."""
        gate = threading.Barrier(threads)

        def run(number: int) -> T | Exception:
            gate.wait()
            try:
                with db.transaction(self.engine) as work:
                    return job(number, work)
            except (Conflict, Gone) as error:
                return error

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(run, range(threads)))

    def start(self, work: Any, person: int, now: datetime = NOW) -> str:
        exam, who = work.get_one(Exam, self.exam), work.get_one(Person, person)
        seed = f"{threading.get_ident():032x}"
        return start_attempt(work, exam=exam, person=who, now=now, seed=seed).public_id

    def count(self, table: Any) -> int:
        with db.new_session(self.engine, write=False) as work:
            return work.scalar(select(func.count()).select_from(table)) or 0

    def one_attempt(self) -> Attempt:
        with db.new_session(self.engine, write=False) as work:
            return work.scalars(select(Attempt)).one()


def load(work: Any, public_id: str) -> Attempt:
    found: Attempt = work.scalars(select(Attempt).where(Attempt.public_id == public_id)).one()
    return found


def test_twenty_starts_make_one_attempt(own_engine: Engine) -> None:
    world = World(own_engine)
    results = world.together(lambda _, work: world.start(work, world.people[0]))
    assert len(set(results)) == 1
    assert world.count(Attempt) == 1


def test_twenty_submits_make_one_grade_and_one_record(own_engine: Engine) -> None:
    world = World(own_engine)
    with db.transaction(own_engine) as work:
        attempt = world.start(work, world.people[0])

    def submit(_: int, work: Any) -> datetime | None:
        return submit_attempt(work, attempt=load(work, attempt), now=NOW).submitted_at

    assert set(world.together(submit)) == {NOW}
    assert (world.count(Grade), world.count(TrainingRecord)) == (1, 1)


def test_fifty_simultaneous_clicks_hand_in_once(own_engine: Engine, tmp_path: Path) -> None:
    """Over HTTP, through the door, as fifty impatient taps come: one end, one grade, one record,
    and everybody is led to the same result."""
    world = World(own_engine)
    app = create_app(make_settings(tmp_path), engine=own_engine)
    app.test_client_class = Browser
    now = app.extensions["elearn_clock"].now()
    with db.transaction(own_engine) as work:
        exam = work.get_one(Exam, world.exam)
        exam.opens_at, exam.closes_at = now - timedelta(hours=1), now + timedelta(hours=5)
        attempt = world.start(work, world.people[0], now)
        person = work.get_one(Person, world.people[0])
        browser: Browser = app.test_client()  # type: ignore[assignment]  # the class set above
        browser.sign_in(person, work, now=now)
    token = browser.csrf_token()
    with browser.session_transaction() as cookie:
        kept = dict(cookie)
    gate = threading.Barrier(CLICKS)

    def click(_: int) -> tuple[int, str]:
        """What this tap ends with; turned away by a crowded process (503), it comes again."""
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie.update(kept)
        gate.wait()
        url = f"/attempts/{attempt}/submit"
        while True:
            answer = FlaskClient.open(client, url, method="POST", headers={"X-CSRFToken": token})
            if answer.status_code != 503:
                return answer.status_code, answer.location
            assert int(answer.headers["Retry-After"]) > 0

    with ThreadPoolExecutor(CLICKS) as pool:
        answers = set(pool.map(click, range(CLICKS)))
    assert answers == {(302, f"/attempts/{attempt}/result")}
    assert (world.count(Grade), world.count(TrainingRecord)) == (1, 1)
    assert world.one_attempt().closed_by == ClosedBy.CANDIDATE


def test_the_same_delivery_twenty_times_is_stored_once(own_engine: Engine) -> None:
    world = World(own_engine)
    with db.transaction(own_engine) as work:
        attempt = world.start(work, world.people[0])
    events = [event(1, 0, [0]), event(2, 0, [1])]

    def save(_: int, work: Any) -> int:
        return save_answers(work, attempt=load(work, attempt), events=events, now=NOW).seq

    assert world.together(save) == [2] * THREADS
    assert world.count(AnswerEvent) == 2


def test_twenty_devices_lose_no_event(own_engine: Engine) -> None:
    world = World(own_engine)
    with db.transaction(own_engine) as work:
        attempt = world.start(work, world.people[0])

    def save(number: int, work: Any) -> int:
        sent = [event(number % 10 + 1, 0, ["甲", "乙"] if number % 10 in {6, 7} else [0])]
        return save_answers(work, attempt=load(work, attempt), events=sent, now=NOW).seq

    assert sorted(world.together(save)) == list(range(1, THREADS + 1))  # type: ignore[type-var]
    with db.new_session(own_engine, write=False) as work:
        seqs = list(work.scalars(select(AnswerEvent.seq).order_by(AnswerEvent.seq)))
        assert seqs == list(range(1, THREADS + 1))
        row = load(work, attempt)
        assert (row.last_seq, row.answered) == (THREADS, 10)


def test_saves_against_submit_are_all_in_or_all_refused(own_engine: Engine) -> None:
    """An acknowledged answer is in what was graded; one that came too late was refused."""
    world = World(own_engine)
    with db.transaction(own_engine) as work:
        attempt = world.start(work, world.people[0])

    def act(number: int, work: Any) -> int | None:
        row = load(work, attempt)
        if number == THREADS // 2:
            submit_attempt(work, attempt=row, now=NOW)
            return None
        return save_answers(work, attempt=row, events=[event(1, 0, [number % 4])], now=NOW).seq

    results = world.together(act)
    acked = [seq for seq in results if isinstance(seq, int)]
    assert all(isinstance(r, int | Gone) or r is None for r in results)
    row = world.one_attempt()
    assert row.last_seq == len(acked) == world.count(AnswerEvent)
    assert sorted(acked) == list(range(1, len(acked) + 1))
    assert (world.count(Grade), row.state) == (1, AttemptState.SUBMITTED)


def test_cancel_against_starts_leaves_no_attempt_in_a_cancelled_exam(own_engine: Engine) -> None:
    world = World(own_engine, people=THREADS)

    def act(number: int, work: Any) -> str:
        if number == THREADS // 2:
            exam = work.get_one(Exam, world.exam)
            cancel_exam(work, actor=world.examiner, exam=exam, now=NOW)
            return "cancelled"
        return world.start(work, world.people[number])

    results = world.together(act)
    attempts = world.count(Attempt)
    if "cancelled" in results:
        assert attempts == 0
    else:
        assert attempts == THREADS - 1


def test_several_sweepers_close_each_attempt_once(own_engine: Engine) -> None:
    world = World(own_engine, people=30)
    with db.transaction(own_engine) as work:
        for person in world.people:
            world.start(work, person)
    late = NOW + timedelta(days=2)

    def sweep(_: int, work: Any) -> int:
        return close_due_attempts(work, now=late, limit=7)

    closed = 0
    for _ in range(10):
        closed += sum(int(n) for n in world.together(sweep, threads=4))  # type: ignore[arg-type]
    assert closed == 30
    assert (world.count(Grade), world.count(TrainingRecord)) == (30, 30)


def test_sweep_closes_everything_and_rests(own_engine: Engine) -> None:
    world = World(own_engine, people=sweeper.BATCH + 3)
    with db.transaction(own_engine) as work:
        for person in world.people:
            world.start(work, person)
    assert sweeper.sweep(own_engine, now=NOW + timedelta(minutes=1)) == 0
    assert sweeper.sweep(own_engine, now=NOW + timedelta(hours=2)) == sweeper.BATCH + 3
    assert sweeper.sweep(own_engine, now=NOW + timedelta(hours=2)) == 0


def test_the_sweeper_thread_closes_what_no_phone_came_back_for(own_engine: Engine) -> None:
    world = World(own_engine)
    with db.transaction(own_engine) as work:
        world.start(work, world.people[0])
        row = work.scalars(select(Attempt)).one()
        row.started_at = NOW - timedelta(days=3)
        row.deadline_at = NOW - timedelta(days=2)
    done = threading.Event()
    stop = threading.Event()

    def clock() -> datetime:
        if world.one_attempt().state == AttemptState.SUBMITTED:
            done.set()
        return NOW

    thread = threading.Thread(
        target=sweeper.run, args=(own_engine, stop), kwargs={"every_s": 0.05, "clock": clock}
    )
    thread.start()
    assert done.wait(20)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    row = world.one_attempt()
    assert (row.closed_by, row.submitted_at) == (ClosedBy.DEADLINE, row.deadline_at)


def test_the_sweeper_starts_and_stops(own_engine: Engine) -> None:
    finish = sweeper.start(own_engine, every_s=0.05)
    finish()
    assert not any(thread.name == "sweeper" for thread in threading.enumerate())


def test_the_sweeper_outlives_a_broken_database(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    engine = db.make_engine(f"sqlite:///{tmp_path / 'empty.db'}")  # no tables
    stop = threading.Event()
    calls = []

    def clock() -> datetime:
        calls.append(1)
        if len(calls) == 3:
            stop.set()
        return NOW

    sweeper.run(engine, stop, every_s=0.01, clock=clock)
    engine.dispose()
    assert len(calls) == 3
    assert "sweep failed" in caplog.text


def test_late_save_races_with_the_sweeper(own_engine: Engine) -> None:
    """In the last second of the grace: a save either is graded or is refused."""
    world = World(own_engine)
    with db.transaction(own_engine) as work:
        exam, person = work.get_one(Exam, world.exam), work.get_one(Person, world.people[0])
        attempt = make_attempt(work, exam, person)
        public_id, deadline = attempt.public_id, attempt.deadline_at

    def act(number: int, work: Any) -> int:
        if number == 0:
            return close_due_attempts(work, now=deadline + GRACE + timedelta(seconds=1))
        row = load(work, public_id)
        return save_answers(work, attempt=row, events=[event(1, 0, [1])], now=deadline + GRACE).seq

    world.together(act, threads=4)
    with db.transaction(own_engine) as work:
        close_due_attempts(work, now=deadline + GRACE + timedelta(seconds=1))
    with db.new_session(own_engine, write=False) as work:
        row = load(work, public_id)
        grade = work.scalars(select(Grade)).one()
        answered = current_answers(work, row.id)
    graded = [item for item in grade.detail["items"] if item["state"] != "EMPTY"]
    assert len(graded) == len(answered)


def test_handing_in_beside_an_extension_is_by_the_new_deadline(own_engine: Engine) -> None:
    """A click ten seconds after the old deadline, while more time is just being given."""
    world = World(own_engine)
    with db.transaction(own_engine) as work:
        public_id = world.start(work, world.people[0])
        late = load(work, public_id).deadline_at + timedelta(seconds=10)

    def submit() -> None:
        with db.transaction(own_engine) as work:
            submit_attempt(work, attempt=load(work, public_id), now=late)

    with ExitStack() as stack:
        with db.transaction(own_engine) as work:
            extend_time(
                work,
                actor=world.examiner,
                exam=work.get_one(Exam, world.exam),
                target=Target(),
                minutes=5,
                reason="停电",
                now=late,
            )
            clicked = meanwhile(stack, own_engine, submit)
        clicked.result(PATIENCE_S)
    row = world.one_attempt()
    assert (row.closed_by, row.submitted_at) == (ClosedBy.CANDIDATE, late)
    assert (row.late_until, world.count(TrainingRecord)) == (None, 1)


def test_two_exams_handed_in_at_once_share_the_cap_of_the_day(own_engine: Engine) -> None:
    """Each is the only attempt at its exam; the day's hours are still one person's."""
    world = World(own_engine)
    with db.transaction(own_engine) as work:
        exam, who = work.get_one(Exam, world.exam), work.get_one(Person, world.people[0])
        cap_hours(work, exam.org_unit)
        made = []
        for each in (exam, make_exam(work, exam.org_unit, by=who)):
            attempt = make_attempt(work, each, who)
            save_answers(work, attempt=attempt, events=all_right(attempt, world.bank), now=NOW)
            made.append(attempt.public_id)

    def submit(work: Any, public_id: str) -> None:
        submit_attempt(work, attempt=load(work, public_id), now=NOW + timedelta(seconds=1))

    def second() -> None:
        with db.transaction(own_engine) as work:
            submit(work, made[1])

    with ExitStack() as stack:
        with db.transaction(own_engine) as work:
            submit(work, made[0])
            clicked = meanwhile(stack, own_engine, second)
        clicked.result(PATIENCE_S)
    with db.new_session(own_engine, write=False) as work:
        hours = work.scalars(select(TrainingRecord.hours_centi)).all()
    assert sorted(hours) == [0, 60]


SWEEP = """
import sys
from datetime import datetime
from elearn import db
from elearn.exams.attempts import sweeper
engine = db.make_engine(sys.argv[1])
print(sweeper.sweep(engine, now=datetime.fromisoformat(sys.argv[2])))
engine.dispose()
"""


def test_sweepers_in_several_processes_close_each_attempt_once(own_engine: Engine) -> None:
    """Real processes, as `elearn serve` has them: nothing is closed twice, nothing is left."""
    world = World(own_engine, people=40)
    with db.transaction(own_engine) as work:
        for person in world.people:
            world.start(work, person)
    url = own_engine.url.render_as_string(hide_password=False)
    late = (NOW + timedelta(days=2)).isoformat()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SWEEP, url, late], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    closed = [int(process.communicate(timeout=120)[0]) for process in running]
    sweeper.sweep(own_engine, now=NOW + timedelta(days=2))  # what one held while the others looked
    assert sum(closed) <= 40
    assert (world.count(Grade), world.count(TrainingRecord)) == (40, 40)
    assert sum(closed) > 0
