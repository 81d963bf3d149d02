"""What is said to strangers, and the two redirects that bring those in who were let in."""

from collections.abc import Mapping
from html import escape
from urllib.parse import quote, unquote, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

COOKIE = "zeek_live_token"
"""A token's seal, in the browser of a wall."""
A_YEAR = 365 * 24 * 3600
WANTED = "zeek_live_wanted"
"""Where a stranger wanted to go, while they log in."""
A_WHILE = 600
HEADERS = {"Cache-Control": "no-store", "WWW-Authenticate": 'Bearer realm="zeek-live"'}

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Zeek DNS: sign in</title>
<style>
  :root {{ color-scheme: light dark; font: 14px sans-serif; }}
  body {{ margin: 20vh auto; max-width: 340px; text-align: center;
    color: light-dark(#1B2430, #DCE3EC); background: light-dark(#FFFFFF, #0E1319); }}
  a {{ display: block; margin: 10px 0; padding: 10px; border-radius: 4px; text-decoration: none;
    color: light-dark(#FFFFFF, #0E1319); background: light-dark(#1D5FBF, #5B9DF5); }}
</style>
<main><h1>Zeek DNS</h1><p>Sign in to see what this network asks for.</p>
{buttons}
</main>
</html>
"""


def stranger(request: HTTPConnection, buttons: Mapping[str, str], ways: str) -> Response:
    """A page with a button for a browser, if there is one to press; a sentence for a program."""
    if not buttons or "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse(f"not for strangers: {ways}", 401, HEADERS)
    links = (
        f'<a href="{escape(to)}" role="button">{escape(text)}</a>' for text, to in buttons.items()
    )
    answer = HTMLResponse(PAGE.format(buttons="\n".join(links)), 401, HEADERS)
    wanted = here(request, request.query_params.multi_items())
    answer.set_cookie(WANTED, quote(wanted, safe=""), A_WHILE, httponly=True, samesite="lax")
    return answer


def back(request: HTTPConnection) -> Response | None:
    """To where they wanted to go, of those who come from the login, which ends at `/`."""
    wanted = request.cookies.get(WANTED)
    if wanted is None or request.scope["path"] != "/":
        return None
    answer = RedirectResponse(local(unquote(wanted)), 303, HEADERS)
    answer.delete_cookie(WANTED)
    return answer


def exchange(request: HTTPConnection, sealed: str) -> Response:
    """A cookie for the token, which is in the address no more."""
    rest = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
    answer = RedirectResponse(here(request, rest), 303, HEADERS)
    is_secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, sealed, A_YEAR, httponly=True, samesite="strict", secure=is_secure)
    return answer


def unknown() -> Response:
    """The answer to a token that opens nothing."""
    return PlainTextResponse("the token in this address is not known", 401, HEADERS)


def here(request: HTTPConnection, params: list[tuple[str, str]]) -> str:
    """The address that was asked for, with other parameters."""
    question = urlencode(params)
    return local(quote(request.scope["path"])) + (f"?{question}" if question else "")


def local(address: str) -> str:
    r"""An address of this server, whatever it was.

    >>> local("//evil.example"), local(r"/\evil.example")
    ('/evil.example', '/evil.example')
    """
    return "/" + address.lstrip("/\\")
