"""Correcting a key: propose, see what it changes, decide."""

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.bank.laws import cite, load_registry
from elearn.bank.queries import load_bodies, load_keys
from elearn.core.access import Permission
from elearn.core.errors import DomainError, NotFound
from elearn.core.grading.corrections import CORRECTION_NAMES
from elearn.exams.acting import try_act
from elearn.exams.disputes.queries import get_dispute
from elearn.models import CorrectionState, Dispute, Exam
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .chart import score_chart
from .forms import read_proposal
from .queries import (
    SHOWN,
    corrections_query,
    distribution,
    exams_using,
    flips,
    get_correction,
    get_revision,
    load_question,
    summary,
)
from .services import approve_correction, propose_correction, reject_correction

STATE_WORDS = {
    CorrectionState.PROPOSED: ("warn", "等待批准"),
    CorrectionState.APPROVED: ("warn", "正在重新评分"),
    CorrectionState.APPLIED: ("ok", "已更正"),
    CorrectionState.REJECTED: ("plain", "没有批准"),
}


def corrections() -> str:
    """Proposals and what became of them."""
    page = paginate(db.session(), corrections_query(actor()))
    return render_template(
        "exams/corrections.html", page=page, words=STATE_WORDS, kinds=CORRECTION_NAMES
    )


def propose(digest: str) -> Response | str | tuple[str, int]:
    """The question with its key, and the fields for what should be right."""
    work = db.session()
    revision = get_revision(work, digest)
    me = actor()
    exams = [
        exam
        for exam in exams_using(work, digest)
        if me.may(Permission.VIEW_CONTENT, exam.org_unit.path)
    ]
    body = load_bodies(work, [digest])[digest]
    dispute = _dispute(request.values.get("dispute", ""), digest)
    problems: dict[str, str] = {}
    if request.method == "POST":
        try:
            asked = read_proposal(body, request.form.to_dict(flat=False))
            row = propose_correction(
                work,
                actor=me,
                revision=revision,
                exam=_chosen(exams, asked.exam),
                correction=asked.correction,
                reason=asked.reason,
                citation=asked.citation,
                now=utcnow(),
                dispute=dispute,
            )
        except DomainError as error:
            if error.status != DomainError.status:
                raise
            work.rollback()
            problems = error.fields or {"kind": error.message}
        else:
            work.commit()
            flash("更正已提出，由另一位同事批准后才生效。", "ok")
            return redirect(url_for("exams.correction", public_id=row.public_id))
    registry = load_registry(work)
    key = load_keys(work, [digest])[digest]
    page = render_template(
        "exams/propose_correction.html",
        revision=revision,
        body=body,
        key=key,
        links=[cite(registry, text) for text in key.citations],
        exams=exams,
        kinds=CORRECTION_NAMES,
        problems=problems,
        posted=request.form,
        dispute=dispute,
    )
    return (page, 422) if problems else page


def correction(public_id: str) -> str:
    """What it would change: who, how much, which records; then the decision."""
    work = db.session()
    row = get_correction(work, public_id=public_id, actor=actor())
    bands = distribution(work, row)
    return render_template(
        "exams/correction.html",
        row=row,
        question=load_question(work, row),
        link=cite(load_registry(work), row.citation),
        summary=summary(work, row),
        flips=flips(work, row),
        shown=SHOWN,
        bands=bands,
        chart=score_chart(bands),
        words=STATE_WORDS,
        kinds=CORRECTION_NAMES,
        own=row.proposed_by_id == actor().person_id,
    )


def decide_correction(public_id: str) -> Response:
    """Approve or turn down, by another person than the proposer."""
    work = db.session()
    row = get_correction(work, public_id=public_id, actor=actor())
    note, now = request.form.get("note", ""), utcnow()

    def act() -> str:
        if request.form.get("do") == "approve":
            approve_correction(work, actor=actor(), correction=row, now=now, note=note)
            return "已批准，正在重新评分。"
        reject_correction(work, actor=actor(), correction=row, now=now, note=note)
        return "没有批准，提出人可以看到理由。"

    try_act(act, codes={"E-NOTE"})
    return redirect(url_for("exams.correction", public_id=public_id))


def _chosen(exams: Sequence[Exam], public_id: str | None) -> Exam | None:
    """One of the exams offered; None for all of them."""
    if public_id is None:
        return None
    for exam in exams:
        if exam.public_id == public_id:
            return exam
    raise DomainError("没有这场考试。", fields={"scope": "请选择更正的范围"})


def _dispute(public_id: str, digest: str) -> Dispute | None:
    """The dispute this proposal answers, if it is about this question."""
    if not public_id:
        return None
    try:
        dispute = get_dispute(db.session(), public_id=public_id, actor=actor())
    except NotFound:
        return None
    return dispute if dispute.revision.hash == digest else None
