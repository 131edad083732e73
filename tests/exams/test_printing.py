"""Printed forms, who may open what, and results that come back through the same grader."""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from elearn.config import DISPLAY_ZONE
from elearn.core.access import Role
from elearn.core.assembly.model import Section
from elearn.core.assembly.paper import Paper, paper_from_canonical
from elearn.core.errors import Conflict, DomainError, Forbidden, Gone, Infeasible
from elearn.core.questions.model import Question, QuestionType
from elearn.exams.attempts.queries import current_answers
from elearn.exams.attempts.services import save_answers, start_attempt, submit_attempt
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.queries import last_grade
from elearn.exams.papers.snapshots import stock_of
from elearn.exams.printing.deriving import derive_forms
from elearn.exams.printing.entering import record_result
from elearn.exams.printing.queries import paper_result_of
from elearn.exams.printing.services import (
    approve_run,
    make_run,
    open_key,
    open_papers,
)
from elearn.exams.printing.typed import places, read_entry
from elearn.models import (
    AnswerEvent,
    Attempt,
    AuditEntry,
    ClosedBy,
    Exam,
    OrgUnit,
    PaperResult,
    Person,
    PrintApproval,
    PrintMode,
    PrintPaper,
    PrintRun,
    ResultSource,
    TrainingRecord,
)
from tests.conftest import Browser
from tests.factories import make_actor, make_person, make_unit
from tests.factories_exams import (
    CANARY,
    all_right,
    make_bank,
    make_exam,
    make_revision,
    make_spec,
)

T = QuestionType
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
HELD = NOW - timedelta(minutes=50)


@dataclass
class World:
    unit: OrgUnit
    exam: Exam
    maker: Person
    second: Person
    stranger: Person
    bank: list[Question]


def make_world(session: Session) -> World:
    """An exam of 2 single, 2 multiple, 2 true/false, 2 blank, 2 case questions; two examiners."""
    office = make_unit(session)
    unit = make_unit(session, office)
    maker = make_person(session, office, Role.EXAMINER)
    return World(
        unit=unit,
        bank=make_bank(session),
        maker=maker,
        exam=make_exam(session, unit, by=maker, now=NOW),
        second=make_person(session, office, Role.EXAMINER),
        stranger=make_person(session, make_unit(session), Role.EXAMINER),
    )


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session)


def new_run(session: Session, world: World, *, approved: bool = True, **values: Any) -> PrintRun:
    """Forms A and B with the same questions."""
    run = make_run(
        session,
        **{
            "actor": make_actor(world.maker),
            "exam": world.exam,
            "forms": 2,
            "mode": PrintMode.SHUFFLED,
            "seed": "0123456789abcdef" * 2,
            "now": NOW,
            **values,
        },
    )
    if approved:
        approve_run(session, actor=make_actor(world.second), run=run, now=NOW)
    return run


def paper_of_form(run: PrintRun, letter: str) -> Paper:
    return paper_from_canonical(next(p.paper for p in run.papers if p.letter == letter))


def right_words(paper: Paper, bank: list[Question]) -> dict[str, str]:
    """Label -> what stands on the answer sheet of somebody who knows everything."""
    keys = {question.revision_hash: question for question in bank}
    words = {}
    for (number, at), label, part in places(paper):
        item = next(item for item in paper.items if item.number == number)
        key = keys[item.revision_hash].parts[at]
        if part.type is T.TRUE_FALSE:
            words[label] = "对错"[key.key[0]]
        elif part.type is T.BLANK:
            words[label] = "；".join(accepted[0] for accepted in key.blanks)
        elif part.type is T.SHORT_ANSWER:
            words[label] = "我的回答"
        else:
            words[label] = "".join(sorted("ABCDEFG"[part.option_order.index(o)] for o in key.key))
    return words


def typed(paper: Paper, words: Mapping[str, str]) -> tuple[str, str]:
    """The two text areas."""
    letters, texts = [], []
    for _, label, part in places(paper):
        if part.type in {T.BLANK, T.SHORT_ANSWER}:
            texts.append(f"{label} {words[label]}")
        else:
            letters.append(words[label])
    return " ".join(letters), "\n".join(texts)


def enter(
    session: Session, world: World, run: PrintRun, person: Person, letter: str = "B", **values: Any
) -> tuple[Attempt, bool]:
    paper = paper_of_form(run, letter)
    words = {**right_words(paper, world.bank), **values.pop("words", {})}
    entry = read_entry(paper, *typed(paper, words))
    assert entry.problems == []
    return record_result(
        session,
        **{
            "actor": make_actor(world.maker),
            "run": run,
            "person": person,
            "letter": letter,
            "answers": entry.answers,
            "held_at": HELD,
            "source": ResultSource.TYPED,
            "now": NOW,
            **values,
        },
    )


# ---------------------------------------------------------------- forms


def test_shuffled_forms_have_the_same_questions_in_another_order(
    session: Session, world: World
) -> None:
    run = new_run(session, world, forms=4)
    papers = [paper_from_canonical(form.paper) for form in run.papers]
    assert [form.letter for form in run.papers] == list("ABCD")
    assert len({paper.hash for paper in papers}) == 4
    assert len({frozenset(item.revision_hash for item in paper.items) for paper in papers}) == 1


def test_forms_can_be_derived_again_from_the_seed(session: Session, world: World) -> None:
    for mode in PrintMode:
        run = new_run(session, world, mode=mode, seed=f"{mode.value:0<32}")
        stock = stock_of(session, run.snapshot_hash or "")
        papers = derive_forms(
            stock,
            blueprint=read_spec(world.exam.blueprint_revision),
            mode=mode,
            seed=run.seed,
            forms=2,
        )
        assert stock.bank_hash == run.bank_hash
        assert {letter: paper.hash for letter, paper in papers.items()} == {
            form.letter: form.paper_hash for form in run.papers
        }


def test_parallel_forms_are_draws_of_their_own(session: Session, world: World) -> None:
    run = new_run(session, world, mode=PrintMode.PARALLEL)
    a, b = ({i.revision_hash for i in paper_of_form(run, x).items} for x in "AB")
    assert a != b


def test_forms_that_would_be_the_same_are_refused(session: Session, world: World) -> None:
    spec = make_spec(
        Section("单选题", T.SINGLE, 2, 200), shuffle_questions=False, shuffle_options=False
    )
    exam = make_exam(
        session, world.unit, by=world.maker, now=NOW, revision=make_revision(session, spec)
    )
    with pytest.raises(DomainError, match="完全相同"):
        new_run(session, world, exam=exam)
    assert len(new_run(session, world, exam=exam, forms=1).papers) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"cancelled_at": NOW}, Gone),
        ({"closes_at": NOW}, Gone),
    ],
)
def test_no_forms_for_an_exam_that_is_off_or_over(
    session: Session, world: World, change: dict[str, Any], error: type[DomainError]
) -> None:
    for name, value in change.items():
        setattr(world.exam, name, value)
    with pytest.raises(error):
        new_run(session, world)


def test_a_short_bank_is_said_per_section(session: Session, world: World) -> None:
    spec = make_spec(Section("单选题", T.SINGLE, 99, 200))
    exam = make_exam(
        session, world.unit, by=world.maker, now=NOW, revision=make_revision(session, spec)
    )
    with pytest.raises(Infeasible, match="缺"):
        new_run(session, world, exam=exam)
    with pytest.raises(DomainError, match="1 到 4"):
        new_run(session, world, forms=5)


# ---------------------------------------------------------------- two persons


def test_the_maker_cannot_consent_and_nothing_opens_before(session: Session, world: World) -> None:
    run = new_run(session, world, approved=False)
    maker, second = make_actor(world.maker), make_actor(world.second)
    with pytest.raises(Forbidden):
        approve_run(session, actor=maker, run=run, now=NOW)
    with pytest.raises(Conflict):
        open_papers(session, actor=maker, run=run, now=NOW)
    with pytest.raises(Conflict):
        open_key(session, actor=maker, run=run, now=world.exam.closes_at + timedelta(days=1))
    first = approve_run(session, actor=second, run=run, now=NOW)
    assert approve_run(session, actor=second, run=run, now=NOW + timedelta(hours=1)) is first
    world.maker.org_unit_id = world.unit.id
    session.flush()
    with pytest.raises(Conflict, match="您自己要考这场考试"):
        open_papers(session, actor=maker, run=run, now=NOW)
    world.maker.org_unit_id = world.second.org_unit_id
    session.flush()
    session.expire(world.maker)
    assert len(open_papers(session, actor=maker, run=run, now=NOW)) == 2
    actions = session.scalars(
        select(AuditEntry.action)
        .where(AuditEntry.object_id == run.public_id)
        .order_by(AuditEntry.id)
    ).all()
    assert actions == ["print.make", "print.approve", "print.open"]


def test_a_stranger_neither_makes_nor_consents(session: Session, world: World) -> None:
    stranger = make_actor(world.stranger)
    run = new_run(session, world, approved=False)
    with pytest.raises(Forbidden):
        new_run(session, world, actor=stranger)
    with pytest.raises(Forbidden):
        approve_run(session, actor=stranger, run=run, now=NOW)


def test_the_key_opens_when_nobody_can_sit_any_more(session: Session, world: World) -> None:
    run = new_run(session, world)
    actor, over = make_actor(world.maker), world.exam.closes_at
    for early in (NOW, over, over + timedelta(seconds=30)):
        with pytest.raises(Conflict, match="还没结束"):
            open_key(session, actor=actor, run=run, now=early)
    assert open_key(session, actor=actor, run=run, now=over + timedelta(seconds=31))
    assert session.scalar(select(func.count()).where(AuditEntry.action == "print.key")) == 1


def test_runs_forms_and_consents_are_evidence(session: Session, world: World) -> None:
    run = new_run(session, world)
    for statement in (
        update(PrintRun).where(PrintRun.id == run.id).values(seed="x"),
        update(PrintPaper).where(PrintPaper.run_id == run.id).values(letter="C"),
        delete(PrintApproval).where(PrintApproval.run_id == run.id),
    ):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(statement)


# ---------------------------------------------------------------- results


def test_a_paper_is_graded_exactly_as_on_a_screen(session: Session, world: World) -> None:
    """The same questions with the same answers, once on paper and once on a phone."""
    run = new_run(session, world)
    attempt, is_new = enter(session, world, run, make_person(session, world.unit))
    assert is_new
    online = start_attempt(
        session, exam=world.exam, person=make_person(session, world.unit), now=NOW, seed="7" * 32
    )
    save_answers(session, attempt=online, events=all_right(online, world.bank), now=NOW)
    submit_attempt(session, attempt=online, now=NOW)
    paper_grade, screen_grade = last_grade(session, attempt.id), last_grade(session, online.id)
    assert paper_grade is not None
    assert screen_grade is not None
    assert (paper_grade.score_centi, paper_grade.passed) == (2000, True)
    assert paper_grade.score_centi == screen_grade.score_centi
    assert attempt.closed_by == ClosedBy.EXAMINER
    assert (attempt.started_at, attempt.paper_hash) == (HELD, paper_of_form(run, "B").hash)


def test_what_was_not_answered_or_wrong_gets_nothing(session: Session, world: World) -> None:
    run = new_run(session, world)
    paper = paper_of_form(run, "A")
    attempt, _ = enter(
        session, world, run, make_person(session, world.unit), "A", words={"1": "-", "3": "A"}
    )
    grade = last_grade(session, attempt.id)
    assert grade is not None
    assert grade.score_centi == 1600
    assert (1, 0) not in current_answers(session, attempt.id)
    assert attempt.answered == paper.question_count - 1


def test_the_record_says_that_it_was_paper(session: Session, world: World) -> None:
    run = new_run(session, world)
    attempt, _ = enter(session, world, run, make_person(session, world.unit))
    record = session.scalars(
        select(TrainingRecord).where(TrainingRecord.source_key == f"attempt:{attempt.public_id}")
    ).one()
    assert (record.evidence["medium"], record.evidence["form"]) == ("纸笔", "B")
    assert record.passed
    result = paper_result_of(session, attempt.id)
    assert result is not None
    assert (result.print_paper.letter, result.entered_by_id) == ("B", world.maker.id)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "attempt.paper")).one()
    assert CANARY not in str(entry.detail) + entry.summary


def test_the_same_sheet_twice_is_one_result(session: Session, world: World) -> None:
    run = new_run(session, world)
    person = make_person(session, world.unit)
    first, _ = enter(session, world, run, person)
    again, is_new = enter(session, world, run, person)
    assert (again.id, is_new) == (first.id, False)
    assert session.scalar(select(func.count()).select_from(PaperResult)) == 1


def test_a_different_sheet_of_the_same_form_names_the_difference(
    session: Session, world: World
) -> None:
    world.exam.attempts_max = 3
    run = new_run(session, world)
    person = make_person(session, world.unit)
    enter(session, world, run, person)
    with pytest.raises(Conflict, match="第 2 题不同"):
        enter(session, world, run, person, words={"2": "-"})
    with pytest.raises(Conflict, match="开考时间不同"):
        enter(session, world, run, person, held_at=HELD - timedelta(minutes=1))


def test_a_second_sitting_on_another_form_is_an_attempt_of_its_own(
    session: Session, world: World
) -> None:
    run = new_run(session, world)
    person = make_person(session, world.unit)
    enter(session, world, run, person, "A")
    with pytest.raises(Conflict, match="用完"):
        enter(session, world, run, person, "B")
    world.exam.attempts_max = 2
    attempt, _ = enter(session, world, run, person, "B")
    assert attempt.no == 2


def test_who_answers_on_a_phone_is_not_entered_meanwhile(session: Session, world: World) -> None:
    run = new_run(session, world)
    person = make_person(session, world.unit)
    world.exam.attempts_max = 2
    start_attempt(session, exam=world.exam, person=person, now=NOW, seed="3" * 32)
    with pytest.raises(Conflict, match="正在网上"):
        enter(session, world, run, person)


def test_who_may_not_be_entered(session: Session, world: World) -> None:
    run = new_run(session, world)
    person = make_person(session, world.unit)
    with pytest.raises(DomainError, match="应考范围"):
        enter(session, world, run, world.stranger)
    with pytest.raises(Forbidden, match="自己"):
        enter(session, world, run, world.maker)
    with pytest.raises(Forbidden):
        enter(session, world, run, person, actor=make_actor(world.stranger))
    with pytest.raises(DomainError, match="开始和结束之间"):
        enter(session, world, run, person, held_at=world.exam.opens_at - timedelta(seconds=1))
    with pytest.raises(DomainError, match="还没有到"):
        enter(session, world, run, person, held_at=NOW)
    with pytest.raises(Conflict, match="同意印制"):
        enter(session, world, new_run(session, world, approved=False), person)
    world.exam.cancelled_at = NOW
    session.flush()
    with pytest.raises(Gone):
        enter(session, world, run, person)
    assert session.scalar(select(func.count()).select_from(Attempt)) == 0


def test_a_short_answer_waits_for_a_marker(session: Session, world: World) -> None:
    spec = make_spec(
        Section("单选题", T.SINGLE, 1, 200), Section("简答题", T.SHORT_ANSWER, 1, 2000)
    )
    exam = make_exam(
        session, world.unit, by=world.maker, now=NOW, revision=make_revision(session, spec)
    )
    run = new_run(session, world, exam=exam, mode=PrintMode.PARALLEL)
    attempt, _ = enter(session, world, run, make_person(session, world.unit))
    grade = last_grade(session, attempt.id)
    assert grade is not None
    assert grade.state == "PENDING"


# ---------------------------------------------------------------- pages


@dataclass
class Pages:
    """The run's pages, seen by the maker."""

    base: str
    run: PrintRun
    browser: Browser
    person: Person
    world: World


@pytest.fixture
def pages(session: Session, world: World, client: Browser) -> Pages:
    run = new_run(session, world)
    person = make_person(session, world.unit)
    session.commit()
    client.sign_in(world.maker, session)
    base = f"/manage/exams/{world.exam.public_id}/print/{run.public_id}"
    return Pages(base, run, client, person, world)


def form_of(pages: Pages, **changes: str) -> dict[str, str]:
    paper = paper_of_form(pages.run, "B")
    letters, texts = typed(paper, right_words(paper, pages.world.bank))
    held = HELD.astimezone(DISPLAY_ZONE).strftime("%Y-%m-%dT%H:%M")
    return {
        "staff_no": pages.person.staff_no,
        "letter": "B",
        "letters": letters,
        "texts": texts,
        "held_at": held,
        **changes,
    }


def test_two_people_make_and_consent_on_the_pages(
    session: Session, world: World, browser: Callable[[], Browser]
) -> None:
    session.commit()
    maker, second = (
        browser().sign_in(world.maker, session),
        browser().sign_in(world.second, session),
    )
    base = f"/manage/exams/{world.exam.public_id}/print"
    assert maker.post(base, data={"forms": "7", "mode": "SHUFFLED"}).status_code == 422
    made = maker.post(base, data={"forms": "2", "mode": "SHUFFLED"})
    assert made.status_code == 302
    address = made.headers["Location"]
    assert "不能自己同意" in maker.get(address).text
    assert maker.post(address + "/approve").status_code == 403
    assert maker.get(address + "/papers").status_code == 409
    assert "同意印制" in second.get(address).text
    assert second.post(address + "/approve").status_code == 302
    assert second.post(address + "/approve").status_code == 302
    assert maker.get(address + "/papers").status_code == 200
    assert "等另一位" not in maker.get(base).text


def test_papers_hold_no_key_and_each_opening_is_logged(session: Session, pages: Pages) -> None:
    page = pages.browser.get(pages.base + "/papers").text
    assert CANARY not in page
    assert page.count("卷完") == 2
    only = pages.browser.get(pages.base + "/papers?form=B").text
    assert only.count("卷完") == 1
    for item in paper_of_form(pages.run, "B").items:
        question = next(q for q in pages.world.bank if q.revision_hash == item.revision_hash)
        assert question.parts[0].stem.split("_")[0] in only
    opened = select(func.count()).where(AuditEntry.action == "print.open")
    assert session.scalar(opened) == 2


def test_the_answer_sheet_holds_numbers_and_bubbles_only(pages: Pages) -> None:
    page = pages.browser.get(pages.base + "/sheet").text
    assert CANARY not in page
    assert "题干" not in page
    assert page.count("<li>") == 2 + 2 + 2 + 4  # single, multiple, true/false, two cases of two


def test_the_key_page_opens_after_the_end(session: Session, pages: Pages) -> None:
    assert pages.browser.get(pages.base + "/key").status_code == 409
    assert ">答案</a>" not in pages.browser.get(pages.base).text
    pages.world.exam.opens_at = NOW - timedelta(days=3)
    pages.world.exam.closes_at = NOW - timedelta(days=2)
    session.commit()
    page = pages.browser.get(pages.base + "/key").text
    words = right_words(paper_of_form(pages.run, "B"), pages.world.bank)
    part = page[page.index("form-B") :]
    for label in ("1", "3", "5"):
        assert f'<span class="no">{label}</span> <strong>{words[label]}</strong>' in part
    assert CANARY in page  # accepted blanks


def test_the_time_offered_can_be_kept(session: Session, pages: Pages) -> None:
    pages.world.exam.opens_at = NOW - timedelta(minutes=90, seconds=-7)
    session.commit()
    page = pages.browser.get(pages.base + "/results").text
    offered = re.findall(r'name="held_at"[^>]*value="([^"]+)"', page)
    assert len(offered) == 1
    saved = pages.browser.post(
        pages.base + "/results", data=form_of(pages, do="save", held_at=offered[0])
    )
    assert saved.status_code == 302


def test_a_sheet_is_read_back_and_then_saved(session: Session, pages: Pages) -> None:
    address = pages.base + "/results"
    assert pages.browser.get(address).status_code == 200
    checked = pages.browser.post(address, data=form_of(pages, do="check"))
    assert "请和答题卡核对" in checked.text
    assert pages.person.name in checked.text
    assert session.scalar(select(func.count()).select_from(Attempt)) == 0
    for said in ("20 分，合格", "以前录入过"):
        saved = pages.browser.post(address, data=form_of(pages, do="save"), follow_redirects=True)
        assert said in saved.text
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1
    assert pages.person.staff_no in pages.browser.get(pages.base).text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"staff_no": "nobody"}, "没有这个工号"),
        ({"letters": "A B"}, "读到 2 个"),
        ({"letters": "AB Z C A X 错 A 对 A 对"}, "第 1 题：单选题只能有一个选项"),
        ({"texts": "1 监察"}, "第 1 题不是填空或简答题"),
        ({"texts": "监察"}, "开头没有题号"),
        ({"held_at": "2020-01-01T09:00"}, "开始和结束之间"),
        ({"letter": "D"}, "卷别"),
    ],
)
def test_a_wrong_sheet_is_not_saved(
    session: Session, pages: Pages, changes: dict[str, str], said: str
) -> None:
    answer = pages.browser.post(pages.base + "/results", data=form_of(pages, do="save", **changes))
    assert answer.status_code == 422
    assert said in answer.text
    assert session.scalar(select(func.count()).select_from(AnswerEvent)) == 0


def test_somebody_of_another_unit_is_refused(session: Session, pages: Pages) -> None:
    other = pages.world.stranger.staff_no
    answer = pages.browser.post(
        pages.base + "/results", data=form_of(pages, do="save", staff_no=other)
    )
    assert answer.status_code == 422
    assert "应考范围" in answer.text


def workbook(pages: Pages, rows: list[tuple[Person, str, dict[str, str]]]) -> bytes:
    """The downloaded template, filled in."""
    book = openpyxl.load_workbook(io.BytesIO(pages.browser.get(pages.base + "/template").data))
    sheet = book["成绩"]
    headings = [cell.value for cell in sheet[1]]
    for number, (person, letter, changes) in enumerate(rows, 2):
        words = right_words(paper_of_form(pages.run, letter), pages.world.bank)
        values = {"工号": person.staff_no, "卷别": letter, **words, **changes}
        for column, heading in enumerate(headings, 1):
            sheet.cell(number, column).value = values.get(str(heading), "")
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def upload(pages: Pages, data: bytes, name: str = "答卷.xlsx") -> Any:
    return pages.browser.post(
        pages.base + "/import",
        data={"file": (io.BytesIO(data), name), "held_at": form_of(pages)["held_at"]},
        content_type="multipart/form-data",
        follow_redirects=True,
    )


def test_a_filled_template_comes_in_once(session: Session, pages: Pages) -> None:
    people = [make_person(session, pages.world.unit) for _ in range(5)]
    session.commit()
    data = workbook(pages, [(p, "AB"[at % 2], {}) for at, p in enumerate(people)])
    assert "已录入 5 份" in upload(pages, data).text
    again = upload(pages, data).text
    assert "已录入 0 份，5 份以前录入过" in again
    grades = [last_grade(session, a.id) for a in session.scalars(select(Attempt))]
    assert [grade and grade.score_centi for grade in grades] == [2000] * 5
    assert session.scalar(select(func.count()).where(AuditEntry.action == "print.import")) == 2


def test_every_error_is_at_its_cell_and_nothing_is_written(session: Session, pages: Pages) -> None:
    people = [make_person(session, pages.world.unit) for _ in range(2)]
    session.commit()
    data = workbook(
        pages,
        [
            (people[0], "A", {"1": "AB", "3": "Z"}),
            (people[0], "B", {}),
            (people[1], "A", {"卷别": "D"}),
            (pages.person, "B", {"姓名": "别人", "7": "只有一个"}),
            (people[1], "A", {"工号": "nobody"}),
            (pages.world.stranger, "A", {}),
        ],
    )
    page = upload(pages, data)
    assert page.status_code == 422
    for cell in ("D2", "F2", "A3", "C4", "A5", "J5", "A6"):
        assert f'<th scope="row">{cell}</th>' in page.text
    assert session.scalar(select(func.count()).select_from(Attempt)) == 0
    right = workbook(pages, [(people[0], "A", {}), (pages.world.stranger, "A", {})])
    page = upload(pages, right)
    assert '<th scope="row">A3</th>' in page.text
    assert "应考范围" in page.text
    assert session.scalar(select(func.count()).select_from(Attempt)) == 0


def marked(pages: Pages, data: bytes) -> Any:
    return pages.browser.post(
        pages.base + "/import",
        data={
            "file": (io.BytesIO(data), "答卷.xlsx"),
            "held_at": form_of(pages)["held_at"],
            "do": "mistakes",
        },
        content_type="multipart/form-data",
        follow_redirects=True,
    )


def test_the_table_comes_back_with_what_is_wrong_and_is_mended_there(
    session: Session, pages: Pages
) -> None:
    people = [make_person(session, pages.world.unit) for _ in range(2)]
    session.commit()
    wrong = workbook(pages, [(people[0], "A", {"3": "Z"}), (people[1], "B", {})])
    book = openpyxl.load_workbook(io.BytesIO(marked(pages, wrong).data))
    sheet = book["成绩"]
    headings = [cell.value for cell in sheet[1]]
    column = headings.index("问题") + 1
    assert "F2 3：" in str(sheet.cell(2, column).value)
    assert not sheet.cell(3, column).value
    right = right_words(paper_of_form(pages.run, "A"), pages.world.bank)["3"]
    sheet.cell(2, headings.index("3") + 1).value = right
    target = io.BytesIO()
    book.save(target)
    said = marked(pages, target.getvalue()).text
    assert "没有发现问题，还没有导入" in said
    assert session.scalar(select(func.count()).select_from(Attempt)) == 0
    assert "已录入 2 份" in upload(pages, target.getvalue()).text


def test_a_table_whose_headings_are_wrong_has_no_rows_to_mark(pages: Pages) -> None:
    for data in (b"PK\x03\x04nonsense", "工号,卷别,1,1\nx,A,A,A\n".encode()):
        assert "表头或格式有问题" in marked(pages, data).text


def test_a_result_that_differs_from_what_is_there_is_said_and_kept(
    session: Session, pages: Pages
) -> None:
    session.commit()
    upload(pages, workbook(pages, [(pages.person, "A", {})]))
    page = upload(pages, workbook(pages, [(pages.person, "A", {"2": "-"})]))
    assert page.status_code == 422
    assert "第 2 题不同" in page.text
    assert session.scalar(select(func.count()).select_from(PaperResult)) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "文件是空的"),
        (b"PK\x03\x04nonsense", "文件损坏"),
        ("姓名,卷别\n张三,A\n".encode(), "没有找到表头"),
        ("工号,卷别,1,1\nx,A,A,A\n".encode(), "这一列写了两次"),
        ("工号,卷别,1\nx,A,A\n".encode(), "缺少列"),
    ],
)
def test_a_wrong_file_is_said(session: Session, pages: Pages, data: bytes, said: str) -> None:
    page = upload(pages, data, "答卷.csv")
    assert page.status_code == 422
    assert said in page.text


def test_an_empty_table_and_a_wrong_time_are_said(session: Session, pages: Pages) -> None:
    assert "表头下面没有数据" in upload(pages, workbook(pages, [])).text
    page = pages.browser.post(
        pages.base + "/import",
        data={"file": (io.BytesIO(workbook(pages, [])), "x.xlsx"), "held_at": "2020-01-01T08:00"},
        content_type="multipart/form-data",
    )
    assert "开始和结束之间" in page.text


def test_other_units_examiners_find_nothing(
    session: Session, pages: Pages, browser: Callable[[], Browser]
) -> None:
    stranger = browser().sign_in(pages.world.stranger, session)
    for path in ("", "/papers", "/sheet", "/key", "/results", "/import", "/template"):
        assert stranger.get(pages.base + path).status_code == 404
    for path in ("/approve", "/results", "/import"):
        assert stranger.post(pages.base + path).status_code == 404
    exam = make_exam(session, pages.world.unit, by=pages.world.maker, now=NOW)
    session.commit()
    other = pages.base.replace(pages.world.exam.public_id, exam.public_id)
    assert pages.browser.get(other).status_code == 404  # a run belongs to its exam
