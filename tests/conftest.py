"""Fixtures for all tests."""

import pytest

from tests import environment


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request):
    environment.name_test_database()
    request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | environment.chromium()


@pytest.fixture
def no_pauses(settings):
    """Retries happen, but nobody waits for them. Gives the seconds that would have been slept."""
    slept: list[float] = []
    settings.GRAPH_CLIENT_OPTIONS = {"sleep": slept.append}
    return slept
