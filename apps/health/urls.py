from django.urls import path

from . import health_views

app_name = "health"

urlpatterns = [
    path("health/", health_views.index, name="index"),
]
