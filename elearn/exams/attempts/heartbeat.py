"""When a sweeper last finished a round: what tells "nothing to close" from "nobody closes".

One row for all processes. A round takes five seconds, the row is written at most every half a
minute, and a reader looks first: an idle server hardly ever takes SQLite's write lock.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, or_, select, update
from sqlalchemy.orm import Session

from elearn import db
from elearn.inserting import insert_new
from elearn.models import SweeperBeat

WRITTEN_EVERY: Final = timedelta(seconds=30)
#: Without a round for so long nobody closes attempts.
SILENT_AFTER: Final = timedelta(minutes=2)
ONLY: Final = 1


def last_round(session: Session) -> datetime | None:
    """When a sweeper last finished a round, to half a minute; None: never."""
    return session.scalar(select(SweeperBeat.finished_at).where(SweeperBeat.id == ONLY))


def is_silent(finished_at: datetime | None, now: datetime) -> bool:
    """Is it so long ago that none runs? A time ahead of the clock proves nothing either: whoever
    runs would have written it anew."""
    return finished_at is None or abs(now - finished_at) > SILENT_AFTER


def beat(engine: Engine, *, now: datetime) -> None:
    """A round is finished. Of several processes one writes."""
    with db.new_session(engine, write=False) as work:
        if not _is_due(last_round(work), now):
            return
    with db.transaction(engine) as work:
        written = work.execute(
            update(SweeperBeat)
            .where(
                SweeperBeat.id == ONLY,
                or_(
                    SweeperBeat.finished_at <= now - WRITTEN_EVERY,
                    SweeperBeat.finished_at > now,
                ),
            )
            .values(finished_at=now)
        )
        if written.rowcount == 0:  # type: ignore[attr-defined]  # a CursorResult
            insert_new(work, SweeperBeat, {"id": ONLY, "finished_at": now})


def _is_due(finished_at: datetime | None, now: datetime) -> bool:
    return finished_at is None or not now - WRITTEN_EVERY < finished_at <= now
