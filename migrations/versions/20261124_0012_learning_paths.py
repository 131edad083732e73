"""learning paths, credit rules of the office, what took the place of a repealed law

Revision: 0012
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

from elearn.db import guard_append_only

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Evidence: a record names the version that made it, and the choice says since when it counted.
APPEND_ONLY = ("credit_rule_revision", "credit_rule_choice")


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
    _create_credit_rules()
    guard_append_only(op.get_bind(), APPEND_ONLY)


def _create_credit_rules() -> None:
    op.create_table(
        "credit_rule_revision",
        sa.Column("id", KEY, nullable=False),
        sa.Column("rule_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_rule_revision")),
        sa.UniqueConstraint(
            "rule_id", "version", name=op.f("uq_credit_rule_revision_rule_id_version")
        ),
    )
    op.create_table(
        "credit_rule_choice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("org_unit_id", KEY, nullable=False),
        sa.Column("revision_id", KEY, nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("chosen_by_id", KEY, nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_unit_id"],
            ["org_unit.id"],
            name=op.f("fk_credit_rule_choice_org_unit_id_org_unit"),
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["credit_rule_revision.id"],
            name=op.f("fk_credit_rule_choice_revision_id_credit_rule_revision"),
        ),
        sa.ForeignKeyConstraint(
            ["chosen_by_id"], ["person.id"], name=op.f("fk_credit_rule_choice_chosen_by_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_rule_choice")),
    )
    op.create_index("ix_credit_rule_choice_org_unit_id", "credit_rule_choice", ["org_unit_id"])


def downgrade() -> None:
    op.drop_table("credit_rule_choice")
    op.drop_table("credit_rule_revision")
    op.drop_table("learning_path_step")
    op.drop_table("learning_path")
    op.drop_column("law_version", "replaced_by")
    op.drop_column("law_version", "repealed_on")
