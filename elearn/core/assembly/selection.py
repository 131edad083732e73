"""One paper in the making: which items are chosen, and the swaps that bring it into line.

Swaps look only at what an item counts for - section, quotas, facility -, and among items that
count alike the stream decides: questions no constraint tells apart always have equal chances.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from itertools import combinations_with_replacement
from typing import Final

from .composition import Composition
from .drbg import Stream
from .layout import Group, Layout

# Distinct steps of expected score looked at in pairs; more means steps are fine anyway.
MAX_STEPS: Final = 120

Slot = tuple[int, int]  # (section, place in it)


class Selection:
    """`chosen[s]` are item indexes; `blocked` items must not come in.

    `expected` is the expected score in thousandths of a hundredth of a point (permille of
    facility times hundredths of points): an integer, so every machine agrees.
    """

    def __init__(
        self, layout: Layout, chosen: Sequence[Sequence[int]], blocked: Collection[int] = ()
    ):
        self.layout = layout
        self.chosen = [list(items) for items in chosen]
        self.blocked = frozenset(blocked)
        self.taken = set(self.blocked).union(*self.chosen)

    @property
    def items(self) -> set[int]:
        """Everything chosen."""
        return set().union(*self.chosen)

    @property
    def expected(self) -> int:
        """Expected score, see the class."""
        facility = self.layout.facility
        return sum(
            points * facility[item]
            for points, items in zip(self.layout.points, self.chosen, strict=True)
            for item in items
        )

    def group(self, slot: Slot) -> Group:
        """The group of the item in that slot."""
        return self.layout.group_of[slot[0]][self.at(slot)]

    def at(self, slot: Slot) -> int:
        """The item in that slot."""
        return self.chosen[slot[0]][slot[1]]

    def slots(self, stream: Stream) -> list[Slot]:
        """Every slot, shuffled."""
        every = [(s, at) for s, items in enumerate(self.chosen) for at in range(len(items))]
        stream.shuffle(every)
        return every

    def swap(self, slot: Slot, item: int) -> None:
        """Put `item` in the slot; what was there is free again."""
        out = self.at(slot)
        self.chosen[slot[0]][slot[1]] = item
        self.taken.discard(out)
        self.taken.add(item)

    def free(self, items: Sequence[int], stream: Stream) -> int | None:
        """One of `items` not taken, uniformly; None when all are."""
        for _ in range(6):
            item = items[stream.below(len(items))]
            if item not in self.taken:
                return item
        left = [item for item in items if item not in self.taken]
        return left[stream.below(len(left))] if left else None

    # ---------------------------------------------------------------- quotas

    def misses(self, section: int) -> int:
        """By how many questions the quotas of a section are missed, together."""
        counts = [0] * len(self.layout.quotas[section])
        for at in range(len(self.chosen[section])):
            signature = self.group((section, at)).signature
            for q in range(len(counts)):
                counts[q] += signature >> q & 1
        return self._missed(section, counts)

    def meet_quotas(self, stream: Stream) -> bool:
        """Swap until every quota is met; False when no single swap helps any more."""
        for section, quotas in enumerate(self.layout.quotas):
            while quotas and self.misses(section):
                if not self._help(section, stream):
                    return False
        return True

    def refill(self, composition: Composition, stream: Stream) -> None:
        """Start again from a composition known to work; cells are drawn from uniformly."""
        self.taken = set(self.blocked)
        self.chosen = [[] for _ in self.chosen]
        for cell, section in sorted(composition):
            members = [i for i in self.layout.cells[cell] if i not in self.taken]
            stream.shuffle(members)
            new = members[: composition[cell, section]]
            self.chosen[section] += new
            self.taken.update(new)

    def _missed(self, section: int, counts: Sequence[int]) -> int:
        return sum(
            max(0, quota.least - n) + (max(0, n - quota.most) if quota.most is not None else 0)
            for quota, n in zip(self.layout.quotas[section], counts, strict=True)
        )

    def _help(self, section: int, stream: Stream) -> bool:
        places: dict[int, list[int]] = {}
        counts = [0] * len(self.layout.quotas[section])
        for at in range(len(self.chosen[section])):
            signature = self.group((section, at)).signature
            places.setdefault(signature, []).append(at)
            for q in range(len(counts)):
                counts[q] += signature >> q & 1
        now = self._missed(section, counts)
        moves = [
            (signature, group)
            for signature in sorted(places)
            for group in self.layout.groups[section]
            if self._missed(section, _moved(counts, signature, group.signature)) < now
        ]
        while moves:
            at = _weighted([len(places[out]) * into.size for out, into in moves], stream)
            out, into = moves.pop(at)
            item = self.free([i for same in into.items for i in same], stream)
            if item is not None:
                place = places[out][stream.below(len(places[out]))]
                self.swap((section, place), item)
                return True
        return False

    # ---------------------------------------------------------------- expected score

    def balance(self, target: int, tolerance: int, stream: Stream) -> bool:
        """Swap inside groups until `expected` is within `tolerance` of `target` (both in units of
        `expected`); False when neither one swap nor two together bring it nearer."""
        while abs(gap := target - self.expected) > tolerance:
            slots = self.slots(stream)
            if any(self._close(slot, gap, tolerance, stream) for slot in slots):
                return True
            if not self._approach(slots, gap, stream) and not self._pair(slots, gap, stream):
                return False
        return True

    def _close(self, slot: Slot, gap: int, tolerance: int, stream: Stream) -> bool:
        """One swap in this slot that ends the search, if there is one."""
        group, points = self.group(slot), self.layout.points[slot[0]]
        have = self.layout.facility[self.at(slot)]
        low = bisect_left(group.levels, have - (tolerance - gap) // points)
        high = bisect_right(group.levels, have + (gap + tolerance) // points)
        levels = [group.items[at] for at in range(low, high)]
        while levels:
            same = levels.pop(_weighted([len(items) for items in levels], stream))
            item = self.free(same, stream)
            if item is not None:
                self.swap(slot, item)
                return True
        return False

    def _approach(self, slots: Sequence[Slot], gap: int, stream: Stream) -> bool:
        """The swap that leaves the smallest gap, if it is smaller than now."""
        options = []
        for order, slot in enumerate(slots):
            group, points = self.group(slot), self.layout.points[slot[0]]
            have = self.layout.facility[self.at(slot)]
            wanted = bisect_left(group.levels, have + gap // points)
            for at in range(max(0, wanted - 1), min(len(group.levels), wanted + 2)):
                left = abs(gap - points * (group.levels[at] - have))
                if left < abs(gap):
                    options.append((left, order, at))
        for _, order, at in sorted(options):
            item = self.free(self.group(slots[order]).items[at], stream)
            if item is not None:
                self.swap(slots[order], item)
                return True
        return False

    def _pair(self, slots: Sequence[Slot], gap: int, stream: Stream) -> bool:
        """Two swaps that together leave a smaller gap: with five levels of difficulty a step up
        and a shorter step down is the finest move there is."""
        moves: dict[int, list[tuple[Slot, Sequence[int]]]] = {}
        for slot in slots:
            group, points = self.group(slot), self.layout.points[slot[0]]
            have = self.layout.facility[self.at(slot)]
            for level, same in zip(group.levels, group.items, strict=True):
                known = moves.setdefault(points * (level - have), [])
                if level != have and len(known) < 2:
                    known.append((slot, same))
            if len(moves) > MAX_STEPS:
                break  # fine-grained estimates: one swap gets near enough
        options = sorted(
            (abs(gap - first - second), first, second)
            for first, second in combinations_with_replacement(sorted(moves), 2)
            if abs(gap - first - second) < abs(gap)
        )
        return any(
            self._both(moves[first][0], moves[second][-1], stream)
            for _, first, second in options
            if moves[first] and moves[second]
        )

    def _both(
        self, one: tuple[Slot, Sequence[int]], two: tuple[Slot, Sequence[int]], stream: Stream
    ) -> bool:
        if one[0] == two[0]:
            return False
        first, second = self.free(one[1], stream), self.free(two[1], stream)
        if first is None or second is None or first == second:
            return False
        self.swap(one[0], first)
        self.swap(two[0], second)
        return True


def _moved(counts: Sequence[int], out: int, into: int) -> list[int]:
    return [n - (out >> q & 1) + (into >> q & 1) for q, n in enumerate(counts)]


def _weighted(weights: Sequence[int], stream: Stream) -> int:
    """An index with chances in proportion to its weight; all weights are positive."""
    at = stream.below(sum(weights))
    for index, weight in enumerate(weights):
        if at < weight:
            return index
        at -= weight
    raise AssertionError  # pragma: no cover - the stream stays below the sum
