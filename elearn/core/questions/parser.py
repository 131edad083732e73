"""Bank files and quiz fences -> questions. Nothing stops at the first problem."""

from elearn.core.field_reader import FieldReader
from elearn.core.laws.registry import LawRegistry
from elearn.core.located_yaml import Mapping, parse_yaml
from elearn.core.problems import Problem
from elearn.core.questions.blocks import group_lines
from elearn.core.questions.defaults import ItemDefaults, read_bank_defaults
from elearn.core.questions.items import ItemReader
from elearn.core.questions.model import Question
from elearn.core.source_text import (
    FrontMatter,
    bad_characters,
    cut_front_matter,
    decode_text,
    split_lines,
)

__all__ = ["ItemDefaults", "decode_text", "parse_bank_bytes", "parse_bank_file", "parse_quiz"]


def parse_bank_bytes(
    data: bytes, file: str, registry: LawRegistry
) -> tuple[list[Question], list[Problem]]:
    """A bank file as it lies on the disk."""
    text, problems = decode_text(data, file)
    if problems:
        return [], problems
    return parse_bank_file(text, file, registry)


def parse_bank_file(
    text: str, file: str, registry: LawRegistry
) -> tuple[list[Question], list[Problem]]:
    """All items without errors in file order, and every problem sorted by place.

    An item with warnings only is among the questions."""
    lines = split_lines(text)
    problems = bad_characters(lines, file, 1, "Q-char")
    front = cut_front_matter(lines)
    defaults, found = _bank_defaults(front, file, registry)
    problems += found
    body = lines[front.body_line - 1 :]
    questions, found = _parse_items(body, file, front.body_line, registry, defaults)
    problems += found
    if not any(line.strip() for line in body) and front.closed:
        problems.append(
            Problem(file, 0, 0, "Q-empty", "这个文件里没有题", "每道题以【单选】这样的题型开头")
        )
    return _without(questions, problems, front.body_line), sorted(problems)


def parse_quiz(
    text: str,
    file: str,
    first_line: int,
    registry: LawRegistry,
    defaults: ItemDefaults | None = None,
) -> tuple[list[Question], list[Problem]]:
    """The items of one quiz fence; `first_line` is the line of the file the text starts on."""
    lines = split_lines(text)
    defaults = defaults or ItemDefaults(complete=False, code_prefix="quiz")
    questions, problems = _parse_items(lines, file, first_line, registry, defaults)
    if not any(line.strip() for line in lines):
        hint = "在围栏里写题，每道题以【单选】这样的题型开头"
        problems.append(Problem(file, first_line, 1, "Q-empty", "这个随堂题围栏是空的", hint))
    return questions, sorted(problems)


def _bank_defaults(
    front: FrontMatter, file: str, registry: LawRegistry
) -> tuple[ItemDefaults, list[Problem]]:
    if not front.closed:
        message = "文件头没有结束"
        return ItemDefaults(), [
            Problem(file, front.first_line - 1, 1, "Q-front", message, "文件头下面再写一行 ---")
        ]
    if not front.present:
        return ItemDefaults(), []
    value, problems = parse_yaml(front.yaml, file, first_line=front.first_line, code="Q-yaml")
    if value is not None and not isinstance(value, Mapping):
        message = "文件头应是一行一项的“名称: 内容”"
        problems.append(Problem(file, front.first_line, 1, "Q-front", message))
        value = None
    if value is None:
        return ItemDefaults(), problems
    return read_bank_defaults(FieldReader(value, file, "Q", problems), registry), problems


def _parse_items(
    lines: list[str], file: str, first_line: int, registry: LawRegistry, defaults: ItemDefaults
) -> tuple[list[Question], list[Problem]]:
    raws, problems = group_lines(lines, file, first_line)
    questions = []
    for raw in raws:
        reader = ItemReader(raw, file, registry, defaults)
        if question := reader.read():
            questions.append(question)
        problems += reader.problems
    return questions, problems


def _without(questions: list[Question], problems: list[Problem], body_line: int) -> list[Question]:
    """Leave out items holding a character problem: their text is not what it looks like."""
    bad = sorted(p.line for p in problems if p.code == "Q-char" and p.line >= body_line)
    if not bad:
        return questions
    starts = [question.line for question in questions] + [10**9]
    return [
        question
        for question, end in zip(questions, starts[1:], strict=True)
        if not any(question.line <= line < end for line in bad)
    ]
