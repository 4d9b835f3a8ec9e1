"""What the content policy and a browser would find, found earlier."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OURS = sorted((ROOT / "static/css").glob("*.css")) + sorted((ROOT / "static/js").glob("*.js"))
SPRITE = (ROOT / "static/icons-1.svg").read_text()

INLINE = {
    "style attribute": r"<[^>]*\sstyle\s*=",
    "style element": r"<style\b",
    "script with a body": r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>",
    "handler": r"<[^>]*\son[a-z]+\s*=",
    "htmx handler": r"<[^>]*\shx-on\b",
    "htmx filter or eval": r"hx-(?:vals|headers)=[\"'](?:js|javascript):|hx-trigger=[\"'][^\"']*\[",
    "javascript address": r"(?:href|action)\s*=\s*[\"']javascript:",
    "foreign address": r"(?:src|<link[^>]*href)\s*=\s*[\"'](?:https?:)?//",
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_hold_nothing_the_policy_refuses(path):
    text = path.read_text()

    assert [what for what, pattern in INLINE.items() if re.search(pattern, text, re.IGNORECASE)] == []


@pytest.mark.parametrize(
    "html",
    [
        '<p class="a" style="color:red">',
        "<style>",
        "<script>alert(1)</script>",
        '<a onclick="x()">',
        '<p hx-on::click="x()">',
        """<p hx-vals='js:{a: 1}'>""",
        '<p hx-trigger="every 1s [seen]">',
        '<a href="javascript:x()">',
        '<link rel="stylesheet" href="https://cdn.example/x.css">',
    ],
)
def test_the_search_finds_what_it_looks_for(html):
    assert any(re.search(pattern, html, re.IGNORECASE) for pattern in INLINE.values())


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_compile(path):
    get_template(str(path.relative_to(ROOT / "templates")))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_static_file_a_template_names_is_there(path):
    for file in re.findall(r"\{% static [\"']([^\"']+)[\"'] %\}", path.read_text()):
        assert finders.find(file), file


@pytest.mark.parametrize("path", OURS, ids=name)
def test_style_sheets_and_scripts_fetch_nothing_from_elsewhere(path):
    text = path.read_text()

    assert not re.search(r"url\([\"']?(?:https?:)?//|@import|\beval\(|new Function|innerHTML\s*=", text)
    for file in re.findall(r"url\([\"']?([^\"')]+)", text):
        assert (path.parent / file).resolve().is_file(), file


def test_every_icon_that_is_named_is_in_the_sprite():
    there = set(re.findall(r'<symbol id="([^"]+)"', SPRITE))
    sources = "".join(path.read_text() for path in TEMPLATES)
    python = "".join(path.read_text() for path in (ROOT / "apps").glob("*/*.py"))
    tags = (ROOT / "apps/ui/templatetags/formats.py").read_text()

    named = set(re.findall(r'\{% icon "([^"]+)"', sources))
    named |= set(re.findall(r'icon(?:_name)?="([^"]+)"', sources))
    named |= set(re.findall(r'icon\("([^"]+)"', python + tags))
    named |= {entry.icon for entry in __import__("apps.ui.navigation", fromlist=["ENTRIES"]).ENTRIES}
    named |= set(
        re.findall(
            r'"(?:ok|info|warn|crit|none|paused|waiting|regressed|first|filter|good)": \(?"([^"]+)"', tags
        )
    )

    assert named - there == set()


def test_vendored_files_carry_their_version():
    scripts = [path.name for path in (ROOT / "static/vendor").glob("*.js")]

    assert scripts
    assert all(re.search(r"-\d+\.\d+\.\d+\.min\.js$", script) for script in scripts)
    plotly = next(path for path in (ROOT / "static/vendor").glob("plotly-*.js"))
    assert f"v{plotly.name.split('-')[-1].removesuffix('.min.js')}" in plotly.read_text()[:200]


def test_licences_name_every_vendored_script():
    licences = (ROOT / "static/vendor/LICENSES.txt").read_text()

    assert all(path.name in licences for path in (ROOT / "static/vendor").glob("*.js"))
