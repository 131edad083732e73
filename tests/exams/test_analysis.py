"""Statistics of closed exams: what is counted, when, for whom, and that it is counted once."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from elearn.bank.services import publish_questions
from elearn.core.access import Role
from elearn.core.errors import Conflict
from elearn.core.questions.model import Question
from elearn.exams.analysis.collecting import responses_of
from elearn.exams.analysis.difficulty import question_estimate
from elearn.exams.analysis.queries import exam_counts, items_query
from elearn.exams.analysis.services import (
    compute_analysis,
    decide_difficulty,
    store_analysis,
)
from elearn.exams.attempts.queries import current_answers, current_answers_of
from elearn.exams.attempts.services import (
    close_due_attempts,
    save_answers,
    start_attempt,
    submit_attempt,
)
from elearn.exams.grades.services import grade_attempt
from elearn.models import (
    Attempt,
    AuditEntry,
    BankQuestion,
    DifficultyDecision,
    Exam,
    ExamAnalysis,
    ItemAnalysis,
    OrgUnit,
    Person,
    Pool,
    QuestionRevision,
)
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_analysis import by_ability, make_singles, singles_exam, sit_exam
from tests.factories_exams import all_right, make_attempt, make_bank, make_exam
from tests.factories_exams import event as answer


@dataclass
class World:
    """A district with an examiner and a trainer, a sister district, a bank of single choices."""

    unit: OrgUnit
    examiner: Person
    trainer: Person
    stranger: Person
    bank: list[Question]


@pytest.fixture
def world(session: Session) -> World:
    unit = make_unit(session)
    return World(
        unit,
        make_person(session, unit, Role.EXAMINER),
        make_person(session, unit, Role.TRAINER),
        make_person(session, make_unit(session), Role.EXAMINER),
        make_singles(session),
    )


def analyse(session: Session, exam: Exam, now: datetime = NOW) -> dict[str, ItemAnalysis]:
    """Compute and store; items by code."""
    store_analysis(
        session, exam_id=exam.id, computed=compute_analysis(session, exam=exam, now=now), now=now
    )
    return {item.code: item for item in session.scalars(items_query(exam))}


def test_facility_is_the_share_of_those_who_had_the_item(session: Session, world: World) -> None:
    exam = singles_exam(session, world.unit, world.examiner)
    sit_exam(session, exam, world.bank, 40, by_ability(40, 12))
    items = analyse(session, exam)
    counted: dict[str, list[int]] = {}
    code_of = {question.revision_hash: question.code for question in world.bank}
    for attempt in session.scalars(select(Attempt).where(Attempt.exam_id == exam.id)):
        answers = current_answers(session, attempt.id)
        for item in attempt.paper["sections"][0]["items"]:
            right = answers.get((item["number"], 0)) == [0]
            counted.setdefault(code_of[item["revision_hash"]], []).append(int(right))
    assert {code: (row.n, row.total_share) for code, row in items.items()} == {
        code: (len(marks), sum(marks)) for code, marks in counted.items()
    }
    assert sum(row.exposures for row in items.values()) == 40 * 6


def test_summary_has_pass_rate_distribution_and_the_reliability_of_random_papers(
    session: Session, world: World
) -> None:
    exam = singles_exam(session, world.unit, world.examiner)
    sit_exam(session, exam, world.bank, 40, by_ability(40, 12))
    analyse(session, exam)
    summary = session.get_one(ExamAnalysis, exam.id).summary
    assert summary["n"] == 40
    assert sum(summary["bins"]) == 40
    assert (
        summary["pass_interval"]["low"] < summary["passed"] / 40 < summary["pass_interval"]["high"]
    )
    assert summary["reliability"]["design"] == "RANDOM"
    assert 0.3 < summary["reliability"]["coefficient"] < 1


def test_the_same_items_for_all_are_a_fixed_paper_whatever_their_order(
    session: Session, world: World
) -> None:
    exam = singles_exam(session, world.unit, world.examiner, each=12)
    sit_exam(session, exam, world.bank, 32, by_ability(32, 12))
    analyse(session, exam)
    assert session.get_one(ExamAnalysis, exam.id).summary["reliability"]["design"] == "FIXED"


def test_a_wrong_key_and_an_idle_option_are_said(session: Session, world: World) -> None:
    exam = singles_exam(session, world.unit, world.examiner, each=12)
    ability = by_ability(60, 12)

    def rule(person: int, item: int) -> int | None:
        if item == 5:  # the strong choose option 3
            return 3 if person > 25 else 0
        return ability(person, item)

    sit_exam(session, exam, world.bank, 60, rule)
    items = analyse(session, exam)
    doubtful = items[world.bank[5].code]
    assert doubtful.flags[0] == "KEY_DOUBT"
    assert doubtful.discrimination is not None
    assert doubtful.discrimination < -0.5
    assert "IDLE_OPTION" in items[world.bank[8].code].flags
    first = session.scalars(items_query(exam)).first()
    assert first is not None
    assert first.code == doubtful.code  # what wants a look comes first


def test_an_item_that_became_easy_and_fast_is_a_suspected_leak(
    session: Session, world: World
) -> None:
    before = singles_exam(session, world.unit, world.examiner, each=12, days_ago=60)
    ability = by_ability(60, 12)
    sit_exam(session, before, world.bank, 60, ability)
    analyse(session, before)
    exam = singles_exam(session, world.unit, world.examiner, each=12)
    sit_exam(
        session,
        exam,
        world.bank,
        60,
        lambda person, item: 0 if item == 10 else ability(person, item),
        seconds=lambda _, item: 4 if item == 10 else 20,
    )
    items = analyse(session, exam)
    assert [code for code, item in items.items() if "LEAK" in item.flags] == [world.bank[10].code]
    past = items[world.bank[10].code].detail["past"]
    assert (past["n"], past["median_s"]) == (60, 20.0)
    assert past["change"] > 0.1


def test_time_is_unknown_where_answers_came_together(session: Session, world: World) -> None:
    exam = singles_exam(session, world.unit, world.examiner, each=4)
    for _ in range(10):
        person = make_person(session, world.unit)
        start = exam.opens_at + timedelta(minutes=1)
        attempt = start_attempt(session, exam=exam, person=person, now=start, seed="5" * 32)
        save_answers(
            session, attempt=attempt, events=[answer(1, 0, [0])], now=start + timedelta(seconds=7)
        )
        save_answers(
            session,
            attempt=attempt,
            events=[answer(2, 0, [0]), answer(3, 0, [1])],
            now=start + timedelta(seconds=99),
        )
        save_answers(  # the time it took the first time stays unknown
            session, attempt=attempt, events=[answer(3, 0, [2])], now=start + timedelta(seconds=110)
        )
    found = compute_items(session, exam)
    numbers = {
        item["revision_hash"]: item["number"] for item in attempt.paper["sections"][0]["items"]
    }
    times = {numbers[row["revision_hash"]]: row["median_s"] for row in found}
    assert times == {1: 7.0, 2: None, 3: None, 4: None}


def compute_items(session: Session, exam: Exam) -> list[dict[str, object]]:
    """Rows as they would be stored, after the sweeper has closed everybody."""
    close_due_attempts(session, now=NOW)
    return compute_analysis(session, exam=exam, now=NOW).items


def test_nothing_is_counted_while_somebody_can_still_sit(session: Session, world: World) -> None:
    exam = singles_exam(session, world.unit, world.examiner)
    person = make_person(session, world.unit)
    start_attempt(
        session, exam=exam, person=person, now=exam.closes_at - timedelta(minutes=1), seed="1" * 32
    )
    with pytest.raises(Conflict):  # nobody has closed it yet
        compute_analysis(session, exam=exam, now=NOW)
    with pytest.raises(Conflict):
        compute_analysis(session, exam=exam, now=exam.closes_at)


def test_only_first_attempts_with_a_final_grade_count(session: Session, world: World) -> None:
    exam = singles_exam(session, world.unit, world.examiner, attempts_max=2)
    people = sit_exam(session, exam, world.bank, 12, lambda _, __: 0)
    again = exam.closes_at - timedelta(minutes=9)
    second = start_attempt(session, exam=exam, person=people[0], now=again, seed="2" * 32)
    submit_attempt(session, attempt=second, now=again)
    items = analyse(session, exam)
    assert session.get_one(ExamAnalysis, exam.id).summary["n"] == 12
    assert all(item.facility == 1 for item in items.values())
    assert sum(item.exposures for item in items.values()) == 13 * 6
    assert sum(item.n for item in items.values()) == 12 * 6


def test_a_new_grade_makes_the_statistics_old(session: Session, world: World) -> None:
    exam = singles_exam(session, world.unit, world.examiner)
    sit_exam(session, exam, world.bank, 10, lambda _, __: 0)
    analyse(session, exam)
    kept = session.get_one(ExamAnalysis, exam.id)
    assert kept.last_grade_id == exam_counts(session, exam).last_grade_id
    attempt = session.scalars(select(Attempt).where(Attempt.exam_id == exam.id)).first()
    assert attempt is not None
    grade_attempt(session, attempt=attempt, now=NOW, reason="复核")
    assert kept.last_grade_id < exam_counts(session, exam).last_grade_id
    analyse(session, exam)
    fresh = session.get_one(ExamAnalysis, exam.id, populate_existing=True)
    assert fresh.last_grade_id == exam_counts(session, exam).last_grade_id
    assert session.scalar(select(func.count()).select_from(ExamAnalysis)) == 1


def test_withdrawn_parts_are_left_out() -> None:
    part = {"state": "VOID", "awarded_centi": 200, "full_centi": 200}
    wrong = {"state": "WRONG", "awarded_centi": 0, "full_centi": 100}
    items = [
        {"number": 1, "revision_hash": "a", "full_centi": 200, "parts": [part]},
        {"number": 2, "revision_hash": "b", "full_centi": 300, "parts": [part, wrong]},
    ]
    sections = [{"name": "单选", "full_centi": 200}, {"name": "案例", "full_centi": 300}]
    found = responses_of({"items": items, "sections": sections}, {}, {})
    assert [(one.item, one.share, one.weight, one.stratum) for one in found] == [
        ("b", 0.0, 100, "案例")
    ]


def test_many_attempts_answers_are_read_as_one_attempts_are(session: Session, world: World) -> None:
    bank = [*world.bank, *make_bank(session)]  # cases have two parts
    exam = make_exam(session, world.unit, by=world.examiner)
    ids = []
    for number in range(3):
        attempt = make_attempt(
            session, exam, make_person(session, world.unit), seed=f"{number}" * 32
        )
        events = all_right(attempt, bank)
        again = [answer(1, 0, [2]), answer(2, 0, [1]), answer(2, 0, [])][: number + 1]
        for piece in (events[: 8 + number], again):
            save_answers(session, attempt=attempt, events=piece, now=NOW)
        ids.append(attempt.id)
    found = current_answers_of(session, ids)
    assert found == {one: current_answers(session, one) for one in ids}
    assert {part for answers in found.values() for _, part in answers} == {0, 1}
    assert current_answers_of(session, []) == {}


def test_reading_costs_statements_by_the_piece_not_by_the_person(
    session: Session, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    exam = singles_exam(session, world.unit, world.examiner)
    sit_exam(session, exam, world.bank, 12, lambda _, __: 0)
    monkeypatch.setattr("elearn.exams.analysis.queries.CHUNK", 5)
    statements = []
    bind = session.connection()
    event.listen(bind, "before_cursor_execute", lambda *a: statements.append(a[2]))
    session.expire_all()
    found = compute_analysis(session, exam=exam, now=NOW)
    assert found.counts.final == 12
    assert len(statements) <= 22


# ---------------------------------------------------------------- difficulty


def question_row(session: Session, code: str) -> BankQuestion:
    return session.scalars(select(BankQuestion).where(BankQuestion.code == code)).one()


@pytest.fixture
def easy(session: Session, world: World) -> BankQuestion:
    """A question rated 3 that 60 of 60 people got right."""
    exam = singles_exam(session, world.unit, world.examiner, each=12)
    sit_exam(session, exam, world.bank, 60, lambda _, __: 0)
    analyse(session, exam)
    return question_row(session, world.bank[0].code)


def test_a_suggestion_is_answered_once_and_changes_no_revision(
    session: Session, world: World, easy: BankQuestion
) -> None:
    found = question_estimate(session, easy)
    assert found is not None
    assert (found.estimate.current, found.estimate.difficulty, found.estimate.n) == (3, 1, 60)
    assert found.estimate.is_suggestion
    before = session.scalar(select(func.count()).select_from(QuestionRevision))
    choice = {
        "actor": make_actor(world.trainer),
        "question": easy,
        "revision_hash": found.revision_hash,
        "accepted": True,
        "now": NOW,
    }
    with pytest.raises(Conflict):
        decide_difficulty(session, suggested=2, **choice)
    decide_difficulty(session, suggested=1, **choice)
    with pytest.raises(Conflict):
        decide_difficulty(session, suggested=1, **choice)
    assert session.scalar(select(func.count()).select_from(QuestionRevision)) == before
    session.refresh(easy)
    assert easy.current is not None
    assert easy.current.difficulty == 3
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "question.difficulty")
    ).one()
    assert entry.detail["suggested"] == 1


def test_a_new_rating_keeps_the_answers_and_new_wording_does_not(
    session: Session, world: World, easy: BankQuestion
) -> None:
    def publish(**changes: object) -> None:
        publish_questions(
            session,
            questions=[
                Question(**{**_fields(world.bank[0]), **changes}),
                *world.bank[1:],
            ],
            pool=Pool.BANK,
            file_path=easy.file_path,
            now=NOW,
        )
        session.expire_all()

    publish(difficulty=1)
    rated = question_estimate(session, easy)
    assert rated is not None
    assert (rated.estimate.current, rated.estimate.n) == (1, 60)
    assert not rated.estimate.is_suggestion
    part = world.bank[0].parts[0]
    publish(parts=(type(part)(**{**_fields(part), "stem": "换了题干"}),))
    assert question_estimate(session, easy) is None


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in type(value).__slots__}  # type: ignore[attr-defined]


# ---------------------------------------------------------------- pages


@pytest.fixture
def closed(session: Session, world: World) -> Exam:
    exam = singles_exam(session, world.unit, world.examiner)
    sit_exam(session, exam, world.bank, 40, by_ability(40, 12))
    session.commit()
    return exam


def test_the_page_computes_once_and_shows_no_person(
    session: Session, world: World, closed: Exam, client: Browser
) -> None:
    client.sign_in(world.examiner, session)
    address = f"/manage/exams/{closed.public_id}/analysis"
    page = client.get(address).get_data(as_text=True)
    assert "合格率" in page
    assert "Φ，每人题目不同" in page
    people = session.scalars(
        select(Person)
        .join(Attempt, Attempt.person_id == Person.id)
        .where(Attempt.exam_id == closed.id)
    ).all()
    assert people
    assert not [p for p in people if p.name in page or f">{p.staff_no}<" in page]
    first = session.get_one(ExamAnalysis, closed.id).computed_at
    client.get(address + "?sort=facility&show=flagged")
    assert session.get_one(ExamAnalysis, closed.id, populate_existing=True).computed_at == first


def test_the_table_is_sorted(session: Session, world: World, closed: Exam, client: Browser) -> None:
    client.sign_in(world.trainer, session)
    codes = [question.code for question in world.bank]
    shown: dict[str, list[str]] = {}
    for sort in ("attention", "code", "n", "facility", "discrimination", "time", "nonsense"):
        page = client.get(f"/manage/exams/{closed.public_id}/analysis?sort={sort}").text
        shown[sort] = sorted(codes, key=lambda code, page=page: page.index(f">{code}</a>"))
    rates = dict(
        session.execute(
            select(ItemAnalysis.code, ItemAnalysis.facility).where(
                ItemAnalysis.exam_id == closed.id
            )
        ).all()
    )
    assert shown["code"] == sorted(codes)
    assert [rates[code] for code in shown["facility"]] == sorted(rates.values())
    assert shown["nonsense"] == shown["attention"]


def test_many_papers_are_counted_on_a_button(
    session: Session,
    world: World,
    closed: Exam,
    client: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("elearn.exams.analysis.views.AT_ONCE", 39)
    client.sign_in(world.examiner, session)
    address = f"/manage/exams/{closed.public_id}/analysis"
    assert "开始统计" in client.get(address).get_data(as_text=True)
    assert session.get(ExamAnalysis, closed.id) is None
    assert client.get(address + "/export").status_code == 409
    assert client.post(address + "/run").status_code == 302
    assert client.post(address + "/run").status_code == 302
    page = client.get(address).get_data(as_text=True)
    assert "合格率" in page
    assert "开始统计" not in page


def test_a_question_shows_who_chose_what(
    session: Session, world: World, closed: Exam, client: Browser
) -> None:
    client.sign_in(world.trainer, session)
    base = f"/manage/exams/{closed.public_id}/analysis"
    client.get(base)
    page = client.get(f"{base}/items/{world.bank[4].code}").get_data(as_text=True)
    assert "95% 区间" in page
    row = session.scalars(items_query(closed).where(ItemAnalysis.code == world.bank[4].code)).one()
    assert ("按其余各题的得分分成三组" in page) == (row.n >= 30)
    assert client.get(f"{base}/items/nothing").status_code == 404


def test_a_handful_of_people_get_no_figures(
    session: Session, world: World, client: Browser
) -> None:
    exam = singles_exam(session, world.unit, world.examiner)
    sit_exam(session, exam, world.bank, 5, lambda _, __: 0)
    session.commit()
    client.sign_in(world.examiner, session)
    page = client.get(f"/manage/exams/{exam.public_id}/analysis").get_data(as_text=True)
    assert "样本太少" in page
    assert "100.0%" not in page


def test_an_exam_that_runs_says_nothing(session: Session, world: World, client: Browser) -> None:
    exam = make_exam(
        session,
        world.unit,
        by=world.examiner,
        now=datetime.now(UTC),
        revision=singles_exam(session, world.unit, world.examiner).blueprint_revision,
    )
    make_attempt(session, exam, make_person(session, world.unit), now=datetime.now(UTC))
    session.commit()
    client.sign_in(world.examiner, session)
    base = f"/manage/exams/{exam.public_id}/analysis"
    assert "还没有全部结束" in client.get(base).get_data(as_text=True)
    assert client.post(base + "/run").status_code == 409
    assert client.get(f"{base}/items/{world.bank[0].code}").status_code == 409


def test_the_workbook_has_the_figures_and_its_export_is_logged(
    session: Session, world: World, closed: Exam, client: Browser
) -> None:
    client.sign_in(world.examiner, session)
    base = f"/manage/exams/{closed.public_id}/analysis"
    client.get(base)
    answer = client.get(base + "/export")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["概况", "题目", "选项", "说明"]
    rows = {row[0]: row for row in book["题目"].iter_rows(min_row=2, values_only=True)}
    stored = session.scalars(items_query(closed)).all()
    assert {code: (row[2], row[4]) for code, row in rows.items()} == {
        item.code: (item.n, pytest.approx(item.facility)) for item in stored
    }
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "exam.export_analysis"))
    assert [entry.object_id for entry in entries] == [closed.public_id]


def test_a_stranger_finds_nothing(
    session: Session, world: World, closed: Exam, browser: Callable[[], Browser]
) -> None:
    stranger = browser().sign_in(world.stranger, session)
    for path in ("", "/export", f"/items/{world.bank[0].code}"):
        assert stranger.get(f"/manage/exams/{closed.public_id}/analysis{path}").status_code == 404
    assert stranger.post(f"/manage/exams/{closed.public_id}/analysis/run").status_code == 404


def test_a_trainer_answers_on_the_question_page(
    session: Session, world: World, easy: BankQuestion, browser: Callable[[], Browser]
) -> None:
    session.commit()
    address = f"/authoring/bank/{easy.code}"
    trainer = browser().sign_in(world.trainer, session)
    page = trainer.get(address).text
    assert "建议难度由 3 改为 1" in page
    assert easy.current is not None
    form = {"revision": easy.current.hash, "suggested": "1", "verdict": "accept"}
    examiner = browser().sign_in(world.examiner, session)
    assert examiner.post(address + "/difficulty", data=form).status_code == 403
    assert trainer.post(address + "/difficulty", data={**form, "verdict": ""}).status_code == 422
    assert trainer.post(address + "/difficulty", data=form).status_code == 302
    assert trainer.post(address + "/difficulty", data=form).status_code == 409
    page = trainer.get(address).text
    assert "采纳。请在" in page
    assert "改成 1" in page
    stranger = browser().sign_in(world.stranger, session)
    page = stranger.get(address).text
    assert "60 人做过" in page
    assert "各场考试" not in page


def test_decisions_are_evidence(session: Session, world: World, easy: BankQuestion) -> None:
    found = question_estimate(session, easy)
    assert found is not None
    decision = decide_difficulty(
        session,
        actor=make_actor(world.trainer),
        question=easy,
        revision_hash=found.revision_hash,
        suggested=1,
        accepted=False,
        now=NOW,
    )
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(
            update(DifficultyDecision)
            .where(DifficultyDecision.id == decision.id)
            .values(accepted=True)
        )
