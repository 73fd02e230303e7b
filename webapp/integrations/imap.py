"""A mailbox at a mail server, read by IMAP over TLS. It is only looked at: nothing there is changed."""

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from imap_tools import AND, U
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from imap_tools.mailbox import BaseMailBox

from webapp import green
from webapp.integrations import safe_http

STEP_SECONDS = 15.0
WHOLE_SECONDS = 60.0
MAX_BYTES = 64 * 1024 * 1024
LINE_ROOM = 100_000
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,18})")


class ImapError(Exception):
    """It could not be read; the last word of its text is the name of what was wrong."""


@dataclass(frozen=True)
class Account:
    """A mailbox. `tls`: `tls` from the start, `starttls`, or `off`; `reach`: as of an `SmtpServer`."""

    host: str
    port: int
    tls: str
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    reach: str = "public"


@contextmanager
def opened(account: Account) -> Iterator["Folder"]:
    """The account's folder. Raises `ImapError`, as what is done with the folder does."""
    with _plainly():
        box = _Box(account)
    try:
        with _plainly():
            box.login(account.username, account.password, initial_folder=None)
            box.folder.set(account.folder, readonly=True)
            folder = Folder(box, account.folder)
        yield folder
    finally:
        with suppress(ImapError), _plainly():
            box.client.logout()
        with suppress(OSError):  # where the server has said farewell it is closed already
            box.client.shutdown()


@contextmanager
def _plainly() -> Iterator[None]:
    """Around one talk with the server: whatever goes wrong is an `ImapError`."""
    try:
        with green.deadline(WHOLE_SECONDS):
            yield
    except MailboxLoginError:
        raise ImapError("IMAP: LoginRefused") from None
    except MailboxFolderSelectError:
        raise ImapError("IMAP: NoSuchFolder") from None
    except safe_http.Unreachable:
        raise ImapError("IMAP: NotPublic") from None
    except OSError as error:  # before `ValueError`: a certificate that is not valid is both
        raise ImapError(f"IMAP: {type(error).__name__}") from None
    except (imaplib.IMAP4.error, ImapToolsError, ValueError, LookupError) as error:
        kind = "ServerDisconnected" if isinstance(error, imaplib.IMAP4.abort) else "NotUnderstood"
        raise ImapError(f"IMAP: {kind}") from None


class Folder:
    """An open folder. `validity`: its numbers mean the same mails as long as this stays the same;
    `next_uid`: the number that the next mail gets.
    """

    def __init__(self, box: BaseMailBox, name: str) -> None:
        self._box = box
        status = box.folder.status(name, ["UIDVALIDITY", "UIDNEXT", "MESSAGES"])
        self.validity, self.next_uid, self.count = (
            status["UIDVALIDITY"],
            status["UIDNEXT"],
            status["MESSAGES"],
        )

    def after(self, uid: int) -> list[int]:
        """The numbers of the mails that came after that one, in order."""
        # The last one is always in such a range, even if it came before.
        return [found for found in self._search(AND(uid=U(str(uid + 1), "*"))) if found > uid]

    def since(self, day: date) -> list[int]:
        """The numbers of the mails that came on that day or later, in order."""
        return self._search(AND(date_gte=day))

    def _search(self, criteria: Any) -> list[int]:
        with _plainly():
            return sorted(int(uid) for uid in self._box.uids(criteria) if uid.isdecimal())

    def fetch(self, uid: int) -> bytes | None:
        """A mail's bytes; None if it is gone, or too big to be taken."""
        with _plainly():
            answer = self._ask(uid, "(RFC822.SIZE)")
            said = _SIZE.search(b" ".join(part for part in answer if isinstance(part, bytes)))
            if said is None or int(said[1]) > MAX_BYTES:
                return None
            found = [part[1] for part in self._ask(uid, "(BODY.PEEK[])") if isinstance(part, tuple)]
            return bytes(found[0]) if found else None

    def _ask(self, uid: int, what: str) -> list[Any]:
        status, answer = self._box.client.uid("FETCH", str(uid), what)
        if status != "OK":
            raise ImapError("IMAP: FetchRefused")
        return list(answer)


class _Client(imaplib.IMAP4):
    """Goes to an address that was looked up once and checked; takes no more than a mail may be."""

    def __init__(self, account: Account) -> None:
        self.account = account
        super().__init__(account.host, account.port, STEP_SECONDS)

    def _create_socket(self, timeout: float | None) -> Any:
        reach = self.account.reach
        address = safe_http.resolve(self.host, self.port, allow_loopback=reach == "public_or_loopback")
        plain = socket.create_connection((address, self.port), timeout)
        if self.account.tls != "tls":
            return plain
        # The certificate is checked against the name: only the socket goes to the address.
        try:
            return _context().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def read(self, size: int) -> bytes:
        """What follows, so many bytes. Raises what `imaplib` raises of a broken server."""
        if size > MAX_BYTES + LINE_ROOM:
            raise self.abort("too big")
        return super().read(size)


class _Box(BaseMailBox):  # type: ignore[misc]
    def __init__(self, account: Account) -> None:
        self.account = account
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        client = _Client(self.account)
        if self.account.tls == "starttls":
            try:
                if "STARTTLS" not in client.capabilities:
                    raise ImapError("IMAP: NoStartTls")
                client.starttls(_context())
            except BaseException:
                client.shutdown()
                raise
        return client


def _context() -> ssl.SSLContext:
    return ssl.create_default_context()
