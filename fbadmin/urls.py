"""Every address of the product. The contract with the outside is in docs/architecture.md."""

from django.urls import include, path

from fbadmin import probes

urlpatterns = [
    path("", include("apps.ui.urls")),
    path("", include("apps.team.urls")),
    path("", include("apps.connections.urls")),
    path("", include("apps.reporting.urls")),
    path("healthz", probes.healthz),
    path("readyz", probes.readyz),
]
