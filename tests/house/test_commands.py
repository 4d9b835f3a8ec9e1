"""The Makefile, the lock and the project file agree with each other."""

import os
import re
import subprocess
import tomllib

from .conftest import ROOT


def run(*command):
    # As from a shell, also when these tests themselves run under make.
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout


def test_make_alone_lists_every_target_with_what_it_does():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))

    listed = {line.split()[0]: line.split(maxsplit=1)[1] for line in run("make").splitlines()}

    assert listed.keys() == targets
    assert {"install", "demo", "test", "check"} <= targets


def test_the_lock_has_hashes_and_no_address():
    lock = (ROOT / "requirements.lock").read_text()

    assert "://" not in lock
    assert "--index-url" not in lock
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_the_lock_has_everything_the_project_asks_for():
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lock = (ROOT / "requirements.lock").read_text()
    # `--universal` may lock a package twice, for different machines.
    locked = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", lock, re.M):
        locked.setdefault(name.lower().replace("_", "-"), []).append(version)
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]

    for wanted in (Requirement(text) for group in groups for text in group):
        versions = locked.get(wanted.name.lower(), [])
        assert any(wanted.specifier.contains(version, prereleases=True) for version in versions), wanted


def test_compose_offers_what_the_environment_expects():
    services = (ROOT / "docker-compose.yml").read_text()

    assert "postgres:17" in services
    assert "redis:7" in services
