from .calls import AccountHour, Call, CallSlot, CallTotal
from .checks import HealthCheck
from .errors import ErrorGroup, ErrorHour, ErrorNote, ErrorOccurrence
from .usage import UsageNow, UsageSlot

__all__ = [
    "AccountHour",
    "Call",
    "CallSlot",
    "CallTotal",
    "ErrorGroup",
    "ErrorHour",
    "ErrorNote",
    "ErrorOccurrence",
    "HealthCheck",
    "UsageNow",
    "UsageSlot",
]
