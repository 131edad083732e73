"""papers drawn and sealed by themselves some minutes before the start

Revision: 0042
Follows: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("exam_papers", sa.Column("seal_before_min", sa.Integer(), nullable=True))
    op.add_column("exam_papers", sa.Column("seal_tried_at", sa.DateTime(timezone=True)))
    op.add_column(
        "exam_papers",
        sa.Column("seal_problem", sa.String(length=500), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_column("exam_papers", "seal_problem")
    op.drop_column("exam_papers", "seal_tried_at")
    op.drop_column("exam_papers", "seal_before_min")
