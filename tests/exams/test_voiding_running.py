"""Annulling an attempt that is still running: it closes, what was saved stays, nothing comes back."""

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from elearn import db
from elearn.assignments.facts import ALL_TRIES, sittings
from elearn.core.access import Role
from elearn.core.errors import Conflict, Gone
from elearn.core.questions.model import QuestionType as T
from elearn.exams.attempts.lease import take_over
from elearn.exams.attempts.queries import current_answers
from elearn.exams.attempts.saving import Sender, save_answers
from elearn.exams.attempts.services import close_due_attempts, start_attempt, submit_attempt
from elearn.exams.grades.policy import GRACE
from elearn.exams.grades.services import grade_attempt
from elearn.exams.makeups.queries import derive_roster
from elearn.exams.papers.replay import replay_exam
from elearn.exams.papers.vault import Vault
from elearn.exams.voiding.services import ask_void, decide_void
from elearn.models import (
    AnswerEvent,
    Attempt,
    AttemptState,
    AttemptVoid,
    ClosedBy,
    ExamNotice,
    Grade,
)
from elearn.records.queries import hours_of, records_of
from tests.conftest import Browser
from tests.exams.test_races import World, load
from tests.factories import NOW, make_actor, make_person
from tests.factories_after import LATER, Sat, make_sat
from tests.factories_exams import SECRET, all_right, event, make_attempt
from tests.side_by_side import meanwhile

WHY = "监考发现由他人代考"
SOON = NOW + timedelta(minutes=5)


class Running:
    """Somebody in the middle of the paper, with every answer saved; two examiners."""

    def __init__(self, sat: Sat):
        self.sat, self.session = sat, sat.session
        self.second = make_person(sat.session, sat.root, Role.EXAMINER)
        self.person = make_person(sat.session, sat.root)
        self.attempt = make_attempt(sat.session, sat.exam, self.person)
        events = all_right(self.attempt, sat.bank)
        save_answers(sat.session, attempt=self.attempt, events=events, now=NOW)

    def ask(self) -> AttemptVoid:
        actor = make_actor(self.sat.examiner)
        return ask_void(self.session, actor=actor, attempt=self.attempt, reason=WHY, now=SOON)

    def annul(self, row: AttemptVoid | None = None) -> None:
        actor = make_actor(self.second)
        decide_void(
            self.session, actor=actor, void=row or self.ask(), approve=True, note="", now=SOON
        )


@pytest.fixture
def at_work(session: Session) -> Running:
    return Running(make_sat(session))


def test_asking_leaves_the_candidate_alone(at_work: Running) -> None:
    at_work.ask()
    assert at_work.attempt.state == AttemptState.IN_PROGRESS
    later = event(at_work.sat.number(at_work.attempt, T.SINGLE), 0, [1])
    save_answers(at_work.session, attempt=at_work.attempt, events=[later], now=SOON)
    told = select(ExamNotice.id).where(ExamNotice.person_id == at_work.person.id)
    assert at_work.session.scalars(told).all() == []


def test_the_decision_closes_it_and_what_was_saved_stays(at_work: Running) -> None:
    attempt, news = at_work.attempt, at_work.attempt.news
    before = current_answers(at_work.session, attempt.id)
    at_work.annul()
    assert (attempt.state, attempt.closed_by, attempt.submitted_at, attempt.voided_at) == (
        AttemptState.SUBMITTED,
        ClosedBy.EXAMINER,
        SOON,
        SOON,
    )
    assert attempt.news == news + 1
    (grade,) = at_work.sat.grades(attempt)
    assert (grade.no, grade.state, grade.score_centi, grade.passed) == (1, "FINAL", 0, False)
    assert grade.reason == f"作废：{WHY}"
    assert sum(item["awarded_centi"] for item in grade.detail["items"]) == 1000, "what it was worth"
    assert current_answers(at_work.session, attempt.id) == before
    (record,) = records_of(at_work.session, at_work.person.id)
    assert (record.passed, record.hours_centi) == (False, 0)
    assert set(hours_of(at_work.session, at_work.person.id).values()) == {0}
    told = select(ExamNotice.text).where(ExamNotice.person_id == at_work.person.id)
    (text,) = at_work.session.scalars(told).all()
    assert "已收卷" in text
    assert "已保存的答案都留存" in text


def test_no_save_is_taken_and_what_the_phone_still_had_is_kept_uncounted(at_work: Running) -> None:
    attempt, work = at_work.attempt, at_work.session
    at_work.annul()
    before = current_answers(work, attempt.id)
    fresh = event(at_work.sat.number(attempt, T.SINGLE), 0, [1])
    with pytest.raises(Gone) as caught:
        save_answers(work, attempt=attempt, events=[fresh], now=SOON)
    assert caught.value.code == "E-VOIDED"
    with pytest.raises(Gone) as caught:
        take_over(work, attempt=attempt, device="phone-0002", actor=make_actor(at_work.person),
                  now=SOON)  # fmt: skip
    assert caught.value.code == "E-VOIDED"
    left = Sender("phone-0001", orphan=True)
    reply = save_answers(work, attempt=attempt, events=[fresh], now=SOON, sender=left)
    assert list(reply.statuses.values()) == ["HELD"]
    assert current_answers(work, attempt.id) == before
    submit_attempt(work, attempt=attempt, now=SOON)
    close_due_attempts(work, now=LATER)
    assert [g.score_centi for g in at_work.sat.grades(attempt)] == [0]


def test_another_attempt_only_by_a_makeup(at_work: Running) -> None:
    sat, person, work = at_work.sat, at_work.person, at_work.session
    sat.exam.attempts_max = 3
    work.flush()
    at_work.annul()
    with pytest.raises(Conflict) as caught:
        start_attempt(work, exam=sat.exam, person=person, now=SOON, seed="5eed")
    assert caught.value.code == "E-USED"
    (row,) = work.execute(sittings(SOON).where(Attempt.person_id == person.id)).all()
    assert row.attempts > ALL_TRIES
    sat.exam.closes_at = LATER - timedelta(hours=1)
    work.flush()
    assert person.id in {line.person.id for line in derive_roster(work, sat.exam).lines}


def test_handed_in_or_swept_before_the_decision(at_work: Running) -> None:
    row = at_work.ask()
    submit_attempt(at_work.session, attempt=at_work.attempt, now=SOON)
    assert at_work.sat.grades(at_work.attempt)[-1].passed
    at_work.annul(row)
    assert [g.score_centi for g in at_work.sat.grades(at_work.attempt)] == [1000, 0]
    assert at_work.attempt.closed_by == ClosedBy.CANDIDATE


def test_the_replay_proves_it(at_work: Running) -> None:
    at_work.annul()
    found = replay_exam(at_work.session, exam=at_work.sat.exam, vault=Vault(SECRET))
    assert (found.differences, found.grades) == ([], 1)
    at_work.attempt.voided_at = None  # what somebody with the database would try
    grade_attempt(at_work.session, attempt=at_work.attempt, now=LATER)
    found = replay_exam(at_work.session, exam=at_work.sat.exam, vault=Vault(SECRET))
    assert [d.attempt for d in found.differences] == [at_work.attempt.public_id]


# ---------------------------------------------------------------- over HTTP


class Phones:
    """Two desks and the candidate's phone, on the clock of the app; asked for already."""

    def __init__(self, session: Session, app: Any, browser: Any):
        self.session, self.sat = session, make_sat(session)
        now = app.extensions["elearn_clock"].now()
        exam = self.sat.exam
        exam.opens_at, exam.closes_at = now - timedelta(hours=1), now + timedelta(hours=2)
        second = make_person(session, self.sat.root, Role.EXAMINER)
        self.person = make_person(session, self.sat.root)
        self.attempt = make_attempt(session, exam, self.person, now=now)
        self.asker = browser().sign_in(self.sat.examiner, session, now=now)
        self.second = browser().sign_in(second, session, now=now)
        self.phone: Browser = browser().sign_in(self.person, session, now=now)
        session.commit()
        self.own = f"/attempts/{self.attempt.public_id}"
        self.number = self.sat.number(self.attempt, T.SINGLE)

    def save(self, **more: Any) -> Any:
        body = {"device": "phone-0001", "events": [event(self.number, 0, [1])], **more}
        token = {"X-CSRFToken": self.phone.csrf_token()}
        return self.phone.open(self.own + "/answers", method="POST", json=body, headers=token)

    def ask(self) -> None:
        exam = self.sat.exam.public_id
        url = f"/manage/exams/{exam}/attempts/{self.attempt.public_id}/void"
        self.asker.post(url, data={"reason": WHY})

    def approve(self) -> None:
        row = self.session.scalars(select(AttemptVoid)).one()
        self.second.post(f"/manage/voids/{row.public_id}/decide", data={"do": "approve"})


@pytest.fixture
def phones(session: Session, app: Any, browser: Any) -> Phones:
    return Phones(session, app, browser)


def test_over_the_protocol(phones: Phones) -> None:
    assert phones.save().status_code == 200
    about = f"/manage/exams/{phones.sat.exam.public_id}/candidates/{phones.person.public_id}"
    assert "正在作答" in phones.asker.get(about).text
    phones.ask()
    assert phones.save().status_code == 200, "asked for only"
    assert phones.phone.get(phones.own + "/room").json["voided"] is False
    phones.approve()
    refused = phones.save()
    assert (refused.status_code, refused.json["error"]["code"]) == (410, "E-VOIDED")
    heard = phones.phone.get(phones.own + "/state").json
    assert (heard["state"], heard["voided"], "answers" in heard) == ("SUBMITTED", True, False)
    assert phones.phone.get(phones.own + "/room").json["voided"] is True
    kept = phones.save(orphan=True)
    assert (kept.status_code, list(kept.json["statuses"].values())) == (200, ["HELD"])


def test_over_the_page_without_scripts(phones: Phones) -> None:
    phones.save()
    phones.ask()
    phones.approve()
    own, phone = phones.own, phones.phone
    assert phone.get(own).location == own + "/result"
    shown = phone.get(own + "/result").text
    assert "已作废" in shown
    assert WHY in shown
    form = {"base": "0", "end": "1", f"a-{phones.number}-0": "0"}
    assert phone.post(own + "/page", data=form).location == own + "/result"
    assert "不能再作答" in phone.get(own + "/result").text
    start = f"/exams/{phones.sat.exam.public_id}/start"
    assert phone.post(start, data={"agreed": "1"}).status_code == 409


# ---------------------------------------------------------------- two at once


class Room(World):
    """A running attempt somebody asked to annul, committed; a second examiner decides."""

    def __init__(self, engine: Engine):
        super().__init__(engine)
        with db.transaction(engine) as work:
            self.public_id = self.start(work, self.people[0])
            attempt = load(work, self.public_id)
            events = all_right(attempt, self.bank)
            save_answers(work, attempt=attempt, events=events[:1], now=NOW)
            second = make_person(work, attempt.exam.org_unit, Role.EXAMINER)
            self.second, self.rest = make_actor(second), events[1:]
            self.void = ask_void(
                work, actor=self.examiner, attempt=attempt, reason=WHY, now=SOON
            ).id

    def decide(self, work: Session) -> None:
        void = work.get_one(AttemptVoid, self.void)
        decide_void(work, actor=self.second, void=void, approve=True, note="", now=SOON)

    def ends_as_nothing(self, grades: list[int]) -> None:
        with db.new_session(self.engine, write=False) as work:
            attempt = load(work, self.public_id)
            assert attempt.voided_at is not None
            rows = work.scalars(select(Grade).order_by(Grade.no)).all()
            assert ([row.score_centi for row in rows][-1], len(rows)) == (0, len(grades))
            assert [r.passed for r in records_of(work, attempt.person_id)] == [False]
            found = replay_exam(work, exam=attempt.exam, vault=Vault(SECRET))
            assert found.differences == []


@pytest.mark.parametrize("act", ["submit", "sweep", "save", "decide"])
def test_who_comes_while_the_decision_is_written(own_engine: Engine, act: str) -> None:
    """The decision holds the attempt: whoever waits for it finds it closed, and closes nothing."""
    room = Room(own_engine)

    def other() -> Any:
        with db.transaction(own_engine) as work:
            attempt = load(work, room.public_id)
            if act == "submit":
                return submit_attempt(work, attempt=attempt, now=SOON).closed_by
            if act == "sweep":
                return close_due_attempts(work, now=attempt.deadline_at + GRACE * 2)
            if act == "decide":
                return room.decide(work)
            return save_answers(work, attempt=attempt, events=room.rest, now=SOON)

    with ExitStack() as stack:
        with db.transaction(own_engine) as work:
            room.decide(work)
            work.flush()
            task = meanwhile(stack, own_engine, other)
        if act in {"save", "decide"}:
            with pytest.raises((Gone, Conflict)) as caught:
                task.result()
            code = getattr(caught.value, "code", "")
            assert code == ("E-VOIDED" if act == "save" else "E-DECIDED")
        else:
            assert task.result() == (ClosedBy.EXAMINER if act == "submit" else 0)
    room.ends_as_nothing([0])
    with db.new_session(own_engine, write=False) as work:
        assert len(work.scalars(select(AnswerEvent.id)).all()) == 1


@pytest.mark.parametrize("act", ["submit", "save"])
def test_who_was_there_before_the_decision(own_engine: Engine, act: str) -> None:
    """The other way round: what was acknowledged first is in the file, and counts for nothing."""
    room = Room(own_engine)

    def decide() -> None:
        with db.transaction(own_engine) as work:
            room.decide(work)

    with ExitStack() as stack:
        with db.transaction(own_engine) as work:
            attempt = load(work, room.public_id)
            if act == "submit":
                submit_attempt(work, attempt=attempt, now=SOON)
            else:
                save_answers(work, attempt=attempt, events=room.rest, now=SOON)
            work.flush()
            task = meanwhile(stack, own_engine, decide)
        task.result()
    room.ends_as_nothing([1, 0] if act == "submit" else [0])
    with db.new_session(own_engine, write=False) as work:
        stored = len(work.scalars(select(AnswerEvent.id)).all())
        assert stored == (1 if act == "submit" else 1 + len(room.rest))
