"""Pages of a query: size bounded, number from the URL, links that keep the filters."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import request, url_for
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

T = TypeVar("T")
SIZES = (50, 100, 200)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`items` of page `number` (from 1) out of `total` rows."""

    items: list[T]
    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages, at least one."""
        return max(1, -(-self.total // self.size))

    def url(self, number: int) -> str:
        """The same URL with another page number."""
        args: dict[str, Any] = {
            **request.args.to_dict(flat=False),
            **(request.view_args or {}),
        }
        return url_for(request.endpoint or "", **{**args, "page": number})


def paginate(session: Session, query: Select[Any], *, scalars: bool = True) -> Page[Any]:
    """Run `query` for the page in the URL (`page`, `size`); out of range means the last page."""
    size = _number("size", SIZES[0])
    size = size if size in SIZES else SIZES[0]
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    number = min(max(1, _number("page", 1)), max(1, -(-total // size)))
    rows = session.execute(query.limit(size).offset((number - 1) * size))
    items = list(rows.scalars().unique() if scalars else rows.all())
    return Page(items, number, size, total)


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else default
