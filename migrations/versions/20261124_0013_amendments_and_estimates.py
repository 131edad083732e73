"""corrections of typed paper results; facility estimates that papers are drawn with

Revision: 0013
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Dropping a table drops its triggers too, so the downgrade needs no more than that.
APPEND_ONLY = ("amendment_decision", "facility_estimates", "paper_amendment")


def big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "paper_amendment",
        sa.Column("id", big(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("attempt_id", big(), nullable=False),
        sa.Column("letter", sa.String(length=1), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("proposed_by_id", big(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("letter IN ('A', 'B', 'C', 'D')", name="ck_paper_amendment_letter"),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["paper_result.attempt_id"],
            name="fk_paper_amendment_attempt_id_paper_result",
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["person.id"], name="fk_paper_amendment_proposed_by_id_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_paper_amendment"),
        sa.UniqueConstraint("public_id", name="uq_paper_amendment_public_id"),
        sa.UniqueConstraint("id", "proposed_by_id", name="uq_paper_amendment_id_proposed_by_id"),
    )
    op.create_index("ix_paper_amendment_attempt_id", "paper_amendment", ["attempt_id"])
    op.create_table(
        "amendment_decision",
        sa.Column("amendment_id", big(), nullable=False),
        sa.Column("proposed_by_id", big(), nullable=False),
        sa.Column("decided_by_id", big(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("grade_no", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id", name="ck_amendment_decision_four_eyes"
        ),
        sa.CheckConstraint("accepted = (grade_no IS NOT NULL)", name="ck_amendment_decision_grade"),
        sa.ForeignKeyConstraint(
            ["amendment_id", "proposed_by_id"],
            ["paper_amendment.id", "paper_amendment.proposed_by_id"],
            name="fk_amendment_decision_proposal",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name="fk_amendment_decision_decided_by_id_person"
        ),
        sa.PrimaryKeyConstraint("amendment_id", name="pk_amendment_decision"),
    )
    op.create_table(
        "facility_estimates",
        sa.Column("id", big(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_facility_estimates"),
    )
    op.create_index("ix_facility_estimates_hash", "facility_estimates", ["hash"])
    op.add_column("exam_seed", sa.Column("estimates_hash", sa.String(length=64), nullable=True))
    op.add_column("print_run", sa.Column("snapshot_hash", sa.String(length=64), nullable=True))
    guard_append_only(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    op.drop_column("print_run", "snapshot_hash")
    op.drop_column("exam_seed", "estimates_hash")
    for table in ("facility_estimates", "amendment_decision", "paper_amendment"):
        op.drop_table(table)
