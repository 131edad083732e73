"""fair papers: seeds, forms, sealed papers, openings, bank snapshots, simulation reports

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = ("bank_snapshot", "paper_opening")


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("attempt", sa.Column("draw", sa.JSON(), nullable=True))
    op.add_column(
        "question",
        sa.Column("purpose", sa.String(length=10), server_default="BOTH", nullable=False),
    )
    _upgrade_exam()
    _upgrade_papers()
    op.create_table(
        "bank_snapshot",
        sa.Column("id", _id(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("bank_hash", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_snapshot")),
        sa.UniqueConstraint("hash", name=op.f("uq_bank_snapshot_hash")),
    )
    op.create_table(
        "blueprint_report",
        sa.Column("id", _id(), nullable=False),
        sa.Column("blueprint_hash", sa.String(length=64), nullable=False),
        sa.Column("snapshot_hash", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blueprint_report")),
        sa.UniqueConstraint(
            "blueprint_hash",
            "snapshot_hash",
            name=op.f("uq_blueprint_report_blueprint_hash_snapshot_hash"),
        ),
    )
    guard_append_only(op.get_bind(), APPEND_ONLY)


def _upgrade_exam() -> None:
    op.create_table(
        "exam_seed",
        sa.Column("exam_id", _id(), autoincrement=False, nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(revealed_at IS NULL) = (seed = '')", name=op.f("ck_exam_seed_revealed")
        ),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_exam_seed_exam_id_exam")),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_exam_seed")),
    )
    op.create_table(
        "exam_papers",
        sa.Column("exam_id", _id(), autoincrement=False, nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("forms", sa.Integer(), nullable=False),
        sa.Column("avoid_seen", sa.Boolean(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.CheckConstraint("forms BETWEEN 1 AND 100", name=op.f("ck_exam_papers_forms")),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_exam_papers_exam_id_exam")),
        sa.PrimaryKeyConstraint("exam_id", name=op.f("pk_exam_papers")),
    )


def _upgrade_papers() -> None:
    op.create_table(
        "exam_form",
        sa.Column("id", _id(), nullable=False),
        sa.Column("exam_id", _id(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("paper_hash", sa.String(length=64), nullable=False),
        sa.Column("bank_hash", sa.String(length=64), nullable=False),
        sa.Column("snapshot_hash", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["exam_id"], ["exam.id"], name=op.f("fk_exam_form_exam_id_exam")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exam_form")),
        sa.UniqueConstraint("exam_id", "no", name=op.f("uq_exam_form_exam_id_no")),
    )
    op.create_table(
        "sealed_paper",
        sa.Column("id", _id(), nullable=False),
        sa.Column("exam_id", _id(), nullable=False),
        sa.Column("person_id", _id(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("paper_hash", sa.String(length=64), nullable=False),
        sa.Column("bank_hash", sa.String(length=64), nullable=False),
        sa.Column("snapshot_hash", sa.String(length=64), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["exam_id"], ["exam.id"], name=op.f("fk_sealed_paper_exam_id_exam")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_sealed_paper_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_paper")),
        sa.UniqueConstraint(
            "exam_id", "person_id", "no", name=op.f("uq_sealed_paper_exam_id_person_id_no")
        ),
    )
    op.create_table(
        "paper_opening",
        sa.Column("id", _id(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("exam_id", _id(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("asked_id", _id(), nullable=True),
        sa.Column("form_no", sa.Integer(), nullable=True),
        sa.Column("person_id", _id(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('APPROVE', 'VIEW')) = (asked_id IS NOT NULL)",
            name=op.f("ck_paper_opening_asked"),
        ),
        sa.ForeignKeyConstraint(
            ["asked_id"], ["paper_opening.id"], name=op.f("fk_paper_opening_asked_id_paper_opening")
        ),
        sa.ForeignKeyConstraint(
            ["exam_id"], ["exam.id"], name=op.f("fk_paper_opening_exam_id_exam")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_paper_opening_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_opening")),
        sa.UniqueConstraint("public_id", name=op.f("uq_paper_opening_public_id")),
    )
    op.create_index("ix_paper_opening_exam_id", "paper_opening", ["exam_id"])
    op.create_index(
        "uq_paper_opening_one_approval",
        "paper_opening",
        ["asked_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'APPROVE'"),
        postgresql_where=sa.text("kind = 'APPROVE'"),
    )


def downgrade() -> None:
    # Dropping a table drops its triggers; the function of PostgreSQL stays for the others.
    for table in (
        "blueprint_report",
        "bank_snapshot",
        "paper_opening",
        "sealed_paper",
        "exam_form",
        "exam_papers",
        "exam_seed",
    ):
        op.drop_table(table)
    op.drop_column("question", "purpose")
    op.drop_column("attempt", "draw")
