"""statistics of exams, printed papers and their results

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Dropping a table drops its triggers too, so the downgrade needs no more than that.
APPEND_ONLY = (
    "difficulty_decision",
    "paper_result",
    "print_approval",
    "print_paper",
    "print_run",
)


def big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    analysis()
    printing()
    guard_append_only(op.get_bind(), APPEND_ONLY)


def analysis() -> None:
    op.create_table(
        "exam_analysis",
        sa.Column("exam_id", big(), nullable=False),
        sa.Column("last_grade_id", big(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name="fk_exam_analysis_exam_id_exam"),
        sa.PrimaryKeyConstraint("exam_id", name="pk_exam_analysis"),
    )
    op.create_table(
        "item_analysis",
        sa.Column("id", big(), nullable=False),
        sa.Column("exam_id", big(), nullable=False),
        sa.Column("revision_hash", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("total_share", sa.Double(), nullable=False),
        sa.Column("facility", sa.Double(), nullable=False),
        sa.Column("discrimination", sa.Double(), nullable=True),
        sa.Column("median_s", sa.Double(), nullable=True),
        sa.Column("exposures", sa.Integer(), nullable=False),
        sa.Column("attention", sa.Integer(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.CheckConstraint("n > 0", name="ck_item_analysis_people"),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name="fk_item_analysis_exam_id_exam"),
        sa.PrimaryKeyConstraint("id", name="pk_item_analysis"),
        sa.UniqueConstraint(
            "exam_id", "revision_hash", name="uq_item_analysis_exam_id_revision_hash"
        ),
    )
    op.create_index("ix_item_analysis_revision_hash", "item_analysis", ["revision_hash"])
    op.create_index("ix_item_analysis_code", "item_analysis", ["code"])
    op.create_table(
        "difficulty_decision",
        sa.Column("id", big(), nullable=False),
        sa.Column("question_id", big(), nullable=False),
        sa.Column("revision_hash", sa.String(length=64), nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("suggested", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("total_share", sa.Double(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("decided_by_id", big(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("suggested BETWEEN 1 AND 5", name="ck_difficulty_decision_suggested"),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name="fk_difficulty_decision_question_id_question"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name="fk_difficulty_decision_decided_by_id_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_difficulty_decision"),
    )
    op.create_index("ix_difficulty_decision_question_id", "difficulty_decision", ["question_id"])


def printing() -> None:
    op.create_table(
        "print_run",
        sa.Column("id", big(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("exam_id", big(), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("bank_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by_id", big(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name="fk_print_run_exam_id_exam"),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["person.id"], name="fk_print_run_made_by_id_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_print_run"),
        sa.UniqueConstraint("public_id", name="uq_print_run_public_id"),
    )
    op.create_index("ix_print_run_exam_id", "print_run", ["exam_id"])
    op.create_table(
        "print_paper",
        sa.Column("id", big(), nullable=False),
        sa.Column("run_id", big(), nullable=False),
        sa.Column("letter", sa.String(length=1), nullable=False),
        sa.Column("paper_hash", sa.String(length=64), nullable=False),
        sa.Column("paper", sa.JSON(), nullable=False),
        sa.CheckConstraint("letter IN ('A', 'B', 'C', 'D')", name="ck_print_paper_letter"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["print_run.id"], name="fk_print_paper_run_id_print_run"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_print_paper"),
        sa.UniqueConstraint("run_id", "letter", name="uq_print_paper_run_id_letter"),
    )
    op.create_table(
        "print_approval",
        sa.Column("run_id", big(), nullable=False),
        sa.Column("approved_by_id", big(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["print_run.id"], name="fk_print_approval_run_id_print_run"
        ),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["person.id"], name="fk_print_approval_approved_by_id_person"
        ),
        sa.PrimaryKeyConstraint("run_id", name="pk_print_approval"),
    )
    op.create_table(
        "paper_result",
        sa.Column("attempt_id", big(), nullable=False),
        sa.Column("print_paper_id", big(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("entered_by_id", big(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name="fk_paper_result_attempt_id_attempt"
        ),
        sa.ForeignKeyConstraint(
            ["print_paper_id"],
            ["print_paper.id"],
            name="fk_paper_result_print_paper_id_print_paper",
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["person.id"], name="fk_paper_result_entered_by_id_person"
        ),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_paper_result"),
    )
    op.create_index("ix_paper_result_print_paper_id", "paper_result", ["print_paper_id"])


def downgrade() -> None:
    for table in (
        "paper_result",
        "print_approval",
        "print_paper",
        "print_run",
        "difficulty_decision",
        "item_analysis",
        "exam_analysis",
    ):
        op.drop_table(table)
