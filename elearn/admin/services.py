"""Acts of the administrators that belong to no other feature: exporting the audit log."""

import json
from collections.abc import Iterator
from datetime import datetime, tzinfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor
from elearn.core.csv_safe import Writable, write_csv
from elearn.models import AuditEntry

from .audit_text import action_name
from .queries import AuditFilter, audit_query

EXPORT_HEADINGS = (
    "时间", "人员", "操作", "操作代码", "对象类型", "对象编号", "摘要", "结果", "来源地址", "详情",
)  # fmt: skip


def record_audit_export(
    session: Session, *, actor: Actor, wanted: AuditFilter, now: datetime
) -> int:
    """Note who takes which part of the log away, before it is written. Returns the row count."""
    rows = audit_query(session, actor, wanted).order_by(None).subquery()
    count = session.scalar(select(func.count()).select_from(rows)) or 0
    filters = {
        "action": wanted.action,
        "staff_no": wanted.staff_no,
        "object": wanted.object,
        "since": wanted.since.isoformat() if wanted.since else "",
        "until": wanted.until.isoformat() if wanted.until else "",
        "outcome": wanted.outcome,
    }
    record_act(
        session,
        actor=actor,
        action="audit.export",
        object_type="audit",
        summary=f"导出审计日志 {count} 条",
        detail={"rows": count, "filters": {key: value for key, value in filters.items() if value}},
        now=now,
    )
    return count


def write_audit(
    session: Session, target: Writable, query: Select[AuditEntry], *, zone: tzinfo
) -> int:
    """The entries as CSV, a thousand at a time."""

    def rows() -> Iterator[tuple[object, ...]]:
        for entry in session.scalars(query.execution_options(yield_per=1000)):
            yield (
                entry.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
                entry.actor_name,
                action_name(entry.action),
                entry.action,
                entry.object_type,
                entry.object_id,
                entry.summary,
                "成功" if entry.ok else "失败",
                entry.source,
                json.dumps(entry.detail, ensure_ascii=False) if entry.detail else "",
            )

    return write_csv(target, EXPORT_HEADINGS, rows())
