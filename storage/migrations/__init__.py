"""Alembic migrations, run by `migrate` when the server starts."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from storage.database import Database

FOLDER = Path(__file__).parent
LOCK = 0x72656C6179  # "relay": one process migrates a PostgreSQL, the others wait


def migrate(database: Database) -> None:
    """Brings the database to the newest version; does nothing when it is there.

    Raises alembic's CommandError when the database is newer than this program.
    """
    with database.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        if noted(connection) != [newest()]:
            _upgrade(connection)


def newest() -> str:
    """The version that this program works with; a migration's file is named by it."""
    return max(path.name for path in (FOLDER / "versions").glob("[0-9]*_*.py")).partition("_")[0]


def noted(connection: Connection) -> list[str]:
    """What Alembic has noted in the database: one version, or none in a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return []
    return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - takes long to load, and few starts need it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
