"""Proof that somebody closes attempts: when a sweeper last finished a round."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base


class SweeperBeat(Base):
    """One row for all processes: any of them finished a round then, by the database's clock."""

    __tablename__ = "sweeper_beat"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    finished_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("id = 1", name="one"),)
