"""A paper result typed wrongly: proposed by one, accepted by another, never an edit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.assembly.model import Section
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.exams.amendments.queries import changes_of, get_result
from elearn.exams.amendments.rereading import shown_changes
from elearn.exams.amendments.services import decide_amendment, propose_amendment
from elearn.exams.attempts.queries import current_answers
from elearn.exams.grades.queries import last_grade
from elearn.exams.marking.services import PartMark, mark_attempt
from elearn.exams.papers.replay import replay_exam
from elearn.exams.papers.services import commit_seed
from elearn.exams.printing.typed import read_lines
from elearn.models import (
    AmendmentDecision,
    AnswerEvent,
    Attempt,
    AuditEntry,
    BankQuestion,
    ExamNotice,
    Grade,
    PaperAmendment,
    Person,
    PrintMode,
    PrintRun,
    TrainingRecord,
)
from elearn.records.queries import current_record, record_by_source
from tests.conftest import Browser
from tests.exams.test_papers import VAULT
from tests.exams.test_printing import (
    NOW,
    T,
    World,
    enter,
    make_world,
    new_run,
    paper_of_form,
    right_words,
)
from tests.factories import make_actor, make_person
from tests.factories_exams import make_exam, make_revision, make_spec

LATER = NOW + timedelta(minutes=5)


@dataclass
class Desk:
    """One sheet of form B, entered; question 1 was typed as not answered, 3 with one letter."""

    session: Session
    world: World
    run: PrintRun
    person: Person
    attempt: Attempt

    def propose(self, lines: str = "", **values: Any) -> PaperAmendment:
        letter = values.get("letter", "B")
        return propose_amendment(
            self.session,
            **{
                "actor": make_actor(self.world.maker),
                "run": self.run,
                "result": get_result(self.session, run=self.run, attempt_id=self.attempt.public_id),
                "letter": letter,
                "lines": read_lines(paper_of_form(self.run, letter), lines),
                "reason": "看错一行",
                "now": LATER,
                **values,
            },
        )

    def decide(self, amendment: PaperAmendment, **values: Any) -> AmendmentDecision:
        return decide_amendment(
            self.session,
            **{
                "actor": make_actor(self.world.second),
                "run": self.run,
                "amendment": amendment,
                "accepted": True,
                "note": "",
                "now": LATER + timedelta(minutes=1),
                **values,
            },
        )

    def grade(self) -> Grade:
        grade = last_grade(self.session, self.attempt.id)
        assert grade is not None
        return grade

    def record(self) -> TrainingRecord:
        found = record_by_source(self.session, f"attempt:{self.attempt.public_id}")
        assert found is not None
        return current_record(self.session, found)

    def right(self, label: str, letter: str = "B") -> str:
        return right_words(paper_of_form(self.run, letter), self.world.bank)[label]


def make_desk(session: Session, *, words: Mapping[str, str] | None = None, **values: Any) -> Desk:
    world = make_world(session)
    run = new_run(session, world, **values)
    person = make_person(session, world.unit)
    mistyped = {"1": "-", "3": "A"} if words is None else words
    attempt, _ = enter(session, world, run, person, words=mistyped)
    return Desk(session, world, run, person, attempt)


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk(session)


# ---------------------------------------------------------------- what it does


def test_an_accepted_correction_is_a_new_grade_with_its_record(desk: Desk) -> None:
    before, old_record = desk.grade(), desk.record()
    assert before.score_centi == 1600
    amendment = desk.propose(f"1 {desk.right('1')}\n3 {desk.right('3')}")
    assert desk.grade().id == before.id  # one person alone changes nothing
    decision = desk.decide(amendment)
    after, record = desk.grade(), desk.record()
    assert (after.no, after.score_centi, decision.grade_no) == (before.no + 1, 2000, after.no)
    assert desk.session.get_one(Grade, before.id).score_centi == 1600
    assert (record.score_centi, record.evidence["supersedes"]) == (2000, old_record.public_id)
    assert (record.evidence["medium"], record.evidence["form"]) == ("纸笔", "B")
    notice = desk.session.scalars(select(ExamNotice)).one()
    assert notice.person_id == desk.person.id
    assert "重新计算" in notice.text


def test_the_typed_answers_stay_and_an_answer_can_be_taken_back(desk: Desk) -> None:
    events = desk.session.scalar(select(func.count()).select_from(AnswerEvent)) or 0
    desk.decide(desk.propose("2 -\n5 错" if desk.right("5") == "对" else "2 -\n5 对"))
    assert desk.session.scalar(select(func.count()).select_from(AnswerEvent)) == events + 2
    assert (2, 0) not in current_answers(desk.session, desk.attempt.id)
    assert desk.grade().score_centi == 1200
    desk.session.refresh(desk.attempt)
    assert desk.attempt.answered == paper_of_form(desk.run, "B").question_count - 2


def test_failing_by_a_correction_takes_the_hours_and_passing_gives_them(session: Session) -> None:
    desk = make_desk(session, words={})
    assert desk.record().hours_centi > 0
    wrong = "\n".join(f"{n} -" for n in range(1, 8))
    desk.decide(desk.propose(wrong))
    assert (desk.record().passed, desk.record().hours_centi) == (False, 0)
    right = "\n".join(f"{n} {desk.right(str(n))}" for n in range(1, 8))
    amendment = desk.propose(right, now=LATER + timedelta(hours=1))
    desk.decide(amendment, now=LATER + timedelta(hours=2))
    assert desk.record().passed
    assert desk.record().hours_centi > 0


def test_hours_move_to_another_sitting_that_passed(session: Session) -> None:
    desk = make_desk(session, words={})
    desk.world.exam.attempts_max = 2
    other, _ = enter(session, desk.world, desk.run, desk.person, "A")
    desk.decide(desk.propose("\n".join(f"{n} -" for n in range(1, 8))))
    assert desk.record().hours_centi == 0
    second = Desk(session, desk.world, desk.run, desk.person, other)
    assert second.record().hours_centi > 0


def test_the_audit_log_names_the_questions_and_no_answer(desk: Desk) -> None:
    desk.decide(desk.propose(f"3 {desk.right('3')}"))
    rows = desk.session.scalars(
        select(AuditEntry).where(AuditEntry.action.startswith("amendment")).order_by(AuditEntry.id)
    ).all()
    assert [row.action for row in rows] == ["amendment.propose", "amendment.accept"]
    assert [row.actor_id for row in rows] == [desk.world.maker.id, desk.world.second.id]
    assert {str(row.detail["questions"]) for row in rows} == {"['3']"}
    assert all("before" not in row.detail and "changes" not in row.detail for row in rows)


def test_replay_follows_every_grade_also_when_the_clock_was_set_back(session: Session) -> None:
    desk = make_desk(session)
    exam = desk.world.exam
    desk.decide(desk.propose(f"1 {desk.right('1')}"), now=NOW - timedelta(hours=1))
    desk.session.expire_all()
    result = replay_exam(desk.session, exam=exam, vault=VAULT)
    assert result.differences == []
    assert result.grades == 2
    assert desk.grade().score_centi == 1800


def test_the_form_typed_wrongly_is_read_again_by_the_right_one(session: Session) -> None:
    """Typed with the default letter A; the sheet is a B, and every answer on it is right."""
    world = make_world(session)
    run = new_run(session, world)
    person = make_person(session, world.unit)
    words_b = right_words(paper_of_form(run, "B"), world.bank)
    attempt, _ = enter(session, world, run, person, "A", words=words_b)
    desk = Desk(session, world, run, person, attempt)
    assert desk.grade().score_centi < 2000
    amendment = desk.propose("", letter="B")
    own, sheet = paper_of_form(run, "A"), paper_of_form(run, "B")
    shown = shown_changes(changes_of(amendment), own, sheet)
    assert shown
    assert {change.label: change.after for change in shown}.items() <= words_b.items()
    desk.decide(amendment)
    assert desk.grade().score_centi == 2000
    assert desk.record().evidence["form"] == "B"
    again, is_new = enter(session, world, run, person, "B")  # the sheet as it really is
    assert (again.id, is_new) == (attempt.id, False)
    with pytest.raises(Conflict, match=r"B 卷已经录入过.*第 2 题不同"):
        enter(session, world, run, person, "B", words={"2": "-"})


def test_the_form_and_single_questions_in_one_go(session: Session) -> None:
    world = make_world(session)
    run = new_run(session, world)
    person = make_person(session, world.unit)
    words = {**right_words(paper_of_form(run, "B"), world.bank), "1": "-", "3": "-"}
    attempt, _ = enter(session, world, run, person, "A", words=words)
    desk = Desk(session, world, run, person, attempt)
    amendment = desk.propose(f"1 {desk.right('1')}", letter="B")
    own, sheet = paper_of_form(run, "A"), paper_of_form(run, "B")
    shown = {c.label: c.after for c in shown_changes(changes_of(amendment), own, sheet)}
    assert [label for label, after in shown.items() if after == "未答"] == ["3"]
    desk.decide(amendment)
    assert desk.grade().score_centi == 1800


def test_a_sheet_entered_again_after_its_correction_is_the_same_result(desk: Desk) -> None:
    desk.decide(desk.propose(f"1 {desk.right('1')}\n3 {desk.right('3')}"))
    for words in ({"1": "-", "3": "A"}, {}):  # the old file again; the sheet as it really is
        again, is_new = enter(desk.session, desk.world, desk.run, desk.person, words=words)
        assert (again.id, is_new) == (desk.attempt.id, False)


# ---------------------------------------------------------------- who may, and when not


def test_two_persons_and_never_the_candidate(desk: Desk) -> None:
    amendment = desk.propose(f"1 {desk.right('1')}")
    with pytest.raises(Forbidden, match="提出人以外"):
        desk.decide(amendment, actor=make_actor(desk.world.maker))
    for actor in (make_actor(desk.world.stranger), make_actor(desk.person)):
        with pytest.raises(Forbidden):
            desk.decide(amendment, actor=actor)
        with pytest.raises(Forbidden):
            desk.propose("2 -", actor=actor)
    desk.world.second.org_unit_id = desk.world.unit.id
    own, _ = enter(desk.session, desk.world, desk.run, desk.world.second, "A")
    mine = Desk(desk.session, desk.world, desk.run, desk.world.second, own)
    about_me = mine.propose("2 -", letter="A")
    with pytest.raises(Forbidden, match="自己的答卷"):
        mine.decide(about_me)
    with pytest.raises(Forbidden, match="自己的答卷"):
        mine.propose("3 -", letter="A", actor=make_actor(desk.world.second))


def test_the_database_knows_four_eyes_and_keeps_every_row(desk: Desk) -> None:
    amendment = desk.propose(f"1 {desk.right('1')}")
    values: dict[str, Any] = {
        "amendment_id": amendment.id,
        "proposed_by_id": desk.world.maker.id,
        "decided_by_id": desk.world.maker.id,
        "accepted": False,
        "note": "x",
        "decided_at": LATER,
    }
    other = {"proposed_by_id": desk.world.second.id}  # not who proposed it
    for wrong in (values, {**values, **other}):
        with pytest.raises(IntegrityError), desk.session.begin_nested():
            desk.session.execute(insert(AmendmentDecision).values(**wrong))
    desk.decide(amendment)
    for statement in (
        update(PaperAmendment).values(letter="A"),
        update(AmendmentDecision).values(note="x"),
    ):
        with pytest.raises(DBAPIError, match="append-only"), desk.session.begin_nested():
            desk.session.execute(statement)


def test_the_second_click_changes_nothing(desk: Desk) -> None:
    lines = f"1 {desk.right('1')}"
    amendment = desk.propose(lines)
    assert desk.propose(lines).id == amendment.id
    with pytest.raises(Conflict, match="已有一项改正"):
        desk.propose("2 -")
    first = desk.decide(amendment)
    assert desk.decide(amendment) is first
    assert desk.grade().no == 2
    with pytest.raises(Conflict, match="已经有了决定"):
        desk.decide(amendment, accepted=False, note="不对")


def test_a_refused_one_changes_nothing_and_needs_a_reason(desk: Desk) -> None:
    amendment = desk.propose(f"1 {desk.right('1')}")
    with pytest.raises(DomainError, match="为什么不改"):
        desk.decide(amendment, accepted=False)
    decision = desk.decide(amendment, accepted=False, note="答题卡上就是空的")
    assert (decision.accepted, decision.grade_no, desk.grade().no) == (False, None, 1)
    assert desk.propose(f"3 {desk.right('3')}").id != amendment.id  # another may follow


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "没有要改的题"),
        ("3 A", "没有要改的题"),
        ("3 Z", "第 3 题：没有选项"),
        ("99 A", "没有第 99 题"),
        ("AB", "开头没有题号"),
        ("3 A\n3 B", "写了两行"),
    ],
)
def test_wrong_lines_are_said(desk: Desk, lines: str, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        desk.propose(lines)
    assert desk.session.scalar(select(func.count()).select_from(PaperAmendment)) == 0


def test_a_reason_is_needed(desk: Desk) -> None:
    for reason in ("", " x ", "字" * 101):
        with pytest.raises(DomainError, match="哪里录错"):
            desk.propose(f"1 {desk.right('1')}", reason=reason)


def test_other_questions_on_other_forms_cannot_be_read_again(session: Session) -> None:
    desk = make_desk(session, words={}, mode=PrintMode.PARALLEL)
    with pytest.raises(DomainError, match="题目不同"):
        desk.propose("", letter="A")
    with pytest.raises(NotFound):
        propose_amendment(
            session,
            actor=make_actor(desk.world.maker),
            run=desk.run,
            result=get_result(session, run=desk.run, attempt_id=desk.attempt.public_id),
            letter="D",
            lines=read_lines(paper_of_form(desk.run, "B"), ""),
            reason="卷别不对",
            now=LATER,
        )


def test_a_text_under_marking_stays_and_the_rest_can_be_corrected(session: Session) -> None:
    world = make_world(session)
    spec = make_spec(
        Section("单选题", T.SINGLE, 1, 200), Section("简答题", T.SHORT_ANSWER, 1, 2000)
    )
    exam = make_exam(
        session, world.unit, by=world.maker, now=NOW, revision=make_revision(session, spec)
    )
    run = new_run(session, world, exam=exam, mode=PrintMode.PARALLEL)
    person = make_person(session, world.unit)
    attempt, _ = enter(session, world, run, person, words={"1": "-"})
    desk = Desk(session, world, run, person, attempt)
    desk.decide(desk.propose("2 这才是原文"))  # nobody has begun to mark
    assert desk.grade().state == "PENDING"
    mark_attempt(
        session,
        actor=make_actor(make_person(session, None, Role.MARKER)),
        attempt=attempt,
        given={(2, 0): PartMark((400, 300))},
        now=LATER + timedelta(hours=1),
    )
    with pytest.raises(Conflict, match="已经开始阅卷"):
        desk.propose("2 又是另一段", now=LATER + timedelta(hours=2))
    marked = desk.grade().score_centi
    amendment = desk.propose(f"1 {desk.right('1')}", now=LATER + timedelta(hours=2))
    desk.decide(amendment, now=LATER + timedelta(hours=3))
    assert desk.grade().score_centi == marked + 200


# ---------------------------------------------------------------- pages


def base_of(desk: Desk) -> str:
    return f"/manage/exams/{desk.world.exam.public_id}/print/{desk.run.public_id}"


def test_two_people_correct_on_the_pages(
    session: Session, desk: Desk, browser: Callable[[], Browser]
) -> None:
    session.commit()
    maker = browser().sign_in(desk.world.maker, session)
    second = browser().sign_in(desk.world.second, session)
    base = base_of(desk)
    address = f"{base}/results/{desk.attempt.public_id}"
    assert address in maker.get(base).text
    assert 'value="B"' in maker.get(address).text
    data = {"letter": "B", "lines": f"3 {desk.right('3')}", "reason": "看错一行"}
    checked = maker.post(address, data={**data, "do": "check"})
    assert "请再和答题卡核对" in checked.text
    assert session.scalar(select(func.count()).select_from(PaperAmendment)) == 0
    proposed = maker.post(address, data={**data, "do": "save"})
    assert proposed.status_code == 302
    page = proposed.headers["Location"]
    assert "要由另一位考务人员" in maker.get(page).text
    assert "有 1 项改正等另一位" in second.get(base).text
    assert maker.post(page, data={"do": "accept"}).status_code == 403
    shown = second.get(page).text
    assert "原来录入的" in shown
    assert desk.right("3") in shown
    assert second.post(page, data={"do": "refuse"}).status_code == 422
    for _ in range(2):
        assert second.post(page, data={"do": "accept"}).status_code == 302
    assert "已改正" in second.get(base).text
    assert "项改正等另一位" not in second.get(base).text
    assert "18 分" in second.get(page).text
    assert second.post(page, data={"do": "refuse", "note": "不"}).status_code == 409


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"lines": "3 Z"}, 422, "没有选项"),
        ({"lines": ""}, 422, "没有要改的题"),
        ({"reason": ""}, 422, "请写明哪里录错了"),
        ({"letter": "D"}, 422, "卷别"),
    ],
)
def test_wrong_input_stays_on_the_page(
    session: Session, desk: Desk, client: Browser, changes: dict[str, str], status: int, said: str
) -> None:
    session.commit()
    client.sign_in(desk.world.maker, session)
    data = {"letter": "B", "lines": "2 -", "reason": "看错一行", "do": "save", **changes}
    answer = client.post(f"{base_of(desk)}/results/{desk.attempt.public_id}", data=data)
    assert answer.status_code == status
    assert said in answer.text
    assert session.scalar(select(func.count()).select_from(PaperAmendment)) == 0


def test_other_units_examiners_find_nothing(session: Session, desk: Desk, client: Browser) -> None:
    amendment = desk.propose(f"1 {desk.right('1')}")
    other = make_exam(session, desk.world.unit, by=desk.world.maker, now=NOW)
    session.commit()
    base = base_of(desk)
    client.sign_in(desk.world.stranger, session)
    for path in (f"/results/{desk.attempt.public_id}", f"/amendments/{amendment.public_id}"):
        assert client.get(base + path).status_code == 404
        assert client.post(base + path, data={"do": "accept"}).status_code == 404
    client.sign_in(desk.world.second, session)
    for path in (f"/results/{amendment.public_id}", f"/amendments/{desk.attempt.public_id}"):
        assert client.get(base + path).status_code == 404
    elsewhere = base.replace(desk.world.exam.public_id, other.public_id)
    assert client.get(f"{elsewhere}/amendments/{amendment.public_id}").status_code == 404


def test_the_candidate_reads_that_it_was_a_typing_error(
    session: Session, desk: Desk, client: Browser
) -> None:
    desk.decide(desk.propose(f"1 {desk.right('1')}"))
    session.commit()
    client.sign_in(desk.person, session)
    page = client.get(f"/attempts/{desk.attempt.public_id}/result").text
    assert "纸笔录入更正" in page


# ---------------------------------------------------------------- proof


@pytest.mark.parametrize("mode", list(PrintMode))
def test_papers_sat_on_paper_are_proved_from_the_seed_of_their_run(
    session: Session, mode: PrintMode
) -> None:
    world = make_world(session)
    commit_seed(session, exam=world.exam, master="ab" * 32, vault=VAULT, now=NOW)
    run = new_run(session, world, mode=mode)
    for letter in "AB":
        enter(session, world, run, make_person(session, world.unit), letter)
    for row in list(session.scalars(select(BankQuestion)))[::2]:
        row.status = "RETIRED"  # type: ignore[assignment]  # stored as text
    session.flush()
    session.expire_all()
    result = replay_exam(session, exam=world.exam, vault=VAULT)
    assert (result.differences, result.notes) == ([], [])
    assert (result.papers, result.grades) == (2, 2)


def test_a_paper_that_is_not_the_printed_form_is_found(
    session: Session, connection: Connection
) -> None:
    desk = make_desk(session)
    other = paper_of_form(desk.run, "A")
    desk.attempt.paper, desk.attempt.paper_hash = other.canonical(), other.hash
    session.flush()
    whats = [d.what for d in replay_exam(session, exam=desk.world.exam, vault=VAULT).differences]
    assert "答卷的试卷不是印制的 B 卷" in whats
    if connection.dialect.name == "sqlite":
        connection.execute(text("DROP TRIGGER print_paper_no_update"))
    else:
        connection.execute(text("SET session_replication_role = replica"))
    form = next(form for form in desk.run.papers if form.letter == "B")
    form.paper, form.paper_hash = other.canonical(), other.hash
    session.flush()
    whats = [d.what for d in replay_exam(session, exam=desk.world.exam, vault=VAULT).differences]
    assert "印制的 B 卷和审计日志里记下的不同" in whats
    assert any("不是应该抽到的题" in what or "选项顺序" in what for what in whats)
