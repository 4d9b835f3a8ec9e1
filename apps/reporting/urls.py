from django.urls import path, register_converter

from . import upkeep, views


class AccountId:
    """Meta's id of an ad account, with or without `act_`."""

    regex = "(?:act_)?[0-9]{1,32}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(AccountId, "act")

app_name = "reporting"

urlpatterns = [
    path("performance/", views.performance, name="performance"),
    path("performance/export.csv", views.performance_csv, name="performance_csv"),
    path("performance/sync/", views.sync_shown, name="sync"),
    path("accounts/", views.accounts, name="accounts"),
    path("accounts/<act:act>/", views.account, name="account"),
    path("accounts/<act:act>/sync/", views.sync_account, name="sync_account"),
    path("accounts/<act:act>/sets/", upkeep.keep_sets, name="keep_sets"),
    path("accounts/<act:act>/backfill/", upkeep.start_backfill, name="start_backfill"),
    path("accounts/<act:act>/backfill/stop/", upkeep.stop_backfill, name="stop_backfill"),
]
