from django.urls import path

from . import views

app_name = "reporting"

urlpatterns = [
    path("", views.home, name="home"),
    path("performance/", views.performance, name="performance"),
    path("performance/export.csv", views.performance_csv, name="performance_csv"),
    path("performance/sync/", views.sync_shown, name="sync"),
    path("accounts/", views.accounts, name="accounts"),
    path("accounts/<str:act>/", views.account, name="account"),
    path("accounts/<str:act>/sync/", views.sync_account, name="sync_account"),
]
