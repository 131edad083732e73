"""The zero-loss protocol: base revisions, leases, late and held events (docs/decisions/0005)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.errors import DomainError, Gone
from elearn.core.questions.model import Question
from elearn.exams.attempts.events import LeaseHeld
from elearn.exams.attempts.lease import take_over
from elearn.exams.attempts.queries import current_answers
from elearn.exams.attempts.saving import Sender, save_answers, save_page
from elearn.exams.attempts.services import (
    close_due_attempts,
    settle_attempt,
    start_attempt,
    submit_attempt,
)
from elearn.exams.grades.policy import GRACE, HELD_AFTER_FINAL, LATE_SYNC
from elearn.exams.grades.queries import last_grade
from elearn.models import (
    AnswerEvent,
    Attempt,
    AuditEntry,
    Exam,
    Grade,
    Person,
    ReviewPolicy,
    TrainingRecord,
)
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_exams import (
    all_right,
    event,
    make_attempt,
    make_bank,
    make_exam,
    parts_of,
)

from .conftest import Case

SECOND = timedelta(seconds=1)
PHONE, TABLET = Sender("phone-0001"), Sender("tablet-01")


@pytest.fixture
def bank(session: Session) -> list[Question]:
    return make_bank(session)


@pytest.fixture
def exam(session: Session, bank: list[Question]) -> Exam:
    unit = make_unit(session)
    return make_exam(session, unit, by=make_person(session, unit, Role.EXAMINER))


@pytest.fixture
def person(session: Session, exam: Exam) -> Person:
    return make_person(session, exam.org_unit)


@pytest.fixture
def attempt(session: Session, exam: Exam, person: Person) -> Attempt:
    return make_attempt(session, exam, person)


def send(
    session: Session,
    attempt: Attempt,
    value: Any,
    sender: Sender = PHONE,
    *,
    item: int = 1,
    now: Any = NOW,
    **more: Any,
) -> tuple[str, Any]:
    """One event; (its status, the reply)."""
    sent = {**event(item, 0, value), **more}
    reply = save_answers(session, attempt=attempt, events=[sent], now=now, sender=sender)
    return reply.statuses[sent["event_id"]], reply


def chosen(session: Session, attempt: Attempt, item: int = 1) -> list[int]:
    """Screen positions of the answer that counts."""
    order = next(part["option_order"] for at, _, part in parts_of(attempt) if at == item)
    answer = current_answers(session, attempt.id).get((item, 0), [])
    return sorted(order.index(option) for option in answer)


# ---------------------------------------------------------------- bases


def test_own_later_events_never_conflict(session: Session, attempt: Attempt) -> None:
    """An offline phone sends what it did in a row, all with the base it knew."""
    for value in ([0], [1], [2]):
        assert send(session, attempt, value, base=0)[0] == "COUNTED"
    assert chosen(session, attempt) == [2]


def test_an_older_change_delivered_later_does_not_replace_the_newer(
    session: Session, attempt: Attempt
) -> None:
    assert send(session, attempt, [1], n=2)[0] == "COUNTED"
    status, reply = send(session, attempt, [0], n=1)
    assert (status, reply.conflicts) == ("CONFLICT", {"1-0": {"seq": 1, "value": [1]}})
    assert chosen(session, attempt) == [1]
    assert send(session, attempt, [3], n=3)[0] == "COUNTED"


def test_a_stale_base_of_another_device_is_kept_and_does_not_count(
    session: Session, attempt: Attempt, person: Person
) -> None:
    send(session, attempt, [0])
    take_over(session, attempt=attempt, device="tablet-01", actor=make_actor(person), now=NOW)
    status, reply = send(session, attempt, [1], TABLET, base=0)
    assert (status, reply.conflicts) == ("CONFLICT", {"1-0": {"seq": 1, "value": [0]}})
    assert (reply.seq, reply.saved, chosen(session, attempt)) == (2, 1, [0])
    # The person has seen both and chooses: a new event that knows what it replaces.
    assert send(session, attempt, [1], TABLET, base=1)[0] == "COUNTED"
    assert chosen(session, attempt) == [1]


def test_the_same_answer_from_two_devices_is_no_conflict(
    session: Session, attempt: Attempt, person: Person
) -> None:
    send(session, attempt, [0])
    take_over(session, attempt=attempt, device="tablet-01", actor=make_actor(person), now=NOW)
    assert send(session, attempt, [0], TABLET, base=0)[0] == "COUNTED"


def test_a_conflict_repeated_is_the_same_conflict(
    session: Session, attempt: Attempt, person: Person
) -> None:
    send(session, attempt, [0])
    take_over(session, attempt=attempt, device="tablet-01", actor=make_actor(person), now=NOW)
    stale = event(1, 0, [1])
    for _ in range(2):
        reply = save_answers(session, attempt=attempt, events=[stale], now=NOW, sender=TABLET)
        assert reply.statuses == {stale["event_id"]: "CONFLICT"}
        assert reply.conflicts["1-0"]["value"] == [0]
    assert session.scalar(select(func.count()).select_from(AnswerEvent)) == 2


def test_a_page_left_open_does_not_overwrite_what_another_page_saved(
    session: Session, attempt: Attempt
) -> None:
    """Both are kept, the other's stands, and the reply says where."""

    def page(value: str, base: int) -> Any:
        posted = {"base": [str(base)], "end": ["1"], "a-1-0": [value]}
        return save_page(session, attempt=attempt, posted=posted, now=NOW)

    assert page("0", 0).statuses
    stale = page("1", 0)
    assert (list(stale.statuses.values()), stale.conflicts["1-0"]["value"]) == (["CONFLICT"], [0])
    assert chosen(session, attempt) == [0]
    assert list(page("1", 1).statuses.values()) == ["COUNTED"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"base": -1},
        {"base": "0"},
        {"base": 2**31},
        {"base": None},
        {"n": True},
        {"n": -1},
        {"made_ms": "1"},
        {"made_ms": 10**13},
        {"made_ms": 1.5},
    ],
)
def test_wrong_claims_are_refused(
    session: Session, attempt: Attempt, wrong: dict[str, Any]
) -> None:
    with pytest.raises(DomainError) as caught:
        send(session, attempt, [0], **wrong)
    assert caught.value.status == 422


# ---------------------------------------------------------------- the lease


def test_the_first_named_device_writes_until_another_takes_over(
    session: Session, attempt: Attempt, person: Person
) -> None:
    send(session, attempt, [0])
    assert (attempt.device, attempt.device_since) == (PHONE.device, NOW)
    with pytest.raises(LeaseHeld) as held:
        send(session, attempt, [1], TABLET, base=1)
    assert (held.value.code, held.value.status, held.value.since) == ("E-LEASE", 409, NOW)
    with pytest.raises(LeaseHeld):
        send(session, attempt, [1], Sender(), base=1)
    later = NOW + SECOND
    for _ in range(2):
        take_over(session, attempt=attempt, device="tablet-01", actor=make_actor(person), now=later)
    assert (attempt.device, attempt.device_since) == ("tablet-01", later)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "attempt.take_over"))
    assert entry.one().object_id == attempt.public_id
    with pytest.raises(LeaseHeld):
        send(session, attempt, [1], base=1)


def test_what_was_acknowledged_is_acknowledged_again_without_the_lease(
    session: Session, attempt: Attempt, person: Person
) -> None:
    sent = event(1, 0, [0])
    save_answers(session, attempt=attempt, events=[sent], now=NOW, sender=PHONE)
    take_over(session, attempt=attempt, device="tablet-01", actor=make_actor(person), now=NOW)
    reply = save_answers(session, attempt=attempt, events=[sent], now=NOW, sender=PHONE)
    assert reply.acked == (sent["event_id"],)


def test_leftovers_of_the_old_device_count_where_nothing_newer_stands(
    session: Session, attempt: Attempt, person: Person
) -> None:
    send(session, attempt, [0])
    take_over(session, attempt=attempt, device="tablet-01", actor=make_actor(person), now=NOW)
    send(session, attempt, [1], TABLET, base=1)
    orphan = Sender(PHONE.device, orphan=True)
    assert send(session, attempt, [2], orphan, base=1)[0] == "CONFLICT"
    assert send(session, attempt, [2], orphan, item=2)[0] == "COUNTED"
    assert (chosen(session, attempt, 1), chosen(session, attempt, 2)) == ([1], [2])
    assert attempt.device == "tablet-01"


def test_no_takeover_after_the_end(session: Session, attempt: Attempt, person: Person) -> None:
    actor = make_actor(person)
    late = attempt.deadline_at + GRACE + SECOND
    with pytest.raises(Gone):
        take_over(session, attempt=attempt, device="tablet-01", actor=actor, now=late)
    submit_attempt(session, attempt=attempt, now=NOW)
    with pytest.raises(Gone):
        take_over(session, attempt=attempt, device="tablet-01", actor=actor, now=NOW)


# ---------------------------------------------------------------- late and held


@pytest.mark.parametrize("closed", [False, True])
def test_made_before_the_deadline_and_here_within_the_window_counts_late(
    session: Session, attempt: Attempt, bank: list[Question], *, closed: bool
) -> None:
    right = all_right(attempt, bank)
    now = attempt.deadline_at + GRACE + SECOND
    if closed:
        close_due_attempts(session, now=now)
    late = [{**one, "made_ms": 5000} for one in right]
    reply = save_answers(session, attempt=attempt, events=late, now=now, sender=PHONE)
    assert set(reply.statuses.values()) == {"LATE"}
    assert session.scalar(select(func.count()).select_from(TrainingRecord)) == 0
    over = attempt.deadline_at + LATE_SYNC + SECOND
    close_due_attempts(session, now=over)
    grades = session.scalars(select(Grade).order_by(Grade.no)).all()
    assert [(g.score_centi, g.reason) for g in grades] == (
        [(0, ""), (2000, "迟到补传")] if closed else [(2000, "")]
    )
    record = session.scalars(select(TrainingRecord)).one()
    assert (record.score_centi, record.passed) == (2000, True)
    assert record.finished_at == attempt.deadline_at


@pytest.mark.parametrize(
    ("after", "made_ms", "status"),
    [
        (timedelta(0), -1, "COUNTED"),
        (SECOND, 1, "COUNTED"),
        (SECOND, 0, "HELD"),
        (SECOND, -500, "HELD"),
        (SECOND, None, "COUNTED"),
        (GRACE, 1, "COUNTED"),
        (GRACE + SECOND, 1, "LATE"),
        (GRACE + SECOND, 0, "HELD"),
        (GRACE + SECOND, None, "HELD"),
        (GRACE + SECOND, 3_000_000, "LATE"),
        (GRACE + SECOND, 3_000_001, "HELD"),
        (LATE_SYNC, 1, "LATE"),
        (LATE_SYNC + SECOND, 1, "HELD"),
        (timedelta(days=1), 1, "HELD"),
    ],
)
@pytest.mark.parametrize("swept", [False, True])
def test_status_by_time_and_claim(
    session: Session,
    attempt: Attempt,
    after: timedelta,
    made_ms: int | None,
    status: str,
    *,
    swept: bool,
) -> None:
    """A closed attempt and one the sweeper has not reached answer alike."""
    now = attempt.deadline_at + after
    if swept:
        close_due_attempts(session, now=now)
        session.refresh(attempt)
    assert send(session, attempt, [0], now=now, made_ms=made_ms)[0] == status
    counts = status in {"COUNTED", "LATE"}
    assert chosen(session, attempt) == ([0] if counts else [])


def test_held_events_are_taken_until_a_day_after_results_can_be_final(
    session: Session, exam: Exam, attempt: Attempt
) -> None:
    last = exam.closes_at + LATE_SYNC + HELD_AFTER_FINAL
    close_due_attempts(session, now=last)
    assert send(session, attempt, [0], now=last, made_ms=1)[0] == "HELD"
    with pytest.raises(Gone) as caught:
        send(session, attempt, [1], now=last + SECOND, made_ms=1)
    assert caught.value.code == "E-DEADLINE"
    exam.review_policy = ReviewPolicy.HIDDEN
    session.flush()
    assert send(session, attempt, [1], now=last + SECOND, made_ms=1)[0] == "HELD"
    exam.results_released_at = last
    session.flush()
    with pytest.raises(Gone):
        send(session, attempt, [2], now=last + HELD_AFTER_FINAL + SECOND, made_ms=1)


def test_after_handing_in_only_leftovers_are_kept_and_held(
    session: Session, attempt: Attempt
) -> None:
    send(session, attempt, [0])
    submit_attempt(session, attempt=attempt, now=NOW)
    with pytest.raises(Gone):
        send(session, attempt, [1], made_ms=1)
    orphan = Sender("tablet-01", orphan=True)
    assert send(session, attempt, [1], orphan, made_ms=1)[0] == "HELD"
    assert chosen(session, attempt) == [0]


def test_late_answers_obey_the_base_rule_without_a_lease(
    session: Session, attempt: Attempt, person: Person
) -> None:
    send(session, attempt, [0])
    now = attempt.deadline_at + GRACE + SECOND
    assert send(session, attempt, [1], TABLET, now=now, made_ms=9)[0] == "CONFLICT"
    assert send(session, attempt, [1], TABLET, item=2, now=now, made_ms=9)[0] == "LATE"


def test_a_clock_set_back_loses_no_late_answer(session: Session, attempt: Attempt) -> None:
    closed = attempt.deadline_at + GRACE + 60 * SECOND
    submit_attempt(session, attempt=attempt, now=closed)
    assert send(session, attempt, [0], now=closed - 50 * SECOND, made_ms=9)[0] == "LATE"
    settle_attempt(session, attempt=attempt, now=attempt.deadline_at + LATE_SYNC + SECOND)
    grade = last_grade(session, attempt.id)
    assert grade is not None
    assert (grade.no, grade.reason) == (2, "迟到补传")


def test_a_new_attempt_does_not_wait_for_the_window_of_the_old_one(
    session: Session, exam: Exam, attempt: Attempt, person: Person
) -> None:
    exam.attempts_max = 2
    session.flush()
    later = attempt.deadline_at + GRACE + SECOND
    second = start_attempt(session, exam=exam, person=person, now=later, seed="1")
    assert (second.no, attempt.late_until) == (2, attempt.deadline_at + LATE_SYNC)


# ---------------------------------------------------------------- over HTTP


@pytest.fixture
def me(browser: Callable[[], Browser], case: Case) -> Browser:
    return browser().sign_in(case.person, case.session)


def start(me: Browser, case: Case) -> str:
    me.post(f"/exams/{case.exam.public_id}/start", data={"agreed": "1"})
    return f"/attempts/{case.attempt().public_id}"


def test_a_delivery_repeated_over_http_is_acknowledged_again(me: Browser, case: Case) -> None:
    """The device that writes, no count of its own: what the short way takes first."""
    url = f"{start(me, case)}/answers"
    first, second = event(1, 0, [1]), event(2, 0, [0])
    for sent, seq in ((first, 1), (second, 2), (second, 2), (first, 2)):
        reply = me.post(url, json={"device": "phone-0001", "events": [sent]})
        assert reply.status_code == 200
        body = reply.get_json()
        assert (body["statuses"], body["seq"]) == ({sent["event_id"]: "COUNTED"}, seq)


def test_a_stranger_saves_nothing_the_short_way(
    me: Browser, case: Case, browser: Callable[[], Browser]
) -> None:
    """With the very device that writes."""
    url = f"{start(me, case)}/answers"
    assert me.post(url, json={"device": "phone-0001", "events": [event(1, 0, [1])]}).status_code
    stranger = browser().sign_in(case.stranger, case.session)
    body = {"device": "phone-0001", "events": [event(2, 0, [0])]}
    assert stranger.post(url, json=body).status_code == 404
    assert me.post(url, json=body).get_json()["seq"] == 2


def test_a_save_in_a_pause_says_that_the_clock_stands(me: Browser, case: Case) -> None:
    url = f"{start(me, case)}/answers"
    for paused, item in ((False, 1), (True, 2)):
        case.attempt().paused_at = datetime.now(UTC) if paused else None
        case.session.commit()
        body = {"device": "phone-0001", "events": [event(item, 0, [1])]}
        assert me.post(url, json=body).get_json()["paused"] is paused


def test_two_devices_over_http(me: Browser, case: Case) -> None:
    url = start(me, case)
    sent = {**event(1, 0, [1]), "base": 0, "made_ms": 2_999_000, "n": 1}
    assert (
        me.post(f"{url}/answers", json={"device": "phone-0001", "events": [sent]}).status_code
        == 200
    )
    state = me.get(f"{url}/state?device=tablet-01").get_json()
    assert state["lease"]["mine"] is False
    assert state["seqs"] == {"1-0": 1}
    assert state["answers"]["1-0"] == [1]
    refused = me.post(f"{url}/answers", json={"device": "tablet-01", "events": [event(2, 0, [0])]})
    body = refused.get_json()
    assert (refused.status_code, body["error"]["code"]) == (409, "E-LEASE")
    assert body["holder_since"] == state["lease"]["since"]
    taken = me.post(f"{url}/takeover", json={"device": "tablet-01"})
    assert (taken.status_code, taken.get_json()["lease"]["mine"]) == (200, True)
    stale = {**event(1, 0, [0]), "base": 0}
    reply = me.post(f"{url}/answers", json={"device": "tablet-01", "events": [stale]}).get_json()
    assert reply["statuses"] == {stale["event_id"]: "CONFLICT"}
    assert reply["conflicts"] == {"1-0": {"seq": 1, "value": [1]}}
    orphan = {"device": "phone-0001", "orphan": True, "events": [{**event(3, 0, [0]), "base": 0}]}
    assert set(me.post(f"{url}/answers", json=orphan).get_json()["statuses"].values()) == {
        "COUNTED"
    }


@pytest.mark.parametrize("device", [7, "短", "x", "a" * 41, None, ""])
def test_a_takeover_names_its_device(me: Browser, case: Case, device: Any) -> None:
    url = start(me, case)
    assert me.post(f"{url}/takeover", json={"device": device}).status_code == 422
    assert me.post(f"{url}/takeover", json={"device": "tablet-01", "x": 1}).status_code == 422
    bad = me.post(
        f"{url}/takeover", json={"device": "tablet-01", "csrf": "x"}, headers={"X-CSRFToken": ""}
    )
    assert bad.status_code == 400


def test_the_page_without_scripts_says_where_another_page_was_faster(
    me: Browser, case: Case
) -> None:
    url = start(me, case)
    for value in ("0", "1"):
        form = {"base": "0", "end": "1", "a-1-0": value, "do": "check"}
        page = me.post(f"{url}/page", data=form, follow_redirects=True)
    text = page.get_data(as_text=True)
    assert "第 1 题刚才在别处改过" in text
    assert page.request.path == url
