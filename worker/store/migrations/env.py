"""How Alembic works on our schema: always on a connection that it is given."""

from alembic import context

from worker.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # on SQLite, too: we begin the transactions there, not the driver
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
