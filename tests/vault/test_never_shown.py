"""No page, form, task, template or command can come by a stored token."""

import ast
import re

from tests.test_arrows import ROOT, imported

# Who may ask for a token, besides the sealing itself. Nobody here makes pages or prints.
OPENERS = {"unseal", "opened"}
SHOWING = {"render", "HttpResponse", "BaseCommand", "shared_task", "page", "public", "messages"}
UNSEALS = {"apps/connections/clients.py"}


def modules():
    for file in sorted((ROOT / "apps").rglob("*.py")):
        if not {"migrations", "sandbox", "vault"} & set(file.relative_to(ROOT / "apps").parts):
            yield file, str(file.relative_to(ROOT))


def called(file):
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            names.add(getattr(node.func, "id", getattr(node.func, "attr", "")))
    return names


def test_stored_tokens_are_opened_in_one_place():
    unsealing = {name for file, name in modules() if "unseal" in called(file) and "connections" in name}

    assert unsealing == UNSEALS


def test_who_opens_tokens_shows_nothing_and_who_shows_opens_none():
    wrong = [
        name
        for file, name in modules()
        if "connections" in name or "reporting" in name
        if OPENERS & called(file) and SHOWING & {module.split(".")[-1] for module, _, _ in imported(file)}
    ]

    assert wrong == []


def test_no_template_names_what_is_sealed():
    named = re.compile(r"sealed_|access_token|app_secret|token_place|TOKEN_KEYS|SECRET_KEY")
    templates = list((ROOT / "templates").rglob("*.*"))

    assert len(templates) > 20
    assert [str(path) for path in templates if named.search(path.read_text())] == []


def test_no_command_names_what_is_sealed():
    commands = [path for path in (ROOT / "apps").rglob("management/commands/*.py") if path.stem != "__init__"]

    assert len(commands) >= 6
    assert [
        path for path in commands if re.search(r"sealed_token|unseal|opened\(|TOKEN_KEYS\b", path.read_text())
    ] == []
