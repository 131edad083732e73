"""Extend, decide, pause, resume, extra time: what they do to deadlines and who may."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from elearn import db
from elearn.core.access import Actor, Role
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.exams.attempts.queries import Standing, due_query, standing
from elearn.exams.attempts.services import (
    close_due_attempts,
    save_answers,
    start_attempt,
    submit_attempt,
)
from elearn.exams.grades.policy import GRACE, LATE_SYNC
from elearn.exams.grades.queries import last_grade, visible_of
from elearn.exams.sittings.services import release_results
from elearn.exams.timing.accommodations import (
    approve_accommodation,
    approve_accommodations,
    end_accommodation,
    request_accommodations,
)
from elearn.exams.timing.clock import ends_at, remaining_ms
from elearn.exams.timing.queries import Target, read_ledger
from elearn.exams.timing.services import (
    decide_extension,
    extend_time,
    pause_exam,
    resume_exam,
)
from elearn.models import (
    Accommodation,
    AccommodationReason,
    Attempt,
    AttemptState,
    AuditEntry,
    ClosedBy,
    Exam,
    ExamMessage,
    OrgUnit,
    Person,
    ReviewPolicy,
    TimeChange,
)
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_exams import event, make_attempt, make_bank, make_exam

MINUTE = timedelta(minutes=1)
ALL = Target()


class Hall:
    """An exam of 50 minutes for a district of two rooms, three candidates, two examiners."""

    def __init__(self, session: Session, **exam: Any):
        make_bank(session)
        self.session = session
        self.root = make_unit(session)
        self.east, self.west = make_unit(session, self.root), make_unit(session, self.root)
        self.first = make_person(session, self.root, Role.EXAMINER)
        self.second = make_person(session, self.root, Role.EXAMINER)
        self.one, self.two = make_person(session, self.east), make_person(session, self.west)
        self.late = make_person(session, make_unit(session, self.east))
        values: dict[str, Any] = {"closes_at": NOW + 3 * 60 * MINUTE, **exam}
        self.exam = make_exam(session, self.root, by=self.first, **values)

    @property
    def me(self) -> Actor:
        return make_actor(self.first)

    @property
    def other(self) -> Actor:
        return make_actor(self.second)

    def start(self, person: Person, now: datetime = NOW) -> Attempt:
        return make_attempt(self.session, self.exam, person, now=now)

    def extend(
        self, target: Target, minutes: int, now: datetime = NOW, **values: Any
    ) -> TimeChange:
        return extend_time(
            self.session,
            **{
                "actor": self.me,
                "exam": self.exam,
                "target": target,
                "minutes": minutes,
                "reason": "投影仪故障",
                "now": now,
                **values,
            },
        )

    def pause(self, target: Target, now: datetime) -> TimeChange:
        return pause_exam(
            self.session, actor=self.me, exam=self.exam, target=target, reason="停电", now=now
        )

    def resume(self, change: TimeChange, now: datetime) -> TimeChange:
        return resume_exam(self.session, actor=self.me, exam=self.exam, change=change, now=now)

    def decide(
        self, change: TimeChange, *, approve: bool, actor: Actor, now: datetime = NOW
    ) -> None:
        decide_extension(
            self.session,
            actor=actor,
            exam=self.exam,
            change=change,
            approve=approve,
            reason="",
            now=now,
        )

    def deadline(self, attempt: Attempt) -> datetime:
        self.session.refresh(attempt)
        return attempt.deadline_at


@pytest.fixture
def hall(session: Session) -> Hall:
    return Hall(session)


# ---------------------------------------------------------------- extend


def test_extend_one_room_all(hall: Hall) -> None:
    one, two = hall.start(hall.one), hall.start(hall.two)
    base = NOW + 50 * MINUTE
    hall.extend(Target(person=hall.one), 3)
    assert (hall.deadline(one), hall.deadline(two)) == (base + 3 * MINUTE, base)
    hall.extend(Target(org_unit=hall.west), 2)
    assert (hall.deadline(one), hall.deadline(two)) == (base + 3 * MINUTE, base + 2 * MINUTE)
    closes = hall.exam.closes_at
    hall.extend(ALL, 4)
    assert (hall.deadline(one), hall.deadline(two)) == (base + 7 * MINUTE, base + 6 * MINUTE)
    assert hall.exam.closes_at == closes + 4 * MINUTE
    assert one.news == 2


def test_late_joiners_get_what_the_exam_and_their_room_got(hall: Hall) -> None:
    hall.start(hall.one)
    hall.extend(ALL, 2)
    hall.extend(Target(org_unit=hall.east), 3)
    hall.extend(Target(person=hall.one), 4)
    late = NOW + 10 * MINUTE
    assert hall.start(hall.late, late).deadline_at == late + 55 * MINUTE
    assert hall.start(hall.two, late).deadline_at == late + 52 * MINUTE


def test_one_person_before_the_start_and_not_twice(session: Session) -> None:
    """Given before the start it waits for the attempt; given during one it stays with that one."""
    hall = Hall(session, attempts_max=2)
    hall.extend(Target(person=hall.one), 5)
    first = hall.start(hall.one)
    assert first.deadline_at == NOW + 55 * MINUTE
    hall.extend(Target(person=hall.one), 3)
    submit_attempt(session, attempt=first, now=NOW + MINUTE)
    again = NOW + 2 * MINUTE
    assert hall.start(hall.one, again).deadline_at == again + 55 * MINUTE


def test_more_than_ten_minutes_waits_for_somebody_else(hall: Hall, session: Session) -> None:
    attempt = hall.start(hall.one)
    base = hall.deadline(attempt)
    change = hall.extend(ALL, 11)
    assert change.needs_approval
    assert hall.deadline(attempt) == base
    assert hall.exam.extended_s == 0
    assert not session.scalars(select(ExamMessage)).all()
    with pytest.raises(Forbidden) as refused:
        hall.decide(change, approve=True, actor=hall.me)
    assert refused.value.code == "E-TWO"
    hall.decide(change, approve=True, actor=hall.other, now=NOW + MINUTE)
    assert hall.deadline(attempt) == base + 11 * MINUTE
    assert hall.exam.extended_s == 660
    for approve in (True, False):
        with pytest.raises(Conflict, match="已经处理"):
            hall.decide(change, approve=approve, actor=hall.other)
    assert hall.deadline(attempt) == base + 11 * MINUTE
    # What two people decided does not count against what one may give.
    assert not hall.extend(ALL, 10).needs_approval


def test_small_steps_count_together(hall: Hall) -> None:
    hall.start(hall.one)
    assert not hall.extend(Target(org_unit=hall.east), 6).needs_approval
    assert not hall.extend(Target(org_unit=hall.west), 10).needs_approval
    assert not hall.extend(Target(person=hall.one), 4).needs_approval
    assert hall.extend(Target(person=hall.one), 1).needs_approval
    assert hall.extend(ALL, 1).needs_approval
    assert hall.extend(Target(org_unit=hall.west), 1, actor=hall.other).needs_approval


def test_refused_or_withdrawn_changes_nothing(hall: Hall) -> None:
    attempt = hall.start(hall.one)
    base = hall.deadline(attempt)
    hall.decide(hall.extend(ALL, 30), approve=False, actor=hall.other)
    withdrawn = hall.extend(ALL, 30)
    hall.decide(withdrawn, approve=False, actor=hall.me)
    with pytest.raises(Conflict):
        hall.decide(withdrawn, approve=True, actor=hall.other)
    assert hall.deadline(attempt) == base
    assert read_ledger(hall.session, hall.exam).pending == []


@pytest.mark.parametrize("minutes", [0, -1, 241])
def test_amounts_that_do_not_fit(hall: Hall, minutes: int) -> None:
    with pytest.raises(DomainError, match="240"):
        hall.extend(ALL, minutes)


def test_a_reason_is_needed(hall: Hall) -> None:
    for reason in ("", "  ", "长" * 201):
        with pytest.raises(DomainError, match="原因"):
            hall.extend(ALL, 1, reason=reason)


def test_who_handed_in_or_may_not_come_is_not_extended(hall: Hall) -> None:
    submit_attempt(hall.session, attempt=hall.start(hall.one), now=NOW)
    with pytest.raises(Conflict, match="已经交卷"):
        hall.extend(Target(person=hall.one), 5)
    stranger = make_person(hall.session)
    with pytest.raises(Conflict, match="不能再进入"):
        hall.extend(Target(person=stranger), 5)
    after = hall.exam.closes_at
    with pytest.raises(Conflict, match="已结束"):
        hall.extend(Target(person=hall.two), 5, after)


def test_after_the_window_whoever_still_answers_can_be_given_time(session: Session) -> None:
    hall = Hall(session, closes_at=NOW + 20 * MINUTE)
    attempt = hall.start(hall.one)
    hall.extend(Target(person=hall.one), 10)
    assert hall.deadline(attempt) == NOW + 30 * MINUTE
    assert ends_at(hall.exam) == NOW + 30 * MINUTE
    hall.extend(ALL, 5, NOW + 25 * MINUTE, actor=hall.other)
    assert hall.extend(ALL, 5, NOW + 25 * MINUTE).needs_approval


def test_the_audit_log_says_who_gave_what_and_why(hall: Hall, session: Session) -> None:
    hall.start(hall.one)
    change = hall.extend(ALL, 5)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "exam.extend")).one()
    assert entry.actor_id == hall.first.id
    assert "投影仪故障" in entry.summary
    assert entry.detail["change"] == change.public_id
    assert entry.detail["touched"] == 1
    (message,) = session.scalars(select(ExamMessage)).all()
    assert message.text == "监考为您延长 5 分钟。原因：投影仪故障"


def test_time_changes_cannot_be_edited(hall: Hall, session: Session) -> None:
    change = hall.extend(ALL, 5)
    change.seconds = 6
    with pytest.raises(DatabaseError, match="append-only"):
        session.flush()


def test_an_examiner_of_elsewhere_may_not(hall: Hall, session: Session) -> None:
    stranger = make_actor(make_person(session, hall.east, Role.EXAMINER))
    with pytest.raises(Forbidden):
        hall.extend(ALL, 1, actor=stranger)
    change = hall.extend(ALL, 30)
    with pytest.raises(Forbidden):
        hall.decide(change, approve=True, actor=stranger)


def test_a_change_of_another_exam_is_not_found(hall: Hall, session: Session) -> None:
    elsewhere = make_exam(session, hall.root, by=hall.first)
    change = hall.extend(ALL, 30)
    with pytest.raises(NotFound):
        decide_extension(
            session, actor=hall.other, exam=elsewhere, change=change, approve=True, reason="",
            now=NOW,
        )  # fmt: skip
    with pytest.raises(NotFound):
        resume_exam(session, actor=hall.other, exam=elsewhere, change=change, now=NOW)


# ---------------------------------------------------------------- pause and resume


def test_a_pause_stops_the_clock_and_costs_nothing(hall: Hall, session: Session) -> None:
    attempt = hall.start(hall.one)
    before = attempt.deadline_at
    at = NOW + 10 * MINUTE + timedelta(microseconds=123_457)
    pause = hall.pause(ALL, at)
    session.refresh(attempt)
    left = remaining_ms(attempt, at)
    long_after = at + 300 * MINUTE
    assert remaining_ms(attempt, long_after) == left
    assert session.scalar(due_query(long_after)) is None
    assert close_due_attempts(session, now=long_after) == 0
    again = at + 95 * MINUTE + timedelta(microseconds=7)
    hall.resume(pause, again)
    assert hall.deadline(attempt) == before + (again - at)
    assert attempt.paused_at is None
    assert remaining_ms(attempt, again) == left
    assert hall.exam.closes_at == NOW + 180 * MINUTE + (again - at)
    assert (hall.exam.paused_at, hall.exam.open_pauses) == (None, 0)
    assert close_due_attempts(session, now=attempt.deadline_at + GRACE + MINUTE) == 1


def test_a_clock_set_back_during_a_pause_takes_nobodys_time(hall: Hall) -> None:
    """Half an hour, just before the end: the deadline would lie before the start, and then nobody
    of the whole exam could be resumed."""
    attempt, window = hall.start(hall.one), hall.exam.closes_at
    before = attempt.deadline_at
    pause = hall.pause(ALL, NOW + 49 * MINUTE)
    hall.resume(pause, NOW - 5 * MINUTE)
    assert (hall.deadline(attempt), attempt.paused_at) == (before, None)
    assert hall.exam.closes_at == window


def test_answers_arrive_during_a_pause_and_count(hall: Hall, session: Session) -> None:
    """Even when the pause is longer than the time that was left."""
    attempt = hall.start(hall.one)
    pause = hall.pause(ALL, NOW + 49 * MINUTE)
    reply = save_answers(
        session, attempt=attempt, events=[event(1, 0, [0])], now=NOW + 120 * MINUTE
    )
    assert reply.saved == 1
    assert reply.remaining_ms == 60_000
    hall.resume(pause, NOW + 121 * MINUTE)
    session.refresh(attempt)
    late = NOW + 122 * MINUTE + GRACE + timedelta(seconds=1)
    reply = save_answers(session, attempt=attempt, events=[event(1, 0, [1])], now=late)
    assert list(reply.statuses.values()) == ["HELD"]


def test_handing_in_during_a_pause_is_handing_in(hall: Hall, session: Session) -> None:
    attempt = hall.start(hall.one)
    hall.pause(ALL, NOW + 49 * MINUTE)
    session.refresh(attempt)
    done = submit_attempt(session, attempt=attempt, now=NOW + 55 * MINUTE)
    assert (done.closed_by, done.submitted_at) == (ClosedBy.CANDIDATE, NOW + 55 * MINUTE)


def test_nobody_starts_into_a_pause(hall: Hall) -> None:
    room = hall.pause(Target(org_unit=hall.east), NOW)
    with pytest.raises(Conflict, match="停电"):
        hall.start(hall.late)
    hall.start(hall.two)
    hall.resume(room, NOW + MINUTE)
    at = NOW + MINUTE
    assert hall.start(hall.late, at).deadline_at == at + 50 * MINUTE


def test_a_pause_over_the_end_of_the_window_keeps_it_open(session: Session) -> None:
    hall = Hall(session, closes_at=NOW + 60 * MINUTE)
    pause = hall.pause(ALL, NOW + 55 * MINUTE)
    at = NOW + 90 * MINUTE
    assert standing(hall.exam, (), at) is Standing.OPEN
    with pytest.raises(Conflict, match="暂停"):
        hall.start(hall.one, at)
    hall.resume(pause, at)
    assert hall.exam.closes_at == NOW + 95 * MINUTE
    assert hall.start(hall.one, at).deadline_at == NOW + 95 * MINUTE
    assert standing(hall.exam, (), NOW + 95 * MINUTE) is Standing.CLOSED


def test_one_pause_inside_another(hall: Hall) -> None:
    one, two = hall.start(hall.one), hall.start(hall.two)
    base = NOW + 50 * MINUTE
    mine = hall.pause(Target(person=hall.one), NOW + 10 * MINUTE)
    whole = hall.pause(ALL, NOW + 20 * MINUTE)
    hall.resume(mine, NOW + 25 * MINUTE)
    hall.session.refresh(one)
    assert one.paused_at == NOW + 10 * MINUTE
    hall.resume(whole, NOW + 30 * MINUTE)
    assert hall.deadline(one) == base + 20 * MINUTE
    assert hall.deadline(two) == base + 10 * MINUTE


def test_the_wider_pause_ends_first(hall: Hall) -> None:
    one, two = hall.start(hall.one), hall.start(hall.two)
    mine = hall.pause(Target(person=hall.one), NOW + 10 * MINUTE)
    whole = hall.pause(ALL, NOW + 20 * MINUTE)
    hall.resume(whole, NOW + 30 * MINUTE)
    hall.session.refresh(one)
    assert one.paused_at == NOW + 10 * MINUTE
    assert hall.deadline(two) == NOW + 60 * MINUTE
    hall.resume(mine, NOW + 35 * MINUTE)
    assert hall.deadline(one) == NOW + 75 * MINUTE


def test_who_moves_to_another_unit_is_not_left_standing(hall: Hall) -> None:
    one = hall.start(hall.one)
    room = hall.pause(Target(org_unit=hall.east), NOW + MINUTE)
    hall.one.org_unit = hall.west
    hall.session.flush()
    hall.resume(room, NOW + 11 * MINUTE)
    assert hall.deadline(one) == NOW + 60 * MINUTE
    assert one.paused_at is None


def test_an_extension_during_a_pause(hall: Hall) -> None:
    one = hall.start(hall.one)
    pause = hall.pause(ALL, NOW + 10 * MINUTE)
    hall.extend(ALL, 5, NOW + 15 * MINUTE)
    hall.session.refresh(one)
    assert one.paused_at == NOW + 10 * MINUTE
    assert remaining_ms(one, NOW + 15 * MINUTE) == 45 * 60_000
    hall.resume(pause, NOW + 20 * MINUTE)
    assert hall.deadline(one) == NOW + 65 * MINUTE
    assert remaining_ms(one, NOW + 20 * MINUTE) == 45 * 60_000


def test_pauses_that_make_no_sense(hall: Hall) -> None:
    with pytest.raises(Conflict, match="没有在答题"):
        hall.pause(Target(person=hall.one), NOW)
    with pytest.raises(Conflict, match="还没有开始"):
        hall.pause(ALL, hall.exam.opens_at - MINUTE)
    pause = hall.pause(ALL, NOW)
    for target in (ALL, Target(org_unit=hall.east)):
        with pytest.raises(Conflict, match="已经暂停"):
            hall.pause(target, NOW)
    hall.resume(pause, NOW + MINUTE)
    with pytest.raises(Conflict, match="已经恢复"):
        hall.resume(pause, NOW + MINUTE)
    with pytest.raises(Conflict, match="已结束"):
        hall.pause(ALL, hall.exam.closes_at)


def test_a_deadline_that_has_passed_is_not_paused(hall: Hall) -> None:
    one = hall.start(hall.one)
    assert hall.pause(ALL, one.deadline_at).touched == 0
    hall.session.refresh(one)
    assert one.paused_at is None


def test_only_one_answer_to_an_act(hall: Hall, session: Session) -> None:
    pause = hall.pause(ALL, NOW)
    hall.resume(pause, NOW + MINUTE)
    twin = TimeChange(
        exam_id=hall.exam.id, kind="RESUME", reason="又一次", of_id=pause.id,
        by_id=hall.first.id, at=NOW,
    )  # fmt: skip
    session.add(twin)
    with pytest.raises(IntegrityError):
        session.flush()


act = st.tuples(
    st.sampled_from(["extend", "pause", "resume"]),
    st.sampled_from(["all", "east", "west", "one"]),
    st.integers(1, 400),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(act, max_size=12))
def test_clocks_agree_with_a_model(session: Session, acts: list[tuple[str, str, int]]) -> None:
    """Any acts in any order: what is left equals what a stopwatch per person would say."""
    nested = session.begin_nested()
    hall = Hall(session, closes_at=NOW + timedelta(days=30), opens_at=NOW)
    people = {"one": hall.one, "two": hall.two}
    attempts = {name: hall.start(person) for name, person in people.items()}
    targets = {
        "all": ALL,
        "east": Target(org_unit=hall.east),
        "west": Target(org_unit=hall.west),
        "one": Target(person=hall.one),
    }
    meant = {"all": {"one", "two"}, "east": {"one"}, "west": {"two"}, "one": {"one"}}
    left = dict.fromkeys(people, 50 * 60.0)
    open_pauses: dict[str, TimeChange] = {}
    now = NOW
    for what, whom, step in acts:
        now += timedelta(seconds=step)
        for name in people:
            if not any(name in meant[scope] for scope in open_pauses):
                left[name] -= step
        try:
            if what == "extend":
                change = hall.extend(targets[whom], 1, now)
                if not change.needs_approval:
                    for name in meant[whom]:
                        left[name] += 60
            elif what == "pause":
                open_pauses[whom] = hall.pause(targets[whom], now)
            elif whom in open_pauses:
                hall.resume(open_pauses.pop(whom), now)
        except Conflict:
            continue
    for name, attempt in attempts.items():
        session.refresh(attempt)
        assert remaining_ms(attempt, now) == max(0, left[name]) * 1000
    nested.rollback()
    session.expire_all()


# ---------------------------------------------------------------- extra time


def request(hall: Hall, *people: Person, **values: Any) -> list[Accommodation]:
    return request_accommodations(
        hall.session,
        **{
            "actor": hall.me,
            "staff_numbers": [person.staff_no for person in people],
            "reason": AccommodationReason.CARE,
            "percent": None,
            "minutes": 15,
            "document": "人社字〔2026〕3 号",
            "valid_from": NOW - timedelta(days=1),
            "valid_until": NOW + timedelta(days=300),
            "now": NOW,
            **values,
        },
    )


def test_extra_time_counts_once_approved_by_somebody_else(hall: Hall, session: Session) -> None:
    (row,) = request(hall, hall.one)
    with pytest.raises(Forbidden):
        approve_accommodation(session, actor=hall.me, row=row, now=NOW)
    assert hall.start(hall.two).extra_s == 0
    approve_accommodation(session, actor=hall.other, row=row, now=NOW)
    attempt = hall.start(hall.one)
    assert (attempt.extra_s, attempt.deadline_at) == (900, NOW + 65 * MINUTE)
    with pytest.raises(Conflict, match="已经处理"):
        approve_accommodation(session, actor=hall.other, row=row, now=NOW)
    actions = session.scalars(
        select(AuditEntry.action)
        .where(AuditEntry.action.startswith("accommodation"))
        .order_by(AuditEntry.id)
    ).all()
    assert actions == ["accommodation.request", "accommodation.approve"]


def test_not_approved_ended_or_out_of_its_period_gives_nothing(
    hall: Hall, session: Session
) -> None:
    request(hall, hall.one)
    assert hall.start(hall.one).extra_s == 0
    (row,) = request(hall, hall.two)
    approve_accommodation(session, actor=hall.other, row=row, now=NOW)
    end_accommodation(session, actor=hall.me, row=row, now=NOW)
    assert hall.start(hall.two).extra_s == 0
    with pytest.raises(Conflict, match="已经停用"):
        end_accommodation(session, actor=hall.me, row=row, now=NOW)
    (soon,) = request(hall, hall.late, valid_from=NOW + MINUTE)
    approve_accommodation(session, actor=hall.other, row=soon, now=NOW)
    assert hall.start(hall.late).extra_s == 0


def test_a_larger_one_that_waits_for_approval_gives_nothing_yet(
    hall: Hall, session: Session
) -> None:
    (small,) = request(hall, hall.one, minutes=5)
    approve_accommodation(session, actor=hall.other, row=small, now=NOW)
    (large,) = request(hall, hall.one, minutes=30)
    assert hall.start(hall.one).extra_s == 300
    submit_attempt(session, attempt=session.scalars(select(Attempt)).one(), now=NOW)
    hall.exam.attempts_max = 2
    approve_accommodation(session, actor=hall.other, row=large, now=NOW)
    session.flush()
    assert hall.start(hall.one).extra_s == 1800


def test_refused_before_it_was_approved(hall: Hall, session: Session) -> None:
    (row,) = request(hall, hall.one)
    end_accommodation(session, actor=hall.other, row=row, now=NOW)
    with pytest.raises(Conflict):
        approve_accommodation(session, actor=hall.other, row=row, now=NOW)


def test_several_are_approved_at_once_each_with_its_entry(hall: Hall, session: Session) -> None:
    rows = request(hall, hall.one, hall.two, hall.late)
    approve_accommodation(session, actor=hall.other, row=rows[0], now=NOW)
    done = approve_accommodations(session, actor=hall.other, rows=rows, now=NOW)
    assert [row.person_id for row in done] == [hall.two.id, hall.late.id]
    assert {row.approved_by_id for row in rows} == {hall.second.id}
    entries = session.scalars(
        select(AuditEntry.object_id).where(AuditEntry.action == "accommodation.approve")
    ).all()
    assert sorted(entries) == sorted(p.public_id for p in (hall.one, hall.two, hall.late))
    assert approve_accommodations(session, actor=hall.other, rows=rows, now=NOW) == []


def test_one_of_their_own_refuses_all_of_them(hall: Hall, session: Session) -> None:
    theirs = request(hall, hall.one)
    own = request(hall, hall.two, actor=hall.other)
    for rows in (theirs + own, request(hall, hall.late, hall.second)):
        with pytest.raises(Forbidden, match="自己"):
            approve_accommodations(session, actor=hall.other, rows=rows, now=NOW)
    with pytest.raises(DomainError, match="先选定"):
        approve_accommodations(session, actor=hall.other, rows=[], now=NOW)
    assert not session.scalars(
        select(Accommodation).where(Accommodation.approved_at.is_not(None))
    ).all()


def test_approving_several_through_the_page(
    hall: Hall, session: Session, client: Browser, browser: Any
) -> None:
    rows = request(hall, hall.one, hall.two)
    (own,) = request(hall, hall.late, actor=hall.other)
    session.commit()
    page, act = "/manage/accommodations", "/manage/accommodations/approve"
    client.sign_in(hall.second, session)
    shown = client.get(page).text
    assert shown.count('name="chosen"') == 2
    assert f'value="{own.public_id}"' not in shown
    chosen = [row.public_id for row in rows]
    refused = client.post(act, data={"chosen": [*chosen, own.public_id]}, follow_redirects=True)
    assert "不能批准自己登记的" in refused.text
    assert "请先选定要批准的人" in client.post(act, follow_redirects=True).text
    assert client.post(act, data={"chosen": [*chosen, "x"]}).status_code == 404
    session.expire_all()
    assert [row.approved_at for row in (*rows, own)] == [None] * 3
    done = client.post(act, data={"chosen": chosen}, follow_redirects=True)
    assert "已批准 2 条" in done.text
    again = client.post(act, data={"chosen": chosen}, follow_redirects=True)
    assert "已批准 0 条" in again.text
    assert "另有 2 条已经处理过" in again.text
    stranger = browser()
    stranger.sign_in(make_person(session, hall.west, Role.EXAMINER), session)
    assert stranger.post(act, data={"chosen": [rows[0].public_id]}).status_code == 404


def test_nobody_approves_for_themselves(hall: Hall, session: Session) -> None:
    (row,) = request(hall, hall.second)
    with pytest.raises(Forbidden, match="自己"):
        approve_accommodation(session, actor=hall.other, row=row, now=NOW)


def test_the_extra_time_goes_beyond_the_window_and_keys_wait(session: Session) -> None:
    hall = Hall(session, closes_at=NOW + 20 * MINUTE, review_policy=ReviewPolicy.AFTER_CLOSE)
    (row,) = request(hall, hall.one, minutes=None, percent=100)
    approve_accommodation(session, actor=hall.other, row=row, now=NOW)
    slow, quick = hall.start(hall.one), hall.start(hall.two)
    assert slow.deadline_at == NOW + 70 * MINUTE
    assert hall.exam.last_deadline_at == NOW + 70 * MINUTE
    submit_attempt(session, attempt=quick, now=NOW + MINUTE)
    grade = last_grade(session, quick.id)
    during = NOW + 60 * MINUTE
    assert not visible_of(hall.exam, quick, grade, during).review
    after = NOW + 70 * MINUTE + LATE_SYNC + timedelta(seconds=1)
    assert visible_of(hall.exam, quick, grade, after).review


def test_keys_wait_for_a_paused_candidate(session: Session) -> None:
    hall = Hall(session, closes_at=NOW + 60 * MINUTE, review_policy=ReviewPolicy.HIDDEN)
    hall.start(hall.one)
    quick = hall.start(hall.two)
    submit_attempt(session, attempt=quick, now=NOW + MINUTE)
    pause = hall.pause(Target(person=hall.one), NOW + 10 * MINUTE)
    after = NOW + 300 * MINUTE
    with pytest.raises(Conflict, match="暂停着"):
        release_results(session, actor=hall.me, exam=hall.exam, now=after)
    hall.exam.review_policy = ReviewPolicy.AFTER_CLOSE
    grade = last_grade(session, quick.id)
    seen = visible_of(hall.exam, quick, grade, after)
    assert (seen.score, seen.review) == (True, False)
    hall.resume(pause, after)
    assert not visible_of(hall.exam, quick, grade, after + 30 * MINUTE).review
    assert visible_of(hall.exam, quick, grade, after + 44 * MINUTE).review


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"staff_numbers": []}, "staff_numbers"),
        ({"staff_numbers": ["没有这个人"]}, "staff_numbers"),
        ({"minutes": None}, "minutes"),
        ({"percent": 10}, "minutes"),
        ({"minutes": 241}, "minutes"),
        ({"minutes": None, "percent": 101}, "percent"),
        ({"document": " "}, "document"),
        ({"valid_until": NOW - timedelta(days=2)}, "valid_until"),
        ({"valid_until": NOW}, "valid_until"),
        ({"valid_until": NOW + timedelta(days=2000)}, "valid_until"),
    ],
)
def test_requests_that_do_not_fit(hall: Hall, values: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as refused:
        request(hall, hall.one, **values)
    assert field in refused.value.fields
    assert not hall.session.scalars(select(Accommodation)).all()


def test_people_of_other_units_cannot_be_given_time(hall: Hall, session: Session) -> None:
    (row,) = request(hall, hall.one)
    stranger = make_actor(make_person(session, hall.west, Role.EXAMINER))
    for act in (approve_accommodation, end_accommodation):
        with pytest.raises(Forbidden):
            act(session, actor=stranger, row=row, now=NOW)
    with pytest.raises(DomainError, match="没有这些在岗人员"):
        request(hall, hall.one, actor=stranger)


# ---------------------------------------------------------------- at the same time


def test_start_and_extension_at_once_never_lose_the_extension(own_engine: Engine) -> None:
    """Whoever starts while everybody is being extended has the extension, whichever was first."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # only here

    with db.transaction(own_engine) as work:
        hall = Hall(work)
        exam_id, first = hall.exam.id, hall.me
        ids = [make_person(work, hall.east).id for _ in range(6)]

    def begin(person_id: int) -> None:
        with db.transaction(own_engine) as work:
            exam = work.get_one(Exam, exam_id)
            person = work.get_one(Person, person_id)
            start_attempt(work, exam=exam, person=person, now=NOW, seed="0" * 32)

    def extend() -> None:
        with db.transaction(own_engine) as work:
            exam = work.get_one(Exam, exam_id)
            extend_time(work, actor=first, exam=exam, target=ALL, minutes=5, reason="并发", now=NOW)

    with ThreadPoolExecutor(7) as pool:
        jobs = [pool.submit(begin, person_id) for person_id in ids[:3]]
        jobs.append(pool.submit(extend))
        jobs += [pool.submit(begin, person_id) for person_id in ids[3:]]
        for job in jobs:
            job.result()
    with db.new_session(own_engine, write=False) as work:
        attempts = work.scalars(select(Attempt)).all()
        assert {a.deadline_at for a in attempts} == {NOW + 55 * MINUTE}
        assert {a.state for a in attempts} == {AttemptState.IN_PROGRESS}
        assert len(attempts) == 6


def test_units_outside_the_exam_are_no_rooms(hall: Hall, session: Session) -> None:
    from elearn.exams.timing.forms import read_target  # noqa: PLC0415  # only here

    outside: OrgUnit = make_unit(session)
    assert read_target(session, hall.exam, {"to": "all"}).everybody
    room = read_target(session, hall.exam, {"to": hall.east.public_id})
    assert room.org_unit is hall.east
    assert read_target(session, hall.exam, {"person": hall.one.public_id}).person is hall.one
    with pytest.raises(DomainError, match="范围"):
        read_target(session, hall.exam, {})
    for posted in ({"to": outside.public_id}, {"person": make_person(session).public_id}):
        with pytest.raises(NotFound):
            read_target(session, hall.exam, posted)
