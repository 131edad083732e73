"""Writing the audit log. Called by services, inside the transaction of the act itself."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from elearn.core.access import Actor
from elearn.models import AuditEntry


def record_act(
    session: Session,
    *,
    actor: Actor | None,
    action: str,
    now: datetime,
    object_type: str = "",
    object_id: object = "",
    summary: str = "",
    detail: dict[str, Any] | None = None,
    ok: bool = True,
) -> AuditEntry:
    """Add one entry. `action` is `noun.verb`, e.g. `exam.schedule`; `summary` is Chinese, for the
    audit page; `detail` holds before/after values, never passwords, keys or answers.

    `actor` None means the system itself (command line, deadline closing).
    """
    entry = AuditEntry(
        at=now,
        actor_id=actor.person_id if actor else None,
        actor_name=f"{actor.name}（{actor.staff_no}）" if actor else "系统",
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        summary=_one_line(summary)[:300],
        detail=detail or {},
        source=actor.source if actor else "",
        ok=ok,
    )
    session.add(entry)
    session.flush()
    return entry


def record_acts(
    session: Session,
    *,
    actor: Actor | None,
    action: str,
    object_type: str,
    acts: Iterable[tuple[str, str, dict[str, Any]]],
    now: datetime,
) -> None:
    """Many entries of one action at once: `acts` are (object id, summary, detail)."""
    common = {
        "at": now,
        "actor_id": actor.person_id if actor else None,
        "actor_name": f"{actor.name}（{actor.staff_no}）" if actor else "系统",
        "action": action,
        "object_type": object_type,
        "source": actor.source if actor else "",
    }
    rows = [
        {**common, "object_id": key, "summary": _one_line(summary)[:300], "detail": detail}
        for key, summary, detail in acts
    ]
    if rows:
        session.execute(insert(AuditEntry), rows)


def _one_line(text: str) -> str:
    """Control characters cannot forge a second line in an exported log."""
    return "".join(c if c.isprintable() else " " for c in text)
