"""Importing units and people from a spreadsheet: check everything, then write everything.

Both steps load all units and people once and compare in memory, so the number of statements does
not grow with the file. Nothing is written while one cell is wrong; the same file twice changes
nothing; who is missing from the file is left alone.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import SEPARATED_ADMINS, Actor, Permission
from elearn.core.people.plan import Plan, plan_import
from elearn.core.people.roster import CellProblem, Roster
from elearn.core.people.table import parse_roster
from elearn.core.people.world import KnownPerson, KnownUnit, World
from elearn.core.problems import Problem
from elearn.core.spreadsheet import Unreadable, read_table
from elearn.models import OrgUnit, Person, RoleGrant

from .import_writing import record_plan, write_plan
from .people import why_kept
from .units import lock_tree


@dataclass(slots=True)
class Report:
    """What a file is and what importing it would do (or has done).

    `notes` say what was understood: the encoding, columns left out, characters put right.
    """

    file: str
    sha256: str
    kind: str = ""
    notes: list[str] = field(default_factory=list)
    plan: Plan | None = None
    unreadable: list[CellProblem] = field(default_factory=list)

    @property
    def cells(self) -> list[CellProblem]:
        """Every finding, in the order of the file."""
        return self.plan.problems if self.plan else self.unreadable

    @property
    def problems(self) -> list[Problem]:
        """The same for terminals and machines."""
        return [cell.located(self.file) for cell in self.cells]

    @property
    def is_right(self) -> bool:
        """May it be imported? Hints do not stop it."""
        return self.plan is not None and self.plan.is_right

    @property
    def counts(self) -> dict[str, int]:
        """Keys as `Plan.counts`; an unreadable file has one error and nothing else."""
        return self.plan.counts() if self.plan else {"errors": len(self.unreadable)}

    def as_dict(self) -> dict[str, Any]:
        """What `elearn people import --json` prints."""
        problems = [problem.as_dict() for problem in self.problems]
        return {"counts": self.counts, "problems": problems, "notes": self.notes}


def check_people_file(
    session: Session,
    *,
    data: bytes,
    filename: str,
    now: datetime,  # noqa: ARG001  # the same interface as import_people_file
    actor: Actor | None = None,
) -> Report:
    """Read and compare, write nothing. `actor` None is the operator, who reaches everything."""
    report = Report(filename, hashlib.sha256(data).hexdigest())
    try:
        table = read_table(data)
    except Unreadable as error:
        report.unreadable = [CellProblem("", 0, 0, error.code, error.message, error.hint)]
        return report
    roster = parse_roster(table)
    report.kind = table.kind
    if table.encoding:
        report.notes.append(f"文字编码：{table.encoding}")
    names = [sheet.name for sheet in table.sheets if sheet.name]
    if names:
        report.notes.append("工作表：" + "、".join(names))
    report.notes += roster.notes
    report.plan = plan_import(roster, _load_world(session, actor, roster))
    return report


def import_people_file(
    session: Session,
    *,
    data: bytes,
    filename: str,
    now: datetime,
    actor: Actor | None = None,
) -> Report:
    """Check once more and write everything, or nothing when a cell is wrong (`is_right`).

    New people have no password: `set_initial_passwords` makes them.
    """
    lock_tree(session)
    report = check_people_file(session, data=data, filename=filename, now=now, actor=actor)
    plan = report.plan
    if plan is None or not plan.is_right:
        return report
    write_plan(session, plan, now=now)
    record_plan(session, plan, actor=actor, file=filename, sha256=report.sha256, now=now)
    session.expire_all()
    return report


def _load_world(session: Session, actor: Actor | None, roster: Roster) -> World:
    units = session.execute(
        select(
            OrgUnit.id, OrgUnit.code, OrgUnit.name, OrgUnit.type,
            OrgUnit.parent_id, OrgUnit.path, OrgUnit.active,
        )
    )  # fmt: skip
    people = session.execute(
        select(
            Person.id, Person.public_id, Person.staff_no, Person.name, Person.org_unit_id,
            Person.rank, Person.post, Person.is_leader, Person.party, Person.active,
            Person.promoted_on,
        )
    )  # fmt: skip
    known = [
        KnownPerson(*row[:8], row[8] or "", row[9], row[10].isoformat() if row[10] else "")
        for row in people
    ]
    return World(
        units=[KnownUnit(*row) for row in units],
        people=known,
        roots=actor.roots(Permission.MANAGE_PEOPLE) if actor else None,
        kept=_kept(session, actor, known, roster),
    )


def _kept(
    session: Session, actor: Actor | None, known: list[KnownPerson], roster: Roster
) -> dict[int, str]:
    """Why some of those the file deactivates must stay: administrators and the importer."""
    leaving = {row.staff_no for row in roster.people if row.active is False}
    ids = {person.id for person in known if person.staff_no in leaving}
    if not ids:
        return {}
    admins = select(RoleGrant.person_id).where(RoleGrant.role.in_(SEPARATED_ADMINS))
    at_stake = ids & ({*session.scalars(admins)} | ({actor.person_id} if actor else set()))
    people = session.scalars(select(Person).where(Person.id.in_(at_stake)))
    return why_kept(session, list(people), actor=actor)
