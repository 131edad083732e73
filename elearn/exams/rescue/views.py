"""补收答案: the files of an exam, and one file before and after its import."""

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.exams.sittings.queries import get_managed_exam
from elearn.models import Attempt
from elearn.web.auth import actor, settings, utcnow
from elearn.web.paging import paginate

from .forms import AnswerFileForm
from .queries import files_query, get_answer_file, lines_of
from .sealed import answer_key, open_file, read_file
from .services import import_file, keep_file

STATUS_WORDS: Final = {
    "COUNTED": ("ok", "计入"),
    "LATE": ("ok", "计入（补传）"),
    "HELD": ("warn", "待裁定"),
    "CONFLICT": ("plain", "不计：已有更新的答案"),
}


def attempt_key(attempt: Attempt) -> str:
    """For the pages of an attempt: what its journal and answer file are sealed with, in hex."""
    return answer_key(settings().secret_key, attempt.public_id).hex()


def rescue(public_id: str) -> Response | str | tuple[str, int]:
    """Hand in a file; the files so far."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    form = AnswerFileForm()
    if form.validate_on_submit():
        try:
            row = keep_file(
                work,
                actor=actor(),
                exam=exam,
                text=form.content(),
                secret=settings().secret_key,
                now=utcnow(),
            )
        except DomainError as error:
            work.rollback()
            form.file.errors = [error.message]
        else:
            work.commit()
            return redirect(url_for("exams.rescue_file", public_id=row.public_id))
    page = paginate(work, files_query(exam))
    shown = render_template("exams/rescue.html", exam=exam, form=form, page=page)
    return (shown, 422) if form.errors or form.file.errors else shown


def rescue_file(public_id: str) -> Response | str:
    """What is in the file beside what is stored; importing it."""
    work, me = db.session(), actor()
    file = get_answer_file(work, public_id=public_id, actor=me)
    secret = settings().secret_key
    if request.method == "POST":
        counts = import_file(work, actor=me, file=file, secret=secret, now=utcnow())
        work.commit()
        words = "，".join(f"{STATUS_WORDS[key][1]} {n} 条" for key, n in sorted(counts.items()))
        flash(f"答案文件已导入：{words}。", "warn" if counts["HELD"] else "ok")
        return redirect(url_for("exams.rescue_file", public_id=public_id))
    lines = lines_of(work, file, open_file(read_file(file.body), secret))
    return render_template(
        "exams/rescue_file.html", file=file, exam=file.attempt.exam, lines=lines, words=STATUS_WORDS
    )
