"""Scheduling and watching exams."""

import secrets

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError, Infeasible
from elearn.exams.blueprints.queries import (
    blueprints_query,
    current_revision,
    get_blueprint,
    read_spec,
)
from elearn.exams.papers.services import commit_seed
from elearn.exams.papers.vault import process_vault
from elearn.models import BlueprintRow, OrgUnit, ReviewPolicy
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .forms import ScheduleForm, to_utc
from .queries import (
    exam_counts,
    get_managed_exam,
    managed_exams_query,
    ranks_in_scope,
    units_query,
)
from .services import cancel_exam, release_results, schedule_exam


def manage() -> str:
    """Exams of the examiner's units."""
    work, now = db.session(), utcnow()
    page = paginate(work, managed_exams_query(actor()))
    return render_template(
        "exams/manage.html", page=page, counts=exam_counts(work, page.items), now=now
    )


def schedule() -> Response | str | tuple[str, int]:
    """A new exam; what does not fit is said beside its field, what the bank lacks above."""
    work, me = db.session(), actor()
    blueprints = list(work.scalars(blueprints_query()))
    units = {unit.public_id: unit for unit in work.scalars(units_query(me))}
    form = ScheduleForm()
    form.offer(blueprints, list(units.values()), ranks_in_scope(work, me))
    if request.method == "GET":
        _preset(form, blueprints)
        return render_template("exams/schedule.html", form=form, shortages=())
    shortages: list[str] = []
    if form.validate():
        try:
            exam_id = _schedule(form, units)
        except Infeasible as error:
            shortages = error.shortages
        except DomainError as error:
            form.refuse(error.fields)
            if not error.fields:
                raise
        else:
            flash("考试已安排。", "ok")
            return redirect(url_for("exams.monitor", public_id=exam_id))
        work.rollback()
    return render_template("exams/schedule.html", form=form, shortages=shortages), 422


def release(public_id: str) -> Response:
    """Publish hidden results."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    release_results(work, actor=actor(), exam=exam, now=utcnow())
    work.commit()
    flash("成绩已公布。", "ok")
    return redirect(url_for("exams.monitor", public_id=public_id))


def cancel(public_id: str) -> Response:
    """Call an exam off before anybody has started."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    cancel_exam(work, actor=actor(), exam=exam, now=utcnow())
    work.commit()
    flash("考试已取消。", "ok")
    return redirect(url_for("exams.monitor", public_id=public_id))


def _schedule(form: ScheduleForm, units: dict[str, OrgUnit]) -> str:
    work = db.session()
    row = get_blueprint(work, form.blueprint.data)
    exam = schedule_exam(
        work,
        actor=actor(),
        blueprint_revision=current_revision(row),
        title=form.title.data or "",
        opens_at=to_utc(form.opens_at.data),
        closes_at=to_utc(form.closes_at.data),
        org_unit=units[form.org_unit.data],
        ranks=form.ranks.data or (),
        listed=form.staff_numbers(),
        attempts_max=form.attempts_max.data or 1,
        review_policy=ReviewPolicy(form.review_policy.data),
        now=utcnow(),
    )
    commit_seed(work, exam=exam, master=secrets.token_hex(32), vault=process_vault(), now=utcnow())
    work.commit()
    return exam.public_id


def _preset(form: ScheduleForm, blueprints: list[BlueprintRow]) -> None:
    """Start from the blueprint in the link: its name, attempts and review policy."""
    code = request.args.get("blueprint")
    row = next((row for row in blueprints if row.code == code), None)
    spec = read_spec(current_revision(row)) if row else None
    form.attempts_max.data = spec.attempts if spec else 1
    form.review_policy.data = (spec.review if spec else ReviewPolicy.AFTER_CLOSE).value
    if row and spec:
        form.blueprint.data = row.code
        form.title.data = spec.title
