"""Everything that can go wrong, cut by what the caller should do.

    GraphError
    ├── Unreachable        no answer at all; whether the call took effect is not known
    ├── BadAnswer          an answer, but not one of Meta's (HTML of a proxy, cut off, empty, a redirect)
    ├── ServerFault        Meta's trouble: ask again in a moment
    ├── Throttled          an allowance is spent: leave, come back after `retry_after`
    │   └── PutOff         not sent: our pace book saw the wall coming
    ├── TooMuchData        ask for less
    ├── TokenRefused       reconnect
    ├── PermissionMissing  grant a scope, a role or an asset
    ├── AccountBlocked     billing, terms or status of the account: someone acts at Meta
    ├── PolicyViolation    Meta's rules: appeal or change the ad
    ├── InvalidRequest     our bug or configuration: never again unchanged
    ├── VersionEnded       the API version is over
    └── UnknownFault       not in the catalogue: once more at most

Which code raises which class is decided by `catalogue.classify` alone. Source of the fields: the Graph API
page "Handle Errors" and the Marketing API page "Error reference".
"""

from typing import Any, ClassVar

from apps.graphapi import codes_access, codes_limits, codes_requests
from apps.graphapi.catalogue import UNKNOWN, classify
from apps.graphapi.entries import Category, Entry, Retry, Scope
from apps.graphapi.usage import Usage, shortest_block


class GraphError(Exception):
    """A call that did not give us what we asked for.

    `code`, `subcode`: Meta's, None without. `type`, `message`, `user_title`, `user_msg`: Meta's words without
    secrets, in the caller's language; show them, never parse them. `is_transient`: Meta's flag as it came.
    `error_data`: JSON text. `blame_fields`: dotted paths of the parameters at fault. `status`: HTTP status,
    None without an answer. `path`: pattern of the path, never ids. `account_id`: bare digits, or None.
    `fbtrace_id`, `request_id`, `rev`: for Meta support; they expire soon. `usage`: headers of this answer.
    `entry`: the row of the catalogue that explains it.

    All arguments are optional, so that an error can be pickled and copied.
    """

    default_entry: ClassVar[Entry] = UNKNOWN

    def __init__(
        self,
        message: str = "",
        *,
        entry: Entry | None = None,
        code: int | None = None,
        subcode: int | None = None,
        type: str = "",
        user_title: str = "",
        user_msg: str = "",
        is_transient: bool | None = None,
        fbtrace_id: str = "",
        request_id: str = "",
        rev: str = "",
        error_data: str = "",
        blame_fields: tuple[str, ...] = (),
        status: int | None = None,
        method: str = "",
        path: str = "",
        account_id: str | None = None,
        usage: Usage | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.entry = entry or self.default_entry
        self.code, self.subcode, self.type = code, subcode, type
        self.user_title, self.user_msg = user_title, user_msg
        self.is_transient = is_transient
        self.fbtrace_id, self.request_id, self.rev = fbtrace_id, request_id, rev
        self.error_data, self.blame_fields = error_data, blame_fields
        self.status, self.method, self.path, self.account_id = status, method, path, account_id
        self.usage = usage
        self._hint = retry_after

    @property
    def category(self) -> Category:
        """What kind of answer this error needs."""
        return self.entry.category

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed in a moment."""
        return self.entry.retry in (Retry.SOON, Retry.ONCE)

    @property
    def retry_after(self) -> float:
        """Seconds to wait before asking again; 0 when nobody named a time."""
        return max(self._hint or 0.0, self.entry.wait)

    def __str__(self) -> str:
        call = f"{self.method} {self.path or '/'}: " if self.method else ""
        trace = f" (fbtrace_id {self.fbtrace_id})" if self.fbtrace_id else ""
        return f"{call}{self._finding()} {self.entry.action}{trace}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def _finding(self) -> str:
        """What was answered and what it means. Meta's own message stays out: it may echo parameters."""
        if self.code is None:
            return self.entry.meaning
        subcode = f"/{self.subcode}" if self.subcode is not None else ""
        return f"Meta answered {self.code}{subcode}: {self.entry.meaning}"


class Unreachable(GraphError):
    """No answer at all. A call that changes something may or may not have taken effect."""

    default_entry = codes_limits.NO_ANSWER

    def _finding(self) -> str:
        meaning = self.entry.meaning.removesuffix(".")
        return f"{meaning} ({self.message})." if self.message else f"{meaning}."


class BadAnswer(GraphError):
    """An answer that is not one of Meta's.

    `content_type`: bare media type. `length`: bytes of the body. `excerpt`: its first words without secrets.
    `message` says what was wrong with it.
    """

    default_entry = codes_limits.ODD_ANSWER

    def __init__(
        self, message: str = "", *, content_type: str = "", length: int = 0, excerpt: str = "", **rest: Any
    ) -> None:
        super().__init__(message, **rest)
        self.content_type, self.length, self.excerpt = content_type, length, excerpt

    def _finding(self) -> str:
        if self.status is None:
            return f"{self.message}." if self.message else self.entry.meaning
        kind = self.content_type or "no content type"
        return f"{self.message or self.entry.meaning} (HTTP {self.status}, {kind}, {self.length} bytes)."


class ServerFault(GraphError):
    """Meta's trouble. Transient."""

    default_entry = codes_limits.SERVER_FAULT


class Throttled(GraphError):
    """An allowance is spent. Leave, and come back after `retry_after` seconds: asking earlier lengthens it.

    `scope` says what is blocked: the app, its insights for every account, one account, one account and use
    case (then `use_case` has Meta's word for it, such as `ads_insights`), the person, the page or one object.
    """

    default_entry = codes_limits.USE_CASE_RANGE

    @property
    def scope(self) -> Scope:
        """What is blocked."""
        return self.entry.scope or Scope.APP

    @property
    def use_case(self) -> str:
        """For `Scope.BUSINESS_USE_CASE` the type of work that is blocked, else empty."""
        return self.entry.use_case

    @property
    def retry_after(self) -> float:
        """The longest of: the headers' times, the code's own wait, the shortest block of the tier."""
        usage = self.usage or Usage()
        named = usage.regain_seconds(account=self.account_id or "", use_case=self.use_case)
        return max(named, super().retry_after, shortest_block(usage.tier))


class PutOff(Throttled):
    """Nothing was sent: our own pace book keeps the call back. `retry_after` is its own; Meta has refused nothing."""

    default_entry = codes_limits.PUT_OFF

    @property
    def retry_after(self) -> float:
        """Seconds of Meta's clock until there is room."""
        return super(Throttled, self).retry_after

    def _finding(self) -> str:
        return self.entry.meaning


class TooMuchData(GraphError):
    """Ask for less. `entry.lighter_page`: a smaller `limit` is enough; otherwise narrow the question."""

    default_entry = codes_limits.REDUCE_THE_DATA


class TokenRefused(GraphError):
    """The token itself. Reconnect."""

    default_entry = classify(190)


class PermissionMissing(GraphError):
    """Grant a scope, a role or an asset. Some of these also mean: no such object."""

    default_entry = codes_access.PERMISSION_FAMILY


class AccountBlocked(GraphError):
    """Billing, terms or status of the account: someone acts at Meta."""

    default_entry = codes_access.ACCOUNT_FAMILY


class PolicyViolation(GraphError):
    """Meta's rules were broken, or Meta thinks so. Appeal or change the ad."""

    default_entry = codes_access.POLICY_FAMILY


class InvalidRequest(GraphError):
    """Our bug or a wrong configuration. Never again unchanged: failures cost allowance too."""

    default_entry = classify(100)


class VersionEnded(GraphError):
    """The API version is over. Raise the version."""

    default_entry = codes_requests.VERSION_OVER


class UnknownFault(GraphError):
    """Not in the catalogue. Worth one more try; then read Meta's own message."""


BY_CATEGORY: dict[Category, type[GraphError]] = {
    Category.TRANSIENT: ServerFault,
    Category.RATE_LIMIT: Throttled,
    Category.TOO_MUCH_DATA: TooMuchData,
    Category.AUTH: TokenRefused,
    Category.PERMISSION: PermissionMissing,
    Category.ACCOUNT: AccountBlocked,
    Category.POLICY: PolicyViolation,
    Category.INVALID: InvalidRequest,
    Category.VERSION: VersionEnded,
    Category.UNKNOWN: UnknownFault,
}
"""The class for each category of the catalogue."""
