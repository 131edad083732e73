"""Drawing papers from the bank as it is now."""

from threading import Lock
from typing import Final

from sqlalchemy.orm import Session

from elearn.bank.queries import bank_hash, load_pool
from elearn.core.assembly.draw import Plan, plan_draw
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.paper import Paper
from elearn.core.errors import Conflict, Infeasible

PLANS_KEPT: Final = 16
# A plan is a pure function of the two hashes that name it: remembering it changes nothing.
_plans: dict[tuple[str, str], Plan] = {}
_lock = Lock()


def draw_paper(session: Session, *, blueprint: Blueprint, seed: str) -> tuple[Paper, str]:
    """A paper and the hash of the bank it was drawn from.

    Raises Conflict when the bank no longer fills the blueprint: never a shorter paper. The
    candidate is not told what is missing; the monitor is.
    """
    pool = load_pool(session)
    bank = bank_hash(pool)
    name = (bank, blueprint.revision_hash)
    plan = _plans.get(name)
    if plan is None:
        try:
            plan = plan_draw(pool, blueprint)
        except Infeasible as shortage:
            message = "试卷暂时出不了，您没有用掉考试机会。请联系考务人员处理后再试。"
            raise Conflict(message, code="E-SHORT") from shortage
        with _lock:
            if len(_plans) >= PLANS_KEPT:
                _plans.clear()
            _plans[name] = plan
    return plan.draw(seed), bank
