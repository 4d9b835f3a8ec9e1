from django.urls import path

from . import alert_views, check_views, error_views, health_views, metrics_views

app_name = "health"

urlpatterns = [
    path("alerts/", alert_views.alerts, name="alerts"),
    path("alerts/<int:pk>/", alert_views.alert, name="alert"),
    path("alerts/rules/<slug:name>/", alert_views.rule, name="alert-rule"),
    path("alerts/channels/new/", alert_views.new_channel, name="alert-channel-new"),
    path("alerts/channels/<uuid:pk>/", alert_views.channel, name="alert-channel"),
    path("errors/", error_views.errors, name="errors"),
    path("errors/export/", error_views.errors_csv, name="errors-csv"),
    path("errors/triage/", error_views.triage_many, name="errors-triage"),
    path("errors/undo/", error_views.undo, name="errors-undo"),
    path("errors/<int:pk>/", error_views.error, name="error"),
    path("errors/<int:pk>/state/", error_views.error_state, name="error-state"),
    path("errors/<int:pk>/note/", error_views.error_note, name="error-note"),
    path("errors/<int:pk>/owner/", error_views.error_owner, name="error-owner"),
    path("health/", health_views.index, name="index"),
    path("health/check/", check_views.check, name="check"),
    path("metrics", metrics_views.show, name="metrics"),
]
