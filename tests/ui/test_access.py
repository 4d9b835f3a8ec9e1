import json

import pytest
from django.test import Client

from apps.team import roles

HTMX = {"HX-Request": "true"}


def test_the_page_opens_for_whom_it_is_meant(browse):
    response = browse().get("/performance/")

    assert response.content == b"numbers"
    assert "HX-Request" in response["Vary"]
    assert response["Cache-Control"] == "private, no-store"


def test_head_is_a_get(browse):
    assert browse().head("/performance/").status_code == 200


def test_signed_out_goes_to_sign_in_and_comes_back(db):
    response = Client().get("/performance/?cur=EUR")

    assert response.status_code == 302
    assert response["Location"] == "/sign-in/?next=/performance/%3Fcur%3DEUR"


def test_a_form_sent_after_the_session_ended_does_not_come_back_to_a_post_address(db):
    response = Client().post("/check/")

    assert response["Location"] == "/sign-in/?next=/"


def test_a_part_of_a_page_keeps_the_page_when_the_session_ends(db):
    response = Client().get("/performance/", headers=HTMX)

    assert response.status_code == 401
    assert b"/sign-in/" in response.content


def test_a_boosted_page_goes_to_sign_in(db):
    response = Client().get("/performance/", headers=HTMX | {"HX-Boosted": "true"})

    assert response.status_code == 302


@pytest.mark.parametrize("method", ["get", "post"])
def test_role_too_low_is_told_whom_to_ask(browse, make_user, method):
    make_user(roles.ADMIN, "anna@agency.example", "Anna Ford")

    response = getattr(browse(roles.MARKETER), method)("/check/")

    assert response.status_code == 403
    html = response.content.decode()
    assert "Anna Ford" in html
    assert "anna@agency.example" in html
    assert 'id="side"' in html


def test_wrong_method_says_which_one(browse):
    response = browse(roles.ADMIN).get("/check/")

    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert b"does not take GET" in response.content


def test_an_open_page_needs_nobody(db):
    response = Client().get("/open/")

    assert response.status_code == 200
    assert "Cache-Control" not in response


def test_an_open_page_still_refuses_other_methods(db):
    assert Client().post("/open/").status_code == 405


def test_a_view_tells_what_it_asks_for():
    from tests.ui import urls

    assert urls.check.access.permission == "team.manage_connections"
    assert urls.check.access.methods == ("POST",)
    assert urls.check.access.private
    assert not urls.open_to_all.access.private


def test_a_toast_goes_beside_the_answer(browse):
    response = browse(roles.ADMIN).post("/check/")

    assert json.loads(response["HX-Trigger"]) == {
        "toast": {"text": "Checked", "action": {"label": "Undo", "url": "/undo/"}}
    }
