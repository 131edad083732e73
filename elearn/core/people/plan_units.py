"""Units of the file beside the units there are: new, changed, the same, or a problem."""

from dataclasses import dataclass
from typing import Final

from elearn.core.people.columns import UNIT_TITLES, UNIT_TYPE_NAMES
from elearn.core.people.roster import CellProblem, UnitRow
from elearn.core.people.tree import Node, Tree, name_key
from elearn.core.people.world import MAX_LEVELS, KnownUnit

Diff = tuple[str, str, str]
_CORRECT_PARENT: Final = "请改正上级代码"


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A unit to write. `diffs` are (title, old, new) for one that exists."""

    code: str
    name: str
    type: str
    parent: str
    known: KnownUnit | None
    diffs: tuple[Diff, ...]
    cell: str


def plan_units(
    rows: list[UnitRow], tree: Tree, problems: list[CellProblem]
) -> tuple[list[UnitPlan], int]:
    """Put the rows into the tree and say which write something; and how many write nothing."""
    rows = _first_of_each([row for row in rows if row.code], tree, problems)
    before = {row.code: tree.nodes.get(row.code) for row in rows}
    for row in rows:
        tree.put(_node(row, before[row.code]))
    misplaced = [_misplaced(row, before[row.code], tree) for row in rows]
    problems += [problem for problem in misplaced if problem]
    problems += _same_names(rows, tree)
    problems += _too_deep(rows, tree)
    plans = [_plan(row, before[row.code], tree) for row in rows]
    return [plan for plan in plans if plan], plans.count(None)


def _first_of_each(rows: list[UnitRow], tree: Tree, problems: list[CellProblem]) -> list[UnitRow]:
    """Rows without those whose code stands twice, or differs from a known one only by case."""
    seen: dict[str, UnitRow] = {}
    for row in rows:
        key = row.code.casefold()
        known = tree.by_key.get(key, row.code)
        if first := seen.get(key):
            message = f"和{_where(first, row)}的单位代码重复"
            problems.append(row.at.problem("code", "P-duplicate", message, "每个单位只写一行"))
        elif known != row.code:
            message = f"系统里是 {known}，只有大小写不同"
            problems.append(row.at.problem("code", "P-case", message, f"请改成 {known}"))
        else:
            seen[key] = row
    return list(seen.values())


def _where(first: UnitRow, row: UnitRow) -> str:
    sheet = f"「{first.at.sheet}」" if first.at.sheet != row.at.sheet else ""
    return f"{sheet} {first.at.address('code')} "


def _node(row: UnitRow, old: Node | None) -> Node:
    """The row as a node; blank cells leave what is there."""
    if old is None:
        kind = row.type or ("UNIT" if row.parent else "DISTRICT")
        return Node(row.code, row.name, kind, row.parent)
    name, kind = row.name or old.name, row.type or old.type
    return Node(row.code, name, kind, row.parent or old.parent, old.active, old.known)


def _misplaced(row: UnitRow, old: Node | None, tree: Tree) -> CellProblem | None:
    """What is wrong with where the unit would hang, or with who is asking."""
    node = tree.nodes[row.code]
    moved = old is None or node.parent != old.parent
    if old is not None and old.known and not tree.world.reaches(old.known.path):
        message = "这个代码已被使用，但不在您的管理范围内"
        return row.at.problem("code", "P-scope", message, "请换一个代码，或删去这一行")
    if moved and not node.parent and tree.world.roots is not None:
        message = "不能新建没有上级的机构"
        return row.at.problem("parent", "P-root", message, "请填写上级代码")
    if moved and node.parent:
        return _bad_parent(row, node, old, tree)
    return None


def _bad_parent(row: UnitRow, node: Node, old: Node | None, tree: Tree) -> CellProblem | None:
    parent = tree.nodes.get(node.parent)
    if tree.in_cycle(node.code):
        names = " → ".join(above.name for above in tree.ancestors(node.code))
        message = f"上下级绕成了一圈：{names} → {node.name}"
        return row.at.problem("parent", "P-cycle", message, _CORRECT_PARENT)
    if parent is None or not tree.in_scope(parent.code):
        message = "没有这个上级代码" + ("" if tree.root_ids is None else "，或者不在您的管理范围内")
        hint = tree.suggest(node.parent) or "请先添加上级机构，或改正上级代码"
        return row.at.problem("parent", "P-parent", message, hint)
    if old is not None and old.parent and not _was_reached(old.parent, tree):
        message = "这是您管理范围的最上级，不能移动"
        return row.at.problem("parent", "P-scope", message, "请由上级机构的系统管理员操作")
    if not parent.active:
        message = f"上级「{parent.name}」已停用"
        return row.at.problem("parent", "P-inactive", message, _CORRECT_PARENT)
    return None


def _was_reached(code: str, tree: Tree) -> bool:
    known = tree.nodes[code].known
    return known is not None and tree.world.reaches(known.path)


def _too_deep(rows: list[UnitRow], tree: Tree) -> list[CellProblem]:
    """Rows that put a unit, or one of those below it, deeper than there may be levels."""
    stated = {row.code: row for row in rows}
    guilty: dict[str, UnitRow] = {}
    for code in tree.nodes:
        line = tree.ancestors(code)
        moved = next((node.code for node in line if node.code in stated), None)
        if moved and len(line) > MAX_LEVELS:
            guilty[moved] = stated[moved]
    message = f"机构最多 {MAX_LEVELS} 级，这样放就超过了"
    return [
        row.at.problem("parent", "P-depth", message, _CORRECT_PARENT) for row in guilty.values()
    ]


def _same_names(rows: list[UnitRow], tree: Tree) -> list[CellProblem]:
    """Two units of one name under one parent could not be told apart."""
    siblings: dict[tuple[str, str], list[str]] = {}
    for node in tree.nodes.values():
        if node.active:
            siblings.setdefault((node.parent, name_key(node.name)), []).append(node.code)
    found = []
    for row in rows:
        node = tree.nodes[row.code]
        codes = siblings.get((node.parent, name_key(node.name)), [])
        others = [code for code in codes if code != row.code]
        if others and row.name and tree.in_scope(node.parent):
            message = f"同一上级下已有同名机构（代码 {others[0]}）"
            found.append(row.at.problem("name", "P-sibling", message, "请改名称，或删去重复的一行"))
    return found


def _plan(row: UnitRow, old: Node | None, tree: Tree) -> UnitPlan | None:
    node = tree.nodes[row.code]
    diffs: list[Diff] = []
    if old is not None:
        pairs = (
            (UNIT_TITLES["name"], old.name, node.name),
            (UNIT_TITLES["type"], UNIT_TYPE_NAMES[old.type], UNIT_TYPE_NAMES[node.type]),
            (UNIT_TITLES["parent"], old.parent, node.parent),
        )
        diffs = [pair for pair in pairs if pair[1] != pair[2]]
        if not diffs:
            return None
    known = old.known if old else None
    cell = row.at.address("code")
    return UnitPlan(node.code, node.name, node.type, node.parent, known, tuple(diffs), cell)
