"""For orchestrators: is the process alive, and can it work?"""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from apps.health import heartbeat


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, cache and background work answer, else 503 with the name of what does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        silent = heartbeat.silent_since(heartbeat.LOST)
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
    try:
        cache.get("readyz")
    except (OSError, RedisError):
        return HttpResponse("The cache does not answer.\n", status=503, content_type="text/plain")
    if silent:
        return HttpResponse(
            f"Nothing came through beat and a worker since {silent:%Y-%m-%d %H:%M} UTC.\n",
            status=503,
            content_type="text/plain",
        )
    return HttpResponse("ready\n", content_type="text/plain")
