"""the further tables of each version of a study, such as the pairs of clips that are compared"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Versions that were kept before name no pairs; whoever began with one has their order already."""
    op.add_column("versions", sa.Column("tables", sa.JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Drop what came with this version."""
    op.drop_column("versions", "tables")
