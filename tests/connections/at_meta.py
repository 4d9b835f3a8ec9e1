"""A person at Meta's login dialog, without a browser: what is asked, what they say, and where it sends them."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import requests


@dataclass
class Dialog:
    """The dialog as our redirect opened it."""

    url: str

    @property
    def asked(self):
        return {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}

    @property
    def scopes(self):
        return self.asked["scope"].split(",")

    def say_yes(self, person="zoe", ticked=None):
        """Returns the path and query that Meta sends the browser back to."""
        return self._answer({"answer": "continue", "person": person, "ticked": ticked or self.scopes})

    def say_no(self):
        return self._answer({"answer": "cancel"})

    def _answer(self, said):
        page = requests.post(self.url, data=said, allow_redirects=False, timeout=10)
        assert page.status_code == 302, page.text
        back = urlsplit(page.headers["location"])
        return f"{back.path}?{back.query}"
