from .people import User, UserManager, UserQuerySet
from .trail import AuditEntry, AuditHead

__all__ = ["AuditEntry", "AuditHead", "User", "UserManager", "UserQuerySet"]
