"""Correcting keys: two people, a preview that is what happens, new rows and nothing edited."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.core.access import Actor, Role
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.core.grading.corrections import Correction, CorrectionKind
from elearn.core.grading.grade import grade
from elearn.core.grading.keys import policy_of
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.queries import current_answers, paper_of
from elearn.exams.attempts.services import save_answers, submit_attempt
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.corrections.queries import (
    common_path,
    distribution,
    flips,
    get_correction,
    load_question,
    summary,
)
from elearn.exams.corrections.regrading import apply_some, preview_some
from elearn.exams.corrections.services import (
    approve_correction,
    propose_correction,
    reject_correction,
)
from elearn.exams.grades.keys import load_exam_keys
from elearn.exams.grades.services import grade_attempt
from elearn.models import (
    AuditEntry,
    Exam,
    ExamNotice,
    Grade,
    KeyCorrection,
    Person,
    RecordCorrection,
    Regrade,
    ReviewPolicy,
    TrainingRecord,
)
from elearn.records.queries import hours_of, records_of
from elearn.records.writing import verify_record
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_after import LATER, Sat, make_sat, right, work_off
from tests.factories_exams import event, make_attempt, make_exam

T, K = QuestionType, CorrectionKind
CITED = "监察法@2024-12-25#46"
TO_B = Correction(K.REPLACE, 0, frozenset({1}))
TO_A = Correction(K.REPLACE, 0, frozenset({0}))


@pytest.fixture
def sat(session: Session) -> Sat:
    return make_sat(session)


def propose(sat: Sat, correction: Correction = TO_B, **values: Any) -> KeyCorrection:
    defaults: dict[str, Any] = {
        "actor": make_actor(sat.trainer),
        "revision": sat.revision(T.SINGLE),
        "exam": sat.exam,
        "correction": correction,
        "reason": "条文已修订",
        "citation": CITED,
        "now": LATER,
    }
    return propose_correction(sat.session, **{**defaults, **values})


def approve(sat: Sat, row: KeyCorrection, by: Person | None = None) -> KeyCorrection:
    actor = make_actor(by or sat.examiner)
    return approve_correction(sat.session, actor=actor, correction=row, now=LATER)


def carry_out(sat: Sat, correction: Correction = TO_B, **values: Any) -> KeyCorrection:
    row = propose(sat, correction, **values)
    work_off(sat.session)
    approve(sat, row)
    work_off(sat.session)
    return row


def test_a_new_key_regrades_by_new_rows_and_the_record_follows(sat: Sat) -> None:
    winner = sat.sit({**right(sat, T.MULTI, T.TRUE_FALSE), T.SINGLE: [1]})  # 6, then 8
    loser = sat.sit(right(sat, T.SINGLE, T.MULTI, T.TRUE_FALSE))  # 8, then 6
    assert [sat.score(winner), sat.score(loser)] == [600, 800]
    row = carry_out(sat)
    assert (row.state, row.no, row.applied_at) == ("APPLIED", 1, LATER)
    assert [[g.score_centi for g in sat.grades(a)] for a in (winner, loser)] == [
        [600, 800],
        [800, 600],
    ]
    assert [(g.keys_no, g.passed) for g in sat.grades(loser)] == [(0, True), (1, False)]
    assert "条文已修订" in sat.grades(loser)[-1].reason
    records = records_of(sat.session, loser.person_id)
    assert [(r.passed, r.hours_centi, r.score_centi) for r in records] == [(False, 0, 600)]
    assert hours_of(sat.session, loser.person_id) == {(2026, "ONLINE"): 0}
    assert hours_of(sat.session, winner.person_id) == {(2026, "ONLINE"): 100}
    kept = sat.session.scalars(
        select(TrainingRecord).where(TrainingRecord.person_id == loser.person_id)
    ).all()
    assert [r.passed for r in kept] == [True, False]
    assert all(verify_record(r) for r in kept)
    link = sat.session.scalars(
        select(RecordCorrection).where(RecordCorrection.record_id == kept[1].id)
    ).one()
    assert link.supersedes_id == kept[0].id
    assert kept[1].evidence["supersedes_hash"] == kept[0].hash


def test_the_preview_is_what_happens(sat: Sat) -> None:
    attempts = [
        sat.sit({**right(sat, T.MULTI, T.TRUE_FALSE), T.SINGLE: [1]}),
        sat.sit(right(sat, T.SINGLE, T.MULTI, T.TRUE_FALSE)),
        sat.sit({}),
    ]
    row = propose(sat)
    assert not summary(sat.session, row).ready
    with pytest.raises(Conflict) as caught:
        approve(sat, row)
    assert caught.value.code == "E-PREVIEW"
    work_off(sat.session)
    found = summary(sat.session, row)
    assert (found.total, found.higher, found.lower, found.to_pass, found.to_fail) == (3, 1, 1, 1, 1)
    assert [(f.person.id, f.passed_after, f.hours_centi) for f in flips(sat.session, row)] == [
        (attempts[1].person_id, False, -100),
        (attempts[0].person_id, True, 100),
    ]
    bands = distribution(sat.session, row)
    assert [(b.before, b.after) for b in bands] == [
        (1, 1),
        (0, 0),
        (0, 0),
        (0, 0),
        (0, 0),
        (0, 0),
        (1, 1),
        (0, 0),
        (1, 1),
        (0, 0),
    ]
    assert [sat.score(a) for a in attempts] == [600, 800, 0]
    approve(sat, row)
    work_off(sat.session)
    for regrade in sat.session.scalars(select(Regrade)):
        final = sat.session.get_one(Grade, regrade.grade_id)
        assert (final.score_centi, final.passed) == (regrade.score_after, regrade.passed_after)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_preview_equals_effect_and_the_inverse_restores(
    session: Session, data: st.DataObject
) -> None:
    sat = make_sat(session)
    single, multi = (
        st.sampled_from([[], [0], [1], [2], [3]]),
        st.lists(st.integers(0, 4), unique=True),
    )
    attempts = [
        sat.sit({T.SINGLE: data.draw(single), T.MULTI: data.draw(multi), **right(sat, T.BLANK)})
        for _ in range(3)
    ]
    before = [sat.score(attempt) for attempt in attempts]
    kind = data.draw(st.sampled_from(CorrectionKind))
    new = frozenset(data.draw(st.sets(st.integers(2, 4), min_size=1)))
    change = Correction(kind, 0, frozenset() if kind is K.VOID else new)
    revision = sat.revision(T.MULTI)
    row = carry_out(sat, change, revision=revision)
    listed = select(Regrade).where(Regrade.correction_id == row.id)
    rows = {regrade.attempt_id: regrade for regrade in session.scalars(listed)}
    assert [sat.score(a) for a in attempts] == [rows[a.id].score_after for a in attempts]
    carry_out(sat, Correction(K.REPLACE, 0, frozenset({0, 1})), revision=revision)
    assert [sat.score(a) for a in attempts] == before


def test_every_earlier_grade_can_be_worked_out_again(sat: Sat) -> None:
    attempt = sat.sit({**right(sat, T.MULTI), T.SINGLE: [1]})
    carry_out(sat)
    carry_out(sat, Correction(K.VOID, 0), revision=sat.revision(T.TRUE_FALSE))
    carry_out(sat, TO_A)
    paper = paper_of(attempt)
    hashes = [item.revision_hash for item in paper.items]
    policy = policy_of(read_spec(sat.exam.blueprint_revision))
    answers = current_answers(sat.session, attempt.id)
    assert [g.score_centi for g in sat.grades(attempt)] == [400, 600, 800, 600]
    for row in sat.grades(attempt):
        keys = load_exam_keys(sat.session, exam_id=sat.exam.id, hashes=hashes, up_to=row.keys_no)
        again = grade(paper, answers, keys.answers, policy)
        assert (again.canonical()["items"][0]["state"], again.total_centi, keys.no) == (
            row.detail["items"][0]["state"],
            row.score_centi,
            row.keys_no,
        )


def test_the_proposer_cannot_approve_nor_can_whoever_is_concerned(sat: Sat) -> None:
    both = make_person(sat.session, sat.root, Role.TRAINER)
    sat.sit({}, person=both)
    row = propose(sat)
    work_off(sat.session)
    for person, code in ((sat.trainer, "E-FOUR-EYES"), (both, "E-OWN")):
        with pytest.raises(Forbidden) as caught:
            approve(sat, row, person)
        assert caught.value.code == code
    outside = make_person(sat.session, None, Role.EXAMINER)
    with pytest.raises(Forbidden):
        approve(sat, row, outside)
    sat.session.refresh(row)
    assert row.state == "PROPOSED"
    row.decided_by_id, row.decided_at, row.state, row.no = sat.trainer.id, LATER, "APPROVED", 9
    with pytest.raises(IntegrityError), sat.session.begin_nested():
        sat.session.flush()


def test_approving_twice_and_regrading_twice_change_nothing(sat: Sat) -> None:
    attempt = sat.sit({T.SINGLE: [1]})
    row = carry_out(sat)
    before = sat.session.scalar(select(func.count()).select_from(AuditEntry))
    assert approve(sat, row) is row
    sat.session.execute(text("UPDATE regrade SET done = :no"), {"no": False})
    row.state, row.applied_at = "APPROVED", None
    sat.session.flush()
    sat.session.expire_all()
    work_off(sat.session)
    assert len(sat.grades(attempt)) == 2
    after = sat.session.scalar(select(func.count()).select_from(AuditEntry))
    assert (before or 0) + 1 == after  # closed once more, approved once


def test_it_can_stop_anywhere_and_go_on(sat: Sat) -> None:
    attempts = [sat.sit({T.SINGLE: [1]}) for _ in range(5)]
    row = propose(sat)
    assert preview_some(sat.session, correction=row, limit=2) == 2
    assert summary(sat.session, row).previewed == 2
    work_off(sat.session)
    approve(sat, row)
    assert apply_some(sat.session, correction=row, now=LATER, limit=3) == 3
    assert (summary(sat.session, row).done, row.state) == (3, "APPROVED")
    work_off(sat.session)
    assert (summary(sat.session, row).done, row.state) == (5, "APPLIED")
    assert [len(sat.grades(a)) for a in attempts] == [2] * 5


def test_an_attempt_still_being_answered_gets_the_new_key_at_the_end(sat: Sat) -> None:
    person = make_person(sat.session, make_unit(sat.session, sat.root))
    running = make_attempt(sat.session, sat.exam, person)
    number = sat.number(running, T.SINGLE)
    order = next(
        i["parts"][0]["option_order"]
        for s in running.paper["sections"]
        for i in s["items"]
        if i["number"] == number
    )
    save_answers(sat.session, attempt=running, events=[event(number, 0, [order.index(1)])], now=NOW)
    row = propose(sat, now=NOW)
    work_off(sat.session, now=NOW)
    approve(sat, row)
    work_off(sat.session, now=NOW)
    assert (row.state, summary(sat.session, row).open) == ("APPROVED", 1)
    submit_attempt(sat.session, attempt=running, now=NOW)
    assert [(g.score_centi, g.keys_no) for g in sat.grades(running)] == [(200, 1)]
    work_off(sat.session)
    assert (len(sat.grades(running)), row.state) == (1, "APPLIED")


def test_a_proposal_changes_no_grade(sat: Sat) -> None:
    """Whoever hands in before the approval is graded with the key as published."""
    sat.sit({})
    row = propose(sat)
    later = sat.sit({T.SINGLE: [1]})
    assert [(g.score_centi, g.keys_no) for g in sat.grades(later)] == [(0, 0)]
    work_off(sat.session)
    approve(sat, row)
    work_off(sat.session)
    assert sat.score(later) == 200


def test_hours_go_back_to_an_earlier_attempt_that_passes_now(sat: Sat) -> None:
    """It was regraded first, while the later one still had the hours."""
    sat.exam.attempts_max = 2
    first = sat.sit({**right(sat, T.MULTI, T.TRUE_FALSE), T.SINGLE: [1]})
    sat.sit(right(sat, T.SINGLE, T.MULTI, T.TRUE_FALSE), person=first.person)
    carry_out(sat, Correction(K.ACCEPT, 0, frozenset({1})))
    assert hours_of(sat.session, first.person_id) == {(2026, "ONLINE"): 100}
    carry_out(sat)
    assert [sat.grades(a)[-1].passed for a in sat.attempts] == [True, False]
    assert hours_of(sat.session, first.person_id) == {(2026, "ONLINE"): 100}


def test_scope_one_exam_or_every_exam(sat: Sat) -> None:
    other = make_exam(sat.session, sat.root, by=sat.examiner, revision=sat.exam.blueprint_revision)
    here, there = sat.sit({T.SINGLE: [1]}), sat.sit({T.SINGLE: [1]}, exam=other)
    carry_out(sat)
    assert [sat.score(here), sat.score(there)] == [200, 0]
    since = sat.sit({T.SINGLE: [1]}, exam=other)  # handed in after the approval
    grade_attempt(sat.session, attempt=since, now=LATER, reason="复核")
    assert [(g.score_centi, g.keys_no) for g in sat.grades(since)] == [(0, 0), (0, 0)]
    carry_out(sat, Correction(K.VOID, 0), exam=None)
    assert [sat.score(here), sat.score(there)] == [200, 200]
    later = sat.sit({T.SINGLE: [3]}, exam=other)
    assert (sat.score(later), sat.grades(later)[0].keys_no) == (200, 2)


def test_who_began_the_paper_after_the_proposal_does_not_approve_it(sat: Sat) -> None:
    sat.sit({})
    row = propose(sat)
    work_off(sat.session)
    make_attempt(sat.session, sat.exam, sat.examiner)
    with pytest.raises(Forbidden) as caught:
        approve(sat, row)
    assert caught.value.code == "E-OWN"


def test_an_exam_of_another_unit_since_the_proposal_needs_somebody_above(sat: Sat) -> None:
    sat.sit({})
    row = propose(sat, exam=None)
    work_off(sat.session)
    sister = make_unit(sat.session)
    elsewhere = make_exam(
        sat.session, sister, by=sat.examiner, revision=sat.exam.blueprint_revision
    )
    sat.sit({}, exam=elsewhere, person=make_person(sat.session, sister))
    with pytest.raises(Forbidden), sat.session.begin_nested():
        approve(sat, row)
    everywhere = make_person(sat.session, sat.root)
    above = Actor(everywhere.id, "上级", "a", ((Role.TRAINER, "/"),))
    approve_correction(sat.session, actor=above, correction=row, now=LATER)
    assert (row.org_path, summary(sat.session, row).total) == ("/", 2)


def test_all_exams_need_somebody_whose_role_covers_them_all(sat: Sat) -> None:
    sister = make_unit(sat.session)
    elsewhere = make_exam(
        sat.session, sister, by=sat.examiner, revision=sat.exam.blueprint_revision
    )
    sat.sit({})
    sat.sit({}, exam=elsewhere, person=make_person(sat.session, sister))
    with pytest.raises(Forbidden):
        propose(sat, exam=None)
    with pytest.raises(Forbidden):
        propose(sat, exam=elsewhere)


def test_hours_go_to_the_other_attempt_that_passed(sat: Sat) -> None:
    person = make_person(sat.session, make_unit(sat.session, sat.root))
    sat.exam.attempts_max = 2
    sat.session.flush()
    first = sat.sit(right(sat, T.SINGLE, T.MULTI, T.TRUE_FALSE), person=person)
    second = sat.sit(
        right(sat, T.MULTI, T.TRUE_FALSE, T.BLANK), person=person, now=NOW + timedelta(minutes=1)
    )
    assert [r.hours_centi for r in records_of(sat.session, person.id)] == [0, 100]
    carry_out(sat)
    assert [sat.score(first), sat.score(second)] == [600, 800]
    assert sorted((r.hours_centi, r.passed) for r in records_of(sat.session, person.id)) == [
        (0, False),
        (100, True),
    ]


def test_people_whose_score_changes_are_told_and_no_score_is_in_it(sat: Sat) -> None:
    changed, same = sat.sit({T.SINGLE: [1]}), sat.sit({T.SINGLE: [2]})
    carry_out(sat)
    notices = sat.session.scalars(select(ExamNotice)).all()
    assert [n.person_id for n in notices] == [changed.person_id]
    assert not any(letter.isdigit() for letter in notices[0].text)
    assert len(sat.grades(same)) == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"citation": ""}, "citation"),
        ({"reason": "长" * 501}, "reason"),
    ],
)
def test_a_proposal_needs_reason_and_ground(sat: Sat, change: dict[str, Any], field: str) -> None:
    sat.sit({})
    with pytest.raises(DomainError) as caught:
        propose(sat, **change)
    assert field in caught.value.fields


def test_a_question_never_used_is_edited_in_its_file(sat: Sat) -> None:
    with pytest.raises(DomainError) as caught:
        propose(sat, exam=None)
    assert caught.value.code == "E-UNUSED"


def test_turning_down_needs_a_note_and_changes_nothing(sat: Sat) -> None:
    attempt = sat.sit({T.SINGLE: [1]})
    row = propose(sat)
    actor = make_actor(sat.examiner)
    with pytest.raises(DomainError):
        reject_correction(sat.session, actor=actor, correction=row, note="", now=LATER)
    reject_correction(sat.session, actor=actor, correction=row, note="依据不足", now=LATER)
    work_off(sat.session)
    assert (row.state, row.no, len(sat.grades(attempt))) == ("REJECTED", None, 1)
    with pytest.raises(Conflict):
        approve(sat, row)


def test_the_audit_log_names_the_act_but_not_the_key(sat: Sat) -> None:
    sat.sit({})
    carry_out(sat)
    entries = sat.session.scalars(
        select(AuditEntry).where(AuditEntry.object_type == "correction").order_by(AuditEntry.id)
    ).all()
    assert [entry.action for entry in entries] == [
        "correction.propose",
        "correction.approve",
        "correction.apply",
    ]
    assert all("key" not in entry.detail for entry in entries)


def test_common_path_is_the_smallest_subtree_of_all() -> None:
    assert common_path(["/1/2/"]) == "/1/2/"
    assert common_path(["/1/2/", "/1/3/4/"]) == "/1/"
    assert common_path(["/1/2/", "/12/2/"]) == "/"


def form(sat: Sat, **values: str) -> dict[str, str]:
    return {
        "kind": "REPLACE",
        "part": "0",
        "key-0": "1",
        "scope": sat.exam.public_id,
        "reason": "条文已修订",
        "citation": CITED,
        **values,
    }


def test_from_proposal_to_the_new_score_through_the_pages(
    sat: Sat, client: Browser, browser: Any
) -> None:
    attempt = sat.sit({**right(sat, T.MULTI, T.TRUE_FALSE), T.SINGLE: [1]})
    candidate = attempt.person
    digest = sat.revision(T.SINGLE).hash
    sat.session.commit()
    client.sign_in(sat.trainer, sat.session)
    assert sat.exam.title in client.get(f"/manage/corrections/new/{digest}").text
    refused = client.post(f"/manage/corrections/new/{digest}", data=form(sat, reason=""))
    assert refused.status_code == 422
    assert "请写明更正的理由" in refused.text
    made = client.post(f"/manage/corrections/new/{digest}", data=form(sat))
    assert made.status_code == 302
    address = made.headers["Location"]
    assert "正在算影响" in client.get(address).text
    work_off(sat.session)
    sat.session.commit()
    mine = client.get(address).text
    assert "要由另一位同事批准" in mine
    assert "变为合格" in mine
    assert client.post(f"{address}/decide", data={"do": "approve"}).status_code == 403
    other = browser()
    other.sign_in(sat.examiner, sat.session)
    assert client.get("/manage/corrections").status_code == 200
    refused = other.post(f"{address}/decide", data={"do": "reject"}, follow_redirects=True)
    assert "请写明不批准的理由" in refused.text
    for _ in range(2):
        assert other.post(f"{address}/decide", data={"do": "approve"}).status_code == 302
    work_off(sat.session)
    sat.session.commit()
    assert "已更正" in other.get("/manage/corrections").text
    phone = browser()
    phone.sign_in(candidate, sat.session)
    home = phone.get("/").text
    assert "您的成绩已重新计算" in home
    notice = sat.session.scalars(select(ExamNotice)).one()
    assert phone.post(f"/notices/{notice.public_id}/read").status_code == 302
    assert "您的成绩已重新计算" not in phone.get("/").text
    result = phone.get(f"/attempts/{attempt.public_id}/result").text
    assert "成绩更正过" in result
    folio = phone.get("/me?year=2026").text
    assert "成绩更正" in folio


def test_the_reason_is_not_shown_before_the_review_is_open(sat: Sat, client: Browser) -> None:
    attempt = sat.sit(right(sat, T.SINGLE, T.MULTI, T.TRUE_FALSE))
    carry_out(sat, reason="乙才是对的")
    sat.exam.review_policy = ReviewPolicy.SCORE_ONLY
    sat.session.commit()
    client.sign_in(attempt.person, sat.session)
    result = client.get(f"/attempts/{attempt.public_id}/result").text
    record = records_of(sat.session, attempt.person_id)[0]
    page = client.get(f"/me/records/{record.public_id}").text
    assert "第 1 号更正" in result
    assert "第 1 号更正" in page
    assert "乙才是对的" not in result + page
    sat.exam.review_policy = ReviewPolicy.AT_ONCE
    sat.session.commit()
    assert "乙才是对的" in client.get(f"/attempts/{attempt.public_id}/result").text


def test_a_stranger_sees_no_correction(sat: Sat, client: Browser) -> None:
    sat.sit({})
    row = propose(sat)
    stranger = make_person(sat.session, None, Role.EXAMINER)
    sat.session.commit()
    client.sign_in(stranger, sat.session)
    assert client.get(f"/manage/corrections/{row.public_id}").status_code == 404
    decided = client.post(f"/manage/corrections/{row.public_id}/decide", data={"do": "approve"})
    assert decided.status_code == 404
    assert (
        get_correction(sat.session, public_id=row.public_id, actor=make_actor(sat.trainer)) is row
    )


def test_side_by_side_shows_the_key_before_and_after(sat: Sat) -> None:
    sat.sit({})
    carry_out(sat)
    row = propose(sat, Correction(K.ACCEPT, 0, frozenset({2})))
    shown = load_question(sat.session, row)
    assert (shown.now.parts[0].key, shown.after.parts[0].key) == ((1,), (1, 2))
    assert isinstance(sat.session.get(Exam, sat.exam.id), Exam)
