"""moving a paper result to the right person or time; when a sweeper last finished a round

Revision: 0041
Follows: 0015
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0041"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sweeper_beat",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("finished_at", TIME, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_sweeper_beat_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweeper_beat")),
    )
    op.add_column("attempt", sa.Column("refiled_at", TIME, nullable=True))
    op.create_table(
        "record_withdrawal",
        sa.Column("record_id", KEY, autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["training_record.id"],
            name=op.f("fk_record_withdrawal_record_id_training_record"),
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_record_withdrawal")),
    )
    _create_refiling()
    guard_append_only(op.get_bind(), ("paper_refiling", "record_withdrawal", "refiling_decision"))


def _create_refiling() -> None:
    op.create_table(
        "paper_refiling",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("attempt_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("held_at", TIME, nullable=False),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("proposed_by_id", KEY, nullable=False),
        sa.Column("proposed_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["paper_result.attempt_id"],
            name=op.f("fk_paper_refiling_attempt_id_paper_result"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_paper_refiling_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["person.id"], name=op.f("fk_paper_refiling_proposed_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_refiling")),
        sa.UniqueConstraint(
            "id", "proposed_by_id", name=op.f("uq_paper_refiling_id_proposed_by_id")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_paper_refiling_public_id")),
    )
    op.create_index("ix_paper_refiling_attempt_id", "paper_refiling", ["attempt_id"])
    op.create_table(
        "refiling_decision",
        sa.Column("refiling_id", KEY, autoincrement=False, nullable=False),
        sa.Column("proposed_by_id", KEY, nullable=False),
        sa.Column("decided_by_id", KEY, nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("new_attempt_id", KEY, nullable=True),
        sa.Column("decided_at", TIME, nullable=False),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id", name=op.f("ck_refiling_decision_four_eyes")
        ),
        sa.CheckConstraint(
            "accepted = (new_attempt_id IS NOT NULL)", name=op.f("ck_refiling_decision_attempt")
        ),
        sa.ForeignKeyConstraint(
            ["refiling_id", "proposed_by_id"],
            ["paper_refiling.id", "paper_refiling.proposed_by_id"],
            name="fk_refiling_decision_proposal",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_refiling_decision_decided_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["new_attempt_id"],
            ["attempt.id"],
            name=op.f("fk_refiling_decision_new_attempt_id_attempt"),
        ),
        sa.PrimaryKeyConstraint("refiling_id", name=op.f("pk_refiling_decision")),
        sa.UniqueConstraint("new_attempt_id", name=op.f("uq_refiling_decision_new_attempt_id")),
    )


def downgrade() -> None:
    op.drop_table("refiling_decision")
    op.drop_table("paper_refiling")
    op.drop_table("record_withdrawal")
    op.drop_column("attempt", "refiled_at")
    op.drop_table("sweeper_beat")
