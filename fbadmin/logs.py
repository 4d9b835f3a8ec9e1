"""How log lines look, and what never stands in one.

In production each line is a JSON object; in development it can be read. `extra={"code": …}` of a call to a logger
becomes keys of the object, or words at the end of the line. Secrets and personal data are taken out in one place, of
message, extras and traceback.
"""

import copy
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from apps.graphapi.scrub import MASK, scrub
from fbadmin.addresses import without_secrets as without_secrets_in_addresses

# What may be told about an event besides its message.
EXTRAS = (
    "code", "subcode", "type", "meta_message", "trace_id", "account", "connection", "path", "status", "milliseconds",
)  # fmt: skip

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+")
_PHONE = re.compile(r"(?<![\w.-])\+\d[\d ()/-]{7,18}\d(?!\w)")
_TELLING = re.compile(
    r"(\b(?:password|passwd|secret|sessionid|csrftoken|cookie|authorization|token)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&})]+",
    re.IGNORECASE,
)  # fmt: skip


def strike_out(text: str) -> str:
    """The text without tokens, secrets, passwords, keys of links, mail addresses and telephone numbers."""
    text = _TELLING.sub(rf"\1{MASK}", scrub(without_secrets_in_addresses(text)))
    return _PHONE.sub(MASK, _EMAIL.sub(MASK, text))


def struck(record: logging.LogRecord) -> logging.LogRecord:
    """A copy without secrets; others who listen, as Sentry does, have their own way."""
    record = copy.copy(record)
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        message = f"{record.msg} {record.args!r} (the arguments do not fit)"
    record.msg, record.args = strike_out(message), None
    if record.exc_info and not record.exc_text:
        record.exc_text = _FORMATTER.formatException(record.exc_info)
    if record.exc_text:
        record.exc_text, record.exc_info = strike_out(record.exc_text), None
    if record.stack_info:
        record.stack_info = strike_out(record.stack_info)
    for name, value in extras(record).items():
        if isinstance(value, str):
            setattr(record, name, strike_out(value))
    return record


class Lines(logging.StreamHandler[Any]):
    """Writes what is left of a record, whichever library made it."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(struck(record))


_FORMATTER = logging.Formatter()


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """What was told besides the message; nothing else that a library hangs on a record."""
    told = {name: getattr(record, name, None) for name in EXTRAS}
    return {name: value for name, value in told.items() if value not in (None, "")}


class Readable(logging.Formatter):
    """`2026-11-27 14:02:11,094 WARNING apps.x [request] words code=190 subcode=460`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        line = super().formatMessage(record)
        return " ".join([line, *(f"{name}={value}" for name, value in extras(record).items())])


class AsJson(JsonFormatter):
    """One object a line."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        log_data |= {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = getattr(record, "request_id", "-")
        log_data |= ({"request_id": request_id} if request_id != "-" else {}) | extras(record)
        if record.exc_text:
            log_data["traceback"] = record.exc_text
        if record.stack_info:
            log_data["stack"] = record.stack_info


def settings(*, level: str, as_json: bool, stream: Any) -> dict[str, Any]:
    """Django's `LOGGING`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": "apps.ui.middleware.RequestIdFilter"},
            "addresses": {"()": "fbadmin.addresses.AddressFilter"},
        },
        "formatters": {"lines": {"()": AsJson if as_json else Readable}},
        "handlers": {
            "stderr": {
                "()": Lines,
                "stream": stream,
                "formatter": "lines",
                "filters": ["request_id"],
            },
            "nowhere": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # At DEBUG it would tell the keys that AWS unwraps for us.
            "botocore": {"level": "INFO"},
            # At DEBUG it would tell addresses whole, those of channels too.
            "urllib3": {"level": "INFO"},
            # It tells addresses; `health.delivery` listens and says the rest.
            "apprise": {"level": "WARNING", "propagate": False, "handlers": ["nowhere"]},
            "django.request": {"filters": ["addresses"]},
            "django.server": {"filters": ["addresses"]},
        },
    }


# --- Sentry ----------------------------------------------------------------------------------------


def tell_sentry(dsn: str, *, server: str) -> None:
    """Faults go to Sentry as well. Raises ImportError without the extra, ValueError where it is no DSN."""
    import sentry_sdk
    from sentry_sdk.utils import BadDsn

    try:
        sentry_sdk.init(
            dsn=dsn,
            server_name=server,
            send_default_pii=False,
            include_local_variables=False,
            max_request_body_size="never",
            before_send=without_secrets,
            before_breadcrumb=without_secrets,
        )
    except BadDsn as error:
        raise ValueError(str(error)) from error


def without_secrets(event: Any, hint: object = None) -> Any:
    """An event without the request and the person, every text in it struck out."""
    return _struck({name: value for name, value in event.items() if name not in ("request", "user")})


def _struck(value: Any) -> Any:
    if isinstance(value, str):
        return strike_out(value)
    if isinstance(value, Mapping):
        return {key: _struck(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_struck(one) for one in value]
    return value
