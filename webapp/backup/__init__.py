"""Backups: one archive of database and files, made while Parley runs and restored into an empty place.

It knows tables and files, and no noun of the desk. Everything here works as the login that owns the tables:
PostgreSQL is told `row_security = off`, under which a query that a policy would narrow fails.
"""

from webapp.backup.archive import BackupError
from webapp.backup.move import move
from webapp.backup.restore import Restored, restore
from webapp.backup.save import Saved, save

__all__ = ["BackupError", "Restored", "Saved", "move", "restore", "save"]
