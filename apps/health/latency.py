"""Percentiles out of a latency histogram. Values only."""

from collections.abc import Iterable, Sequence

from .models.calls import LATENCY_ENDS

BUCKETS = len(LATENCY_ENDS) + 1


def percentile(counts: Sequence[int], share: float) -> float | None:
    """Milliseconds under which this share of the round trips stayed; None without any.

    Straight lines inside a bucket, as Prometheus draws them. In the last one, which is open, its lower end: at least.
    """
    total = sum(counts)
    if not total:
        return None
    wanted, below = share * total, 0
    for n, end in enumerate(LATENCY_ENDS):
        if counts[n] and below + counts[n] >= wanted:
            start = LATENCY_ENDS[n - 1] if n else 0
            return start + (end - start) * max(0.0, wanted - below) / counts[n]
        below += counts[n]
    return float(LATENCY_ENDS[-1])


def together(histograms: Iterable[Sequence[int]]) -> list[int]:
    """One histogram of several."""
    added = [0] * BUCKETS
    for counts in histograms:
        for n, count in enumerate(counts):
            added[n] += count
    return added
