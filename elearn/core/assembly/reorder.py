"""Printed forms of one draw: (run seed, letter) -> paper, bit for bit the same on any machine.

SHUFFLED: the questions of one draw in another order within their sections, options in another
order where the blueprint lets options be shuffled and the author did not fix them. Everybody has
the same questions, and the neighbour's letters are of no use.
"""

from collections.abc import Mapping
from dataclasses import replace

from elearn.core.questions.model import QuestionType

from .drbg import Stream
from .model import Blueprint
from .paper import Paper, PaperItem, PaperSection
from .pool import PoolItem


def reordered(
    paper: Paper, shapes: Mapping[str, PoolItem], blueprint: Blueprint, seed: str
) -> Paper:
    """The same questions for the same points. `shapes` by revision hash."""
    number, sections = 1, []
    for at, section in enumerate(paper.sections):
        items = list(section.items)
        if blueprint.shuffle_questions:
            Stream(seed, f"form-order/{at}").shuffle(items)
        placed = tuple(
            _place(item, number + index, shapes[item.revision_hash], blueprint, seed)
            for index, item in enumerate(items)
        )
        number += len(placed)
        sections.append(PaperSection(section.name, section.type, section.group, placed))
    return Paper(paper.draw_version, tuple(sections))


def _place(
    item: PaperItem, number: int, shape: PoolItem, blueprint: Blueprint, seed: str
) -> PaperItem:
    parts = []
    for at, (part, known) in enumerate(zip(item.parts, shape.parts, strict=True)):
        order = list(range(len(part.option_order)))
        kept = known.fixed_order or part.type is QuestionType.TRUE_FALSE
        if blueprint.shuffle_options and not kept:
            Stream(seed, f"form-options/{item.revision_hash}/{at}").shuffle(order)
        parts.append(replace(part, option_order=tuple(order)))
    return replace(item, number=number, parts=tuple(parts))
