from django.urls import path

from . import health_views, metrics_views

app_name = "health"

urlpatterns = [
    path("health/", health_views.index, name="index"),
    path("metrics", metrics_views.show, name="metrics"),
]
