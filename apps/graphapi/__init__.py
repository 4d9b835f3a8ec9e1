"""A client for Meta's Graph API and Marketing API: identity, limits, errors, paging and batches done right.

    from apps.graphapi import Client, Throttled

    client = Client(token, app_secret=secret, on_call=record)
    try:
        rows = list(client.each("act_42/insights", level="campaign", fields=["spend"]))
    except Throttled as error:
        come_back_in(error.retry_after)

It knows nothing of Django. Everything it needs is an argument of `Client`.
"""

from apps.graphapi.accounts import (
    ACCOUNT_STATUSES,
    DISABLE_REASONS,
    AccountStatus,
    account_status,
    bare_id,
    disable_reason,
    node_id,
)
from apps.graphapi.batching import Request, Result
from apps.graphapi.calls import Call
from apps.graphapi.catalogue import CATALOGUE, classify
from apps.graphapi.client import Client
from apps.graphapi.entries import Category, Entry, Mark, Retry, Scope, Who
from apps.graphapi.errors import (
    AccountBlocked,
    BadAnswer,
    GraphError,
    InvalidRequest,
    PermissionMissing,
    PolicyViolation,
    PutOff,
    ServerFault,
    Throttled,
    TokenRefused,
    TooMuchData,
    UnknownFault,
    Unreachable,
    VersionEnded,
)
from apps.graphapi.gauges import use_case_of
from apps.graphapi.limits import (
    BATCH_MAX,
    GRAPH_URL,
    GRAPH_VERSION,
    INSIGHTS_MAX_MONTHS,
    INSIGHTS_RESTATEMENT_DAYS,
)
from apps.graphapi.listing import Listed, Page
from apps.graphapi.money import ZERO_DECIMAL, currency_offset, major_units, minor_units
from apps.graphapi.pauses import Pauses
from apps.graphapi.scrub import scrub
from apps.graphapi.signed import BadSignedRequest, SignedRequest, read_signed_request
from apps.graphapi.signing import app_token, appsecret_proof
from apps.graphapi.tokens import GranularScope, NewToken, TokenInfo
from apps.graphapi.usage import Reading, Usage, read_usage

__all__ = [
    "ACCOUNT_STATUSES",
    "BATCH_MAX",
    "CATALOGUE",
    "DISABLE_REASONS",
    "GRAPH_URL",
    "GRAPH_VERSION",
    "INSIGHTS_MAX_MONTHS",
    "INSIGHTS_RESTATEMENT_DAYS",
    "ZERO_DECIMAL",
    "AccountBlocked",
    "AccountStatus",
    "BadAnswer",
    "BadSignedRequest",
    "Call",
    "Category",
    "Client",
    "Entry",
    "GranularScope",
    "GraphError",
    "InvalidRequest",
    "Listed",
    "Mark",
    "NewToken",
    "Page",
    "Pauses",
    "PermissionMissing",
    "PolicyViolation",
    "PutOff",
    "Reading",
    "Request",
    "Result",
    "Retry",
    "Scope",
    "ServerFault",
    "SignedRequest",
    "Throttled",
    "TokenInfo",
    "TokenRefused",
    "TooMuchData",
    "UnknownFault",
    "Unreachable",
    "Usage",
    "VersionEnded",
    "Who",
    "account_status",
    "app_token",
    "appsecret_proof",
    "bare_id",
    "classify",
    "currency_offset",
    "disable_reason",
    "major_units",
    "minor_units",
    "node_id",
    "read_signed_request",
    "read_usage",
    "scrub",
    "use_case_of",
]
