"""A product with content, units, people and exams, ready to be measured."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from bench import crowd
from bench.databases import Server
from bench.measure import Meter, Missing, Tape, Unexpected
from bench.visitor import Visitor, address, sign_in_all
from elearn import db, migrate
from elearn.accounts.passwords import hash_password
from elearn.app import create_app
from elearn.authoring.services import sync_content
from elearn.config import Settings, shipped
from elearn.core.access import Actor, Role
from elearn.core.errors import DomainError
from elearn.demo.people import DemoOrg, create_org
from elearn.exams.papers.services import commit_seed, seal_papers
from elearn.exams.papers.vault import process_vault
from elearn.exams.sittings.services import schedule_exam
from elearn.models import (
    Assignment,
    AssignmentKind,
    BlueprintRow,
    Course,
    Exam,
    Person,
    ReviewPolicy,
)

PEOPLE: Final = 2_000
MANY: Final = 50_000
DAY: Final = timedelta(days=1)
PASSWORD: Final = f"Bench-{secrets.token_hex(4)}"
PAST: Final = "monthly-20"


def utcnow() -> datetime:
    """The clock of the bench; views read the same one."""
    return datetime.now(UTC)


def settings_for(url: str, folder: Path) -> Settings:
    """As an operator would have them on one machine."""
    return Settings(
        database_url=url,
        secret_key=secrets.token_hex(32),
        instance_dir=folder,
        content_dir=shipped("courses").parent,
        bind="127.0.0.1",
    )


@dataclass
class World:
    """One database with the product on it. `problem` says why there is no content, if so."""

    url: str
    app: Flask
    engine: Engine
    meter: Meter
    org: DemoOrg
    problem: str = ""
    _taken: int = 0

    def take(self, count: int) -> list[int]:
        """Ids of cadres nothing was measured with yet."""
        with db.new_session(self.engine, write=False) as work:
            cadres = select(Person.id).where(Person.staff_no.startswith("b")).order_by(Person.id)
            found = work.scalars(cadres.offset(self._taken).limit(count)).all()
        if len(found) < count:
            raise Unexpected(f"no {count} people left of {PEOPLE}: fewer --passes")
        self._taken += count
        return list(found)

    def visitors(self, count: int) -> list[Visitor]:
        """That many cadres, signed in."""
        return sign_in_all(self.app, self.engine, self.take(count))

    def staff_visitor(self, staff_no: str) -> Visitor:
        """A staff account of the demo organisation."""
        return sign_in_all(self.app, self.engine, [self.org.staff[staff_no].id])[0]

    def address(self, endpoint: str, **values: str) -> str:
        """The path of a view, or Missing."""
        return address(self.app, endpoint, **values)

    def exam(self, blueprint: str) -> Exam:
        """An open exam of this blueprint; made on first use."""
        if self.problem:
            raise Missing(self.problem)
        now = utcnow()
        with db.transaction(self.engine) as work:
            title = f"Bench {blueprint}"
            found = work.scalar(select(Exam).where(Exam.title == title))
            return found or schedule(work, self.org, blueprint, title, now - DAY, now + 30 * DAY)

    def sealed_exam(self, blueprint: str) -> Exam:
        """The same with everybody's paper drawn and sealed before the opening."""
        title = f"Bench {blueprint} sealed"
        opens, vault = utcnow() - DAY, process_vault()
        with db.transaction(self.engine) as work:
            found = work.scalar(select(Exam).where(Exam.title == title))
            if found is not None:
                return found
            exam = schedule(work, self.org, blueprint, title, opens, opens + 30 * DAY)
            before = opens - DAY / 2
            commit_seed(work, exam=exam, master=secrets.token_hex(32), vault=vault, now=before)
            while seal_papers(work, actor=None, exam=exam, vault=vault, now=before):
                pass
            return exam


@dataclass
class Lab:
    """What the operations of one kind of database share; worlds are made when first needed."""

    server: Server
    folder: Path
    tracing: bool = False

    @cached_property
    def world(self) -> World:
        """The database pages are measured on."""
        return build_world(self, "main", PEOPLE)

    @cached_property
    def big(self) -> World:
        """The database of exports."""
        return build_world(self, "big", MANY)


def build_world(lab: Lab, name: str, people: int) -> World:
    """Schema, shipped content, the demo units, `people` cadres with what they did so far."""
    folder = lab.folder / name
    folder.mkdir(parents=True)
    url = lab.server.new_database(name)
    engine = db.make_engine(url)
    migrate.upgrade(engine)
    now = utcnow()
    tape = Tape(tracing=lab.tracing)
    tape.listen(engine)
    with db.transaction(engine) as work:
        problem = _publish(work, now)
        org = create_org(work, password=PASSWORD, now=now)
        hashed = hash_password(PASSWORD)
        crowd.add_people(work, units=org.leaves, count=people, password_hash=hashed, now=now)
        if not problem:
            _tell(work, org, now)
    if lab.server.kind == "postgresql":
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))
    app = create_app(settings_for(url, folder), engine=engine)
    return World(url, app, engine, Meter(tape, lab.server.backends), org, problem)


def schedule(
    session: Session,
    org: DemoOrg,
    blueprint: str,
    title: str,
    opens: datetime,
    closes: datetime,
) -> Exam:
    """An exam for everybody, everything visible at once."""
    row = session.scalar(select(BlueprintRow).where(BlueprintRow.code == blueprint))
    if row is None or row.current is None:
        raise Missing(f"no blueprint {blueprint} in the shipped content")
    person = org.staff["examiner1"]
    return schedule_exam(
        session,
        actor=Actor(person.id, person.name, person.staff_no, ((Role.EXAMINER, org.root.path),)),
        blueprint_revision=row.current,
        title=title,
        opens_at=opens,
        closes_at=closes,
        org_unit=org.root,
        attempts_max=20,
        review_policy=ReviewPolicy.AT_ONCE,
        now=opens - DAY,
    )


def _publish(session: Session, now: datetime) -> str:
    report = sync_content(session, root=shipped("courses").parent, now=now)
    errors = [str(problem) for problem in report.problems if problem.is_error]
    return f"the shipped content has errors: {errors[0]}" if errors else ""


def _tell(session: Session, org: DemoOrg, now: datetime) -> None:
    """Assigned: every course, and an exam of last month, which most have sat."""
    crowd.add_learning(session, now=now)
    courses = session.scalars(select(Course).where(Course.active)).all()
    session.add_all(_assign(org, now, course=course) for course in courses)
    try:
        exam = schedule(session, org, PAST, "上月小测", now - 30 * DAY, now - 3 * DAY)
    except (DomainError, Missing):
        return  # a bank that cannot fill it; the courses are enough to count
    crowd.add_sittings(session, exam=exam, now=now)
    session.add(_assign(org, now, exam=exam))


def _assign(
    org: DemoOrg, now: datetime, *, course: Course | None = None, exam: Exam | None = None
) -> Assignment:
    return Assignment(
        kind=AssignmentKind.COURSE if course else AssignmentKind.EXAM,
        course=course,
        exam=exam,
        org_unit=org.root,
        due_at=now + (10 * DAY if course else -3 * DAY),
        created_by_id=org.staff["hr1"].id,
        created_at=now - 30 * DAY,
    )


def close_worlds(lab: Lab) -> None:
    """Give connections back, so that the databases can be dropped."""
    made: Sequence[object] = [lab.__dict__.get("world"), lab.__dict__.get("big")]
    for world in made:
        if isinstance(world, World):
            world.engine.dispose()
