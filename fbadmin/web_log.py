"""The web server's own log: requests with their referrers, and errors that name one."""

from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from fbadmin.addresses import AddressFilter, without_secrets


class Logger(GunicornLogger):  # type: ignore[misc]
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(AddressFilter())

    def atoms(self, *args: Any) -> dict[str, Any]:
        told = super().atoms(*args)
        return {
            name: without_secrets(value) if isinstance(value, str) else value for name, value in told.items()
        }
