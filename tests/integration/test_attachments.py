"""S-21, S-22: files are checked by content, named safely and kept under random names outside the web root."""

import gzip
import io
import re
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.world import World, file_body, png
from webapp.config import ROOT
from webapp.extensions import db
from webapp.models import Attachment
from webapp.tasks.sweep import forget_unused_uploads
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration
MEBIBYTE = 1024 * 1024


@pytest.fixture
def home(app: Any, make: Any, agent: Any) -> World:
    """Our workspace."""
    return World("harbour", app, make, agent)


def upload(home: World, name: str, data: bytes | None = None, **fields: str) -> Any:
    home.app.extensions["parley_limiter"].reset()
    return home.maria.post("attachments", **file_body(name, data, **fields))


def stored(home: World) -> list[Path]:
    return [path for path in (home.app.config["PARLEY"].instance_path / "files").rglob("*") if path.is_file()]


def rows(home: World) -> int:
    with home.app.app_context(), use_workspace(home.workspace):
        return int(db.session.scalar(db.select(db.func.count(Attachment.id))))


# --- S-21: names and contents ---------------------------------------------------------------------

ZWSP, RLO = "\u200b", "\u202e"
TAKEN_NAMES = [
    "../../etc/passwd.png",
    "..%2f..%2fx.png",
    "..\\..\\x.png",
    "C:\\Users\\x.png",
    "/etc/x.png",
    "a\x00.png",
    f"{RLO}gpj.png",
    f"{ZWSP}x.png",
    f"x{ZWSP}.png",
    "CON.png",
    "a" * 300 + ".png",
    ".png.png",
    "...x.png",
    "x.html.png",
    "x.php.png",
    "  x.png  ",
    "x.png.",
    '"; filename="x.html";.png',
    "a\r\nSet-Cookie: x=1.png",
    "<img src=x onerror=alert(1)>.png",
    "文件.PNG",
]
REFUSED_NAMES = [
    *(
        "",
        ".",
        "..",
        "x",
        ".htaccess",
        f"{ZWSP}.htaccess",
        ".png",
        "x.pht",
        "x.php",
        "x.php5",
        "x.phtml",
        "x.html",
    ),
    *(
        "x.htm",
        "x.xhtml",
        "x.shtml",
        "x.js",
        "x.mjs",
        "x.svgz",
        "x.exe",
        "x.png.exe",
        "x.png.html",
        "web.config",
    ),
    *(
        f"x.png{RLO}lmth.html",
        "x.png\x00.html",
        f"x.ht{ZWSP}ml",
        "x.jsp",
        "x.asp;.html",
        "x.bat",
        "x.lnk",
        "x.swf",
    ),
]


def test_s21_hostile_names_become_plain_ones(home: World) -> None:
    for name in TAKEN_NAMES:
        answer = upload(home, name)
        assert answer.status_code == 201, f"{name!r}: {answer.text}"
        shown = answer.json["name"]
        assert shown.lower().endswith(".png"), (name, shown)
        assert 0 < len(shown) <= 200
        assert not re.search(r"[/\\\x00-\x1f\u200b\u202e]", shown), (name, shown)
        assert not shown.startswith((".", " "))
        opened = home.app.test_client().get(answer.json["url"])
        assert opened.status_code == 200, name
        assert opened.mimetype == "image/png"
        assert "\r" not in opened.headers["Content-Disposition"]


def test_s21_names_of_other_types_are_refused_after_cleaning_not_before(home: World) -> None:
    before = len(stored(home)), rows(home)
    for name in REFUSED_NAMES:
        answer = upload(home, name)
        assert answer.status_code == 422, f"{name!r}: {answer.text}"
        assert answer.json["detail"][0]["loc"] == ["body", "file"]
    assert (len(stored(home)), rows(home)) == before


def test_s21_a_long_name_whose_type_turns_out_another_fits(home: World) -> None:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "WEBP")
    answer = upload(home, "a" * 300 + ".png", out.getvalue())
    assert answer.status_code == 201, answer.text
    assert answer.json["name"].endswith(".webp")
    assert len(answer.json["name"]) <= 200


HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
LIES = {
    "html as a picture": ("x.png", HTML),
    "svg as a picture": ("x.png", SVG),
    "html as text": ("x.txt", b"  \n" + HTML),
    "html as json": ("x.json", b"<html><body>"),
    "html as csv": ("x.csv", b"<SCRIPT>alert(1)</SCRIPT>"),
    "a program as a document": ("x.pdf", b"MZ\x90\x00" + b"\x00" * 100),
    "a program as text": ("x.txt", b"\x7fELF" + b"\x01" * 100),
    "a script as text": ("x.log", b"#!/bin/sh\nrm -rf /"),
    "zeroes as text": ("x.txt", b"a\x00b"),
    "text as an archive": ("x.zip", b"hello"),
    "text as a film": ("x.mp4", b"hello"),
    "a torn picture": ("x.png", png()[:30]),
    "half a picture": ("x.jpg", b"\xff\xd8\xff\xe0"),
    "nothing": ("x.png", b""),
}


@pytest.mark.parametrize("name, data", LIES.values(), ids=LIES)
def test_s21_content_that_is_not_what_its_name_says_is_refused(home: World, name: str, data: bytes) -> None:
    before = len(stored(home)), rows(home)
    answer = upload(home, name, data)
    assert answer.status_code == 422, answer.text
    assert answer.json["detail"][0]["loc"] == ["body", "file"]
    assert (len(stored(home)), rows(home)) == before


DOCUMENTS = {
    "drawing.svg": SVG,
    "page.eml": b"Subject: x\n\n" + HTML,
    "paper.pdf": b"%PDF-1.7\n/JavaScript (app.alert(1))",
    "notes.txt": b"hello <b>",
    "data.json": b'{"a": 1}',
}


@pytest.mark.parametrize("name, data", DOCUMENTS.items(), ids=DOCUMENTS)
def test_s21_what_is_no_picture_is_only_ever_downloaded(home: World, name: str, data: bytes) -> None:
    made = upload(home, name, data)
    assert made.status_code == 201, made.text
    assert made.json["is_image"] is False
    for url in (made.json["url"], made.json["url"] + "?inline=1"):
        opened = home.app.test_client().get(url)
        assert opened.headers["Content-Disposition"].startswith("attachment;")
        assert opened.mimetype == "application/octet-stream"
        assert opened.data == data
        check_headers(opened)


def check_headers(opened: Any) -> None:
    policy = opened.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;"), policy
    assert "default-src 'none'" in policy
    assert opened.headers["X-Content-Type-Options"] == "nosniff"
    assert opened.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "public" not in opened.headers["Cache-Control"]
    assert "Set-Cookie" not in opened.headers


def test_s21_a_picture_is_made_again_and_says_nothing_of_where_it_was_taken(home: World) -> None:
    exif = Image.Exif()
    exif[0x010E] = "canary-description"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    Image.new("RGB", (8, 4), "blue").save(out, "JPEG", exif=exif, comment=b"canary-comment")
    sent = out.getvalue() + b"<script>canary-tail</script>"
    made = upload(home, "photo.jpg", sent)
    opened = home.app.test_client().get(made.json["url"])
    assert (opened.mimetype, opened.headers["Content-Disposition"][:6]) == ("image/jpeg", "inline")
    assert b"canary" not in opened.data
    assert b"Exif" not in opened.data
    assert (made.json["width"], made.json["height"], made.json["is_image"]) == (8, 4, True)
    check_headers(opened)
    down = home.app.test_client().get(made.json["url"] + "?download")
    assert down.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("form", ["PNG", "GIF", "WEBP"])
def test_s21_no_form_of_picture_keeps_what_is_hidden_in_it(home: World, form: str) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    extra = {"save_all": True, "append_images": frames[1:], "comment": b"canary"} if form == "GIF" else {}
    exif = Image.Exif()
    exif[0x010E] = "canary"
    frames[0].save(out, form, **({"exif": exif} if form != "GIF" else extra))
    made = upload(home, f"x.{form.lower()}", out.getvalue() + HTML)
    assert made.status_code == 201, made.text
    opened = home.app.test_client().get(made.json["url"]).data
    assert b"canary" not in opened
    assert b"<script" not in opened


def test_s21_files_lie_outside_the_web_root_under_names_that_say_nothing(home: World) -> None:
    upload(home, "very-own-name.png")
    folder = (home.app.config["PARLEY"].instance_path / "files").resolve()
    assert not folder.is_relative_to((ROOT / "static").resolve())
    assert all(re.fullmatch(r"[0-9a-f]{40}", path.name) for path in stored(home))
    assert not any("own-name" in str(path) for path in stored(home))
    key = stored(home)[0].relative_to(folder)
    for path in (
        f"/files/{key}",
        f"/static/../instance/files/{key}",
        f"/static/..%2finstance%2ffiles%2f{key}",
    ):
        assert home.app.test_client().get(path).status_code == 404, path


def test_s21_no_key_leads_out_of_the_folder(tmp_path: Path) -> None:
    from webapp.integrations.storage import DiskStorage

    storage = DiskStorage(tmp_path)
    for key in (
        "",
        "..",
        "../x",
        "/etc/passwd",
        "aa/../../x",
        "aa/" + "a" * 39,
        "AA/" + "A" * 40,
        "aa/" + "a" * 40 + "\n",
    ):
        for use in (storage.read, storage.delete, lambda key: storage.write(key, b"x")):
            with pytest.raises(ValueError, match="not a storage key"):
                use(key)


# --- S-22: what is small on the wire and large inside ---------------------------------------------


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is that large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "size", [(20_000, 20_000), (10_000, 10_000), (65_000, 65_000), (2**31 - 1, 2**31 - 1), (0, 5)]
)
def test_s22_a_picture_that_would_fill_the_memory_is_refused_by_its_header(home: World, size: Any) -> None:
    before = len(stored(home))
    started = time.process_time()
    answer = upload(home, "bomb.png", bomb(*size))
    assert answer.status_code == 422, answer.text
    assert time.process_time() - started < 5
    assert len(stored(home)) == before


def test_s22_a_picture_has_at_most_forty_million_pixels(home: World) -> None:
    answer = upload(home, "large.png", bomb(7_000, 7_000))
    assert (answer.status_code, answer.json["detail"][0]["msg"]) == (422, "The picture has too many pixels")


def test_s22_a_file_over_the_limit_is_413_and_nothing_is_kept(home: World) -> None:
    limit = home.app.config["PARLEY"].attachment_bytes
    before, most = (len(stored(home)), rows(home)), f"Files may have at most {limit // MEBIBYTE} MB"
    desk, path = home.desks["agent"], f"tickets/{home.ids['ticket']}/attachments"
    for size in (limit + 1, limit + MEBIBYTE):
        for answer in (
            upload(home, "x.txt", b"y" * size),
            desk.post(path, **file_body("x.txt", b"y" * size)),
        ):
            assert (answer.status_code, answer.json["code"]) == (413, "too_large"), answer.text
            assert answer.json["message"] == most
    assert (len(stored(home)), rows(home)) == before
    for answer in (upload(home, "x.txt", b"y" * limit), desk.post(path, **file_body("x.txt", b"y" * limit))):
        assert answer.status_code == 201, answer.text


def test_s22_odd_multipart_bodies_are_refused(home: World) -> None:
    boundary = "x"
    part = '--x\r\nContent-Disposition: form-data; name="a{0}"\r\n\r\n1\r\n'
    many = "".join(part.format(number) for number in range(2_000)) + "--x--\r\n"
    long_field = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + "y" * MEBIBYTE + "\r\n--x--\r\n"
    before = len(stored(home)), rows(home)
    for data, statuses in (
        (many, (413,)),
        (long_field, (413,)),
        ("", (422,)),
        ("--x--", (422,)),
        ("--x\r\n" * 50_000, (413, 422)),
        ('--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--x--\r\n', (422,)),
    ):
        answer = home.maria.post(
            "attachments", data=data.encode(), content_type=f"multipart/form-data; boundary={boundary}"
        )
        assert answer.status_code in statuses, f"{data[:40]!r}: {answer.status_code} {answer.text}"
    zipped = home.maria.post(
        "attachments", data=gzip.compress(many.encode()), content_type="multipart/form-data"
    )
    assert zipped.status_code in (413, 415, 422)
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded", ""):
        answer = home.maria.post("attachments", data=b"{}", content_type=kind)
        assert answer.status_code == 415, f"{kind}: {answer.status_code}"
    assert (len(stored(home)), rows(home)) == before


def test_s22_an_animation_counts_all_its_frames(home: World) -> None:
    out = io.BytesIO()
    frames = [Image.new("P", (1000, 1000), number) for number in range(60)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    answer = upload(home, "long.gif", out.getvalue())
    assert (answer.status_code, answer.json["detail"][0]["msg"]) == (422, "The picture has too many pixels")
    short = io.BytesIO()
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    red.save(short, "GIF", save_all=True, append_images=[blue], duration=70)
    made = upload(home, "short.gif", short.getvalue())
    with Image.open(io.BytesIO(home.app.test_client().get(made.json["url"]).data)) as kept:
        assert (kept.n_frames, kept.info["duration"]) == (2, 70)


def test_what_nobody_sent_within_a_day_is_removed_with_its_file(home: World, clock: Any) -> None:
    unused, used = (upload(home, name, png()).json["id"] for name in ("a.png", "b.png"))
    assert unused != used
    message = home.maria.message("Look", attachment_ids=[used])
    assert home.maria.post("comments", message).status_code == 201
    before = (rows(home), len(stored(home)))
    with home.app.app_context():
        clock.advance(hours=23)
        forget_unused_uploads()
        assert (rows(home), len(stored(home))) == before
        clock.advance(hours=2)
        forget_unused_uploads()
    with home.app.app_context(), use_workspace(home.workspace):
        left = {str(found) for found in db.session.scalars(db.select(Attachment.id))}
    assert used in left
    assert unused not in left
    assert before[0] - rows(home) == before[1] - len(stored(home)) > 0
