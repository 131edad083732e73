"""`elearn people` and `elearn user`."""

import os
from pathlib import Path

import click

from elearn.accounts.importing import check_people_file, import_people_file
from elearn.accounts.initial_passwords import set_initial_passwords, write_initial_passwords
from elearn.accounts.people import add_user, reset_password
from elearn.accounts.queries import person_by_staff_no
from elearn.core.access import ROLE_NAMES, Role
from elearn.core.errors import NotFound

from .context import finish_check, transaction, utcnow
from .text import Command, Group


@click.group(cls=Group)
def people() -> None:
    """机构和人员。

    例：elearn people import 人员.xlsx
    """


@people.command("import", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="只检查，不写入")
@click.option("--json", "as_json", is_flag=True, help="给程序读的结果")
def import_file(file: Path, *, dry_run: bool, as_json: bool) -> None:
    """从 CSV 或 XLSX 导入机构和人员：全部正确才写入，重复导入不会重复新增。

    例：elearn people import 人员.xlsx --dry-run
    """
    with transaction() as session:
        run = check_people_file if dry_run else import_people_file
        report = run(session, data=file.read_bytes(), filename=file.name, now=utcnow())
    finish_check(report.counts, report.problems, as_json=as_json)


@people.command(cls=Command)
@click.argument("output", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--again", is_flag=True, help="名单丢了：也给从未登录过的人换新密码")
def passwords(output: Path, *, again: bool) -> None:
    """给还没有密码的人生成一次性初始密码，写成名单；首次登录必须改掉。名单只生成一次。

    例：elearn people passwords 初始密码.csv
    """
    with transaction() as session:
        lines = set_initial_passwords(session, actor=None, now=utcnow(), again=again)
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as target:
            write_initial_passwords(target, lines)
    click.echo(f"{len(lines)} 人，已写入 {output}（只有您能读）。发完请删除。")


@click.group(cls=Group)
def user() -> None:
    """单个账号。

    例：elearn user add zhang3 --name 张三 --unit QU --role SYS_ADMIN
    """


@user.command(cls=Command)
@click.argument("staff_no")
@click.option("--name", required=True, help="姓名")
@click.option("--unit", required=True, help="单位代码")
@click.option("--unit-name", help="还没有任何机构时，同时建立的这个单位的名称")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="角色，可多次：" + "、".join(f"{role.value} {name}" for role, name in ROLE_NAMES.items()),
)
def add(staff_no: str, name: str, unit: str, unit_name: str | None, roles: tuple[str, ...]) -> None:
    """新增一个人，打印一次性初始密码；首次登录时必须改掉。还没有任何机构时会同时建立它。

    例：elearn user add zhang3 --name 张三 --unit QU --role SYS_ADMIN
    """
    with transaction() as session:
        _, password = add_user(
            session,
            staff_no=staff_no,
            name=name,
            unit_code=unit,
            unit_name=unit_name,
            roles=[Role(role) for role in roles],
            now=utcnow(),
        )
    click.echo(f"已新增 {name}（{staff_no}）。初始密码：{password}")


@user.command("reset-password", cls=Command)
@click.argument("staff_no")
def reset(staff_no: str) -> None:
    """重置一个人的密码，打印一次性密码。安全管理员和审计管理员的密码只能这样重置。

    例：elearn user reset-password secadmin1
    """
    with transaction() as session:
        person = person_by_staff_no(session, staff_no)
        if person is None:
            raise NotFound(f"没有工号为 {staff_no} 的人员。")
        password = reset_password(session, actor=None, person=person, now=utcnow())
        name = person.name
    click.echo(f"已重置 {name}（{staff_no}）的密码：{password}")


COMMANDS = (people, user)
