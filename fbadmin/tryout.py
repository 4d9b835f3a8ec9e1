"""What `manage.py demo` and `manage.py sandbox` need in the environment, before settings are read."""

import os
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from fbadmin import environment

PREPARED = "FBADMIN_DEMO"
BASE_DIR = Path(__file__).resolve().parent.parent
APP_ID, APP_SECRET = "123456789012345", "0123456789abcdef0123456789abcdef"


def add_ports(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8000, help="of the web server (8000)")
    parser.add_argument("--sandbox-port", type=int, default=8010, help="of the pretend Meta (8010)")


def sandbox_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def prepare(arguments: Sequence[str]) -> None:
    """Fill in what nobody has set. With a META_GRAPH_URL of one's own, Meta's settings stay as they are."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    add_ports(parser)
    given, _ = parser.parse_known_args(arguments)
    env_file = os.environ.get("FBADMIN_ENV_FILE", str(BASE_DIR / ".env"))
    if env_file:
        environment.load_file(Path(env_file))
    os.environ.setdefault("DEBUG", "1")
    os.environ.setdefault("SITE_URL", f"http://localhost:{given.port}")
    if not os.environ.get("META_GRAPH_URL"):
        os.environ |= {
            "META_GRAPH_URL": sandbox_url(given.sandbox_port),
            "META_DIALOG_URL": sandbox_url(given.sandbox_port),
            "META_APP_ID": APP_ID,
            "META_APP_SECRET": APP_SECRET,
        }
    os.environ[PREPARED] = "1"
