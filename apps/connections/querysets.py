from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

# States in which Meta still takes the token.
WORKING = ("active", "needs_owner")


class ConnectionQuerySet(models.QuerySet[Any]):
    def usable(self) -> Self:
        """Those whose token Meta still takes, system users first."""
        return self.filter(state__in=WORKING).order_by("kind", "created_at")


class AdAccountQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """The one rule for who sees which ad account; every page begins here."""
        if user.has_perm("team.view_all_accounts"):
            return self
        return self.filter(grants__user=user)

    def reachable(self) -> Self:
        """Those that some working connection reaches."""
        reach = self.model._meta.get_field("reach").related_model
        return self.filter(
            Exists(reach.objects.filter(account=OuterRef("pk"), lost_at=None, connection__state__in=WORKING))
        )

    def by_meta_ids(self, texts: list[str]) -> Self:
        """Find by Meta's ids, written with or without `act_`."""
        return self.filter(Q(meta_id__in=[text.strip().removeprefix("act_") for text in texts]))

    def in_order(self) -> Self:
        return self.order_by("name", "meta_id")


class TokenOpeningQuerySet(models.QuerySet[Any]):
    def count_one(self, connection_id: Any, purpose: str) -> None:
        """One more opening today. Nearly always a single update."""
        today = {"connection_id": connection_id, "day": timezone.now().date(), "purpose": purpose}
        if not self.filter(**today).update(count=F("count") + 1):
            self.bulk_create([self.model(**today)], ignore_conflicts=True)
            self.filter(**today).update(count=F("count") + 1)
