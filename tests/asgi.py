"""One request to an ASGI application, without a socket."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple

from starlette.types import ASGIApp


class Answer(NamedTuple):
    """A response to one request."""

    status: int
    headers: dict[str, str]
    body: str


def ask(
    app: ASGIApp,
    path: str,
    headers: Mapping[str, str] | list[tuple[str, str]],
    method: str = "GET",
    client: str = "127.0.0.1",
    scheme: str = "http",
) -> Answer:
    """The answer; what the application raises after it is dropped."""
    path, _, question = path.partition("?")
    http = {"type": "http", "method": method, "scheme": scheme, "query_string": question.encode()}
    sent = _send(app, http | _scope(path, headers, client))
    [start] = [each for each in sent if each["type"] == "http.response.start"]
    body = b"".join(each.get("body", b"") for each in sent)
    named = {key.decode().lower(): value.decode() for key, value in start["headers"]}
    return Answer(start["status"], named, body.decode())


def open_socket(
    app: ASGIApp,
    headers: Mapping[str, str] | list[tuple[str, str]],
    client: str = "127.0.0.1",
    path: str = "/_stcore/stream",
) -> list[str]:
    """The types of the messages that answer the request for a websocket."""
    socket = {"type": "websocket", "scheme": "ws", "query_string": b"", "subprotocols": []}
    sent = _send(app, socket | _scope(path, headers, client))
    return [each["type"] for each in sent]


def _scope(path: str, headers: Any, client: str) -> dict[str, Any]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    raw = [(key.lower().encode(), value.encode("latin-1")) for key, value in pairs]
    http = {"http_version": "1.1", "root_path": "", "server": ("127.0.0.1", 8501)}
    return http | {"path": path, "headers": raw, "client": (client, 50_000)}


def _send(app: ASGIApp, scope: dict[str, Any]) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        kind = {"http": "http.request", "websocket": "websocket.connect"}[scope["type"]]
        return {"type": kind, "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        with suppress(ArithmeticError):
            await app(scope, receive, send)

    # A thread has no loop yet; the browser's tests leave one running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(run())).result()
    return sent
