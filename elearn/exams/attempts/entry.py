"""参加条件: so many online hours of the year before an exam may be sat."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from elearn.config import DISPLAY_ZONE
from elearn.core.centi import centi_text
from elearn.core.errors import Conflict
from elearn.models import Exam, Person
from elearn.records.queries import year_hours


@dataclass(frozen=True, slots=True)
class Entry:
    """What is needed, and what the person has this year (with what was carried over)."""

    needed_centi: int
    done_centi: int

    @property
    def met(self) -> bool:
        """May the person sit the exam?"""
        return self.done_centi >= self.needed_centi


def entry_of(session: Session, *, exam: Exam, person: Person, now: datetime) -> Entry | None:
    """None when the exam asks for nothing, which costs no statement."""
    if exam.entry_centi is None:
        return None
    year = now.astimezone(DISPLAY_ZONE).year
    online, _, _ = year_hours(session, person, year=year)
    return Entry(exam.entry_centi, online.done_centi)


def require_entry(session: Session, *, exam: Exam, person: Person, now: datetime) -> None:
    """Raises Conflict for somebody who has not learnt enough yet."""
    entry = entry_of(session, exam=exam, person=person, now=now)
    if entry is not None and not entry.met:
        raise Conflict(
            f"参加这场考试，本年网络学时要达到 {centi_text(entry.needed_centi)}，"
            f"您现在是 {centi_text(entry.done_centi)}。",
            code="E-ENTRY",
        )
