"""A demo of its own: a server with the shop beside it, and the accounts it made."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import process
from tests.support.server import Server


class Demo:
    """A demo server in a folder of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        port, self.shop_port = process.free_port(), process.free_port()
        self.url = f"http://localhost:{port}"
        self.folder = folder
        environment = {
            "DEMO": "1",
            "PORT": str(port),
            "DEMO_PORT": str(self.shop_port),
            "INSTANCE_PATH": str(folder),
        }
        secret = {"SECRET_KEY": "only-for-pictures-and-tests-of-the-demo-itself"}
        self.server = Server({"START_GRACE_SECONDS": "0", **environment, **secret, **settings}, port=port)

    @contextmanager
    def serving(self) -> Iterator["Demo"]:
        """Serves."""
        with self.server:
            yield self

    @property
    def accounts(self) -> dict[str, Any]:
        """The demo's inbox key and accounts."""
        return json.loads((self.folder / "demo_accounts.json").read_text())

    def password(self, email: str) -> str:
        """That account's password."""
        return next(one["password"] for one in self.accounts["accounts"] if one["email"] == email)

    @property
    def chat_url(self) -> str:
        """The chat's own page."""
        return f"{self.url}/chat/{self.accounts['inbox_key']}"

    @property
    def shop_url(self) -> str:
        """The shop, another origin."""
        return f"http://127.0.0.1:{self.shop_port}"

    def sign_in(self, page: Any, email: str) -> None:
        """Signs a member of staff in, as they would."""
        page.goto(self.url + "/sign-in")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password", exact=True).fill(self.password(email))
        page.keyboard.press("Enter")
        page.wait_for_url("**/agent**")
