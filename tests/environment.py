"""The world the tests run in. Loaded before Django's settings (`-p tests.environment` in pyproject.toml).

Everything lives in a temporary folder: an embedded PostgreSQL, broker and cache for each xdist worker.
TEST_DATABASE_URL and TEST_REDIS_URL put given servers in their place.
"""

import atexit
import base64
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from fbadmin.embedded import postgres

FOLDER, RUN = "FBADMIN_TEST_FOLDER", "FBADMIN_TEST_RUN"
# Nothing listens there: a test that forgets the sandbox fails at once and bothers nobody.
NOWHERE = "http://127.0.0.1:9"
OURS = b"fbadmin"

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

# Whatever a developer has exported stays out.
FOREIGN = (
    "META_",
    "ALERT_",
    "METRICS_",
    "EMAIL_",
    "ALLOWED_",
    "CSRF_",
    "SITE_URL",
    "TRUSTED_",
    "ORGANISATION",
    "PG",
    "AWS_",
    "VAULT_",
    "TOKEN_KEYS_FROM",
    "LOG_LEVEL",
)


def redis_url(given: str, worker: str) -> str:
    """Each worker has a database of its own, counted down from the one in the address, or 15."""
    if not given:
        return ""
    parts = urlsplit(given)
    number = int(parts.path.strip("/") or 15)
    number -= int(worker.removeprefix("gw") or 0) if worker else 0
    if number < 0:
        raise pytest.UsageError("TEST_REDIS_URL leaves too few databases. Use a lower -n.")
    return urlunsplit(parts._replace(path=f"/{number}"))


def prepare() -> Path:
    """Set the environment; called once in each process, before any settings are read."""
    if not WORKER:
        folder = Path(tempfile.mkdtemp(prefix="fbadmin-tests-"))
        folder.chmod(0o711)  # the embedded server's account passes through
        os.environ[FOLDER] = str(folder)
        os.environ[RUN] = secrets.token_hex(4)
    var_dir = Path(os.environ[FOLDER]) / (WORKER or "main")
    var_dir.mkdir()
    var_dir.chmod(0o711)
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "fbadmin.settings",
        "FBADMIN_ENV_FILE": "",
        "FBADMIN_POSTGRES_FAST": "1",
        "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", ""),
        "REDIS_URL": redis_url(os.environ.get("TEST_REDIS_URL", ""), WORKER),
        "VAR_DIR": str(var_dir),
        "DEBUG": "0",
        "SECRET_KEY": "only-for-tests-" + "0123456789" * 4,
        "TOKEN_KEYS": "k1:" + base64.b64encode(bytes(range(32))).decode(),
        # Tests sign in as admins by password alone; those about the second factor ask for it.
        "REQUIRE_TWO_FACTOR": "0",
        "META_GRAPH_URL": NOWHERE,
        "META_DIALOG_URL": NOWHERE,
        "META_APP_ID": "123456789012345",
        "META_APP_SECRET": "0123456789abcdef0123456789abcdef",
        # Playwright's loop makes Django believe that it is called from async code.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }
    return var_dir


VAR_DIR = prepare()


def name_test_database() -> None:
    """A name of its own for each run, so that two runs on one server do not meet."""
    from django.conf import settings

    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = f"test_fbadmin_{os.environ[RUN]}"


def pytest_configure(config: pytest.Config) -> None:
    """A Redis database that holds anything else is left alone."""
    if not os.environ["REDIS_URL"]:
        return
    foreign = [key for key in _redis().scan_iter(count=1000) if not key.startswith(OURS)]
    if foreign:
        raise pytest.UsageError(
            f"{os.environ['REDIS_URL']} holds {len(foreign)} keys that are not ours, and tests clear their "
            "database. Point TEST_REDIS_URL at an empty one."
        )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Reports say which marks a test has; tests with a browser share one worker (`--dist loadgroup`)."""
    for item in items:
        for mark in ("browser", "services"):
            if item.get_closest_marker(mark):
                item.user_properties.append(("mark", mark))
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))


def chromium() -> dict[str, Any]:
    """How Playwright starts the machine's own Chromium. FBADMIN_REQUIRE_BROWSER=1: failing, not skipping."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        missing = pytest.fail if os.environ.get("FBADMIN_REQUIRE_BROWSER") == "1" else pytest.skip
        missing("No Chromium on this machine: apt-get install chromium.")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": found, "args": root}


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if os.environ["REDIS_URL"]:
        redis = _redis()
        for key in redis.scan_iter(match="fbadmin*", count=1000):
            redis.delete(key)
    leave_nothing(VAR_DIR)


def leave_nothing(*var_dirs: Path) -> None:
    """Stop the embedded servers and delete their data."""
    for var_dir in var_dirs:
        postgres.remove(var_dir)
        shutil.rmtree(var_dir, ignore_errors=True)


@atexit.register
def leave_no_folder() -> None:
    """The last word of a run, however it ended: workers that died may have left something."""
    if not WORKER:
        folder = Path(os.environ[FOLDER])
        leave_nothing(*folder.iterdir())
        folder.rmdir()


def _redis():
    import redis

    return redis.Redis.from_url(os.environ["REDIS_URL"])
