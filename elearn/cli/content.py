"""`elearn content` and `elearn questions`: files and the published content."""

from pathlib import Path

import click

from elearn.authoring.files import parse_files, read_folder
from elearn.authoring.reading import medians, reading_lines
from elearn.authoring.services import (
    SyncReport,
    check_content,
    export_content,
    import_bank_file,
    sync_content,
)
from elearn.core.lessons.figures import LONG, RATE
from elearn.core.problems import Problem
from elearn.core.questions.parser import parse_bank_bytes

from .context import (
    finish_check,
    print_json,
    settings,
    show_problems,
    transaction,
    utcnow,
)
from .text import Command, Group, progress

JSON = click.option("--json", "as_json", is_flag=True, help="给程序读的结果")
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=Group)
def content() -> None:
    """课程和题库文件：检查、同步进库、从库里导出。

    例：elearn content check
    """


@content.command("check", cls=Command)
@click.argument("folder", type=FOLDER, required=False)
@JSON
def check_all(folder: Path | None, *, as_json: bool) -> None:
    """检查课程、题库、法规登记和组卷规则，一次说出所有问题。

    例：elearn content check --json
    """
    root = folder or settings().content_dir
    with progress("检查内容", len(read_folder(root))) as tick:
        report = check_content(root, tick=tick)
    finish_check(report.counts, report.problems, as_json=as_json)


@content.command(cls=Command)
@click.argument("folder", type=FOLDER, required=False)
@JSON
def report(folder: Path | None, *, as_json: bool) -> None:
    """每一节的字数、阅读时间、句长、生僻字、引用数：一张表，供审稿的人看。

    例：elearn content report
    """
    root = folder or settings().content_dir
    files = read_folder(root)
    with progress("读取课程", len(files)) as tick:
        lines = reading_lines(parse_files(files, tick=tick))
    if as_json:
        print_json(
            {
                "rate": RATE,
                "long_sentence": LONG,
                "lessons": [line.as_dict() for line in lines],
                "medians": medians(lines),
            }
        )
        return
    click.echo("  字数  阅读分  标注分  均句长  长句%  生僻‰    块  随堂题  任务  引用  小节")
    for line in lines:
        click.echo(line.text())
    words = "、".join(f"{name} {value:g}" for name, value in medians(lines).items())
    click.echo(f"{len(lines)} 节。中位数：{words}。")
    click.echo(f"阅读分按每分钟 {RATE} 字（Brysbaert 2019），长句指超过 {LONG} 字的句子。")


@content.command(cls=Command)
@JSON
def sync(*, as_json: bool) -> None:
    """把改动过的文件作为新版本放进数据库；两边都改过的文件会点名，不动它。

    例：elearn content sync
    """
    with transaction() as session, progress("同步内容") as tick:
        report = sync_content(session, root=settings().content_dir, now=utcnow(), tick=tick)
    _finish_sync(report, as_json=as_json)


@content.command(cls=Command)
@click.argument("path", type=click.Path(file_okay=False, path_type=Path))
@JSON
def export(path: Path, *, as_json: bool) -> None:
    """把数据库里正在使用的课程和题库写成文件，逐字节一致。

    例：elearn content export ./导出
    """
    _export(path, "", as_json=as_json)


@click.group(cls=Group)
def questions() -> None:
    """题库：检查、导入、导出。

    例：elearn questions check
    """


@questions.command(cls=Command)
@click.argument("file", type=FILE, required=False)
@JSON
def check(file: Path | None, *, as_json: bool) -> None:
    """检查整个题库；给出文件时检查这一个文件与题库放在一起的情况。

    例：elearn questions check 新题.md
    """
    files = {
        name: data
        for name, data in read_folder(settings().content_dir).items()
        if name.startswith("question_bank/")
    }
    mine = ""
    if file is not None:
        mine = _place_of(file, files)
        files[mine] = file.read_bytes()
    with progress("检查题库", len(files)) as tick:
        found = parse_files(files, tick=tick)
    problems = [p for p in found.problems if not mine or p.file == mine]
    if file is not None:
        problems = [_renamed(problem, str(file)) for problem in problems]
    finish_check(found.counts(), problems, as_json=as_json)


@questions.command("import", cls=Command)
@click.argument("file", type=FILE)
@JSON
def import_file(file: Path, *, as_json: bool) -> None:
    """把一个题库文件导入数据库：全部正确才写入；同名文件整个替换。

    例：elearn questions import DIS-05.md
    """
    with transaction() as session:
        report = import_bank_file(
            session, name=file.name, data=file.read_bytes(), actor=None, now=utcnow()
        )
    finish_check(report.counts, report.problems, as_json=as_json)


@questions.command("export", cls=Command)
@click.argument("path", type=click.Path(file_okay=False, path_type=Path))
@JSON
def export_bank(path: Path, *, as_json: bool) -> None:
    """只导出题库文件、法规登记和组卷规则。

    例：elearn questions export ./导出
    """
    _export(path, "question_bank/", as_json=as_json)


def _export(path: Path, prefix: str, *, as_json: bool) -> None:
    home = path.resolve() == settings().content_dir.resolve()
    with transaction() as session:
        report = export_content(session, target=path, prefix=prefix, mark_synced=home, now=utcnow())
    _finish_sync(report, as_json=as_json, verb="写出")


def _finish_sync(report: SyncReport, *, as_json: bool, verb: str = "更新") -> None:
    if as_json:
        print_json(
            {
                "counts": {
                    "taken": len(report.taken),
                    "removed": len(report.removed),
                    "kept": len(report.kept),
                    "unchanged": report.unchanged,
                    **report.counts,
                },
                "conflicts": report.conflicts,
                "problems": [problem.as_dict() for problem in report.problems],
            }
        )
    else:
        show_problems([problem for problem in report.problems if problem.is_error])
        for path in report.conflicts:
            click.echo(f"{path}：文件和数据库里都改过，没有动它。请先决定保留哪一边。")
        for path in report.kept:
            click.echo(f"{path}：数据库里的较新，用 elearn content export 可取出。")
        summary = f"{verb} {len(report.taken)}、移除 {len(report.removed)}、未变 {report.unchanged}"
        click.echo(summary + ("" if report.ok else "。有问题，见上"))
    if not report.ok:
        raise SystemExit(1)


def _place_of(file: Path, files: dict[str, bytes]) -> str:
    """Where the file stands in the bank: its own place when it is part of it, else a new one."""
    resolved = file.resolve()
    root = settings().content_dir.resolve()
    if resolved.is_relative_to(root):
        return resolved.relative_to(root).as_posix()
    questions_there, _ = parse_bank_bytes(file.read_bytes(), file.name, parse_files({}).registry)
    strand = questions_there[0].strand.lower() if questions_there else "new"
    same = [name for name in files if name.endswith("/" + file.name)]
    return same[0] if same else f"question_bank/{strand}/{file.stem}.md"


def _renamed(problem: Problem, file: str) -> Problem:
    return Problem(
        file,
        problem.line,
        problem.column,
        problem.code,
        problem.message,
        problem.hint,
        problem.severity,
    )


COMMANDS = (content, questions)
