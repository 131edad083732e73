"""Saving blueprints: immutable revisions; nothing that the bank cannot fill is ever saved."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.bank.queries import known_laws
from elearn.core.access import Actor
from elearn.core.assembly.blueprint import parse_blueprint
from elearn.core.assembly.model import Blueprint
from elearn.core.errors import Conflict, DomainError, Infeasible
from elearn.core.problems import Problem
from elearn.models import BlueprintRevision, BlueprintRow, ContentFile, FileKind

from .queries import path_of, shortage_lines

MAX_TEXT = 50_000
PAGE = "组卷规则"


class BlueprintRefused(DomainError):
    """The text is no blueprint; `problems` says where and how to mend it."""

    def __init__(self, problems: Sequence[Problem]):
        super().__init__(f"组卷规则有 {len(problems)} 处要改，没有保存。", code="E-BLUEPRINT")
        self.problems = list(problems)


def save_blueprint(
    session: Session,
    *,
    text: str,
    actor: Actor,
    now: datetime,
    code: str | None = None,
    base: str | None = None,
) -> BlueprintRevision:
    """Save what an examiner wrote; `code` is the blueprint being edited, None for a new one, and
    `base` the hash of the revision the editing started from.

    Raises BlueprintRefused with located problems, Infeasible with one line per shortage, Conflict
    when a new blueprint takes a code in use or somebody else saved meanwhile. The same content is
    the same revision.
    """
    blueprint = _parse(session, text)
    if code is not None and blueprint.code != code:
        raise DomainError(
            f"编号写了就不改：这里应是 {code}，现在是 {blueprint.code}。要另做一份，请新建。",
            code="E-BLUEPRINT",
        )
    row = session.scalar(select(BlueprintRow).where(BlueprintRow.code == blueprint.code))
    if code is None and row is not None:
        raise Conflict(f"编号 {blueprint.code} 已经用过，请换一个编号。", code="E-CODE")
    before = row.current.hash if row and row.current else None
    if base and before not in {base, blueprint.revision_hash}:
        raise Conflict(
            "您编辑期间，别人保存了新的版本。您的文字还在下面：请另存一份，刷新后合并再保存。",
            code="E-STALE",
        )
    revision = _publish(session, row, blueprint, now)
    _write_file(session, blueprint.code, text, now)
    record_act(
        session,
        actor=actor,
        action="blueprint.save",
        now=now,
        object_type="blueprint",
        object_id=blueprint.code,
        summary=f"保存组卷规则《{blueprint.title}》",
        detail={"before": before, "after": revision.hash},
    )
    return revision


def sync_blueprint(
    session: Session, *, text: str, path: str, now: datetime
) -> tuple[BlueprintRevision | None, list[Problem]]:
    """Bring a file of `question_bank/blueprints/` in. None and the problems when it cannot be used.

    A blueprint the bank cannot fill is a problem too: the database keeps the revision it had.
    """
    blueprint, problems = parse_blueprint(text, path, known_laws(session))
    if blueprint is None:
        return None, problems
    if path_of(blueprint.code).rsplit("/", 1)[1] != path.rsplit("/", 1)[-1]:
        message = f"文件名应与编号相同：{blueprint.code}.yaml"
        return None, [Problem(path, 0, 0, "B-file", message, "改文件名或改编号")]
    shortages = shortage_lines(session, blueprint)
    if shortages:
        return None, [
            Problem(path, 0, 0, "B-short", line, "补题，或减少题数、放宽条件") for line in shortages
        ]
    row = session.scalar(select(BlueprintRow).where(BlueprintRow.code == blueprint.code))
    return _publish(session, row, blueprint, now), []


def _parse(session: Session, text: str) -> Blueprint:
    if len(text) > MAX_TEXT:
        raise DomainError(f"组卷规则太长（最多 {MAX_TEXT} 个字）。", code="E-BLUEPRINT")
    blueprint, problems = parse_blueprint(text, PAGE, known_laws(session))
    if blueprint is None:
        raise BlueprintRefused(problems)
    shortages = shortage_lines(session, blueprint)
    if shortages:
        raise Infeasible(shortages)
    return blueprint


def _publish(
    session: Session, row: BlueprintRow | None, blueprint: Blueprint, now: datetime
) -> BlueprintRevision:
    if row is None:
        row = BlueprintRow(code=blueprint.code)
        session.add(row)
        session.flush()
    digest = blueprint.revision_hash
    revision = session.scalar(
        select(BlueprintRevision).where(
            BlueprintRevision.blueprint_id == row.id, BlueprintRevision.hash == digest
        )
    )
    if revision is None:
        revision = BlueprintRevision(
            blueprint_id=row.id,
            hash=digest,
            title=blueprint.title,
            spec=blueprint.canonical(),
            created_at=now,
        )
        session.add(revision)
        session.flush()
    row.current_revision_id = revision.id
    row.active = True
    session.flush()
    session.expire(row, ["current"])
    return revision


def _write_file(session: Session, code: str, text: str, now: datetime) -> None:
    """The database's copy of the file: `content export` writes it back, `content sync` sees that
    the database side changed (`synced_sha256` stays what both last had in common)."""
    data = text.encode()
    path = path_of(code)
    file = session.scalar(select(ContentFile).where(ContentFile.path == path))
    if file is None:
        file = ContentFile(path=path, kind=FileKind.BLUEPRINT)
        session.add(file)
    file.data = data
    file.sha256 = hashlib.sha256(data).hexdigest()
    file.updated_at = now
    session.flush()
