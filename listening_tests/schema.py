"""The tables of the answers database. Migrations in ``migrations/`` make them; a test keeps both the same.

Times are ISO 8601 text in UTC, so that every database gives back what went in. Answers and consents are only ever added;
they go only with the participant who withdraws.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

participants = sa.Table(
    "participants",
    metadata,
    sa.Column("participant", sa.Text, primary_key=True),
    sa.Column("study", sa.Text, nullable=False, index=True),
    sa.Column("study_version", sa.Text, nullable=False, server_default=""),
    sa.Column("token_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("ui_language", sa.Text, nullable=False, server_default=""),
    sa.Column("simulated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("completion_code", sa.Text, nullable=False),
    sa.Column("invited_at", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False, server_default=""),
    sa.Column("finished_at", sa.Text, nullable=False, server_default=""),
    sa.Column("group", sa.Text, nullable=False, server_default=""),  # set when the rest of the order is drawn
    sa.Column("place", sa.Integer, nullable=False, server_default="-1"),
    sa.Column("planned", sa.Integer, nullable=False, server_default="0"),
    sa.Column("outcome", sa.Text, nullable=False, server_default=""),
    sa.Column("external_id", sa.Text, nullable=False, server_default="", index=True),
    sa.Column("withdrawing", sa.Boolean, nullable=False, server_default=sa.false()),
)
studies = sa.Table(
    "studies",
    metadata,
    sa.Column("study", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False, server_default="draft"),
    sa.Column("join_code", sa.Text, nullable=False, server_default=""),
    sa.Column("changed_at", sa.Text, nullable=False, server_default=""),
    sa.Column("secret", sa.Text, nullable=False, server_default=""),  # tokens of those whom a service sends follow from it
)
versions = sa.Table(
    "versions",
    metadata,
    sa.Column("study", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("stimuli", sa.Text, nullable=False),
    sa.Column("tables", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("kept_at", sa.Text, nullable=False),
)
withdrawals = sa.Table(
    "withdrawals",
    metadata,
    sa.Column("receipt", sa.Text, primary_key=True),
    sa.Column("study", sa.Text, nullable=False, index=True),
    sa.Column("token_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("answers", sa.Integer, nullable=False),
    sa.Column("withdrawn_at", sa.Text, nullable=False),
)
trials = sa.Table(
    "trials",
    metadata,
    sa.Column("participant", sa.Text, sa.ForeignKey("participants.participant"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("block", sa.Integer, nullable=False),
    sa.Column("stimulus", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("other", sa.Text, nullable=False, server_default=""),
    sa.Column("other_sha256", sa.Text, nullable=False, server_default=""),
    sa.Column("block_name", sa.Text, nullable=False, server_default=""),
    sa.Column("repeat", sa.Integer, nullable=False, server_default="0"),
)
answers = sa.Table(
    "answers",
    metadata,
    sa.Column("participant", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("answer", sa.JSON, nullable=False),
    sa.Column("answered_at", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(["participant", "position"], ["trials.participant", "trials.position"]),
)
consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("participant", sa.Text, sa.ForeignKey("participants.participant"), nullable=False, index=True),
    sa.Column("text_version", sa.Text, nullable=False),
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("agreed", sa.Boolean, nullable=False),
    sa.Column("answered_at", sa.Text, nullable=False),
)
events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("participant", sa.Text, sa.ForeignKey("participants.participant"), nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
