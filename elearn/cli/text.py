"""Chinese for what click says itself: help headings, usage errors, progress."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

HEADINGS = {
    "Usage:": "用法：",
    "Options:": "选项：",
    "Commands:": "命令：",
    "[OPTIONS]": "[选项]",
    "COMMAND [ARGS]...": "命令 …",
    "Show this message and exit.": "显示这份说明。",
    "[required]": "[必填]",
    "[default:": "[默认：",
    "Show the version and exit.": "显示版本。",
}


SENTENCES = (
    (r"(?:File|Directory|Path) '(.*)' does not exist\.", "没有这个文件或文件夹：{0}"),
    (r"(?:File|Path) '(.*)' is a directory\.", "这是一个文件夹，应给出文件：{0}"),
    (r"Directory '(.*)' is a file\.", "这是一个文件，应给出文件夹：{0}"),
    (r"(?:File|Directory|Path) '(.*)' is not (?:readable|writable)\.", "没有读写权限：{0}"),
    (r"'(.*)' is not one of (.*)\.", "没有「{0}」，可用 {1}"),
    (r"'(.*)' is not a valid integer(?: range)?\.", "应为整数，现在是「{0}」"),
    (r"(.*) is not in the range (.*)\.", "应在 {1} 之内，现在是 {0}"),
)


class Chinese:
    """Mixin for commands and groups."""

    def get_help(self, ctx: click.Context) -> str:
        """The help page with click's own words translated."""
        text: str = super().get_help(ctx)  # type: ignore[misc]  # mixed into click classes
        for english, chinese in HEADINGS.items():
            text = text.replace(english, chinese)
        return text


class Command(Chinese, click.Command):
    """A command with Chinese help."""


class Group(Chinese, click.Group):
    """A group with Chinese help."""

    command_class = Command
    group_class = type


def usage_text(error: click.UsageError) -> str:
    """What is wrong with the call, in Chinese, and where the help is."""
    name = getattr(error, "param", None)
    label = name.make_metavar(ctx=error.ctx) if name and error.ctx else ""
    if isinstance(error, click.MissingParameter):
        message = f"缺少 {_names(name) or label}"
    elif isinstance(error, click.NoSuchOption):
        message = f"没有选项 {error.option_name}"
        if error.possibilities:
            message += "，您是不是要写 " + "、".join(error.possibilities)
    elif isinstance(error, click.BadParameter):
        message = f"{_names(name) or label} 的值不对：{_in_chinese(error.message)}"
    elif error.message.startswith("No such command"):
        message = "没有命令" + error.message.removeprefix("No such command").rstrip(".")
    else:
        message = error.message
    where = f"看说明：{error.ctx.command_path} --help" if error.ctx else ""
    return f"用法不对：{message}\n{where}".rstrip()


def _in_chinese(message: str) -> str:
    """Click's own sentences about paths and choices."""
    for pattern, words in SENTENCES:
        if found := re.fullmatch(pattern, message):
            return words.format(*found.groups())
    return message


def _names(param: click.Parameter | None) -> str:
    if param is None:
        return ""
    if isinstance(param, click.Argument):
        return param.human_readable_name
    return " / ".join(param.opts)


@contextmanager
def progress(label: str, length: int | None = None) -> Iterator[Any]:
    """A bar on a terminal, one plain line elsewhere. Yields `tick(text)`."""
    if not sys.stderr.isatty():
        click.echo(f"{label}…", err=True)
        yield lambda _="": None
        return
    with click.progressbar(length=length or 1, label=label, file=sys.stderr, show_eta=False) as bar:
        yield lambda _="": bar.update(1)


def plural(pairs: dict[str, int], names: dict[str, str]) -> str:
    """`课程 4、试题 498` for the counts that have a name."""
    return "、".join(f"{names[key]} {value}" for key, value in pairs.items() if key in names)
