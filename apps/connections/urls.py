from django.urls import path

from . import grants, views

app_name = "connections"

urlpatterns = [
    path("connections/", views.connections, name="list"),
    path("connections/new/", views.connect, name="new"),
    path("connections/<uuid:pk>/check/", views.check, name="check"),
    path("users/<int:pk>/accounts/", grants.of_a_person, name="grants"),
]
