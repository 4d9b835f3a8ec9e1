"""What people do with connections, for the audit trail."""

from typing import Any

from django.http import HttpRequest

from apps.team import audit

from .models import Connection


def record(
    action: str, connection: Connection, *, by: Any, detail: str = "", request: HttpRequest | None = None
) -> None:
    """The trail can not forget, so a connection that is a person at Meta stands in it by a reference, not by a name."""
    audit.record(action, by=by, thing=connection.reference, detail=detail, request=request)
