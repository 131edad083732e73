"""The exam's terms and its papers: can they be drawn, do the sealed ones open, did the bank change."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.config import DISPLAY_ZONE
from elearn.core.assembly.paper import Paper, paper_from_canonical
from elearn.core.assembly.seeds import commitment_of
from elearn.core.canonical import is_stored_as
from elearn.core.errors import Conflict, DomainError, Infeasible
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.papers.drawing import make_forms, open_paper, open_seed, stock_for
from elearn.exams.papers.queries import forms_of, paper_purpose, papers_of, sealed_count, seed_of
from elearn.exams.papers.services import MODE_NAMES
from elearn.exams.papers.snapshots import plan_for
from elearn.exams.papers.timed import seal_at
from elearn.exams.papers.vault import Vault
from elearn.models import Exam, PaperMode, Person, SealedPaper

from .findings import Line, failed, note, passed
from .people import roster_size

#: Sealed papers of people that are opened: enough to know the key, not the work of an hour.
OPENED: Final = 200
PROBES: Final = 8
#: The sweeper looks every few seconds; longer than this after the set time nobody looks.
SEAL_GRACE: Final = timedelta(minutes=2)
EARLIEST_H, LATEST_H = 7, 22


def check_papers(session: Session, exam: Exam, vault: Vault, now: datetime) -> list[Line]:
    """Window, seed, papers, bank, locks are looked at in this order."""
    window = check_window(exam, now)
    seed = check_seed(session, exam, vault)
    sealed = check_sealed(session, exam, vault, now)
    return [window, seed, *sealed, *check_draw(session, exam, vault)]


def check_window(exam: Exam, now: datetime) -> Line:
    """Times as people read them: Beijing time, whatever the machine is set to."""
    opens, closes = exam.opens_at.astimezone(DISPLAY_ZONE), exam.closes_at.astimezone(DISPLAY_ZONE)
    same = opens.date() == closes.date()
    words = (
        f"北京时间 {opens:%Y-%m-%d %H:%M} 至 {closes:%H:%M}"
        if same
        else (f"北京时间 {opens:%Y-%m-%d %H:%M} 至 {closes:%Y-%m-%d %H:%M}")
    )
    words += f"，每人 {exam.duration_s // 60} 分钟"
    if exam.cancelled_at is not None:
        return failed("考试时间", "这场考试已取消", "核对考试编号，或重新安排。")
    if now >= exam.closes_at:
        return failed("考试时间", f"{words}：已经结束", "核对考试编号，或重新安排。")
    if now >= exam.opens_at:
        return note("考试时间", f"{words}：已经开始", "开考以后请看考场监控。")
    if exam.closes_at - exam.opens_at < timedelta(seconds=exam.duration_s):
        return failed("考试时间", f"{words}：开放的时间比考试短", "改期，把结束时间往后移。")
    if not EARLIEST_H <= opens.hour < LATEST_H or closes.hour < EARLIEST_H:
        mend = "核对是不是把上午、下午填反了；不对就改期。"
        return note("考试时间", f"{words}：不在平常的钟点", mend)
    return passed("考试时间", words)


def check_seed(session: Session, exam: Exam, vault: Vault) -> Line:
    """The commitment exists and the present key opens what is behind it."""
    row = seed_of(session, exam)
    if row is None:
        mend = "打开“试卷”页面承诺种子，或运行 elearn exams seal；不然事后证明不了试卷不是挑的。"
        return note("试卷种子", "还没有承诺", mend)
    mend = "用封存时的 ELEARN_SECRET_KEY 启动；找不回来的，没人开考之前取消这场、重新安排。"
    try:
        master = open_seed(vault, exam, row.sealed)
    except Conflict as error:
        return failed("试卷种子", error.message, mend)
    if commitment_of(master) != row.commitment:
        return failed("试卷种子", "打开了，但和承诺对不上", "取消这场，重新安排，并查审计日志。")
    return passed("试卷种子", f"已承诺 {row.commitment[:12]}…，现在的密钥打得开")


def check_sealed(session: Session, exam: Exam, vault: Vault, now: datetime) -> Iterator[Line]:
    """Sealed papers open with the present key and their questions are still the bank's."""
    settings, count = papers_of(session, exam), sealed_count(session, exam)
    mode = MODE_NAMES[PaperMode(settings.mode)]
    if not count and now >= exam.opens_at:
        yield passed("封存试卷", f"{mode}，没有封存，已经开考，现抽")
        return
    if not count and settings.seal_problem:
        mend = "按缺的补题（系统每分钟再试），或改期；补不上开考时考生进不去。"
        yield failed("封存试卷", f"{mode}，定时封存没有成：{settings.seal_problem}", mend)
        return
    at = seal_at(exam, settings)
    if not count and at is not None and now <= at + SEAL_GRACE:
        words = f"{mode}，{at.astimezone(DISPLAY_ZONE):%m-%d %H:%M} 由系统自动抽题并封存"
        yield passed("封存试卷", f"{words}（开考前 {settings.seal_before_min} 分钟）")
        return
    if not count and at is not None:
        mend = f"看服务进程是否在运行；或运行 elearn exams seal {exam.public_id}。"
        yield failed("封存试卷", f"{mode}，到了定时的时间没有封存", mend)
        return
    if not count:
        mend = f"运行 elearn exams seal {exam.public_id}：开考更快，也不受题库变动影响。"
        yield note("封存试卷", f"{mode}，没有封存，开考时现抽", mend)
        return
    expected = (
        roster_size(session, exam) if settings.mode == PaperMode.INDIVIDUAL else settings.forms
    )
    try:
        papers = list(_opened(session, exam, vault, PaperMode(settings.mode)))
    except (DomainError, ValueError) as error:
        mend = "用封存时的 ELEARN_SECRET_KEY 启动，或在开考前重新抽卷封存。"
        yield failed("封存试卷", f"{mode}，打不开：{error}", mend)
        return
    words = f"{mode}，已封存 {count} 份，打开核对了 {len(papers)} 份"
    if settings.sealed_at is None or count < expected:
        mend = f"再运行一次 elearn exams seal {exam.public_id}；没封存的人开考时现抽。"
        yield note("封存试卷", f"{words}，应有 {expected} 份", mend)
    else:
        yield passed("封存试卷", words)
    yield _check_bank(session, exam, papers)


def check_draw(session: Session, exam: Exam, vault: Vault) -> Iterator[Line]:
    """What would be drawn at the start can be drawn from the bank of today."""
    if sealed_count(session, exam):
        return
    settings, spec = papers_of(session, exam), read_spec(exam.blueprint_revision)
    stock = stock_for(session, exam)
    try:
        seed = seed_of(session, exam)
        if settings.mode != PaperMode.INDIVIDUAL and seed is not None:
            make_forms(stock, exam, open_seed(vault, exam, seed.sealed), settings.forms)
        for probe in range(PROBES):
            plan_for(stock, spec).draw(f"preflight/{probe}")
    except Infeasible as error:
        yield failed(
            "题库", "抽不出试卷：" + "；".join(error.shortages), "补题，或改组卷规则后重排。"
        )
    except Conflict:
        return  # the line about the seed says it
    else:
        yield passed("题库", f"{len(stock.pool)} 道题，试抽 {PROBES} 份都成")


def _check_bank(session: Session, exam: Exam, papers: Iterable[Paper]) -> Line:
    """Questions of sealed papers that were retired or reworded since: perhaps because of an error."""
    used = {item.revision_hash for paper in papers for item in paper.items}
    gone = used - {item.revision_hash for item in stock_for(session, exam).pool}
    if gone:
        words = f"封存以后题库改过：试卷里有 {len(gone)} 道题已停用或有了新版本"
        mend = "改的是错题，就在开考前重新抽卷封存；只是调整题库，封存的照用，不必处理。"
        return note("题库", words, mend)
    return passed("题库", f"封存试卷的 {len(used)} 道题都还是题库里的现行版本")


def _opened(session: Session, exam: Exam, vault: Vault, mode: PaperMode) -> Iterator[Paper]:
    if mode != PaperMode.INDIVIDUAL:
        for form in forms_of(session, exam):
            yield _same(open_paper(vault, exam, form.sealed, f"form/{form.no}"), form.paper_hash)
        return
    rows = session.execute(
        select(SealedPaper.sealed, SealedPaper.no, SealedPaper.paper_hash, Person.public_id)
        .join(Person, Person.id == SealedPaper.person_id)
        .where(SealedPaper.exam_id == exam.id)
        .order_by(SealedPaper.id)
        .limit(OPENED)
    )
    for sealed, no, digest, person in rows:
        yield _same(open_paper(vault, exam, sealed, paper_purpose(person, no)), digest)


def _same(stored: dict[str, Any], digest: str) -> Paper:
    if not is_stored_as(stored, digest):
        raise ValueError("打开的试卷和登记的指纹不同")
    return paper_from_canonical(stored)
