"""Deferrals, exemptions, make-ups from a derived roster, papers without what was seen, cooldown."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.assignments.coverage import Who, assignments_in_force
from elearn.assignments.duties import duties_of
from elearn.assignments.facts import counts_by
from elearn.bank.queries import load_pool
from elearn.core.access import Role
from elearn.core.assembly.draw import plan_draw
from elearn.core.assembly.model import Section
from elearn.core.duties import DutyState
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.core.grading.corrections import Correction, CorrectionKind
from elearn.core.questions.model import QuestionStatus, QuestionType
from elearn.core.rates import Counts
from elearn.exams.attempts.services import save_answers, start_attempt, submit_attempt
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.corrections.services import approve_correction, propose_correction
from elearn.exams.grades.queries import last_grade
from elearn.exams.invigilation.queries import headcount
from elearn.exams.makeups.queries import derive_roster, makeup_roster, seen_codes
from elearn.exams.makeups.services import (
    decide_standing,
    request_standing,
    schedule_makeup,
    set_resit_rules,
    withdraw_standing,
)
from elearn.exams.sittings.queries import is_eligible
from elearn.exams.voiding.services import ask_void, decide_void
from elearn.models import (
    Attempt,
    AuditEntry,
    BankQuestion,
    Exam,
    ExamNotice,
    ExamStanding,
    MakeupCandidate,
    Person,
    QuestionRevision,
    StandingKind,
    TrainingRecord,
)
from elearn.records.queries import records_of
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_after import LATER, Sat, make_sat, work_off
from tests.factories_exams import (
    all_right,
    make_bank,
    make_exam,
    make_question,
    make_revision,
    make_spec,
)
from tests.factories_reports import make_assignment

T = QuestionType
DAY = timedelta(days=1)


@pytest.fixture
def sat(session: Session) -> Sat:
    """An exam of two questions out of five, so that a make-up finds others."""
    made = make_sat(session)
    tag = f"makeup-{made.exam.id}"
    made.bank = make_bank(session, [make_question(T.SINGLE, tags=(tag,)) for _ in range(5)])
    spec = make_spec(Section("单选题", T.SINGLE, 2, 500, tags_any=(tag,)), pass_centi=500)
    made.exam = make_exam(
        session, made.root, by=made.examiner, revision=make_revision(session, spec)
    )
    return made


def ask(
    sat: Sat, person: Person, kind: StandingKind = StandingKind.DEFERRAL, **values: Any
) -> ExamStanding:
    defaults = {"actor": make_actor(person), "reason": "住院", "now": NOW}
    return request_standing(
        sat.session, exam=sat.exam, person=person, kind=kind, **{**defaults, **values}
    )


def decide(sat: Sat, row: ExamStanding, *, approve: bool = True, note: str = "") -> ExamStanding:
    return decide_standing(
        sat.session,
        actor=make_actor(sat.examiner),
        standing=row,
        approve=approve,
        note=note,
        now=NOW,
    )


def hand_in(sat: Sat, person: Person, exam: Exam, *, good: bool, at: datetime = NOW) -> Attempt:
    """Everything right, or nothing answered."""
    attempt = start_attempt(sat.session, exam=exam, person=person, now=at, seed=f"{person.id}")
    if good:
        save_answers(sat.session, attempt=attempt, events=all_right(attempt, sat.bank), now=at)
    return submit_attempt(sat.session, attempt=attempt, now=at)


def makeup(sat: Sat, *, now: datetime = LATER, **values: Any) -> Exam:
    defaults: dict[str, Any] = {
        "actor": make_actor(sat.examiner),
        "main": sat.exam,
        "title": "补考",
        "opens_at": now + timedelta(hours=1),
        "closes_at": now + DAY,
        "attempts_max": 1,
        "removed": {},
    }
    return schedule_makeup(sat.session, now=now, **{**defaults, **values})


def cadre(sat: Sat) -> Person:
    return make_person(sat.session, make_unit(sat.session, sat.root))


def test_the_roster_is_failed_absent_and_deferred(sat: Sat) -> None:
    failed, passed, absent, deferred, exempt = (cadre(sat) for _ in range(5))
    hand_in(sat, failed, sat.exam, good=False)
    hand_in(sat, passed, sat.exam, good=True)
    decide(sat, ask(sat, deferred))
    decide(sat, ask(sat, exempt, StandingKind.EXEMPTION))
    roster = derive_roster(sat.session, sat.exam)
    found = {line.person.id: line.cause for line in roster.lines}
    assert found == {
        failed.id: "FAILED",
        absent.id: "ABSENT",
        deferred.id: "DEFERRED",
        sat.trainer.id: "ABSENT",
        sat.examiner.id: "ABSENT",
    }
    failed.org_unit_id = make_unit(sat.session).id
    sat.session.flush()
    sat.session.expire_all()
    assert [p.id for p in derive_roster(sat.session, sat.exam).elsewhere] == [failed.id]


def test_whoever_waits_for_a_marker_is_not_on_it_yet(sat: Sat) -> None:
    person = cadre(sat)
    start_attempt(sat.session, exam=sat.exam, person=person, now=NOW, seed="1")
    roster = derive_roster(sat.session, sat.exam)
    assert (roster.pending, person.id in {line.person.id for line in roster.lines}) == (1, False)


def test_whoever_may_still_send_late_answers_is_not_on_it_yet(sat: Sat) -> None:
    person = cadre(sat)
    attempt = hand_in(sat, person, sat.exam, good=False)
    attempt.late_until = LATER
    sat.session.flush()
    roster = derive_roster(sat.session, sat.exam)
    assert (roster.pending, person.id in {line.person.id for line in roster.lines}) == (1, False)


def test_a_makeup_avoids_what_the_person_saw_and_can_be_derived_again(sat: Sat) -> None:
    person, other = cadre(sat), cadre(sat)
    first = hand_in(sat, person, sat.exam, good=False)
    exam = makeup(sat, attempts_max=2)
    at = exam.opens_at
    again = start_attempt(sat.session, exam=exam, person=person, now=at, seed="7")
    codes = {q.revision_hash: q.code for q in sat.bank}

    def asked(attempt: Attempt) -> set[str]:
        return {codes[i["revision_hash"]] for s in attempt.paper["sections"] for i in s["items"]}

    assert asked(first) & asked(again) == set()
    assert again.draw is not None
    assert again.draw["seen"] == [first.public_id]
    plan = plan_draw(load_pool(sat.session), read_spec(exam.blueprint_revision))
    assert plan.draw(again.seed, asked(first)).hash == again.paper_hash
    absent = start_attempt(sat.session, exam=exam, person=other, now=at, seed="7")
    assert absent.draw is not None
    assert absent.draw["seen"] == []
    assert seen_codes(sat.session, exam=exam, person_id=person.id) == asked(first) | asked(again)
    submit_attempt(sat.session, attempt=again, now=at)
    third = start_attempt(sat.session, exam=exam, person=person, now=at, seed="8")
    assert third.draw is not None
    assert (third.draw["seen"], len(asked(third))) == ([], 2)  # only one unseen question is left


def test_a_bank_too_small_for_unseen_papers_is_said_before(sat: Sat) -> None:
    person = cadre(sat)
    hand_in(sat, person, sat.exam, good=False)
    attempt = sat.session.scalars(select(Attempt)).one()
    seen = {i["revision_hash"] for s in attempt.paper["sections"] for i in s["items"]}
    unseen = [question.code for question in sat.bank if question.revision_hash not in seen]
    for row in sat.session.scalars(select(BankQuestion).where(BankQuestion.code.in_(unseen[:2]))):
        row.status = QuestionStatus.RETIRED
    sat.session.flush()
    with pytest.raises(DomainError, match="避开本人做过的题"):
        makeup(sat)


def test_the_list_is_edited_only_by_removing_with_a_reason(sat: Sat) -> None:
    stay, leave = cadre(sat), cadre(sat)
    for removed in ({leave.staff_no: " "}, {"nobody": "x"}, {leave.staff_no: "长" * 201}):
        with pytest.raises(DomainError) as caught:
            makeup(sat, removed=removed)
        assert "removed" in caught.value.fields
    exam = makeup(sat, removed={leave.staff_no: "已退休"})
    lines = {c.person_id: c.removed_reason for c in makeup_roster(sat.session, exam)}
    assert (lines[stay.id], lines[leave.id]) == ("", "已退休")
    assert is_eligible(sat.session, exam=exam, person=stay)
    assert not is_eligible(sat.session, exam=exam, person=leave)
    entry = sat.session.scalars(select(AuditEntry).where(AuditEntry.action == "exam.makeup")).one()
    assert entry.detail["removed"] == {leave.staff_no: "已退休"}


def test_not_before_the_end_and_not_more_than_the_rule_says(sat: Sat) -> None:
    cadre(sat)
    with pytest.raises(Conflict) as early:
        makeup(sat, now=NOW)
    assert early.value.code == "E-EARLY"
    made = makeup(sat)
    with pytest.raises(Conflict) as caught:
        makeup(sat)
    assert caught.value.code == "E-MAKEUP"
    with pytest.raises(Conflict):
        makeup(sat, main=made, now=made.closes_at + DAY)
    set_resit_rules(
        sat.session,
        actor=make_actor(sat.examiner),
        exam=sat.exam,
        cooldown_days=0,
        makeups_max=2,
        now=LATER,
    )
    with pytest.raises(Conflict, match="还没有结束"):
        makeup(sat)
    assert makeup(sat, now=made.closes_at + DAY).is_makeup


def test_a_stranger_schedules_nothing(sat: Sat) -> None:
    stranger = make_actor(make_person(sat.session, None, Role.EXAMINER))
    with pytest.raises(Forbidden):
        makeup(sat, actor=stranger)
    with pytest.raises(Forbidden):
        set_resit_rules(
            sat.session, actor=stranger, exam=sat.exam, cooldown_days=1, makeups_max=1, now=NOW
        )


def test_the_record_of_a_makeup_says_so(sat: Sat) -> None:
    person = cadre(sat)
    hand_in(sat, person, sat.exam, good=False)
    exam = makeup(sat)
    hand_in(sat, person, exam, good=True, at=exam.opens_at)
    record = sat.session.scalars(
        select(TrainingRecord).where(TrainingRecord.passed, TrainingRecord.person_id == person.id)
    ).one()
    assert record.evidence["makeup_of"] == sat.exam.public_id
    assert record.explanation.startswith("补考，")
    assert record.valid_until is not None
    assert derive_roster(sat.session, sat.exam).count("FAILED") == 0


def test_hours_count_once_over_an_exam_and_its_makeup(sat: Sat) -> None:
    """Also when the exam is passed after all, by a question that fell away; and when the make-up is
    annulled then, the exam brings them."""
    person = cadre(sat)
    main = hand_in(sat, person, sat.exam, good=False)
    exam = makeup(sat)
    second = hand_in(sat, person, exam, good=True, at=exam.opens_at)
    fell_away = main.paper["sections"][0]["items"][0]["revision_hash"]
    row = propose_correction(
        sat.session,
        actor=make_actor(sat.trainer),
        revision=sat.session.scalars(
            select(QuestionRevision).where(QuestionRevision.hash == fell_away)
        ).one(),
        exam=sat.exam,
        correction=Correction(CorrectionKind.VOID, 0),
        reason="条文已修订",
        citation="监察法@2024-12-25#46",
        now=exam.closes_at,
    )
    work_off(sat.session)
    other = make_person(sat.session, sat.root, Role.EXAMINER)
    approve_correction(sat.session, actor=make_actor(other), correction=row, now=exam.closes_at)
    work_off(sat.session)
    assert last_grade(sat.session, main.id).passed  # type: ignore[union-attr]  # there are two
    assert [r.hours_centi for r in records_of(sat.session, person.id) if r.passed] == [100, 0]
    void = ask_void(
        sat.session,
        actor=make_actor(sat.examiner),
        attempt=second,
        reason="经查证由他人代考",
        now=exam.closes_at,
    )
    decide_void(
        sat.session,
        actor=make_actor(other),
        void=void,
        approve=True,
        note="",
        now=exam.closes_at,
    )
    assert [r.hours_centi for r in records_of(sat.session, person.id) if r.passed] == [100]


def duty_states(sat: Sat, people: list[Person]) -> list[DutyState | None]:
    """By both ways of asking: per person, and counted in SQL."""
    assignments = list(sat.session.scalars(assignments_in_force()).unique())
    who = [Who(p.id, p.org_unit.path, p.rank, p.party, p.created_at) for p in people]
    found = duties_of(sat.session, who, assignments, now=LATER)
    states = [found[p.id][0].state if found[p.id] else None for p in people]
    conditions = [Person.id.in_([p.id for p in people])]
    counted = sum(
        counts_by(sat.session, assignments, conditions, now=LATER).values(), start=Counts()
    )
    assert counted.assigned == sum(state is not None for state in states)
    assert counted.done == states.count(DutyState.DONE)
    assert counted.absent == states.count(DutyState.ABSENT)
    assert counted.passed <= counted.took
    return states


def test_excused_people_are_neither_expected_nor_absent(sat: Sat) -> None:
    absent, deferred, exempt, asked, came = (cadre(sat) for _ in range(5))
    make_assignment(sat.session, sat.root, sat.exam, due_at=NOW + DAY)
    before = headcount(sat.session, exam=sat.exam, now=NOW).expected
    ask(sat, asked)
    decide(sat, ask(sat, deferred))
    decide(sat, ask(sat, exempt, StandingKind.EXEMPTION))
    decide(sat, ask(sat, came))
    hand_in(sat, came, sat.exam, good=True)  # sat it after all: the approval asks for nothing
    people = [absent, deferred, exempt, asked, came]
    assert duty_states(sat, people) == [
        DutyState.ABSENT,
        None,
        None,
        DutyState.ABSENT,
        DutyState.DONE,
    ]
    assert headcount(sat.session, exam=sat.exam, now=NOW).expected == before - 2


def test_passing_the_makeup_fulfils_the_duty(sat: Sat) -> None:
    failed, absent, still = (cadre(sat) for _ in range(3))
    make_assignment(sat.session, sat.root, sat.exam, due_at=NOW + DAY)
    hand_in(sat, failed, sat.exam, good=False)
    hand_in(sat, still, sat.exam, good=False)
    assert duty_states(sat, [failed, absent, still]) == ["FAILED", "ABSENT", "FAILED"]
    exam = makeup(sat)
    for person, good in ((failed, True), (absent, True), (still, False)):
        hand_in(sat, person, exam, good=good, at=exam.opens_at)
    assert duty_states(sat, [failed, absent, still]) == ["DONE", "DONE", "FAILED"]


def test_a_request_is_made_once_and_decided_by_somebody_else(sat: Sat) -> None:
    person = make_person(sat.session, sat.root, Role.EXAMINER)
    row = ask(sat, person)
    assert ask(sat, person) is row
    with pytest.raises(Forbidden):
        decide_standing(sat.session, actor=make_actor(person), standing=row, approve=True, now=NOW)
    for_another = ask(sat, cadre(sat), actor=make_actor(sat.examiner))
    with pytest.raises(Forbidden) as caught:
        decide(sat, for_another)
    assert caught.value.code == "E-FOUR-EYES"
    with pytest.raises(DomainError):
        decide(sat, row, approve=False)
    decide(sat, row)
    assert decide(sat, row).state == "APPROVED"
    with pytest.raises(Conflict):
        decide(sat, row, approve=False, note="不行")
    notices = sat.session.scalars(select(ExamNotice)).all()
    assert [(n.person_id, n.text) for n in notices] == [(person.id, "您的缓考申请已批准。")]


def test_taking_an_approval_back_needs_a_reason_and_frees_a_new_request(sat: Sat) -> None:
    person = cadre(sat)
    row = decide(sat, ask(sat, person))
    actor = make_actor(sat.examiner)
    with pytest.raises(DomainError):
        withdraw_standing(sat.session, actor=actor, standing=row, note="", now=NOW)
    withdraw_standing(sat.session, actor=actor, standing=row, note="已返岗", now=NOW)
    assert row.state == "WITHDRAWN"
    assert ask(sat, person) is not row


def test_who_may_ask_for_whom(sat: Sat) -> None:
    person = cadre(sat)
    hr = make_person(sat.session, sat.root, Role.HR)
    with pytest.raises(Forbidden):
        ask(sat, person, actor=make_actor(cadre(sat)))
    with pytest.raises(NotFound):
        ask(sat, make_person(sat.session))
    with pytest.raises(DomainError):
        ask(sat, person, reason="病")
    assert ask(sat, person, actor=make_actor(hr)).requested_by_id == hr.id
    done = cadre(sat)
    hand_in(sat, done, sat.exam, good=False)
    with pytest.raises(Conflict) as caught:
        ask(sat, done)
    assert caught.value.code == "E-SAT"


def test_the_next_try_waits_for_the_cooldown(sat: Sat) -> None:
    person = cadre(sat)
    sat.exam.attempts_max, sat.exam.cooldown_days = 2, 1
    sat.exam.closes_at = NOW + 5 * DAY
    sat.session.flush()
    hand_in(sat, person, sat.exam, good=False)
    with pytest.raises(Conflict) as caught:
        hand_in(sat, person, sat.exam, good=False, at=NOW + DAY - timedelta(seconds=1))
    assert caught.value.code == "E-COOLDOWN"
    assert hand_in(sat, person, sat.exam, good=False, at=NOW + DAY).no == 2


@pytest.mark.parametrize(("days", "most"), [(-1, 1), (366, 1), (0, 6), (0, -1)])
def test_rules_have_bounds(sat: Sat, days: int, most: int) -> None:
    with pytest.raises(DomainError):
        set_resit_rules(
            sat.session,
            actor=make_actor(sat.examiner),
            exam=sat.exam,
            cooldown_days=days,
            makeups_max=most,
            now=NOW,
        )


def test_asking_deciding_and_making_up_through_the_pages(
    sat: Sat, client: Browser, browser: Any
) -> None:
    now = datetime.now().astimezone()
    person = cadre(sat)
    sat.exam.opens_at, sat.exam.closes_at = now - timedelta(hours=1), now + timedelta(hours=1)
    sat.session.commit()
    client.sign_in(person, sat.session)
    lobby = f"/exams/{sat.exam.public_id}"
    assert "申请缓考或免考" in client.get(lobby).text
    for data in ({"kind": "DEFERRAL", "reason": ""}, {"reason": "住院"}):
        assert client.post(f"{lobby}/standing", data=data).status_code == 302
        assert "等待审批" not in client.get(lobby).text
    for _ in range(2):
        client.post(f"{lobby}/standing", data={"kind": "DEFERRAL", "reason": "住院"})
    assert "缓考等待审批" in client.get(lobby).text
    row = sat.session.scalars(select(ExamStanding)).one()
    desk = browser()
    desk.sign_in(sat.examiner, sat.session)
    page = f"/manage/exams/{sat.exam.public_id}/makeups"
    assert "住院" in desk.get(page).text
    verdict = f"/manage/standings/{row.public_id}/decide"
    assert "请写明理由" in desk.post(verdict, data={"do": "refuse"}, follow_redirects=True).text
    assert desk.post(verdict, data={"do": "approve"}).status_code == 302
    shown = client.get(lobby).text
    assert "您的缓考已批准，这场考试可以不参加，不算缺考" in shown
    assert "考试结束后由考务人员安排补考" in shown
    assert "仍要参加这场考试" in shown
    assert "您的缓考申请已批准" in client.get("/").text
    assert client.post(f"{lobby}/start", data={"agreed": "1"}).status_code == 302
    sat.session.expire_all()
    assert 'id="excused"' not in client.get(lobby).text  # sat after all: counted as having sat it


def test_the_lobby_tells_who_is_excused_what_comes_next(sat: Sat, browser: Any) -> None:
    deferred, exempt = cadre(sat), cadre(sat)
    decide(sat, ask(sat, deferred))
    decide(sat, ask(sat, exempt, StandingKind.EXEMPTION))
    made = makeup(sat, title="十二月补考")
    sat.session.commit()
    lobby = f"/exams/{sat.exam.public_id}"
    shown = browser().sign_in(deferred, sat.session).get(lobby).text
    assert "接下来请参加补考" in shown
    assert f'href="/exams/{made.public_id}"' in shown
    assert "考务人员安排补考" not in shown
    assert "您没有参加" not in shown
    free = browser().sign_in(exempt, sat.session).get(lobby).text
    assert "您的免考已批准" in free
    assert "也不用补考" in free
    assert made.public_id not in free


def test_scheduling_a_makeup_through_the_pages(sat: Sat, client: Browser, browser: Any) -> None:
    now = datetime.now().astimezone()
    person, failed = cadre(sat), cadre(sat)
    sat.exam.opens_at, sat.exam.closes_at = now - timedelta(hours=1), now + timedelta(hours=1)
    sat.session.commit()
    client.sign_in(person, sat.session)
    desk = browser()
    desk.sign_in(sat.examiner, sat.session)
    page = f"/manage/exams/{sat.exam.public_id}/makeups"
    rules = f"/manage/exams/{sat.exam.public_id}/resit-rules"
    assert desk.post(rules, data={"cooldown_days": "x", "makeups_max": "1"}).status_code == 422
    assert desk.post(rules, data={"cooldown_days": "3", "makeups_max": "2"}).status_code == 302
    sat.session.expire_all()
    sat.exam.closes_at = now - timedelta(minutes=10)
    sat.session.commit()
    shown = desk.get(page).text
    assert "安排一场补考" in shown
    assert failed.staff_no in shown
    form = {
        "title": "补考",
        "opens_at": (now + DAY).strftime("%Y-%m-%d %H:%M"),
        "closes_at": (now + 2 * DAY).strftime("%Y-%m-%d %H:%M"),
        "attempts_max": "1",
        "removed": f"{failed.staff_no}",
    }
    refused = desk.post(page, data=form)
    assert refused.status_code == 422
    assert "没有写理由" in refused.text
    made = desk.post(page, data={**form, "removed": f"{failed.staff_no} 已退休"})
    assert made.status_code == 302
    sat.session.expire_all()
    listed = sat.session.scalars(select(MakeupCandidate)).all()
    assert {line.removed_reason for line in listed} == {"", "已退休"}
    assert "已退休" in desk.get(made.headers["Location"]).text
    exam = sat.session.scalars(select(Exam).where(Exam.is_makeup)).one()
    assert "补考" in client.get(f"/exams/{exam.public_id}").text


def test_hr_asks_for_people_of_the_own_units_alone(sat: Sat, client: Browser) -> None:
    hr = make_person(sat.session, sat.root, Role.HR)
    person, stranger = cadre(sat), make_person(sat.session)
    sat.session.commit()
    client.sign_in(hr, sat.session)
    form = {"exam": sat.exam.title, "kind": "EXEMPTION", "reason": "驻村"}
    refused = client.post("/manage/deferrals", data={**form, "staff_no": stranger.staff_no})
    assert refused.status_code == 422
    wrong = client.post(
        "/manage/deferrals", data={**form, "staff_no": person.staff_no, "exam": "没有"}
    )
    assert wrong.status_code == 422
    made = client.post("/manage/deferrals", data={**form, "staff_no": person.staff_no})
    assert made.status_code == 302
    assert person.name in client.get("/manage/deferrals").text
