"""What stands in the sidebar. An entry shows when its page exists and the person may open it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from .pulse import Kind

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Badge:
    """A word beside an entry: a count, or the worst state with its shape."""

    word: str
    kind: Kind = "none"


@dataclass(frozen=True)
class Entry:
    section: str
    label: str
    url_name: str
    permission: str
    icon: str
    key: str = ""


@dataclass(frozen=True)
class Link:
    """An entry as one person sees it."""

    entry: Entry
    url: str
    current: bool
    badge: Badge | None


@dataclass(frozen=True)
class Section:
    label: str
    links: list[Link]


MARKETING, INTEGRATION, ADMIN = "Marketing", "Integration", "Admin"

ENTRIES = (
    Entry("", "Overview", "overview", "", "layout-dashboard", "o"),
    Entry(MARKETING, "Performance", "reporting:performance", "team.view_performance", "chart-line", "p"),
    Entry(MARKETING, "Ad accounts", "reporting:accounts", "team.view_accounts", "wallet-cards", "a"),
    Entry(MARKETING, "Conversions", "conversions:index", "team.view_conversions", "shopping-cart", "v"),
    Entry(INTEGRATION, "Health", "health:index", "team.view_health", "activity", "h"),
    Entry(INTEGRATION, "Errors", "health:errors", "team.view_errors", "bug", "e"),
    Entry(INTEGRATION, "Webhooks", "webhooks:index", "team.view_webhooks", "webhook", "w"),
    Entry(INTEGRATION, "Connections", "connections:list", "team.view_connections", "plug", "c"),
    Entry(ADMIN, "Alerts", "health:alerts", "team.view_alerts", "bell"),
    Entry(ADMIN, "Users & audit", "team:users", "team.manage_team", "users"),
    Entry(ADMIN, "Setup", "connections:setup", "team.manage_connections", "list-checks", "s"),
    Entry(ADMIN, "Settings", "team:settings", "team.manage_settings", "settings"),
)


def sections(user: Any, path: str) -> list[Section]:
    """The sidebar of one person, with the entry that holds this address marked."""
    reachable = [(entry, url) for entry in ENTRIES if _may(user, entry) and (url := _address(entry))]
    here = max((url for _, url in reachable if _holds(url, path)), key=len, default="")
    links = [Link(entry, url, url == here, _badge(entry, user)) for entry, url in reachable]
    return [Section(label, list(group)) for label, group in groupby(links, lambda link: link.entry.section)]


def _may(user: Any, entry: Entry) -> bool:
    return user.is_authenticated and (not entry.permission or user.has_perm(entry.permission))


def _address(entry: Entry) -> str:
    try:
        return reverse(entry.url_name)
    except NoReverseMatch:
        return ""


def _holds(url: str, path: str) -> bool:
    return path == url if url == "/" else path.startswith(url)


def _badge(entry: Entry, user: Any) -> Badge | None:
    """`settings.NAVIGATION_BADGES` maps a URL name to the dotted path of `(user) -> Badge | None`."""
    path = getattr(settings, "NAVIGATION_BADGES", {}).get(entry.url_name)
    if not path:
        return None
    try:
        function: Callable[[Any], Badge | None] = import_string(path)
        return function(user)
    except Exception:
        logger.exception("The badge %s failed.", path)
        return None
