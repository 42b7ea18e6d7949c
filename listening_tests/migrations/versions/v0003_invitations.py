"""a secret of each study, from which links for those whom a recruiting service sends follow"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """A study that people were invited to before there were drafts is open: their links go on working."""
    op.add_column("studies", sa.Column("secret", sa.Text, nullable=False, server_default=""))
    studies = sa.table("studies", *(sa.column(name) for name in ("study", "state", "secret")))
    connection = op.get_bind()
    invited = "SELECT DISTINCT study FROM participants WHERE NOT simulated"
    for study in list(connection.execute(sa.text(invited)).scalars()):
        known = connection.execute(sa.select(studies.c.study).where(studies.c.study == study)).first()
        if known is None:
            connection.execute(studies.insert().values(study=study, state="open"))
        else:
            connection.execute(studies.update().where(studies.c.study == study).values(state="open"))
    for study in list(connection.execute(sa.select(studies.c.study)).scalars()):
        connection.execute(studies.update().where(studies.c.study == study).values(secret=secrets.token_urlsafe(16)))


def downgrade() -> None:
    """Drop what came with this version."""
    op.drop_column("studies", "secret")
