"""An INSERT that a unique index may turn down, in one statement on either database."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

E = TypeVar("E")


def insert_new(work: Session, entity: type[E], values: Mapping[str, Any]) -> E | None:
    """The new row; None, and nothing written, when a unique index already has it.

    One statement: a savepoint around an INSERT would be three.
    """
    make = sqlite_insert if work.get_bind().dialect.name == "sqlite" else postgresql_insert
    return work.scalar(make(entity).on_conflict_do_nothing().returning(entity), values)
