"""Annulling an attempt, from the candidate's page."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.exams.acting import try_act
from elearn.exams.settle import settle
from elearn.exams.sittings.queries import get_managed_exam
from elearn.models import Attempt, AttemptVoid
from elearn.web.auth import actor, utcnow

from .queries import get_attempt, get_void
from .services import ask_void, decide_void


def ask(public_id: str, attempt_id: str) -> Response:
    """Ask that an attempt count for nothing."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    settle(now=utcnow(), exam_id=exam.id)
    attempt = get_attempt(work, exam=exam, public_id=attempt_id)
    try_act(lambda: _ask(attempt))
    return _back(attempt)


def decide(public_id: str) -> Response:
    """Agree, turn down, or withdraw."""
    row = get_void(db.session(), public_id=public_id, actor=actor())
    try_act(lambda: _decide(row))
    return _back(row.attempt)


def _ask(attempt: Attempt) -> str:
    reason = request.form.get("reason", "")
    ask_void(db.session(), actor=actor(), attempt=attempt, reason=reason, now=utcnow())
    return "已提出作废，由另一位考务人员批准后生效。请现在通知对方。"


def _decide(row: AttemptVoid) -> str:
    do = request.form.get("do")
    if do not in {"approve", "refuse"}:
        raise DomainError("请选择批准或不批准。")
    decide_void(
        db.session(),
        actor=actor(),
        void=row,
        approve=do == "approve",
        note=request.form.get("note", ""),
        now=utcnow(),
    )
    if do == "refuse":
        return "没有作废，什么都没有变。"
    return "已作废。还在作答的已收卷；成绩记为 0 分，培训记录随之更正，以前的评分和答案都保留。"


def _back(attempt: Attempt) -> Response:
    return redirect(
        url_for(
            "exams.candidate",
            public_id=attempt.exam.public_id,
            person_id=attempt.person.public_id,
        )
    )
