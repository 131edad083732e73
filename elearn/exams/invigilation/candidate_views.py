"""What a candidate's page asks for between saves: news, leaves, 知道了."""

from typing import Any, Final

from flask import jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.exams.attempts.queries import own_attempt
from elearn.models import AttemptPresence
from elearn.web.auth import current, utcnow

from .leaves import BROKEN, record_leaves
from .messages import confirm_message
from .presence import facts, hear, is_news, news_for, polling_attempt, read_oldest

MAX_BODY: Final = 64 * 1024


def room(public_id: str) -> Response:
    """Clock, pause, and - when the page has not seen the latest - messages and leaves.

    `seen`: the news number the page knows; `oldest`: how long its oldest answer has been waiting.
    """
    work, now, person = db.session(), utcnow(), current().person
    attempt = polling_attempt(work, public_id=public_id, person=person)
    reply = facts(attempt, now)
    if request.args.get("seen") != str(attempt.news):
        reply |= news_for(work, attempt=attempt, person=person)
    oldest = read_oldest(request.args.get("oldest"))
    attempt_id, over, saved_at = attempt.id, attempt.submitted_at is not None, attempt.last_saved_at
    presence = work.get(AttemptPresence, attempt_id)
    if not over and is_news(presence, saved_at=saved_at, oldest_ms=oldest, now=now):
        work.rollback()
        with db.transaction(db.get_engine()) as writer:
            hear(writer, attempt_id=attempt_id, oldest_ms=oldest, now=now)
    return jsonify(reply)


def report_leaves(public_id: str) -> Response:
    """离页记录 of a page: JSON `{leaves: [{id, kind, ago, ms, lock}]}`, acknowledged by id."""
    work, now = db.session(), utcnow()
    attempt = own_attempt(work, public_id=public_id, person=current().person)
    acked = record_leaves(work, attempt=attempt, raw=_leaves_of_body(), now=now)
    work.commit()
    presence = work.get(AttemptPresence, attempt.id)
    return jsonify(
        acked=acked,
        leaves={
            "count": presence.leaves if presence else 0,
            "away_ms": presence.away_ms if presence else 0,
        },
    )


def read_message(public_id: str, message_id: str) -> Response:
    """知道了: by script or by the form of the page."""
    work, person = db.session(), current().person
    attempt = own_attempt(work, public_id=public_id, person=person)
    confirm_message(
        work, exam_id=attempt.exam_id, public_id=message_id, person=person, now=utcnow()
    )
    work.commit()
    if request.accept_mimetypes.best == "application/json":
        return jsonify(read=message_id)
    return redirect(url_for("exams.take", public_id=public_id))


def _leaves_of_body() -> Any:
    request.max_content_length = MAX_BODY
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # a thousand brackets
        return BROKEN
    return body.get("leaves") if isinstance(body, dict) else None
