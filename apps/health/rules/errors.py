"""The error log: more than usual, or never heard of."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db.models import Sum

from apps.health.findings import Asked, Finding, Rule, counted, named, place
from apps.health.models import ErrorGroup, ErrorHour
from apps.health.slots import hour_of

BURST_KEY = "errors:burst"
# The hour that runs and the one before it, against the week before them.
RECENT = 2
BASELINE = timedelta(days=7)
TIMES = 5
UNKNOWN_FOR = timedelta(hours=24)


def burst(asked: Asked) -> Iterator[Finding]:
    """A kind of error comes far more often than in its own last week."""
    if asked.explained.connections or asked.explained.categories:
        asked.explained.keys.add(BURST_KEY)
    hour = hour_of(asked.now)
    since = hour - timedelta(hours=RECENT - 1)
    recent = ErrorHour.objects.filter(at__gte=since).exclude(connection_id__in=asked.explained.connections)
    recent = recent.exclude(group__category__in=asked.explained.categories)
    counts = dict(
        recent.exclude(group__state=ErrorGroup.State.IGNORED)
        .values_list("group")
        .annotate(n=Sum("count"))
        .filter(n__gte=asked.threshold)
    )
    if not counts:
        return
    before = ErrorHour.objects.filter(group__in=counts, at__gte=since - BASELINE, at__lt=since)
    usual = dict(before.values_list("group").annotate(n=Sum("count")))
    share = BASELINE / timedelta(hours=RECENT)
    jumped = {pk: n for pk, n in counts.items() if n >= TIMES * (usual.get(pk, 0) / share)}
    groups = sorted(ErrorGroup.objects.filter(pk__in=jumped), key=lambda group: -jumped[group.pk])
    if groups:
        words = [
            f"{jumped[group.pk]:,} of {pair(group)} at {group.path}, usually {usual.get(group.pk, 0) / share:.0f}"
            for group in groups
        ]
        yield _finding(
            BURST_KEY,
            groups,
            f"Errors {pair(groups[0])} come far more often than usual",
            f"{counted(len(groups), 'kind')} of errors come far more often than usual",
            f"In the last two hours: {named(words)}.",
        )


def unknown(asked: Asked) -> Iterator[Finding]:
    """Codes, or subcodes of known codes, that are not in the catalogue, so that nobody can say what they mean."""
    groups = list(
        ErrorGroup.objects.filter(
            unknown=True, state=ErrorGroup.State.OPEN, last_seen__gt=asked.now - UNKNOWN_FOR
        )
        .exclude(category__in=asked.explained.categories)
        .order_by("-last_seen", "pk")
    )
    if groups:
        said = f"Meta's words: “{groups[0].message[:200]}”" if groups[0].message else ""
        yield _finding(
            "errors:unknown",
            groups,
            f"Meta answers with an error that nobody knows: {pair(groups[0])}",
            f"Meta answers with {counted(len(groups), 'error')} that nobody knows",
            f"{named([f'{pair(group)} at {group.path}' for group in groups])}. {said}".strip(),
        )


def pair(group: ErrorGroup) -> str:
    """`100/33`; of what has no code, its kind."""
    if group.code is None:
        return group.kind or "without a code"
    return f"{group.code}/{group.subcode}" if group.subcode is not None else str(group.code)


def _finding(key: str, groups: Sequence[ErrorGroup], one: str, several: str, text: str) -> Finding:
    return Finding(
        key,
        "warn",
        one if len(groups) == 1 else several,
        text,
        parts=[str(group.pk) for group in groups],
        action="Open errors",
        url=(len(groups) == 1 and place("health:error", groups[0].pk)) or place("health:errors"),
    )


BURST = Rule(
    "burst",
    "Errors jump",
    f"At least {{threshold}} of a kind in two hours, and {TIMES} times as many as in its last week",
    burst,
    threshold=20,
    least=5,
    most=10_000,
    unit="errors",
    calm=timedelta(minutes=10),
)
UNKNOWN = Rule(
    "unknown",
    "An error is not in the catalogue",
    "A code or subcode seen in the last 24 hours, and still open",
    unknown,
)
