"""The statistics pages of one exam: overview, one question, the workbook."""

import io
from typing import Any, Final

from flask import redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.audit import record_act
from elearn.bank.queries import Body, StoredKey, load_bodies
from elearn.config import DISPLAY_ZONE
from elearn.core.errors import Conflict
from elearn.core.statistics.items import FEW, FEW_FOR_RELATIONS
from elearn.exams.grades.keys import load_exam_keys
from elearn.exams.settle import settle
from elearn.models import Exam, ExamAnalysis, ItemAnalysis
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .export import DESIGNS, write_analysis
from .flags import FLAGS, Flag
from .pictures import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, histogram, scatter
from .queries import (
    SORTS,
    Counts,
    exam_counts,
    find_analysis,
    get_analysed_exam,
    is_over,
    items_of_code,
    items_query,
)
from .services import compute_analysis, store_analysis

# So many papers are counted while the page waits (a second or two); more on a button.
AT_ONCE: Final = 500
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SIZE: Final = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "bottom": BOTTOM, "top": TOP}


def analysis(public_id: str) -> str:
    """Overview with pictures, and the table of items."""
    exam, counts = _exam(public_id)
    over = is_over(exam, counts, utcnow())
    found = find_analysis(db.session(), exam)
    if over and counts.final and not _is_fresh(found, counts) and counts.final <= AT_ONCE:
        found = _compute(exam)
    sort = request.args.get("sort", "attention")
    show = request.args.get("show", "")
    work = db.session()
    shown: dict[str, Any] = {"summary": None, "page": None, "bars": (), "dots": ()}
    if over and found:
        shown = {
            "summary": found.summary,
            "page": paginate(work, items_query(exam, sort=sort, flagged=bool(show))),
            "bars": histogram(found.summary["bins"]),
            "dots": scatter(list(work.scalars(items_query(exam)))),
        }
    return render_template(
        "exams/analysis.html",
        exam=exam,
        over=over,
        counts=counts,
        found=found if over else None,
        fresh=_is_fresh(found, counts),
        sort=sort if sort in SORTS else "attention",
        show=show,
        size=SIZE,
        designs=DESIGNS,
        **_words(),
        **shown,
    )


def run_analysis(public_id: str) -> Response:
    """Compute now; a second click computes the same again."""
    exam, _ = _exam(public_id)
    _compute(exam)
    return redirect(url_for("exams.analysis", public_id=public_id))


def item_analysis(public_id: str, code: str) -> str:
    """One question in this exam: text, key, who chose what, how it did before."""
    exam, counts = _exam(public_id)
    if not is_over(exam, counts, utcnow()):
        raise Conflict("考试还没有全部结束，结束后才能统计。", code="E-OPEN")
    work = db.session()
    rows = items_of_code(work, exam=exam, code=code)
    hashes = [row.revision_hash for row in rows]
    bodies = load_bodies(work, hashes)
    keys = load_exam_keys(work, exam_id=exam.id, hashes=hashes).stored
    return render_template(
        "exams/item_analysis.html",
        exam=exam,
        code=code,
        views=[(row, _tables(row, bodies, keys)) for row in rows],
        **_words(),
    )


def export_analysis(public_id: str) -> Response:
    """The workbook; what left the system is in the audit log."""
    exam, counts = _exam(public_id)
    work, now = db.session(), utcnow()
    found = find_analysis(work, exam)
    if found is None or not is_over(exam, counts, now):
        raise Conflict("还没有统计结果可以导出，请先打开统计页面。", code="E-EMPTY")
    target = io.BytesIO()
    write_analysis(work, exam=exam, analysis=found, target=target)
    title, people, grade_id = exam.title, found.people, found.last_grade_id
    work.rollback()
    with db.transaction(db.get_engine()) as log:
        record_act(
            log,
            actor=actor(),
            action="exam.export_analysis",
            now=now,
            object_type="exam",
            object_id=public_id,
            summary=f"导出《{title}》的统计分析",
            detail={"people": people, "last_grade_id": grade_id},
        )
    target.seek(0)
    name = f"统计分析_{title}_{now.astimezone(DISPLAY_ZONE):%Y-%m-%d}.xlsx"
    response = send_file(target, mimetype=XLSX, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _exam(public_id: str) -> tuple[Exam, Counts]:
    """The exam in scope with nothing left to close, and what there is to count."""
    exam = get_analysed_exam(db.session(), public_id=public_id, actor=actor())
    settle(now=utcnow(), exam_id=exam.id)
    return exam, exam_counts(db.session(), exam)


def _is_fresh(found: ExamAnalysis | None, counts: Counts) -> bool:
    return found is not None and found.last_grade_id == counts.last_grade_id


def _compute(exam: Exam) -> ExamAnalysis:
    """Read without holding anybody up, then write in a transaction of its own."""
    work, now, exam_id = db.session(), utcnow(), exam.id
    computed = compute_analysis(work, exam=exam, now=now)
    work.rollback()  # from here on nothing of it is read until the writer is done
    with db.transaction(db.get_engine()) as writer:
        return store_analysis(writer, exam_id=exam_id, computed=computed, now=now)


def _tables(
    row: ItemAnalysis, bodies: dict[str, Body], keys: dict[str, StoredKey]
) -> list[dict[str, Any]]:
    """Per part: stem, and each option with its counts by third (None where too few answered)."""
    body, key = bodies[row.revision_hash], keys[row.revision_hash]
    tables = []
    for at, part in enumerate(body.parts):
        counted = row.detail["parts"][at] if at < len(row.detail["parts"]) else None
        options = [
            {
                "letter": "ABCDEFGHIJKLMNOP"[option],
                "text": text,
                "right": option in key.parts[at].key,
                "counts": counted["chosen"].get(str(option), [0, 0, 0]) if counted else None,
            }
            for option, text in enumerate(part.options)
        ]
        tables.append({"stem": part.stem, "options": options, "counted": counted})
    return tables


def _words() -> dict[str, Any]:
    return {
        "FLAGS": {flag.value: FLAGS[flag] for flag in Flag},
        "FEW": FEW,
        "FEW_FOR_RELATIONS": FEW_FOR_RELATIONS,
    }
