"""answer events with base, device, claim and status; the writing lease; verdicts on held events

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HELD = sa.text("status = 'HELD'")


def upgrade() -> None:
    """Columns are added in place: rebuilding `answer_event` would lose its triggers on SQLite."""
    op.add_column("attempt", sa.Column("device", sa.String(40), nullable=True))
    op.add_column("attempt", sa.Column("device_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "attempt", sa.Column("device_no", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "attempt", sa.Column("mixed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "attempt", sa.Column("answered_mask", sa.Text(), nullable=False, server_default="")
    )
    op.add_column("attempt", sa.Column("late_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_attempt_late_until", "attempt", ["late_until"])

    op.add_column(
        "answer_event", sa.Column("base", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "answer_event", sa.Column("device", sa.String(40), nullable=False, server_default="")
    )
    op.add_column(
        "answer_event", sa.Column("device_no", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("answer_event", sa.Column("made_ms", sa.BigInteger(), nullable=True))
    # Both databases take a named check with a new column; Alembic has no way to say it.
    op.execute(
        "ALTER TABLE answer_event ADD COLUMN status VARCHAR(10) DEFAULT 'COUNTED' NOT NULL "
        "CONSTRAINT ck_answer_event_status "
        "CHECK (status IN ('COUNTED', 'LATE', 'HELD', 'CONFLICT'))"
    )
    op.create_index(
        "ix_answer_event_held",
        "answer_event",
        ["attempt_id"],
        sqlite_where=HELD,
        postgresql_where=HELD,
    )

    op.create_table(
        "answer_decision",
        sa.Column("id", BIG, nullable=False),
        sa.Column("answer_event_id", BIG, nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("decided_by_id", BIG, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_event_id"],
            ["answer_event.id"],
            name=op.f("fk_answer_decision_answer_event_id_answer_event"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_answer_decision_decided_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_decision")),
        sa.UniqueConstraint("answer_event_id", name=op.f("uq_answer_decision_answer_event_id")),
    )
    guard_append_only(op.get_bind(), ("answer_decision",))


def downgrade() -> None:
    """Refused while events are there that did not count in time: the old schema would count them."""
    judged = sa.text("SELECT count(*) FROM answer_event WHERE status <> 'COUNTED'")
    if op.get_bind().scalar(judged):
        msg = "answer events are held, late or in conflict: an older version would count them"
        raise RuntimeError(msg)
    op.drop_table("answer_decision")
    op.drop_index("ix_answer_event_held", "answer_event")
    for column in ("status", "made_ms", "device_no", "device", "base"):
        op.drop_column("answer_event", column)
    op.drop_index("ix_attempt_late_until", "attempt")
    for column in ("late_until", "answered_mask", "mixed", "device_no", "device_since", "device"):
        op.drop_column("attempt", column)
