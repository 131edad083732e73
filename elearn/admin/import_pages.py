"""Importing a roster in three steps: file, check, done."""

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.accounts.initial_passwords import count_without_password
from elearn.accounts.pending import (
    check_upload,
    commit_upload,
    get_upload,
    imported_before,
    keep_upload,
)
from elearn.core.people.plan import Plan
from elearn.core.people.roster import CellProblem
from elearn.core.spreadsheet import MAX_ROWS, Unreadable
from elearn.web.auth import actor, utcnow
from elearn.web.paging import Page

from .blueprint import blueprint
from .downloads import attachment
from .forms import UploadForm
from .import_template import make_import_template

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIRST = 50  # changes shown in the preview
PER_PAGE = 100


@blueprint.route("/people/import", methods=["GET", "POST"])
def import_people() -> Response | str:
    """Step 1: choose the file."""
    form, work = UploadForm(), db.session()
    if form.validate_on_submit() and (file := form.file.data):
        try:
            upload = keep_upload(
                work, actor=actor(), filename=file.filename or "", data=file.read(), now=utcnow()
            )
            work.commit()
            return redirect(url_for("admin.check_import", public_id=upload.public_id))
        except Unreadable as error:
            work.rollback()
            form.file.errors = [f"{error.message}。{error.hint}"]
    return render_template("admin/import_file.html", form=form, most=MAX_ROWS)


@blueprint.get("/people/import/template")
def import_template() -> Response:
    """The workbook to fill in."""
    body = current_app.response_class(make_import_template(), mimetype=XLSX)
    return attachment(body, "人员导入模板", "xlsx", now=utcnow())


@blueprint.get("/people/import/<public_id>")
def check_import(public_id: str) -> str:
    """Step 2: every problem, or what would be done; step 3 once it is done."""
    work = db.session()
    upload = get_upload(work, actor(), public_id)
    if upload.committed_at is not None:
        return render_template(
            "admin/import_done.html",
            upload=upload,
            counts=upload.result,
            waiting=count_without_password(work, actor=actor()),
        )
    report = check_upload(work, actor=actor(), upload=upload, now=utcnow())
    errors_only = request.args.get("show") == "errors"
    cells = [cell for cell in report.cells if cell.is_error or not errors_only]
    return render_template(
        "admin/import_check.html",
        upload=upload,
        report=report,
        counts=report.counts,
        problems=_page_of_problems(cells),
        errors_only=errors_only,
        before=imported_before(work, upload),
        **_preview(report.plan),
    )


@blueprint.post("/people/import/<public_id>/commit")
def commit_import(public_id: str) -> Response:
    """Step 3: everything or nothing."""
    work = db.session()
    upload = get_upload(work, actor(), public_id)
    fingerprint = request.form.get("fingerprint", "")
    done = commit_upload(work, actor=actor(), upload=upload, fingerprint=fingerprint, now=utcnow())
    if done:
        work.commit()
    else:
        work.rollback()
        flash(
            "检查之后，系统里的机构或人员有变化。没有导入任何内容，请重新核对下面的结果。", "warn"
        )
    return redirect(url_for("admin.check_import", public_id=public_id))


def _page_of_problems(cells: list[CellProblem]) -> Page[CellProblem]:
    text = request.args.get("page", "1")
    last = max(1, -(-len(cells) // PER_PAGE))
    number = min(max(1, int(text) if text.isascii() and text.isdigit() else 1), last)
    items = cells[(number - 1) * PER_PAGE : number * PER_PAGE]
    return Page(items, number, PER_PAGE, len(cells))


def _preview(plan: Plan | None) -> dict[str, object]:
    """The first new and changed units and people, and the fingerprint of the whole."""
    if plan is None:
        return {"new_people": [], "changed": [], "new_units": [], "fingerprint": ""}
    changed = [
        *((f"{u.name}（{u.code}）", u.cell, u.diffs) for u in plan.units if u.known),
        *((f"{p.name}（{p.staff_no}）", p.cell, p.diffs) for p in plan.people if p.known),
    ]
    return {
        "new_units": [u for u in plan.units if u.known is None][:FIRST],
        "new_people": [
            (person, plan.tree.full_name(person.unit))
            for person in plan.people
            if person.known is None
        ][:FIRST],
        "changed": changed[:FIRST],
        "changed_total": len(changed),
        "fingerprint": plan.fingerprint(),
    }
