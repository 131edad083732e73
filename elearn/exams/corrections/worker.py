"""Carries corrections out in the background: previews while proposed, regrades once approved."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine

from elearn import db
from elearn.models import CorrectionState, KeyCorrection

from .regrading import BATCH, apply_some, preview_some, work_waiting

ROUNDS: Final = 100  # batches before others get a turn


def advance(
    engine: Engine | Connection, *, now: datetime, batch: int = BATCH, rounds: int = ROUNDS
) -> int:
    """Do up to `rounds` batches; returns how many attempts were worked on.

    Looks with a reader first: an idle server takes no write lock.
    """
    worked = 0
    for _ in range(rounds):
        with db.new_session(engine, write=False) as work:
            waiting = work.scalar(work_waiting().limit(1))
            if waiting is None:
                return worked
            correction_id = waiting.id
        with db.transaction(engine) as work:
            correction = work.get_one(KeyCorrection, correction_id)
            if correction.state == CorrectionState.PROPOSED:
                done = preview_some(work, correction=correction, limit=batch)
            else:
                done = apply_some(work, correction=correction, now=now, limit=batch)
        worked += done
        if done == 0:
            return worked  # another process holds what is left, or the last one was closed
    return worked
