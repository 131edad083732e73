"""Credit rules (学时规则) of the office: every version there was, and which one counts where."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, sha256
from .people import OrgUnit, Person


class CreditRuleRevision(Base):
    """One version of a rule file; append-only. `spec` is `RuleSpec.canonical()`."""

    __tablename__ = "credit_rule_revision"

    id: Mapped[intpk]
    rule_id: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    hash: Mapped[sha256]
    spec: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("rule_id", "version"),)


class CreditRuleChoice(Base):
    """From `chosen_at` on the rule counts for the subtree of the unit; append-only, the last one of
    the nearest unit above a person counts. `revision_id` None: back to the product's own rule."""

    __tablename__ = "credit_rule_choice"

    id: Mapped[intpk]
    org_unit_id: Mapped[int] = mapped_column(bigref, ForeignKey("org_unit.id"))
    revision_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("credit_rule_revision.id"))
    reason: Mapped[str] = mapped_column(String(200))
    chosen_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    chosen_at: Mapped[datetime]

    org_unit: Mapped[OrgUnit] = relationship()
    revision: Mapped[CreditRuleRevision | None] = relationship()
    chosen_by: Mapped[Person] = relationship()

    __table_args__ = (Index("ix_credit_rule_choice_org_unit_id", "org_unit_id"),)
