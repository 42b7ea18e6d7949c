"""participants, trials, answers, consents, events"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the five tables, and let the database itself refuse to change an answer."""
    participant = sa.ForeignKey("participants.participant")
    op.create_table(
        "participants",
        sa.Column("participant", sa.Text, primary_key=True),
        sa.Column("study", sa.Text, nullable=False),
        sa.Column("study_version", sa.Text, nullable=False, server_default=""),
        sa.Column("token_sha256", sa.Text, nullable=False, unique=True),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("ui_language", sa.Text, nullable=False, server_default=""),
        sa.Column("simulated", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("completion_code", sa.Text, nullable=False),
        sa.Column("invited_at", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False, server_default=""),
        sa.Column("finished_at", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("ix_participants_study", "participants", ["study"])
    op.create_table(
        "trials",
        sa.Column("participant", sa.Text, participant, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("block", sa.Integer, nullable=False),
        sa.Column("stimulus", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("parameters", sa.JSON, nullable=False),
    )
    op.create_table(
        "answers",
        sa.Column("participant", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("answered_at", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["participant", "position"], ["trials.participant", "trials.position"]),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("participant", sa.Text, sa.ForeignKey("participants.participant"), nullable=False),
        sa.Column("text_version", sa.Text, nullable=False),
        sa.Column("text_sha256", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("agreed", sa.Boolean, nullable=False),
        sa.Column("answered_at", sa.Text, nullable=False),
    )
    op.create_index("ix_consents_participant", "consents", ["participant"])
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("participant", sa.Text, sa.ForeignKey("participants.participant"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_index("ix_events_participant", "events", ["participant"])
    for table in ("answers", "consents"):
        _append_only(table)


def _append_only(table: str) -> None:
    refuse = f"CREATE TRIGGER {table}_are_append_only BEFORE UPDATE ON {table} "
    if op.get_bind().dialect.name == "sqlite":
        op.execute(refuse + f"BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END")
    elif op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_are_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} are append-only'; END $$"
        )
        op.execute(refuse + f"FOR EACH ROW EXECUTE FUNCTION {table}_are_append_only()")


def downgrade() -> None:
    """Drop all; there is nothing before the first version."""
    for table in ("events", "consents", "answers", "trials", "participants"):
        op.drop_table(table)
