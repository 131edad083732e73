"""Evidence tables are guarded by the database itself, after all migrations, on both databases."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from elearn.models import APPEND_ONLY, Base


def test_every_evidence_table_has_its_guards(session: Session) -> None:
    assert len(set(APPEND_ONLY)) == len(APPEND_ONLY)
    assert set(APPEND_ONLY) <= set(Base.metadata.tables)
    if session.get_bind().dialect.name == "sqlite":
        names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        wanted = {f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete")}
    else:
        names = session.scalars(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"))
        wanted = {f"{table}_append_only" for table in APPEND_ONLY}
    assert set(names) == wanted
