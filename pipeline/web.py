"""What the server answers besides pages: `/readyz`, `/metrics`, `/export/<view>.csv`."""

from collections.abc import Iterable
from typing import get_args

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline import export as exports
from pipeline import query
from pipeline.state import from_params

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


class SecurityHeaders:
    """Middleware: a page may fetch nothing from elsewhere, whatever it shows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to each response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def readyz(request: Request) -> Response:
    """200 while the query triggers, else 503 and why."""
    status = query.running().status()
    body = {"state": status.state, "reason": status.reason, "since": status.since.isoformat()}
    return JSONResponse(body, status_code=200 if status.is_up else 503)


def metrics(request: Request) -> Response:
    """Prometheus' text."""
    return Response(
        generate_latest(query.running().metrics.registry), media_type=CONTENT_TYPE_LATEST
    )


def export(request: Request) -> Response:
    """The rows of a view as CSV, with the page's own query string; 4xx with one sentence."""
    params = {key: request.query_params.getlist(key) for key in request.query_params}
    asked = params.pop("names", ["real"])[-1]
    names: exports.Names = "defanged" if asked == "defanged" else "real"
    view, problems = from_params(params)
    what = request.path_params["view"]
    if what not in exports.VIEWS:
        return PlainTextResponse(f"there is no such view; there are {_list(exports.VIEWS)}", 404)
    if asked not in get_args(exports.Names):
        problems = ["names is real or defanged", *problems]
    if problems:
        return PlainTextResponse("; ".join(problems), 400)
    made = exports.export(query.running().table, view, what, names)
    headers = {"Content-Disposition": f'attachment; filename="{what}.csv"'}
    if made.note:
        headers["X-Note"] = made.note
    return Response(made.data, media_type="text/csv; charset=utf-8", headers=headers)


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


ROUTES: list[BaseRoute] = [
    Route("/readyz", readyz),
    Route("/metrics", metrics),
    Route("/export/{view}.csv", export),
]
