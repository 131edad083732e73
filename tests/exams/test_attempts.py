"""Start, save, submit, close: the life of an attempt, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.errors import Conflict, DomainError, Gone, NotFound
from elearn.core.questions.model import Question, QuestionStatus, QuestionType
from elearn.exams.attempts.events import AnswersRefused
from elearn.exams.attempts.queries import current_answers, own_attempt
from elearn.exams.attempts.services import (
    close_due_attempts,
    save_answers,
    save_page,
    start_attempt,
    submit_attempt,
)
from elearn.exams.grades.policy import GRACE, LATE_SYNC
from elearn.models import (
    AnswerEvent,
    Attempt,
    AttemptState,
    AuditEntry,
    ClosedBy,
    Exam,
    Grade,
    Person,
    TrainingRecord,
)
from tests.factories import NOW, make_person, make_unit
from tests.factories_exams import (
    all_right,
    cap_hours,
    event,
    make_attempt,
    make_bank,
    make_exam,
    make_question,
    make_revision,
    make_spec,
    parts_of,
    right_value,
    short_spec,
)

SECOND = timedelta(seconds=1)


@pytest.fixture
def bank(session: Session) -> list[Question]:
    return make_bank(session)


@pytest.fixture
def exam(session: Session, bank: list[Question]) -> Exam:
    unit = make_unit(session)
    return make_exam(session, unit, by=make_person(session, unit))


@pytest.fixture
def person(session: Session, exam: Exam) -> Person:
    return make_person(session, exam.org_unit)


@pytest.fixture
def attempt(session: Session, exam: Exam, person: Person) -> Attempt:
    return make_attempt(session, exam, person)


def count(session: Session, table: type[Any]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


# ---------------------------------------------------------------- start


def test_start_stores_the_paper_as_drawn(session: Session, exam: Exam, person: Person) -> None:
    made = start_attempt(session, exam=exam, person=person, now=NOW, seed="f" * 32)
    assert made.state == AttemptState.IN_PROGRESS
    assert (made.no, made.seed, made.last_seq, made.answered) == (1, "f" * 32, 0, 0)
    assert len(parts_of(made)) == 12  # ten items, two of them cases of two parts
    assert made.deadline_at == NOW + timedelta(seconds=exam.duration_s)
    assert len(made.paper_hash) == len(made.bank_hash) == 64


def test_same_seed_same_bank_gives_the_same_paper(session: Session, exam: Exam) -> None:
    one, two = make_person(session, exam.org_unit), make_person(session, exam.org_unit)
    first = make_attempt(session, exam, one, seed="a" * 32)
    second = make_attempt(session, exam, two, seed="a" * 32)
    other = make_attempt(session, exam, make_person(session, exam.org_unit), seed="b" * 32)
    assert first.paper_hash == second.paper_hash != other.paper_hash


def test_start_twice_gives_the_open_attempt(
    session: Session, exam: Exam, person: Person, attempt: Attempt
) -> None:
    again = start_attempt(session, exam=exam, person=person, now=NOW + SECOND, seed="9" * 32)
    assert again.id == attempt.id
    assert count(session, Attempt) == 1


def test_deadline_never_passes_the_window(session: Session, exam: Exam, person: Person) -> None:
    late = exam.closes_at - timedelta(minutes=5)
    made = start_attempt(session, exam=exam, person=person, now=late, seed="0")
    assert made.deadline_at == exam.closes_at


@pytest.mark.parametrize(
    ("when", "error", "code"),
    [
        (-timedelta(hours=2), Conflict, "E-NOTOPEN"),
        (timedelta(days=1), Gone, "E-CLOSED"),
        (timedelta(days=2), Gone, "E-CLOSED"),
    ],
)
def test_start_outside_the_window_is_refused(
    session: Session,
    exam: Exam,
    person: Person,
    when: timedelta,
    error: type[DomainError],
    code: str,
) -> None:
    with pytest.raises(error) as caught:
        start_attempt(session, exam=exam, person=person, now=NOW + when, seed="0")
    assert caught.value.code == code
    assert count(session, Attempt) == 0


def test_start_of_a_cancelled_exam_is_gone(session: Session, exam: Exam, person: Person) -> None:
    exam.cancelled_at = NOW
    session.flush()
    with pytest.raises(Gone):
        start_attempt(session, exam=exam, person=person, now=NOW, seed="0")


def test_start_is_for_the_invited_alone(session: Session, exam: Exam) -> None:
    elsewhere = make_person(session)
    left = make_person(session, exam.org_unit, active=False)
    for stranger in (elsewhere, left):
        with pytest.raises(NotFound):
            start_attempt(session, exam=exam, person=stranger, now=NOW, seed="0")


def test_attempts_are_used_up(session: Session, exam: Exam, person: Person) -> None:
    exam.attempts_max = 2
    session.flush()
    for no in (1, 2):
        made = start_attempt(session, exam=exam, person=person, now=NOW, seed=str(no))
        assert made.no == no
        submit_attempt(session, attempt=made, now=NOW + SECOND)
    with pytest.raises(Conflict) as caught:
        start_attempt(session, exam=exam, person=person, now=NOW + 2 * SECOND, seed="3")
    assert caught.value.code == "E-USED"


def test_start_after_a_dead_phone_closes_the_old_attempt(
    session: Session, exam: Exam, person: Person, attempt: Attempt
) -> None:
    exam.attempts_max = 2
    session.flush()
    later = attempt.deadline_at + GRACE + SECOND
    fresh = start_attempt(session, exam=exam, person=person, now=later, seed="1")
    assert fresh.no == 2
    assert (attempt.state, attempt.closed_by) == (AttemptState.SUBMITTED, ClosedBy.DEADLINE)


def test_a_bank_that_no_longer_fills_gives_no_shorter_paper(
    session: Session, exam: Exam, person: Person, bank: list[Question]
) -> None:
    from elearn.models import BankQuestion  # noqa: PLC0415

    for row in session.scalars(select(BankQuestion)).all()[1:]:
        row.status = QuestionStatus.RETIRED
    session.flush()
    with pytest.raises(Conflict) as caught:
        start_attempt(session, exam=exam, person=person, now=NOW, seed="0")
    assert caught.value.code == "E-SHORT"
    assert count(session, Attempt) == 0


# ---------------------------------------------------------------- save


def test_save_appends_and_counts_items(session: Session, attempt: Attempt) -> None:
    places = parts_of(attempt)
    reply = save_answers(
        session, attempt=attempt, events=[event(1, 0, [0], "e" * 16)], now=NOW + SECOND
    )
    assert (reply.acked, reply.seq, reply.saved) == (("e" * 16,), 1, 1)
    assert reply.remaining_ms == 3000_000 - 1000
    case = next(item for item, part, _ in places if part == 1)
    reply = save_answers(
        session, attempt=attempt, events=[event(case, 0, [1]), event(case, 1, [0])], now=NOW
    )
    assert (reply.seq, reply.saved) == (3, 2)
    assert (attempt.answered, attempt.last_saved_at) == (2, NOW)


def test_choices_are_stored_as_original_options(
    session: Session, attempt: Attempt, bank: list[Question]
) -> None:
    item, part, stored = parts_of(attempt)[0]
    save_answers(session, attempt=attempt, events=[event(item, part, [2])], now=NOW)
    assert current_answers(session, attempt.id) == {(item, part): [stored["option_order"][2]]}


def test_the_last_answer_counts_and_can_be_taken_back(session: Session, attempt: Attempt) -> None:
    for value in ([0], [1]):
        save_answers(session, attempt=attempt, events=[event(1, 0, value)], now=NOW)
    order = parts_of(attempt)[0][2]["option_order"]
    assert current_answers(session, attempt.id) == {(1, 0): [order[1]]}
    reply = save_answers(session, attempt=attempt, events=[event(1, 0, [])], now=NOW)
    assert (reply.saved, current_answers(session, attempt.id)) == (0, {})
    assert count(session, AnswerEvent) == 3


def test_repeated_delivery_changes_nothing(session: Session, attempt: Attempt) -> None:
    events = [event(1, 0, [0]), event(2, 0, [1])]
    first = save_answers(session, attempt=attempt, events=events, now=NOW)
    again = save_answers(session, attempt=attempt, events=[*events, events[0]], now=NOW)
    assert (again.acked, again.seq) == (first.acked, 2)
    assert count(session, AnswerEvent) == 2


def test_an_event_id_means_one_answer(session: Session, attempt: Attempt) -> None:
    save_answers(session, attempt=attempt, events=[event(1, 0, [0], "same-id-1")], now=NOW)
    for other in (event(1, 0, [1], "same-id-1"), event(2, 0, [0], "same-id-1")):
        with pytest.raises(DomainError) as caught:
            save_answers(session, attempt=attempt, events=[other], now=NOW)
        assert (caught.value.code, caught.value.status) == ("E-EVENT", 422)
    assert count(session, AnswerEvent) == 1


def test_one_delivery_with_one_id_twice_for_different_answers(
    session: Session, attempt: Attempt
) -> None:
    events = [event(1, 0, [0], "same-id-2"), event(1, 0, [1], "same-id-2")]
    with pytest.raises(DomainError) as caught:
        save_answers(session, attempt=attempt, events=events, now=NOW)
    assert caught.value.code == "E-EVENT"


@pytest.mark.parametrize(
    "broken",
    [
        "text",
        {"a": 1},
        [1],
        [None],
        [{}],
        [{"event_id": "x", "item": 1, "part": 0, "value": [0]}],
        [{"event_id": 7, "item": 1, "part": 0, "value": [0]}],
        [{"event_id": "a" * 41, "item": 1, "part": 0, "value": [0]}],
        [{"event_id": "有中文的编号很长", "item": 1, "part": 0, "value": [0]}],
        [{"event_id": "e" * 16, "item": "1", "part": 0, "value": [0]}],
        [{"event_id": "e" * 16, "item": True, "part": 0, "value": [0]}],
        [{"event_id": "e" * 16, "item": 1, "part": None, "value": [0]}],
        [{"event_id": "e" * 16, "item": 99, "part": 0, "value": [0]}],
        [{"event_id": "e" * 16, "item": 0, "part": 0, "value": [0]}],
        [{"event_id": "e" * 16, "item": 1, "part": 5, "value": [0]}],
        [{"event_id": "e" * 16, "item": 1, "part": -1, "value": [0]}],
        [{"event_id": "e" * 16, "item": 10**30, "part": 0, "value": [0]}],
        [{"event_id": "e" * 16, "item": 1, "part": 0, "value": [0], "score": 100}],
        [{"event_id": "e" * 16, "item": 1, "part": 0, "value": [4]}],
        [{"event_id": "e" * 16, "item": 1, "part": 0, "value": [-1]}],
        [{"event_id": "e" * 16, "item": 1, "part": 0, "value": [0, 1]}],
        [{"event_id": "e" * 16, "item": 1, "part": 0, "value": [0.5]}],
        [{"event_id": "e" * 16, "item": 1, "part": 0, "value": [[0]]}],
        [{"event_id": "e" * 16, "item": 1, "part": 0, "value": {"a": 0}}],
        [{"event_id": "e" * 16, "item": 1, "part": 0, "value": None}],
        [{"event_id": "e" * 16, "item": 1, "part": 0}],
        [{"event_id": "e" * 16, "item": 1, "part": 0, "value": "0"}],
        [{"event_id": f"event-{n:06}", "item": 1, "part": 0, "value": [0]} for n in range(601)],
    ],
)
def test_wrong_shapes_are_refused_whole(session: Session, attempt: Attempt, broken: Any) -> None:
    with pytest.raises(DomainError) as caught:
        save_answers(session, attempt=attempt, events=broken, now=NOW)
    assert caught.value.status == 422
    assert count(session, AnswerEvent) == 0


def test_a_refusal_names_the_event_and_keeps_the_rest_out(
    session: Session, attempt: Attempt
) -> None:
    good, bad = event(1, 0, [0], "good-event"), event(2, 0, [9], "bad-event")
    with pytest.raises(AnswersRefused) as caught:
        save_answers(session, attempt=attempt, events=[good, bad], now=NOW)
    assert set(caught.value.rejected) == {"bad-event"}
    assert count(session, AnswerEvent) == 0


def test_texts_are_limited(session: Session, bank: list[Question]) -> None:
    unit = make_unit(session)
    person = make_person(session, unit)
    exam = make_exam(session, unit, by=person, revision=make_revision(session, short_spec()))
    attempt = make_attempt(session, exam, person)
    save_answers(session, attempt=attempt, events=[event(2, 0, "长" * 2000)], now=NOW)
    with pytest.raises(AnswersRefused):
        save_answers(session, attempt=attempt, events=[event(2, 0, "长" * 2001)], now=NOW)


def test_flags_are_saved_and_checked(session: Session, attempt: Attempt) -> None:
    save_answers(session, attempt=attempt, events=[], flags=[3, 1, 3], now=NOW)
    assert attempt.flags == [1, 3]
    save_answers(session, attempt=attempt, events=[event(1, 0, [0])], now=NOW)
    assert attempt.flags == [1, 3]
    for wrong in ([99], ["1"], "1", [True], {"1": 1}):
        with pytest.raises(DomainError):
            save_answers(session, attempt=attempt, events=[], flags=wrong, now=NOW)  # type: ignore[arg-type]
    save_answers(session, attempt=attempt, events=[], flags=[], now=NOW)
    assert attempt.flags == []


def test_save_in_the_grace_counts_and_after_it_is_held(session: Session, attempt: Attempt) -> None:
    at_last = attempt.deadline_at + GRACE
    delivered = event(1, 0, [0])
    save_answers(session, attempt=attempt, events=[delivered], now=at_last)
    late = event(2, 0, [0])
    reply = save_answers(session, attempt=attempt, events=[late], now=at_last + SECOND)
    assert reply.statuses == {late["event_id"]: "HELD"}
    assert set(current_answers(session, attempt.id)) == {(1, 0)}
    with pytest.raises(Gone):
        save_answers(session, attempt=attempt, events=[], flags=[1], now=at_last + SECOND)
    # What is already in is acknowledged again, whenever the lost reply is asked for.
    again = save_answers(session, attempt=attempt, events=[delivered], now=at_last + SECOND)
    assert again.acked == (delivered["event_id"],)


def test_save_after_submission_is_gone(session: Session, attempt: Attempt) -> None:
    sent = event(1, 0, [0])
    save_answers(session, attempt=attempt, events=[sent], now=NOW)
    submit_attempt(session, attempt=attempt, now=NOW + SECOND)
    with pytest.raises(Gone) as caught:
        save_answers(session, attempt=attempt, events=[event(2, 0, [0])], now=NOW + SECOND)
    assert caught.value.code == "E-SUBMITTED"
    replay = save_answers(session, attempt=attempt, events=[sent], now=NOW + SECOND)
    assert replay.acked == (sent["event_id"],)
    assert count(session, AnswerEvent) == 1


# ---------------------------------------------------------------- the page without scripts


def page_of(attempt: Attempt, chosen: dict[str, list[str]], base: int = 0) -> dict[str, Any]:
    return {"base": [str(base)], "end": ["1"], **chosen}


def test_page_saves_what_changed(session: Session, attempt: Attempt) -> None:
    blank = next(item for item, _, part in parts_of(attempt) if part["type"] == "BLANK")
    posted = page_of(attempt, {"a-1-0": ["2"], f"a-{blank}-0-0": ["五"], "flag": ["2", "x"]})
    reply = save_page(session, attempt=attempt, posted=posted, now=NOW)
    assert (reply.saved, attempt.flags) == (2, [2])
    order = parts_of(attempt)[0][2]["option_order"]
    assert current_answers(session, attempt.id) == {(1, 0): [order[2]], (blank, 0): ["五", ""]}
    assert save_page(session, attempt=attempt, posted=posted, now=NOW).acked == ()
    assert count(session, AnswerEvent) == 2


def test_page_left_open_brings_no_old_answers_back(session: Session, attempt: Attempt) -> None:
    """Phone A shows the page at event 1; phone B answers; A saves only what A changed."""
    save_answers(session, attempt=attempt, events=[event(1, 0, [0])], now=NOW)
    base = attempt.last_seq
    save_answers(session, attempt=attempt, events=[event(1, 0, [1])], now=NOW)
    posted = page_of(attempt, {"a-1-0": ["0"], "a-2-0": ["3"]}, base)
    save_page(session, attempt=attempt, posted=posted, now=NOW)
    orders = [part["option_order"] for _, _, part in parts_of(attempt)]
    assert current_answers(session, attempt.id) == {(1, 0): [orders[0][1]], (2, 0): [orders[1][3]]}


def test_page_clears_one_question(session: Session, attempt: Attempt) -> None:
    save_answers(session, attempt=attempt, events=[event(1, 0, [0]), event(2, 0, [0])], now=NOW)
    posted = page_of(attempt, {"a-1-0": ["0"], "a-2-0": ["0"], "clear": ["2"]}, 2)
    save_page(session, attempt=attempt, posted=posted, now=NOW)
    assert set(current_answers(session, attempt.id)) == {(1, 0)}


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"end": ["1"]},
        {"base": ["0"]},
        {"base": ["-1"], "end": ["1"]},
        {"base": ["٣"], "end": ["1"]},
        {"base": ["0"], "end": ["1"], "a-1-0": ["9"]},
        {"base": ["0"], "end": ["1"], "a-1-0": ["x"]},
        {"base": ["0"], "end": ["1"], "a-1-0": ["0", "1"]},
    ],
)
def test_broken_page_saves_nothing(
    session: Session, attempt: Attempt, posted: dict[str, list[str]]
) -> None:
    save_answers(session, attempt=attempt, events=[event(1, 0, [0])], now=NOW)
    with pytest.raises(DomainError) as caught:
        save_page(session, attempt=attempt, posted=posted, now=NOW)
    assert caught.value.status == 422
    assert count(session, AnswerEvent) == 1


def test_page_after_the_end_is_gone(session: Session, attempt: Attempt) -> None:
    submit_attempt(session, attempt=attempt, now=NOW)
    with pytest.raises(Gone):
        save_page(session, attempt=attempt, posted=page_of(attempt, {"a-1-0": ["0"]}), now=NOW)


# ---------------------------------------------------------------- submit and close


def test_submit_grades_records_and_is_done_once(
    session: Session, attempt: Attempt, bank: list[Question]
) -> None:
    save_answers(session, attempt=attempt, events=all_right(attempt, bank), now=NOW)
    for _ in range(2):
        done = submit_attempt(session, attempt=attempt, now=NOW + SECOND)
        assert (done.state, done.submitted_at, done.closed_by) == (
            AttemptState.SUBMITTED,
            NOW + SECOND,
            ClosedBy.CANDIDATE,
        )
    grade = session.scalars(select(Grade)).one()
    assert (grade.no, grade.state, grade.score_centi, grade.full_centi) == (1, "FINAL", 2000, 2000)
    assert grade.passed
    record = session.scalars(select(TrainingRecord)).one()
    assert record.source_key == f"attempt:{attempt.public_id}"
    assert (record.passed, record.score_centi, record.hours_centi) == (True, 2000, 100)
    assert record.subject_hash == attempt.paper_hash
    assert record.evidence["bank_hash"] == attempt.bank_hash
    assert record.finished_at == NOW + SECOND


def test_a_failed_exam_is_recorded_without_hours(session: Session, attempt: Attempt) -> None:
    submit_attempt(session, attempt=attempt, now=NOW)
    record = session.scalars(select(TrainingRecord)).one()
    assert (record.passed, record.score_centi, record.hours_centi) == (False, 0, 0)


def test_passing_twice_gives_hours_once(
    session: Session, exam: Exam, person: Person, bank: list[Question]
) -> None:
    exam.attempts_max = 2
    session.flush()
    for no in range(2):
        made = start_attempt(session, exam=exam, person=person, now=NOW, seed=str(no))
        save_answers(session, attempt=made, events=all_right(made, bank), now=NOW)
        submit_attempt(session, attempt=made, now=NOW + SECOND)
    hours = session.scalars(select(TrainingRecord.hours_centi).order_by(TrainingRecord.id)).all()
    assert list(hours) == [100, 0]


def test_a_first_grade_goes_by_the_rule_its_unit_chose(
    session: Session, exam: Exam, person: Person, bank: list[Question]
) -> None:
    """An only attempt is looked at for nothing - unless the rule caps what a day may bring."""
    cap_hours(session, exam.org_unit)
    other = make_exam(session, exam.org_unit, by=person)
    for each in (exam, other):
        made = make_attempt(session, each, person)
        save_answers(session, attempt=made, events=all_right(made, bank), now=NOW)
        submit_attempt(session, attempt=made, now=NOW + SECOND)
    records = session.scalars(select(TrainingRecord).order_by(TrainingRecord.id)).all()
    assert [(record.credit_rule, record.hours_centi) for record in records] == [
        ("capped", 60),
        ("capped", 0),
    ]


def test_deadline_closes_without_a_client(
    session: Session, attempt: Attempt, bank: list[Question]
) -> None:
    save_answers(session, attempt=attempt, events=all_right(attempt, bank)[:3], now=NOW)
    on_time = attempt.deadline_at + GRACE
    assert close_due_attempts(session, now=on_time) == 0
    assert close_due_attempts(session, now=on_time + SECOND) == 1
    assert close_due_attempts(session, now=on_time + SECOND) == 0
    session.refresh(attempt)
    assert (attempt.state, attempt.closed_by) == (AttemptState.SUBMITTED, ClosedBy.DEADLINE)
    assert attempt.submitted_at == attempt.deadline_at
    assert session.scalars(select(Grade)).one().score_centi == 600
    assert (attempt.late_until, count(session, TrainingRecord)) == (
        attempt.deadline_at + LATE_SYNC,
        0,
    )
    over = attempt.deadline_at + LATE_SYNC
    assert close_due_attempts(session, now=over) == 0
    assert close_due_attempts(session, now=over + SECOND) == 1
    assert close_due_attempts(session, now=over + SECOND) == 0
    assert (count(session, Grade), count(session, TrainingRecord)) == (1, 1)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "attempt.close")).one()
    assert entry.object_id == attempt.public_id


def test_closing_can_be_narrowed(session: Session, exam: Exam, attempt: Attempt) -> None:
    other = make_attempt(session, exam, make_person(session, exam.org_unit))
    late = attempt.deadline_at + GRACE + SECOND
    assert close_due_attempts(session, now=late, exam_id=exam.id + 1) == 0
    assert close_due_attempts(session, now=late, person_id=other.person_id) == 1
    session.refresh(attempt)
    assert attempt.state == AttemptState.IN_PROGRESS
    assert close_due_attempts(session, now=late, exam_id=exam.id) == 1


def test_one_attempt_that_cannot_be_graded_does_not_hold_the_others(
    session: Session, exam: Exam, attempt: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    person = make_person(session, exam.org_unit)
    other = make_attempt(session, exam, person, seed="another paper")
    paper = {**attempt.paper}
    paper["sections"] = [
        {
            **paper["sections"][0],
            "items": [{**paper["sections"][0]["items"][0], "revision_hash": "0" * 64}],
        }
    ]
    attempt.paper = paper
    session.flush()
    assert close_due_attempts(session, now=attempt.deadline_at + GRACE + SECOND) == 1
    assert "could not be closed" in caplog.text
    for each in (attempt, other):
        session.refresh(each)
    assert (attempt.state, other.state) == (AttemptState.IN_PROGRESS, AttemptState.SUBMITTED)


def test_submitting_late_ends_at_the_deadline(session: Session, attempt: Attempt) -> None:
    submit_attempt(session, attempt=attempt, now=attempt.deadline_at + 5 * SECOND)
    assert (attempt.submitted_at, attempt.closed_by) == (attempt.deadline_at, ClosedBy.DEADLINE)


def test_short_answers_wait_for_a_marker(session: Session, bank: list[Question]) -> None:
    unit = make_unit(session)
    person = make_person(session, unit)
    exam = make_exam(session, unit, by=person, revision=make_revision(session, short_spec()))
    attempt = make_attempt(session, exam, person)
    save_answers(session, attempt=attempt, events=all_right(attempt, bank), now=NOW)
    submit_attempt(session, attempt=attempt, now=NOW)
    grade = session.scalars(select(Grade)).one()
    assert (grade.state, grade.passed, grade.score_centi) == ("PENDING", None, 200)
    assert count(session, TrainingRecord) == 0


def test_nobody_answering_short_questions_needs_no_marker(
    session: Session, bank: list[Question]
) -> None:
    unit = make_unit(session)
    person = make_person(session, unit)
    exam = make_exam(session, unit, by=person, revision=make_revision(session, short_spec()))
    attempt = make_attempt(session, exam, person)
    submit_attempt(session, attempt=attempt, now=NOW)
    assert session.scalars(select(Grade)).one().state == "FINAL"


def test_an_attempt_is_found_by_its_owner_alone(session: Session, attempt: Attempt) -> None:
    owner = session.get_one(Person, attempt.person_id)
    assert own_attempt(session, public_id=attempt.public_id, person=owner).id == attempt.id
    with pytest.raises(NotFound):
        own_attempt(session, public_id=attempt.public_id, person=make_person(session))


def test_multiple_choice_scoring_follows_the_blueprint(session: Session) -> None:
    from elearn.core.assembly.model import MultiScoring, Section  # noqa: PLC0415

    questions = make_bank(session, [make_question(QuestionType.MULTI) for _ in range(2)])
    unit = make_unit(session)
    for mode, points in ((MultiScoring.ALL_OR_NOTHING, 0), (MultiScoring.PARTIAL_NO_WRONG, 100)):
        person = make_person(session, unit)
        section = Section("多选题", QuestionType.MULTI, 1, 200)
        spec = make_spec(section, multi_scoring=mode)
        exam = make_exam(session, unit, by=person, revision=make_revision(session, spec))
        attempt = make_attempt(session, exam, person)
        half = right_value(attempt, 1, 0, questions)[:1]
        save_answers(session, attempt=attempt, events=[event(1, 0, half)], now=NOW)
        submit_attempt(session, attempt=attempt, now=NOW)
        grade = session.scalars(select(Grade).where(Grade.attempt_id == attempt.id)).one()
        assert grade.score_centi == points
