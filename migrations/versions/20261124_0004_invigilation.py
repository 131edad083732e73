"""invigilation: time changes, accommodations, presence, page leaves, messages, room locks

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("exam_message", "message_receipt", "page_leave", "page_leave_void", "time_change")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def added() -> dict[str, list[sa.Column]]:
    """Every default is what an exam scheduled before this migration had."""

    def flag(name: str) -> sa.Column:
        return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())

    def number(name: str, default: int = 0) -> sa.Column:
        return sa.Column(name, sa.Integer(), nullable=False, server_default=str(default))

    def text(name: str, kind: sa.types.TypeEngine, default: str = "") -> sa.Column:
        return sa.Column(name, kind, nullable=False, server_default=default)

    return {
        "exam": [
            flag("retimed"),
            number("extended_s"),
            sa.Column("paused_at", MOMENT, nullable=True),
            number("open_pauses"),
            sa.Column("last_deadline_at", MOMENT, nullable=True),
            text("room_code", sa.String(20)),
            text("ip_ranges", sa.Text()),
            text("leave_rule", sa.String(10), "RECORD"),
            number("leave_min_s", 5),
            number("leave_notify", 3),
        ],
        "attempt": [
            sa.Column("paused_at", MOMENT, nullable=True),
            number("extra_s"),
            number("news"),
        ],
        "person": [flag("accommodated")],
    }


def upgrade() -> None:
    for table, columns in added().items():
        for column in columns:
            op.add_column(table, column)
    time_and_accommodation()
    presence_and_leaves()
    messages()
    guard_append_only(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    # Triggers go with their tables.
    for table in (
        "message_receipt",
        "exam_message",
        "page_leave_void",
        "page_leave",
        "attempt_presence",
        "accommodation",
        "time_change",
    ):
        op.drop_table(table)
    for table, columns in added().items():
        for column in reversed(columns):
            op.drop_column(table, column.name)


def reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}")
    )


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def public(table: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("public_id", name=op.f(f"uq_{table}_public_id"))


def check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def time_and_accommodation() -> None:
    table = "time_change"
    op.create_table(
        table,
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("exam_id", BIG, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("org_unit_id", BIG, nullable=True),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("of_id", BIG, nullable=True),
        sa.Column("touched", sa.Integer(), nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        reference(table, "exam_id", "exam"),
        reference(table, "org_unit_id", "org_unit"),
        reference(table, "person_id", "person"),
        reference(table, "of_id", "time_change"),
        reference(table, "by_id", "person"),
        key(table, "id"),
        public(table),
        sa.UniqueConstraint("of_id", name=op.f("uq_time_change_of_id")),
        check(table, "scope", "org_unit_id IS NULL OR person_id IS NULL"),
        check(table, "seconds", "(kind = 'EXTEND') = (seconds > 0)"),
        check(table, "answers", "(kind IN ('RESUME', 'APPROVE', 'REFUSE')) = (of_id IS NOT NULL)"),
    )
    op.create_index("ix_time_change_exam_id", table, ["exam_id"])
    table = "accommodation"
    op.create_table(
        table,
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("reason", sa.String(10), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("document", sa.String(100), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("valid_until", MOMENT, nullable=False),
        sa.Column("requested_by_id", BIG, nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("approved_by_id", BIG, nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("ended_by_id", BIG, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        reference(table, "person_id", "person"),
        reference(table, "requested_by_id", "person"),
        reference(table, "approved_by_id", "person"),
        reference(table, "ended_by_id", "person"),
        key(table, "id"),
        public(table),
        check(table, "amount", "(percent IS NULL) <> (minutes IS NULL)"),
        check(table, "percent", "percent BETWEEN 1 AND 100"),
        check(table, "minutes", "minutes BETWEEN 1 AND 240"),
        check(table, "period", "valid_until > valid_from"),
        check(table, "approved", "(approved_by_id IS NULL) = (approved_at IS NULL)"),
        check(table, "two_people", "approved_by_id <> requested_by_id"),
        check(table, "ended", "(ended_by_id IS NULL) = (ended_at IS NULL)"),
    )
    op.create_index("ix_accommodation_person_id", table, ["person_id"])


def presence_and_leaves() -> None:
    table = "attempt_presence"
    op.create_table(
        table,
        sa.Column("attempt_id", BIG, autoincrement=False, nullable=False),
        sa.Column("heard_at", MOMENT, nullable=False),
        sa.Column("oldest_ms", sa.Integer(), nullable=False),
        sa.Column("leaves", sa.Integer(), nullable=False),
        sa.Column("away_ms", sa.Integer(), nullable=False),
        reference(table, "attempt_id", "attempt"),
        key(table, "attempt_id"),
        check(table, "oldest", "oldest_ms >= 0"),
    )
    table = "page_leave"
    op.create_table(
        table,
        sa.Column("id", BIG, nullable=False),
        sa.Column("attempt_id", BIG, nullable=False),
        sa.Column("leave_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("maybe_lock", sa.Boolean(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        reference(table, "attempt_id", "attempt"),
        key(table, "id"),
        sa.UniqueConstraint(
            "attempt_id", "leave_id", name=op.f("uq_page_leave_attempt_id_leave_id")
        ),
        check(table, "duration", "duration_ms >= 0"),
    )
    table = "page_leave_void"
    op.create_table(
        table,
        sa.Column("leave_id", BIG, autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        reference(table, "leave_id", "page_leave"),
        reference(table, "by_id", "person"),
        key(table, "leave_id"),
    )


def messages() -> None:
    table = "exam_message"
    op.create_table(
        table,
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("exam_id", BIG, nullable=False),
        sa.Column("org_unit_id", BIG, nullable=True),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("text", sa.String(300), nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        reference(table, "exam_id", "exam"),
        reference(table, "org_unit_id", "org_unit"),
        reference(table, "person_id", "person"),
        reference(table, "by_id", "person"),
        key(table, "id"),
        public(table),
        check(table, "scope", "org_unit_id IS NULL OR person_id IS NULL"),
    )
    op.create_index("ix_exam_message_exam_id", table, ["exam_id"])
    table = "message_receipt"
    op.create_table(
        table,
        sa.Column("message_id", BIG, autoincrement=False, nullable=False),
        sa.Column("person_id", BIG, autoincrement=False, nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        reference(table, "message_id", "exam_message"),
        reference(table, "person_id", "person"),
        key(table, "message_id", "person_id"),
    )
