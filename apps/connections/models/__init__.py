from .accounts import AccountGrant, AdAccount, Reach
from .connection import SOON, Connection
from .history import ConnectionCheck, ExpiryAlert, TokenOpening
from .logins import LoginLink, PendingConnection, UserCallback
from .pacing import Allowance, Price
from .setup import SetupStep

__all__ = [
    "SOON",
    "AccountGrant",
    "AdAccount",
    "Allowance",
    "Connection",
    "ConnectionCheck",
    "ExpiryAlert",
    "LoginLink",
    "PendingConnection",
    "Price",
    "Reach",
    "SetupStep",
    "TokenOpening",
    "UserCallback",
]
