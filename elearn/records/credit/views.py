"""学时规则: what rules there are, which counts where, and choosing one."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.accounts.queries import get_unit, units_in
from elearn.core.access import Permission
from elearn.core.credit.spec import BASIS_NAMES
from elearn.core.errors import Conflict, DomainError
from elearn.web.auth import actor, utcnow

from .forms import OWN, ChoiceForm
from .queries import choices_near, get_revision, newest_rules
from .services import choose_rule

blueprint = Blueprint("credit", __name__)


@blueprint.get("/manage/credit-rules")
def rules() -> str:
    """Every rule in words, and which one counts for which unit."""
    return _page(_form())


@blueprint.post("/manage/credit-rules")
def choose() -> Response | str:
    """Choose one for a unit."""
    work, form = db.session(), _form()
    if not form.validate_on_submit():
        return _page(form)
    unit = get_unit(work, actor(), Permission.MANAGE_CREDIT, form.org_unit.data or "")
    chosen = form.rule.data
    try:
        choose_rule(
            work,
            actor=actor(),
            org_unit=unit,
            revision=None if chosen == OWN else get_revision(work, int(chosen)),
            reason=form.reason.data or "",
            now=utcnow(),
        )
    except Conflict as error:
        form.refuse({"rule": error.message})
        return _page(form)
    except DomainError as error:
        if not error.fields:
            raise
        form.refuse(error.fields)
        return _page(form)
    work.commit()
    flash(f"已生效：{unit.name}以后完成的课程和考试按新规则计学时，以前的记录不变。", "ok")
    return redirect(url_for("credit.rules"))


def _form() -> ChoiceForm:
    work, form = db.session(), ChoiceForm()
    form.offer(units_in(work, actor().roots(Permission.MANAGE_CREDIT)), newest_rules(work))
    return form


def _page(form: ChoiceForm) -> str:
    work = db.session()
    return render_template(
        "records/credit_rules.html",
        form=form,
        rules=newest_rules(work),
        choices=choices_near(work, actor()),
        bases=BASIS_NAMES,
    )
