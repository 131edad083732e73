"""The tree of units as it would stand after an import, and finding a unit in it."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from elearn.core.field_reader import nearest
from elearn.core.people.world import KnownUnit, World

_SEPARATORS: Final = re.compile(r"\s*[/>／＞\\→]\s*")
_MOST_SUGGESTIONS: Final = 50  # each one compares with every unit


@dataclass(frozen=True, slots=True)
class Node:
    """A unit; `parent` is a code, "" for a root; `known` None when the file brings it."""

    code: str
    name: str
    type: str
    parent: str
    active: bool = True
    known: KnownUnit | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a code or name led to: a node, or why not (both for a unit no longer in use)."""

    node: Node | None = None
    problem: str = ""
    message: str = ""
    hint: str = ""


class Tree:
    """Nodes by code. Names are indexed on first use, when the tree no longer changes."""

    def __init__(self, world: World) -> None:
        self.world = world
        codes = {unit.id: unit.code for unit in world.units}
        self.nodes: dict[str, Node] = {}
        self.by_key: dict[str, str] = {}
        for unit in world.units:
            parent = codes.get(unit.parent_id or 0, "")
            self.put(Node(unit.code, unit.name, unit.type, parent, unit.active, unit))
        self.root_ids = (
            None
            if world.roots is None
            else {int(root.rstrip("/").rpartition("/")[2]) for root in world.roots}
        )
        self._names: dict[str, list[Node]] | None = None
        self._suggested: dict[str, str] = {}
        self._words: list[str] | None = None

    def put(self, node: Node) -> None:
        """Add or replace a node."""
        self.nodes[node.code] = node
        self.by_key[node.code.casefold()] = node.code

    def ancestors(self, code: str) -> list[Node]:
        """The node and those above it, nearest first; stops where a cycle closes."""
        found: list[Node] = []
        seen: set[str] = set()
        while code in self.nodes and code not in seen:
            seen.add(code)
            found.append(self.nodes[code])
            code = self.nodes[code].parent
        return found

    def in_cycle(self, code: str) -> bool:
        """Does going up from this unit lead back to it?"""
        line = self.ancestors(code)
        return bool(line) and line[-1].parent == code

    def in_scope(self, code: str) -> bool:
        """Is the unit inside the subtrees the importer manages, as the tree would stand?"""
        if self.root_ids is None:
            return True
        return any(node.known and node.known.id in self.root_ids for node in self.ancestors(code))

    def full_name(self, code: str) -> str:
        """`区政府/财政局/预算科`."""
        return "/".join(node.name for node in reversed(self.ancestors(code)))

    def suggest(self, text: str) -> str:
        """`，是不是「财政局」（CZ01）` for the unit most like `text`, or ""."""
        if text not in self._suggested:
            if len(self._suggested) >= _MOST_SUGGESTIONS:
                return ""
            self._suggested[text] = self._suggestion(text)
        return self._suggested[text]

    def find(self, code: str, name: str) -> Found:
        """The unit meant by a code, a name, or both; a name may be a path of names."""
        if not code:
            return self._find_by_name(name)
        node = self.nodes.get(code)
        if node is None or not self.in_scope(code):
            return self._unknown(code, "单位代码")
        meant = {name_key(name), name_key(_SEPARATORS.split(name)[-1])}
        if name and name_key(node.name) not in meant:
            message = f"单位代码 {code} 是「{node.name}」，和同一行的单位名称不一致"
            return Found(None, "P-mismatch", message, "请核对，改正其中一个")
        return self._usable(node)

    def _usable(self, node: Node) -> Found:
        if node.active:
            return Found(node)
        return Found(node, "P-inactive", f"单位「{node.name}」已停用", "请改填在用的单位")

    def _unknown(self, text: str, what: str) -> Found:
        message = f"没有这个{what}，或者不在您的管理范围内"
        if self.root_ids is None:
            message = f"没有这个{what}"
        return Found(None, "P-unit", message, self.suggest(text) or "请先在机构表里添加这个单位")

    def _find_by_name(self, name: str) -> Found:
        nodes = self._named(name_key(name))
        parts = [name_key(part) for part in _SEPARATORS.split(name) if part]
        if not nodes and len(parts) > 1:
            nodes = [node for node in self._named(parts[-1]) if self._under(node, parts)]
        usable = [node for node in nodes if node.active]
        if len(usable) == 1:
            return Found(usable[0])
        if usable:
            options = "、".join(
                f"{node.code}（{self.full_name(node.code)}）" for node in usable[:3]
            )
            message = f"有 {len(usable)} 个单位叫这个名称"
            return Found(None, "P-ambiguous", message, f"请改填单位代码：{options}")
        return self._usable(nodes[0]) if nodes else self._unknown(name, "单位")

    def _under(self, node: Node, parts: list[str]) -> bool:
        line = [name_key(above.name) for above in self.ancestors(node.code)]
        return line[: len(parts)] == parts[::-1]

    def _named(self, key: str) -> list[Node]:
        if self._names is None:
            self._names = defaultdict(list)
            for node in self.nodes.values():
                if self.in_scope(node.code):
                    self._names[name_key(node.name)].append(node)
        return self._names.get(key, [])

    def _suggestion(self, text: str) -> str:
        zeros = [node.code for node in self._reachable() if node.code.lstrip("0") == text]
        if text.isdigit() and len(zeros) == 1:
            return f"是不是 {zeros[0]}（表格软件可能去掉了前面的 0）"
        if self._words is None:
            nodes = self._reachable()
            self._words = [word for node in nodes for word in (node.code, node.name)]
        last = _SEPARATORS.split(text)[-1]
        word = nearest(text, self._words, 0.6) or nearest(last, self._words, 0.6)
        node = next((n for n in self._reachable() if word in {n.code, n.name}), None)
        return f"是不是「{node.name}」（代码 {node.code}）" if node and word else ""

    def _reachable(self) -> Iterable[Node]:
        return [n for n in self.nodes.values() if n.active and self.in_scope(n.code)]


def name_key(name: str) -> str:
    """Names as they are compared: width, blanks and case aside."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
