"""What each role may do. Groups of these names carry the permissions; a migration writes them."""

MARKETER, SUPPORT, ADMIN = "marketer", "support", "admin"
ROLES = [MARKETER, SUPPORT, ADMIN]

# Codename to what a person reads. All of them hang on the app label `team`.
PERMISSIONS = {
    "view_performance": "See the performance of the ad accounts granted",
    "view_accounts": "See the ad accounts granted",
    "sync_accounts": "Ask Meta for fresh numbers",
    "view_conversions": "See conversions",
    "view_health": "See the health of the integration",
    "view_errors": "Read the error log",
    "triage_errors": "Resolve and ignore errors, and write notes on them",
    "view_webhooks": "See webhooks",
    "view_connections": "See connections",
    "view_alerts": "See alerts",
    "manage_alerts": "Acknowledge, snooze and take alerts",
    "view_all_accounts": "See every ad account, granted or not",
    "manage_connections": "Connect, check and disconnect",
    "manage_team": "Invite people and grant ad accounts",
    "manage_settings": "Change settings",
}

_OF_A_MARKETER = ["view_performance", "view_accounts", "sync_accounts", "view_conversions"]
_OF_SUPPORT = [
    *_OF_A_MARKETER,
    "view_health",
    "view_errors",
    "triage_errors",
    "view_webhooks",
    "view_connections",
    "view_alerts",
    "manage_alerts",
    "view_all_accounts",
]

MAY: dict[str, list[str]] = {MARKETER: _OF_A_MARKETER, SUPPORT: _OF_SUPPORT, ADMIN: list(PERMISSIONS)}
