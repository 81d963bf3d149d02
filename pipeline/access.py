"""Who may look: anybody on this machine, elsewhere who has logged in or shows a token.

`Gate.check` is asked before anything is read, and `Access` stands before every route, Streamlit's
own and the WebSocket too: a stranger is told how to come in, and no session begins.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline import signin
from pipeline.settings import Settings, SettingsError

PROBES = frozenset({"/readyz", "/_stcore/health"})
"""Answered to strangers too: to them neither says more than whether the server lives."""
LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))
OPEN_AND_CLOSED = (
    "ZEEK_LIVE_OPEN=true lets everybody in, and a login or ZEEK_LIVE_TOKENS does not: "
    "leave one of them out"
)
NO_LOGIN = (
    "listening on {} would show this network's traffic to whoever reaches it: configure a login "
    "([auth] in .streamlit/secrets.toml for OpenID Connect, or ZEEK_LIVE_LOGIN_HEADER and "
    "ZEEK_LIVE_LOGIN_PROXIES for a reverse proxy's), listen on 127.0.0.1 (--server.address), or "
    "set ZEEK_LIVE_OPEN=true"
)


@dataclass(frozen=True)
class Login:
    """OpenID Connect, as Streamlit does it: the pages tell of it, which know Streamlit."""

    buttons: Mapping[str, str]
    """What a stranger may choose, and where it leads."""
    paths: frozenset[str]
    """Routes of the login itself."""
    who: Callable[[HTTPConnection], str]
    """Who has logged in, or an empty text."""


@dataclass(frozen=True)
class Gate:
    """The rules: what the settings say, where the server listens, and whether there is a login."""

    settings: Settings
    address: str | None = "127.0.0.1"
    login: Login | None = None

    def check(self) -> None:
        """SettingsError with one sentence if the server would show all of it to strangers."""
        has_login = bool(self.login or self.settings.login_header)
        if self.settings.open and not self.is_open:
            raise SettingsError(OPEN_AND_CLOSED)
        if not (has_login or self.settings.open or is_loopback(self.address)):
            raise SettingsError(NO_LOGIN.format(self.address or "every address (none is set)"))

    @property
    def is_open(self) -> bool:
        """Whether there is nothing to log in with."""
        return not (self.login or self.settings.login_header or self.settings.bearers)

    def who(self, request: HTTPConnection) -> str:
        """A name for who asks, empty for a stranger; their address where everybody may ask."""
        if self.is_open:
            return request.client.host if request.client else "nobody"
        by_login = self.login.who(request) if self.login else ""
        return self._by_header(request) or self._by_token(request) or by_login

    def is_forged(self, request: HTTPConnection) -> bool:
        """Whether the proxy's header is there twice, or comes from somebody else."""
        names = self._named(request)
        return len(names) > 1 or bool(names and not self._is_proxy(request))

    def owner(self, sealed: str) -> str:
        """Which token was sealed; each is looked at, and for as long."""
        tokens = map(seal, self.settings.bearers)
        known = [hmac.compare_digest(each.encode(), sealed.encode()) for each in tokens]
        return f"token {known.index(True) + 1}" if any(known) else ""

    def _named(self, request: HTTPConnection) -> list[str]:
        name = self.settings.login_header
        return request.headers.getlist(name) if name else []

    def _by_header(self, request: HTTPConnection) -> str:
        return "".join(self._named(request)).strip()

    def _by_token(self, request: HTTPConnection) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.owner(seal(token.strip()))
        return self.owner(request.cookies.get(signin.COOKIE, ""))

    def _is_proxy(self, request: HTTPConnection) -> bool:
        """Whether a proxy that the settings name has opened the connection.

        To programs of this machine the server believes X-Forwarded-For, so the address may be
        theirs to choose: it counts unless it stands there, or nobody else can connect at all.
        """
        host = request.client.host if request.client else ""
        peers = LOOPBACK if is_loopback(self.address) else parse_address(host)
        forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        if peers is not LOOPBACK and re.search(
            rf"(?<![\w.:]){re.escape(host)}(?![\w.])", forwarded
        ):
            return False
        return any(peer in network for peer in peers for network in self.settings.proxies)


class Access:
    """Middleware: strangers get the probes, the login, and else how to come in."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app, self._gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what may be asked for, with `who` in the scope; answer the rest."""
        answer = None if scope["type"] == "lifespan" else self._answer(HTTPConnection(scope))
        if answer is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, send)

    def _answer(self, request: HTTPConnection) -> Response | None:
        gate, scope = self._gate, request.scope
        if gate.is_forged(request):
            name = gate.settings.login_header
            return PlainTextResponse(f"{name} is set by the reverse proxy alone", 403)
        scope["who"] = who = gate.who(request)
        is_http = scope["type"] == "http"
        is_get = is_http and scope["method"] == "GET"
        if is_get and gate.settings.bearers and "token" in request.query_params:
            sealed = seal(request.query_params["token"])
            return signin.exchange(request, sealed) if gate.owner(sealed) else signin.unknown()
        if who:
            return signin.back(request) if is_get else None
        if is_http and scope["path"] in PROBES | (gate.login.paths if gate.login else frozenset()):
            return None
        return signin.stranger(request, gate.login.buttons if gate.login else {}, self._ways())

    def _ways(self) -> str:
        gate = self._gate
        ways = {
            "sign in with a browser": gate.login,
            "come by the reverse proxy, which asks for a login": gate.settings.login_header,
            "send a token as `Authorization: Bearer …`": gate.settings.bearers,
        }
        return ", or ".join(way for way, there in ways.items() if there)


def seal(token: str) -> str:
    """What a cookie holds instead of a token, and what is compared."""
    return hmac.new(token.encode(errors="replace"), b"zeek-live", "sha256").hexdigest()


def is_loopback(address: str | None) -> bool:
    """Whether only programs of this machine can connect to it.

    >>> [is_loopback(each) for each in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "::", None)]
    [True, True, True, False, False, False]
    """
    return address == "localhost" or any(each.is_loopback for each in parse_address(address or ""))


def parse_address(host: str) -> tuple[IPv4Address | IPv6Address, ...]:
    """The address, if it is one; an IPv4 client of an IPv6 socket as what it is.

    >>> parse_address("::ffff:10.0.0.5"), parse_address("testclient")
    ((IPv4Address('10.0.0.5'),), ())
    """
    try:
        address = ip_address(host)
    except ValueError:
        return ()
    return (getattr(address, "ipv4_mapped", None) or address,)
