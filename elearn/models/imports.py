"""Uploaded rosters between checking and importing."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id, sha256
from .people import Person


class PendingImport(Base):
    """A file that was uploaded and checked; importing it checks it again.

    Any process can serve the next step. `data` is kept no longer than needed: it goes when the
    file is imported, and the whole row when it is not imported within a day. `result` holds the
    counts of the import.
    """

    __tablename__ = "pending_import"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(20))
    filename: Mapped[str] = mapped_column(String(200))
    data: Mapped[bytes | None] = mapped_column(LargeBinary)
    sha256: Mapped[sha256]
    created_at: Mapped[datetime]
    committed_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)

    person: Mapped[Person] = relationship()

    __table_args__ = (
        CheckConstraint("(committed_at IS NULL) = (data IS NOT NULL)", name="data"),
        Index("ix_pending_import_sha256", "sha256"),
        Index("ix_pending_import_person_id", "person_id"),
    )
