"""Which sections can be filled together: a maximum flow from kinds of items to sections.

Items that qualify for exactly the same sections are interchangeable, so the network has one node
per such kind (`Kind`, a bit mask of section indexes) and stays small however large the bank is.
"""

from collections import deque
from collections.abc import Iterable, Mapping

Kind = int


class Allocation:
    """How many items of each kind are set aside for each section.

    `sizes`: items left per kind. `needs`: items wanted per section. After `fill`, the sections
    have as much set aside together as any arrangement could give them.
    """

    def __init__(self, sizes: Mapping[Kind, int], needs: Iterable[int]):
        self.sizes = dict(sorted(sizes.items()))
        self.needs = list(needs)
        self._load = dict.fromkeys(self.sizes, 0)
        self._plan: list[dict[Kind, int]] = [
            {kind: 0 for kind in self.sizes if kind >> s & 1} for s in range(len(self.needs))
        ]

    def copy(self) -> "Allocation":
        """An independent copy, for one draw."""
        twin = Allocation({}, ())
        twin.sizes = dict(self.sizes)
        twin.needs = list(self.needs)
        twin._load = dict(self._load)
        twin._plan = [dict(plan) for plan in self._plan]
        return twin

    def served(self, section: int) -> int:
        """Items set aside for a section."""
        return sum(self._plan[section].values())

    def fill(self) -> set[int]:
        """Serve all sections as far as possible; the sections that compete for too few items.

        The result is empty when everything can be filled. Otherwise it is the smallest set of
        sections whose joint need exceeds the items any of them may use by the most (a violation
        of Hall's condition), found as the source side of the minimum cut.
        """
        for section, need in enumerate(self.needs):
            while self.served(section) < need and not self._augment(section):
                pass
        short: set[int] = set()
        for section, need in enumerate(self.needs):
            if self.served(section) < need:
                short |= self._augment(section)
        return short

    def take(self, kind: Kind, section: int) -> bool:
        """Give one item of `kind` to `section` for good, if all other needs can still be met.

        Needs a filled allocation without shortage and an item of that kind left. On False nothing
        has changed, and it stays False for this pair: later takes only make the rest tighter.
        """
        plan = self._plan[section]
        if plan[kind]:
            plan[kind] -= 1
            self._load[kind] -= 1
        elif not self._reroute(kind, section):
            return False
        self.sizes[kind] -= 1
        return True

    def _reroute(self, kind: Kind, section: int) -> bool:
        plan = self._plan[section]
        instead = next(k for k, n in plan.items() if n)
        plan[instead] -= 1
        self._load[instead] -= 1
        if self._load[kind] < self.sizes[kind]:
            return True
        robbed = next(s for s, p in enumerate(self._plan) if p.get(kind))
        self._plan[robbed][kind] -= 1
        self.sizes[kind] -= 1
        self._load[kind] -= 1
        moved = not self._augment(robbed)
        self.sizes[kind] += 1
        if not moved:
            self._plan[robbed][kind] += 1
            self._load[kind] += 1
            plan[instead] += 1
            self._load[instead] += 1
        return moved

    def _augment(self, section: int) -> set[int]:
        """One more item for `section`, moving others if need be; the sections reached if none."""
        came_from: dict[int, tuple[int, Kind]] = {}
        seen = {section}
        queue = deque([section])
        while queue:
            at = queue.popleft()
            for kind in self._plan[at]:
                if self._load[kind] < self.sizes[kind]:
                    self._shift(at, kind, came_from)
                    return set()
                for other, plan in enumerate(self._plan):
                    if other not in seen and plan.get(kind):
                        seen.add(other)
                        came_from[other] = (at, kind)
                        queue.append(other)
        return seen

    def _shift(self, at: int, kind: Kind, came_from: Mapping[int, tuple[int, Kind]]) -> None:
        self._load[kind] += 1
        self._plan[at][kind] += 1
        while at in came_from:
            before, passed = came_from[at]
            self._plan[at][passed] -= 1
            self._plan[before][passed] += 1
            at = before
