"""A paper result entered for the wrong person or time: two people move it, nothing is edited."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from elearn import db
from elearn.assignments.facts import sittings
from elearn.core.access import Role
from elearn.core.assembly.model import Section
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.exams.amendments.queries import get_result
from elearn.exams.amendments.services import decide_amendment, propose_amendment
from elearn.exams.attempts.queries import Standing, current_answers, paper_of, situations
from elearn.exams.attempts.services import start_attempt
from elearn.exams.grades.queries import last_grade
from elearn.exams.grades.services import grade_attempt
from elearn.exams.invigilation.queries import headcount
from elearn.exams.makeups.queries import derive_roster
from elearn.exams.papers.replay import replay_exam
from elearn.exams.papers.services import commit_seed
from elearn.exams.printing.typed import read_lines
from elearn.exams.refiling.services import decide_refiling, propose_refiling
from elearn.exams.voiding.services import ask_void
from elearn.models import (
    AnswerEvent,
    Attempt,
    AuditEntry,
    ExamNotice,
    Grade,
    PaperRefiling,
    Person,
    PrintMode,
    PrintRun,
    RefilingDecision,
    TrainingRecord,
)
from elearn.records.queries import hours_of, records_of
from elearn.records.writing import verify_record
from tests.conftest import Browser
from tests.exams.test_papers import VAULT
from tests.exams.test_printing import (
    HELD,
    NOW,
    T,
    World,
    enter,
    make_world,
    new_run,
    paper_of_form,
)
from tests.factories import make_actor, make_person, make_unit
from tests.factories_exams import make_exam, make_revision, make_spec
from tests.side_by_side import meanwhile

LATER = NOW + timedelta(minutes=5)
EARLIER = HELD - timedelta(minutes=7)


@dataclass
class Desk:
    """A sheet of form B that is `right`'s, entered for `wrong`."""

    session: Session
    world: World
    run: PrintRun
    wrong: Person
    right: Person
    attempt: Attempt

    def propose(self, **values: Any) -> PaperRefiling:
        attempt = values.pop("attempt", self.attempt)
        return propose_refiling(
            self.session,
            **{
                "actor": make_actor(self.world.maker),
                "run": self.run,
                "result": get_result(self.session, run=self.run, attempt_id=attempt.public_id),
                "person": self.right,
                "held_at": HELD,
                "reason": "工号看错一位",
                "now": LATER,
                **values,
            },
        )

    def decide(self, row: PaperRefiling, **values: Any) -> RefilingDecision:
        return decide_refiling(
            self.session,
            **{
                "actor": make_actor(self.world.second),
                "run": self.run,
                "refiling": row,
                "accepted": True,
                "note": "",
                "now": LATER + timedelta(minutes=1),
                **values,
            },
        )

    def move(self, **values: Any) -> Attempt:
        new = self.decide(self.propose(**values)).new_attempt
        assert new is not None
        return new

    def grades(self, attempt: Attempt) -> list[tuple[int, bool | None]]:
        query = select(Grade).where(Grade.attempt_id == attempt.id).order_by(Grade.no)
        return [(row.score_centi, row.passed) for row in self.session.scalars(query)]

    def proven(self) -> list[str]:
        found = replay_exam(self.session, exam=self.world.exam, vault=VAULT)
        return [difference.what for difference in found.differences]


def make_desk(session: Session, **values: Any) -> Desk:
    world = make_world(session)
    run = new_run(session, world, **values)
    wrong, right = make_person(session, world.unit), make_person(session, world.unit)
    attempt, _ = enter(session, world, run, wrong)
    return Desk(session, world, run, wrong, right, attempt)


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk(session)


# ---------------------------------------------------------------- what comes of it


def test_the_sheet_goes_to_whose_it_is(desk: Desk) -> None:
    row = desk.propose()
    assert desk.grades(desk.attempt) == [(2000, True)], "asking changes nothing"
    new = desk.decide(row).new_attempt
    assert new is not None
    assert (new.person_id, new.started_at, new.no) == (desk.right.id, HELD, 1)
    assert current_answers(desk.session, new.id) == current_answers(desk.session, desk.attempt.id)
    assert desk.grades(new) == [(2000, True)]
    assert desk.grades(desk.attempt) == [(2000, True), (0, False)]
    assert desk.attempt.refiled_at == desk.attempt.voided_at is not None
    assert desk.proven() == []


def test_record_and_hours_go_with_it_and_both_are_told(desk: Desk) -> None:
    new = desk.move()
    kept = desk.session.scalars(select(TrainingRecord)).all()
    assert sorted((r.person_id == desk.right.id, r.passed) for r in kept) == [
        (False, True),
        (True, True),
    ]
    assert all(verify_record(record) for record in kept), "nothing is edited"
    assert records_of(desk.session, desk.wrong.id) == []
    assert set(hours_of(desk.session, desk.wrong.id).values()) <= {0}
    assert set(hours_of(desk.session, desk.right.id).values()) == {100}
    told = {
        notice.person_id: (notice.text, notice.attempt_id)
        for notice in desk.session.scalars(select(ExamNotice))
    }
    assert set(told) == {desk.wrong.id, desk.right.id}
    assert ("已经撤销" in told[desk.wrong.id][0], told[desk.wrong.id][1]) == (True, None)
    assert ("已改到您的名下" in told[desk.right.id][0], told[desk.right.id][1]) == (True, new.id)
    actions = desk.session.scalars(
        select(AuditEntry.action).where(AuditEntry.object_type == "attempt").order_by(AuditEntry.id)
    ).all()
    assert actions[-3:] == ["refiling.propose", "attempt.paper", "refiling.accept"]


def test_whom_it_never_concerned_has_not_sat_it(desk: Desk) -> None:
    """The wrong attempt is no try: lobby, board, duties and roster do not know it."""
    exam, wrong = desk.world.exam, desk.wrong
    desk.move()
    (situation,) = situations(desk.session, exams=[exam], person=wrong, now=NOW)
    assert (situation.attempts, situation.standing) == ((), Standing.OPEN)
    query = sittings(NOW).where(Attempt.person_id == wrong.id)
    assert desk.session.execute(query).all() == []
    heads = headcount(desk.session, exam=exam, now=NOW)
    assert (heads.absent, heads.submitted) == (1, 1)
    exam.closes_at = NOW - timedelta(minutes=1)
    desk.session.flush()
    causes = {line.person.id for line in derive_roster(desk.session, exam).lines}
    assert causes == {wrong.id}


def test_the_own_sheet_can_still_be_entered(desk: Desk) -> None:
    desk.move()
    mine, is_new = enter(desk.session, desk.world, desk.run, desk.wrong, "A")
    assert (is_new, mine.no) == (True, 2)


def test_the_screen_is_still_free(desk: Desk) -> None:
    desk.move()
    started = start_attempt(
        desk.session, exam=desk.world.exam, person=desk.wrong, now=NOW, seed="5eed"
    )
    assert started.no == 2


def test_only_the_time(desk: Desk) -> None:
    new = desk.move(person=desk.wrong, held_at=EARLIER)
    assert (new.person_id, new.started_at, new.no) == (desk.wrong.id, EARLIER, 2)
    (record,) = records_of(desk.session, desk.wrong.id)
    assert (record.started_at, record.passed, record.hours_centi) == (EARLIER, True, 100)
    told = desk.session.scalars(select(ExamNotice)).one()
    assert ("开考时间" in told.text, told.attempt_id) == (True, new.id)
    (situation,) = situations(desk.session, exams=[desk.world.exam], person=desk.wrong, now=NOW)
    assert [attempt.id for attempt in situation.attempts] == [new.id]
    assert desk.proven() == []


def test_it_can_be_moved_on_and_back(desk: Desk) -> None:
    """The second move was the mistake: the sheet goes back by another move, never by an undo."""
    new = desk.move()
    third = make_person(desk.session, desk.world.unit)
    last = desk.move(attempt=new, person=third, now=LATER + timedelta(minutes=2))
    assert last.person_id == third.id
    assert [bool(records_of(desk.session, p.id)) for p in (desk.wrong, desk.right, third)] == [
        False,
        False,
        True,
    ]
    assert desk.proven() == []


def test_corrected_answers_and_form_go_along(desk: Desk) -> None:
    """What was amended before the move is what the sheet says."""
    lines = read_lines(paper_of_form(desk.run, "B"), "1 -")
    amendment = propose_amendment(
        desk.session,
        actor=make_actor(desk.world.maker),
        run=desk.run,
        result=get_result(desk.session, run=desk.run, attempt_id=desk.attempt.public_id),
        letter="B",
        lines=lines,
        reason="没有作答",
        now=LATER,
    )
    with pytest.raises(Conflict) as caught:
        desk.propose()
    assert caught.value.code == "E-WAITING"
    decide_amendment(
        desk.session,
        actor=make_actor(desk.world.second),
        run=desk.run,
        amendment=amendment,
        accepted=True,
        note="",
        now=LATER,
    )
    grade = last_grade(desk.session, desk.attempt.id)
    assert grade is not None
    new = desk.move(now=LATER + timedelta(minutes=2))
    assert desk.grades(new) == [(grade.score_centi, grade.passed)]
    assert desk.proven() == []


def test_parallel_forms_move_with_their_own_questions(session: Session) -> None:
    desk = make_desk(session, mode=PrintMode.PARALLEL)
    commit_seed(session, exam=desk.world.exam, master="ab" * 32, vault=VAULT, now=NOW)
    new = desk.move()
    assert paper_of(new) == paper_of(desk.attempt)
    assert desk.proven() == []


def test_texts_are_marked_again(session: Session) -> None:
    """A mark speaks of a sheet: the new one waits for a marker, the old one waits no more."""
    world = make_world(session)
    spec = make_spec(
        Section("单选题", T.SINGLE, 1, 200), Section("简答题", T.SHORT_ANSWER, 1, 2000)
    )
    world.exam = make_exam(
        session, world.unit, by=world.maker, now=NOW, revision=make_revision(session, spec)
    )
    run = new_run(session, world, mode=PrintMode.PARALLEL)
    wrong, right = make_person(session, world.unit), make_person(session, world.unit)
    attempt, _ = enter(session, world, run, wrong)
    desk = Desk(session, world, run, wrong, right, attempt)
    new = desk.move()
    assert [passed for _, passed in desk.grades(new)] == [None]
    assert desk.grades(attempt)[-1] == (0, False)
    assert records_of(session, right.id) == []
    assert desk.proven() == []


def test_nothing_brings_the_wrong_one_back(desk: Desk) -> None:
    desk.move()
    grade_attempt(desk.session, attempt=desk.attempt, now=LATER + timedelta(hours=1), reason="更正")
    assert desk.grades(desk.attempt)[-1] == (0, False)
    assert records_of(desk.session, desk.wrong.id) == []
    with pytest.raises(Conflict) as caught:
        enter(desk.session, desk.world, desk.run, desk.wrong)  # the same file imported again
    assert caught.value.code == "E-REFILED"
    for act in (desk.propose, lambda: ask_void(
        desk.session, actor=make_actor(desk.world.maker), attempt=desk.attempt,
        reason="再作废一次", now=LATER,
    )):  # fmt: skip
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code in {"E-REFILED", "E-VOIDED"}


def test_the_replay_finds_a_sheet_that_changed_on_the_way(desk: Desk) -> None:
    new = desk.move()
    assert desk.proven() == []
    first = desk.session.scalars(
        select(AnswerEvent).where(AnswerEvent.attempt_id == new.id)
    ).first()
    assert first is not None
    changed = AnswerEvent(
        attempt_id=new.id, seq=new.last_seq + 1, event_id="later-000001", item_no=first.item_no,
        part_no=first.part_no, value={"answer": []}, received_at=first.received_at,
    )  # fmt: skip
    desk.session.add(changed)
    desk.session.flush()
    assert "改归以后的答案和原来的不同" in desk.proven()
    desk.attempt.refiled_at = None
    desk.session.flush()
    assert "改归的标记和两人的决定对不上" in desk.proven()


# ---------------------------------------------------------------- what stands against it


def test_nobody_moves_alone_or_what_is_their_own(desk: Desk) -> None:
    row = desk.propose()
    with pytest.raises(Forbidden) as caught:
        desk.decide(row, actor=make_actor(desk.world.maker))
    assert caught.value.code == "E-FOUR-EYES"
    with pytest.raises(Forbidden):
        desk.decide(row, actor=make_actor(desk.world.stranger))
    examiner = make_person(desk.session, desk.world.unit, Role.EXAMINER)
    with pytest.raises(Forbidden):
        desk.propose(actor=make_actor(examiner), person=examiner)
    assert desk.grades(desk.attempt) == [(2000, True)]


def test_decided_once(desk: Desk) -> None:
    row = desk.propose()
    assert desk.propose().id == row.id, "the same again"
    with pytest.raises(Conflict) as caught:
        desk.propose(held_at=EARLIER)
    assert caught.value.code == "E-WAITING"
    with pytest.raises(DomainError) as said:
        desk.decide(row, accepted=False)
    assert said.value.code == "E-NOTE"
    desk.decide(row, accepted=False, note="答题卡上就是这个人")
    with pytest.raises(Conflict) as caught:
        desk.decide(row)
    assert caught.value.code == "E-DECIDED"
    assert (desk.grades(desk.attempt), desk.attempt.voided_at) == ([(2000, True)], None)
    again = desk.propose()
    first = desk.decide(again)
    assert desk.decide(again) is first, "a second click"
    assert desk.session.scalar(select(func.count()).select_from(Attempt)) == 2


def test_who_has_a_result_gets_no_second(desk: Desk) -> None:
    enter(desk.session, desk.world, desk.run, desk.right, "A")
    with pytest.raises(Conflict) as caught:
        desk.propose()
    assert caught.value.code in {"E-ENTERED", "E-USED"}


def test_a_result_that_came_meanwhile_refuses_the_move(desk: Desk) -> None:
    desk.world.exam.attempts_max = 3
    row = desk.propose()
    enter(desk.session, desk.world, desk.run, desk.right, "A")
    with pytest.raises(Conflict) as caught, desk.session.begin_nested():
        desk.decide(row)
    assert caught.value.code == "E-ENTERED"
    assert "名下已有纸笔答卷" in caught.value.message
    desk.session.expire_all()
    assert desk.attempt.voided_at is None


def test_who_answers_on_a_phone_gets_none(desk: Desk) -> None:
    start_attempt(desk.session, exam=desk.world.exam, person=desk.right, now=NOW, seed="5eed")
    with pytest.raises(Conflict) as caught:
        desk.propose()
    assert caught.value.code == "E-RUNNING"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": " "}, "E-REASON"),
        ({"held_at": NOW + timedelta(hours=1)}, "E-TIME"),
        ({"held_at": NOW - timedelta(days=30)}, "E-TIME"),
    ],
)
def test_wrong_input(desk: Desk, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(DomainError) as caught:
        desk.propose(**changes)
    assert caught.value.code == code


def test_the_same_or_a_stranger(desk: Desk) -> None:
    with pytest.raises(DomainError) as caught:
        desk.propose(person=desk.wrong)
    assert caught.value.code == "E-SAME"
    with pytest.raises(DomainError) as caught:
        desk.propose(person=make_person(desk.session, make_unit(desk.session)))
    assert caught.value.code == "E-AUDIENCE"


def test_who_was_transferred_since_has_sat_it_all_the_same(desk: Desk) -> None:
    row = desk.propose()
    elsewhere = make_unit(desk.session)
    for person in (desk.wrong, desk.right):
        person.org_unit = elsewhere
    desk.session.flush()
    new = desk.decide(row).new_attempt
    assert new is not None
    assert [r.org_unit_id for r in records_of(desk.session, desk.right.id)] == [elsewhere.id]


def test_the_database_holds_the_four_eyes_and_the_evidence(desk: Desk) -> None:
    row = desk.propose()
    alone = RefilingDecision(
        refiling_id=row.id, proposed_by_id=row.proposed_by_id, decided_by_id=row.proposed_by_id,
        accepted=False, note="", decided_at=LATER,
    )  # fmt: skip
    with desk.session.begin_nested() as nested:
        desk.session.add(alone)
        with pytest.raises(IntegrityError, match="four_eyes"):
            desk.session.flush()
        nested.rollback()
    desk.decide(row)
    for change in (
        "UPDATE paper_refiling SET reason = 'x'",
        "UPDATE refiling_decision SET note = 'x'",
        "DELETE FROM record_withdrawal",
    ):
        with pytest.raises(DatabaseError, match="append-only"), desk.session.begin_nested():
            desk.session.execute(text(change))


# ---------------------------------------------------------------- two at once


@pytest.mark.parametrize("act", ["decide", "enter"])
def test_two_at_once_make_one_result(own_engine: Engine, act: str) -> None:
    """Consented twice, or the right person's sheet is entered while it is moved: one result."""
    with db.transaction(own_engine) as work:
        desk = make_desk(work)
        row = desk.propose().id
        actor, maker = make_actor(desk.world.second), make_actor(desk.world.maker)
        world = desk.world

    def move(work: Session) -> int | None:
        refiling = work.get_one(PaperRefiling, row)
        run = work.get_one(PrintRun, desk.run.id)
        decision = decide_refiling(
            work, actor=actor, run=run, refiling=refiling, accepted=True, note="",
            now=LATER + timedelta(minutes=1),
        )  # fmt: skip
        return decision.new_attempt_id

    def other() -> Any:
        with db.transaction(own_engine) as work:
            if act == "decide":
                return move(work)
            run, person = work.get_one(PrintRun, desk.run.id), work.get_one(Person, desk.right.id)
            attempt, is_new = enter(work, world, run, person, actor=maker)
            return (attempt.id, is_new)

    with ExitStack() as stack:
        with db.transaction(own_engine) as work:
            made = move(work)
            work.flush()
            task = meanwhile(stack, own_engine, other)
        if act == "decide":
            assert task.result() == made
        else:
            try:
                assert task.result() == (made, False)
            except (
                Conflict
            ) as error:  # it asked before the move was there: turned down, not doubled
                assert error.code == "E-RACE"  # noqa: PT017 - either end is right
    with db.new_session(own_engine, write=False) as work:
        counting = select(func.count()).where(Attempt.person_id == desk.right.id)
        assert work.scalar(counting.select_from(Attempt)) == 1
        assert len(records_of(work, desk.right.id)) == 1


# ---------------------------------------------------------------- pages


def base_of(desk: Desk) -> str:
    return f"/manage/exams/{desk.world.exam.public_id}/print/{desk.run.public_id}"


def typed(at: datetime) -> str:
    return (at + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")


def test_two_people_move_on_the_pages(
    session: Session, desk: Desk, browser: Callable[[], Browser]
) -> None:
    session.commit()
    maker = browser().sign_in(desk.world.maker, session)
    second = browser().sign_in(desk.world.second, session)
    base = base_of(desk)
    address = f"{base}/results/{desk.attempt.public_id}/refile"
    assert address in maker.get(base).text
    assert f'value="{desk.wrong.staff_no}"' in maker.get(address).text
    data = {"staff_no": desk.right.staff_no, "held_at": typed(HELD), "reason": "工号看错"}
    wrong = maker.post(address, data={**data, "staff_no": "nobody"})
    assert (wrong.status_code, "没有这个工号" in wrong.text) == (422, True)
    page = maker.post(address, data=data).headers["Location"]
    assert "要由另一位考务人员" in maker.get(page).text
    assert maker.post(page, data={"do": "accept"}).status_code == 403
    assert "有 1 项改归等另一位" in second.get(base).text
    assert second.post(page, data={"do": "refuse"}).status_code == 422
    for _ in range(2):
        assert second.post(page, data={"do": "accept"}).status_code == 302
    shown = second.get(base).text
    assert "已改归" in shown
    assert "项改归等另一位" not in shown
    assert "20 分" in second.get(page).text
    assert "已经有了决定" in second.post(page, data={"do": "refuse", "note": "不"}).text


def test_who_lost_it_does_not_see_the_sheet_and_who_got_it_does(
    session: Session, desk: Desk, browser: Callable[[], Browser]
) -> None:
    record = session.scalars(select(TrainingRecord)).one()
    new = desk.move()
    session.commit()
    lost = browser().sign_in(desk.wrong, session)
    got = browser().sign_in(desk.right, session)
    assert lost.get(f"/attempts/{desk.attempt.public_id}/result").status_code == 404
    assert "已经撤销" in lost.get("/").text
    assert "已撤销" in lost.get(f"/me/records/{record.public_id}").text
    assert got.get(f"/attempts/{new.public_id}/result").status_code == 200
    assert got.get(f"/attempts/{desk.attempt.public_id}/result").status_code == 404


def test_other_units_examiners_find_nothing(session: Session, desk: Desk, client: Browser) -> None:
    row = desk.propose()
    session.commit()
    base = base_of(desk)
    client.sign_in(desk.world.stranger, session)
    for path in (f"/results/{desk.attempt.public_id}/refile", f"/refilings/{row.public_id}"):
        assert client.get(base + path).status_code == 404
        assert client.post(base + path, data={"do": "accept"}).status_code == 404
    client.sign_in(desk.world.second, session)
    assert client.get(f"{base}/refilings/{desk.attempt.public_id}").status_code == 404
