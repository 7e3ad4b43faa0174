"""Who may talk to the page, and whom it may talk to."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard"]

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guard:
    """Answers only those who ask for this machine, from a page of its own.

    A site whose name was made to point at this machine (DNS rebinding) asks under that name, and another site's page
    says in `Origin` where it comes from: both are refused. An address in numbers is no name, so each is welcome.

    Args:
        app: What is guarded.
        host: A name that is welcome beside `localhost` and addresses in numbers.
    """

    def __init__(self, app: ASGIApp, *, host: str) -> None:
        self.app = app
        self.host = host.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_welcome(host) or (origin is not None and origin.partition("://")[2] != host):
            refusal = PlainTextResponse("this page answers only under its own address", 403)
            await refusal(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self.app(scope, receive, send_guarded)

    def _is_welcome(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
            return name is not None and (name in ("localhost", self.host) or bool(ip_address(name)))
        except ValueError:
            return False
