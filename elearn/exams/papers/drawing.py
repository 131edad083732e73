"""The paper of one attempt: sealed before the opening if it was, else drawn now - the same one.

Every seed follows from the exam's master seed, so a paper drawn at the start is the paper that
would have been sealed. Exams without a master seed (older ones) draw from the seed the caller
gives, as they always did.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Final

import msgspec
from sqlalchemy import Row, Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.assembly.forms import FORMS_VERSION, FormSet, assemble_forms
from elearn.core.assembly.paper import Paper
from elearn.core.assembly.seeds import attempt_seed, form_number, forms_seed
from elearn.core.canonical import canonical_json, content_hash
from elearn.core.errors import Conflict, Infeasible
from elearn.exams.blueprints.queries import read_spec
from elearn.models import (
    Attempt,
    Exam,
    ExamForm,
    ExamPapers,
    ExamSeed,
    OpeningKind,
    PaperMode,
    PaperOpening,
    Person,
    SealedPaper,
)

from .queries import codes_seen, makeup_attempts, paper_purpose, seen_attempts
from .snapshots import Stock, current_stock, keep_snapshot, plan_for
from .vault import Vault, process_vault

log = logging.getLogger("elearn")

FORMS_KEPT: Final = 200
# Opened forms by row id and hash: what a thousand starts share. Filled only by starts, which come
# after the opening.
_forms: dict[tuple[int, str], dict[str, Any]] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A paper (`Paper.canonical()` and its hash) with everything that derives it again; `draw` is
    what `attempt.draw` stores."""

    paper: dict[str, Any]
    paper_hash: str
    seed: str
    bank_hash: str
    draw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the paper of somebody's next attempt comes from, as one statement found it.

    `tries`: attempts the person has at this exam. `committed`: the exam's seed row, when it has one;
    then `papers` are its settings and `ready` what was sealed for this very attempt.
    """

    tries: int
    committed: Row[Any] | None
    ready: Row[Any] | None

    @property
    def no(self) -> int:
        """The number of the next attempt."""
        return self.tries + 1

    @property
    def whole(self) -> bool:
        """Nothing is missing that somebody could have added while the exam was waited for."""
        shared = {PaperMode.FORMS, PaperMode.FIXED}
        return self.ready is not None or (
            self.committed is not None and self.committed.mode in shared
        )


def with_source(exams: Select[Any]) -> Select[Any]:
    """`exams` (a query of Exam) with what `source_of` reads from its rows, for the person bound to
    `of_person`: the start of an exam is found, held and provided with a paper in one statement."""
    tries = (
        select(func.count())
        .select_from(Attempt)
        .where(Attempt.exam_id == Exam.id, Attempt.person_id == bindparam("of_person"))
        .correlate(Exam)
        .scalar_subquery()
    )
    return (
        exams.add_columns(
            tries.label("tries"),
            ExamSeed.sealed.label("master"),
            ExamSeed.commitment,
            ExamSeed.opened_at,
            ExamSeed.estimates_hash,
            ExamPapers.mode,
            ExamPapers.forms,
            ExamPapers.avoid_seen,
            SealedPaper.no,
            SealedPaper.sealed,
            SealedPaper.paper_hash,
            SealedPaper.bank_hash,
            SealedPaper.snapshot_hash,
            SealedPaper.seen,
        )
        .outerjoin(ExamSeed, ExamSeed.exam_id == Exam.id)
        .outerjoin(ExamPapers, ExamPapers.exam_id == Exam.id)
        .outerjoin(
            SealedPaper,
            (SealedPaper.exam_id == Exam.id)
            & (SealedPaper.person_id == bindparam("of_person"))
            & (SealedPaper.no == tries + 1),
        )
    )


# Built once: building it costs more than reading what it asks for.
_SOURCES: Final = with_source(select(Exam.id)).where(Exam.id == bindparam("of_exam"))


def paper_source(session: Session, *, exam: Exam, person: Person) -> Source:
    """One read. Nothing is opened yet."""
    return source_of(session.execute(_SOURCES, {"of_exam": exam.id, "of_person": person.id}).one())


def source_of(row: Row[Any]) -> Source:
    """From a row of `with_source`."""
    committed = row if row.master is not None else None
    return Source(row.tries, committed, row if committed and row.sealed is not None else None)


def paper_for(
    session: Session, *, exam: Exam, person: Person, source: Source, seed: str, now: datetime
) -> Drawn:
    """The paper of the person's next attempt. The caller has checked that the exam is open.

    No read at all when it was sealed. Raises Conflict when the bank no longer fills the blueprint:
    never a shorter paper; the candidate is not told what is missing, the monitor is.
    """
    row = source.committed
    try:
        if row is None:
            stock = current_stock(session, None)
            return _draw_now(session, stock, exam, person, seed, {"mode": "SEED"}, now, avoid=False)
        vault = process_vault()
        master = open_seed(vault, exam, row.master)
        if row.opened_at is None:
            _note_opening(session, exam, now)
        common = {"commitment": row.commitment}
        if row.mode in {PaperMode.FORMS, PaperMode.FIXED}:
            which = form_number(master, person.public_id, source.no, row.forms)
            return _form(session, vault, exam, master, which, common, row.estimates_hash, now)
        own = attempt_seed(master, person.public_id, source.no)
        draw = {**common, "mode": "INDIVIDUAL"}
        if source.ready is not None:
            return _open_sealed(vault, exam, person, source.ready, own, draw)
        stock = current_stock(session, row.estimates_hash)
        return _draw_now(session, stock, exam, person, own, draw, now, avoid=bool(row.avoid_seen))
    except Infeasible as shortage:
        message = "试卷暂时出不了，您没有用掉考试机会。请联系考务人员处理后再试。"
        raise Conflict(message, code="E-SHORT") from shortage


def draw_own(
    session: Session, *, stock: Stock, exam: Exam, person_id: int, seed: str, avoid: bool
) -> tuple[Paper, list[str]]:
    """A person's own paper and the public ids of the attempts it avoids: all earlier ones, when
    the exam (`avoid`) or the blueprint says so; in a make-up those at the exam it makes up for.

    Raises Infeasible; but nobody loses a make-up because the bank has too few unseen questions:
    scheduling has tried it before, and then questions may come again.
    """
    blueprint = read_spec(exam.blueprint_revision)
    plan = plan_for(stock, blueprint)
    seen: Sequence[Attempt] = ()
    if avoid or blueprint.balance.seen_max is not None:
        seen = seen_attempts(session, person_id)
    elif exam.is_makeup:
        seen = makeup_attempts(session, exam=exam, person_id=person_id)
    try:
        paper = plan.draw(seed, codes_seen(session, seen))
    except Infeasible:
        if not (exam.is_makeup and seen):
            raise
        log.warning("the bank is too small to avoid the questions of %s papers", len(seen))
        return plan.draw(seed), []
    return paper, [attempt.public_id for attempt in seen]


def stock_for(session: Session, exam: Exam) -> Stock:
    """The bank as it is now, with the estimates the exam was scheduled with."""
    name = session.scalar(select(ExamSeed.estimates_hash).where(ExamSeed.exam_id == exam.id))
    return current_stock(session, name)


def make_forms(
    stock: Stock, exam: Exam, master: str, count: int, version: int = FORMS_VERSION
) -> FormSet:
    """The exam's forms, as `version` assembles them. Raises Infeasible."""
    plan = plan_for(stock, read_spec(exam.blueprint_revision))
    return assemble_forms(plan, forms_seed(master), count, version)


def store_forms(
    session: Session, *, vault: Vault, exam: Exam, forms: FormSet, stock: Stock, now: datetime
) -> None:
    """Seal the forms of an exam that has none."""
    session.add_all(
        ExamForm(
            exam_id=exam.id,
            no=number,
            paper_hash=paper.hash,
            bank_hash=stock.bank_hash,
            snapshot_hash=stock.snapshot_hash,
            sealed=seal_paper(vault, exam, paper, f"form/{number}"),
            made_at=now,
        )
        for number, paper in enumerate(forms.papers, 1)
    )
    session.flush()


def open_seed(vault: Vault, exam: Exam, sealed: bytes) -> str:
    """The master seed in hex."""
    return vault.open(sealed, exam=exam.public_id, purpose="seed").hex()


def seal_paper(vault: Vault, exam: Exam, paper: Paper, purpose: str) -> bytes:
    """The paper as the database may keep it before the opening."""
    data = canonical_json(paper.canonical()).encode()
    return vault.seal(data, exam=exam.public_id, purpose=purpose)


def open_paper(vault: Vault, exam: Exam, sealed: bytes, purpose: str) -> dict[str, Any]:
    """What `seal_paper` sealed: `Paper.canonical()`."""
    data = vault.open(sealed, exam=exam.public_id, purpose=purpose)
    return msgspec.json.decode(data, type=dict[str, Any])


def _open_sealed(
    vault: Vault, exam: Exam, person: Person, row: Row[Any], seed: str, draw: dict[str, Any]
) -> Drawn:
    paper = open_paper(vault, exam, row.sealed, paper_purpose(person.public_id, row.no))
    kept = {"snapshot": row.snapshot_hash, "seen": row.seen, "sealed": True}
    return Drawn(paper, row.paper_hash, seed, row.bank_hash, {**draw, **kept})


def _draw_now(
    session: Session,
    stock: Stock,
    exam: Exam,
    person: Person,
    seed: str,
    draw: dict[str, Any],
    now: datetime,
    *,
    avoid: bool,
) -> Drawn:
    paper, seen = draw_own(
        session, stock=stock, exam=exam, person_id=person.id, seed=seed, avoid=avoid
    )
    snapshot = keep_snapshot(session, stock=stock, now=now)
    kept = {**draw, "snapshot": snapshot, "seen": seen}
    stored = paper.canonical()
    return Drawn(stored, content_hash(stored), seed, stock.bank_hash, kept)


def _form(
    session: Session,
    vault: Vault,
    exam: Exam,
    master: str,
    which: int,
    common: dict[str, Any],
    estimates: str | None,
    now: datetime,
) -> Drawn:
    """The form from the sealed rows; assembled now, the same ones, when nobody sealed them."""
    row = session.execute(
        select(
            ExamForm.id,
            ExamForm.paper_hash,
            ExamForm.bank_hash,
            ExamForm.snapshot_hash,
            ExamForm.sealed,
        ).where(ExamForm.exam_id == exam.id, ExamForm.no == which)
    ).first()
    draw = {**common, "mode": "FORMS", "form": which, "seen": []}
    if row is None:
        stock = current_stock(session, estimates)
        count = session.get_one(ExamPapers, exam.id).forms
        made = make_forms(stock, exam, master, count)
        snapshot, bank = keep_snapshot(session, stock=stock, now=now), stock.bank_hash
        paper = made.papers[which - 1].canonical()
        digest = content_hash(paper)
    else:
        snapshot, bank, digest = row.snapshot_hash, row.bank_hash, row.paper_hash
        paper = _forms.get((row.id, row.paper_hash)) or open_paper(
            vault, exam, row.sealed, f"form/{which}"
        )
        with _lock:
            if len(_forms) >= FORMS_KEPT:
                _forms.clear()
            _forms[row.id, row.paper_hash] = paper
    return Drawn(paper, digest, forms_seed(master), bank, {**draw, "snapshot": snapshot})


def _note_opening(session: Session, exam: Exam, now: datetime) -> None:
    """The first start of an exam opens its papers: said once, whoever is first."""
    first = session.execute(
        update(ExamSeed)
        .where(ExamSeed.exam_id == exam.id, ExamSeed.opened_at.is_(None))
        .values(opened_at=now)
        .execution_options(synchronize_session=False)
    )
    if first.rowcount:  # type: ignore[attr-defined]  # a CursorResult: UPDATE counts rows
        session.add(PaperOpening(exam_id=exam.id, kind=OpeningKind.START, at=now))
        record_act(
            session,
            actor=None,
            action="papers.open",
            now=now,
            object_type="exam",
            object_id=exam.public_id,
            summary=f"《{exam.title}》开考，试卷启封",
            detail={"opens_at": exam.opens_at.isoformat()},
        )
