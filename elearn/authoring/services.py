"""Files and database: check, sync, import, export.

`courses/` and `question_bank/` are the interchange form; the database holds immutable revisions
and is what runs. Where both sides changed since they last agreed, the file is named and left alone.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.bank.services import publish_questions, publish_registry, retire_missing
from elearn.core.access import Actor
from elearn.core.errors import DomainError
from elearn.core.problems import Problem
from elearn.courses.paths.services import publish_paths
from elearn.courses.publishing import publish_course, withdraw_course
from elearn.exams.blueprints.services import sync_blueprint
from elearn.models import BankQuestion, BlueprintRow, ContentFile, Course, FileKind, Pool
from elearn.records.credit.services import changed_versions, publish_credit_rules

from .files import ContentSet, Tick, kind_of, parse_files, read_folder, sha


@dataclass(frozen=True, slots=True)
class ContentReport:
    """What a checker found: counts and located problems (`--json` prints just this)."""

    counts: dict[str, int]
    problems: list[Problem]

    @property
    def ok(self) -> bool:
        """No errors; hints for reviewers may be there."""
        return not any(problem.is_error for problem in self.problems)


@dataclass(slots=True)
class SyncReport:
    """Paths by what happened to them. `conflicts` changed on both sides and were left alone."""

    taken: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Everything on disk is now in the database."""
        return not self.conflicts and not any(problem.is_error for problem in self.problems)


def check_content(root: Path, *, tick: Tick = lambda _: None) -> ContentReport:
    """Check every file under `root`, as the sync would, without a database."""
    content = parse_files(read_folder(root), tick=tick)
    return ContentReport(content.counts(), content.problems)


def sync_content(
    session: Session, *, root: Path, now: datetime, tick: Tick = lambda _: None
) -> SyncReport:
    """Bring changed files in as new revisions. All or nothing: with an error in any file that
    would be taken, nothing is written and `problems` says what to mend."""
    disk = read_folder(root)
    stored = {row.path: row for row in session.scalars(select(ContentFile))}
    report = _compare(disk, stored)
    if not report.taken and not report.removed:
        return report
    effective = {path: row.data for path, row in stored.items() if path not in report.removed}
    effective |= {path: disk[path] for path in report.taken}
    content = parse_files(effective, tick=tick)
    content.problems += changed_versions(session, content.credit_rules)
    report.problems, report.counts = content.problems, content.counts()
    if not report.ok and content.errors:
        report.taken, report.removed = [], []
        return report
    for path in report.removed:
        session.delete(stored[path])
    for path in report.taken:
        _store(session, stored.get(path), path, disk[path], now=now, synced=True)
    for path, row in stored.items():
        if path in disk and sha(disk[path]) == row.sha256:
            row.synced_sha256 = row.sha256
    publish(session, content=content, now=now)
    record_act(
        session,
        actor=None,
        action="content.sync",
        object_type="content",
        summary=f"同步内容：更新 {len(report.taken)} 个文件，移除 {len(report.removed)} 个",
        detail={"taken": report.taken[:200], "removed": report.removed[:200]},
        now=now,
    )
    return report


def publish(session: Session, *, content: ContentSet, now: datetime) -> None:
    """Make the database say what `content` says. Idempotent: same content, same revisions."""
    publish_registry(session, registry=content.registry)
    publish_credit_rules(session, specs=list(content.credit_rules.values()), now=now)
    for path, questions in content.bank.items():
        codes = [question.code for question in questions]
        retire_missing(session, file_path=path, pool=Pool.BANK, keep=codes)
    _retire_gone_files(session, content)
    for path, questions in content.bank.items():
        publish_questions(session, questions=questions, pool=Pool.BANK, file_path=path, now=now)
    published = {course.code for course in content.courses.values()}
    for row in session.scalars(select(Course).where(Course.active)):
        if row.code not in published:
            withdraw_course(session, row=row)
    for course in content.courses.values():
        publish_course(session, course=course, now=now)
    publish_paths(session, paths=list(content.paths.values()))
    for path, text in content.blueprint_texts.items():
        _, problems = sync_blueprint(session, text=text, path=path, now=now)
        if problems:  # parse_files has checked the same things on the same files
            raise DomainError(str(problems[0]), code="E-BLUEPRINT")
    blueprints = {blueprint.code for blueprint in content.blueprints.values()}
    for plan in session.scalars(select(BlueprintRow)):
        plan.active = plan.code in blueprints
    session.flush()


def import_bank_file(
    session: Session, *, name: str, data: bytes, actor: Actor | None, now: datetime
) -> ContentReport:
    """Bring one bank file into the database only; `export` writes it to disk later.

    All or nothing; the whole bank is checked together with it. An existing file of that name is
    replaced: its items that are gone leave the draw.
    """
    files = {row.path: row.data for row in session.scalars(select(ContentFile))}
    probe = parse_files({**_laws(files), "question_bank/new/" + name: data})
    questions = probe.bank.get("question_bank/new/" + name, [])
    strand = questions[0].strand.value.lower() if questions else "new"
    path = _home_of(session, name) or f"question_bank/{strand}/{name}"
    content = parse_files({**files, path: data})
    mine = [problem for problem in content.problems if problem.file == path]
    errors = content.errors
    report = ContentReport(
        {"questions": len(content.bank.get(path, [])), "errors": len(errors)},
        mine + [problem for problem in errors if problem.file != path],
    )
    if errors:
        return report
    row = session.scalar(select(ContentFile).where(ContentFile.path == path))
    _store(session, row, path, data, now=now, synced=False)
    publish(session, content=content, now=now)
    record_act(
        session,
        actor=actor,
        action="questions.import",
        object_type="content_file",
        object_id=path[:64],
        summary=f"导入题库文件 {path}：{report.counts['questions']} 题",
        now=now,
    )
    return report


def export_content(
    session: Session, *, target: Path, prefix: str = "", mark_synced: bool, now: datetime
) -> SyncReport:
    """Write published files below `target`, byte for byte. A file there that is neither ours nor
    what we last agreed on is a conflict and stays as it is."""
    report = SyncReport()
    rows = session.scalars(select(ContentFile).order_by(ContentFile.path))
    for row in rows:
        if not row.path.startswith(prefix):
            continue
        path = _inside(target, row.path)
        there = sha(path.read_bytes()) if path.is_file() else None
        if there not in {None, row.sha256, row.synced_sha256}:
            report.conflicts.append(row.path)
            continue
        if there == row.sha256:
            report.unchanged += 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, row.data)
            report.taken.append(row.path)
        if mark_synced:
            row.synced_sha256 = row.sha256
    record_act(
        session,
        actor=None,
        action="content.export",
        object_type="content",
        summary=f"导出内容：写出 {len(report.taken)} 个文件",
        now=now,
    )
    return report


def _compare(disk: dict[str, bytes], stored: dict[str, ContentFile]) -> SyncReport:
    report = SyncReport()
    for path in sorted(disk.keys() | stored.keys()):
        row = stored.get(path)
        there = sha(disk[path]) if path in disk else None
        if row is None:
            report.taken.append(path)
        elif there == row.sha256:
            report.unchanged += 1
        elif row.synced_sha256 == row.sha256:
            (report.removed if there is None else report.taken).append(path)
        elif there == row.synced_sha256:
            report.kept.append(path)
        else:
            report.conflicts.append(path)
    return report


def _store(
    session: Session,
    row: ContentFile | None,
    path: str,
    data: bytes,
    *,
    now: datetime,
    synced: bool,
) -> None:
    kind = kind_of(path)
    if kind is None:
        msg = f"{path} 不是课程或题库文件"
        raise DomainError(msg, code="E-FILE")
    if row is None:
        row = ContentFile(path=path, kind=kind, synced_sha256=None)
        session.add(row)
    row.data, row.sha256, row.updated_at = data, sha(data), now
    if synced:
        row.synced_sha256 = row.sha256
    session.flush()


def _retire_gone_files(session: Session, content: ContentSet) -> None:
    from_files = select(ContentFile.path).where(ContentFile.kind == FileKind.BANK)
    known = set(session.scalars(from_files))
    for path in _bank_paths(session) - known - content.bank.keys():
        retire_missing(session, file_path=path, pool=Pool.BANK, keep=())


def _bank_paths(session: Session) -> set[str]:
    query = select(BankQuestion.file_path).where(BankQuestion.pool == Pool.BANK).distinct()
    return set(session.scalars(query))


def _home_of(session: Session, name: str) -> str | None:
    """Where a bank file of this name already lives."""
    query = select(ContentFile.path).where(
        ContentFile.kind == FileKind.BANK, ContentFile.path.endswith("/" + name, autoescape=True)
    )
    return session.scalar(query)


def _laws(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if kind_of(path) is FileKind.LAWS}


def _inside(target: Path, name: str) -> Path:
    path = (target / name).resolve()
    if not path.is_relative_to(target.resolve()):
        msg = f"{name} 指向目标文件夹之外"
        raise DomainError(msg, code="E-FILE")
    return path


def _write_whole(path: Path, data: bytes) -> None:
    """Write beside and rename: a reader never sees half a file."""
    temporary = path.with_name(path.name + ".elearn-tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
