"""The papers of one exam: how they are made, sealing, looking under four eyes, the seed."""

import secrets
import time
from typing import Final

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.bank.queries import load_bodies
from elearn.core.assembly.paper import Paper, paper_from_canonical
from elearn.core.errors import DomainError, Infeasible, NotFound
from elearn.exams.attempts.sheet import make_sheet
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.policy import GRACE
from elearn.exams.sittings.queries import get_managed_exam
from elearn.exams.timing.clock import ends_at
from elearn.models import Exam, PaperMode
from elearn.web.auth import actor, utcnow
from elearn.web.templating import local

from .charts import bars
from .drawing import open_paper
from .forms import LookForm, ModeForm, TimedForm
from .queries import (
    get_look,
    looks_of,
    openings_of,
    papers_of,
    sealed_count,
    sealed_nth,
    seed_of,
    started_count,
)
from .services import (
    MODE_NAMES,
    approve_look,
    ask_look,
    choose_mode,
    commit_seed,
    reveal_seed,
    seal_papers,
    time_sealing,
    view_look,
)
from .timed import seal_at
from .vault import process_vault

# One click seals for this long; the next click goes on where it stopped.
SEAL_FOR_S: Final = 10.0


def papers(public_id: str) -> str:
    """The page of an exam's papers; nothing on it says what is in them."""
    return _page(_exam(public_id))


def set_paper_mode(public_id: str) -> Response | tuple[str, int]:
    """One paper for all, parallel forms, or everybody an own draw."""
    work, exam, form = db.session(), _exam(public_id), ModeForm()
    if form.validate():
        try:
            _commit(exam)
            choose_mode(
                work,
                actor=actor(),
                exam=exam,
                mode=PaperMode(form.mode.data),
                forms=form.forms.data or 1,
                avoid_seen=bool(form.avoid_seen.data),
                now=utcnow(),
            )
        except DomainError as error:
            if not error.fields:
                raise
            work.rollback()
            form.forms.errors = [*form.forms.errors, *error.fields.values()]
        else:
            work.commit()
            flash("出卷方式已改。改后要重新封存试卷。", "ok")
            return redirect(url_for("exams.papers", public_id=public_id))
    return _page(_exam(public_id), mode=form), 422


def time_papers(public_id: str) -> Response | tuple[str, int]:
    """Have the papers sealed by themselves some minutes before the start, or not any more."""
    work, exam, form = db.session(), _exam(public_id), TimedForm()
    if not form.validate():
        return _page(exam, timed=form), 422
    minutes = form.minutes.data
    time_sealing(work, actor=actor(), exam=exam, minutes=minutes, now=utcnow())
    work.commit()
    flash(f"已定在开考前 {minutes} 分钟自动封存。" if minutes else "已取消定时封存。", "ok")
    return redirect(url_for("exams.papers", public_id=public_id))


def seal(public_id: str) -> Response | tuple[str, int]:
    """Draw and seal, batch by batch, each in a transaction of its own."""
    work, exam = db.session(), _exam(public_id)
    started = time.monotonic()
    try:
        _commit(exam)
        left = 1
        while left and time.monotonic() - started < SEAL_FOR_S:
            left = seal_papers(work, actor=actor(), exam=exam, vault=process_vault(), now=utcnow())
            work.commit()
    except Infeasible as error:
        work.rollback()
        return _page(_exam(public_id), problems=error.shortages), 422
    if left:
        flash("已封存一部分，还没有完。请再点一次“抽题并封存”。", "warn")
    else:
        flash("试卷已抽好并封存。开考前谁也打不开。", "ok")
    return redirect(url_for("exams.papers", public_id=public_id))


def reveal(public_id: str) -> Response:
    """Publish the seed after the close."""
    work, exam = db.session(), _exam(public_id)
    reveal_seed(work, actor=actor(), exam=exam, vault=process_vault(), now=utcnow())
    work.commit()
    flash("试卷种子已公开。", "ok")
    return redirect(url_for("exams.papers", public_id=public_id))


def ask(public_id: str) -> Response | tuple[str, int]:
    """Ask to look at a sealed paper."""
    work, exam, form = db.session(), _exam(public_id), LookForm()
    if form.validate():
        number = form.form_no.data or 1
        if number <= sealed_count(work, exam):
            ask_look(
                work,
                actor=actor(),
                exam=exam,
                form_no=number,
                reason=form.reason.data or "",
                now=utcnow(),
            )
            work.commit()
            flash("已提出申请。请另一位考务人员在这一页同意。", "ok")
            return redirect(url_for("exams.papers", public_id=public_id))
        form.form_no.errors = [*form.form_no.errors, "没有这一份封存的试卷"]
    return _page(exam, look=form), 422


def approve(public_id: str, look: str) -> Response:
    """The second person agrees."""
    work, exam = db.session(), _exam(public_id)
    found = get_look(work, exam, look)
    approve_look(work, actor=actor(), exam=exam, look=found, now=utcnow())
    work.commit()
    flash("已同意。你们两位一小时内可以查看，每次查看都有记录。", "ok")
    return redirect(url_for("exams.papers", public_id=public_id))


@db.writes
def look(public_id: str, look: str) -> str:
    """The paper itself, with the viewer's name all over it; the log entry is written first."""
    work, exam, now = db.session(), _exam(public_id), utcnow()
    found = get_look(work, exam, look)
    view_look(work, actor=actor(), exam=exam, look=found, now=now)
    paper = _sealed_paper(exam, found.asked.form_no or 1)
    bodies = load_bodies(work, (item.revision_hash for item in paper.items))
    page = render_template(
        "exams/sealed_paper.html",
        exam=exam,
        look=found,
        sheet=make_sheet(paper, bodies, {}),
        paper_hash=paper.hash,
        mark=f"仅供 {actor().name}（{actor().staff_no}）查看 · {local(now, '%Y-%m-%d %H:%M:%S')}",
    )
    work.commit()
    return page


def _exam(public_id: str) -> Exam:
    return get_managed_exam(db.session(), public_id=public_id, actor=actor())


def _commit(exam: Exam) -> None:
    """An exam scheduled before there were seeds gets its commitment now, while it is not open."""
    if utcnow() < exam.opens_at and not started_count(db.session(), exam):
        commit_seed(
            db.session(),
            exam=exam,
            master=secrets.token_hex(32),
            vault=process_vault(),
            now=utcnow(),
        )


def _sealed_paper(exam: Exam, number: int) -> Paper:
    found = sealed_nth(db.session(), exam, number)
    if found is None:
        raise NotFound
    sealed, purpose = found
    return paper_from_canonical(open_paper(process_vault(), exam, sealed, purpose))


def _page(
    exam: Exam,
    *,
    mode: ModeForm | None = None,
    look: LookForm | None = None,
    timed: TimedForm | None = None,
    problems: list[str] | None = None,
) -> str:
    work, now = db.session(), utcnow()
    settings = papers_of(work, exam)
    if mode is None:
        mode = ModeForm(
            formdata=None,
            mode=str(settings.mode),
            forms=max(2, settings.forms),
            avoid_seen=settings.avoid_seen,
        )
    figures = settings.figures or {}
    expected = [(f"第 {n} 套", centi) for n, centi in enumerate(figures.get("expected", []), 1)]
    return render_template(
        "exams/papers.html",
        exam=exam,
        spec=read_spec(exam.blueprint_revision),
        settings=settings,
        mode_name=MODE_NAMES[PaperMode(settings.mode)],
        seed=seed_of(work, exam),
        sealed=sealed_count(work, exam),
        started=started_count(work, exam),
        expected=expected,
        bars=bars(expected),
        looks=looks_of(work, exam),
        openings=openings_of(work, exam),
        me=actor(),
        mode=mode,
        look=look or LookForm(formdata=None, form_no=1),
        timed=timed or TimedForm(formdata=None, minutes=settings.seal_before_min),
        seal_at=seal_at(exam, settings),
        problems=problems or [],
        now=now,
        over=now > ends_at(exam) + GRACE,
    )
