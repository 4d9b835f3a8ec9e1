"""PostgreSQL engine on a server that starts with the first connection and ends with the last process."""

import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base, client
from django.db.utils import OperationalError

from fbadmin.embedded import postgres

# The server is down or its socket is stale; or it is on its way up and wants a moment.
_GONE = re.compile(r"no such file or directory|connection refused|server closed the connection", re.I)
_RISING = re.compile(r"the database system is (starting up|in recovery mode|shutting down|not yet accepting)")
_PATIENCE = 30.0


class DatabaseClient(client.DatabaseClient):
    def runshell(self, parameters: Iterable[str]) -> None:
        ensure(self.connection.settings_dict)
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        ensure(self.settings_dict)
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return super().get_new_connection(conn_params)
            except self.Database.OperationalError as error:
                if time.monotonic() > until:
                    raise
                if _RISING.search(str(error)):
                    time.sleep(0.05)
                elif _GONE.search(str(error)):
                    ensure(self.settings_dict, again=True)
                else:
                    raise


def ensure(settings: dict[str, Any], *, again: bool = False) -> None:
    try:
        postgres.ensure(Path(settings["VAR_DIR"]), again=again)
    except postgres.EmbeddedError as error:
        raise OperationalError(str(error)) from error
