"""A statement compiled once and sent as it is: for the few that run hundreds of times a second.

SQLAlchemy finds the compiled form of a statement by walking through it on every execution; for a
long one that costs more than the database's work. Types are converted as everywhere else.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]


class Prepared:
    """`columns`: the keys an INSERT is given. `returns`: the types of the columns it answers."""

    def __init__(
        self,
        statement: ClauseElement,
        dialect: Dialect,
        *,
        columns: Sequence[str] | None = None,
        returns: Sequence[TypeEngine[Any]] = (),
    ):
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(statement)
        self.text = str(compiled)
        self._order = compiled.positiontup
        self._fixed = {
            name: self._sent(bind.type, dialect, bind.value)
            for name, bind in compiled.binds.items()
            if not bind.required
        }
        self._convert = {
            name: convert
            for name, bind in compiled.binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._read = [
            each.dialect_impl(dialect).result_processor(dialect, None) for each in returns
        ]

    def run(self, connection: Connection, given: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row it answers, in the types of `returns`."""
        values = {**self._fixed, **given}
        for name, convert in self._convert.items():
            if name in given:
                values[name] = convert(given[name])
        sent = values if self._order is None else tuple(values[name] for name in self._order)
        result = connection.exec_driver_sql(self.text, sent)
        row = result.fetchone() if self._read else None
        if row is None:
            return None
        return tuple(
            read(value) if read is not None else value
            for read, value in zip(self._read, row, strict=True)
        )

    @staticmethod
    def _sent(kind: TypeEngine[Any], dialect: Dialect, value: Any) -> Any:
        convert: Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
        return value if convert is None else convert(value)
