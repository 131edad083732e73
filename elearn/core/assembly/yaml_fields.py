"""A YAML mapping read field by field, every problem with line and column.

Nodes are read instead of values, so `是`, `1.50` and `2-4` stay the text the trainer wrote.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import yaml

from elearn.core.problems import Problem

from .values import BadValue, nearest, plain, read_words

T = TypeVar("T")
Path = tuple[str | int, ...]


class Sheet:
    """One file being read: its problems, where each field stands, which fields are unreadable."""

    def __init__(self, file: str):
        self.file = file
        self.problems: list[Problem] = []
        self.broken: set[Path] = set()
        self._places: dict[Path, yaml.Mark] = {}

    def report(self, mark: yaml.Mark | None, code: str, message: str, hint: str = "") -> None:
        """Add a problem at a place; None means the whole file."""
        self.report_at((mark.line + 1, mark.column + 1) if mark else (0, 0), code, message, hint)

    def report_at(self, place: tuple[int, int], code: str, message: str, hint: str = "") -> None:
        """Add a problem at line and column, both from 1."""
        line, column = place
        self.problems.append(Problem(self.file, line, column, code, message, hint))

    def place(self, path: Path, mark: yaml.Mark) -> None:
        """Remember where a field stands."""
        self._places[path] = mark

    def find(self, path: Path) -> yaml.Mark | None:
        """The field's place, or the nearest thing that contains it."""
        while path and path not in self._places:
            path = path[:-1]
        return self._places.get(path)


class Fields:
    """The known keys of one mapping. `names`: key or alias -> field name."""

    def __init__(self, sheet: Sheet, node: yaml.MappingNode, path: Path, names: Mapping[str, str]):
        self.sheet = sheet
        self.path = path
        self._mark = node.start_mark
        self._names = names
        self._nodes: dict[str, yaml.Node] = {}
        sheet.place(path, node.start_mark)
        for key, value in node.value:
            self._add(key, value)

    def require(self, *names: str) -> None:
        """Report every one of these fields that is missing."""
        for name in names:
            if name not in self._nodes:
                title = self._title(name)
                self.sheet.broken.add((*self.path, name))
                message, hint = f"缺少“{title}”", f"加一行“{title}：…”"
                self.sheet.report(self._mark, "B-missing", message, hint)

    def read(self, name: str, reader: Callable[[str], T], default: T) -> T:
        """A single value through `reader`; the default when missing or wrong (and reported)."""
        node = self._nodes.get(name)
        if node is None:
            return default
        if not isinstance(node, yaml.ScalarNode):
            self._shape(node, name, "应该是一个值，不是列表")
            return default
        try:
            return reader(node.value)
        except BadValue as bad:
            self._bad(node, name, bad)
            return default

    def read_all(self, name: str, reader: Callable[[str], T]) -> tuple[T, ...]:
        """A list, or one line separated by `、`; repeated words count once."""
        found: dict[T, None] = {}
        for node, word in self._words(name):
            try:
                found[reader(word)] = None
            except BadValue as bad:
                self._bad(node, name, bad)
        return tuple(found)

    def pairs(self, name: str, reader: Callable[[str], T]) -> tuple[tuple[str, T], ...]:
        """A mapping of free names to values."""
        node = self._nodes.get(name)
        if node is None:
            return ()
        if not isinstance(node, yaml.MappingNode):
            self._shape(node, name, "每行应该是“名称: 值”")
            return ()
        found: list[tuple[str, T]] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
                self._shape(key, name, "每行应该是“名称: 值”")
                continue
            self.sheet.place((*self.path, name, key.value.strip()), key.start_mark)
            try:
                found.append((key.value.strip(), reader(value.value)))
            except BadValue as bad:
                self._bad(value, name, bad)
        return tuple(found)

    def mappings(self, name: str) -> Sequence[yaml.MappingNode]:
        """A list of mappings."""
        node = self._nodes.get(name)
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self._shape(node, name, "应该是列表，每项以“- ”开头")
            return ()
        for item in node.value:
            if not isinstance(item, yaml.MappingNode):
                self._shape(item, name, "每项里应该是“名称: 值”")
        return [item for item in node.value if isinstance(item, yaml.MappingNode)]

    def _add(self, key: yaml.Node, value: yaml.Node) -> None:
        written = plain(key.value) if isinstance(key, yaml.ScalarNode) else ""
        name = self._names.get(written)
        if name is None:
            hint = nearest(written, self._names)
            self.sheet.report(key.start_mark, "B-key", f"不认识“{written}”这一项", hint)
        elif name in self._nodes:
            self.sheet.report(key.start_mark, "B-twice", f"“{written}”写了两次", "只留一行")
        else:
            self._nodes[name] = value
            self.sheet.place((*self.path, name), value.start_mark)

    def _words(self, name: str) -> Iterator[tuple[yaml.Node, str]]:
        node = self._nodes.get(name)
        entries = node.value if isinstance(node, yaml.SequenceNode) else [node] if node else []
        for entry in entries:
            if isinstance(entry, yaml.ScalarNode):
                yield from ((entry, word) for word in read_words(entry.value))
            else:
                self._shape(entry, name, "应该是一个词，或用“、”隔开的几个词")

    def _bad(self, node: yaml.Node, name: str, bad: BadValue) -> None:
        self.sheet.broken.add((*self.path, name))
        message = f"{self._title(name)}：{bad.message}"
        self.sheet.report(node.start_mark, "B-value", message, bad.hint)

    def _shape(self, node: yaml.Node, name: str, what: str) -> None:
        self.sheet.broken.add((*self.path, name))
        self.sheet.report(node.start_mark, "B-shape", f"“{self._title(name)}”{what}")

    def _title(self, name: str) -> str:
        return next(key for key, field in self._names.items() if field == name)


def compose(sheet: Sheet, text: str) -> yaml.MappingNode | None:
    """The file's one mapping, or None with the reason reported."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        sheet.report(mark, "B-yaml", "YAML 写法有误", "检查这一行的缩进、冒号后的空格和引号")
    except yaml.reader.ReaderError as broken:
        line = text.count("\n", 0, broken.position) + 1
        column = broken.position - text.rfind("\n", 0, broken.position)
        sheet.report_at((line, column), "B-yaml", "有不可见的控制字符", "删掉这个字符")
    except RecursionError:
        sheet.report(None, "B-yaml", "括号套得太深", "按教员手册的样子重写")
    else:
        if isinstance(node, yaml.MappingNode):
            return node
        mark = node.start_mark if node else None
        sheet.report(mark, "B-yaml", "文件里应该是“名称: 值”的各行", "从样例复制一份再改")
    return None
