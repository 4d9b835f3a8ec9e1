"""The project package. It configures and starts; it decides nothing."""

from .celery import app as celery_app

__all__ = ["celery_app"]
