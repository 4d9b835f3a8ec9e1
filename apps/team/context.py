from django.http import HttpRequest

from .models import User


def admins(request: HttpRequest) -> dict[str, object]:
    """`admins`: whom a person may ask for access. Lazy, so pages that do not show it pay nothing."""
    return {"admins": User.objects.admins}
