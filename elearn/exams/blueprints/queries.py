"""Reading blueprints."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from elearn.bank.queries import load_pool
from elearn.core.assembly.blueprint import blueprint_from_canonical, parse_blueprint
from elearn.core.assembly.feasibility import Supply, feasibility, supplies
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.writer import format_blueprint
from elearn.core.errors import Infeasible, NotFound
from elearn.exams.papers.snapshots import newest_stock, plan_for
from elearn.models import BlueprintRevision, BlueprintRow, ContentFile, FileKind

PROBES = 3
FOLDER = "question_bank/blueprints"

SPECS_KEPT: Final = 200
_specs: dict[str, Blueprint] = {}


def path_of(code: str) -> str:
    """The file of a blueprint is named for its code: that is how page and file find each other."""
    return f"{FOLDER}/{code}.yaml"


def blueprints_query() -> Select[BlueprintRow]:
    """Blueprints that can be scheduled, by code."""
    return (
        select(BlueprintRow)
        .where(BlueprintRow.active, BlueprintRow.current_revision_id.is_not(None))
        .options(joinedload(BlueprintRow.current))
        .order_by(BlueprintRow.code)
    )


def get_blueprint(session: Session, code: str) -> BlueprintRow:
    """The row with its current revision. Raises NotFound."""
    row = session.scalar(
        select(BlueprintRow)
        .where(BlueprintRow.code == code, BlueprintRow.current_revision_id.is_not(None))
        .options(joinedload(BlueprintRow.current))
    )
    if row is None:
        raise NotFound
    return row


def current_revision(row: BlueprintRow) -> BlueprintRevision:
    """The revision in force; every row the queries above return has one."""
    if row.current is None:
        raise NotFound
    return row.current


def read_spec(revision: BlueprintRevision) -> Blueprint:
    """What the database stored, as the core knows it; a revision never changes."""
    spec = _specs.get(revision.hash)
    if spec is None:
        spec = blueprint_from_canonical(revision.spec)
        if len(_specs) >= SPECS_KEPT:
            _specs.clear()
        _specs[revision.hash] = spec
    return spec


def source_text(session: Session, revision: BlueprintRevision, code: str) -> str:
    """The YAML to edit: the file as written, comments and all, while it still says this revision."""
    data = session.scalar(
        select(ContentFile.data).where(
            ContentFile.kind == FileKind.BLUEPRINT, ContentFile.path == path_of(code)
        )
    )
    if data is not None:
        text = data.decode("utf-8", "replace")
        written, _ = parse_blueprint(text, path_of(code))
        if written is not None and written.revision_hash == revision.hash:
            return text
    return format_blueprint(read_spec(revision))


def shortage_lines(session: Session, blueprint: Blueprint) -> list[str]:
    """What the bank lacks for this blueprint today; empty when a paper can be drawn.

    A target for the score is tried out on a few papers: a bank can have enough questions and
    still none that give it.
    """
    stock = newest_stock(session)
    lines = [shortage.line for shortage in feasibility(stock.pool, blueprint)]
    if lines or not blueprint.constrained:
        return lines
    try:
        for probe in range(PROBES):
            plan_for(stock, blueprint).draw(f"probe/{probe}")
    except Infeasible as error:
        return error.shortages
    return []


def supply_table(session: Session, blueprint: Blueprint) -> Sequence[Supply]:
    """Need, available and after overlaps, per section."""
    return supplies(load_pool(session), blueprint)
