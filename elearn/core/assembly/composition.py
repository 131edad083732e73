"""Can sections and quotas be met together? Small linear constraints over whole numbers.

Items that qualify for the same sections and quotas are interchangeable, so the unknowns are how
many of each such cell every section takes. Bounds propagation with branching decides it; the
answer is a composition that works - a witness -, or None.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MAX_NODES: Final = 3000

Cell = int
Variable = tuple[Cell, int]  # (cell, section)
Composition = dict[Variable, int]


@dataclass(frozen=True, slots=True)
class Row:
    """`low` <= sum of the variables <= `high`."""

    low: int
    high: int
    variables: tuple[Variable, ...]


class _GaveUp(Exception):
    """More branching than a page or a draw can wait for."""


def compose(
    sizes: Mapping[Cell, int], sections: Mapping[Cell, Sequence[int]], rows: Iterable[Row]
) -> Composition | None:
    """A composition meeting every row with no cell used up beyond its size; None when there is
    none, or none was found within `MAX_NODES` steps (then it is as good as none: never guessed).
    """
    bounds: dict[Variable, tuple[int, int]] = {}
    every = list(rows)
    for cell in sorted(sizes):
        variables = tuple((cell, s) for s in sections[cell])
        bounds |= dict.fromkeys(variables, (0, sizes[cell]))
        if len(variables) > 1:
            every.append(Row(0, sizes[cell], variables))
    search = _Search(every)
    try:
        found = search.run(bounds)
    except _GaveUp:
        return None
    return None if found is None else {v: low for v, (low, _) in found.items() if low}


class _Search:
    def __init__(self, rows: Sequence[Row]):
        self._rows = rows
        self._nodes = 0

    def run(
        self, bounds: dict[Variable, tuple[int, int]]
    ) -> dict[Variable, tuple[int, int]] | None:
        """Bounds narrowed to single values, or None. Each branch tries a value near the middle
        first and then what lies on either side of it, so nothing is left out."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _GaveUp
        if not self._propagate(bounds):
            return None
        open_ones = [v for v, (low, high) in bounds.items() if low < high]
        if not open_ones:
            return bounds
        variable = min(open_ones, key=lambda v: bounds[v][1] - bounds[v][0])
        low, high = bounds[variable]
        middle = (low + high) // 2
        for part in ((middle, middle), (low, middle - 1), (middle + 1, high)):
            if part[0] <= part[1]:
                found = self.run({**bounds, variable: part})
                if found is not None:
                    return found
        return None

    def _propagate(self, bounds: dict[Variable, tuple[int, int]]) -> bool:
        changed = True
        while changed:
            changed = False
            for row in self._rows:
                least = sum(bounds[v][0] for v in row.variables)
                most = sum(bounds[v][1] for v in row.variables)
                if least > row.high or most < row.low:
                    return False
                if least >= row.low and most <= row.high:
                    continue
                for variable in row.variables:
                    low, high = bounds[variable]
                    new = (max(low, row.low - most + high), min(high, row.high - least + low))
                    if new != (low, high):
                        bounds[variable] = new
                        least += new[0] - low
                        most += new[1] - high
                        changed = True
        return True
