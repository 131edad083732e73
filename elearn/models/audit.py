"""The audit log: written in the same transaction as the act, never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, bigref, intpk


class AuditEntry(Base):
    """Who did what to what, when, from where. `detail` holds before/after, never secrets."""

    __tablename__ = "audit_entry"

    id: Mapped[intpk]
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    actor_name: Mapped[str] = mapped_column(String(100), default="")
    action: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(40), default="")
    object_id: Mapped[str] = mapped_column(String(64), default="")
    summary: Mapped[str] = mapped_column(String(300), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    source: Mapped[str] = mapped_column(String(64), default="")
    ok: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        Index("ix_audit_entry_at", "at"),
        Index("ix_audit_entry_actor_id_at", "actor_id", "at"),
        Index("ix_audit_entry_action_at", "action", "at"),
    )
