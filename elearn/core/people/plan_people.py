"""People of the file beside the people there are: new, changed, the same, or a problem."""

from dataclasses import dataclass

from elearn.core.people.columns import PARTY_NAMES, TITLES
from elearn.core.people.plan_units import Diff
from elearn.core.people.roster import CellProblem, PersonRow
from elearn.core.people.tree import Node, Tree
from elearn.core.people.world import KnownPerson


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """A person to write. `unit` is a code; `diffs` are (title, old, new) for one that exists."""

    staff_no: str
    name: str
    unit: str
    rank: str
    post: str
    is_leader: bool
    party: str
    active: bool
    known: KnownPerson | None
    diffs: tuple[Diff, ...]
    cell: str
    promoted_on: str = ""

    @property
    def deactivates(self) -> bool:
        """Takes away a sign-in that there is."""
        return self.known is not None and self.known.active and not self.active

    @property
    def reactivates(self) -> bool:
        """Gives back a sign-in."""
        return self.known is not None and not self.known.active and self.active


def plan_people(
    rows: list[PersonRow], tree: Tree, problems: list[CellProblem]
) -> tuple[list[PersonPlan], int]:
    """Which people would be written; and how many rows write nothing."""
    planner = _Planner(tree, problems)
    plans = [planner.plan(row) for row in rows]
    return [p for p in plans if p and (p.known is None or p.diffs)], sum(
        p is not None and p.known is not None and not p.diffs for p in plans
    )


class _Planner:
    """People by staff number, units by id, and what has been seen in the file."""

    def __init__(self, tree: Tree, problems: list[CellProblem]) -> None:
        self.tree = tree
        self.problems = problems
        self.units = {unit.id: unit for unit in tree.world.units}
        self.known = {person.staff_no: person for person in tree.world.people}
        self.by_key = {person.staff_no.casefold(): person for person in tree.world.people}
        self.without_zeros = {
            number.lstrip("0"): number for number in self.known if number.startswith("0")
        }
        self.seen: dict[str, PersonRow] = {}

    def plan(self, row: PersonRow) -> PersonPlan | None:
        """None when the row cannot be used (the problem is noted)."""
        node = self._unit(row)
        if not row.staff_no or not self._is_first(row) or not self._is_written_right(row):
            return None
        known = self.known.get(row.staff_no)
        if known and not self.tree.world.reaches(self.units[known.unit_id].path):
            message = "这个工号的人员不在您的管理范围内"
            self._fail(row, "staff_no", "P-scope", message, "调入人员请由原单位的系统管理员先调出")
            return None
        if node is None or not row.name:
            return None
        plan = self._new(row, node) if known is None else self._changed(row, node, known)
        self._check_change(row, plan)
        return plan

    def _fail(
        self, row: PersonRow, name: str, code: str, message: str, hint: str, severity: str = "error"
    ) -> None:
        self.problems.append(row.at.problem(name, code, message, hint, severity=severity))

    def _unit(self, row: PersonRow) -> Node | None:
        if not (row.unit_code or row.unit_name):
            return None  # noted when the row was read
        found = self.tree.find(row.unit_code, row.unit_name)
        if found.problem == "P-inactive" and row.active is False:
            return found.node  # who has left may stay where the unit was
        if found.problem:
            name = "unit_code" if row.unit_code else "unit_name"
            self._fail(row, name, found.problem, found.message, found.hint)
            return None
        return found.node

    def _is_first(self, row: PersonRow) -> bool:
        first = self.seen.setdefault(row.staff_no.casefold(), row)
        if first is row:
            return True
        sheet = f"「{first.at.sheet}」" if first.at.sheet != row.at.sheet else ""
        message = f"和{sheet} {first.at.address('staff_no')}（{first.name}）的工号重复"
        self._fail(row, "staff_no", "P-duplicate", message, "每人只写一行，请删去或改正其中一行")
        return False

    def _is_written_right(self, row: PersonRow) -> bool:
        """Not another spelling of a staff number there is already."""
        number = row.staff_no
        if number in self.known:
            return True
        if other := self.by_key.get(number.casefold()):
            message = f"系统里是 {other.staff_no}，只有大小写不同"
            self._fail(row, "staff_no", "P-case", message, f"请改成 {other.staff_no}")
            return False
        if other_number := self.without_zeros.get(number):
            lost = not isinstance(row.at.value("staff_no"), str)
            message = f"系统里有工号 {other_number}，表格软件可能去掉了前面的 0"
            hint = "请把这一列设成“文本”格式，补上前面的 0"
            if not lost:
                hint = f"如果是同一个人，请改成 {other_number}；不是则不用理会"
            severity = "error" if lost else "warning"
            self._fail(row, "staff_no", "P-zeros", message, hint, severity)
            return not lost
        return True

    def _new(self, row: PersonRow, node: Node) -> PersonPlan:
        return PersonPlan(
            staff_no=row.staff_no,
            name=row.name,
            unit=node.code,
            rank=row.rank or "",
            post=row.post or "",
            is_leader=bool(row.is_leader),
            party=row.party or "",
            active=row.active is not False,
            known=None,
            diffs=(),
            cell=row.at.address("staff_no"),
            promoted_on=row.promoted_on or "",
        )

    def _changed(self, row: PersonRow, node: Node, known: KnownPerson) -> PersonPlan:
        """None in the row leaves what is there."""
        rank = known.rank if row.rank is None else row.rank
        post = known.post if row.post is None else row.post
        leads = known.is_leader if row.is_leader is None else row.is_leader
        party = known.party if row.party is None else row.party
        active = known.active if row.active is None else row.active
        promoted = known.promoted_on if row.promoted_on is None else row.promoted_on
        unit = self.units[known.unit_id]
        pairs = (
            (TITLES["name"], known.name, row.name),
            (
                TITLES["unit_name"],
                _unit_text(unit.name, unit.code),
                _unit_text(node.name, node.code),
            ),
            (TITLES["rank"], known.rank, rank),
            (TITLES["post"], known.post, post),
            (TITLES["is_leader"], _yes_no(known.is_leader), _yes_no(leads)),
            (TITLES["party"], PARTY_NAMES.get(known.party, ""), PARTY_NAMES.get(party, "")),
            (TITLES["promoted_on"], known.promoted_on, promoted),
            (TITLES["active"], _state(known.active), _state(active)),
        )
        diffs = [pair for pair in pairs if pair[1] != pair[2]]
        if unit.code == node.code:  # the unit itself was renamed: no change of the person
            diffs = [diff for diff in diffs if diff[0] != TITLES["unit_name"]]
        return PersonPlan(
            known.staff_no, row.name, node.code, rank, post, leads, party, active,
            known, tuple(diffs), row.at.address("staff_no"), promoted,
        )  # fmt: skip

    def _check_change(self, row: PersonRow, plan: PersonPlan) -> None:
        known = plan.known
        if known is None:
            return
        if plan.deactivates and (reason := self.tree.world.kept.get(known.id)):
            self._fail(row, "active", "P-kept", reason, "请删去这一行的状态")
        if known.name != plan.name:
            message = f"系统里这个工号是「{known.name}」，导入后姓名改为「{plan.name}」"
            self._fail(row, "name", "P-name", message, "如果不是同一个人，请换一个工号", "warning")


def _unit_text(name: str, code: str) -> str:
    return f"{name}（{code}）"


def _yes_no(value: bool) -> str:  # noqa: FBT001  # a word for a value
    return "是" if value else "否"


def _state(active: bool) -> str:  # noqa: FBT001  # the same
    return "在职" if active else "停用"
