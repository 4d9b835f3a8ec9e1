"""Addresses as logs may tell them: without the keys and codes that some of them carry."""

import logging
import re

MASK = "***"

# A link's key stands in the path. What follows in these places without being one is a word of ours.
_KEY = re.compile(r"(/connections/link/|/invitation/)(?!(?:login|thanks|found)/)[^/?#\s\"']+")
_RESET = re.compile(r"(/password/new/)[^/?#\s\"']+")
# What Meta sends back: a code and a state.
_BACK = re.compile(r"(/connections/login/callback/)\?[^\s\"']*")


def without_secrets(text: str) -> str:
    text = _KEY.sub(rf"\1{MASK}", text)
    text = _RESET.sub(rf"\1{MASK}", text)
    return _BACK.sub(rf"\1?{MASK}", text)


class AddressFilter(logging.Filter):
    """Rewrites the record in place and lets it pass: for loggers that tell addresses, whoever listens to them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_secrets(record.getMessage()), None
        return True
