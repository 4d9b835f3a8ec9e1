"""The health page: how close every allowance is to its end, whether tokens and data are well, how calls went."""

import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_it_opens_before_anything_was_recorded(support, signed_in):
    page = signed_in(support).get("/health/")

    text = page.content.decode()
    assert page.status_code == 200
    assert "could not be worked out" not in text
    assert "It appears with the first call" in text
    assert "Nobody" not in text
