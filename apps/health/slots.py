"""The minutes, half hours and hours by which things are added up."""

from datetime import datetime


def minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def half_hour_of(moment: datetime) -> datetime:
    return hour_of(moment).replace(minute=30 if moment.minute >= 30 else 0)


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
