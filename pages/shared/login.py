"""Streamlit's own login, OpenID Connect, in the form that the gate before every route wants."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse
from starlette.routing import Route
from streamlit.auth_util import (
    encode_provider_token,
    get_origin_from_redirect_uri,
    get_secrets_auth_section,
    get_signing_secret,
    get_validated_redirect_uri,
    validate_auth_credentials,
)
from streamlit.errors import StreamlitAuthError
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette import starlette_websocket as websocket
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from pipeline.access import Login
from pipeline.settings import SettingsError

BEGIN = "/sign-in"
PATHS = frozenset({BEGIN, "/auth/login", "/auth/logout", "/oauth2callback"})
SHORTEST_SECRET = 16
WHERE = "[auth] in secrets.toml cannot be used: "


def configured() -> Login | None:
    """The login of `[auth]` in secrets.toml, if there is one; SettingsError if it cannot work."""
    _check_readable()
    if not get_secrets_auth_section():
        return None
    names = providers()
    try:
        for name in names:
            validate_auth_credentials(name)
    except StreamlitAuthError as error:
        raise SettingsError(WHERE + " ".join(str(error).split())) from None
    if not get_validated_redirect_uri():
        raise SettingsError(WHERE + "redirect_uri does not end with /oauth2callback")
    if len(str(get_signing_secret())) < SHORTEST_SECRET:
        raise SettingsError(WHERE + f"cookie_secret is shorter than {SHORTEST_SECRET} characters")
    return Login(dict(map(_button, names)), PATHS, who)


def providers() -> list[str]:
    """The names of those that may be asked who somebody is."""
    auth = get_secrets_auth_section()
    named = [name for name, value in auth.items() if "client_id" in _as_section(value)]
    return ["default"] if "client_id" in auth or not named else named


def who(request: HTTPConnection) -> str:
    """Who has logged in, by the signed cookie, as Streamlit reads it for a WebSocket."""
    cookie = websocket._get_signed_cookie_with_chunks(request.cookies, USER_COOKIE_NAME)
    origin = get_origin_from_redirect_uri()
    user = websocket._parse_decoded_user_cookie(cookie, origin) if cookie and origin else {}
    return str(user.get("email") or user.get("sub", "")) if user.get("is_logged_in") else ""


def begin(request: Request) -> RedirectResponse:
    """To Streamlit's route for it, with the signed name of the provider, good for two minutes."""
    asked = request.query_params.get("with")
    name = asked if asked in providers() else providers()[0]
    return RedirectResponse(f"/auth/login?provider={encode_provider_token(name)}", 303)


def sign_out() -> None:
    """A button for who has logged in."""
    if st.user.to_dict().get("is_logged_in"):
        st.button("Sign out", on_click=st.logout)


def _check_readable() -> None:
    """Streamlit takes a file that it cannot read for none, and there would be no login."""
    files = [file for file in st.get_option("secrets.files") if Path(file).exists()]
    try:
        is_read = secrets_singleton.load_if_toml_exists()
    except (OSError, ValueError):
        is_read = False
    if files and not is_read:
        raise SettingsError(f"{' and '.join(files)} cannot be read: it is TOML, or remove it")


def _button(name: str) -> tuple[str, str]:
    text = "Sign in" if name == "default" else f"Sign in with {name}"
    return text, f"{BEGIN}?with={name}"


def _as_section(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


ROUTES = [Route(BEGIN, begin)]
