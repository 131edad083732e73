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

from elearn.bank.queries import bank_hash, load_shapes, pool_hashes, pool_mark
from elearn.core.assembly.draw import Plan, plan_draw
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.pool import PoolItem
from elearn.core.canonical import canonical_json, content_hash
from elearn.core.errors import NotFound
from elearn.models import BankSnapshot

from .estimates import estimates_in_force, estimates_of

PLANS_KEPT: Final = 16
STOCKS_KEPT: Final = 8
# A plan is a pure function of the two hashes that name it: remembering it changes nothing.
_plans: dict[tuple[str, str], Plan] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True)
class _Pool:
    """The pool of one database; `mark` tells when it is not the same any more."""

    database: str
    mark: tuple[str, ...]
    items: Sequence[PoolItem]
    bank_hash: str


_last: list[_Pool] = []
# By the hashes of bank and estimates, which decide everything in a stock.
_stocks: dict[tuple[str, str | None], "Stock"] = {}


@dataclass(frozen=True, slots=True)
class Stock:
    """The bank at one moment: the pool, estimates of facility (revision hash -> permille), and
    the two hashes that name them."""

    pool: Sequence[PoolItem]
    estimates: Mapping[str, int]
    bank_hash: str
    snapshot_hash: str


def current_stock(session: Session, estimates: str | None) -> Stock:
    """The bank as it is now, with the set of `estimates` of that hash. While revisions and set
    are those of an earlier call, so is everything worked out from them: one statement."""
    name, mark = str(session.get_bind().engine.url), pool_mark(session)
    last = _last[0] if _last else None
    if last is None or (last.database, last.mark) != (name, mark):
        shapes = load_shapes(session, pool_hashes(session))
        last = _Pool(name, mark, shapes, bank_hash(shapes))
        _last[:] = [last]
    stock = _stocks.get((last.bank_hash, estimates))
    if stock is None:
        levels = estimates_of(session, estimates)
        hashes = (item.revision_hash for item in last.items)
        known = {digest: levels[digest] for digest in hashes if digest in levels}
        snapshot = _snapshot_hash(last.bank_hash, known)
        stock = Stock(last.items, known, last.bank_hash, snapshot)
        with _lock:
            if len(_stocks) >= STOCKS_KEPT:
                _stocks.clear()
            _stocks[last.bank_hash, estimates] = stock
    return stock


def newest_stock(session: Session) -> Stock:
    """The bank as it is now, with the estimates in force: what an exam scheduled now will get."""
    return current_stock(session, estimates_in_force(session))


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
