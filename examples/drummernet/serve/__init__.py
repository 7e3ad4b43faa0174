"""The transcriber as a page for a browser."""

from drummernet.serve.app import Limits, create_app

__all__ = ["Limits", "create_app"]
