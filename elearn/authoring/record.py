"""The editor's record as reviewers see it: every fact, what rests on it, who has confirmed it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from elearn.audit import record_act
from elearn.bank.laws import load_registry
from elearn.core.access import Actor
from elearn.core.errors import Conflict, DomainError, NotFound
from elearn.core.facts import EditorsRecord, Fact, FactStatus, parse_facts
from elearn.models import (
    BankQuestion,
    ContentFile,
    FactConfirmation,
    FileKind,
    QuestionRevision,
)

MAX_NOTE: Final = 300


class Show(StrEnum):
    """Filters of the page."""

    OPEN = "open"
    WEAK = "weak"
    DONE = "done"
    ALL = "all"


SHOW_NAMES: Final = {
    Show.OPEN: "还没有核对",
    Show.WEAK: "来源待核",
    Show.DONE: "已核对",
    Show.ALL: "全部",
}


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact; `codes` are the published questions that name it, `confirmed` the last
    confirmation of exactly this wording."""

    fact: Fact
    codes: tuple[str, ...]
    confirmed: FactConfirmation | None

    @property
    def weak(self) -> bool:
        """Not read in the text of the version named."""
        return self.fact.status is not FactStatus.VERIFIED


def load_record(session: Session) -> EditorsRecord | None:
    """The published record; None for an office that keeps none."""
    row = session.scalar(select(ContentFile).where(ContentFile.kind == FileKind.FACTS))
    return None if row is None else parse_facts(row.data, row.path, load_registry(session))[0]


def fact_lines(session: Session, record: EditorsRecord) -> list[FactLine]:
    """Every fact in the order of the file."""
    used: dict[str, list[str]] = {}
    for code, facts in session.execute(
        select(BankQuestion.code, QuestionRevision.facts)
        .join(QuestionRevision, QuestionRevision.id == BankQuestion.current_revision_id)
        .order_by(BankQuestion.code)
    ):
        for name in facts:
            used.setdefault(name, []).append(code)
    confirmed = {
        row.text_hash: row
        for row in session.scalars(
            select(FactConfirmation)
            .options(joinedload(FactConfirmation.person))
            .order_by(FactConfirmation.id)
        )
    }
    return [
        FactLine(fact, tuple(used.get(fact.id, ())), confirmed.get(fact.text_hash))
        for fact in record.facts.values()
    ]


def chosen(lines: Sequence[FactLine], show: Show) -> list[FactLine]:
    """The lines a filter leaves."""
    if show is Show.ALL:
        return list(lines)
    if show is Show.WEAK:
        return [line for line in lines if line.weak]
    return [line for line in lines if (line.confirmed is not None) == (show is Show.DONE)]


def confirm_fact(
    session: Session, *, actor: Actor, fact_id: str, text_hash: str, note: str, now: datetime
) -> FactConfirmation:
    """Put on record that this person has compared this wording with its source.

    Raises NotFound for an unknown fact, Conflict when it has been reworded since the page was
    shown, DomainError for a note that is too long. A second click by the same person is one
    confirmation.
    """
    record = load_record(session)
    fact = record.facts.get(fact_id) if record else None
    if fact is None:
        raise NotFound("编写依据里没有这一条。")
    if fact.text_hash != text_hash:
        raise Conflict(f"{fact_id} 的文字刚刚改过，请重新核对。", code="E-CHANGED")
    note = note.strip()
    if len(note) > MAX_NOTE:
        raise DomainError(f"核对说明最多 {MAX_NOTE} 个字。", code="E-NOTE")
    before = session.scalar(
        select(FactConfirmation).where(
            FactConfirmation.text_hash == text_hash,
            FactConfirmation.person_id == actor.person_id,
            FactConfirmation.note == note,
        )
    )
    if before is not None:
        return before
    row = FactConfirmation(
        fact_id=fact_id,
        text_hash=text_hash,
        person_id=actor.person_id,
        note=note,
        confirmed_at=now,
    )
    session.add(row)
    record_act(
        session,
        actor=actor,
        action="fact.confirm",
        object_type="fact",
        object_id=fact_id,
        summary=f"核对编写依据 {fact_id}",
        detail={"text_hash": text_hash, "note": note},
        now=now,
    )
    return row
