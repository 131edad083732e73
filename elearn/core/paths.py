"""Learning paths (学习路径): courses in the order somebody at one stage or post should take them.

One file per path, `courses/paths/<编号>.yaml`. The four stages of a cadre's way (培养、选拔、管理、
使用) and the audience roles are those of the founding speech and domain facts §4.3.

Problem codes: W-encoding, W-yaml, W-list (not a table), W-field-* (field_reader), W-code, W-file,
W-empty, W-course, W-twice.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

from elearn.core.field_reader import FieldReader, nearest
from elearn.core.located_yaml import Mapping, Scalar, Sequence, parse_yaml
from elearn.core.problems import Problem
from elearn.core.source_text import decode_text, split_lines

MAX_STEPS: Final = 30
_CODE: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class PathKind(StrEnum):
    """By stage of a cadre's way, or by post."""

    STAGE = "STAGE"
    ROLE = "ROLE"


PATH_KIND_NAMES: Final[dict[PathKind, str]] = {PathKind.STAGE: "阶段", PathKind.ROLE: "岗位"}


@dataclass(frozen=True, slots=True)
class PathStep:
    """A course by its code, and in one sentence why it stands here ("" for none)."""

    course: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class LearningPath:
    """Paths are shown by kind, then by code."""

    code: str
    title: str
    kind: PathKind
    note: str
    steps: tuple[PathStep, ...]


def parse_path(
    data: bytes, file: str, courses: Collection[str]
) -> tuple[LearningPath | None, list[Problem]]:
    """The path, or None with every problem. `courses`: the codes of the courses there are."""
    text, problems = decode_text(data, file, "W-encoding")
    if problems:
        return None, problems
    value, problems = parse_yaml("\n".join(split_lines(text)), file, code="W-yaml")
    if not isinstance(value, Mapping):
        if not problems:
            message = "这个文件应是一张表，每行写“名称: 内容”"
            problems.append(Problem(file, 1, 1, "W-list", message, "从现有的路径复制一份再改"))
        return None, problems
    reader = FieldReader(value, file, "W", problems)
    kinds = {name: kind.value for kind, name in PATH_KIND_NAMES.items()}
    path = LearningPath(
        code=_read_code(reader, file),
        title=_text(reader, "名称", most=60, required=True),
        kind=PathKind(reader.choice(kinds, "种类", required=True) or PathKind.STAGE),
        note=_text(reader, "说明", most=300),
        steps=_read_steps(reader, courses),
    )
    reader.finish()
    problems.sort()
    return (None if any(problem.is_error for problem in problems) else path), problems


def _read_code(reader: FieldReader, file: str) -> str:
    value = reader.scalar("编号", required=True)
    if value is None:
        return ""
    code = value.text
    if not _CODE.fullmatch(code) or len(code) > 60:
        message = f"编号“{code}”只能用小写字母、数字和连字符"
        reader.problem(value, "code", message, "例如 role-1-chief")
    elif PurePosixPath(file).stem != code:
        message = f"文件名应与编号相同：{code}.yaml"
        reader.problem(value, "file", message, "改文件名或改编号")
    return code


def _text(reader: FieldReader, name: str, *, most: int, required: bool = False) -> str:
    text = reader.text(name, required=required)
    if len(text) > most:
        message = f"“{name}”有 {len(text)} 个字，最多 {most} 个"
        reader.problem(reader.mapping.entries[name], "field-value", message)
    return text


def _read_steps(reader: FieldReader, courses: Collection[str]) -> tuple[PathStep, ...]:
    value = reader.take("课程", required=True)
    if value is None:
        return ()
    if not isinstance(value, Sequence) or not value.items:
        message = "“课程”下面没有课程"
        reader.problem(value, "empty", message, "每门一行：- 课程编号")
        return ()
    if len(value.items) > MAX_STEPS:
        message = f"一条路径最多 {MAX_STEPS} 门课，现在是 {len(value.items)} 门"
        reader.problem(value, "empty", message, "分成两条路径")
    seen: dict[str, int] = {}
    steps: list[PathStep] = []
    for item in value.items:
        if isinstance(item, Mapping):
            inner = FieldReader(item, reader.file, "W", reader.problems)
            named = inner.scalar("课程", required=True)
            why = _text(inner, "为什么", most=120)
            inner.finish()
        elif isinstance(item, Scalar) and item.text:
            named, why = item, ""
        else:
            reader.problem(item, "empty", "这一行没有课程", "写课程编号，或删去这一行")
            continue
        if named is not None:
            _check_course(reader, named, courses, seen)
            steps.append(PathStep(named.text, why))
    return tuple(steps)


def _check_course(
    reader: FieldReader, named: Scalar, courses: Collection[str], seen: dict[str, int]
) -> None:
    code = named.text
    if code not in courses:
        like = nearest(code, courses)
        hint = f"是不是“{like}”？" if like else "先写好这门课；有错的课程也不算"
        reader.problem(named, "course", f"没有编号为“{code}”的课程", hint)
    elif code in seen:
        message = f"课程 {code} 在第 {seen[code]} 行已经有了"
        reader.problem(named, "twice", message, "删去一行")
    seen.setdefault(code, named.line)
