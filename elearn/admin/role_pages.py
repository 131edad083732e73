"""Roles: who may do what over which subtree."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.accounts.queries import person_by_staff_no, units_in
from elearn.accounts.roles import ROLE_MEANINGS, grant_role, revoke_role
from elearn.accounts.unit_search import find_unit
from elearn.core.access import ROLE_NAMES, Permission, Role
from elearn.core.errors import DomainError
from elearn.models import Person
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .blueprint import blueprint
from .forms import GrantForm, show_error
from .queries import MANY, clean_query, get_grant, grants_query


def _roots() -> tuple[str, ...]:
    return actor().roots(Permission.GRANT_ROLE)


@blueprint.get("/roles")
def roles() -> str:
    """Who holds what, and the form to grant."""
    return _page(GrantForm(formdata=None))


@blueprint.post("/roles/grant")
def grant() -> Response | str:
    """Grant a role; what is wrong is told on the same page."""
    work, form, problem = db.session(), GrantForm(), ""
    if form.validate_on_submit():
        try:
            person = _person(form.staff_no.data or "")
            unit = find_unit(work, roots=_roots(), text=form.unit.data or "")
            role = Role(form.role.data)
            grant_role(work, actor=actor(), person=person, role=role, unit=unit, now=utcnow())
            work.commit()
            flash(f"已授予 {person.name} {ROLE_NAMES[role]}（{unit.name}）。", "ok")
            return redirect(url_for("admin.roles"))
        except DomainError as error:
            work.rollback()
            problem = show_error(form, error)
    return _page(form, problem)


@blueprint.post("/roles/<int:grant_id>/revoke")
def revoke(grant_id: int) -> Response:
    """Take a role away; it ends with the next click of its holder."""
    work = db.session()
    found = get_grant(work, actor(), grant_id)
    try:
        revoke_role(work, actor=actor(), grant=found, now=utcnow())
        work.commit()
        flash("已撤销。", "ok")
    except DomainError as error:
        work.rollback()
        flash(error.message, "warn")
    return redirect(url_for("admin.roles"))


def _person(staff_no: str) -> Person:
    """A person of the own subtree; anybody else is not found."""
    person = person_by_staff_no(db.session(), staff_no.strip())
    if person is None or not actor().may(Permission.GRANT_ROLE, person.org_unit.path):
        message = "您的管理范围内没有这个工号"
        raise DomainError(message, code="E-ROLE", fields={"staff_no": message})
    return person


def _page(form: GrantForm, problem: str = "") -> str:
    work = db.session()
    text = clean_query(request.args.get("q"))
    wanted = request.args.get("role", "")
    role = Role(wanted) if wanted in set(Role) else None
    units = units_in(work, _roots())
    return render_template(
        "admin/roles.html",
        form=form,
        problem=problem,
        page=paginate(work, grants_query(_roots(), text=text, role=role)),
        q=text,
        role=role,
        options=units if len(units) <= MANY else None,
        meanings=ROLE_MEANINGS,
    )
