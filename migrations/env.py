"""Alembic environment. The URL comes from `elearn.migrate` (config attribute), never from an ini."""

from alembic import context
from sqlalchemy import Connection

from elearn import db
from elearn.models import Base

config = context.config


def run(connection: Connection) -> None:
    """SQLite alters tables by copying them, so migrations run in batch mode there."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


given = config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = db.make_engine(config.get_main_option("sqlalchemy.url") or "")
    with engine.begin() as opened:
        run(opened)
    engine.dispose()
