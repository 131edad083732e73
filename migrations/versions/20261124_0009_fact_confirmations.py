"""confirmations of the editor's record

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "fact_confirmation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("fact_id", sa.String(20), nullable=False),
        sa.Column("text_hash", sa.String(64), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_fact_confirmation_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_confirmation")),
    )
    op.create_index("ix_fact_confirmation_text_hash", "fact_confirmation", ["text_hash"])
    guard_append_only(op.get_bind(), ("fact_confirmation",))


def downgrade() -> None:
    op.drop_table("fact_confirmation")
