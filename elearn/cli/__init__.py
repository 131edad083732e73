"""The `elearn` command: for operators and trainers. Thin: parses, calls services, prints.

Exit codes: 0 right, 1 problems found or not done, 2 wrong use.
"""

import sys
from importlib.metadata import version

import click
from sqlalchemy.exc import OperationalError

from elearn.core.errors import DomainError

from . import content, database, exams, people, reports, server
from .context import explain
from .text import Group, usage_text


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("elearn"), prog_name="elearn")
def cli() -> None:
    """廉政教育学习与考试系统：运维人员和教员的命令。

    \b
    例：elearn demo                       在本机打开带演示数据的系统
        elearn content check              检查课程和题库的写法
        elearn reports completion --unit QU --format xlsx --output 完成情况.xlsx
    """


for module in (server, database, content, exams, reports, people):
    for command in module.COMMANDS:
        cli.add_command(command)


def main() -> None:
    """Entry point of the console script."""
    try:
        result = cli.main(standalone_mode=False)
    except click.UsageError as error:
        click.echo(usage_text(error), err=True)
        sys.exit(2)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("已停止。", err=True)
        sys.exit(130)
    except click.ClickException as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except (DomainError, OperationalError) as error:
        click.echo(explain(error), err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    sys.exit(result if isinstance(result, int) else 0)
