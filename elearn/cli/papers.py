"""`elearn exams seal | reveal | replay | fairness`."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn import db
from elearn.authoring.files import parse_files, read_folder
from elearn.core.assembly.draw import Plan, plan_draw
from elearn.core.assembly.forms import MAX_FORMS, FormSet, assemble_forms
from elearn.core.assembly.pool import pool_of
from elearn.core.assembly.simulation import Fairness, complaints, simulate
from elearn.core.centi import centi_text
from elearn.core.errors import DomainError
from elearn.exams.papers.queries import started_count
from elearn.exams.papers.replay import Replay, replay_exam
from elearn.exams.papers.services import commit_seed, reveal_seed, seal_papers
from elearn.exams.papers.vault import Vault
from elearn.models import Exam

from .context import print_json, ready_engine, settings, transaction, utcnow
from .text import Command, progress

SEED = "fairness"


@click.command(cls=Command)
@click.argument("exam")
def seal(exam: str) -> None:
    """开考前把一场考试的试卷抽好并加密封存（EXAM 是网址里的考试编号）。

    例：elearn exams seal 3kZq0aWm1s5TnVb8xYc2Ld
    """
    vault, left = _vault(), 1
    with ready_engine() as engine, progress("抽题并封存"):
        while left:
            with db.transaction(engine) as session:
                found = _find(session, exam)
                if not started_count(session, found) and utcnow() < found.opens_at:
                    commit_seed(
                        session,
                        exam=found,
                        master=secrets.token_hex(32),
                        vault=vault,
                        now=utcnow(),
                    )
                left = seal_papers(session, actor=None, exam=found, vault=vault, now=utcnow())
    click.echo("试卷已抽好并封存。")


@click.command(cls=Command)
@click.argument("exam")
def reveal(exam: str) -> None:
    """考试结束后公开试卷种子，任何人都可以据此重抽试卷核对。

    例：elearn exams reveal 3kZq0aWm1s5TnVb8xYc2Ld
    """
    with transaction() as session:
        row = reveal_seed(
            session, actor=None, exam=_find(session, exam), vault=_vault(), now=utcnow()
        )
        click.echo(f"承诺 {row.commitment}")
        click.echo(f"种子 {row.seed}")


@click.command(cls=Command)
@click.argument("exam")
@click.option("--json", "as_json", is_flag=True, help="给程序读的全部结果")
def replay(exam: str, *, as_json: bool) -> None:
    """重抽一场考试的每一份试卷、重算每一次成绩（含改分），说出第一处不同。有不同时退出码是 1。

    例：elearn exams replay 3kZq0aWm1s5TnVb8xYc2Ld --json
    """
    with _reading() as session:
        result = replay_exam(session, exam=_find(session, exam), vault=_vault())
    if as_json:
        print_json(result.as_dict())
    else:
        _print_replay(result)
    if result.differences:
        raise SystemExit(1)


@click.command(cls=Command)
@click.argument("blueprint")
@click.option("--papers", default=1000, type=click.IntRange(1, 100_000), help="模拟几份")
@click.option("--forms", default=0, type=click.IntRange(0, MAX_FORMS), help="再组几套平行卷")
@click.option("--json", "as_json", is_flag=True, help="给程序读的全部数字")
def fairness(blueprint: str, papers: int, forms: int, *, as_json: bool) -> None:
    """按题库文件模拟抽卷：预计得分的范围、重复、曝光，以及平行卷的差距和用时。不需要数据库。

    例：elearn exams fairness annual-50 --forms 4
    """
    with progress("读取题库"):
        content = parse_files(read_folder(settings().content_dir))
    found = {b.code: b for b in content.blueprints.values()}.get(blueprint)
    if found is None:
        msg = f"没有组卷规则「{blueprint}」。现有：" + "、".join(
            sorted(b.code for b in content.blueprints.values())
        )
        raise DomainError(msg, code="E-BLUEPRINT")
    plan = plan_draw(pool_of(content.questions), found)
    report, drawing = _timed(lambda: simulate(plan, papers=papers))
    made, assembling = _timed(lambda: assemble_forms(plan, SEED, forms)) if forms else (None, 0)
    lines = complaints(plan, report)
    figures = {
        "blueprint": blueprint,
        "fairness": report.canonical(),
        "draw_cpu_ms": round(drawing / papers / 1e6, 3),
        "problems": lines,
        "forms": _form_figures(made, plan, assembling) if made else None,
    }
    if as_json:
        print_json(figures)
    else:
        _print_fairness(report, figures, lines)
    if lines:
        raise SystemExit(1)


def _timed(job: Any) -> tuple[Any, int]:
    started = time.process_time_ns()
    result = job()
    return result, time.process_time_ns() - started


def _form_figures(made: FormSet, plan: Plan, cpu_ns: int) -> dict[str, Any]:
    full = plan.blueprint.total_centi * 1000
    return {
        "count": len(made.papers),
        "spread_centi": -(-made.spread // 1000),
        "spread_percent": round(100 * made.spread / full, 3),
        "overlap_max": max(made.overlaps, default=0),
        "cpu_s": round(cpu_ns / 1e9, 3),
    }


def _print_fairness(report: Fairness, figures: dict[str, Any], lines: list[str]) -> None:
    low, high = centi_text(report.low), centi_text(report.high)
    click.echo(
        f"模拟 {report.papers} 份：预计得分 {low} 至 {high}，每份用时 {figures['draw_cpu_ms']} 毫秒"
    )
    overlap = centi_text(report.mean_overlap_centi)
    click.echo(f"两份之间平均重复 {overlap} 题，最多 {report.most_overlap} 题")
    permille = report.most_exposure_permille
    click.echo(f"曝光最多的题出现在 {permille // 10}.{permille % 10}% 的试卷里")
    if forms := figures["forms"]:
        click.echo(
            f"平行卷 {forms['count']} 套：预计得分相差满分的 {forms['spread_percent']}%，"
            f"最多重复 {forms['overlap_max']} 题，用时 {forms['cpu_s']} 秒"
        )
    for line in lines:
        click.echo(line)


def _print_replay(result: Replay) -> None:
    if result.commitment:
        click.echo(f"种子承诺 {result.commitment}")
    click.echo(
        f"答卷 {result.attempts} 份：试卷重抽一致 {result.papers} 份，成绩重算一致 {result.grades} 次"
    )
    for note in result.notes[:5]:
        click.echo(f"没有核对：{note}")
    if len(result.notes) > 5:
        click.echo(f"没有核对的还有 {len(result.notes) - 5} 处，用 --json 看全部")
    if result.differences:
        first = result.differences[0]
        where = f"答卷 {first.attempt}：" if first.attempt else ""
        click.echo(f"第一处不同：{where}{first.what}（共 {len(result.differences)} 处）")
    else:
        click.echo("没有不同。")


def _find(session: Session, public_id: str) -> Exam:
    exam = session.scalar(select(Exam).where(Exam.public_id == public_id))
    if exam is None:
        raise DomainError(f"没有编号为 {public_id} 的考试。编号在考试页面的网址里。", code="E-404")
    return exam


@contextmanager
def _reading() -> Iterator[Session]:
    with ready_engine() as engine, db.new_session(engine, write=False) as session:
        yield session


def _vault() -> Vault:
    return Vault(settings().secret_key)


COMMANDS = (seal, reveal, replay, fairness)
