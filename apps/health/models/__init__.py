from .alerts import Alert, Channel, Delivery, RuleSetting, Severity
from .calls import AccountHour, Call, CallSlot, CallTotal
from .checks import HealthCheck
from .errors import ErrorGroup, ErrorHour, ErrorNote, ErrorOccurrence
from .heartbeat import Heartbeat
from .usage import UsageNow, UsageSlot

__all__ = [
    "AccountHour",
    "Alert",
    "Call",
    "CallSlot",
    "CallTotal",
    "Channel",
    "Delivery",
    "ErrorGroup",
    "ErrorHour",
    "ErrorNote",
    "ErrorOccurrence",
    "HealthCheck",
    "Heartbeat",
    "RuleSetting",
    "Severity",
    "UsageNow",
    "UsageSlot",
]
