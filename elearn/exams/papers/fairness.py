"""The feasibility report of a blueprint: simulated once per (blueprint, bank), then remembered."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.simulation import Fairness, fairness_from_canonical
from elearn.core.centi import centi_text
from elearn.models import BlueprintReport

from .charts import binned
from .snapshots import Stock


def known_fairness(session: Session, blueprint: Blueprint, stock: Stock) -> Fairness | None:
    """The report for this blueprint on this bank, if it was made."""
    data = session.scalar(
        select(BlueprintReport.data).where(
            BlueprintReport.blueprint_hash == blueprint.revision_hash,
            BlueprintReport.snapshot_hash == stock.snapshot_hash,
        )
    )
    return fairness_from_canonical(data) if data else None


def keep_fairness(
    session: Session, *, blueprint: Blueprint, stock: Stock, fairness: Fairness, now: datetime
) -> None:
    """Remember a report; made twice at once it is the same twice."""
    if known_fairness(session, blueprint, stock) is not None:
        return
    row = BlueprintReport(
        blueprint_hash=blueprint.revision_hash,
        snapshot_hash=stock.snapshot_hash,
        data=fairness.canonical(),
        made_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        pass  # somebody else asked for the same report


def expected_rows(fairness: Fairness) -> list[tuple[str, int]]:
    """Papers per range of expected score."""
    return [(_range(low, high), count) for low, high, count in binned(fairness.expected)]


def overlap_rows(fairness: Fairness) -> list[tuple[str, int]]:
    """Pairs of papers per number of shared questions."""
    return [(_span(low, high), count) for low, high, count in binned(fairness.overlap)]


def exposure_rows(fairness: Fairness) -> list[tuple[str, int]]:
    """Questions per share of the papers (whole percent) they were in."""
    percent: dict[int, int] = {}
    for papers, questions in fairness.exposure.items():
        share = papers * 100 // max(1, fairness.papers)
        percent[share] = percent.get(share, 0) + questions
    return [(f"{_span(low, high)}%", count) for low, high, count in binned(percent)]


def _range(low: int, high: int) -> str:
    return centi_text(low) if low == high else f"{centi_text(low)}–{centi_text(high)}"


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}–{high}"
