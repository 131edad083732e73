"""Drawing papers from the bank as it is now."""

import logging
from collections.abc import Sequence
from threading import Lock
from typing import Final

from sqlalchemy.orm import Session

from elearn.bank.queries import bank_hash, load_pool
from elearn.core.assembly.draw import Plan, plan_draw
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.paper import Paper
from elearn.core.assembly.pool import PoolItem
from elearn.core.errors import Conflict, Infeasible

log = logging.getLogger("elearn")

PLANS_KEPT: Final = 16
# A plan is a pure function of the two hashes that name it: remembering it changes nothing.
_plans: dict[tuple[str, str], Plan] = {}
_lock = Lock()


def draw_paper(
    session: Session, *, blueprint: Blueprint, seed: str, avoid: frozenset[str] = frozenset()
) -> tuple[Paper, str]:
    """A paper and the hash of the bank it was drawn from; without the questions of codes `avoid`.

    Raises Conflict when the bank no longer fills the blueprint: never a shorter paper. The
    candidate is not told what is missing; the monitor is.
    """
    pool = load_pool(session)
    bank = bank_hash(pool)
    if avoid:
        return _plan([i for i in pool if i.code not in avoid], blueprint).draw(seed), bank
    name = (bank, blueprint.revision_hash)
    plan = _plans.get(name)
    if plan is None:
        plan = _plan(pool, blueprint)
        with _lock:
            if len(_plans) >= PLANS_KEPT:
                _plans.clear()
            _plans[name] = plan
    return plan.draw(seed), bank


def draw_unseen(
    session: Session, *, blueprint: Blueprint, seed: str, seen: frozenset[str]
) -> tuple[Paper, str, list[str] | None]:
    """A paper without questions the person has `seen`, and what was left out, to be stored.

    Where the bank is too small for that, questions may come again: (…, None). Nobody loses a make-up
    for it, and scheduling has tried the bank before.
    """
    if seen:
        try:
            paper, bank = draw_paper(session, blueprint=blueprint, seed=seed, avoid=seen)
        except Conflict:
            log.warning("the bank is too small to avoid %s seen questions", len(seen))
        else:
            return paper, bank, sorted(seen)
    paper, bank = draw_paper(session, blueprint=blueprint, seed=seed)
    return paper, bank, None


def _plan(pool: Sequence[PoolItem], blueprint: Blueprint) -> Plan:
    try:
        return plan_draw(pool, blueprint)
    except Infeasible as shortage:
        message = "试卷暂时出不了，您没有用掉考试机会。请联系考务人员处理后再试。"
        raise Conflict(message, code="E-SHORT") from shortage
