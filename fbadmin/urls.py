"""Every address of the product. The contract with the outside is in docs/architecture.md."""

from django.urls import include, path

from apps.health.overview_views import today
from fbadmin import probes

urlpatterns = [
    path("", today, name="overview"),
    path("", include("apps.ui.urls")),
    path("", include("apps.team.urls")),
    path("", include("apps.connections.urls")),
    path("", include("apps.reporting.urls")),
    path("", include("apps.health.urls")),
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
]

handler400 = "apps.ui.errors.bad_request"
handler403 = "apps.ui.errors.permission_denied"
handler404 = "apps.ui.errors.not_found"
handler500 = "apps.ui.errors.server_error"
