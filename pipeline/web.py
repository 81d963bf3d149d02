"""What the server answers besides pages: `/readyz`, `/metrics`, `/export/<view>.csv`, `/api/…`."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline import export as exports
from pipeline import query, screen
from pipeline.downloads import offered
from pipeline.names import shown
from pipeline.state import View, from_params
from pipeline.view import not_kept
from pipeline.window import window

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        # Vega compiles its expressions.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "worker-src blob:",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "object-src 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PRIVATE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}
"""Besides HEADERS, of what ROUTES answer."""
LOCAL = ("localhost", "127.0.0.1")
LOCAL_ZONE = "tz=local is a browser's zone: name it as well, such as zone=Europe/Berlin"
RATE = parse("60 per 1 minute")
"""How often one may ask for rows: a person, a token, or an address where nobody logs in."""
LIMITER = MovingWindowRateLimiter(MemoryStorage())


class SecurityHeaders:
    """Middleware: a page may fetch nothing from elsewhere, and elsewhere nothing from here.

    Streamlit asks for `allowed_hosts` on its websocket only; here they hold for every route.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str] = LOCAL) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to each response; refuse a request by another name, or from elsewhere."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        is_ours = any(route.matches(scope)[0] is not Match.NONE for route in ROUTES)
        headers = HEADERS | PRIVATE if is_ours else HEADERS
        refused = self._refused(Headers(scope=scope))
        if scope["type"] == "websocket" and refused:
            # Streamlit would refuse it too, but first ask a stranger for this machine's address.
            await send({"type": "websocket.close", "code": 1008})
            return
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"].endswith("http.response.start"):
                has_begun = True
                message.setdefault("headers", [])
                MutableHeaders(scope=message).update(headers)
            await send(message)

        try:
            await (refused or self._app)(scope, receive, send_with_headers)
        except Exception:
            # Starlette would answer for it, but outside of this middleware.
            if scope["type"] == "http" and not has_begun:
                await PlainTextResponse("Internal Server Error", 500)(
                    scope, receive, send_with_headers
                )
            raise

    def _refused(self, headers: Headers) -> Response | None:
        """The refusal of a name that is not ours, and of what another site's page asks for."""
        host = ", ".join(headers.getlist("host"))
        if "," in host or not is_allowed(host, self._allowed_hosts):
            return bad_host(host)
        # A program names no origin. `*` allows any name of this server's, not any site.
        named = [*(each for each in self._allowed_hosts if each.strip() != "*"), name_of(host)]
        if all(is_allowed(host_of(each), named) for each in headers.getlist("origin")):
            return None
        return PlainTextResponse("another site's page may not ask for this", 403)


def host_of(origin: str) -> str:
    """The host of an origin, empty where there is none.

    >>> host_of("http://evil.example:80")
    'evil.example:80'
    """
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def is_allowed(host: str, allowed: Collection[str]) -> bool:
    """As Streamlit compares: no port, case or final dot; `*` is any, and so is an empty list."""
    if not allowed:
        return True
    name = name_of(host)
    if not name:
        return False
    patterns = [each.strip().lower().rstrip(".") for each in allowed]
    return any(
        each in ("*", name) or (each.startswith("*.") and name.endswith(each[1:]))
        for each in patterns
    )


def name_of(host: str) -> str:
    """The name alone, empty where it is none.

    >>> name_of("LocalHost.:8501"), name_of("[::1]:8501"), name_of("evil@localhost")
    ('localhost', '::1', '')
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
    return "" if set("@/?#, ") & set(host) else name.rstrip(".")


def bad_host(host: str) -> Response:
    """The refusal of a name that is not ours."""
    return PlainTextResponse(
        f"the host {shown(host, 80)!r} is not allowed: "
        "add it to server.allowedHosts in .streamlit/config.toml",
        400,
    )


def readyz(request: Request) -> Response:
    """200 while the query triggers, else 503 and why."""
    status = query.running().status()
    # It may hold a broker's name or a path: not for strangers.
    reason = status.reason if request.scope.get("who", "anybody") else ""
    body = {"state": status.state, "reason": reason, "since": status.since.isoformat()}
    return JSONResponse(body, status_code=200 if status.is_up else 503)


def metrics(request: Request) -> Response:
    """Prometheus' text."""
    return Response(
        generate_latest(query.running().metrics.registry), media_type=CONTENT_TYPE_LATEST
    )


class Refused(Exception):
    """A request for rows that is not answered: a status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.answer = PlainTextResponse(sentence, status)


def export(request: Request) -> Response:
    """The rows of a view as CSV, with the page's own query string; 4xx with one sentence."""
    try:
        what, _, made, names = _asked(request)
    except Refused as refused:
        return refused.answer
    headers = {"Content-Disposition": f'attachment; filename="{what}.csv"'}
    headers["X-Stream"] = query.running().status().state
    if made.note:
        headers["X-Note"] = made.note
    data = exports.to_csv(made.rows, names, made.note)
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


def download(request: Request) -> Response:
    """The file that a session's page offers there, made now."""
    offer = offered(request.path_params["address"])
    if offer is None:
        return PlainTextResponse("this page is closed: open it again for its files", 404)
    headers = {"Content-Disposition": offer.disposition}
    return Response(offer.make(), media_type=offer.media_type, headers=headers)


def api(request: Request) -> Response:
    """The same rows as JSON, with the range they cover and how many there are."""
    try:
        _, view, made, names = _asked(request)
    except Refused as refused:
        return refused.answer
    span, stream = window(query.running().table, view), query.running().status().state
    return Response(exports.to_json(made, span, names, stream), media_type="application/json")


def _asked(request: Request) -> tuple[str, View, exports.Export, exports.Names]:
    """What is asked for, by whom it may be: the view's name, the view, its rows, names as."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Refused(403, "another site may not ask for this: go by the dashboard")
    if not LIMITER.hit(RATE, request.scope.get("who", "")):
        raise Refused(429, f"more than {RATE}: try again in a minute")
    params: dict[str, list[str]] = {}
    for key, value in request.query_params.multi_items():
        params.setdefault(key, []).append(value)
    asked = params.pop("names", ["real"])[-1]
    names: exports.Names = "defanged" if asked == "defanged" else "real"
    named = params.pop("zone", [])
    zone = _zone((named or ["UTC"])[-1])
    view, problems = from_params(params)
    what, page = request.path_params["view"], request.path_params.get("page", "")
    panels = screen.PAGES.get(page, {}) if page else screen.VIEWS
    if what not in panels:
        raise Refused(404, f"there is no such view; there are {_list(panels or screen.PAGES)}")
    if asked not in get_args(exports.Names):
        problems = ["names is real or defanged", *problems]
    if view.tz == "local" and not named:
        problems.append(LOCAL_ZONE)
    if problems:
        raise Refused(400, "; ".join(problems))
    status = query.running().status()
    if status.newest is None and not status.is_up:
        raise Refused(503, f"no record has been read yet: {status.reason}")
    table = query.running().table
    if gone := not_kept(table, view):
        raise Refused(400, gone)
    try:
        made = exports.export(table, view, what, page)
    except screen.NoHost as error:
        raise Refused(400, str(error)) from None
    made = replace(made, rows=exports.in_zone(made.rows, zone))
    return what, view, made, names


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise Refused(400, "zone is a name such as UTC or Europe/Berlin") from None


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


ROUTES: list[BaseRoute] = [
    Route("/readyz", readyz),
    Route("/metrics", metrics),
    Route("/download/{address}", download),
    *(Route(f"/export/{of}{{view}}.csv", export) for of in ("", "{page}/")),
    *(Route(f"/api/{of}{{view}}.json", api) for of in ("", "{page}/")),
]
