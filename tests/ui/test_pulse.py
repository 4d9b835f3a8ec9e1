import pytest
from django.test import Client

from apps.ui import pulse
from apps.ui.pulse import Pulse, PulseLine


def well(user):
    return PulseLine("Synced", "6 min ago", "ok", "/health/")


def worse(user):
    return PulseLine("Rate limit", "1 blocked", "crit")


def silent(user):
    return None


def broken(user):
    raise RuntimeError("the store is down")


HERE = "tests.ui.test_pulse."


def test_lines_stand_in_the_order_of_the_setting(settings):
    settings.PULSE = [HERE + "worse", HERE + "silent", HERE + "well"]

    taken = pulse.take(None)

    assert [line.label for line in taken.lines] == ["Rate limit", "Synced"]
    assert taken.state == "crit ok"
    assert taken.text == "Rate limit: 1 blocked"


@pytest.mark.parametrize("path", [HERE + "broken", HERE + "missing", "no.such.module.tokens"])
def test_a_fault_in_one_line_says_unknown_and_is_logged(settings, caplog, path):
    settings.PULSE = [path, HERE + "well"]

    taken = pulse.take(None)

    assert taken.lines[0].word == "unknown"
    assert taken.lines[0].kind == "none"
    assert taken.lines[1] == well(None)
    assert path in caplog.text


def test_a_quiet_pulse_says_nothing_aloud():
    assert Pulse([PulseLine("Synced", "now", "ok")]).text == ""
    assert Pulse([]).text == ""


def test_the_partial_is_only_the_lines(browse, settings):
    settings.PULSE = [HERE + "broken", HERE + "well"]

    response = browse().get("/pulse/", headers={"HX-Request": "true"})

    html = response.content.decode()
    assert response.status_code == 200
    assert 'href="/health/"' in html
    assert "unknown" in html
    assert "<html" not in html


def test_signed_out_polling_does_not_redirect(db):
    assert Client().get("/pulse/", headers={"HX-Request": "true"}).status_code == 401


def test_the_sidebar_polls_every_half_minute(browse):
    html = browse().get("/nowhere/").content.decode()

    assert 'hx-get="/pulse/"' in html
    assert "every 30s" in html
