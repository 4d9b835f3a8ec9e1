"""What a token died of, by the subcode that `debug_token` or a call gives."""

_DEATHS = {
    458: "its owner has removed the app",
    459: "its owner's account is held at a security checkpoint; they must log in at facebook.com",
    460: "its owner has changed the password",
    463: "it has expired",
    464: "its owner's account is not confirmed",
    467: "it was revoked",
}


def death(subcode: int | None, message: str = "") -> str:
    """In words that go on from “the token is not valid:”."""
    known = _DEATHS.get(subcode or 0)
    if known:
        return known
    return message.rstrip(". ") if message else "Meta does not say why"


def cause(error: Exception) -> str:
    """The same for whatever told of it."""
    return death(getattr(error, "subcode", None), getattr(error, "message", ""))
