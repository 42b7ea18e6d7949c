"""studies, versions and withdrawals; groups, places and outcomes of participants; pairs and repeats among trials"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _participants() -> list[sa.Column[Any]]:
    return [
        sa.Column("group", sa.Text, nullable=False, server_default=""),
        sa.Column("place", sa.Integer, nullable=False, server_default="-1"),
        sa.Column("planned", sa.Integer, nullable=False, server_default="0"),
        sa.Column("outcome", sa.Text, nullable=False, server_default=""),
        sa.Column("external_id", sa.Text, nullable=False, server_default=""),
        sa.Column("withdrawing", sa.Boolean, nullable=False, server_default=sa.false()),
    ]


def _trials() -> list[sa.Column[Any]]:
    return [
        sa.Column("other", sa.Text, nullable=False, server_default=""),
        sa.Column("other_sha256", sa.Text, nullable=False, server_default=""),
        sa.Column("block_name", sa.Text, nullable=False, server_default=""),
        sa.Column("repeat", sa.Integer, nullable=False, server_default="0"),
    ]


def upgrade() -> None:
    """Those who were invited before keep their order; only somebody who withdraws can take answers away."""
    for column in _participants():
        op.add_column("participants", column)
    for column in _trials():
        op.add_column("trials", column)
    op.execute(
        "UPDATE participants SET place = 0, planned = (SELECT COUNT(*) FROM trials "
        "WHERE trials.participant = participants.participant) WHERE started_at <> ''"
    )
    op.create_index("ix_participants_external_id", "participants", ["external_id"])
    op.create_table(
        "studies",
        sa.Column("study", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False, server_default="draft"),
        sa.Column("join_code", sa.Text, nullable=False, server_default=""),
        sa.Column("changed_at", sa.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "versions",
        sa.Column("study", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("stimuli", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("kept_at", sa.Text, nullable=False),
    )
    op.create_table(
        "withdrawals",
        sa.Column("receipt", sa.Text, primary_key=True),
        sa.Column("study", sa.Text, nullable=False),
        sa.Column("token_sha256", sa.Text, nullable=False, unique=True),
        sa.Column("answers", sa.Integer, nullable=False),
        sa.Column("withdrawn_at", sa.Text, nullable=False),
    )
    op.create_index("ix_withdrawals_study", "withdrawals", ["study"])
    for table in ("answers", "consents"):
        _kept_unless_withdrawn(table)


def _kept_unless_withdrawn(table: str) -> None:
    refuse = f"CREATE TRIGGER {table}_are_kept BEFORE DELETE ON {table} FOR EACH ROW "
    withdrawing = "(SELECT withdrawing FROM participants WHERE participant = OLD.participant)"
    said = f"{table} are kept unless their participant withdraws"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(refuse + f"WHEN NOT {withdrawing} BEGIN SELECT RAISE(ABORT, '{said}'); END")
    elif op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF NOT {withdrawing} THEN RAISE EXCEPTION '{said}'; END IF; RETURN OLD; END $$"
        )
        op.execute(refuse + f"EXECUTE FUNCTION {table}_are_kept()")


def downgrade() -> None:
    """Drop what came with this version."""
    for table in ("answers", "consents"):
        op.execute(f"DROP TRIGGER {table}_are_kept" + (f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""))
    for table in ("withdrawals", "versions", "studies"):
        op.drop_table(table)
    op.drop_index("ix_participants_external_id", "participants")
    for name, columns in (("trials", _trials()), ("participants", _participants())):
        for column in columns:
            op.drop_column(name, column.name)
