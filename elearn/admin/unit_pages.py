"""The tree of units."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.accounts.queries import get_unit, units_in
from elearn.accounts.unit_search import find_unit
from elearn.accounts.units import (
    create_unit,
    deactivate_unit,
    edit_unit,
    move_unit,
    reactivate_unit,
    unit_impact,
)
from elearn.core.access import Permission
from elearn.core.errors import DomainError
from elearn.core.people.columns import UNIT_TYPE_NAMES
from elearn.models import OrgType, OrgUnit
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .blueprint import blueprint
from .forms import MoveUnitForm, NewUnitForm, UnitForm, show_error
from .queries import MANY, ancestors_of, clean_query, unit_tree, units_query


def roots() -> tuple[str, ...]:
    """The subtrees this administrator manages."""
    return actor().roots(Permission.MANAGE_PEOPLE)


def unit_options() -> list[OrgUnit] | None:
    """Units to choose from; None when they are too many for a list and the code is typed."""
    units = units_in(db.session(), roots())
    return units if len(units) <= MANY else None


@blueprint.get("/units")
def units() -> str:
    """The tree with head counts, or what a search found."""
    work, text = db.session(), clean_query(request.args.get("q"))
    at = None
    if request.args.get("at"):
        at = get_unit(work, actor(), Permission.MANAGE_PEOPLE, request.args["at"])
    found = paginate(work, units_query(roots(), text)) if text else None
    return render_template(
        "admin/units.html",
        q=text,
        found=found,
        at=at,
        above=ancestors_of(work, at, roots()) if at else [],
        tree=[] if text else unit_tree(work, roots(), at=at),
        types=UNIT_TYPE_NAMES,
    )


@blueprint.route("/units/new", methods=["GET", "POST"])
def new_unit() -> Response | str:
    """A unit under another one."""
    form, work, problem = NewUnitForm(), db.session(), ""
    if request.method == "GET":
        form.parent.data = request.args.get("under", "")
    if form.validate_on_submit():
        try:
            unit = create_unit(
                work,
                actor=actor(),
                code=form.code.data or "",
                name=form.name.data or "",
                kind=OrgType(form.type.data),
                parent=find_unit(work, roots=roots(), text=form.parent.data or "", field="parent"),
                now=utcnow(),
            )
            work.commit()
            flash(f"已新建「{unit.name}」。", "ok")
            return redirect(url_for("admin.edit_unit", public_id=unit.public_id))
        except DomainError as error:
            work.rollback()
            problem = show_error(form, error)
    return render_template(
        "admin/new_unit.html", form=form, problem=problem, options=unit_options()
    )


@blueprint.route("/units/<public_id>", methods=["GET", "POST"], endpoint="edit_unit")
def edit_unit_page(public_id: str) -> Response | str:
    """Code, name and type; the way to moving and closing."""
    work, problem = db.session(), ""
    unit = get_unit(work, actor(), Permission.MANAGE_PEOPLE, public_id)
    form = UnitForm(obj=unit)
    if form.validate_on_submit():
        try:
            edit_unit(
                work,
                actor=actor(),
                unit=unit,
                code=form.code.data or "",
                name=form.name.data or "",
                kind=OrgType(form.type.data),
                now=utcnow(),
            )
            work.commit()
            flash("已保存。", "ok")
            return redirect(url_for("admin.edit_unit", public_id=public_id))
        except DomainError as error:
            work.rollback()
            problem = show_error(form, error)
    return render_template(
        "admin/edit_unit.html",
        form=form,
        unit=unit,
        problem=problem,
        above=ancestors_of(work, unit, roots()),
        impact=unit_impact(work, unit, now=utcnow()),
        may_move=unit.path not in roots() and unit.parent_id is not None,
    )


@blueprint.route("/units/<public_id>/move", methods=["GET", "POST"], endpoint="move_unit")
def move_unit_page(public_id: str) -> Response | str:
    """Choose where to, see what it touches, confirm."""
    work, form, problem, target = db.session(), MoveUnitForm(), "", None
    unit = get_unit(work, actor(), Permission.MANAGE_PEOPLE, public_id)
    if form.validate_on_submit():
        try:
            text = form.parent.data or ""
            target = find_unit(work, roots=roots(), text=text, field="parent")
            # Done in any case, so that a refusal comes before the confirmation.
            move_unit(work, actor=actor(), unit=unit, parent=target, now=utcnow())
            if form.confirmed.data:
                work.commit()
                flash(f"已把「{unit.name}」移到「{target.name}」之下。", "ok")
                return redirect(url_for("admin.edit_unit", public_id=public_id))
            work.rollback()
        except DomainError as error:
            work.rollback()
            problem, target = show_error(form, error), None
    return render_template(
        "admin/move_unit.html",
        form=form,
        unit=unit,
        target=target,
        problem=problem,
        impact=unit_impact(work, unit, now=utcnow()),
        options=unit_options(),
    )


@blueprint.post("/units/<public_id>/active")
def set_unit_active(public_id: str) -> Response:
    """Close the unit (`active=0`) or use it again (`active=1`)."""
    work = db.session()
    unit = get_unit(work, actor(), Permission.MANAGE_PEOPLE, public_id)
    act = reactivate_unit if request.form.get("active") == "1" else deactivate_unit
    try:
        act(work, actor=actor(), unit=unit, now=utcnow())
        work.commit()
        flash(f"「{unit.name}」已{'启用' if unit.active else '停用'}。", "ok")
    except DomainError as error:
        work.rollback()
        flash(error.message, "warn")
    return redirect(url_for("admin.edit_unit", public_id=public_id))
