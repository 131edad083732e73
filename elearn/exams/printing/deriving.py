"""The forms of a run: a function of bank, blueprint, mode and seed, so that they can be proved."""

from typing import Final

from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.paper import Paper
from elearn.core.assembly.reorder import reordered
from elearn.exams.papers.snapshots import Stock, plan_for
from elearn.models import PrintMode

FORMS: Final = "ABCD"


def derive_forms(
    stock: Stock, *, blueprint: Blueprint, mode: PrintMode, seed: str, forms: int
) -> dict[str, Paper]:
    """Letter -> paper. Raises Infeasible.

    PARALLEL form X is the draw of `seed/X`. SHUFFLED form A is the draw of `seed/A`; the others
    are its questions reordered by `seed/X`.
    """
    plan = plan_for(stock, blueprint)
    papers = {"A": plan.draw(form_seed(seed, "A"))}
    shapes = {item.revision_hash: item for item in stock.pool}
    for letter in FORMS[1:forms]:
        own = form_seed(seed, letter)
        if mode == PrintMode.PARALLEL:  # a row holds the word
            papers[letter] = plan.draw(own)
        else:
            papers[letter] = reordered(papers["A"], shapes, blueprint, own)
    return papers


def form_seed(seed: str, letter: str) -> str:
    """What an attempt made from this form names as its seed."""
    return f"{seed}/{letter}"
