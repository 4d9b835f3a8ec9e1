"""Where sealed values lie. Each app says so when it is ready; this package knows none of them.

    columns.register(columns.of_model(Connection, "sealed_token", place=attrgetter("token_place")))

What is no column of its own (a value inside JSON, say) registers a function that gives `SealedValue`s.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model


def _nobody() -> None:
    """Nobody counts this opening."""


@dataclass(frozen=True)
class SealedValue:
    """One sealed text where it lies."""

    name: str  # for people
    place: str
    sealed: str = field(repr=False)
    # Puts another sealed text in its place; False when it was changed meanwhile, and then nothing is written.
    swap: Callable[[str], bool]
    opened: Callable[[], None] = _nobody


Source = Callable[[], Iterable[SealedValue]]

_sources: list[Source] = []


def register(source: Source) -> None:
    _sources.append(source)


def values() -> Iterator[SealedValue]:
    """Every sealed value there is, read one by one."""
    for source in _sources:
        yield from source()


def of_model(
    model: type[Model],
    column: str,
    *,
    place: Callable[[Any], str],
    opened: Callable[[Any], None] | None = None,
) -> Source:
    """The values of a column. Empty ones hold nothing. `opened` is told of the row whenever one was opened."""
    rows = model._default_manager.exclude(**{column: ""})

    def read() -> Iterator[SealedValue]:
        for key in list(rows.order_by("pk").values_list("pk", flat=True)):
            # Read now and not with the list: it may have changed since.
            if row := rows.filter(pk=key).first():
                yield value(row)

    def value(row: Any) -> SealedValue:
        sealed = getattr(row, column)

        def swap(fresh: str) -> bool:
            # One statement: it waits for whoever holds the row, then looks again whether it is still the same.
            return rows.filter(pk=row.pk, **{column: sealed}).update(**{column: fresh}) == 1

        name = f"{model._meta.verbose_name} {row.pk} ({row})"
        return SealedValue(name, place(row), sealed, swap, (lambda: opened(row)) if opened else _nobody)

    return read
