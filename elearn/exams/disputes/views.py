"""Objecting in the review, and the desk that answers."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.bank.laws import cite, load_registry
from elearn.bank.queries import load_bodies, load_keys
from elearn.core.errors import DomainError
from elearn.exams.acting import try_act
from elearn.exams.attempts.queries import own_attempt
from elearn.models import DisputeState
from elearn.web.auth import actor, current, utcnow
from elearn.web.paging import paginate

from .queries import desk_query, dispute_words, get_dispute, others_about
from .services import answer_dispute, file_dispute


def object_to_item(public_id: str) -> Response:
    """The candidate's objection to one item of an own attempt."""
    work = db.session()
    attempt = own_attempt(work, public_id=public_id, person=current().person)
    item = request.form.get("item", "")
    number = int(item) if item.isascii() and item.isdigit() and len(item) < 5 else 0

    def act() -> str:
        file_dispute(
            work,
            person=current().person,
            attempt=attempt,
            item_no=number,
            text=request.form.get("text", ""),
            now=utcnow(),
        )
        return "异议已提交，教员答复后会在待办里告诉您。"

    try_act(act, codes={"E-TEXT"})
    return redirect(url_for("exams.result", public_id=public_id, _anchor=f"r-{number}"))


def disputes() -> str:
    """What waits for an answer, oldest first."""
    page = paginate(db.session(), desk_query(actor()))
    return render_template("exams/disputes.html", page=page, words=dispute_words)


def dispute(public_id: str) -> Response | str | tuple[str, int]:
    """The question with key and ground, the objection, and the answer."""
    work = db.session()
    row = get_dispute(work, public_id=public_id, actor=actor())
    problems: dict[str, str] = {}
    if request.method == "POST":
        upheld = request.form.get("do") == "uphold"
        try:
            answer_dispute(
                work,
                actor=actor(),
                dispute=row,
                upheld=upheld,
                answer=request.form.get("answer", ""),
                citation=request.form.get("citation", ""),
                now=utcnow(),
            )
        except DomainError as error:
            if not error.fields:
                raise
            work.rollback()
            problems = error.fields
        else:
            work.commit()
            if not upheld:
                flash("已答复：异议不成立。", "ok")
                return redirect(url_for("exams.disputes"))
            flash("已答复：异议成立。请接着提出更正，由另一位同事批准。", "ok")
            return redirect(url_for("exams.propose", digest=row.revision.hash, dispute=public_id))
    digest = row.revision.hash
    key = load_keys(work, [digest])[digest]
    registry = load_registry(work)
    page = render_template(
        "exams/dispute.html",
        row=row,
        open=row.state == DisputeState.OPEN,
        body=load_bodies(work, [digest])[digest],
        key=key,
        links=[cite(registry, text) for text in key.citations],
        words=dispute_words,
        others=others_about(work, row),
        problems=problems,
        posted=request.form,
    )
    return (page, 422) if problems else page
