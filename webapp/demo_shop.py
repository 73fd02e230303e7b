"""The demo's shop: a page of another origin that embeds the chat, as a customer's own site would."""

from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import Environment, FileSystemLoader

from webapp.config import ROOT

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

PRODUCTS = (
    ("storm-jacket", "Storm jacket", "€184", "Keeps the North Sea out, and you in."),
    ("mooring-rope", "Mooring rope, 40 m", "€59", "Three strands, spliced by hand."),
    ("lantern", "Deck lantern", "€42", "Burns all night, floats if it has to."),
    ("compass", "Brass compass", "€96", "Points north since 1911."),
    ("life-vest", "Life vest", "€78", "For crews from 10 kg upward."),
    ("deck-shoes", "Deck shoes", "€89", "Grip where it is wet."),
)
STYLE = ROOT / "static" / "css" / "shop.css"


def make_shop(base_url: str, inbox_key: str) -> Application:
    """A WSGI application with the shop's pages, each with the chat's one line in it."""
    templates = Environment(loader=FileSystemLoader(ROOT / "templates" / "demo"), autoescape=True)
    page = templates.get_template("shop.html")
    policy = (
        f"default-src 'none'; script-src {base_url}; style-src 'self'; frame-src {base_url}; "
        f"connect-src {base_url}; img-src 'self' data: {base_url}; base-uri 'none'; form-action 'none'"
    )

    def shop(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path == "/shop.css":
            return _answer(start_response, policy, STYLE.read_bytes(), "text/css")
        chosen = next((product for product in PRODUCTS if path == f"/products/{product[0]}"), None)
        shown = page.render(
            base=base_url, key=inbox_key, products=PRODUCTS, chosen=chosen, found=chosen or path == "/"
        )
        return _answer(start_response, policy, shown.encode(), "text/html")

    return shop


def _answer(start_response: Callable[..., Any], policy: str, body: bytes, kind: str) -> Iterable[bytes]:
    headers = [
        ("Content-Type", f"{kind}; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-cache"),
    ]
    start_response("200 OK", headers)
    return [body]
