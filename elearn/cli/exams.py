"""`elearn exams`."""

from pathlib import Path

import click

from elearn.authoring.files import parse_files, read_folder
from elearn.core.assembly.blueprint import parse_blueprint
from elearn.core.assembly.draw import draw as draw_paper
from elearn.core.assembly.feasibility import feasibility
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.pool import bank_hash, pool_of
from elearn.core.errors import DomainError, Infeasible
from elearn.core.problems import Problem
from elearn.core.questions.model import TYPE_NAMES
from elearn.core.source_text import decode_text
from elearn.exams.corrections.worker import advance

from . import papers, preflight, rehearse
from .context import finish_check, print_json, ready_engine, settings, utcnow
from .text import Command, Group, progress


@click.group(cls=Group)
def exams() -> None:
    """组卷、考前检查、演练。

    \b
    例：elearn exams draw integrity-80 --seed 1 --json
        elearn exams rehearse --candidates 3000
    """


@exams.command(cls=Command)
@click.argument("blueprint")
@click.option("--seed", required=True, help="种子：同样的题库、规则和种子总得到同一份试卷")
@click.option("--json", "as_json", is_flag=True, help="给程序读的整份试卷")
def draw(blueprint: str, seed: str, *, as_json: bool) -> None:
    """按组卷规则（编号，或一个 YAML 文件）从题库文件抽一份试卷。不需要数据库。

    例：elearn exams draw integrity-80 --seed 2026 --json
    """
    with progress("读取题库"):
        content = parse_files(read_folder(settings().content_dir))
    plan, problems = _find(blueprint, {b.code: b for b in content.blueprints.values()})
    if plan is None:
        finish_check({"errors": len(problems)}, problems, as_json=as_json)
        return
    pool = pool_of(content.questions)
    shortages = feasibility(pool, plan)
    if shortages and as_json:
        missing = [
            Problem(blueprint, 0, 0, "B-short", shortage.line, "补充题目，或放宽组卷规则")
            for shortage in shortages
        ]
        finish_check({"errors": len(missing)}, missing, as_json=True)
    if shortages:
        raise Infeasible([shortage.line for shortage in shortages])
    paper = draw_paper(pool, plan, seed)
    codes = {item.revision_hash: item.code for item in pool}
    if as_json:
        print_json(
            {
                "blueprint": plan.code,
                "blueprint_hash": plan.revision_hash,
                "bank_hash": bank_hash(pool),
                "seed": seed,
                "paper_hash": paper.hash,
                "codes": [codes[item.revision_hash] for item in paper.items],
                "paper": paper.canonical(),
            }
        )
        return
    click.echo(f"{plan.title}：{paper.question_count} 题，试卷 {paper.hash[:16]}")
    for section in paper.sections:
        click.echo(f"{section.name}（{TYPE_NAMES[section.type]}）")
        click.echo("  " + " ".join(codes[item.revision_hash] for item in section.items))


@exams.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="给程序读的结果")
def regrade(*, as_json: bool) -> None:
    """算完等待中的更正：提出的先算影响，批准的重新评分。服务运行时会自动做，这里可以马上做完。

    可以随时中断，再运行时接着做。

    例：elearn exams regrade
    """
    worked = 0
    with progress("重新评分"), ready_engine() as engine:
        while done := advance(engine, now=utcnow()):
            worked += done
    if as_json:
        print_json({"attempts": worked})
    else:
        click.echo(f"处理了 {worked} 份答卷。")


def _find(name: str, known: dict[str, Blueprint]) -> tuple[Blueprint | None, list[Problem]]:
    if name in known:
        return known[name], []
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} and path.is_file():
        text, problems = decode_text(path.read_bytes(), name, "B-encoding")
        return (None, problems) if problems else parse_blueprint(text, name)
    msg = f"没有组卷规则「{name}」。现有：" + "、".join(sorted(known))
    raise DomainError(msg, code="E-BLUEPRINT")


for command in (*papers.COMMANDS, *preflight.COMMANDS, *rehearse.COMMANDS):
    exams.add_command(command)

COMMANDS = (exams,)
