"""App tokens and the proof that a server call comes from whoever holds the app secret.

Sources: the Facebook Login page "Login Security" and the Graph API page "Secure Graph API Calls".
"""

import hashlib
import hmac


def app_token(app_id: str, app_secret: str) -> str:
    """The app access token. It contains the secret: treat it like one."""
    return f"{app_id}|{app_secret}"


def appsecret_proof(token: str, app_secret: str, *, at: int | None = None) -> str:
    """HMAC-SHA256 of the token under the app secret, in lowercase hex.

    With `at` (unix seconds) the proof is bound to that moment: send it along with `appsecret_time=<at>`
    within 5 minutes.
    """
    message = token if at is None else f"{token}|{at}"
    return hmac.new(app_secret.encode(), message.encode(), hashlib.sha256).hexdigest()
