"""Imports point one way: Meta, client, models, pages."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "graphapi": set(),
    "sandbox": set(),
    "vault": set(),
    "ui": set(),
    "team": {"vault", "ui"},
    "connections": {"vault", "graphapi", "ui", "team"},
    "reporting": {"vault", "graphapi", "ui", "team", "connections"},
    "health": {"vault", "graphapi", "ui", "team", "connections", "reporting"},
}
WITHOUT_DJANGO = {"graphapi", "sandbox"}
ONLY_STANDARD_LIBRARY = {"sandbox"}


def imported(file: Path) -> list[tuple[str, int, bool]]:
    """Modules a file imports: absolute name, line, whether it stands inside a function."""
    tree = ast.parse(file.read_text())
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    package = file.relative_to(ROOT).with_suffix("").parts
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno, id(node) in inside) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: -node.level]) if node.level else ""
            module = ".".join(filter(None, [base, node.module or ""]))
            found += [(f"{module}.{alias.name}", node.lineno, id(node) in inside) for alias in node.names]
    return found


def files(package: str) -> list[Path]:
    return [file for file in (ROOT / "apps" / package).rglob("*.py") if "migrations" not in file.parts]


def test_every_package_has_its_arrows_written_down():
    packages = {path.parent.name for path in (ROOT / "apps").glob("*/__init__.py")}

    assert packages == set(MAY_IMPORT)


def test_no_arrow_points_up():
    wrong = []
    for package, allowed in MAY_IMPORT.items():
        assert files(package), package
        for file in files(package):
            for module, line, _ in imported(file):
                parts = module.split(".")
                ours = parts[1] if parts[0] == "apps" and len(parts) > 1 else None
                if (ours and ours != package and ours not in allowed) or parts[0] == "fbadmin":
                    wrong.append(f"{file.relative_to(ROOT)}:{line} imports {module}")
    assert wrong == []


def test_the_client_and_the_sandbox_know_no_django():
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for package in WITHOUT_DJANGO
        for file in files(package)
        for module, line, _ in imported(file)
        if module.split(".")[0] in {"django", "celery"}
    ]
    assert wrong == []


def test_the_sandbox_needs_only_the_standard_library():
    import sys

    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for package in ONLY_STANDARD_LIBRARY
        for file in files(package)
        for module, line, _ in imported(file)
        if module.split(".")[0] not in sys.stdlib_module_names | {"apps"}
    ]
    assert wrong == []


def test_no_import_inside_a_function_dodges_a_circle():
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {module} inside a function"
        for package in MAY_IMPORT
        for file in files(package)
        for module, line, inside in imported(file)
        if inside and module.startswith("apps.")
    ]
    assert wrong == []
