"""Numbers that Meta sets. One place, so that a change of theirs is a change of one line here.

Sources: the Marketing API pages "Rate Limiting", "Insights limits and best practices" and "Insights API
metric availability updates"; the Graph API page "Batch Requests"; the Conversions API page "Using the API".
"""

GRAPH_VERSION = "v26.0"
GRAPH_URL = "https://graph.facebook.com"

BATCH_MAX = 50  # requests in one batch

INSIGHTS_MAX_MONTHS = 37  # how far back a report may start; beyond it Meta answers 3018
INSIGHTS_UNIQUE_MAX_MONTHS = 13  # the same for unique metrics with breakdowns, and hourly breakdowns
INSIGHTS_FREQUENCY_MAX_MONTHS = 6  # the same for the frequency_value breakdown
INSIGHTS_RESTATEMENT_DAYS = 28  # a day's numbers may change for so long
INSIGHTS_REFRESH_SECONDS = 15 * 60  # how often Meta recomputes them
REPORT_RUN_TTL_DAYS = 30  # how long a report run can be read

CAPI_MAX_EVENTS = 1000  # events in one call
CAPI_MAX_AGE_DAYS = 7
CAPI_MAX_AGE_DAYS_PHYSICAL_STORE = 62

WEBHOOK_MAX_UPDATES = 1000  # changes in one delivery
WEBHOOK_RETRY_HOURS = 36  # how long Meta tries to deliver

POINTS_READ, POINTS_WRITE = 1, 3  # what a call adds to an ad account's score
BLOCK_SECONDS_FULL = 60.0  # shortest block of an app with full access
BLOCK_SECONDS_LIMITED = 300.0  # the same with limited access
BLOCK_SECONDS_UNUSUAL = 900.0  # after 613 without a subcode or with 1996: Meta gives no hint

TIER_LIMITED = "development_access"  # the header kept the names from before May 2026
TIER_FULL = "standard_access"
