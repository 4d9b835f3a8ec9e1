from django.urls import path

from . import callback_views, detail_views, grants, views

app_name = "connections"

urlpatterns = [
    path("connections/", views.connections, name="list"),
    path("connections/new/", views.connect, name="new"),
    path("connections/check/", views.check_all, name="check_all"),
    path("connections/<uuid:pk>/", detail_views.connection, name="detail"),
    path("connections/<uuid:pk>/check/", views.check, name="check"),
    path("users/<int:pk>/accounts/", grants.of_a_person, name="grants"),
    path("connections/<uuid:pk>/renew/", detail_views.renew, name="renew"),
    path("connections/<uuid:pk>/ask/", detail_views.ask, name="ask"),
    path("connections/<uuid:pk>/disconnect/", detail_views.disconnect, name="disconnect"),
    path("hooks/meta/deauthorize/", callback_views.deauthorize, name="deauthorize"),
    path("hooks/meta/data-deletion/", callback_views.data_deletion, name="data_deletion"),
    path("hooks/meta/data-deletion/<str:code>/", callback_views.status, name="deletion_status"),
]
