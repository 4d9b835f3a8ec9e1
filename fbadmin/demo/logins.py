"""One person of each role, with passwords that stay the same from start to start."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from apps.team import roles
from apps.team.models import User

MARKETER = "marketer@example.com"
PEOPLE = {
    "admin@example.com": (roles.ADMIN, "Ada Admin"),
    MARKETER: (roles.MARKETER, "Mara Marketer"),
    "support@example.com": (roles.SUPPORT, "Sam Support"),
}


@dataclass(frozen=True)
class Login:
    role: str
    email: str
    password: str


def ensure(var_dir: Path) -> list[Login]:
    """The people, with their passwords from the file under VAR_DIR. One changed since is not known."""
    kept = _read(var_dir / "demo-logins.json")
    passwords = {email: kept.get(email) or secrets.token_urlsafe(12) for email in PEOPLE}
    _write(var_dir / "demo-logins.json", passwords)
    for email, (role, name) in PEOPLE.items():
        person = User.objects.filter(email=email).first()
        if person is None:
            User.objects.with_password(email, passwords[email], role=role, name=name)
        elif email not in kept:  # the file was lost
            person.set_password(passwords[email])
            person.save(update_fields=["password"])
    return [Login(role, email, passwords[email]) for email, (role, _) in PEOPLE.items()]


def _read(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _write(path: Path, passwords: dict[str, str]) -> None:
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(passwords, file, indent=2)
    draft.replace(path)
