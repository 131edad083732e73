"""Putting a notice away."""

from flask import redirect, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.web.auth import current, utcnow

from .queries import get_notice
from .services import put_away


def dismiss(public_id: str) -> Response:
    """知道了."""
    work = db.session()
    notice = get_notice(work, public_id=public_id, person=current().person)
    put_away(work, notice=notice, now=utcnow())
    work.commit()
    return redirect(url_for("assignments.home"))
