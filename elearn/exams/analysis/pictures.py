"""Coordinates of the pictures; the templates draw them as SVG, each beside a table that says the
same in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from elearn.models import ItemAnalysis

WIDTH: Final = 640
HEIGHT: Final = 240
LEFT: Final = 44
BOTTOM: Final = 34
TOP: Final = 18
MOST_DOTS: Final = 800  # more would be a page of its own, and no longer dots


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of a histogram, in SVG units; `label` under it, `count` above it."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Dot:
    """One item: facility to the right, discrimination upwards."""

    x: float
    y: float
    code: str
    marked: bool


def histogram(bins: Sequence[int]) -> list[Bar]:
    """Scores in tenths of full marks."""
    top, room = max(bins, default=0) or 1, (WIDTH - LEFT) / max(1, len(bins))
    plot = HEIGHT - BOTTOM - TOP
    bars = []
    for at, count in enumerate(bins):
        height = plot * count / top
        last = at == len(bins) - 1
        label = f"{10 * at}–{100 if last else 10 * at + 9}"
        bars.append(
            Bar(
                x=round(LEFT + at * room + 3, 1),
                y=round(HEIGHT - BOTTOM - height, 1),
                width=round(room - 6, 1),
                height=round(height, 1),
                label=label,
                count=count,
            )
        )
    return bars


def scatter(items: Sequence[ItemAnalysis]) -> list[Dot]:
    """Items that have a discrimination, from -1 at the bottom to 1 at the top."""
    plot = HEIGHT - BOTTOM - TOP
    return [
        Dot(
            x=round(LEFT + (WIDTH - LEFT - 8) * item.facility, 1),
            y=round(TOP + plot * (1 - item.discrimination) / 2, 1),
            code=item.code,
            marked=item.attention >= 15,
        )
        for item in items[:MOST_DOTS]
        if item.discrimination is not None
    ]
