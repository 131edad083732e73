"""What every command needs: settings, engine, a transaction, the way problems are printed."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from elearn import db, migrate
from elearn.clock import DatabaseClock
from elearn.config import Settings, load_settings
from elearn.core.errors import DomainError
from elearn.core.problems import Problem

COUNT_NAMES = {
    "laws": "法规",
    "questions": "试题",
    "blueprints": "组卷规则",
    "credit_rules": "学时规则",
    "courses": "课程",
    "lessons": "小节",
    "paths": "学习路径",
    "quiz_items": "随堂题",
    "errors": "错误",
    "warnings": "提示",
    "units": "机构",
    "people": "人员",
    "new": "新增",
    "changed": "更新",
    "same": "不变",
    "units_new": "机构新增",
    "units_changed": "机构更新",
    "units_same": "机构不变",
    "people_new": "人员新增",
    "people_changed": "人员更新",
    "people_same": "人员不变",
    "people_deactivated": "其中停用",
    "people_reactivated": "其中重新启用",
}


def utcnow() -> datetime:
    """The clock of the command line: the database's, as everywhere."""
    with engine() as made:
        return DatabaseClock(made).now()


def settings() -> Settings:
    """Settings from the environment, once per call of the program."""
    context = click.get_current_context().find_root()
    if "settings" not in context.meta:
        context.meta["settings"] = load_settings()
    found: Settings = context.meta["settings"]
    return found


@contextmanager
def engine() -> Iterator[Engine]:
    """The database, closed afterwards."""
    settings().instance_dir.mkdir(parents=True, exist_ok=True)
    made = db.make_engine(settings().database_url)
    try:
        yield made
    finally:
        made.dispose()


@contextmanager
def ready_engine() -> Iterator[Engine]:
    """A database at the program's own schema version, or a clear word about it."""
    with engine() as made:
        at, wanted = migrate.current(made), migrate.head()
        if at != wanted:
            msg = f"数据库结构是 {at or '空的'}，程序需要 {wanted}。请先运行 elearn db upgrade。"
            raise DomainError(msg, code="E-SCHEMA")
        yield made


@contextmanager
def transaction() -> Iterator[Session]:
    """One committed unit of work."""
    with ready_engine() as made, db.transaction(made) as session:
        yield session


def show_problems(problems: Sequence[Problem]) -> None:
    """One problem per line, on standard output: it is the result of a check."""
    for problem in problems:
        click.echo(str(problem))


def finish_check(counts: dict[str, int], problems: Sequence[Problem], *, as_json: bool) -> None:
    """Print the result of a checker; exit 1 when there are errors."""
    if as_json:
        result = {"counts": counts, "problems": [problem.as_dict() for problem in problems]}
        print_json(result)
    else:
        show_problems(problems)
        named = [f"{COUNT_NAMES[key]} {n}" for key, n in counts.items() if key in COUNT_NAMES]
        click.echo("、".join(named) or "没有内容")
    if any(problem.is_error for problem in problems):
        raise SystemExit(1)


def print_json(value: Any) -> None:
    """For machines: UTF-8, no escapes, one document."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def explain(error: Exception) -> str:
    """A domain or database error as one Chinese line."""
    if isinstance(error, DomainError):
        return f"没有完成：{error.message}（{error.code}）"
    if isinstance(error, OperationalError):
        return f"数据库连不上或正忙：{str(error.orig).strip().splitlines()[0]}"
    return str(error)
