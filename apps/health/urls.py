from django.urls import path

from . import alert_views

app_name = "health"

urlpatterns = [
    path("alerts/", alert_views.alerts, name="alerts"),
    path("alerts/<int:pk>/", alert_views.alert, name="alert"),
    path("alerts/rules/<slug:name>/", alert_views.rule, name="alert-rule"),
    path("alerts/channels/new/", alert_views.new_channel, name="alert-channel-new"),
    path("alerts/channels/<uuid:pk>/", alert_views.channel, name="alert-channel"),
]
