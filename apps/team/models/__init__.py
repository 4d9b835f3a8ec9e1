from .people import User, UserManager, UserQuerySet
from .signing_in import Attempt, Invitation
from .trail import AuditEntry, AuditHead

__all__ = ["Attempt", "AuditEntry", "AuditHead", "Invitation", "User", "UserManager", "UserQuerySet"]
