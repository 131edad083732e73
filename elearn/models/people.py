"""Org units, people, roles, sign-in sessions."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from elearn.core.access import Role

from .base import Base, bigref, intpk, public_id


class OrgType(StrEnum):
    """机构类型 (domain facts §4.3)."""

    DISTRICT = "DISTRICT"
    TOWN_STREET = "TOWN_STREET"
    DEPARTMENT = "DEPARTMENT"
    UNIT = "UNIT"


class Party(StrEnum):
    """政治面貌 as far as exams need it (facts EX-9); None when not given."""

    PARTY = "PARTY"
    NON_PARTY = "NON_PARTY"


class OrgUnit(Base):
    """A node of the tree 区 -> 镇街/部门 -> 单位. `path` is `/1/5/` including its own id, so a
    subtree is a prefix; it is written by `accounts.services` alone."""

    __tablename__ = "org_unit"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    type: Mapped[OrgType] = mapped_column(String(20))
    parent_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("org_unit.id"))
    path: Mapped[str] = mapped_column(String(255), unique=True)
    active: Mapped[bool] = mapped_column(default=True)

    parent: Mapped["OrgUnit | None"] = relationship(remote_side="OrgUnit.id")

    __table_args__ = (
        Index("ix_org_unit_parent_id", "parent_id"),
        # Prefix matches must use the index whatever the database's collation.
        Index(
            "ix_org_unit_path_prefix",
            "path",
            postgresql_ops={"path": "varchar_pattern_ops"},
        ),
    )


class Person(Base):
    """A cadre. `session_version` grows to sign out everywhere. `promoted_on`: 提任领导职务 on that
    day, as far as training has to be made up after it (facts TR-03)."""

    __tablename__ = "person"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    staff_no: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    org_unit_id: Mapped[int] = mapped_column(bigref, ForeignKey("org_unit.id"))
    rank: Mapped[str] = mapped_column(String(30), default="")
    post: Mapped[str] = mapped_column(String(100), default="")
    is_leader: Mapped[bool] = mapped_column(default=False)
    party: Mapped[Party | None] = mapped_column(String(10))
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=True)
    notice_accepted_at: Mapped[datetime | None]
    session_version: Mapped[int] = mapped_column(default=1)
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    # An accommodation was approved at some time: only then a start looks for one.
    accommodated: Mapped[bool] = mapped_column(default=False)
    promoted_on: Mapped[date | None] = mapped_column(Date)

    org_unit: Mapped[OrgUnit] = relationship()
    grants: Mapped[list["RoleGrant"]] = relationship(
        foreign_keys="RoleGrant.person_id", back_populates="person"
    )

    __table_args__ = (Index("ix_person_org_unit_id", "org_unit_id"),)


class RoleGrant(Base):
    """person x role x subtree. Revoking deletes the row; the audit log keeps the history."""

    __tablename__ = "role_grant"

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    role: Mapped[Role] = mapped_column(String(20))
    org_unit_id: Mapped[int] = mapped_column(bigref, ForeignKey("org_unit.id"))
    granted_by_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    granted_at: Mapped[datetime]

    person: Mapped[Person] = relationship(foreign_keys=[person_id], back_populates="grants")
    org_unit: Mapped[OrgUnit] = relationship()

    __table_args__ = (UniqueConstraint("person_id", "role", "org_unit_id"),)


class SeparatedAdmin(Base):
    """One row per person who holds a separated-administrator role: the primary key makes two of
    系统/安全/审计管理员 in one person impossible, whatever the code above does."""

    __tablename__ = "separated_admin"

    person_id: Mapped[int] = mapped_column(
        bigref, ForeignKey("person.id"), primary_key=True, autoincrement=False
    )
    role: Mapped[Role] = mapped_column(String(20))

    __table_args__ = (
        CheckConstraint("role IN ('SYS_ADMIN', 'SEC_ADMIN', 'AUDIT_ADMIN')", name="role"),
    )


class LoginSession(Base):
    """A signed-in browser. The cookie holds the token, the table only its SHA-256."""

    __tablename__ = "login_session"

    id: Mapped[intpk]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    session_version: Mapped[int]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    user_agent: Mapped[str] = mapped_column(String(200), default="")
    source: Mapped[str] = mapped_column(String(64), default="")

    person: Mapped[Person] = relationship()

    __table_args__ = (Index("ix_login_session_person_id", "person_id"),)


class SignInFailure(Base):
    """A failed sign-in; throttling counts them per (account, source) and per source."""

    __tablename__ = "sign_in_failure"

    id: Mapped[intpk]
    account: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_sign_in_failure_account_at", "account", "at"),
        Index("ix_sign_in_failure_at", "at"),
        Index("ix_sign_in_failure_source_at", "source", "at"),
    )
