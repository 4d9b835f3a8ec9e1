"""The one place where a request meets the wire: signed, sent, read and told to the hook.

Sources: the Graph API pages "Secure Graph API Calls" and "Batch Requests".
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests

from apps.graphapi import batching, paths, wire
from apps.graphapi.answers import Answer, Asked, read_answer
from apps.graphapi.batching import Request
from apps.graphapi.calls import Call
from apps.graphapi.pace import Pace, Question, put_off
from apps.graphapi.params import encode
from apps.graphapi.scrub import SECRET_PARAMS
from apps.graphapi.signing import appsecret_proof

logger = logging.getLogger(__name__)

Hook = Callable[[Call], object]


@dataclass(frozen=True)
class _Trip:
    """When a request left and how long its answer took."""

    started_at: float
    milliseconds: int
    attempt: int


class Door:
    """Sends requests of one token. Answers hold errors; nothing is raised but for wrong arguments."""

    def __init__(
        self,
        token: str,
        *,
        app_secret: str,
        base_url: str,
        version: str,
        session: requests.Session | None,
        timeout: tuple[float, float],
        clock: Callable[[], float],
        on_call: Hook | None,
        pace: Pace,
    ) -> None:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("The token has blanks or odd characters in it; copy it again.")
        if not base_url.startswith(("https://", "http://")):
            raise ValueError("The base URL must begin with https:// (or http:// for a server of your own).")
        if not all(timeout):
            raise ValueError("A timeout is a number of seconds above 0, for connecting and for reading.")
        self._root = f"{base_url.rstrip('/')}/{paths.check_version(version)}"
        self._token = token
        self._auth = wire.Bearer(token)
        self._proof = appsecret_proof(token, app_secret) if token and app_secret else ""
        self._secrets = tuple(filter(None, (token, app_secret, self._proof)))
        self._session, self._own_session = session or requests.Session(), session is None
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))  # the token alone says who
        self._timeout, self._clock, self._on_call, self._pace = timeout, clock, on_call, pace
        wire.quiet_library_log()

    def close(self) -> None:
        """Close the connections, unless the session came from outside and may serve others."""
        if self._own_session:
            self._session.close()

    def ask(self, request: Request, attempt: int = 1) -> Answer:
        """One attempt of one request, or none at all when the pace book puts it off."""
        asked = self._asked(request)
        question = Question.of(asked.path, asked.account_id, request.params)
        ticket = self._pace.reserve(question)
        if ticket.wait:
            return Answer(error=put_off(question, ticket))
        answer, trip = self._send(request, asked, attempt)
        self._pace.settle(question, ticket, answer.usage, answer.error)
        self._tell(asked, answer, trip)
        return answer

    def ask_together(self, members: Sequence[Request], attempt: int = 1) -> list[Answer]:
        """One batch, one answer for each member. Members that the pace book puts off are not sent.

        When the batch fails as a whole every member gets its error, whose path is then `batch`.
        """
        asked = [self._asked(member) for member in members]
        questions = [
            Question.of(one.path, one.account_id, member.params)
            for one, member in zip(asked, members, strict=True)
        ]
        tickets = [self._pace.reserve(question) for question in questions]
        going = [i for i, ticket in enumerate(tickets) if not ticket.wait]
        answers = [Answer(error=put_off(*pair)) for pair in zip(questions, tickets, strict=True)]
        if going:
            came = self._send_together([members[i] for i in going], [asked[i] for i in going], attempt)
            for i, answer in zip(going, came, strict=True):
                self._pace.settle(questions[i], tickets[i], answer.usage, answer.error)
                answers[i] = answer
        return answers

    def _send_together(
        self, members: Sequence[Request], asked: Sequence[Asked], attempt: int
    ) -> list[Answer]:
        """Halves are asked when Meta cannot take the whole."""
        around = Asked(method="POST", path=batching.PATTERN, secrets=self._of_all(asked))
        # Meta demands the token in the form of a batch, whatever the header says.
        envelope = Request("POST", "", batching.form(members))
        answer, trip = self._send(envelope, around, attempt, extra={"access_token": self._token}, expect=list)
        self._tell(around, answer, trip, batch_size=len(members), envelope=True)
        if answer.error is None:
            answers = batching.read_members(answer.value, asked)
            for one, member in zip(answers, asked, strict=True):
                self._tell(member, one, trip, batch_size=len(members))
            return answers
        if batching.may_split(answer.error, members):
            half = len(members) // 2
            return self._send_together(members[:half], asked[:half], attempt) + self._send_together(
                members[half:], asked[half:], attempt
            )
        return [answer] * len(members)

    def _send(
        self,
        request: Request,
        asked: Asked,
        attempt: int,
        *,
        extra: dict[str, str] | None = None,
        expect: type = dict,
    ) -> tuple[Answer, _Trip]:
        fields = encode(request.params) | (extra or {})
        if self._proof:
            fields["appsecret_proof"] = self._proof
        started_at, before = self._clock(), time.perf_counter()
        reply = wire.exchange(
            self._session,
            request.method.upper(),
            f"{self._root}/{paths.clean(request.path)}",
            query=fields if request.in_query else None,
            form=None if request.in_query else fields,
            auth=self._auth,
            timeout=self._timeout,
        )
        trip = _Trip(started_at, round((time.perf_counter() - before) * 1000), attempt)
        return read_answer(reply, asked, expect=expect), trip

    def _asked(self, request: Request) -> Asked:
        """What may be said about a request, and the secrets among its parameters."""
        if "access_token" in request.params:
            raise ValueError("A token goes to Client(token), never into the parameters.")
        named = (request.params.get(name) for name in (*SECRET_PARAMS, "code"))
        return Asked(
            method=request.method.upper(),
            path=paths.pattern(request.path),
            account_id=paths.account_of(request.path),
            raw_rows=request.raw_rows,
            secrets=(*self._secrets, *(value for value in named if isinstance(value, str))),
        )

    def _of_all(self, asked: Sequence[Asked]) -> tuple[str, ...]:
        return tuple({secret for one in asked for secret in one.secrets} | set(self._secrets))

    def _tell(
        self, asked: Asked, answer: Answer, trip: _Trip, *, batch_size: int = 0, envelope: bool = False
    ) -> None:
        if self._on_call is None:
            return
        call = Call(
            method=asked.method,
            path=asked.path,
            account_id=asked.account_id,
            status=answer.status,
            milliseconds=trip.milliseconds,
            started_at=trip.started_at,
            attempt=trip.attempt,
            usage=answer.usage,
            error=answer.error,
            fbtrace_id=answer.fbtrace_id,
            request_id=answer.request_id,
            rev=answer.rev,
            api_version=answer.api_version,
            version_warning=answer.version_warning,
            response_bytes=answer.size,
            batch_size=batch_size,
            envelope=envelope,
        )
        try:
            self._on_call(call)
        except Exception:  # whoever listens must not break the work
            logger.exception("The on_call hook failed for %s %s.", call.method, call.path)
