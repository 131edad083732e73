"""People: list, new, edit, deactivate, passwords."""

import io

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.accounts.initial_passwords import (
    MOST_AT_ONCE,
    count_without_password,
    set_initial_passwords,
    write_initial_passwords,
)
from elearn.accounts.people import (
    PersonFields,
    create_person,
    deactivate_person,
    edit_person,
    reactivate_person,
)
from elearn.accounts.people import reset_password as make_password
from elearn.accounts.queries import get_person, get_unit
from elearn.accounts.unit_search import find_unit
from elearn.core.access import ROLE_NAMES, Permission
from elearn.core.errors import DomainError
from elearn.core.people.columns import PARTY_NAMES
from elearn.core.ranks import RANKS
from elearn.models import OrgUnit, Party, Person
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .blueprint import blueprint
from .downloads import attachment
from .forms import EmptyForm, PersonForm, show_error
from .queries import clean_query, people_query
from .unit_pages import roots, unit_options

STATUSES = {"active": "在职", "waiting": "未设密码", "left": "停用", "all": "全部"}
HERE = "admin.edit_person"


@blueprint.get("/people")
def people() -> str:
    """Everybody in the own subtree, with search and filters."""
    work = db.session()
    status = request.args.get("status", "active")
    status = status if status in STATUSES else "active"
    unit = None
    if request.args.get("unit"):
        unit = get_unit(work, actor(), Permission.MANAGE_PEOPLE, request.args["unit"])
    text = clean_query(request.args.get("q"))
    return render_template(
        "admin/people.html",
        page=paginate(work, people_query(roots(), text=text, unit=unit, status=status)),
        q=text,
        status=status,
        statuses=STATUSES,
        unit=unit,
        waiting=count_without_password(work, actor=actor()),
    )


@blueprint.route("/people/new", methods=["GET", "POST"])
def new_person() -> Response | str:
    """A new person; the password is made on the next page."""
    form, work, problem = PersonForm(), db.session(), ""
    if form.validate_on_submit():
        try:
            fields = _fields(form)
            person = create_person(work, actor=actor(), fields=fields, now=utcnow())
            work.commit()
            flash(f"已新建 {person.name}。重置密码后，此人才能登录。", "ok")
            return redirect(url_for(HERE, public_id=person.public_id))
        except DomainError as error:
            work.rollback()
            problem = show_error(form, error)
    return render_template(
        "admin/new_person.html", form=form, problem=problem, options=unit_options(), ranks=RANKS
    )


@blueprint.route("/people/<public_id>", methods=["GET", "POST"], endpoint="edit_person")
def edit_person_page(public_id: str) -> Response | str:
    """What is known of a person; the way to password and deactivation."""
    work, problem = db.session(), ""
    person = get_person(work, actor(), Permission.MANAGE_PEOPLE, public_id)
    form = PersonForm(obj=person, unit=person.org_unit.code, party=person.party or "")
    if form.validate_on_submit():
        try:
            fields = _fields(form, person)
            edit_person(work, actor=actor(), person=person, fields=fields, now=utcnow())
            work.commit()
            flash("已保存。", "ok")
            return redirect(url_for(HERE, public_id=public_id))
        except DomainError as error:
            work.rollback()
            problem = show_error(form, error)
    return render_template(
        "admin/edit_person.html",
        form=form,
        person=person,
        problem=problem,
        options=_options_with(person.org_unit),
        ranks=RANKS,
        parties=PARTY_NAMES,
        grants=[(ROLE_NAMES[grant.role], grant.org_unit.name) for grant in person.grants],
        is_self=person.id == actor().person_id,
    )


@blueprint.post("/people/<public_id>/active")
def set_person_active(public_id: str) -> Response:
    """Deactivate (`active=0`) or reactivate (`active=1`)."""
    work = db.session()
    person = get_person(work, actor(), Permission.MANAGE_PEOPLE, public_id)
    act = reactivate_person if request.form.get("active") == "1" else deactivate_person
    try:
        act(work, actor=actor(), person=person, now=utcnow())
        work.commit()
        flash(f"{person.name}已{'启用' if person.active else '停用'}。", "ok")
    except DomainError as error:
        work.rollback()
        flash(error.message, "warn")
    return redirect(url_for(HERE, public_id=public_id))


@blueprint.post("/people/<public_id>/password")
def reset_password(public_id: str) -> Response | str:
    """A one-time password, on this page and never again."""
    work = db.session()
    person = get_person(work, actor(), Permission.MANAGE_PEOPLE, public_id)
    try:
        password = make_password(work, actor=actor(), person=person, now=utcnow())
        work.commit()
    except DomainError as error:
        work.rollback()
        flash(error.message, "warn")
        return redirect(url_for(HERE, public_id=public_id))
    return render_template("admin/new_password.html", person=person, password=password)


@blueprint.route("/people/passwords", methods=["GET", "POST"])
def initial_passwords() -> Response | str:
    """One-time passwords for all who have none, as a list to hand out."""
    work, form = db.session(), EmptyForm()
    if form.validate_on_submit():
        again = request.form.get("again") == "1"
        try:
            lines = set_initial_passwords(work, actor=actor(), now=utcnow(), again=again)
        except DomainError as error:
            work.rollback()
            flash(error.message, "warn")
            return redirect(url_for("admin.initial_passwords"))
        target = io.StringIO()
        write_initial_passwords(target, lines)
        work.commit()
        body = current_app.response_class(target.getvalue(), mimetype="text/csv")
        return attachment(body, "初始密码", "csv", now=utcnow())
    return render_template(
        "admin/initial_passwords.html",
        waiting=count_without_password(work, actor=actor()),
        most=MOST_AT_ONCE,
    )


def _fields(form: PersonForm, person: Person | None = None) -> PersonFields:
    """The form as a service takes it. Raises DomainError for a unit that is not there."""
    text = form.unit.data or ""
    if person is not None and text == person.org_unit.code:
        unit = person.org_unit  # also when it is no longer in use
    else:
        unit = find_unit(db.session(), roots=roots(), text=text)
    return PersonFields(
        staff_no=form.staff_no.data or "",
        name=form.name.data or "",
        unit=unit,
        rank=form.rank.data or "",
        post=form.post.data or "",
        is_leader=bool(form.is_leader.data),
        party=Party(form.party.data) if form.party.data else None,
        promoted_on=form.promoted_on.data,
    )


def _options_with(unit: OrgUnit) -> list[OrgUnit] | None:
    """The units to choose from, and the present one even if it is closed."""
    options = unit_options()
    if options is None or unit in options:
        return options
    return [unit, *options]
