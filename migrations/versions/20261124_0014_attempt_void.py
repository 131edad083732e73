"""annulling an attempt

Revision: 0014
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("attempt", sa.Column("voided_at", TIME, nullable=True))
    op.create_table(
        "attempt_void",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("attempt_id", KEY, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("asked_by_id", KEY, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name=op.f("fk_attempt_void_attempt_id_attempt")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["person.id"], name=op.f("fk_attempt_void_asked_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_void")),
        sa.UniqueConstraint("public_id", name=op.f("uq_attempt_void_public_id")),
    )
    op.create_index("ix_attempt_void_attempt_id", "attempt_void", ["attempt_id"])
    op.create_table(
        "void_decision",
        sa.Column("void_id", KEY, autoincrement=False, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("grade_no", sa.Integer(), nullable=True),
        sa.Column("asked_by_id", KEY, nullable=False),
        sa.Column("decided_by_id", KEY, nullable=False),
        sa.Column("decided_at", TIME, nullable=False),
        sa.CheckConstraint(
            "NOT approved OR decided_by_id <> asked_by_id", name=op.f("ck_void_decision_four_eyes")
        ),
        sa.CheckConstraint(
            "approved = (grade_no IS NOT NULL)", name=op.f("ck_void_decision_grade")
        ),
        sa.ForeignKeyConstraint(
            ["void_id"], ["attempt_void.id"], name=op.f("fk_void_decision_void_id_attempt_void")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["person.id"], name=op.f("fk_void_decision_asked_by_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_void_decision_decided_by_id_person")
        ),
        sa.PrimaryKeyConstraint("void_id", name=op.f("pk_void_decision")),
    )
    guard_append_only(op.get_bind(), ("attempt_void", "void_decision"))


def downgrade() -> None:
    op.drop_table("void_decision")
    op.drop_table("attempt_void")
    op.drop_column("attempt", "voided_at")
