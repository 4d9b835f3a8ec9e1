import pytest
from django.test import Client

from apps.team import roles
from apps.team.models import User


@pytest.fixture(autouse=True)
def site(settings):
    settings.ROOT_URLCONF = "tests.ui.urls"
    settings.CSRF_FAILURE_VIEW = "apps.ui.errors.csrf_failure"
    settings.PULSE = []


@pytest.fixture
def make_user(db):
    def make(role: str = roles.MARKETER, email: str = "mara@agency.example", name: str = "Mara Lund") -> User:
        return User.objects.with_password(email, "correct-horse-battery", role=role, name=name)

    return make


@pytest.fixture
def browse(make_user):
    """A signed-in client for a role."""

    def client(role: str = roles.MARKETER) -> Client:
        browser = Client()
        browser.force_login(make_user(role))
        return browser

    return client
