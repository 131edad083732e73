"""`elearn db`: the schema."""

import tempfile
from pathlib import Path

import click

from elearn import db, migrate
from elearn.core.errors import DomainError

from .context import engine
from .text import Command, Group


@click.group("db", cls=Group)
def database() -> None:
    """数据库结构：升级、回退、检查。

    例：elearn db upgrade
    """


@database.command(cls=Command)
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """升级到最新结构（或指定版本）；已是最新时什么也不做。

    例：elearn db upgrade
    """
    with engine() as made:
        before = migrate.current(made)
        migrate.upgrade(made, revision)
        after = migrate.current(made)
    click.echo(f"数据库结构：{before or '空'} → {after}" if before != after else f"已是 {after}")


@database.command(cls=Command)
@click.argument("revision")
@click.option("--yes", is_flag=True, help="确认：回退会删除较新结构里的数据")
def downgrade(revision: str, *, yes: bool) -> None:
    """回退到指定版本。base 表示清空；请先备份。

    例：elearn db downgrade base --yes
    """
    if not yes:
        msg = "回退会删除数据。确定要做，请先备份，再加上 --yes。"
        raise DomainError(msg, code="E-CONFIRM")
    with engine() as made:
        migrate.downgrade(made, revision)
        click.echo(f"数据库结构：{migrate.current(made) or '空'}")


@database.command(cls=Command)
def check() -> None:
    """检查数据库结构与程序是否一致；并用一个临时库检查迁移与表定义是否一致。

    例：elearn db check
    """
    with tempfile.TemporaryDirectory() as folder:
        probe = db.make_engine(f"sqlite:///{Path(folder) / 'check.db'}")
        migrate.upgrade(probe)
        with probe.connect() as connection:
            found = migrate.differences(connection)
        probe.dispose()
    for line in found:
        click.echo(line)
    if found:
        msg = f"迁移与表定义有 {len(found)} 处不一致"
        raise DomainError(msg, code="E-SCHEMA")
    click.echo("迁移与表定义一致。")


COMMANDS = (database,)
