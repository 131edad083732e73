"""What a paper was drawn from, kept so that it can be drawn again after the bank has changed."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.bank.queries import bank_hash, load_shapes, pool_hashes
from elearn.core.assembly.draw import Plan, plan_draw
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.pool import PoolItem
from elearn.core.canonical import canonical_json, content_hash
from elearn.core.errors import NotFound
from elearn.models import BankSnapshot

PLANS_KEPT: Final = 16
# A plan is a pure function of the two hashes that name it: remembering it changes nothing.
_plans: dict[tuple[str, str], Plan] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True)
class _Pool:
    """The pool of one set of revisions."""

    hashes: tuple[str, ...]
    items: Sequence[PoolItem]
    bank_hash: str


_last: list[_Pool] = []


@dataclass(frozen=True, slots=True)
class Stock:
    """The bank at one moment: the pool, estimates of facility (revision hash -> permille), and
    the two hashes that name them."""

    pool: Sequence[PoolItem]
    estimates: Mapping[str, int]
    bank_hash: str
    snapshot_hash: str


def stored_estimates(session: Session, pool: Sequence[PoolItem]) -> dict[str, int]:  # noqa: ARG001 - statistics fill it
    """Revision hash -> facility in permille estimated from answers; what is not here falls back
    to the prior of its difficulty (`core/assembly/facility.py`)."""
    return {}


def current_stock(session: Session) -> Stock:
    """The bank as it is now. While its revisions are the ones of the last call, so is the pool."""
    hashes = tuple(pool_hashes(session))
    last = _last[0] if _last else None
    if last is None or last.hashes != hashes:
        shapes = load_shapes(session, hashes)
        last = _Pool(hashes, shapes, bank_hash(shapes))
        _last[:] = [last]
    estimates = stored_estimates(session, last.items)
    return Stock(last.items, estimates, last.bank_hash, _snapshot_hash(last.bank_hash, estimates))


def stock_of(session: Session, snapshot_hash: str) -> Stock:
    """The bank as it was. Raises NotFound when this snapshot was never kept."""
    row = session.scalar(select(BankSnapshot).where(BankSnapshot.hash == snapshot_hash))
    if row is None:
        raise NotFound("没有保存当时的题库快照。", code="E-SNAPSHOT")
    stored = json.loads(zlib.decompress(row.data))
    pool = load_shapes(session, stored["revisions"])
    return Stock(pool, dict(stored["estimates"]), row.bank_hash, row.hash)


def keep_snapshot(session: Session, *, stock: Stock, now: datetime) -> str:
    """Store the stock unless it is stored; two processes at once store it once."""
    known = select(BankSnapshot.id).where(BankSnapshot.hash == stock.snapshot_hash)
    if session.scalar(known) is None:
        content = {
            "revisions": sorted(item.revision_hash for item in stock.pool),
            "estimates": [[digest, level] for digest, level in sorted(stock.estimates.items())],
        }
        row = BankSnapshot(
            hash=stock.snapshot_hash,
            bank_hash=stock.bank_hash,
            data=zlib.compress(canonical_json(content).encode()),
            made_at=now,
        )
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            pass  # somebody else kept the same snapshot meanwhile
    return stock.snapshot_hash


def plan_for(stock: Stock, blueprint: Blueprint) -> Plan:
    """The plan of a blueprint on this stock. Raises Infeasible."""
    name = (stock.snapshot_hash, blueprint.revision_hash)
    plan = _plans.get(name)
    if plan is None:
        plan = plan_draw(stock.pool, blueprint, stock.estimates)
        with _lock:
            if len(_plans) >= PLANS_KEPT:
                _plans.clear()
            _plans[name] = plan
    return plan


def _snapshot_hash(bank: str, estimates: Mapping[str, int]) -> str:
    if not estimates:
        return bank
    return content_hash(
        {"bank": bank, "estimates": [list(pair) for pair in sorted(estimates.items())]}
    )
