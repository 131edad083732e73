"""The audit log: read, filter, take away as CSV."""

import io
import tempfile
from datetime import date, datetime, time, timedelta

from flask import current_app, render_template, request
from werkzeug.wrappers import Response

from elearn import db
from elearn.config import DISPLAY_ZONE
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .audit_text import action_name, detail_lines
from .blueprint import blueprint
from .downloads import attachment, pieces_of
from .queries import AuditFilter, audit_actions, audit_query, clean_query
from .services import record_audit_export, write_audit


@blueprint.get("/audit")
def audit() -> str:
    """Entries in scope, newest first."""
    work, wanted = db.session(), _filter()
    return render_template(
        "admin/audit.html",
        page=paginate(work, audit_query(work, actor(), wanted)),
        actions=[(code, action_name(code)) for code in audit_actions(work)],
        action_name=action_name,
        detail_lines=detail_lines,
        filters=request.args,
    )


@blueprint.get("/audit/export")
@db.writes
def export_audit() -> Response:
    """The filtered entries as CSV. That they were taken away is recorded before they are."""
    work, wanted, now = db.session(), _filter(), utcnow()
    query = audit_query(work, actor(), wanted)
    record_audit_export(work, actor=actor(), wanted=wanted, now=now)
    work.commit()
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed after the last byte
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    with db.new_session(db.get_engine(), write=False) as reading:
        write_audit(reading, text, query, zone=DISPLAY_ZONE)
    text.flush()
    text.detach()
    file.seek(0)
    response = current_app.response_class(pieces_of(file), mimetype="text/csv")
    response.call_on_close(file.close)
    return attachment(response, "审计日志", "csv", now=now)


def _filter() -> AuditFilter:
    """The filters of the URL; what cannot be read does not filter."""
    since, until = _day("since"), _day("until")
    return AuditFilter(
        action=clean_query(request.args.get("action")),
        staff_no=clean_query(request.args.get("staff_no")),
        object=clean_query(request.args.get("object")),
        since=since,
        until=until + timedelta(days=1) if until else None,
        outcome=request.args.get("outcome", ""),
    )


def _day(name: str) -> datetime | None:
    """The beginning of that day here."""
    try:
        found = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    if not 2000 <= found.year <= 2200:
        return None
    return datetime.combine(found, time(), tzinfo=DISPLAY_ZONE)
