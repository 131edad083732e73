"""Scheduling, cancelling, releasing, watching: services and pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.errors import Conflict, DomainError, Forbidden, Infeasible
from elearn.core.questions.model import QuestionStatus
from elearn.exams.attempts.services import save_answers, submit_attempt
from elearn.exams.grades.policy import LATE_SYNC
from elearn.exams.sittings.queries import (
    candidates_query,
    exams_of_person_query,
    is_eligible,
    pending_grades,
)
from elearn.exams.sittings.services import cancel_exam, release_results, schedule_exam
from elearn.models import (
    AuditEntry,
    BankQuestion,
    BlueprintRevision,
    Exam,
    ExamCandidate,
    OrgUnit,
    Party,
    Person,
    ReviewPolicy,
)
from tests.conftest import Browser
from tests.exams.conftest import Case
from tests.factories import NOW, make_actor, make_grant, make_person, make_unit
from tests.factories_exams import (
    event,
    make_attempt,
    make_bank,
    make_exam,
    make_revision,
    make_spec,
    short_spec,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def root(session: Session) -> OrgUnit:
    make_bank(session)
    return make_unit(session)


@pytest.fixture
def examiner(session: Session, root: OrgUnit) -> Person:
    return make_person(session, root, Role.EXAMINER, rank="县处级副职")


@pytest.fixture
def revision(session: Session, root: OrgUnit) -> BlueprintRevision:
    return make_revision(session)


def schedule(
    session: Session, examiner: Person, revision: BlueprintRevision, unit: OrgUnit, **values: Any
) -> Exam:
    defaults: dict[str, Any] = {
        "actor": make_actor(examiner),
        "blueprint_revision": revision,
        "title": " 季度测试 ",
        "opens_at": NOW + HOUR,
        "closes_at": NOW + 3 * HOUR,
        "org_unit": unit,
        "attempts_max": 1,
        "review_policy": ReviewPolicy.AFTER_CLOSE,
        "now": NOW,
    }
    return schedule_exam(session, **{**defaults, **values})


def people_of(session: Session, exam: Exam) -> set[str]:
    return {person.staff_no for person in session.scalars(candidates_query(exam))}


# ---------------------------------------------------------------- schedule


def test_schedule_for_a_subtree(
    session: Session, root: OrgUnit, examiner: Person, revision: BlueprintRevision
) -> None:
    unit = make_unit(session, root)
    below = make_person(session, make_unit(session, unit))
    inside = make_person(session, unit)
    make_person(session, unit, active=False)
    make_person(session, make_unit(session, root))
    exam = schedule(session, examiner, revision, unit)
    assert (exam.title, exam.duration_s, exam.ranks, exam.listed_only) == (
        "季度测试",
        3000,
        "",
        False,
    )
    assert people_of(session, exam) == {below.staff_no, inside.staff_no}
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "exam.schedule")).one()
    assert (entry.actor_id, entry.object_id) == (examiner.id, exam.public_id)


def test_schedule_by_rank(
    session: Session, root: OrgUnit, examiner: Person, revision: BlueprintRevision
) -> None:
    first = make_person(session, root, rank="乡科级副职")
    second = make_person(session, root, rank="乡科级正职")
    other = make_person(session, root, rank="科员")
    exam = schedule(session, examiner, revision, root, ranks=["乡科级副职", "乡科级正职"])
    assert exam.ranks == "|乡科级副职|乡科级正职|"
    assert people_of(session, exam) == {first.staff_no, second.staff_no}
    for person, invited in ((first, True), (other, False)):
        assert is_eligible(session, exam=exam, person=person) is invited
        mine = session.scalars(exams_of_person_query(person)).all()
        assert (exam in mine) is invited


def test_a_party_paper_is_not_given_to_people_outside_the_party(
    session: Session, root: OrgUnit, examiner: Person
) -> None:
    examiner.party = Party.PARTY
    member = make_person(session, root, party=Party.PARTY)
    outside = make_person(session, root, party=Party.NON_PARTY)
    unknown = make_person(session, root)
    revision = make_revision(session, make_spec(code="party", audience=("党员",)))
    with pytest.raises(DomainError) as refused:
        schedule(session, examiner, revision, root)
    assert outside.staff_no in refused.value.fields["listed"]
    assert unknown.staff_no in refused.value.fields["listed"]
    assert "2 人" in refused.value.fields["listed"]
    exam = schedule(session, examiner, revision, root, listed=[member.staff_no])
    assert people_of(session, exam) == {member.staff_no}


def test_schedule_by_list(
    session: Session, root: OrgUnit, examiner: Person, revision: BlueprintRevision
) -> None:
    chosen, other = make_person(session, root), make_person(session, root)
    exam = schedule(session, examiner, revision, root, listed=[chosen.staff_no, chosen.staff_no])
    assert exam.listed_only
    assert people_of(session, exam) == {chosen.staff_no}
    assert session.scalar(select(func.count()).select_from(ExamCandidate)) == 1
    for person, invited in ((chosen, True), (other, False)):
        assert is_eligible(session, exam=exam, person=person) is invited
        assert (exam in session.scalars(exams_of_person_query(person)).all()) is invited


def test_list_names_everybody_who_does_not_fit(
    session: Session, root: OrgUnit, examiner: Person, revision: BlueprintRevision
) -> None:
    gone = make_person(session, root, active=False)
    outside = make_person(session)
    good = make_person(session, root)
    numbers = [good.staff_no, "无此人1", "无此人2", gone.staff_no, outside.staff_no]
    with pytest.raises(DomainError) as caught:
        schedule(session, examiner, revision, root, listed=numbers)
    message = caught.value.fields["listed"]
    assert "没有这些工号：无此人1、无此人2" in message
    assert f"已停用：{gone.staff_no}" in message
    assert f"不在{root.name}：{outside.staff_no}" in message
    assert session.scalar(select(func.count()).select_from(Exam)) == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "长" * 201}, "title"),
        ({"attempts_max": 0}, "attempts_max"),
        ({"attempts_max": 21}, "attempts_max"),
        ({"closes_at": NOW + HOUR}, "closes_at"),
        ({"closes_at": NOW}, "closes_at"),
        ({"opens_at": NOW - 5 * HOUR, "closes_at": NOW - HOUR}, "closes_at"),
        ({"closes_at": NOW + HOUR + timedelta(minutes=49)}, "closes_at"),
        ({"closes_at": NOW + timedelta(days=400)}, "closes_at"),
        ({"ranks": ["没有的职级"]}, "ranks"),
        ({"ranks": ["科员"], "listed": ["x"]}, "ranks"),
        ({"ranks": ["省部级正职"]}, "org_unit"),
    ],
)
def test_schedule_refuses_what_cannot_work(
    session: Session,
    root: OrgUnit,
    examiner: Person,
    revision: BlueprintRevision,
    values: dict[str, Any],
    field: str,
) -> None:
    with pytest.raises(DomainError) as caught:
        schedule(session, examiner, revision, root, **values)
    assert field in caught.value.fields


def test_a_rank_of_the_roster_is_known_even_if_the_law_does_not_name_it(
    session: Session, root: OrgUnit, examiner: Person, revision: BlueprintRevision
) -> None:
    person = make_person(session, root, rank="工勤技能岗")
    exam = schedule(session, examiner, revision, root, ranks=["工勤技能岗"])
    assert people_of(session, exam) == {person.staff_no}


def test_schedule_stays_in_the_own_subtree(
    session: Session, root: OrgUnit, examiner: Person, revision: BlueprintRevision
) -> None:
    elsewhere = make_unit(session)
    make_person(session, elsewhere)
    with pytest.raises(Forbidden):
        schedule(session, examiner, revision, elsewhere)
    trainer = make_person(session, root, Role.TRAINER)
    with pytest.raises(Forbidden):
        schedule(session, trainer, revision, root)


def test_schedule_checks_the_bank_again(
    session: Session, root: OrgUnit, examiner: Person, revision: BlueprintRevision
) -> None:
    for row in session.scalars(select(BankQuestion)).all()[1:]:
        row.status = QuestionStatus.RETIRED
    session.flush()
    with pytest.raises(Infeasible) as caught:
        schedule(session, examiner, revision, root)
    assert any("缺" in line for line in caught.value.shortages)


# ---------------------------------------------------------------- cancel and release


def test_cancel_before_anybody_started(session: Session, root: OrgUnit, examiner: Person) -> None:
    exam = make_exam(session, root, by=examiner)
    for _ in range(2):
        cancel_exam(session, actor=make_actor(examiner), exam=exam, now=NOW)
    assert exam.cancelled_at == NOW
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "exam.cancel")).all()
    assert len(entries) == 1


def test_cancel_after_a_start_is_refused(session: Session, root: OrgUnit, examiner: Person) -> None:
    exam = make_exam(session, root, by=examiner)
    make_attempt(session, exam, make_person(session, root))
    with pytest.raises(Conflict):
        cancel_exam(session, actor=make_actor(examiner), exam=exam, now=NOW)
    assert exam.cancelled_at is None


def test_release_is_for_hidden_results_after_the_end(
    session: Session, root: OrgUnit, examiner: Person
) -> None:
    actor = make_actor(examiner)
    open_one = make_exam(session, root, by=examiner)
    with pytest.raises(Conflict):
        release_results(session, actor=actor, exam=open_one, now=NOW + timedelta(days=3))
    exam = make_exam(session, root, by=examiner, review_policy=ReviewPolicy.HIDDEN)
    with pytest.raises(Conflict):
        release_results(session, actor=actor, exam=exam, now=exam.closes_at + LATE_SYNC)
    at = exam.closes_at + LATE_SYNC + timedelta(seconds=1)
    for later in (at, at + HOUR):
        release_results(session, actor=actor, exam=exam, now=later)
    assert exam.results_released_at == at
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "exam.release")).all()
    assert len(entries) == 1
    stranger = make_actor(make_person(session, None, Role.EXAMINER))
    for act in (release_results, cancel_exam):
        with pytest.raises(Forbidden):
            act(session, actor=stranger, exam=exam, now=at)


# ---------------------------------------------------------------- waiting for markers


def test_pending_counts_what_waits_for_markers(
    session: Session, root: OrgUnit, examiner: Person
) -> None:
    exam = make_exam(session, root, by=examiner, revision=make_revision(session, short_spec()))
    attempt = make_attempt(session, exam, make_person(session, root))
    save_answers(session, attempt=attempt, events=[event(2, 0, "回答")], now=NOW)
    assert pending_grades(session, exam) == 0
    submit_attempt(session, attempt=attempt, now=NOW)
    assert pending_grades(session, exam) == 1


# ---------------------------------------------------------------- pages


def form_of(case: Case, **values: Any) -> dict[str, Any]:
    code = case.exam.blueprint_revision.blueprint.code
    defaults = {
        "blueprint": code,
        "title": "网页安排的考试",
        "opens_at": "2030-01-02T09:00",
        "closes_at": "2030-01-02T18:00",
        "org_unit": case.exam.org_unit.public_id,
        "attempts_max": "2",
        "review_policy": "HIDDEN",
        "listed": "",
    }
    return {**defaults, **values}


def test_schedule_page(client: Browser, case: Case) -> None:
    client.sign_in(case.examiner, case.session)
    code = case.exam.blueprint_revision.blueprint.code
    page = client.get(f"/manage/exams/new?blueprint={code}").get_data(as_text=True)
    assert f'<option selected value="{code}">' in page
    response = client.post("/manage/exams/new", data=form_of(case))
    exam = case.session.scalars(select(Exam).order_by(Exam.id.desc()).limit(1)).one()
    assert response.headers["Location"] == f"/manage/exams/{exam.public_id}/monitor"
    # Typed in Asia/Shanghai, stored in UTC.
    assert exam.opens_at == datetime(2030, 1, 2, 1, 0, tzinfo=UTC)
    assert (exam.attempts_max, exam.review_policy) == (2, ReviewPolicy.HIDDEN)
    assert exam.title in client.get("/manage/exams").get_data(as_text=True)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"title": ""}, "请填写考试名称"),
        ({"opens_at": "明天"}, "开始时间："),
        ({"closes_at": "2030-01-02T09:10"}, "比考试时长"),
        ({"attempts_max": "很多"}, "每人次数"),
        ({"listed": "没有这个人"}, "没有这些工号：没有这个人"),
        ({"org_unit": "x" * 22}, "单位"),
        ({"blueprint": "没有"}, "组卷规则"),
        ({"review_policy": "EVERYTHING"}, "回看规则"),
        ({"ranks": "没有的"}, "职级"),
    ],
)
def test_schedule_page_keeps_what_was_typed(
    client: Browser, case: Case, values: dict[str, str], text: str
) -> None:
    client.sign_in(case.examiner, case.session)
    before = case.session.scalar(select(func.count()).select_from(Exam))
    response = client.post("/manage/exams/new", data=form_of(case, **values))
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert text in page
    assert 'id="errors"' in page
    assert case.session.scalar(select(func.count()).select_from(Exam)) == before


def test_schedule_page_names_what_the_bank_lacks(client: Browser, case: Case) -> None:
    client.sign_in(case.examiner, case.session)
    for row in case.session.scalars(select(BankQuestion)).all()[1:]:
        row.status = QuestionStatus.RETIRED
    case.session.commit()
    response = client.post("/manage/exams/new", data=form_of(case))
    assert response.status_code == 422
    page = response.get_data(as_text=True)
    assert "题库不足" in page
    assert "网页安排的考试" in page
    monitor = client.get(f"/manage/exams/{case.exam.public_id}/monitor").get_data(as_text=True)
    assert "题库现在出不了这份试卷" in monitor


def test_a_unit_outside_the_scope_cannot_be_chosen(client: Browser, case: Case) -> None:
    client.sign_in(case.examiner, case.session)
    form = form_of(case, org_unit=case.stranger.org_unit.public_id)
    assert client.post("/manage/exams/new", data=form).status_code == 422


def test_monitor_page(client: Browser, case: Case) -> None:
    client.sign_in(case.examiner, case.session)
    make_attempt(case.session, case.exam, case.person, now=datetime.now(UTC))
    case.session.commit()
    url = f"/manage/exams/{case.exam.public_id}/monitor"
    page = client.get(url).get_data(as_text=True)
    assert case.person.name in page
    assert "答题中" in page
    assert "0 / 10" in page
    assert 'data-every="5"' in page
    only = client.get(f"{url}?only=ABSENT").get_data(as_text=True)
    assert case.person.staff_no not in only
    assert case.person.staff_no in client.get(f"{url}?q={case.person.staff_no}").get_data(
        as_text=True
    )
    assert client.get(f"{url}?only=x&page=999&size=7").status_code == 200


def test_monitor_closes_what_is_due(client: Browser, case: Case) -> None:
    client.sign_in(case.examiner, case.session)
    attempt = make_attempt(case.session, case.exam, case.person, now=datetime.now(UTC))
    attempt.started_at -= 2 * HOUR
    attempt.deadline_at -= 2 * HOUR
    case.session.commit()
    page = client.get(f"/manage/exams/{case.exam.public_id}/monitor").get_data(as_text=True)
    assert "自动收卷" in page
    assert "未合格" in page


def test_cancel_and_release_pages(client: Browser, case: Case) -> None:
    client.sign_in(case.examiner, case.session)
    base = f"/manage/exams/{case.exam.public_id}"
    for _ in range(2):
        response = client.post(f"{base}/cancel")
        assert response.headers["Location"] == f"{base}/monitor"
    assert "已取消" in client.get(f"{base}/monitor").get_data(as_text=True)
    now = datetime.now(UTC)
    exam = make_exam(
        case.session,
        case.exam.org_unit,
        by=case.examiner,
        opens_at=now - 3 * HOUR,
        closes_at=now - HOUR,
        review_policy=ReviewPolicy.HIDDEN,
    )
    case.session.commit()
    base = f"/manage/exams/{exam.public_id}"
    assert "公布后，每个应考人可以看到" in client.get(f"{base}/monitor").get_data(as_text=True)
    for _ in range(2):
        assert client.post(f"{base}/release").status_code == 302
    assert "成绩已于" in client.get(f"{base}/monitor").get_data(as_text=True)


def test_staff_pages_are_for_examiners_of_the_unit(
    browser: Any, case: Case, session: Session
) -> None:
    base = f"/manage/exams/{case.exam.public_id}"
    elsewhere = make_person(session, None, Role.EXAMINER)
    below = make_person(session, case.person.org_unit, Role.EXAMINER)
    for person in (elsewhere, below):
        client = browser().sign_in(person, session)
        assert client.get(f"{base}/monitor").status_code == 404
        for action in ("cancel", "release"):
            assert client.post(f"{base}/{action}").status_code == 404
        assert case.exam.title not in client.get("/manage/exams").get_data(as_text=True)
    for role in (Role.HR, Role.TRAINER, Role.MARKER, Role.LEADER):
        client = browser().sign_in(make_person(session, case.exam.org_unit, role), session)
        assert client.get("/manage/exams").status_code == 403
        assert client.post(f"{base}/cancel").status_code == 403
    client = browser().sign_in(case.examiner, session)
    for action in ("cancel", "release"):
        assert client.get(f"{base}/{action}").status_code == 405
    session.refresh(case.exam)
    assert case.exam.cancelled_at is None


def test_examiner_of_two_subtrees_sees_both(session: Session, root: OrgUnit) -> None:
    from elearn.exams.sittings.queries import managed_exams_query, units_query  # noqa: PLC0415

    one, two, three = (make_unit(session, root) for _ in range(3))
    person = make_person(session, one, Role.EXAMINER)
    make_grant(session, person, Role.EXAMINER, two)
    exams = {unit.id: make_exam(session, unit, by=person) for unit in (one, two, three)}
    actor = make_actor(person)
    seen = {exam.id for exam in session.scalars(managed_exams_query(actor))}
    assert seen == {exams[one.id].id, exams[two.id].id}
    assert {unit.id for unit in session.scalars(units_query(actor))} == {one.id, two.id}
    nobody = make_actor(make_person(session, root))
    assert not session.scalars(managed_exams_query(nobody)).all()
    assert not session.scalars(units_query(nobody)).all()
