"""Fixtures for all tests."""

import pytest

from tests import environment


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request):
    environment.name_test_database()
    request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")
