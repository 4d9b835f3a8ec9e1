"""The embedded broker is cut off: what is due stands in rows all the same."""

import os
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from apps.reporting.models import SyncRun

pytestmark = [
    pytest.mark.usefixtures("no_pauses"),
    pytest.mark.skipif(bool(os.environ["REDIS_URL"]), reason="this is about the embedded broker"),
]


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_a_page_still_writes_down_what_is_due(make_account, support, signed_in, caplog):
    account = make_account()
    folder = Path(django_settings.VAR_DIR) / "broker"
    aside = folder.with_name("broker-aside")
    if folder.exists():
        folder.rename(aside)
    folder.write_text("no folder")
    try:
        page = signed_in(support).post(f"/accounts/{account.act_id}/sync/")
    finally:
        folder.unlink()
        if aside.exists():
            aside.rename(folder)

    assert page.status_code == 302
    assert SyncRun.objects.get().state == "queued"
    assert "Error calling" in caplog.text
