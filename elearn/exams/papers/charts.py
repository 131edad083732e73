"""Bars for a server-made SVG: numbers to rectangles. The table beside it says the same in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 200
# Room for the words under and the number above the bars.
FOOT: Final = 24
HEAD: Final = 20
MOST_BARS: Final = 20


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in user units of the drawing; `middle` is where its words are centred."""

    label: str
    count: int
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        """Horizontal centre."""
        return self.x + self.width // 2


def bars(rows: Sequence[tuple[str, int]]) -> list[Bar]:
    """Bars of equal width, as tall as their count is of the largest."""
    most = max((count for _, count in rows), default=0) or 1
    step = WIDTH // max(1, len(rows))
    room = HEIGHT - FOOT - HEAD
    return [
        Bar(
            label,
            count,
            at * step + 1,
            HEIGHT - FOOT - room * count // most,
            max(1, step - 2),
            room * count // most,
        )
        for at, (label, count) in enumerate(rows)
    ]


def binned(counts: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """(low, high, count) of equal steps 1, 2, 5, 10, … covering the values in at most 20."""
    if not counts:
        return []
    low, high = min(counts), max(counts)
    step = next(size for size in _steps() if high // size - low // size + 1 <= MOST_BARS)
    first = low // step
    found = [0] * (high // step - first + 1)
    for value, count in counts.items():
        found[value // step - first] += count
    return [
        ((first + at) * step, (first + at + 1) * step - 1, count) for at, count in enumerate(found)
    ]


def _steps() -> Sequence[int]:
    return [size * 10**power for power in range(9) for size in (1, 2, 5)]
