"""What a stored token is opened for."""

from enum import StrEnum


class Purpose(StrEnum):
    SYNC = "sync"
    CHECK = "check"
    RENEWAL = "renewal"
    SETUP = "setup"
    SYSTEM_USERS = "system_users"
    CONNECT = "connect"
    REVOKE = "revoke"
    REWRAP = "rewrap"
    CONVERSIONS = "conversions"
    WEBHOOKS = "webhooks"
