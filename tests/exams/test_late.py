"""补传待裁定: held answers are listed, counted or refused once, with a reason, and graded anew."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from elearn.core.access import Role
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.exams.attempts.queries import current_answers
from elearn.exams.attempts.saving import Sender, save_answers
from elearn.exams.attempts.services import close_due_attempts, submit_attempt
from elearn.exams.grades.policy import LATE_SYNC
from elearn.exams.late.queries import undecided
from elearn.exams.late.services import decide_held
from elearn.models import AnswerDecision, AnswerEvent, Attempt, AuditEntry, ExamNotice, Grade
from elearn.records.queries import records_of
from tests.conftest import Browser
from tests.factories import make_actor, make_grant, make_person
from tests.factories_exams import all_right, event, make_attempt, parts_of

from .conftest import Case

REASON = "考场断网，监考证明"


@pytest.fixture
def late(case: Case) -> Attempt:
    """Everything answered rightly, delivered an hour after the deadline."""
    started = datetime.now(UTC) - timedelta(hours=2)
    case.exam.opens_at = started - timedelta(minutes=1)
    case.session.flush()
    attempt = make_attempt(case.session, case.exam, case.person, now=started)
    after = attempt.deadline_at + LATE_SYNC + timedelta(minutes=20)
    close_due_attempts(case.session, now=after)
    events = [{**one, "made_ms": 65_000} for one in all_right(attempt, case.bank)]
    save_answers(
        case.session, attempt=attempt, events=events, now=after, sender=Sender("phone-0001")
    )
    case.session.commit()
    return attempt


def events_of(case: Case, attempt: Attempt) -> list[AnswerEvent]:
    query = select(AnswerEvent).where(AnswerEvent.attempt_id == attempt.id)
    return list(case.session.scalars(query.order_by(AnswerEvent.seq)))


def scores(case: Case) -> list[tuple[int, str]]:
    rows = case.session.scalars(select(Grade).order_by(Grade.no))
    return [(row.score_centi, row.reason) for row in rows]


def test_accepted_answers_count_in_a_new_grade(case: Case, late: Attempt) -> None:
    now = datetime.now(UTC)
    first, *rest = events_of(case, late)
    assert (current_answers(case.session, late.id), undecided(case.session, case.exam)) == ({}, 12)
    actor = make_actor(case.examiner)

    def decide(events: list[AnswerEvent], *, accepted: bool) -> None:
        decide_held(
            case.session,
            actor=actor,
            attempt=late,
            events=events,
            accepted=accepted,
            reason=REASON,
            now=now,
        )

    decide([first], accepted=False)
    assert scores(case) == [(0, "")]
    decide(rest, accepted=True)
    assert scores(case) == [(0, ""), (1800, "补传裁定")]
    assert (late.answered, undecided(case.session, case.exam)) == (9, 0)
    for again in (first, rest[0]):
        with pytest.raises(Conflict):
            decide([again], accepted=True)
    assert scores(case)[-1] == (1800, "补传裁定")
    acts = case.session.scalars(
        select(AuditEntry.action).where(AuditEntry.action.contains("_late")).order_by(AuditEntry.id)
    ).all()
    assert acts == ["attempt.refuse_late", "attempt.accept_late"]


def test_a_late_answer_that_costs_the_pass_hands_the_hours_on(case: Case) -> None:
    """The first attempt brought the hours, a second one passed as well; then the first no longer
    passes by what came late."""
    started = datetime.now(UTC) - timedelta(hours=2)
    case.exam.opens_at, case.exam.attempts_max = started - timedelta(minutes=1), 2
    case.session.flush()
    first = make_attempt(case.session, case.exam, case.person, now=started)
    phone = Sender("phone-0001")
    save_answers(
        case.session, attempt=first, events=all_right(first, case.bank), now=started, sender=phone
    )
    after = first.deadline_at + LATE_SYNC + timedelta(minutes=20)
    close_due_attempts(case.session, now=after)
    taken_back = [
        {**event(item, part, []), "made_ms": 65_000}
        for item, part, shown in parts_of(first)
        if shown["option_order"]
    ]
    save_answers(case.session, attempt=first, events=taken_back, now=after, sender=phone)
    second = make_attempt(case.session, case.exam, case.person, now=after)
    save_answers(case.session, attempt=second, events=all_right(second, case.bank), now=after)
    submit_attempt(case.session, attempt=second, now=after)

    def hours() -> list[tuple[bool | None, int]]:
        rows = records_of(case.session, case.person.id)
        return sorted((row.passed, row.hours_centi) for row in rows)

    assert hours() == [(True, 0), (True, 100)]
    decide_held(
        case.session,
        actor=make_actor(case.examiner),
        attempt=first,
        events=[each for each in events_of(case, first) if each.status == "HELD"],
        accepted=True,
        reason=REASON,
        now=after,
    )
    assert hours() == [(False, 0), (True, 100)]
    told = case.session.scalars(select(ExamNotice.text)).all()
    assert told == ["补传的答案经裁定计分，您的成绩已重新计算。"]


def test_nobody_decides_on_own_answers_or_without_a_reason(case: Case, late: Attempt) -> None:
    events = events_of(case, late)
    for actor, reason, error in (
        (make_actor(case.person), REASON, Forbidden),
        (make_actor(case.examiner), "  短 ", DomainError),
        (make_actor(case.examiner), "长" * 201, DomainError),
    ):
        with pytest.raises(error):
            decide_held(
                case.session,
                actor=actor,
                attempt=late,
                events=events,
                accepted=True,
                reason=reason,
                now=datetime.now(UTC),
            )
    assert scores(case) == [(0, "")]


def test_the_page_lists_and_decides(
    browser: Callable[[], Browser], case: Case, late: Attempt
) -> None:
    me = browser().sign_in(case.examiner, case.session)
    url = f"/manage/exams/{case.exam.public_id}/late"
    page = me.get(url).get_data(as_text=True)
    assert "还有 12 个答案等待裁定" in page
    assert case.person.name in page
    assert "截止前 1 分钟" in page
    ids = [event.event_id for event in events_of(case, late)]
    form = {"attempt": late.public_id, "event": ids[:2], "verdict": "accept", "reason": REASON}
    short = me.post(url, data={**form, "reason": "嗯"})
    assert (short.status_code, "请写明理由" in short.get_data(as_text=True)) == (422, True)
    assert me.post(url, data={**form, "verdict": "x"}).status_code == 422
    assert case.session.scalars(select(AnswerDecision)).all() == []
    done = me.post(url, data=form, follow_redirects=True).get_data(as_text=True)
    assert "成绩已重新计算" in done
    assert "还有 10 个答案等待裁定" in done
    assert me.post(url, data=form).status_code == 409  # a second click
    for wrong in ({"event": ["nothing-such"]}, {"attempt": "x"}):
        assert me.post(url, data={**form, **wrong}).status_code == 404


def test_examiners_of_other_units_find_nothing(
    browser: Callable[[], Browser], case: Case, late: Attempt
) -> None:
    elsewhere = make_person(case.session, None, Role.EXAMINER)
    url = f"/manage/exams/{case.exam.public_id}/late"
    form = {"attempt": late.public_id, "event": ["x"], "verdict": "accept", "reason": REASON}
    stranger = browser().sign_in(elsewhere, case.session)
    assert stranger.get(url).status_code == 404
    assert stranger.post(url, data=form).status_code == 404
    make_grant(case.session, case.person, Role.EXAMINER, case.exam.org_unit)
    case.session.commit()
    own = browser().sign_in(case.person, case.session)
    ids = [event.event_id for event in events_of(case, late)]
    assert own.post(url, data={**form, "event": ids}).status_code == 403
