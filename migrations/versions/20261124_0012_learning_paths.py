"""learning paths; what took the place of a repealed law

Revision: 0012
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name, length in (("repealed_on", 20), ("replaced_by", 60)):
        op.add_column(
            "law_version", sa.Column(name, sa.String(length), nullable=False, server_default="")
        )
    op.create_table(
        "learning_path",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_path")),
        sa.UniqueConstraint("code", name=op.f("uq_learning_path_code")),
    )
    op.create_table(
        "learning_path_step",
        sa.Column("path_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("course_id", KEY, nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["path_id"],
            ["learning_path.id"],
            name=op.f("fk_learning_path_step_path_id_learning_path"),
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name=op.f("fk_learning_path_step_course_id_course")
        ),
        sa.PrimaryKeyConstraint("path_id", "position", name=op.f("pk_learning_path_step")),
        sa.UniqueConstraint(
            "path_id", "course_id", name=op.f("uq_learning_path_step_path_id_course_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("learning_path_step")
    op.drop_table("learning_path")
    op.drop_column("law_version", "replaced_by")
    op.drop_column("law_version", "repealed_on")
