from django.http import HttpRequest

from .models import User


def admins(request: HttpRequest) -> dict[str, object]:
    """`admins` may be asked for access; `nobody_yet`: there is no one. Lazy: unused, they cost nothing."""
    return {"admins": User.objects.admins, "nobody_yet": _nobody_yet}


def _nobody_yet() -> bool:
    """Before the first admin was made, the sign-in page says how."""
    return not User.objects.exists()
