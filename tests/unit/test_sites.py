"""What counts as a site, and where `next` may lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.colour import contrast, readable_on
from webapp.pages.auth import safe_next
from webapp.schemas.inbox import is_faint, normalised_site

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "typed, site",
    [
        ("https://shop.example.com", "https://shop.example.com"),
        (" HTTPS://Shop.Example.COM/ ", "https://shop.example.com"),
        ("shop.example.com", "https://shop.example.com"),
        ("http://localhost:5001", "http://localhost:5001"),
        ("http://127.0.0.1:5001", "http://127.0.0.1:5001"),
        ("http://[::1]:5001", "http://[::1]:5001"),
        ("https://shop.example.com:443", "https://shop.example.com"),
        ("http://shop.example.com:80", "http://shop.example.com"),
        ("https://shop.example.com:8443", "https://shop.example.com:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_a_site_is_kept_as_browsers_write_its_origin(typed, site):
    assert normalised_site(typed) == site
    assert normalised_site(site) == site


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "*",
        "https://*.example.com",
        "https://",
        "ftp://shop.example.com",
        "javascript:alert(1)",
        "https://user:pass@shop.example.com",
        "https://shop.example.com/shop",
        "https://shop.example.com?x=1",
        "https://shop.example.com#x",
        "https://shop.example.com:99999",
        "https://shop.example.com:x",
        "https://shop",
        "https://-shop.example.com",
        "https://shop..example.com",
        "https://shop.example.com evil.example",
        "https://shop.example.com;script-src",
        "https://shop.example.com'self'",
        "https://999.999.999.999",
        "https://" + "a" * 64 + ".example.com",
        "https://" + "a." * 130 + "com",
        "null",
        "data:text/html,x",
    ],
)
def test_everything_else_is_none(typed):
    with pytest.raises(ValueError, match=r".+"):
        normalised_site(typed)


@given(st.text(max_size=60))
def test_whatever_is_taken_can_stand_in_a_policy(typed):
    try:
        site = normalised_site(typed)
    except ValueError:
        return
    assert site.startswith(("http://", "https://"))
    assert not set(site) & set(" ;,'\"*\r\n\t<>")
    assert site.isascii()


@given(st.text(alphabet="/\\:.%@?#ahtps\t\n evil09", max_size=20))
def test_s45_next_stays_here(target):
    safe = safe_next(target)

    assert safe.startswith("/")
    assert not safe.startswith(("//", "/\\"))
    assert "\\" not in safe
    assert not any(char.isspace() for char in safe)


@given(st.integers(0, 0xFFFFFF))
def test_text_on_any_colour_can_be_read(number):
    colour = f"#{number:06x}"
    assert contrast(readable_on(colour), colour) >= 4.5


def test_faint_colours_are_known():
    assert is_faint("#ffe08a")
    assert not is_faint("#1d60bc")
