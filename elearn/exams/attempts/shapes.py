"""The shape of a paper: what can be answered where, remembered per process.

A stored paper never changes, so its shape is a constant of its hash. A save that finds the shape
here needs no look at the paper.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any, Final

from elearn.core.assembly.paper import PaperPart
from elearn.core.grading.grade import Place
from elearn.core.questions.model import QuestionType
from elearn.models import Attempt

SHAPES_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class Slot:
    """A part and where it is in the mask: at `at`, its item from `first` for `count` parts."""

    part: PaperPart
    at: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Slots by (item from 1, part from 0), in paper order."""

    slots: Mapping[Place, Slot]
    items: frozenset[int]

    def answered(self, mask: str) -> int:
        """Items with an answer to any part, by a mask of this paper."""
        return len({item for (item, _), slot in self.slots.items() if mask[slot.at] == "1"})

    def mask(self, answered: Mapping[Place, Any]) -> str:
        """`1` for every part in `answered`."""
        return "".join("1" if place in answered else "0" for place in self.slots)


_by_hash: OrderedDict[str, Shape] = OrderedDict()
_by_attempt: OrderedDict[str, Shape] = OrderedDict()
_lock = Lock()


def known_shape(public_id: str) -> Shape | None:
    """The shape of an attempt this process has seen."""
    return _by_attempt.get(public_id)


def shape_of(attempt: Attempt) -> Shape:
    """The shape of the attempt's paper; remembered under the attempt, too."""
    shape = _by_hash.get(attempt.paper_hash)
    if shape is None:
        shape = read_shape(attempt.paper)
    with _lock:
        _keep(_by_hash, attempt.paper_hash, shape)
        _keep(_by_attempt, attempt.public_id, shape)
    return shape


def read_shape(paper: Mapping[str, Any]) -> Shape:
    """From `Paper.canonical()` as stored."""
    slots: dict[Place, Slot] = {}
    items = [item for section in paper["sections"] for item in section["items"]]
    for item in items:
        first, count = len(slots), len(item["parts"])
        for at, part in enumerate(item["parts"]):
            made = _part(
                part["type"], part["points_centi"], tuple(part["option_order"]), part["blanks"]
            )
            slots[item["number"], at] = Slot(made, first + at, first, count)
    return Shape(slots, frozenset(item["number"] for item in items))


@lru_cache(maxsize=4096)
def _part(kind: str, points_centi: int, order: tuple[int, ...], blanks: int) -> PaperPart:
    """Equal parts are one object: ten thousand papers differ in little else than their order."""
    return PaperPart(QuestionType(kind), points_centi, order, blanks)


def _keep(cache: OrderedDict[str, Shape], key: str, shape: Shape) -> None:
    cache[key] = shape
    cache.move_to_end(key)
    if len(cache) > SHAPES_KEPT:
        cache.popitem(last=False)
