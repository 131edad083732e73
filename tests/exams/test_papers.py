"""Seeds, modes, sealing, four eyes: the same papers sealed or not, and nothing readable before."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, event, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from elearn.core.access import Actor, Role
from elearn.core.assembly.constraints import Balance
from elearn.core.assembly.model import Blueprint, Section
from elearn.core.assembly.seeds import attempt_seed, commitment_of, form_number, forms_seed
from elearn.core.canonical import content_hash
from elearn.core.errors import Conflict, DomainError, Forbidden, Infeasible
from elearn.exams.attempts.services import start_attempt, submit_attempt
from elearn.exams.grades.policy import GRACE
from elearn.exams.papers.drawing import paper_for, paper_source
from elearn.exams.papers.queries import (
    get_look,
    looks_of,
    papers_of,
    sealed_count,
    sealed_nth,
    seed_of,
)
from elearn.exams.papers.services import (
    BATCH,
    approve_look,
    ask_look,
    choose_mode,
    commit_seed,
    reveal_seed,
    seal_papers,
    view_look,
)
from elearn.exams.papers.vault import Vault, install_vault
from elearn.models import (
    Attempt,
    AuditEntry,
    BankQuestion,
    BankSnapshot,
    Base,
    ExamForm,
    OpeningKind,
    PaperMode,
    PaperOpening,
    Person,
    SealedPaper,
)
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_exams import T, make_bank, make_exam, make_question, make_revision, make_spec

SECRET = "test-secret-key-of-enough-length-0123456789"
MASTER = "ab" * 32
HOUR = timedelta(hours=1)
VAULT = Vault(SECRET)


@pytest.fixture(autouse=True)
def _vault() -> None:
    install_vault(SECRET)


class Room:
    """An exam that opens in an hour, two examiners from above, some candidates."""

    def __init__(self, session: Session, spec: Blueprint | None = None, people: int = 3):
        self.session = session
        make_bank(session, [make_question(T.SINGLE, difficulty=n % 5 + 1) for n in range(60)])
        root = make_unit(session)
        self.unit = make_unit(session, root)
        self.first = make_actor(make_person(session, root, Role.EXAMINER))
        self.second = make_actor(make_person(session, root, Role.EXAMINER))
        self.people = [make_person(session, self.unit) for _ in range(people)]
        section = Section("单选", T.SINGLE, 10, 1000)
        self.exam = make_exam(
            session,
            self.unit,
            by=self.people[0],
            revision=make_revision(session, spec or make_spec(section)),
            opens_at=NOW + HOUR,
            attempts_max=3,
        )
        commit_seed(session, exam=self.exam, master=MASTER, vault=VAULT, now=NOW)

    def mode(self, mode: PaperMode, forms: int = 1) -> None:
        choose_mode(self.session, actor=self.first, exam=self.exam, mode=mode, forms=forms, now=NOW)

    def seal(self) -> int:
        return seal_papers(self.session, actor=self.first, exam=self.exam, vault=VAULT, now=NOW)

    def start(self, person: Person, *, minutes: int = 61) -> Attempt:
        return start_attempt(
            self.session,
            exam=self.exam,
            person=person,
            now=NOW + timedelta(minutes=minutes),
            seed=secrets.token_hex(16),
        )

    def papers(self) -> list[str]:
        return [self.start(person).paper_hash for person in self.people]

    def audit(self) -> list[str]:
        return list(self.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.fixture
def room(session: Session) -> Room:
    return Room(session)


# ---------------------------------------------------------------- vault


def test_vault_opens_only_what_it_sealed_where_it_was_sealed() -> None:
    sealed = VAULT.seal(b"paper", exam="e", purpose="form/1")
    assert b"paper" not in sealed
    assert sealed != VAULT.seal(b"paper", exam="e", purpose="form/1")
    assert Vault(SECRET).open(sealed, exam="e", purpose="form/1") == b"paper"
    for vault, exam, purpose, data in (
        (Vault("another"), "e", "form/1", sealed),
        (VAULT, "other", "form/1", sealed),
        (VAULT, "e", "form/2", sealed),
        (VAULT, "e", "form/1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (VAULT, "e", "form/1", b""),
    ):
        with pytest.raises(Conflict) as caught:
            vault.open(data, exam=exam, purpose=purpose)
        assert caught.value.code == "E-SEAL"


def test_seeds_are_apart_and_commitments_hide_them() -> None:
    seeds = {attempt_seed(MASTER, p, n) for p in ("a", "b") for n in (1, 2)} | {forms_seed(MASTER)}
    assert len(seeds) == 5
    assert MASTER not in seeds
    assert commitment_of(MASTER) != MASTER
    numbers = [form_number(MASTER, "a", n, 4) for n in range(1, 5)]
    assert sorted(numbers) == [1, 2, 3, 4]
    spread = [form_number(MASTER, f"p{n}", 1, 4) for n in range(1000)]
    assert all(200 < spread.count(form) < 300 for form in range(1, 5))


# ---------------------------------------------------------------- commitment


def test_commitment_is_written_down_once_and_the_seed_is_not(room: Room) -> None:
    again = commit_seed(room.session, exam=room.exam, master="cd" * 32, vault=VAULT, now=NOW)
    assert again.commitment == commitment_of(MASTER)
    assert room.audit() == ["papers.commit"]
    (entry,) = room.session.scalars(select(AuditEntry)).all()
    assert entry.detail == {"commitment": commitment_of(MASTER)}
    assert again.seed == ""
    assert MASTER not in again.sealed.hex()


def test_reveal_waits_for_the_end(room: Room) -> None:
    for when in (NOW, room.exam.closes_at + GRACE):
        with pytest.raises(Conflict) as caught:
            reveal_seed(room.session, actor=room.first, exam=room.exam, vault=VAULT, now=when)
        assert caught.value.code == "E-EARLY"
    late = room.exam.closes_at + GRACE + timedelta(seconds=1)
    for _ in range(2):
        row = reveal_seed(room.session, actor=room.first, exam=room.exam, vault=VAULT, now=late)
        assert row.seed == MASTER
    assert room.audit().count("papers.reveal") == 1


def test_a_stranger_does_nothing_with_papers(room: Room) -> None:
    stranger = make_actor(make_person(room.session, None, Role.EXAMINER))
    common: dict[str, Any] = {"actor": stranger, "exam": room.exam, "now": NOW}
    with pytest.raises(Forbidden):
        choose_mode(room.session, mode=PaperMode.FIXED, forms=1, **common)
    with pytest.raises(Forbidden):
        seal_papers(room.session, vault=VAULT, **common)
    with pytest.raises(Forbidden):
        ask_look(room.session, form_no=1, reason="看看", **common)
    with pytest.raises(Forbidden):
        reveal_seed(room.session, vault=VAULT, **common)


# ---------------------------------------------------------------- modes and sealing


def test_individual_papers_are_the_same_sealed_or_not(session: Session) -> None:
    room = Room(session)
    with session.begin_nested() as unsealed:
        expected = room.papers()
        unsealed.rollback()
    session.expire_all()
    assert room.seal() == 0
    assert sealed_count(session, room.exam) == 3
    assert room.papers() == expected
    assert len(set(expected)) == 3


def test_sealed_papers_do_not_change_with_the_bank(room: Room) -> None:
    room.seal()
    sealed = dict(room.session.execute(select(SealedPaper.person_id, SealedPaper.paper_hash)).all())
    for row in room.session.scalars(select(BankQuestion)):
        row.status = "RETIRED"  # type: ignore[assignment]  # stored as text
    room.session.flush()
    for person in room.people:
        attempt = room.start(person)
        assert attempt.paper_hash == sealed[person.id] == content_hash(attempt.paper)
        assert attempt.draw is not None
        assert attempt.draw["sealed"] is True
        assert attempt.seed == attempt_seed(MASTER, person.public_id, 1)


def test_sealing_goes_on_where_it_stopped(session: Session) -> None:
    room = Room(session, people=BATCH + 3)
    assert room.seal() > 0
    assert papers_of(session, room.exam).sealed_at is None
    assert room.seal() == 0
    assert papers_of(session, room.exam).sealed_at == NOW
    assert sealed_count(session, room.exam) == BATCH + 3
    assert room.seal() == 0
    assert room.session.scalar(select(func.count()).select_from(BankSnapshot)) == 1


def test_one_paper_for_all(room: Room) -> None:
    room.mode(PaperMode.FIXED)
    room.seal()
    assert len(set(room.papers())) == 1
    assert sealed_count(room.session, room.exam) == 1


@pytest.mark.parametrize("sealed", [True, False])
def test_parallel_forms_are_dealt_by_the_seed(room: Room, *, sealed: bool) -> None:
    room.mode(PaperMode.FORMS, 4)
    if sealed:
        room.seal()
        figures = papers_of(room.session, room.exam).figures
        assert len(figures["expected"]) == 4
        assert figures["overlap"] == 0
        assert max(figures["expected"]) - min(figures["expected"]) <= 50
    person = room.people[0]
    first = room.start(person)
    assert first.draw is not None
    assert first.draw["form"] == form_number(MASTER, person.public_id, 1, 4)
    submit_attempt(room.session, attempt=first, now=NOW + timedelta(minutes=70))
    second = room.start(person, minutes=80)
    assert second.draw is not None
    assert second.draw["form"] == form_number(MASTER, person.public_id, 2, 4)
    assert second.paper_hash != first.paper_hash


def test_forms_are_the_same_sealed_or_not(session: Session) -> None:
    room = Room(session)
    room.mode(PaperMode.FORMS, 3)
    with session.begin_nested() as unsealed:
        expected = room.papers()
        unsealed.rollback()
    session.expire_all()
    room.seal()
    assert room.papers() == expected


def test_a_mode_that_cannot_be_is_refused(room: Room) -> None:
    for forms in (1, 101):
        with pytest.raises(DomainError) as caught:
            room.mode(PaperMode.FORMS, forms)
        assert "forms" in caught.value.fields
    room.mode(PaperMode.FORMS, 2)
    room.seal()
    assert sealed_count(room.session, room.exam) == 2
    room.mode(PaperMode.INDIVIDUAL)
    assert room.session.scalar(select(func.count()).select_from(ExamForm)) == 0


def test_forms_the_bank_cannot_give_are_refused(session: Session) -> None:
    spec = make_spec(Section("单选", T.SINGLE, 40, 250), balance=Balance(overlap_max=1))
    room = Room(session, spec)
    room.mode(PaperMode.FORMS, 3)
    with pytest.raises(Infeasible):
        room.seal()


def test_nothing_changes_once_the_exam_is_open(room: Room) -> None:
    room.start(room.people[0])
    for when in (NOW, NOW + HOUR):
        with pytest.raises(Conflict) as caught:
            choose_mode(
                room.session,
                actor=room.first,
                exam=room.exam,
                mode=PaperMode.FIXED,
                forms=1,
                now=when,
            )
        assert caught.value.code == "E-STARTED"
        with pytest.raises(Conflict):
            seal_papers(room.session, actor=room.first, exam=room.exam, vault=VAULT, now=when)
    room.exam.cancelled_at = NOW
    room.session.flush()
    with pytest.raises(Conflict) as caught:
        room.seal()
    assert caught.value.code == "E-CANCELLED"


def test_without_a_seed_nothing_is_sealed_and_old_exams_go_on(session: Session) -> None:
    room = Room(session)
    session.delete(seed_of(session, room.exam))
    session.flush()
    with pytest.raises(Conflict) as caught:
        room.seal()
    assert caught.value.code == "E-SEED"
    with pytest.raises(Conflict):
        reveal_seed(session, actor=None, exam=room.exam, vault=VAULT, now=NOW + timedelta(days=9))
    attempt = start_attempt(
        session, exam=room.exam, person=room.people[0], now=NOW + 2 * HOUR, seed="5" * 32
    )
    assert attempt.seed == "5" * 32
    assert attempt.draw is not None
    assert attempt.draw["mode"] == "SEED"


def test_another_secret_opens_nothing_and_uses_up_nothing(room: Room) -> None:
    room.seal()
    install_vault("a secret somebody changed")
    with pytest.raises(Conflict) as caught:
        room.start(room.people[0])
    assert caught.value.code == "E-SEAL"
    assert room.session.scalar(select(func.count()).select_from(Attempt)) == 0


def test_the_first_start_opens_the_papers_once(room: Room) -> None:
    room.papers()
    kinds = room.session.scalars(select(PaperOpening.kind)).all()
    assert kinds == [OpeningKind.START]
    assert room.audit().count("papers.open") == 1


def test_resits_and_other_exams_show_nothing_seen(session: Session) -> None:
    spec = make_spec(Section("单选", T.SINGLE, 10, 1000), balance=Balance(seen_max=0))
    room, person = Room(session, spec), None
    person = room.people[0]
    shown: set[str] = set()
    for number in range(3):
        attempt = room.start(person, minutes=61 + 10 * number)
        codes = {i["revision_hash"] for s in attempt.paper["sections"] for i in s["items"]}
        assert not codes & shown
        shown |= codes
        assert attempt.draw is not None
        assert len(attempt.draw["seen"]) == number
        submit_attempt(session, attempt=attempt, now=NOW + timedelta(minutes=65 + 10 * number))


@pytest.mark.parametrize("sealed", [True, False])
def test_an_exam_can_avoid_what_was_seen_whatever_the_blueprint_says(
    room: Room, *, sealed: bool
) -> None:
    """A makeup drawn from the same blueprint: nothing of the first exam."""
    first = make_exam(
        room.session,
        room.unit,
        by=room.people[0],
        revision=room.exam.blueprint_revision,
        opens_at=NOW - HOUR,
    )
    person = room.people[1]
    before = start_attempt(room.session, exam=first, person=person, now=NOW, seed="1" * 32)
    choose_mode(
        room.session,
        actor=room.first,
        exam=room.exam,
        mode=PaperMode.INDIVIDUAL,
        forms=1,
        avoid_seen=True,
        now=NOW,
    )
    if sealed:
        room.seal()
    after = room.start(person)
    shown = [
        {i["revision_hash"] for s in attempt.paper["sections"] for i in s["items"]}
        for attempt in (before, after)
    ]
    assert not shown[0] & shown[1]
    assert after.draw is not None
    assert after.draw["seen"] == [before.public_id]


def test_a_sealed_paper_takes_one_read(room: Room, connection: Connection) -> None:
    """After the first start has noted the opening: one SELECT, no write, no look at the bank."""
    room.seal()
    room.start(room.people[0])
    room.session.flush()
    sent: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *a: sent.append(a[2]))
    person, now = room.people[1], NOW + timedelta(hours=2)
    source = paper_source(room.session, exam=room.exam, person=person)
    drawn = paper_for(room.session, exam=room.exam, person=person, source=source, seed="", now=now)
    assert content_hash(drawn.paper) == drawn.paper_hash
    assert sum(len(section["items"]) for section in drawn.paper["sections"]) == 10
    assert [statement.split()[0] for statement in sent] == ["SELECT"]


def test_practice_questions_never_come_into_an_exam(session: Session) -> None:
    room = Room(session)
    practice = list(session.scalars(select(BankQuestion)))[:30]
    for row in practice:
        row.purpose = "PRACTICE"  # type: ignore[assignment]  # stored as text
    session.flush()
    kept = {row.current.hash for row in practice if row.current}
    for person in room.people:
        paper = room.start(person).paper
        assert not kept & {i["revision_hash"] for s in paper["sections"] for i in s["items"]}


# ---------------------------------------------------------------- four eyes


def asked(room: Room, actor: Actor | None = None) -> PaperOpening:
    return ask_look(
        room.session,
        actor=actor or room.first,
        exam=room.exam,
        form_no=1,
        reason="核对题目",
        now=NOW,
    )


def test_a_look_takes_two_and_is_logged(room: Room) -> None:
    room.seal()
    row = asked(room)
    found = get_look(room.session, room.exam, row.public_id)
    common: dict[str, Any] = {"exam": room.exam, "now": NOW}
    with pytest.raises(Conflict):
        view_look(room.session, actor=room.first, look=found, **common)
    with pytest.raises(Forbidden):
        approve_look(room.session, actor=room.first, look=found, **common)
    approve_look(room.session, actor=room.second, look=found, **common)
    found = get_look(room.session, room.exam, row.public_id)
    assert approve_look(room.session, actor=room.second, look=found, **common) is found.approved
    for actor in (room.first, room.second):
        view_look(room.session, actor=actor, look=found, **common)
    third = make_actor(make_person(room.session, None, Role.EXAMINER))
    third = Actor(third.person_id, third.name, third.staff_no, room.first.grants)
    with pytest.raises(Forbidden):
        view_look(room.session, actor=third, look=found, **common)
    with pytest.raises(Conflict) as caught:
        view_look(room.session, actor=room.first, look=found, exam=room.exam, now=NOW + HOUR)
    assert caught.value.code == "E-LATE"
    assert room.audit()[-4:] == ["papers.ask", "papers.approve", "papers.view", "papers.view"]
    sealed = sealed_nth(room.session, room.exam, 1)
    assert sealed is not None
    assert sealed_nth(room.session, room.exam, 99) is None


def test_a_candidate_looks_at_nothing(room: Room) -> None:
    room.seal()
    inside = make_person(room.session, room.unit, Role.EXAMINER)
    with pytest.raises(Conflict) as caught:
        asked(room, make_actor(inside))
    assert caught.value.code == "E-CANDIDATE"
    row = asked(room)
    found = get_look(room.session, room.exam, row.public_id)
    with pytest.raises(Conflict):
        approve_look(room.session, actor=make_actor(inside), exam=room.exam, look=found, now=NOW)


def test_requests_expire_and_need_a_reason(room: Room) -> None:
    room.seal()
    row = asked(room)
    found = get_look(room.session, room.exam, row.public_id)
    with pytest.raises(Conflict):
        approve_look(
            room.session,
            actor=room.second,
            exam=room.exam,
            look=found,
            now=NOW + timedelta(hours=24),
        )
    with pytest.raises(DomainError) as caught:
        ask_look(room.session, actor=room.first, exam=room.exam, form_no=1, reason=" ", now=NOW)
    assert "reason" in caught.value.fields
    assert [look.asked.id for look in looks_of(room.session, room.exam)] == [row.id]
    other = make_exam(room.session, room.unit, by=room.people[0])
    with pytest.raises(DomainError):
        get_look(room.session, other, row.public_id)


@pytest.mark.parametrize("table", ["paper_opening", "bank_snapshot"])
def test_openings_and_snapshots_are_append_only(
    room: Room, connection: Connection, table: str
) -> None:
    room.seal()
    asked(room)
    room.session.commit()
    rows = Base.metadata.tables[table]
    for statement in (delete(rows), update(rows).values(id=rows.c.id + 1000)):
        nested = connection.begin_nested()
        with pytest.raises(DBAPIError):
            connection.execute(statement)
        nested.rollback()


def test_what_is_stored_before_the_opening_holds_no_paper(
    room: Room, connection: Connection
) -> None:
    """No revision hash of a sealed paper and no master seed anywhere in the new tables."""
    room.mode(PaperMode.FORMS, 2)
    room.seal()
    room.session.commit()
    hashes = {row.current.hash for row in room.session.scalars(select(BankQuestion)) if row.current}
    stored = b""
    for table in ("exam_seed", "exam_papers", "exam_form", "sealed_paper"):
        for row in connection.execute(select(Base.metadata.tables[table])):
            for value in row:
                stored += (
                    bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()
                )
    assert len(stored) > 500
    assert not [digest for digest in hashes if digest.encode() in stored]
    assert bytes.fromhex(MASTER) not in stored
    assert MASTER.encode() not in stored
