"""online hours of the year needed to sit an exam

Revision: 0015
Follows: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("exam", sa.Column("entry_centi", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("exam", "entry_centi")
