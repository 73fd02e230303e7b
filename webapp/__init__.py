"""Parley: live chat and tickets, self-hosted."""

from webapp.app import create_app

__all__ = ["create_app"]
