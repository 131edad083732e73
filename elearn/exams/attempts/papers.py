"""Drawing papers from the bank as it is now, outside any exam (bench, trial draws)."""

from sqlalchemy.orm import Session

from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.paper import Paper
from elearn.exams.papers.snapshots import current_stock, plan_for


def draw_paper(session: Session, *, blueprint: Blueprint, seed: str) -> tuple[Paper, str]:
    """A paper and the hash of the bank it was drawn from. Raises Infeasible."""
    stock = current_stock(session, None)
    return plan_for(stock, blueprint).draw(seed), stock.bank_hash
