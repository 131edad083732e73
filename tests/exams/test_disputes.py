"""Disputes: filed in the review, answered citing the article, the correction flows from there."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound, ThrottledError
from elearn.core.grading.corrections import Correction, CorrectionKind
from elearn.core.questions.model import QuestionType
from elearn.exams.corrections.services import approve_correction, propose_correction
from elearn.exams.disputes.queries import desk_query, dispute_words, disputes_of
from elearn.exams.disputes.services import PER_DAY, answer_dispute, file_dispute
from elearn.models import Dispute, ExamNotice, KeyCorrection, ReviewPolicy
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person
from tests.factories_after import LATER, Sat, make_sat, right, work_off
from tests.factories_exams import make_exam

T = QuestionType
CITED = "监察法@2024-12-25#46"
WHY = "条文已经改了，乙也对"


@pytest.fixture
def sat(session: Session) -> Sat:
    return make_sat(session)


def dispute(sat: Sat, attempt: Any, item: int, **values: Any) -> Dispute:
    defaults = {"person": attempt.person, "text": WHY, "now": LATER}
    return file_dispute(sat.session, attempt=attempt, item_no=item, **{**defaults, **values})


def answer(sat: Sat, row: Dispute, **values: Any) -> Dispute:
    defaults = {
        "actor": make_actor(sat.trainer),
        "upheld": False,
        "answer": "条文写明是甲",
        "citation": CITED,
        "now": LATER,
    }
    return answer_dispute(sat.session, dispute=row, **{**defaults, **values})


def test_one_dispute_per_person_and_item_however_often_it_is_sent(sat: Sat) -> None:
    attempt = sat.sit({})
    assert dispute(sat, attempt, 1) is dispute(sat, attempt, 1, text="另一个理由")
    dispute(sat, attempt, 2)
    assert set(disputes_of(sat.session, attempt.id)) == {1, 2}


def test_not_before_the_review_is_open_nor_about_what_is_not_on_the_paper(sat: Sat) -> None:
    attempt = sat.sit({})
    with pytest.raises(Conflict) as caught:
        dispute(sat, attempt, 1, now=NOW + timedelta(minutes=1))
    assert caught.value.code == "E-NOREVIEW"
    with pytest.raises(NotFound):
        dispute(sat, attempt, 99)
    with pytest.raises(NotFound):
        dispute(sat, attempt, 1, person=sat.trainer)
    with pytest.raises(DomainError):
        dispute(sat, attempt, 1, text="错")


def test_filing_is_throttled(sat: Sat) -> None:
    person = make_person(sat.session, sat.root)
    for number in range(PER_DAY // 4 + 1):
        exam = make_exam(
            sat.session, sat.root, by=sat.examiner, revision=sat.exam.blueprint_revision
        )
        attempt = sat.sit({}, person=person, exam=exam, now=NOW + timedelta(seconds=number))
        for item in range(1, 5):
            if number * 4 + item <= PER_DAY:
                dispute(sat, attempt, item)
            else:
                with pytest.raises(ThrottledError):
                    dispute(sat, attempt, item)
    assert sat.session.scalar(select(func.count()).select_from(Dispute)) == PER_DAY


def test_answering_tells_the_candidate_once(sat: Sat) -> None:
    attempt = sat.sit({})
    row = answer(sat, dispute(sat, attempt, 1))
    assert (row.state, dispute_words(row)) == ("REJECTED", ("plain", "异议不成立"))
    with pytest.raises(Conflict):
        answer(sat, row, upheld=True)
    notices = sat.session.scalars(select(ExamNotice)).all()
    assert [(n.person_id, n.attempt_id) for n in notices] == [(attempt.person_id, attempt.id)]


@pytest.mark.parametrize(
    ("change", "field"), [({"answer": "否"}, "answer"), ({"citation": ""}, "citation")]
)
def test_an_answer_needs_words_and_the_article(sat: Sat, change: Any, field: str) -> None:
    row = dispute(sat, sat.sit({}), 1)
    with pytest.raises(DomainError) as caught:
        answer(sat, row, **change)
    assert field in caught.value.fields


def test_nobody_answers_an_own_dispute_or_sees_it_on_the_desk(sat: Sat) -> None:
    row = dispute(sat, sat.sit({}, person=sat.trainer), 1)
    with pytest.raises(Forbidden):
        answer(sat, row)
    assert sat.session.scalars(desk_query(make_actor(sat.trainer))).all() == []
    assert sat.session.scalars(desk_query(make_actor(sat.examiner))).all() == [row]
    assert sat.session.scalars(desk_query(make_actor(make_person(sat.session)))).all() == []


def test_the_correction_flows_from_an_upheld_dispute(sat: Sat) -> None:
    attempt = sat.sit({T.SINGLE: [1]})
    row = answer(sat, dispute(sat, attempt, sat.number(attempt, T.SINGLE)), upheld=True)
    assert dispute_words(row) == ("ok", "异议成立，正在更正")
    made = propose_correction(
        sat.session,
        actor=make_actor(sat.trainer),
        revision=row.revision,
        exam=sat.exam,
        correction=Correction(CorrectionKind.ACCEPT, 0, frozenset({1})),
        reason=WHY,
        citation=row.citation,
        now=LATER,
        dispute=row,
    )
    work_off(sat.session)
    approve_correction(sat.session, actor=make_actor(sat.examiner), correction=made, now=LATER)
    work_off(sat.session)
    sat.session.refresh(row)
    assert dispute_words(row) == ("ok", "异议成立，成绩已更正")
    assert sat.score(attempt) == 200


def test_from_the_review_to_the_answer_through_the_pages(
    sat: Sat, client: Browser, browser: Any
) -> None:
    sat.exam.review_policy = ReviewPolicy.AT_ONCE
    attempt = sat.sit(right(sat, T.SINGLE))
    sat.session.commit()
    client.sign_in(attempt.person, sat.session)
    result = f"/attempts/{attempt.public_id}/result"
    assert "对这道题有异议" in client.get(result).text
    short = client.post(f"/attempts/{attempt.public_id}/dispute", data={"item": "1", "text": "错"})
    assert short.status_code == 302
    assert "5 到 500 个字" in client.get(result).text
    for _ in range(2):
        client.post(f"/attempts/{attempt.public_id}/dispute", data={"item": "1", "text": WHY})
    assert "异议待答复" in client.get(result).text
    row = sat.session.scalars(select(Dispute)).one()
    desk = browser()
    desk.sign_in(sat.trainer, sat.session)
    assert row.revision.question.code in desk.get("/manage/disputes").text
    page = f"/manage/disputes/{row.public_id}"
    assert WHY in desk.get(page).text
    assert desk.post(page, data={"do": "reject", "answer": ""}).status_code == 422
    upheld = desk.post(page, data={"do": "uphold", "answer": "您说得对，已改", "citation": CITED})
    assert f"/manage/corrections/new/{row.revision.hash}" in upheld.headers["Location"]
    form = desk.get(upheld.headers["Location"]).text
    assert WHY in form
    made = desk.post(
        f"/manage/corrections/new/{row.revision.hash}",
        data={
            "kind": "VOID",
            "part": "0" if row.revision.type != "CASE" else "all",
            "scope": "all",
            "reason": "题目有误",
            "citation": CITED,
            "dispute": row.public_id,
        },
    )
    assert made.status_code == 302
    sat.session.expire_all()
    assert row.correction_id == sat.session.scalars(select(KeyCorrection.id)).one()
    told = client.get(result).text
    assert "异议成立，正在更正" in told
    assert "您说得对，已改" in told
    stranger = browser()
    stranger.sign_in(make_person(sat.session), sat.session)
    assert stranger.post(f"/attempts/{attempt.public_id}/dispute").status_code == 404
