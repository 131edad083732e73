"""Drawing every paper of an exam again, from what is stored, and comparing."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from elearn.core.assembly.paper import Paper, paper_from_canonical
from elearn.core.assembly.seeds import attempt_seed, form_number, forms_seed
from elearn.core.canonical import content_hash
from elearn.core.errors import Infeasible, NotFound
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.printing.deriving import derive_forms, form_seed
from elearn.models import (
    Attempt,
    AuditEntry,
    ClosedBy,
    Exam,
    PaperResult,
    Person,
    PrintPaper,
    PrintRun,
)

from .drawing import make_forms
from .estimates import estimates_of
from .findings import Replay
from .queries import codes_seen, papers_of
from .snapshots import Stock, current_stock, plan_for, stock_of


class Redraw:
    """Draws again, with banks and forms read once."""

    def __init__(self, session: Session, exam: Exam, master: str | None, estimates: str | None):
        self.session = session
        self.exam = exam
        self.master = master
        self.estimates = estimates
        self.blueprint = read_spec(exam.blueprint_revision)
        self.papers = papers_of(session, exam)
        self._stocks: dict[str, Stock | None] = {}
        self._forms: dict[tuple[str, int], tuple[Paper, ...]] = {}
        self._printed: dict[int, dict[str, Paper]] = {}

    def stock(self, name: str) -> Stock | None:
        """The bank a paper was drawn from, by the hash of its snapshot; None when it was not kept."""
        if name not in self._stocks:
            try:
                self._stocks[name] = stock_of(self.session, name)
            except NotFound:
                now = current_stock(self.session, self.estimates)
                self._stocks[name] = now if now.snapshot_hash == name else None
        return self._stocks[name]

    def has_own_estimates(self, stock: Stock) -> bool:
        """Does the snapshot hold the estimates the exam was scheduled with, and no others?"""
        levels = estimates_of(self.session, self.estimates)
        known = {item.revision_hash for item in stock.pool} & levels.keys()
        return dict(stock.estimates) == {digest: levels[digest] for digest in known}

    def seed(self, attempt: Attempt) -> str:
        """The seed the attempt should have; its own where nothing was committed."""
        draw = attempt.draw or {}
        if self.master is None:
            return attempt.seed
        if draw.get("mode") == "FORMS":
            return forms_seed(self.master)
        return attempt_seed(self.master, self._person(attempt), attempt.no)

    def paper(self, attempt: Attempt, stock: Stock) -> Paper:
        """The paper as it should be. Raises Infeasible."""
        draw = attempt.draw or {}
        if draw.get("mode") == "FORMS" and self.master is not None:
            number = form_number(self.master, self._person(attempt), attempt.no, self.papers.forms)
            return self._all_forms(stock, attempt.paper["draw_version"])[number - 1]
        seen = self._seen(draw.get("seen", []))
        return plan_for(stock, self.blueprint).draw(self.seed(attempt), seen)

    def printed(self, run: PrintRun, stock: Stock) -> dict[str, Paper]:
        """The forms of a printed run as they should be. Raises Infeasible."""
        if run.id not in self._printed:
            self._printed[run.id] = derive_forms(
                stock,
                blueprint=self.blueprint,
                mode=run.mode,
                seed=run.seed,
                forms=len(run.papers),
            )
        return self._printed[run.id]

    def _all_forms(self, stock: Stock, version: int) -> tuple[Paper, ...]:
        name = (stock.snapshot_hash, version)
        if name not in self._forms:
            count = self.papers.forms
            made = make_forms(stock, self.exam, self.master or "", count, version)
            self._forms[name] = made.papers
        return self._forms[name]

    def _seen(self, ids: list[str]) -> set[str]:
        if not ids:
            return set()
        attempts = self.session.scalars(select(Attempt).where(Attempt.public_id.in_(ids)))
        return codes_seen(self.session, attempts)

    def _person(self, attempt: Attempt) -> str:
        return self.session.get_one(Person, attempt.person_id).public_id


def check_paper(redraw: Redraw, attempt: Attempt, result: Replay) -> Iterator[str]:
    """What is wrong with the attempt's paper."""
    if content_hash(attempt.paper) != attempt.paper_hash:
        yield "存下的试卷和它的哈希对不上"
    form = _printed_form(redraw.session, attempt)
    if form is not None:
        yield from _check_printed(redraw, attempt, form, result)
        return
    committed = (attempt.draw or {}).get("commitment")
    if redraw.master is not None and committed != result.commitment:
        yield "试卷不是从承诺的种子抽的"
        return
    if attempt.seed != redraw.seed(attempt):
        yield "答卷的种子不是从总种子推出的"
    stock = redraw.stock((attempt.draw or {}).get("snapshot") or attempt.bank_hash)
    if stock is None:
        result.notes.append(f"答卷 {attempt.public_id}：没有保存当时的题库，试卷没有重抽")
        return
    if not redraw.has_own_estimates(stock):
        yield "抽卷用的难度估计不是安排考试时定下的"
    try:
        again = redraw.paper(attempt, stock)
    except Infeasible as error:
        yield f"试卷抽不出来：{error.message}"
        return
    yield from _compare(again, attempt, result)


def _printed_form(session: Session, attempt: Attempt) -> PrintPaper | None:
    """The printed form an attempt on paper was made from."""
    if attempt.closed_by != ClosedBy.EXAMINER:
        return None
    return session.scalar(
        select(PrintPaper)
        .join(PaperResult, PaperResult.print_paper_id == PrintPaper.id)
        .join(PrintPaper.run)
        .options(contains_eager(PrintPaper.run))
        .where(PaperResult.attempt_id == attempt.id)
    )


def _check_printed(
    redraw: Redraw, attempt: Attempt, form: PrintPaper, result: Replay
) -> Iterator[str]:
    """A paper that was printed: it is the form, and the form follows from the seed of its run."""
    run = form.run
    if (attempt.paper_hash, attempt.seed) != (form.paper_hash, form_seed(run.seed, form.letter)):
        yield f"答卷的试卷不是印制的 {form.letter} 卷"
        return
    if _audited_form(redraw.session, run, form.letter) != form.paper_hash:
        yield f"印制的 {form.letter} 卷和审计日志里记下的不同"
    stock = redraw.stock(run.snapshot_hash or run.bank_hash)
    if stock is None:
        result.notes.append(f"答卷 {attempt.public_id}：没有保存出卷时的题库，试卷没有重抽")
        return
    try:
        again = redraw.printed(run, stock)[form.letter]
    except Infeasible as error:
        yield f"试卷抽不出来：{error.message}"
        return
    yield from _compare(again, attempt, result)


def _audited_form(session: Session, run: PrintRun, letter: str) -> str | None:
    detail = session.scalar(
        select(AuditEntry.detail)
        .where(AuditEntry.action == "print.make", AuditEntry.object_id == run.public_id)
        .order_by(AuditEntry.id)
        .limit(1)
    )
    return detail["papers"].get(letter) if detail else None


def _compare(again: Paper, attempt: Attempt, result: Replay) -> Iterator[str]:
    what = _first_difference(again, stored_paper(attempt))
    if what:
        yield what
    else:
        result.papers += 1


def stored_paper(attempt: Attempt) -> Paper:
    """What lies in the row: not `paper_of`, which takes the hash's word for it."""
    return paper_from_canonical(attempt.paper)


def _first_difference(again: Paper, stored: Paper) -> str:
    if again == stored:
        return ""
    for mine, theirs in zip(again.items, stored.items, strict=False):
        if mine.revision_hash != theirs.revision_hash:
            return f"试卷第 {theirs.number} 题不是应该抽到的题"
        if mine != theirs:
            return f"试卷第 {theirs.number} 题的分值或选项顺序不同"
    return "试卷的题数或部分不同"
