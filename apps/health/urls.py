from django.urls import path

from . import check_views, health_views, metrics_views

app_name = "health"

urlpatterns = [
    path("health/", health_views.index, name="index"),
    path("health/check/", check_views.check, name="check"),
    path("metrics", metrics_views.show, name="metrics"),
]
