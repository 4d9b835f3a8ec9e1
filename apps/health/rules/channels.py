from collections.abc import Iterator

from apps.health.findings import Asked, Finding, Rule, place
from apps.health.models import Channel


def failing(asked: Asked) -> Iterator[Finding]:
    """A channel that failed so often in a row; the others say so."""
    for channel in Channel.objects.filter(on=True, failures__gte=asked.threshold).order_by("name"):
        yield Finding(
            f"channel:{channel.pk}",
            "warn",
            f"Messages do not arrive through {channel}",
            f"The last {channel.failures} tries failed. {channel.error}".strip(),
            action="Open channels",
            url=f"{place('health:alerts')}#channels",
            without=str(channel.pk),
        )


FAILING = Rule(
    "channel",
    "A channel fails",
    "{threshold} tries in a row do not leave; the other channels say so",
    failing,
    threshold=2,
    least=1,
    most=10,
    unit="tries",
)
