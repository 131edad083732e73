"""The authorization matrix, generated from the route map x roles x relation to the object.

World: district > bureau > office, and a sister bureau. The objects belong to the bureau. Every
role is granted, one person each, over the district (above), the bureau (same), the office (below)
or the sister (other). Each cell is one request; what it must answer follows from `web/policy.py`
and from what the object is, never from what the views happen to do.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from elearn import db
from elearn.core.access import HOLDERS, Permission, Role
from elearn.exams.printing.services import make_run
from elearn.models import (
    Attempt,
    AttemptVoid,
    ContentAsset,
    Dispute,
    ExamNotice,
    ExamStanding,
    ItemAnalysis,
    KeyCorrection,
    LawVersion,
    OpeningKind,
    PaperAmendment,
    PaperOpening,
    PaperRefiling,
    PaperResult,
    PendingImport,
    Person,
    PrintMode,
    PrintRun,
    QuestionRevision,
    Recheck,
    RoleGrant,
)
from elearn.web.policy import ROUTES, Access
from tests.conftest import Browser
from tests.factories import make_actor, make_grant, make_person, make_unit
from tests.factories_courses import make_course, make_facts_file, make_handed_over, publish_laws
from tests.factories_exams import make_answer_file, make_attempt, make_bank, make_exam
from tests.factories_invigilation import make_invigilation
from tests.factories_paths import make_path
from tests.factories_reports import make_assignment, make_class_record, make_course_record

OPEN, SIGN_IN, NO_ROLE, STRANGER = "open", "sign in", "403", "404"
SCOPES = ("above", "same", "below", "other")

# What stands behind the arguments of a route. "own": only its person; "audience": people of the
# unit; "unit": staff whose role covers the unit; "uploader": only the administrator who uploaded it;
# "global": everyone who may pass the door.
OBJECTS: dict[str, tuple[str, str]] = {
    "exams.lobby": ("exam", "audience"),
    "exams.start": ("exam", "audience"),
    "exams.take": ("attempt", "own"),
    "exams.save": ("attempt", "own"),
    "exams.save_page": ("attempt", "own"),
    "exams.state": ("attempt", "own"),
    "exams.confirm": ("attempt", "own"),
    "exams.submit": ("attempt", "own"),
    "exams.result": ("attempt", "own"),
    "exams.takeover": ("attempt", "own"),
    "exams.room": ("attempt", "own"),
    "exams.report_leaves": ("attempt", "own"),
    "exams.read_message": ("attempt", "own"),
    "exams.room_settings": ("exam", "unit"),
    "exams.candidate": ("exam", "unit"),
    "exams.message": ("exam", "unit"),
    "exams.void_leave": ("exam", "unit"),
    "exams.change_time": ("exam", "unit"),
    "exams.decide_time": ("exam", "unit"),
    "exams.ask_void": ("exam", "unit"),
    "exams.decide_void": ("void", "unit"),
    "exams.decide_accommodation": ("accommodation", "unit"),
    "classes.withdraw": ("class_record", "unit"),
    "exams.monitor": ("exam", "unit"),
    "exams.release": ("exam", "unit"),
    "exams.late": ("exam", "unit"),
    "exams.cancel": ("exam", "unit"),
    "exams.mark_attempt": ("pending", "unit"),
    "exams.analysis": ("exam", "unit"),
    "exams.run_analysis": ("exam", "unit"),
    "exams.export_analysis": ("exam", "unit"),
    "exams.item_analysis": ("analysed", "unit"),
    "exams.prints": ("exam", "unit"),
    "exams.print_run": ("printed", "unit"),
    "exams.approve_print": ("printed", "unit"),
    "exams.print_papers": ("printed", "unit"),
    "exams.print_sheet": ("printed", "unit"),
    "exams.print_key": ("printed", "unit"),
    "exams.enter_result": ("printed", "unit"),
    "exams.import_print_results": ("printed", "unit"),
    "exams.results_template": ("printed", "unit"),
    "exams.amend_result": ("amended", "unit"),
    "exams.amendment": ("amended", "unit"),
    "exams.refile_result": ("amended", "unit"),
    "exams.refiling": ("amended", "unit"),
    "exams.papers": ("exam", "unit"),
    "exams.set_paper_mode": ("exam", "unit"),
    "exams.seal_papers": ("exam", "unit"),
    "exams.time_papers": ("exam", "unit"),
    "exams.reveal_seed": ("exam", "unit"),
    "exams.ask_look": ("exam", "unit"),
    "exams.look": ("look", "unit"),
    "exams.approve_look": ("look", "unit"),
    "exams.move": ("exam", "unit"),
    "exams.leave_sheet": ("pending", "unit"),
    "exams.take_one_sheet": ("pending", "unit"),
    "exams.marking_rules": ("exam", "unit"),
    "exams.order_recheck": ("exam", "unit"),
    "exams.decide_recheck": ("recheck", "unit"),
    "exams.ask_recheck": ("attempt", "own"),
    "exams.ask_standing": ("exam", "audience"),
    "exams.makeups": ("exam", "unit"),
    "exams.resit_rules": ("exam", "unit"),
    "exams.decide_standing": ("standing", "unit"),
    "exams.correction": ("correction", "unit"),
    "exams.decide_correction": ("correction", "unit"),
    "exams.dispute": ("dispute", "unit"),
    "exams.object_to_item": ("attempt", "own"),
    "exams.dismiss": ("notice", "own"),
    "exams.rescue": ("exam", "unit"),
    "exams.rescue_file": ("answer_file", "unit"),
    "records.record": ("record", "own"),
    "tasks.pledge": ("pledge", "own"),
    "tasks.review": ("reflection", "unit"),
    "assignments.detail": ("assignment", "unit"),
    "assignments.cancel": ("assignment", "unit"),
    "reports.person": ("person", "unit"),
    "admin.edit_person": ("person", "unit"),
    "admin.reset_password": ("person", "unit"),
    "admin.edit_unit": ("unit", "unit"),
    "admin.move_unit": ("unit", "unit"),
    "admin.set_unit_active": ("unit", "unit"),
    "admin.set_person_active": ("person", "unit"),
    "admin.check_import": ("upload", "uploader"),
    "admin.commit_import": ("upload", "uploader"),
    "admin.revoke": ("grant", "unit"),
}


@dataclass
class World:
    """Ids only: the rows belong to the outer transaction, requests come and go in savepoints."""

    people: dict[tuple[str, str], str] = field(default_factory=dict)
    args: dict[str, dict[str, Any]] = field(default_factory=dict)

    def url_args(self, endpoint: str, names: set[str]) -> dict[str, Any]:
        kind = OBJECTS.get(endpoint, ("", ""))[0] or "shared"
        known = {**self.args["shared"], **self.args.get(kind, {})}
        return {name: known[name] for name in names}


def build_world(session: Session) -> World:
    now, world = datetime.now(UTC), World()
    district = make_unit(session)
    bureau, sister = make_unit(session, district), make_unit(session, district)
    office = make_unit(session, bureau)
    places = {"above": district, "same": bureau, "below": office, "other": sister}
    for scope, unit in places.items():
        world.people["cadre", scope] = make_person(session, unit).staff_no
        for role in Role:
            person = make_person(session, unit)
            make_grant(session, person, role, unit)
            world.people[role.value, scope] = person.staff_no
    owner = make_person(session, bureau, staff_no="owner")
    world.people["owner", "same"] = owner.staff_no
    author = session.scalar(select(Person).where(Person.staff_no == "owner"))
    assert author is not None
    questions = make_bank(session)
    exam = make_exam(session, bureau, by=author, now=now, attempts_max=3)
    attempt = make_attempt(session, exam, owner, now=now)
    run = make_run(
        session,
        actor=make_actor(make_person(session, bureau, Role.EXAMINER)),
        exam=exam,
        forms=2,
        mode=PrintMode.SHUFFLED,
        seed="0" * 32,
        now=now,
    )
    around = {
        **make_invigilation(session, exam, attempt, by=author, now=now),
        **make_amendment(session, run, by=author, now=now),
        "class": make_class_record(session, owner, at=now - timedelta(days=1)).public_id,
    }
    analysed = make_exam(
        session, bureau, by=author, now=now - timedelta(days=9), revision=exam.blueprint_revision
    )
    session.add(
        ItemAnalysis(
            exam_id=analysed.id,
            revision_hash=questions[0].revision_hash,
            code=questions[0].code,
            n=1,
            total_share=1.0,
            facility=1.0,
            exposures=1,
            attention=0,
            flags=[],
            detail={"parts": []},
        )
    )
    publish_laws(session)
    course = make_course(session)
    pledge, reflection = make_handed_over(session, owner, course, at=now)
    record = make_course_record(session, owner, course, at=now - timedelta(days=1))
    assignment = make_assignment(session, bureau, course, due_at=now + timedelta(days=3))
    grant = session.scalar(
        select(RoleGrant)
        .join(RoleGrant.person)
        .where(Person.staff_no == world.people["MARKER", "same"])
    )
    uploader = session.scalars(
        select(Person).where(Person.staff_no == world.people["SYS_ADMIN", "same"])
    ).one()
    upload = PendingImport(
        person_id=uploader.id,
        kind="PEOPLE",
        filename="人员.csv",
        data="工号,姓名,单位代码\nn1,新人,x\n".encode(),
        sha256="b" * 64,
        created_at=now,
    )
    session.add(upload)
    after = after_the_exam(session, attempt, questions[0].revision_hash, bureau.path, now)
    answer_file = make_answer_file(session, attempt, by=author, now=now)
    asset = ContentAsset(sha256="a" * 64, name="图.png", mime="image/png", data=b"\x89PNG")
    asked = PaperOpening(
        exam_id=exam.id, kind=OpeningKind.ASK, form_no=1, person_id=owner.id, reason="核对", at=now
    )
    session.add_all([asset, make_facts_file(now=now), asked, make_path(session, [course])])
    session.commit()
    assert grant is not None
    lesson = course.lessons[0]
    world.args = {
        "shared": {
            "code": course.course.code,
            "lesson_code": lesson.code,
            "sha256": asset.sha256,
            "short": session.scalars(select(LawVersion.short)).first(),
            "filename": "icon.svg",
            "fact_id": "SL-01",
            "digest": questions[0].revision_hash,
        },
        "blueprint": {"code": exam.blueprint_revision.blueprint.code},
        "question": {"code": questions[0].code},
        "paths.path": {"code": "role-1-chief"},
        "exam": {
            "public_id": exam.public_id,
            "person_id": owner.public_id,
            "change_id": around["change_id"],
            "leave_id": around["leave_id"],
            "attempt_id": attempt.public_id,
        },
        "attempt": {"public_id": attempt.public_id, "message_id": around["message_id"]},
        "accommodation": {"public_id": around["accommodation"]},
        "printed": {"public_id": exam.public_id, "run_id": run.public_id},
        "amended": {"public_id": exam.public_id, "run_id": run.public_id, **around},
        "analysed": {"public_id": analysed.public_id, "code": questions[0].code},
        "look": {"public_id": exam.public_id, "look": asked.public_id},
        "pending": {"public_id": attempt.public_id},
        "answer_file": {"public_id": answer_file.public_id},
        "record": {"public_id": record.public_id},
        "class_record": {"public_id": around["class"]},
        "pledge": {"public_id": pledge.public_id},
        "reflection": {"public_id": reflection.public_id},
        "assignment": {"public_id": assignment.public_id},
        "person": {"public_id": owner.public_id},
        "unit": {"public_id": bureau.public_id},
        "upload": {"public_id": upload.public_id},
        **{kind: {"public_id": public_id} for kind, public_id in after.items()},
        "grant": {"grant_id": grant.id, "public_id": str(grant.id)},
    }
    for endpoint in ("exams.blueprint", "exams.edit_blueprint", "exams.fairness"):
        world.args[endpoint] = world.args["blueprint"]
    for endpoint in ("authoring.question", "authoring.decide_difficulty"):
        world.args[endpoint] = world.args["question"]
    return world


def make_amendment(session: Session, run: PrintRun, *, by: Person, now: datetime) -> dict[str, str]:
    """A result of the run and a proposal to correct it."""
    form, person = run.papers[0], make_person(session, run.exam.org_unit)
    attempt = Attempt(
        exam_id=run.exam_id,
        person_id=person.id,
        no=1,
        state="SUBMITTED",
        seed="0" * 32,
        bank_hash=run.bank_hash,
        paper_hash=form.paper_hash,
        paper=form.paper,
        started_at=now - timedelta(minutes=30),
        deadline_at=now,
        submitted_at=now,
        closed_by="EXAMINER",
    )
    session.add(attempt)
    session.flush()
    result = PaperResult(
        attempt_id=attempt.id,
        print_paper_id=form.id,
        source="TYPED",
        digest="0" * 64,
        entered_by_id=by.id,
        entered_at=now,
    )
    session.add(result)
    session.flush()
    amendment = PaperAmendment(
        attempt_id=attempt.id,
        letter=form.letter,
        changes=[],
        reason="看错一行",
        proposed_by_id=by.id,
        proposed_at=now,
    )
    refiling = PaperRefiling(
        attempt_id=attempt.id,
        person_id=person.id,
        held_at=now - timedelta(minutes=40),
        reason="时间看错",
        proposed_by_id=by.id,
        proposed_at=now,
    )
    session.add_all([amendment, refiling])
    session.flush()
    return {
        "attempt_id": attempt.public_id,
        "amendment_id": amendment.public_id,
        "refiling_id": refiling.public_id,
    }


def after_the_exam(
    session: Session, attempt: Attempt, digest: str, path: str, now: datetime
) -> dict[str, str]:
    """What corrections, disputes and notices are about; kind -> public id."""
    revision = session.scalars(
        select(QuestionRevision).where(QuestionRevision.hash == digest)
    ).one()
    owner, exam = attempt.person_id, attempt.exam_id
    correction = KeyCorrection(
        question_revision_id=revision.id,
        exam_id=exam,
        org_path=path,
        kind="VOID",
        change={},
        reason="题目有误",
        citation="监察法@2024-12-25#46",
        state="PROPOSED",
        proposed_by_id=owner,
        proposed_at=now,
    )
    dispute = Dispute(
        attempt_id=attempt.id,
        item_no=1,
        question_revision_id=revision.id,
        person_id=owner,
        text="我认为答案有误",
        state="OPEN",
        created_at=now,
    )
    notice = ExamNotice(person_id=owner, exam_id=exam, text="告知", created_at=now)
    standing = ExamStanding(
        exam_id=exam,
        person_id=owner,
        kind="DEFERRAL",
        reason="住院",
        state="REQUESTED",
        requested_by_id=owner,
        requested_at=now,
    )
    recheck = Recheck(
        attempt_id=attempt.id,
        reason="漏看一条",
        state="REQUESTED",
        requested_by_id=owner,
        requested_at=now,
        score_before=0,
    )
    void = AttemptVoid(attempt_id=attempt.id, reason="替考", asked_by_id=owner, asked_at=now)
    session.add_all([correction, dispute, notice, standing, recheck, void])
    session.flush()
    return {
        "correction": correction.public_id,
        "dispute": dispute.public_id,
        "notice": notice.public_id,
        "standing": standing.public_id,
        "recheck": recheck.public_id,
        "void": void.public_id,
    }


def expected(endpoint: str, who: str, scope: str) -> str:
    """What the policy asks for, in one of four words."""
    policy, nature = ROUTES[endpoint], OBJECTS.get(endpoint, ("", "global"))[1]
    if policy is Access.PUBLIC:
        return OPEN
    if who == "anonymous":
        return SIGN_IN
    if isinstance(policy, Permission):
        if who not in {role.value for role in HOLDERS[policy]}:
            return NO_ROLE
        if nature == "uploader":
            return OPEN if scope == "same" else STRANGER
        return OPEN if nature == "global" or scope in {"above", "same"} else STRANGER
    if nature == "own":
        return OPEN if who == "owner" else STRANGER
    if nature == "audience":
        return OPEN if scope in {"same", "below"} else STRANGER
    return OPEN


def verdict(status: int, location: str) -> str:
    """The word for an answer."""
    if status == 401 or (status == 302 and location.startswith("/sign-in")):
        return SIGN_IN
    if status in {403, 404}:
        return str(status)
    return OPEN if status not in {405, 500, 503} else f"broken ({status})"


def endpoints() -> Iterator[str]:
    yield from sorted(ROUTES.keys() - {"static"})


@pytest.mark.parametrize("endpoint", list(endpoints()))
def test_every_cell_of_the_matrix(
    endpoint: str,
    app: Flask,
    session: Session,
    connection: Connection,
    browser: Callable[[], Browser],
) -> None:
    world = build_world(session)
    session.close()
    wrong: list[str] = []
    for rule in app.url_map.iter_rules(endpoint):
        with app.test_request_context():
            names = world.args.get(endpoint) or world.url_args(endpoint, set(rule.arguments))
            path = rule.build({name: names[name] for name in rule.arguments}, append_unknown=False)
        assert path is not None
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            cells = [("anonymous", "other"), *world.people]
            for who, scope in cells:
                nested = connection.begin_nested()
                answer = ask(connection, browser(), world, (who, scope), method, path[1])
                nested.rollback()
                wanted = expected(endpoint, who, scope)
                if OBJECTS.get(endpoint, ("", ""))[0] == "pending" and wanted == OPEN:
                    wanted = STRANGER  # nothing to mark in it: looks like it does not exist
                if answer != wanted:
                    wrong.append(f"{method} {path[1]} as {who} ({scope}): {answer}, not {wanted}")
    assert wrong == []


def ask(
    connection: Connection,
    client: Browser,
    world: World,
    cell: tuple[str, str],
    method: str,
    path: str,
) -> str:
    if cell in world.people:
        with db.new_session(connection, write=True) as work:
            query = select(Person).where(Person.staff_no == world.people[cell])
            client.sign_in(work.scalars(query).one(), work)
    response = client.open(path, method=method)
    location = response.headers.get("Location", "")
    response.close()  # an export streams from a file
    if path.startswith(("/sign-out", "/settings/sign-out", "/sign-in")):
        location = "" if cell[0] != "anonymous" else location
    return verdict(response.status_code, location)


def test_the_matrix_notices_a_missing_guard(
    session: Session,
    connection: Connection,
    browser: Callable[[], Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = build_world(session)
    session.close()
    monkeypatch.setitem(ROUTES, "reports.completion", Access.SIGNED_IN)
    answer = ask(connection, browser(), world, ("cadre", "same"), "GET", "/reports/completion")
    monkeypatch.undo()
    assert answer != expected("reports.completion", "cadre", "same")
