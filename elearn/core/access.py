"""Who may do what: one table of permissions, evaluated as a pure function.

A person acts through an `Actor`: who they are, and the roles granted to them with the subtree
(org unit path prefix such as `/1/5/`) each holds in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Granted within a subtree. Everyone is a cadre; that needs no grant."""

    TRAINER = "TRAINER"
    EXAMINER = "EXAMINER"
    MARKER = "MARKER"
    LEADER = "LEADER"
    HR = "HR"
    SYS_ADMIN = "SYS_ADMIN"
    SEC_ADMIN = "SEC_ADMIN"
    AUDIT_ADMIN = "AUDIT_ADMIN"


ROLE_NAMES: Final[dict[Role, str]] = {
    Role.TRAINER: "教员",
    Role.EXAMINER: "考务",
    Role.MARKER: "阅卷",
    Role.LEADER: "单位负责人",
    Role.HR: "组织人事",
    Role.SYS_ADMIN: "系统管理员",
    Role.SEC_ADMIN: "安全管理员",
    Role.AUDIT_ADMIN: "审计管理员",
}

# 三员分立: never two of these in one person (domain facts §6.1).
SEPARATED_ADMINS: Final = frozenset({Role.SYS_ADMIN, Role.SEC_ADMIN, Role.AUDIT_ADMIN})


class Permission(StrEnum):
    """What can be permitted. Everything a cadre does with own things needs none of these."""

    VIEW_CONTENT = "content.view"
    REVIEW_CONTENT = "content.review"
    SCHEDULE_EXAM = "exam.schedule"
    MARK_EXAM = "exam.mark"
    MANAGE_ASSIGNMENT = "assignment.manage"
    VIEW_REPORT = "report.view"
    MANAGE_CREDIT = "credit.manage"
    MANAGE_PEOPLE = "people.manage"
    GRANT_ROLE = "role.grant"
    READ_AUDIT = "audit.read"


HOLDERS: Final[dict[Permission, frozenset[Role]]] = {
    Permission.VIEW_CONTENT: frozenset({Role.TRAINER, Role.EXAMINER}),
    Permission.REVIEW_CONTENT: frozenset({Role.TRAINER}),
    Permission.SCHEDULE_EXAM: frozenset({Role.EXAMINER}),
    Permission.MARK_EXAM: frozenset({Role.MARKER}),
    Permission.MANAGE_ASSIGNMENT: frozenset({Role.HR, Role.TRAINER}),
    Permission.VIEW_REPORT: frozenset({Role.HR, Role.LEADER}),
    Permission.MANAGE_CREDIT: frozenset({Role.HR}),
    Permission.MANAGE_PEOPLE: frozenset({Role.SYS_ADMIN}),
    Permission.GRANT_ROLE: frozenset({Role.SEC_ADMIN}),
    Permission.READ_AUDIT: frozenset({Role.AUDIT_ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """`grants` are (role, subtree path). `source` is where the request came from (an address)."""

    person_id: int
    name: str
    staff_no: str
    grants: tuple[tuple[Role, str], ...] = ()
    source: str = ""

    def roots(self, permission: Permission) -> tuple[str, ...]:
        """The subtrees in which this permission is held, none contained in another."""
        paths = {path for role, path in self.grants if role in HOLDERS[permission]}
        return outermost(paths)

    def may(self, permission: Permission, path: str | None = None) -> bool:
        """Is the permission held anywhere (path None), or over the unit at `path`?"""
        roots = self.roots(permission)
        if path is None:
            return bool(roots)
        return any(path.startswith(root) for root in roots)

    @property
    def is_staff(self) -> bool:
        """Holds any role: shorter idle time, desktop navigation."""
        return bool(self.grants)


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Drop paths that lie inside another: `/1/`, `/1/5/`, `/2/` -> `/1/`, `/2/`."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if not any(path.startswith(root) for root in kept):
            kept.append(path)
    return tuple(kept)
