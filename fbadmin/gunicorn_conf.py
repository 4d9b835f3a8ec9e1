"""The web server: `gunicorn -c fbadmin/gunicorn_conf.py fbadmin.wsgi`."""

import os
import subprocess
import sys
from pathlib import Path

bind = os.environ.get("BIND", "127.0.0.1:8000")
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
# Each thread keeps its database connection; more threads than this would only queue for the interpreter.
threads = 4
timeout = 60
graceful_timeout = 5
max_requests = 20_000
max_requests_jitter = 2_000
accesslog = "-" if os.environ.get("ACCESS_LOG") else None
# Keys of links and codes of logins stand in addresses, and in no log.
logger_class = "fbadmin.web_log.Logger"
# The heartbeat file on a disk that is busy makes workers look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # nosec
# A socket that anyone could connect to is not needed, and a home folder may not exist.
control_socket_disable = True
# An address holds every filter; a few hundred ad accounts fit.
limit_request_line = 8190
# Nobody in front of us may say under which path we are mounted.
forwarder_headers = ""


def post_worker_init(worker: object) -> None:
    """While beat or all workers are down, the web server is who says so."""
    from apps.health import watch

    watch.start()


def worker_exit(server: object, worker: object) -> None:
    """What a worker heard of Meta and had not written yet."""
    from apps.health.recorder import RECORDER

    RECORDER.stop()


def on_starting(server: object) -> None:
    """No start with settings that are wrong, or without the keys of the tokens. In a process of its own: what is loaded
    here would stay loaded for all workers, through every reload.
    """
    manage = Path(__file__).resolve().parent.parent / "manage.py"
    if subprocess.run([sys.executable, str(manage), "check", "--tag", "keys"]).returncode != 0:
        sys.exit(1)
