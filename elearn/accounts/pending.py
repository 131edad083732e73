"""An uploaded roster on its way: kept, checked as often as looked at, imported once."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from elearn.core.access import Actor
from elearn.core.errors import NotFound
from elearn.core.spreadsheet import read_table
from elearn.models import PendingImport

from .importing import Report, check_people_file, import_people_file
from .units import lock_tree

KEPT_FOR = timedelta(days=1)
PEOPLE = "people"


def keep_upload(
    session: Session, *, actor: Actor, filename: str, data: bytes, now: datetime
) -> PendingImport:
    """Keep the file for its next step; what was left lying for a day is thrown away.

    Raises Unreadable for what is no table at all: nothing of it is kept.
    """
    read_table(data)
    session.execute(
        delete(PendingImport).where(
            PendingImport.committed_at.is_(None), PendingImport.created_at < now - KEPT_FOR
        )
    )
    upload = PendingImport(
        person_id=actor.person_id,
        kind=PEOPLE,
        filename="".join(filter(str.isprintable, filename))[-200:] or "名册",
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        created_at=now,
    )
    session.add(upload)
    session.flush()
    return upload


def get_upload(session: Session, actor: Actor, public_id: str) -> PendingImport:
    """The actor's own upload. Raises NotFound for anybody else's."""
    upload = session.scalar(
        select(PendingImport).where(
            PendingImport.public_id == public_id, PendingImport.person_id == actor.person_id
        )
    )
    if upload is None:
        raise NotFound
    return upload


def imported_before(session: Session, upload: PendingImport) -> datetime | None:
    """When the actor imported the very same file last."""
    query = select(PendingImport.committed_at).where(
        PendingImport.sha256 == upload.sha256,
        PendingImport.person_id == upload.person_id,
        PendingImport.committed_at.is_not(None),
        PendingImport.id != upload.id,
    )
    return session.scalar(query.order_by(PendingImport.committed_at.desc()).limit(1))


def check_upload(session: Session, *, actor: Actor, upload: PendingImport, now: datetime) -> Report:
    """Check the kept file against what is there now."""
    data = upload.data or b""
    return check_people_file(session, data=data, filename=upload.filename, now=now, actor=actor)


def commit_upload(
    session: Session, *, actor: Actor, upload: PendingImport, fingerprint: str, now: datetime
) -> bool:
    """Import the file if it would still do exactly what was shown (`fingerprint`).

    False when people or units have changed since, or a cell has become wrong: nothing is written
    and the check is shown again. A second click finds it done: True.
    """
    session.refresh(upload, with_for_update=True)
    lock_tree(session)
    if upload.data is None:
        return True
    shown = check_upload(session, actor=actor, upload=upload, now=now)
    if shown.plan is None or not shown.is_right or shown.plan.fingerprint() != fingerprint:
        return False
    report = import_people_file(
        session, data=upload.data, filename=upload.filename, now=now, actor=actor
    )
    if not report.is_right:
        return False
    upload.data, upload.committed_at, upload.result = None, now, report.counts
    session.flush()
    return True
