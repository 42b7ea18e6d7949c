"""Where Alembic meets our database: ``Store`` passes its connection in; there is no alembic.ini to keep in step."""

from alembic import context

from listening_tests.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
