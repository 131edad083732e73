"""集中培训: entering classes, the list of what was entered, withdrawing one."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .forms import ClassForm
from .queries import classes_query, get_class_record
from .services import enter_class, require_new, take_back

blueprint = Blueprint("classes", __name__)


@blueprint.get("/manage/classes", endpoint="manage")
def manage_page() -> str:
    """The form, and what was entered for the reader's people."""
    return _page(ClassForm(formdata=None))


@blueprint.post("/manage/classes")
def enter() -> Response | tuple[str, int]:
    """One class, everybody who attended."""
    work, form = db.session(), ClassForm()
    if not form.validate():
        return _page(form), 422
    try:
        entered = enter_class(
            work, actor=actor(), numbers=form.numbers(), facts=form.facts(), now=utcnow()
        )
        require_new(entered)
    except DomainError as error:
        work.rollback()
        form.refuse(error.fields or {"staff_numbers": error.message})
        return _page(form), 422
    work.commit()
    words = f"已登记 {len(entered.records)} 人。"
    if entered.known:
        names = "、".join(person.name for person in entered.known[:10])
        words += f"{names}{'等' if len(entered.known) > 10 else ''}登记过，没有重复登记。"
    flash(words, "ok")
    return redirect(url_for("classes.manage"))


@blueprint.post("/manage/classes/<public_id>/withdraw")
def withdraw(public_id: str) -> Response:
    """It counts no more; the reason is kept."""
    work = db.session()
    record = get_class_record(work, actor(), public_id)
    try:
        take_back(
            work,
            actor=actor(),
            record=record,
            reason=request.form.get("reason", ""),
            now=utcnow(),
        )
    except DomainError as error:
        work.rollback()
        flash(error.message, "warn")
    else:
        work.commit()
        flash("已撤销，不再计入。原来的登记保留可查。", "ok")
    return redirect(url_for("classes.manage"))


def _page(form: ClassForm) -> str:
    page = paginate(db.session(), classes_query(actor()))
    return render_template("records/classes.html", form=form, page=page)
