"""The home page of everybody, and the assignments of those who give them out."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from elearn import db
from elearn.accounts.queries import get_unit, units_in
from elearn.config import DISPLAY_ZONE
from elearn.core.access import Actor, Permission
from elearn.core.duties import DUTY_KINDS, DUTY_NAMES, DutyState, Fact
from elearn.core.errors import Conflict, DomainError, NotFound
from elearn.exams.settle import settle
from elearn.models import Assignment, Course, Exam, LearningPath, OrgUnit
from elearn.records.queries import year_hours
from elearn.web.auth import actor, current, utcnow
from elearn.web.paging import paginate

from .coverage import is_in_force, split_ranks
from .forms import AssignmentForm
from .home import home_of
from .paths import assign_path
from .queries import (
    assignable_courses,
    assignable_exams,
    assignable_paths,
    assignment_counts,
    assignment_people,
    get_managed_assignment,
    lessons_read,
    managed_assignments,
    ranks_in,
    state_of,
    title_of,
)
from .services import cancel_assignment, create_assignment

blueprint = Blueprint("assignments", __name__)


class _Terms(TypedDict):
    actor: Actor
    org_unit: OrgUnit
    ranks: Sequence[str]
    due_at: datetime
    note: str
    now: datetime


STATUSES = {"open": "进行中", "due": "已截止", "cancelled": "已取消", "all": "全部"}


@blueprint.get("/")
def home() -> str:
    """待办: what to do, by when, and one button for the next step."""
    person, now = current().person, utcnow()
    settle(now=now, person_id=person.id)
    work = db.session()
    online, concentrated, target = year_hours(work, person, year=now.astimezone(DISPLAY_ZONE).year)
    return render_template(
        "assignments/home.html",
        home=home_of(work, person=person, now=now),
        person=person,
        online=online,
        concentrated=concentrated,
        target=target,
        now=now,
        names=DUTY_NAMES,
    )


@blueprint.get("/manage/assignments")
def manage() -> str:
    """What was given out in the own subtree."""
    status = request.args.get("status", "open")
    status = status if status in STATUSES else "open"
    now = utcnow()
    query = managed_assignments(actor()).where(*_status_filter(status, now))
    return render_template(
        "assignments/manage.html",
        page=paginate(db.session(), query),
        status=status,
        statuses=STATUSES,
        title_of=title_of,
        split_ranks=split_ranks,
        now=now,
    )


@blueprint.route("/manage/assignments/new", methods=["GET", "POST"])
def new() -> Response | str:
    """Ask a unit for a course or an exam."""
    work, now = db.session(), utcnow()
    roots = actor().roots(Permission.MANAGE_ASSIGNMENT)
    form = AssignmentForm()
    form.offer(
        assignable_courses(work),
        assignable_paths(work),
        assignable_exams(work, actor(), now=now),
        units_in(work, roots),
        ranks_in(work, roots),
    )
    if form.validate_on_submit() and (saved := _create(work, form, now)) is not None:
        work.commit()
        if isinstance(saved, Assignment):
            flash("任务已布置，相关干部的待办里已经可以看到。", "ok")
            return redirect(url_for("assignments.detail", public_id=saved.public_id))
        flash(saved, "ok")
        return redirect(url_for("assignments.manage"))
    return render_template("assignments/new.html", form=form)


@blueprint.get("/manage/assignments/<public_id>")
def detail(public_id: str) -> str:
    """How far everybody is."""
    work, now = db.session(), utcnow()
    assignment = get_managed_assignment(work, actor(), public_id)
    state = request.args.get("state", "")
    search = request.args.get("q", "").strip()[:50]
    only = DutyState(state) if state in DutyState.__members__ else None
    people = assignment_people(assignment, now=now, state=only, search=search)
    page = paginate(work, people, scalars=False)
    rows = [
        (person, state_of(assignment, facts, now=now), Fact.PENDING in Fact(facts))
        for person, facts in page.items
    ]
    read = {}
    if assignment.course_id is not None:
        read = lessons_read(work, assignment.course_id, [row[0].id for row in rows])
    return render_template(
        "assignments/detail.html",
        assignment=assignment,
        title=title_of(assignment),
        counts=assignment_counts(work, assignment, now=now),
        in_force=is_in_force(assignment),
        page=page,
        rows=rows,
        read=read,
        state=only,
        search=search,
        names=DUTY_NAMES,
        kinds=DUTY_KINDS,
        ranks=split_ranks(assignment.ranks),
        now=now,
    )


@blueprint.post("/manage/assignments/<public_id>/cancel")
def cancel(public_id: str) -> Response:
    """Withdraw it."""
    work = db.session()
    assignment = get_managed_assignment(work, actor(), public_id)
    cancel_assignment(work, actor=actor(), assignment=assignment, now=utcnow())
    work.commit()
    flash("任务已取消。已经完成的学习记录不受影响。", "ok")
    return redirect(url_for("assignments.detail", public_id=public_id))


def _create(work: Session, form: AssignmentForm, now: datetime) -> Assignment | str | None:
    """The new assignment, or what became of the courses of a path; None with the reasons beside
    the fields."""
    unit = get_unit(work, actor(), Permission.MANAGE_ASSIGNMENT, form.org_unit.data or "")
    target = _target(work, form.target.data or "")
    terms: _Terms = {
        "actor": actor(),
        "org_unit": unit,
        "ranks": form.ranks.data or [],
        "due_at": form.due_utc(),
        "note": form.note.data or "",
        "now": now,
    }
    try:
        if isinstance(target, LearningPath):
            return assign_path(work, path=target, **terms).words
        return create_assignment(work, target=target, **terms)
    except Conflict as error:
        form.refuse({"target": error.message})
    except DomainError as error:
        if not error.fields:
            raise
        form.refuse(error.fields)
    return None


def _target(work: Session, value: str) -> Course | Exam | LearningPath:
    """What the form offered; it was validated against that list."""
    kind, _, key = value.partition(":")
    found: Course | Exam | LearningPath | None
    if kind == "course":
        found = work.scalar(select(Course).where(Course.code == key))
    elif kind == "path":
        found = work.scalar(
            select(LearningPath).where(LearningPath.code == key, LearningPath.active)
        )
    else:
        found = work.scalar(select(Exam).where(Exam.public_id == key))
    if found is None:
        raise NotFound
    return found


def _status_filter(status: str, now: datetime) -> list[ColumnElement[bool]]:
    in_force = Assignment.cancelled_at.is_(None)
    if status == "open":
        return [in_force, Assignment.due_at > now]
    if status == "due":
        return [in_force, Assignment.due_at <= now]
    return [Assignment.cancelled_at.is_not(None)] if status == "cancelled" else []
