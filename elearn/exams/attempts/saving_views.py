"""Answers on their way: the JSON endpoints of scripts, the form of browsers without them."""

import json
from datetime import timedelta
from typing import Any, Final

from flask import flash, jsonify, redirect, request, url_for
from flask_wtf.csrf import CSRFError, generate_csrf, validate_csrf
from sqlalchemy.exc import DBAPIError
from werkzeug.wrappers import Response
from wtforms import ValidationError

from elearn import db
from elearn.core.assembly.paper import PaperPart
from elearn.core.errors import DomainError, Gone
from elearn.core.grading.answers import CHOICES
from elearn.exams.grades.policy import LATE_SYNC
from elearn.exams.invigilation.locks import require_address
from elearn.exams.invigilation.presence import facts, news_for
from elearn.exams.settle import settle
from elearn.models import Attempt, AttemptState, EventStatus
from elearn.web.auth import (
    ABSOLUTE_LIFE,
    current,
    live_token,
    pass_own_door,
    utcnow,
)
from elearn.web.security import csrf

from .asking import own, recorded
from .events import BROKEN, AnswersRefused, LeaseHeld, SaveReply, read_device
from .fast_save import save_one
from .lease import take_over
from .queries import (
    standing_answers,
)
from .saving import Sender, save_answers, shown_value
from .saving import save_page as save_whole_page
from .shapes import shape_of

MAX_BODY: Final = 1024 * 1024
SAVE_KEYS: Final = frozenset({"csrf", "device", "events", "flags", "orphan"})


@csrf.exempt
def save(public_id: str) -> Response:
    """The save endpoint of scripts: JSON in, JSON out, acknowledged only after the commit.

    The CSRF token comes in the header or, where headers cannot be set, in the body. The common
    case is one statement that asks what the door asks (policy OWN_DOOR); the rest goes by the door.
    """
    body = _read_json()
    genuine = _is_genuine(body.get("csrf"))
    reply = _save_one(public_id, body) if genuine else None
    if reply is not None:
        return _json(reply.as_dict())
    elsewhere = pass_own_door()
    if elsewhere is not None:
        return elsewhere
    if not genuine:
        raise CSRFError
    work = db.session()
    attempt = own(public_id)
    if body.keys() - SAVE_KEYS or "events" not in body:
        raise DomainError(BROKEN, code="E-SHAPE")
    try:
        reply = save_answers(
            work,
            attempt=attempt,
            events=body["events"],
            flags=body.get("flags"),
            sender=Sender(read_device(body.get("device")), body.get("orphan") is True),
            now=utcnow(),
        )
    except (AnswersRefused, LeaseHeld) as refused:
        work.rollback()
        return _refused(refused)
    work.commit()
    return _json(reply.as_dict())


@csrf.exempt
def takeover(public_id: str) -> Response:
    """Go on writing on this device: explicit, logged; the other one becomes read-only."""
    body = _read_json()
    if not _is_genuine(body.get("csrf")):
        raise CSRFError
    work = db.session()
    attempt = own(public_id)
    if body.keys() - {"csrf", "device"}:
        raise DomainError(BROKEN, code="E-SHAPE")
    device = read_device(body.get("device"))
    with recorded():
        require_address(work, exam=attempt.exam, actor=current().actor, now=utcnow())
    take_over(work, attempt=attempt, device=device, actor=current().actor, now=utcnow())
    work.commit()
    return jsonify(_state(attempt, device))


def save_page(public_id: str) -> Response:
    """The whole paper as a form, for browsers without scripts."""
    work = db.session()
    attempt = own(public_id)
    try:
        reply = save_whole_page(
            work, attempt=attempt, posted=request.form.to_dict(flat=False), now=utcnow()
        )
    except Gone as gone:
        work.rollback()
        flash(gone.message, "warn")
        return redirect(url_for("exams.result", public_id=public_id))
    work.commit()
    _say_what_happened(reply)
    if EventStatus.HELD in reply.statuses.values():
        return redirect(url_for("exams.result", public_id=public_id))
    if request.form.get("do") == "check" and not reply.conflicts:
        return redirect(url_for("exams.confirm", public_id=public_id))
    cleared = request.form.get("clear", "")
    anchor = f"q-{cleared}" if cleared.isdigit() else None
    return redirect(url_for("exams.take", public_id=public_id, _anchor=anchor))


def state(public_id: str) -> Response:
    """Where the server stands: clock, sequence, lease, own answers, and a fresh CSRF token."""
    settle(now=utcnow(), person_id=current().person.id)
    return jsonify(_state(own(public_id), read_device(request.args.get("device"))))


def _state(attempt: Attempt, device: str) -> dict[str, Any]:
    """The state reply; answers only while they can be changed."""
    now = utcnow()
    answer: dict[str, Any] = {
        **facts(attempt, now),
        **news_for(db.session(), attempt=attempt, person=current().person),
        "seq": attempt.last_seq,
        "saved": attempt.answered,
        "deadline": attempt.deadline_at.isoformat(),
        "late_ms": LATE_SYNC // timedelta(milliseconds=1),
        "csrf": generate_csrf(),
        "lease": {
            "mine": attempt.device in {None, device},
            "since": attempt.device_since.isoformat() if attempt.device_since else None,
        },
    }
    if attempt.state == AttemptState.IN_PROGRESS:
        shape, standing = shape_of(attempt), standing_answers(db.session(), attempt.id)
        answer["answers"] = {
            f"{item}-{part}": shown_value(shape, (item, part), standing[item, part].answer)
            if (item, part) in standing
            else _nothing(slot.part)
            for (item, part), slot in shape.slots.items()
        }
        answer["seqs"] = {f"{item}-{part}": one.seq for (item, part), one in standing.items()}
        answer["flags"] = attempt.flags
    return answer


def _nothing(part: PaperPart) -> list[int] | list[str]:
    """A part nobody has answered, as the page has it."""
    return [""] * (part.blanks or 1) if part.type not in CHOICES else []


def _refused(refused: AnswersRefused | LeaseHeld) -> Response:
    error: dict[str, Any] = {"code": refused.code, "message": refused.message}
    if isinstance(refused, AnswersRefused):
        response = jsonify(error={**error, "rejected": refused.rejected})
    else:
        since = refused.since.isoformat() if refused.since else None
        response = jsonify(error={**error, "holder_since": since}, holder_since=since)
    response.status_code = refused.status
    return response


def _say_what_happened(reply: SaveReply) -> None:
    """The scriptless page is told what became of its answers."""
    if EventStatus.HELD in reply.statuses.values():
        text = "时间已到。这次提交的答案已经留存，是否计分由考务人员决定。"
        flash(text, "warn")
    elif reply.conflicts:
        places = "、".join(sorted({place.split("-")[0] for place in reply.conflicts}, key=int))
        text = (
            f"第 {places} 题刚才在别处改过，已保留那边的答案，其余已保存。"
            "要用您这里的答案，请重新选择并保存。"
        )
        flash(text, "warn")
    elif request.form.get("do") != "check":
        flash("答案已保存。", "ok")


def _read_json() -> dict[str, Any]:
    """The JSON object of the body, {} for anything else."""
    request.max_content_length = MAX_BODY
    try:
        payload = request.get_json(silent=True)
    except RecursionError:  # a thousand brackets
        return {}
    return payload if isinstance(payload, dict) else {}


def _is_genuine(in_body: Any) -> bool:
    """Is the CSRF token of the header or the body this session's?"""
    token = request.headers.get("X-CSRFToken") or (in_body if isinstance(in_body, str) else None)
    try:
        validate_csrf(token)
    except ValidationError:
        return False
    return True


def _save_one(public_id: str, body: dict[str, Any]) -> SaveReply | None:
    """The short way, committed; None when it does not apply, with nothing written."""
    token, now = live_token(), utcnow()
    if token is None:
        return None
    work = db.session()
    try:
        reply = save_one(
            work.connection(),
            public_id=public_id,
            token_hash=token,
            body=body,
            oldest_login=now - ABSOLUTE_LIFE,
            now=now,
        )
        if reply is not None:
            work.commit()
            return reply
    except DBAPIError as error:
        # The server went away, perhaps after the commit: the explicit way asks by the event's id.
        if not error.connection_invalidated:
            raise
    work.rollback()
    return None


def _json(answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer, ensure_ascii=False), mimetype="application/json")
