"""A pretend Graph API: an HTTP server with a world of its own, for demonstrations, training and tests.

Standard library only, state in memory, the same world for the same seed.
"""

from .sandbox import Sandbox
from .server import PortTaken

__all__ = ["PortTaken", "Sandbox"]
