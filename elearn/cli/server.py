"""`elearn serve` and `elearn demo`."""

import os
import time
from contextlib import suppress
from typing import Any, Final

import click
from flask import Flask
from granian import Granian
from granian.constants import Interfaces

from elearn import db, migrate
from elearn.app import create_app
from elearn.authoring.services import sync_content
from elearn.config import Settings, load_settings
from elearn.core.errors import DomainError
from elearn.demo import DemoReport, ensure_demo
from elearn.exams.attempts import sweeper
from elearn.web.shedding import threads_for

from .context import engine, settings, utcnow
from .text import Command, progress

GIVES_UP_WITHIN_S: Final = 8.0
HOST = click.option("--host", default="127.0.0.1", show_default=True, help="监听的地址")
PORT = click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="端口"
)
WORKERS = click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="进程数"
)
THREADS = click.option(
    "--threads",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="每个进程同时处理的请求数，多出的排队",
)


@click.command(cls=Command)
@HOST
@PORT
@WORKERS
@THREADS
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """启动服务。数据库结构要先升级（elearn db upgrade），内容要先同步（elearn content sync）。

    例：elearn serve --host 127.0.0.1 --port 8000 --workers 4
    """
    with engine() as made:
        at, wanted = migrate.current(made), migrate.head()
    if at != wanted:
        msg = f"数据库结构是 {at or '空的'}，程序需要 {wanted}。请先运行 elearn db upgrade。"
        raise DomainError(msg, code="E-SCHEMA")
    click.echo(f"打开 http://{host}:{port}/   （Ctrl+C 停止）")
    _serve(host, port, workers, threads)


@click.command(cls=Command)
@PORT
@WORKERS
@THREADS
@click.option("--no-serve", is_flag=True, help="只准备数据，不启动服务")
def demo(port: int, workers: int, threads: int, *, no_serve: bool) -> None:
    """在本机打开带演示数据的系统：建库、同步内容、造一次演示单位和人员，然后启动。

    例：ELEARN_DEMO_PASSWORD=一个密码 elearn demo --port 8000
    """
    report = prepare_demo(settings())
    click.echo(f"\n演示账号的密码都是：{report.password}")
    for line in report.accounts:
        click.echo("  " + line)
    if no_serve:
        return
    click.echo(f"\n打开 http://127.0.0.1:{port}/   （Ctrl+C 停止）\n")
    _serve("127.0.0.1", port, workers, threads)


def prepare_demo(config: Settings) -> DemoReport:
    """Schema, content, demo organisation; every step does nothing when it is done already."""
    with engine() as made:
        migrate.upgrade(made)
        with db.transaction(made) as session, progress("同步内容") as tick:
            synced = sync_content(session, root=config.content_dir, now=utcnow(), tick=tick)
        for problem in synced.problems:
            if problem.is_error:
                click.echo(str(problem), err=True)
        for path in synced.conflicts:
            click.echo(f"{path}：文件和数据库里都改过，没有动它。", err=True)
        return ensure_demo(made, config, now=utcnow())


def serving_app() -> Flask:
    """The app of one worker process, with a thread that closes attempts past their deadline.

    Started here, after the fork: a thread alive while the server forks leaves its locks locked for
    ever in the worker (the first request then hangs in SQLAlchemy). Several are safe.
    """
    app = create_app()
    sweeper.start(app.extensions["elearn_engine"])
    return app


def _serve(host: str, port: int, workers: int, threads: int) -> None:
    """Granian with the factory above, started again when it gives up.

    Granian ends when one worker dies twice within six seconds, be it by the hand of the kernel;
    on exam day that must not be the end. Ending right after the start is a wrong setting: no loop.
    """
    os.environ["ELEARN_BIND"] = host
    os.environ["ELEARN_WORK_SLOTS"] = str(threads)
    while True:
        server: Any = Granian(
            "elearn.cli.server:serving_app",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=workers,
            blocking_threads=threads_for(load_settings()),
            factory=True,
            respawn_failed_workers=True,
            log_access=False,
        )
        begun = time.monotonic()
        with suppress(SystemExit):  # how it gives up
            server.serve()
        if server.interrupt_signal:
            return
        if time.monotonic() - begun < GIVES_UP_WITHIN_S:
            raise DomainError("服务进程一启动就退出，原因见上面的日志。", code="E-SERVE")
        click.echo("服务进程接连退出，正在重新启动。", err=True)


COMMANDS = (serve, demo)
