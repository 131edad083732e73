"""days on which a course was studied; since when a person holds a leading post;
open book by person

Revision: 0043
Follows: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

BEFORE = "(percent IS NULL) <> (minutes IS NULL)"
EITHER = (
    "(percent IS NULL OR minutes IS NULL)"
    " AND (open_book OR percent IS NOT NULL OR minutes IS NOT NULL)"
)


def amount(rule: str) -> None:
    """What an accommodation gives."""
    with op.batch_alter_table("accommodation") as batch:
        batch.drop_constraint(op.f("ck_accommodation_amount"), type_="check")
        batch.create_check_constraint(op.f("ck_accommodation_amount"), rule)


def upgrade() -> None:
    op.create_table(
        "study_day",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("course_id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_study_day_seconds")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_study_day_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_study_day_course_id_course")
        ),
        sa.PrimaryKeyConstraint("person_id", "course_id", "day", name=op.f("pk_study_day")),
    )
    op.add_column("person", sa.Column("promoted_on", sa.Date(), nullable=True))
    op.add_column("attempt", sa.Column("open_book", sa.Boolean(), nullable=True))
    op.add_column(
        "accommodation",
        sa.Column("open_book", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    amount(EITHER)


def downgrade() -> None:
    op.execute("DELETE FROM accommodation WHERE percent IS NULL AND minutes IS NULL")
    amount(BEFORE)
    op.drop_column("accommodation", "open_book")
    op.drop_column("attempt", "open_book")
    op.drop_column("person", "promoted_on")
    op.drop_table("study_day")
