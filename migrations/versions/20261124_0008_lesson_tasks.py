"""pledges and reflections of lessons

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Evidence: rows are inserted, never changed or deleted.
APPEND_ONLY = ("pledge_signature", "reflection", "reflection_review")


def upgrade() -> None:
    op.add_column("lesson", sa.Column("tasks", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "pledge_signature",
        *_owned("pledge_signature"),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(64), nullable=False),
        sa.Column("signed_name", sa.String(50), nullable=False),
        sa.Column("unit_name", sa.String(100), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint(
            "person_id",
            "course_id",
            "lesson_code",
            "text_hash",
            name=op.f("uq_pledge_signature_person_id_course_id_lesson_code_text_hash"),
        ),
    )
    op.create_table(
        "reflection",
        *_owned("reflection"),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(64), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint(
            "person_id",
            "course_id",
            "lesson_code",
            "text_hash",
            "no",
            name=op.f("uq_reflection_person_id_course_id_lesson_code_text_hash_no"),
        ),
    )
    op.create_index("ix_reflection_submitted_at", "reflection", ["submitted_at"])
    op.create_table(
        "reflection_review",
        sa.Column("id", KEY, nullable=False),
        sa.Column("reflection_id", KEY, nullable=False),
        sa.Column("reviewer_id", KEY, nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["reflection_id"],
            ["reflection.id"],
            name=op.f("fk_reflection_review_reflection_id_reflection"),
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["person.id"], name=op.f("fk_reflection_review_reviewer_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reflection_review")),
        sa.UniqueConstraint("reflection_id", name=op.f("uq_reflection_review_reflection_id")),
    )
    guard_append_only(op.get_bind(), APPEND_ONLY)


def downgrade() -> None:
    op.drop_table("reflection_review")
    op.drop_table("reflection")
    op.drop_table("pledge_signature")
    op.drop_column("lesson", "tasks")


def _owned(table: str) -> list[sa.schema.SchemaItem]:
    """What both tables of people's own papers begin with."""
    return [
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(22), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("course_id", KEY, nullable=False),
        sa.Column("lesson_code", sa.String(60), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f(f"fk_{table}_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f(f"fk_{table}_course_id_course")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("public_id", name=op.f(f"uq_{table}_public_id")),
    ]
