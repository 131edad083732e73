"""What editors and reviewers put on record about the content."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, sha256
from .people import Person


class FactConfirmation(Base):
    """A reviewer has compared a fact with its source; append-only. `text_hash` is
    `Fact.text_hash`: a fact reworded later is to be confirmed again."""

    __tablename__ = "fact_confirmation"

    id: Mapped[intpk]
    fact_id: Mapped[str] = mapped_column(String(20))
    text_hash: Mapped[sha256]
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    note: Mapped[str] = mapped_column(String(300), default="")
    confirmed_at: Mapped[datetime]

    person: Mapped[Person] = relationship()

    __table_args__ = (Index("ix_fact_confirmation_text_hash", "text_hash"),)
