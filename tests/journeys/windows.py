"""Browser windows that listen to what their browser complains about, and how to wait for a page in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect

PATIENCE = 15_000  # ms; the machine may be busy
expect.set_options(timeout=PATIENCE)


class Complaints:
    """What the browser finds fault with: console, policy, scripts, answers of 500, foreign addresses."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.found: list[str] = []
        self.expected: list[str] = []
        self.listening = True

    def listen(self, context: BrowserContext) -> None:
        context.on("console", lambda message: self._say(message.text, message.type in {"error", "warning"}))
        context.on("weberror", lambda error: self._say(str(error.error)))
        context.on("response", lambda sent: self._say(f"{sent.status} {sent.url}", sent.status >= 500))
        context.on("request", lambda asked: self._say(f"foreign {asked.url}", self._is_foreign(asked.url)))
        context.expose_binding("tellPolicy", lambda source, text: self._say(f"policy: {text}"))
        context.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " (event) => window.tellPolicy(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"
        )

    def forget(self) -> None:
        self.found.clear()
        self.expected.clear()
        self.listening = True

    def stop(self) -> None:
        """The journey is over: a page that is closed while it asks for its pulse says that the request was cut."""
        self.listening = False

    def expect(self, *pieces: str) -> None:
        """Complaints with one of these pieces in them are what this journey is about."""
        self.expected += pieces

    @property
    def unexpected(self) -> list[str]:
        return [text for text in self.found if not any(piece in text for piece in self.expected)]

    def _say(self, text: str, wrong: bool = True) -> None:
        if wrong and self.listening:
            self.found.append(text)

    def _is_foreign(self, url: str) -> bool:
        return urlsplit(url).scheme in {"http", "https", "ws", "wss"} and not url.startswith(self.url)


class Windows:
    """Browser windows by what is special about them. They are used again, because a cold cache costs half a second."""

    def __init__(self, url: str, browser: Browser) -> None:
        self.url, self.browser = url, browser
        self.complaints = Complaints(url)
        self.open: dict[tuple, BrowserContext] = {}

    def get(self, **options) -> BrowserContext:
        key = tuple(sorted((name, str(value)) for name, value in options.items()))
        if key not in self.open:
            context = self.browser.new_context(base_url=self.url, locale="en-GB", **options)
            context.set_default_timeout(PATIENCE)
            self.complaints.listen(context)
            self.open[key] = context
        return self.open[key]

    def tidy(self) -> None:
        self.complaints.stop()
        for context in self.open.values():
            for page in context.pages:
                page.close()
            context.set_offline(False)
            context.clear_cookies()


READY = """() => document.readyState === 'complete' && (!document.querySelector('[data-chart]') || (
    document.documentElement.dataset.charts === 'ready'
    && [...document.querySelectorAll('[data-chart]')].every((one) => one.hidden || one.querySelector('.main-svg'))))"""


def ready(page: Page) -> Page:
    """Waits until scripts have run and every chart is drawn."""
    page.wait_for_function(READY)
    return page


@contextmanager
def swapped(page: Page) -> Iterator[None]:
    """Waits for the swap of the results that what happens inside sets off, and for its charts."""
    page.evaluate("document.querySelector('#results').firstElementChild.dataset.old = ''")
    yield
    page.wait_for_function("() => !document.querySelector('#results [data-old]')")
    ready(page)
