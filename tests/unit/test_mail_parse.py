"""S-55, S-25: what mails say, in the structures that programs really send; and those meant to do harm."""

import base64
import time
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import ROOT
from webapp.services.mail_in import marks
from webapp.services.mail_in.headers import Person
from webapp.services.mail_in.parse import MAX_PARTS, ParsedMail, parse
from webapp.services.mail_in.text import from_html, split_text

pytestmark = pytest.mark.unit

CORPUS = ROOT / "tests" / "corpus"
HEAD = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\nMessage-ID: <1@b>\r\nMIME-Version: 1.0\r\n"
LOOSE_SECONDS = 20
"""Many times what the worst of them takes; without a bound they take minutes or for ever."""


def corpus(name: str) -> ParsedMail:
    return parse((CORPUS / f"{name}.eml").read_bytes())


TEXTS = {
    "gmail_plain_and_html": "Hello,\n\nwhere is order 4711? It should have been here on Friday.\n\nMaria",
    "gmail_reply": "Thanks, it is here now!",
    "thunderbird_reply": "It works now, thank you.",
    "apple_mail_reply": "Sì, grazie. Prendo la taglia M.\n\nSofia",
    "html_only_reply": "Yes please.\n\n* one jacket\n* two shirts\n\nMaria",
    "outlook_html_reply": "The amount is wrong: it should be £120.\n\n"
    "Please see the terms <https://firm.example/terms>.\n\n[Firm]",
    "iphone_photo": "Look at this:\n\nCan I have another one?",
    "newsletter_html_only": "Sale\n\nnow\n\nBuy here or there <https://shopping.example/x>",
    "utf7_html": "+ADw-script+AD4-alert(1)+ADw-/script+AD4- hello",
    "encoded_words": "ごめんなさい",
    "broken_charset": "Déjà vu  ÿ",
    "no_headers": "just some text that somebody piped in",
    "missing_most": "Hello there",
    "calendar_invitation": "Shall we talk on Tuesday?",
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_was_written_now_is_read(name: str) -> None:
    assert corpus(name).text == TEXTS[name]


FOLDED = {
    "gmail_reply": "it left the house on Saturday",
    "thunderbird_reply": "Nerd GmbH",
    "apple_mail_reply": "Quale taglia?",
    "html_only_reply": "> > An older one",
    "outlook_html_reply": "Your invoice is attached.",
    "iphone_photo": "Sent from my iPhone",
}


@pytest.mark.parametrize("name", FOLDED)
def test_what_is_quoted_and_signed_is_folded_not_lost(name: str) -> None:
    found = corpus(name)
    assert FOLDED[name] in found.folded
    assert FOLDED[name] not in found.text


@pytest.mark.parametrize("name", ["gmail_forward", "outlook_german_forward"])
def test_what_was_forwarded_is_shown_whole(name: str) -> None:
    found = corpus(name)
    assert "ana@client.example" in found.text.lower()
    assert (found.is_forward, found.folded) == (True, "")


def test_answers_between_the_lines_keep_what_they_answer() -> None:
    text = corpus("gmail_inline_answers").text
    assert "> Which size" in text
    assert text.endswith("Blue.")


def test_people_are_read_from_encoded_and_quoted_names() -> None:
    found = corpus("outlook_html_reply")
    assert found.sender == Person("tomas@firm.example", "Tomas Okafor")
    assert found.cc == (
        Person("lena@firm.example", "Lena Hartmann"),
        Person("karl@firm.example", "Weber, Karl"),
    )
    assert corpus("encoded_words").sender == Person("taro@jp.example", "山田太郎")
    assert corpus("broken_charset").sender == Person("cafe@old.example", "Café")


def test_a_title_is_the_subject_without_what_programs_put_before_it() -> None:
    assert corpus("gmail_reply").title == "Where is my order?"
    assert corpus("outlook_german_forward").title == "Lieferung"
    assert corpus("encoded_words").title == "ごめんなさい ✓ [#12]"


def test_s54_a_header_that_was_folded_becomes_no_second_one() -> None:
    found = corpus("header_tricks")
    assert found.subject == "Hello Bcc: victim@other.example"
    assert found.cc == ()


def test_s51_two_senders_are_proved_to_be_neither() -> None:
    raw = b"Authentication-Results: mx.us; dmarc=pass header.from=b.example\r\n" + HEAD
    assert parse(raw + b"\r\nhi").results
    assert parse(raw + b"From: boss@b.example\r\n\r\nhi").results == ()


AUTOMATIC = {"exchange_oof", "gmail_vacation", "zendesk_ack", "german_absence_unmarked"} | {
    "dsn_postfix",
    "dsn_exchange_headers_only",
    "dsn_delayed",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in CORPUS.glob("*.eml")))
def test_s53_what_machines_write_is_known(name: str) -> None:
    assert corpus(name).is_automatic == (name in AUTOMATIC)


def test_s53_lists_and_spam_are_known() -> None:
    assert corpus("mailing_list").lists
    assert corpus("newsletter_html_only").lists
    assert corpus("spam_marked").is_spam
    assert not corpus("gmail_reply").is_spam


@pytest.mark.parametrize(
    "line",
    [
        "Precedence: bulk",
        "Precedence: junk",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "X-Autorespond: Re",
        "Auto-Submitted: auto-notified; owner-email=x",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
    ],
)
def test_s53_each_mark_of_a_machine_counts(line: str) -> None:
    assert parse(line.encode() + b"\r\n" + HEAD + b"\r\nhi").is_automatic
    assert not parse(b"Auto-Submitted: no\r\n" + HEAD + b"\r\nhi").is_automatic


def test_s53_a_website_that_sends_for_somebody_is_answered_to_them() -> None:
    sent = b"Reply-To: ana@client.example\r\n" + HEAD.replace(b"a@b", b"wordpress+no-reply@b") + b"\r\nhi"
    found = parse(sent)
    assert found.is_mute
    assert found.author == Person("ana@client.example")
    assert parse(HEAD + b"Reply-To: x@y.example\r\n\r\nhi").author == Person("a@b.example")


def test_a_bounce_names_who_did_not_get_what() -> None:
    ours = b"<0123.0.abc@desk.example>"
    raw = (CORPUS / "dsn_postfix.eml").read_bytes().replace(b"{OURS}", ours)
    bounce = parse(raw).bounce
    assert bounce is not None
    assert bounce.message_id == ours.decode()
    (one,) = bounce.recipients
    assert (one.address, one.is_permanent, one.said) == ("gone@shop.example", True, "550 5.1.1 User unknown")


def test_a_full_mailbox_is_not_for_good_and_a_delay_is_nobody() -> None:
    raw = (CORPUS / "dsn_exchange_headers_only.eml").read_bytes().replace(b"{OURS}", b"<a@b>")
    bounce = parse(raw).bounce
    assert bounce is not None
    assert bounce.message_id == "<a@b>"
    assert [one.is_permanent for one in bounce.recipients] == [False]
    delayed = corpus("dsn_delayed").bounce
    assert delayed is not None
    assert delayed.recipients == ()


def test_an_old_bounce_in_words_names_who_did_not_get_it() -> None:
    raw = b"X-Failed-Recipients: gone@shop.example\r\n" + HEAD + b"\r\nMessage-ID: <ours@desk.example>\r\n"
    bounce = parse(raw).bounce
    assert bounce is not None
    assert [one.address for one in bounce.recipients] == ["gone@shop.example"]
    assert bounce.message_id == "<ours@desk.example>"


def test_files_come_with_their_names_and_dots_that_count_readers_do_not() -> None:
    files = {file.name: file for file in corpus("calendar_invitation").files}
    assert set(files) == {"file.ics", "setup.exe", "Übersicht.pdf"}
    assert corpus("iphone_photo").files[0].name == "Reißverschluss.png"
    assert corpus("outlook_html_reply").files[0].is_inline
    (attached,) = corpus("attached_mail").files
    assert attached.name == "Broken zip.eml"
    assert b"The zip is broken." in attached.data
    dot = base64.b64encode(b"\x89PNG" + bytes(40))
    raw = HEAD + b"Content-Type: image/png\r\nContent-ID: <x>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert parse(raw + dot).files == ()


def test_the_same_mail_has_one_fingerprint_whichever_way_it_came() -> None:
    raw = (CORPUS / "gmail_reply.eml").read_bytes()
    assert parse(raw).fingerprint == parse(b"Received: by x; y\r\n" + raw).fingerprint
    assert parse(raw).fingerprint != corpus("gmail_plain_and_html").fingerprint
    assert parse(b"").fingerprint != parse(b"x").fingerprint


# --- what is proved of a sender -------------------------------------------------------------------

PROOFS = {
    "dmarc": ("mx.us; dmarc=pass (p=none) header.from=b.example", True),
    "dmarc of another": ("mx.us; dmarc=pass header.from=evil.example", False),
    "dmarc failed": ("mx.us; spf=pass smtp.mailfrom=b.example; dmarc=fail header.from=b.example", False),
    "dkim": ("mx.us; dkim=pass header.d=b.example", True),
    "dkim of its mother": ("mx.us 1; dkim=pass header.i=@mail.b.example", True),
    "dkim of another": ("mx.us; dkim=pass header.d=evil.example", False),
    "dkim of a lookalike": ("mx.us; dkim=pass header.d=xb.example", False),
    "dkim of a top level": ("mx.us; dkim=pass header.d=example", False),
    "spf": ("mx.us; spf=pass smtp.mailfrom=bounce@b.example", True),
    "spf soft": ("mx.us; spf=softfail smtp.mailfrom=a@b.example", False),
    "nothing": ("mx.us; none", False),
    "in a comment": ("mx.us; none (; dkim=pass header.d=b.example)", False),
    "another host": ("mx.evil; dmarc=pass header.from=b.example", None),
    "a longer host": ("mx.us.evil; dmarc=pass header.from=b.example", None),
}


@pytest.mark.parametrize("name", PROOFS)
def test_s51_only_an_aligned_proof_of_the_trusted_host_counts(name: str) -> None:
    said, expected = PROOFS[name]
    assert marks.verdict((said,), "MX.us", "a@b.example") is expected


def test_s51_of_several_only_the_topmost_counts_and_without_a_trusted_host_none() -> None:
    true, forged = "mx.us; none", "mx.us; dmarc=pass header.from=b.example"
    assert marks.verdict((true, forged), "mx.us", "a@b.example") is False
    assert marks.verdict((forged,), "", "a@b.example") is None
    assert marks.verdict((), "mx.us", "a@b.example") is None
    assert marks.verdict((forged,), "mx.us", "") is None


# --- harm -----------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    body = b"Content-Type: text/plain\r\n\r\nhi\r\n"
    for number in range(depth):
        mark = b"b%d" % number
        body = b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n%s\r\n--%s--\r\n' % (
            mark,
            mark,
            body,
            mark,
        )
    return HEAD + body


def flat(count: int) -> bytes:
    parts = b"".join(
        b"--b\r\nContent-Type: text/plain\r\n\r\npart %d\r\n" % number for number in range(count)
    )
    return HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + parts + b"--b--\r\n"


def big_file() -> bytes:
    data = base64.encodebytes(b"%PDF-" + b"x" * 50_000_000)
    head = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n'
    kind = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return HEAD + head + kind + data + b"--b--\r\n"


BOMBS = {
    "nested a little": lambda: nested(20),
    "nested": lambda: nested(80),
    "nested a thousand": lambda: nested(1_000),
    "a hundred thousand parts": lambda: flat(100_000),
    "fifty megabytes": big_file,
    "headers": lambda: HEAD + b"".join(b"X-%d: a\r\n" % number for number in range(100_000)) + b"\r\nhi",
    "senders": lambda: b"From: a@b.example\r\n" * 50_000 + HEAD + b"\r\nhi",
    "encoded words": lambda: HEAD.replace(b"x\r", b"=?utf-8?Q?a?= " * 100_000 + b"\r") + b"\r\nhi",
    "brackets": lambda: HEAD + b"Cc: " + b"(" * 20_000 + b"\r\n\r\nhi",
    "quotes": lambda: HEAD + b"Cc: " + b'"' * 20_001 + b"\r\n\r\nhi",
    "parameters": lambda: HEAD + b"Content-Type: text/plain" + b"; a*0=b" * 30_000 + b"\r\n\r\nhi",
}


@pytest.mark.parametrize("name", BOMBS)
def test_s55_a_bomb_is_read_in_bounded_time_and_still_has_its_sender(name: str) -> None:
    raw, start = BOMBS[name](), time.process_time()
    found = parse(raw)
    assert time.process_time() - start < LOOSE_SECONDS
    assert found.sender == Person("a@b.example")
    assert sum(len(file.data) for file in found.files) < 60_000_000


def test_s55_a_thousand_parts_are_all_read() -> None:
    found = parse(flat(1_000))
    assert found.text.startswith("part 0\n\npart 1\n")
    assert "part 999" in found.text
    assert found.unread == ()
    assert parse(flat(MAX_PARTS * 2)).unread


PATIENCE = {
    "lines": "\n",
    "quotes": ">",
    "attributions": "On a\n",
    "colons": "On " * 90 + ":\n",
    "quoted colons": "> > > > " * 30 + ":\n",
    "headers": "From: a\n",
    "lines of hyphens": "-- \n",
    "telephones": "Sent from my \n",
    "rules": "_" * 80 + "\n",
}


@pytest.mark.parametrize("name", PATIENCE)
def test_s25_cutting_quotations_takes_no_time_that_grows_with_its_square(name: str) -> None:
    piece, start = PATIENCE[name], time.process_time()
    split_text(piece * (1_000_000 // len(piece)))
    assert time.process_time() - start < LOOSE_SECONDS / 4


@pytest.mark.parametrize(
    "piece", ["<div>", "<b><p>", "<a href=x>", "<br>", "\u00a0", "<td>", "<!--", "<", "&"]
)
def test_s25_reading_html_neither(piece: str) -> None:
    start = time.process_time()
    from_html(piece * (1_000_000 // len(piece)))
    assert time.process_time() - start < LOOSE_SECONDS / 2


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(sorted(CORPUS.glob("*.eml"))), st.integers(0, 3000))
def test_s55_whatever_the_bytes_something_storable_comes_out(noise: bytes, path: Path, at: int) -> None:
    raw = path.read_bytes()
    found = parse(raw[:at] + noise + raw[at + len(noise) :])
    texts = [found.text, found.folded, found.subject, found.title, *(one.name for one in found.cc)]
    assert "\x00" not in "".join(texts)
    "".join(texts).encode()
    assert len(found.fingerprint) == 64


def test_whatever_the_parser_raises_there_is_a_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("webapp.services.mail_in.parse._body", fail)
    found = parse(HEAD + b"\r\nx")
    assert (found.sender, found.text, len(found.fingerprint)) == (None, "", 64)
    assert found.unread


def within(kind: str, *parts: MIMEBase) -> MIMEMultipart:
    made = MIMEMultipart(kind)
    for part in parts:
        made.attach(part)
    return made


def plain(text: str) -> MIMEText:
    return MIMEText(text, "plain")


def marked_up(text: str) -> MIMEText:
    return MIMEText(f"<p>{text}</p>", "html")


@pytest.mark.parametrize(
    "made, said",
    [
        (within("alternative", plain("One"), within("related", marked_up("One"))), "One"),
        (within("mixed", within("alternative", plain("One"), within("related", marked_up("One")))), "One"),
        (within("alternative", plain("One"), within("mixed", marked_up("One"), marked_up("more"))), "One"),
        (within("related", within("alternative", plain("One"), marked_up("One"))), "One"),
        (within("alternative", plain(" \n"), marked_up("One")), "One"),
        (within("alternative", within("related", marked_up("One"))), "One"),
        (within("mixed", marked_up("One"), plain("Of the list")), "One\n\nOf the list"),
        (within("mixed", plain("One"), marked_up("Two")), "One\n\nTwo"),
    ],
    ids=["apple", "with files", "apple with files", "gmail", "empty plain", "no plain", "a list's", "two"],
)
def test_what_is_there_twice_is_read_once_and_everything_else_in_order(
    made: MIMEMultipart, said: str
) -> None:
    assert parse(made.as_bytes()).text == said
