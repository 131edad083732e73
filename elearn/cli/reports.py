"""`elearn reports`."""

from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn import db
from elearn.core.errors import NotFound
from elearn.models import OrgUnit
from elearn.reports.services import record_export, write_completion

from .context import ready_engine, utcnow
from .text import Command, Group, progress

FORMATS = ("xlsx", "csv", "json")


@click.group(cls=Group)
def reports() -> None:
    """报表。

    例：elearn reports completion --unit QU --format xlsx --output 完成情况.xlsx
    """


@reports.command(cls=Command)
@click.option("--unit", "unit_code", required=True, help="单位代码（含下级）")
@click.option("--format", "form", type=click.Choice(FORMATS), required=True, help="格式")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    required=True,
    help="写到哪个文件",
)
def completion(unit_code: str, form: str, output: Path) -> None:
    """本年度完成情况，与组织人事页面导出的相同；写进审计日志。

    例：elearn reports completion --unit QU --format xlsx --output 完成情况.xlsx
    """
    temporary = output.with_name(output.name + ".elearn-tmp")
    now = utcnow()
    try:
        with ready_engine() as engine:
            # Reading takes long and must not hold SQLite's write lock; the audit entry is short.
            with (
                db.new_session(engine, write=False) as session,
                progress("导出完成情况"),
                temporary.open("wb") as target,
            ):
                unit = _unit(session, unit_code)
                export = write_completion(
                    session, actor=None, unit=unit, format=form, target=target, now=now
                )
            with db.transaction(engine) as session:
                record_export(session, actor=None, export=export, now=now)
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    click.echo(f"{unit.name}：{export.people} 人，已写入 {output}")


def _unit(session: Session, code: str) -> OrgUnit:
    unit = session.scalar(select(OrgUnit).where(OrgUnit.code == code))
    if unit is not None:
        return unit
    known = session.scalars(select(OrgUnit.code).order_by(OrgUnit.path).limit(10)).all()
    raise NotFound(f"没有单位代码「{code}」。现有的例如：{'、'.join(known) or '还没有任何单位'}")


COMMANDS = (reports,)
