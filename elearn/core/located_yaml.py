"""YAML with line and column kept for every value, and scalars left as the text in the file.

Nothing is guessed from the look of a scalar: `2024-12-25`, `007` and `是` stay texts, so a
trainer need not know which values YAML would turn into dates or numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from elearn.core.problems import Problem


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; "" for an empty value."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Value, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """A table of keys; `keys` says where each key stands (a Scalar per key)."""

    entries: dict[str, Value]
    keys: dict[str, Scalar] = field(default_factory=dict)
    line: int = 1
    column: int = 1


Value = Scalar | Sequence | Mapping

_MEANINGS = {
    "mapping values are not allowed": "冒号的位置不对；内容里有英文冒号时，请用英文双引号把内容括起来",
    "could not find expected ':'": "这里缺一个冒号，或者冒号后面缺一个空格",
    "cannot start any token": "行首不能用制表符（Tab）缩进，请改成空格；内容以特殊符号开头时请加双引号",
    "expected <block end>": "缩进不一致，同一层的各行要对齐；引号后面不能再跟文字",
    "unexpected end of stream": "引号没有成对",
    "expected ',' or": "方括号或花括号没有成对，或者缺逗号",
    "special characters are not allowed": "有不能出现的控制字符",
}
_OPENED = ("could not find expected", "unexpected end of stream", "expected ',' or")


class _Reader:
    def __init__(self, file: str, first_line: int, code: str) -> None:
        self.file = file
        self.offset = first_line
        self.code = code
        self.problems: list[Problem] = []
        self.seen: set[int] = set()

    def note(self, mark: yaml.Mark | None, message: str, hint: str = "") -> None:
        line, column = (mark.line + self.offset, mark.column + 1) if mark else (self.offset, 1)
        self.problems.append(Problem(self.file, line, column, self.code, message, hint))

    def convert(self, node: yaml.Node) -> Value:
        mark = node.start_mark
        line, column = mark.line + self.offset, mark.column + 1
        if id(node) in self.seen:
            self.note(mark, "不支持 YAML 的引用写法（& 和 *）", "把内容直接写出来")
            return Scalar("", line, column)
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, line, column)
        if isinstance(node, yaml.SequenceNode):
            return Sequence(tuple(self.convert(item) for item in node.value), line, column)
        empty = node.tag == "tag:yaml.org,2002:null"
        return Scalar("" if empty else str(node.value).strip(), line, column)

    def _mapping(self, node: yaml.MappingNode, line: int, column: int) -> Mapping:
        entries: dict[str, Value] = {}
        keys: dict[str, Scalar] = {}
        for key_node, value_node in node.value:
            key = self.convert(key_node)
            value = self.convert(value_node)
            if not isinstance(key, Scalar):
                self.note(key_node.start_mark, "冒号前面只能是一个名称")
            elif key.text in entries:
                self.note(key_node.start_mark, f"“{key.text}”写了两次", "只留一行")
            else:
                entries[key.text] = value
                keys[key.text] = key
        return Mapping(entries, keys, line, column)


def parse_yaml(
    text: str, file: str, *, first_line: int = 1, code: str = "Q-yaml"
) -> tuple[Value | None, list[Problem]]:
    """The document with positions, or None when it is empty or cannot be read."""
    reader = _Reader(file, first_line, code)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = None if node is None else reader.convert(node)
    except yaml.MarkedYAMLError as error:
        reader.note(_mark_of(error), "YAML 写法有误", _meaning(error))
        return None, reader.problems
    except yaml.YAMLError as error:
        reader.note(None, "YAML 写法有误", _meaning(error))
        return None, reader.problems
    except RecursionError:
        reader.note(None, "YAML 嵌套太深")
        return None, reader.problems
    return value, reader.problems


def _mark_of(error: yaml.MarkedYAMLError) -> yaml.Mark | None:
    """What was opened and not closed is to be mended where it was opened."""
    if any(sign in str(error.problem) for sign in _OPENED):
        return error.context_mark or error.problem_mark
    return error.problem_mark


def _meaning(error: yaml.YAMLError) -> str:
    said = str(error)
    return next(
        (hint for start, hint in _MEANINGS.items() if start in said),
        "对照手册里的样子检查这一行和上一行",
    )
