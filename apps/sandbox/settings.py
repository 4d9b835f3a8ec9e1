"""What a run of the sandbox can be told to do differently."""

from __future__ import annotations

from dataclasses import dataclass

APP_ID = "123456789012345"
APP_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of the pretend app
LATEST = "v26.0"
VERSIONS = ("v26.0", "v25.0")
TIERS = {"full": "standard_access", "limited": "development_access"}


@dataclass
class Settings:
    """Changeable while running, under `/_sandbox/settings`."""

    tier: str = "full"
    require_proof: bool = False
    short_pages: bool = False  # pages hold fewer than asked for, and one in the middle is empty
    page_ceiling: int = 1000  # a larger `limit` on a list of objects is too heavy
    sync_row_cap: int = 100_000
    async_row_cap: int = 2_000_000
    report_seconds: float = 2.0
    extend_user_tokens: bool = False  # whether an exchange moves the end of a long-lived user token
    extend_blocks: bool = True  # calls during a block make it longer
