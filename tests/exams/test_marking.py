"""Marking: the queue without names, points within the rubric, one final grade and record."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.exams.attempts.services import save_answers, submit_attempt
from elearn.exams.marking.forms import read_marks
from elearn.exams.marking.queries import get_marking, marking_tasks, queue_query
from elearn.exams.marking.services import PartMark, mark_attempt, scaled_points
from elearn.models import (
    Attempt,
    AuditEntry,
    Grade,
    Mark,
    MarkingTurn,
    OrgUnit,
    Person,
    ReviewPolicy,
    TrainingRecord,
)
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_exams import (
    CANARY,
    event,
    make_attempt,
    make_bank,
    make_exam,
    make_revision,
    short_spec,
)

FULL = PartMark((400, 600))


@pytest.fixture
def root(session: Session) -> OrgUnit:
    make_bank(session)
    return make_unit(session)


@pytest.fixture
def marker(session: Session, root: OrgUnit) -> Person:
    return make_person(session, root, Role.MARKER)


@pytest.fixture
def attempt(session: Session, root: OrgUnit, marker: Person) -> Attempt:
    return hand_in(session, root, marker)


def hand_in(
    session: Session,
    unit: OrgUnit,
    by: Person,
    *,
    person: Person | None = None,
    now: datetime = NOW,
    **values: Any,
) -> Attempt:
    """A paper with two answered short answers."""
    revision = make_revision(session, short_spec(pass_centi=2000))
    exam = make_exam(session, unit, by=by, revision=revision, now=now, **values)
    person = person or make_person(session, make_unit(session, unit))
    made = make_attempt(session, exam, person, now=now)
    events = [event(2, 0, "甲的回答"), event(3, 0, "<b>乙</b>的回答")]
    save_answers(session, attempt=made, events=events, now=now)
    submit_attempt(session, attempt=made, now=now)
    session.commit()
    return made


def mark(session: Session, marker: Person, attempt: Attempt, given: Any) -> bool:
    later = NOW + timedelta(hours=1)
    return mark_attempt(session, actor=make_actor(marker), attempt=attempt, given=given, now=later)


def test_tasks_are_the_answered_short_answers(session: Session, attempt: Attempt) -> None:
    tasks = marking_tasks(session, attempt)
    assert [(task.item, task.part, task.answer) for task in tasks] == [
        (2, 0, "甲的回答"),
        (3, 0, "<b>乙</b>的回答"),
    ]
    assert all(CANARY in task.reference for task in tasks)
    assert [point.points_centi for point in tasks[0].rubric] == [400, 600]
    assert tasks[0].full_centi == 2000


def test_the_last_mark_makes_the_final_grade_and_the_record(
    session: Session, marker: Person, attempt: Attempt
) -> None:
    assert mark(session, marker, attempt, {(2, 0): FULL}) is False
    assert session.scalar(select(func.count()).select_from(TrainingRecord)) == 0
    assert mark(session, marker, attempt, {(3, 0): PartMark((100, 50), "要点不全")}) is True
    grades = session.scalars(select(Grade).order_by(Grade.no)).all()
    assert [(g.no, g.state, g.passed, g.score_centi) for g in grades] == [
        (1, "PENDING", None, 0),
        (2, "FINAL", True, 2300),
    ]
    record = session.scalars(select(TrainingRecord)).one()
    assert (record.passed, record.score_centi, record.finished_at) == (True, 2300, NOW)
    marks = session.scalars(select(Mark).order_by(Mark.id)).all()
    assert [(m.points_centi, m.rubric, m.comment) for m in marks] == [
        (2000, [400, 600], ""),
        (300, [100, 50], "要点不全"),
    ]
    audits = session.scalars(select(AuditEntry).where(AuditEntry.action == "attempt.mark")).all()
    assert len(audits) == 2
    assert attempt.person.name not in str([entry.summary for entry in audits])


def test_marks_can_be_corrected_until_the_grade_is_final(
    session: Session, marker: Person, attempt: Attempt
) -> None:
    for given in (PartMark((0, 0)), FULL, FULL):
        mark(session, marker, attempt, {(2, 0): given})
    assert session.scalar(select(func.count()).select_from(Mark)) == 2
    mark(session, marker, attempt, {(3, 0): PartMark((0, 0))})
    assert session.scalars(select(Grade).where(Grade.no == 2)).one().score_centi == 2000
    with pytest.raises(Conflict) as caught:
        mark(session, marker, attempt, {(3, 0): FULL})
    assert caught.value.code == "E-MARKED"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {(2, 0): PartMark((401, 600))},
        {(2, 0): PartMark((-1, 0))},
        {(2, 0): PartMark((400,))},
        {(2, 0): PartMark(())},
        {(1, 0): PartMark((100,))},
        {(9, 0): FULL},
        {(2, 1): FULL},
        {(2, 0): PartMark((0, 0), "长" * 1001)},
    ],
)
def test_points_outside_the_rubric_are_refused(
    session: Session, marker: Person, attempt: Attempt, given: Any
) -> None:
    with pytest.raises(DomainError) as caught:
        mark(session, marker, attempt, given)
    assert caught.value.status == 422
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Mark)) == 0


def test_nobody_marks_an_own_paper(session: Session, root: OrgUnit, marker: Person) -> None:
    own = hand_in(session, root, marker, person=marker)
    with pytest.raises(Forbidden):
        mark(session, marker, own, {(2, 0): FULL})
    with pytest.raises(NotFound):
        get_marking(session, public_id=own.public_id, actor=make_actor(marker))
    assert session.scalars(queue_query(make_actor(marker), now=NOW)).all() == []


def test_a_running_attempt_cannot_be_marked(
    session: Session, root: OrgUnit, marker: Person
) -> None:
    revision = make_revision(session, short_spec())
    exam = make_exam(session, root, by=marker, revision=revision)
    running = make_attempt(session, exam, make_person(session, root))
    with pytest.raises(Conflict):
        mark(session, marker, running, {(2, 0): FULL})


def test_the_queue_is_scoped_and_oldest_first(
    session: Session, root: OrgUnit, marker: Person, attempt: Attempt
) -> None:
    older = hand_in(session, root, marker, now=NOW - timedelta(hours=2))
    elsewhere = make_unit(session)
    foreign = hand_in(session, elsewhere, marker, person=make_person(session, elsewhere))
    actor = make_actor(marker)
    assert [a.id for a in session.scalars(queue_query(actor, now=NOW))] == [older.id, attempt.id]
    with pytest.raises(NotFound):
        get_marking(session, public_id=foreign.public_id, actor=actor)
    mark(session, marker, older, {(2, 0): FULL, (3, 0): FULL})
    assert [a.id for a in session.scalars(queue_query(actor, now=NOW))] == [attempt.id]


@pytest.mark.parametrize(
    ("full", "given", "rubric", "points"),
    [
        (2000, (400, 600), (400, 600), 2000),
        (2000, (0, 0), (400, 600), 0),
        (1000, (100, 0), (300, 600), 111),
        (333, (300,), (300,), 333),
        (333, (299,), (300,), 331),
    ],
)
def test_rubric_points_are_scaled_down(
    full: int, given: tuple[int, ...], rubric: tuple[int, ...], points: int
) -> None:
    assert scaled_points(full, given, rubric) == points


def test_form_reads_points_and_names_what_is_wrong(session: Session, attempt: Attempt) -> None:
    tasks = marking_tasks(session, attempt)
    given, problems = read_marks(tasks, {"m-2-0-0": "４", "m-2-0-1": "5.5", "c-2-0": " 好 "})
    assert (given, problems) == ({(2, 0): PartMark((400, 550), "好")}, {})
    posted = {"m-2-0-0": "4", "m-3-0-0": "7", "m-3-0-1": "-1"}
    _, problems = read_marks(tasks, posted)
    assert set(problems) == {"m-2-0-1", "m-3-0-0", "m-3-0-1"}
    assert read_marks(tasks, {"c-2-0": "只有评语"}) == ({}, {})


# ---------------------------------------------------------------- pages


def test_marking_pages(
    client: Browser, session: Session, root: OrgUnit, marker: Person, attempt: Attempt
) -> None:
    client.sign_in(marker, session)
    attempt.exam.review_policy = ReviewPolicy.AT_ONCE
    session.commit()
    person = attempt.person
    listed = client.get("/manage/marking").get_data(as_text=True)
    url = f"/manage/marking/{attempt.public_id}"
    assert f"{url}/take" in listed
    assert client.post(f"{url}/take").headers["Location"] == url
    page = client.get(url).get_data(as_text=True)
    for text in (listed, page):
        assert person.name not in text
        assert person.staff_no not in text
    assert "甲的回答" in page
    assert "&lt;b&gt;乙&lt;/b&gt;" in page
    assert CANARY in page
    wrong = client.post(url, data={"m-2-0-0": "9", "m-2-0-1": "1"})
    assert wrong.status_code == 422
    assert 'value="9"' in wrong.get_data(as_text=True)
    part = client.post(url, data={"m-2-0-0": "4", "m-2-0-1": "6"})
    assert part.headers["Location"] == url
    assert 'value="6"' in client.get(url).get_data(as_text=True)
    everything = {"m-2-0-0": "4", "m-2-0-1": "6", "m-3-0-0": "1", "m-3-0-1": "0", "c-3-0": "再想想"}
    done = client.post(url, data=everything)
    assert done.headers["Location"] == "/manage/marking"
    assert client.post(url, data=everything).status_code == 409
    assert client.get(url).headers["Location"] == "/manage/marking"
    assert "没有待阅的答卷" in client.get("/manage/marking").get_data(as_text=True)
    result = client.sign_in(person, session).get(f"/attempts/{attempt.public_id}/result")
    assert "22 / 42 分" in result.get_data(as_text=True)
    assert "再想想" in result.get_data(as_text=True)


def test_looking_at_a_sheet_takes_nothing(
    browser: Any, session: Session, root: OrgUnit, marker: Person, attempt: Attempt
) -> None:
    """A prefetch, the back button or a shared link must not keep a sheet from the others."""
    other = make_person(session, root, Role.MARKER)
    url = f"/manage/marking/{attempt.public_id}"
    here, there = browser().sign_in(marker, session), browser().sign_in(other, session)
    for _ in range(2):
        page = here.get(url)
        assert page.status_code == 200
        assert "领这份来评" in page.text
        assert "甲的回答" not in page.text
        assert CANARY not in page.text
    assert session.scalar(select(func.count()).select_from(MarkingTurn)) == 0
    assert there.post(f"{url}/take").headers["Location"] == url
    assert "甲的回答" in there.get(url).text
    assert "已有别的阅卷人" in here.get(url, follow_redirects=True).text
    assert "已有别的阅卷人" in here.post(f"{url}/take", follow_redirects=True).text
    turn = session.scalars(select(MarkingTurn)).one()
    assert turn.marker_id == other.id
    turn.leased_until = NOW  # long over: nothing is held any more, and looking does not prolong it
    session.commit()
    assert "领这份来评" in there.get(url).text
    session.expire_all()
    assert session.scalars(select(MarkingTurn.leased_until)).one() == NOW
    assert here.post(f"{url}/take").headers["Location"] == url
    assert here.get(f"{url}/take").status_code == 405


def test_marking_leads_to_the_next_paper(
    client: Browser, session: Session, root: OrgUnit, marker: Person, attempt: Attempt
) -> None:
    other = hand_in(session, root, marker)
    client.sign_in(marker, session)
    full = {"m-2-0-0": "4", "m-2-0-1": "6", "m-3-0-0": "4", "m-3-0-1": "6"}
    response = client.post(f"/manage/marking/{attempt.public_id}", data=full)
    assert response.headers["Location"] == f"/manage/marking/{other.public_id}"


def test_marking_pages_are_for_markers_of_the_unit(
    browser: Any, session: Session, root: OrgUnit, marker: Person, attempt: Attempt
) -> None:
    url = f"/manage/marking/{attempt.public_id}"
    stranger = browser().sign_in(make_person(session, None, Role.MARKER), session)
    assert stranger.get(url).status_code == 404
    assert stranger.post(url, data={"m-2-0-0": "4"}).status_code == 404
    assert "没有待阅的答卷" in stranger.get("/manage/marking").get_data(as_text=True)
    for role in (Role.EXAMINER, Role.HR):
        client = browser().sign_in(make_person(session, root, role), session)
        assert client.get("/manage/marking").status_code == 403
        assert client.post(url).status_code == 403
    assert browser().get(url).headers["Location"].startswith("/sign-in")
    mine = browser().sign_in(marker, session)
    assert mine.post("/manage/marking").status_code == 405
    assert mine.post(url, headers={"X-CSRFToken": ""}).status_code == 400
    assert session.scalar(select(func.count()).select_from(Mark)) == 0
