"""`elearn exams rehearse`: load this machine, say how many candidates it carries."""

import json
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from elearn.config import DISPLAY_ZONE
from elearn.core.errors import DomainError

from .context import settings
from .rehearsal import judge
from .rehearsal.host import Host
from .rehearsal.stage import build_stage, temporary_settings
from .text import Command

#: Enough attempts for what two cores can start in a minute.
PEOPLE: Final = 6_000
STEP_S: Final = 8.0
#: Above this load average others use the machine: the figure is a lower bound.
QUIET: Final = 0.5


@click.command(cls=Command)
@click.option(
    "--minutes", default=3.0, show_default=True, type=click.FloatRange(0.2, 60), help="最多多久"
)
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="服务进程数"
)
@click.option(
    "--candidates", default=0, type=click.IntRange(0), help="预计多少人考；不够时退出码为 1"
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="报告放在哪个文件夹（默认数据文件夹）",
)
def rehearse(minutes: float, workers: int, candidates: int, output: Path | None) -> None:
    """在本机演练：临时建一个库，模拟考生开考和保存，看能承载多少人。

    不碰正式数据：用同一台数据库服务器上另建的临时库，结束就删；只在本机地址上发请求。
    演练会占满机器，不要在考试时运行。

    例：elearn exams rehearse --candidates 3000 --workers 4
    """
    config = settings()
    folder = output or config.instance_dir
    folder.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    with _temporary_database(config.database_url, folder) as (url, scratch):
        report = _climb(url, scratch, minutes, workers)
    report |= {"machine": _machine(load), "wanted": candidates}
    text_of = _words(report, load)
    stamp = f"{datetime.now(DISPLAY_ZONE):%Y%m%d-%H%M}"
    (folder / f"rehearsal-{stamp}.json").write_text(
        json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    (folder / f"rehearsal-{stamp}.txt").write_text(text_of + "\n", encoding="utf-8")
    click.echo("\n" + text_of)
    click.echo(f"报告：{folder / f'rehearsal-{stamp}.txt'}（另有 .json）")
    if candidates > report["candidates"]:
        raise SystemExit(1)


def _climb(url: str, scratch: Path, minutes: float, workers: int) -> dict[str, Any]:
    """Saves first, then starts; half of the time each at most."""
    begun = time.monotonic()
    plan = temporary_settings(settings().content_dir, url, scratch)
    click.echo("准备临时数据…", err=True)
    people = int(min(PEOPLE, max(400, PEOPLE * minutes / 3)))
    stage = build_stage(plan, people=people, now=datetime.now(UTC))
    host = Host(plan, workers=workers)
    host.start()
    step_s = min(STEP_S, minutes * 60 / 8)

    def tell(line: str) -> None:
        click.echo(line, err=True)

    try:
        tell("保存答案：")
        half = time.monotonic() + minutes * 30
        saves = judge.climb(stage, host, "save", step_s=step_s, until=half, tell=tell)
        tell("开始考试：")
        end = time.monotonic() + minutes * 30
        starts = judge.climb(stage, host, "start", step_s=step_s, until=end, tell=tell)
    finally:
        host.stop()
    if not saves or not starts:
        raise DomainError("时间太短，一级也没有测完；请加大 --minutes。", code="E-TIME")
    database = "sqlite" if url.startswith("sqlite") else "postgresql"
    narrow = saves if _allows(saves, judge.SAVE_EVERY_S) < _allows(starts, 60) else starts
    return {
        "candidates": judge.candidates(judge.best(saves), judge.best(starts)),
        "saves_per_s": round(judge.best(saves), 1),
        "starts_per_s": round(judge.best(starts), 1),
        "first_used_up": judge.first_used_up(narrow[-1], database),
        "limit": "保存答案" if narrow is saves else "同时开考",
        "database": database,
        "workers": workers,
        "sync_ms": round(judge.sync_ms(scratch), 2),
        "seconds": round(time.monotonic() - begun),
        "steps": {
            "save": [step.as_dict() for step in saves],
            "start": [step.as_dict() for step in starts],
        },
    }


def _allows(steps: list[judge.Step], seconds: float) -> float:
    return judge.best(steps) * seconds


@contextmanager
def _temporary_database(url: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """(URL, scratch folder) beside the real one: same disk, same server; removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=folder) as name:
        scratch = Path(name)
        if url.startswith("sqlite"):
            yield f"sqlite:///{scratch / 'rehearsal.db'}", scratch
            return
        made = f"elearn_rehearsal_{uuid.uuid4().hex[:8]}"
        try:
            _administer(url, f"CREATE DATABASE {made}")
        except DBAPIError as error:
            reason = str(error.orig).strip().splitlines()[0]
            msg = f"不能建临时库（{reason}）。请让数据库管理员给账号 CREATEDB 权限，演练后收回。"
            raise DomainError(msg, code="E-CREATEDB") from None
        try:
            yield make_url(url).set(database=made).render_as_string(hide_password=False), scratch
        finally:
            _administer(url, f"DROP DATABASE {made} WITH (FORCE)")


def _administer(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def _machine(load: float) -> dict[str, Any]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(load, 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "at": datetime.now(DISPLAY_ZONE).isoformat(timespec="seconds"),
    }


def _words(report: dict[str, Any], load: float) -> str:
    """The readiness report for people."""
    lines = [
        f"本机约可承载 {report['candidates']} 名考生同时考试（已留三成余量）。",
        (
            f"每秒保存 {report['saves_per_s']:.0f} 次（每人约 45 秒一次），"
            f"每秒开考 {report['starts_per_s']:.0f} 人（一分钟内全部开考）。"
        ),
        f"先到顶的环节：{report['limit']}；先用满的资源：{report['first_used_up']}。",
        (
            f"数据库 {report['database']}，{report['workers']} 个服务进程，"
            f"{report['machine']['cores']} 核；写盘 8 KB 用 {report['sync_ms']:.2f} 毫秒。"
        ),
    ]
    if load > QUIET:
        lines.append(
            f"演练前机器上已有别的程序在用（负载 {load:.2f}）：这个数只是下限，空闲时请再测一次。"
        )
    lines.append("发请求的程序和服务在同一台机器上，也占处理器：同样只会少算。")
    if report["wanted"]:
        enough = report["candidates"] >= report["wanted"]
        lines.append(
            f"预计 {report['wanted']} 人：" + ("够。" if enough else "不够。请分批开考或加机器。")
        )
    return "\n".join(lines)


COMMANDS = (rehearse,)
