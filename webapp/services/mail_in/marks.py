"""What a mail's headers say of it: a machine's, a list's, spam; and whose it is really. Pure."""

import re
from email.message import Message

_BULK = {"bulk", "junk", "auto_reply"}
_DAEMON = re.compile(r"^(mailer-daemon|postmaster|autoresponder|auto-?reply)([+-].*)?@", re.IGNORECASE)
_MUTE = re.compile(
    r"^(.*[._+-])?(no-?_?reply|do-?_?not-?_?reply|bounces?|mailer-daemon|postmaster)([._+-].*)?@",
    re.IGNORECASE,
)
_SUBJECTS = re.compile(
    r"^\s*(auto(matic)?[ -]?(reply|response|antwort)|automatische (antwort|abwesenheit)"
    r"|abwesenheits(notiz|meldung)|out of (the )?office|r\u00e9ponse automatique"
    r"|respuesta autom\u00e1tica|risposta automatica"
    r"|automatisch antwoord|autosvar|vacation reply|\u81ea\u52a8\u56de\u590d|auto:)",
    re.IGNORECASE,
)
_AUTO_MARKS = (
    "X-Autoreply",
    "X-Autorespond",
    "X-Auto-Reply",
    "X-Autoresponder",
    "X-Vacation",
    "X-FC-MachineGenerated",
)


def _value(message: Message, name: str) -> str:
    return str(message.get(name, ""))[:1000].strip().lower()


def is_automatic(message: Message, subject: str) -> bool:
    """Whether a machine wrote it: an absence, a receipt, a report (S-53). `subject`: decoded."""
    submitted = _value(message, "Auto-Submitted").split(";")[0].strip()
    if submitted and submitted != "no":
        return True
    if _value(message, "Precedence") in _BULK or _value(message, "X-Auto-Response-Suppress") == "all":
        return True
    if any(_value(message, name) not in ("", "no", "false") for name in _AUTO_MARKS):
        return True
    if _value(message, "Return-Path") == "<>" or message.get_content_type() == "multipart/report":
        return True
    sender = _value(message, "From").rpartition("<")[2].rstrip("> ")
    return bool(_DAEMON.match(sender[:254]) or _SUBJECTS.match(subject[:200]))


def is_mute(message: Message, sender: str) -> bool:
    """Whether whoever sent it says that nobody reads answers."""
    return bool(_MUTE.match(sender[:254])) or bool(_value(message, "X-Auto-Response-Suppress"))


def lists_of(message: Message) -> tuple[str, ...]:
    """What names the mailing lists that it went through; empty if it went to nobody else."""
    names = ("List-Id", "List-Post", "List-Unsubscribe")
    return tuple(_value(message, name) for name in names if message.get(name) is not None)


def is_spam_marked(message: Message) -> bool:
    """Whether the server that took it called it spam or worse."""
    if _value(message, "X-Spam-Flag") == "yes" or _value(message, "X-Spam-Status").startswith("yes"):
        return True
    if _value(message, "X-SES-Spam-Verdict") == "fail" or _value(message, "X-SES-Virus-Verdict") == "fail":
        return True
    level = re.match(r"(\d+)", _value(message, "X-MS-Exchange-Organization-SCL"))
    return level is not None and int(level[1]) >= 5


# --- who it is really from ------------------------------------------------------------------------


def verdict(results: tuple[str, ...], trusted_host: str, sender: str) -> bool | None:
    """What the trusted server found out of the sender's address: proved, refuted, or None: nothing.

    `results`: `Authentication-Results` headers, topmost first. Only the topmost of that server counts: one
    that came with the mail stands below it.
    """
    domain = sender.rpartition("@")[2].lower()
    if not trusted_host or not domain:
        return None
    for result in results:
        host, _, rest = result.lower().partition(";")
        if host.split()[:1] == [trusted_host.lower()]:
            return _judge(rest, domain)
    return None


def _judge(rest: str, domain: str) -> bool | None:
    found = [_result(part) for part in re.sub(r"\([^()]{0,500}\)", " ", rest[:8000]).split(";")[:50]]
    dmarc = [(result, fields) for method, result, fields in found if method == "dmarc"]
    if any(result == "fail" for result, _ in dmarc):
        return False
    if any(
        result == "pass" and _aligned(fields.get("header.from", domain), domain) for result, fields in dmarc
    ):
        return True
    for method, result, fields in found:
        names = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}.get(method, ())
        named = [fields[name].rpartition("@")[2] for name in names if name in fields]
        if result == "pass" and any(_aligned(one, domain) for one in named):
            return True
    return False


def _result(part: str) -> tuple[str, str, dict[str, str]]:
    words = part.split()
    method, _, result = (words[0] if words else "").partition("=")
    fields = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    return method.partition("/")[0], result, {name: value.strip('"<>') for name, value in fields.items()}


def _aligned(proved: str, claimed: str) -> bool:
    """Whether a proof for one domain holds for the other: it is the same, or one lies within the other."""
    if not proved or not claimed or "." not in proved:
        return proved == claimed and bool(proved)
    return proved == claimed or claimed.endswith(f".{proved}") or proved.endswith(f".{claimed}")
