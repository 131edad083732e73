"""`elearn exams preflight`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import joinedload

from elearn import db, migrate
from elearn.core.errors import DomainError
from elearn.exams.papers.vault import Vault
from elearn.exams.preflight import machine, papers, people, room
from elearn.exams.preflight.findings import WORDS, Line, Verdict, worst
from elearn.models import Exam

from .context import engine, print_json, settings, utcnow
from .text import Command


@click.command(cls=Command)
@click.argument("exam")
@click.option(
    "--backup",
    type=click.Path(path_type=Path),
    default=None,
    help="考前备份的文件或文件夹：核对它是不是一天以内的",
)
@click.option("--json", "as_json", is_flag=True, help="给程序读的全部结果")
def preflight(exam: str, backup: Path | None, *, as_json: bool) -> None:
    """考前检查一场考试：名册、账号、试卷、题库、时钟、落盘、磁盘、承载、备份……逐项说通过、注意还是不通过，怎么补救。

    只读，不改任何东西。全部通过时退出码是 0，有“注意”是 1，有“不通过”是 2。

    例：elearn exams preflight 3kZq0aWm1s5TnVb8xYc2Ld --backup /backup
    """
    with engine() as made:
        lines = _check(made, exam, backup)
    verdict = worst(lines)
    if as_json:
        print_json({"verdict": verdict.name, "lines": [line.as_dict() for line in lines]})
    else:
        _print(lines, verdict)
    if verdict:
        raise SystemExit(int(verdict))


def _check(made: Engine, public_id: str, backup: Path | None) -> list[Line]:
    config = settings()
    schema = machine.check_schema(migrate.current(made), migrate.head())
    lines = [
        schema,
        machine.check_disk(config),
        machine.check_secret(config),
        machine.check_assets(),
    ]
    if schema.verdict:
        return lines  # nothing can be read from a database of another shape
    told, own = utcnow(), datetime.now(UTC)
    lines.append(machine.check_clock(told, own))
    with db.new_session(made, write=False) as session:
        lines.append(machine.check_durability(machine.durability(session.connection())))
        exam = session.scalar(
            select(Exam)
            .where(Exam.public_id == public_id)
            .options(joinedload(Exam.org_unit), joinedload(Exam.blueprint_revision))
        )
        if exam is None:
            msg = f"没有编号为 {public_id} 的考试。编号在考试页面的网址里。"
            raise DomainError(msg, code="E-404")
        lines += [
            machine.check_sweeper(session, told),
            machine.check_heartbeat(session, told),
            machine.check_capacity(session, exam, config, told),
            machine.check_backup(backup, told, make_url(config.database_url).database or ""),
            *people.check_people(session, exam),
            *papers.check_papers(session, exam, Vault(config.secret_key), told),
            *room.check_locks(exam, config),
        ]
    return lines


def _print(lines: Sequence[Line], verdict: Verdict) -> None:
    for line in lines:
        click.echo(f"{WORDS[line.verdict]}\t{line.name}：{line.found}")
        if line.mend:
            click.echo(f"\t  怎么办：{line.mend}")
    counts = {word: sum(line.verdict == each for line in lines) for each, word in WORDS.items()}
    click.echo("、".join(f"{word} {count} 项" for word, count in counts.items()))
    if verdict is Verdict.PASS:
        click.echo("可以开考。")


COMMANDS = (preflight,)
