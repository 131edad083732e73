"""Finding the unit somebody typed or chose: by code, by name, or by a path of names."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.errors import DomainError
from elearn.core.people.cells import clean_text
from elearn.core.people.tree import Tree
from elearn.core.people.world import KnownUnit, World
from elearn.models import OrgUnit


def find_unit(session: Session, *, roots: Sequence[str], text: str, field: str = "unit") -> OrgUnit:
    """A unit in use inside these subtrees. Raises DomainError at `field` with what to do."""
    wanted = clean_text(text)
    if not wanted:
        raise _wrong(field, "请选择或填写单位")
    units = session.scalars(select(OrgUnit)).all()
    known = [KnownUnit(u.id, u.code, u.name, u.type, u.parent_id, u.path, u.active) for u in units]
    tree = Tree(World(known, [], tuple(roots)))
    found = tree.find(wanted, "") if wanted in tree.nodes else tree.find("", wanted)
    if found.problem or found.node is None or found.node.known is None:
        raise _wrong(field, f"{found.message}。{found.hint}")
    return session.get_one(OrgUnit, found.node.known.id)


def _wrong(field: str, message: str) -> DomainError:
    return DomainError(message, code="E-UNIT", fields={field: message})
