"""An IMAP server (RFC 3501, as much of it as a reader needs) on the loopback address."""

import re
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

CAPABILITY = "IMAP4rev1 LITERAL+"


class ImapServer:
    """One mailbox. `said`: the commands it got; `before_fetch`: called before a mail goes out."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.mails: dict[int, bytes] = {}
        self.days: dict[int, str] = {}
        self.validity, self.next_uid = 7, 1
        self.user, self.password, self.folder = "support", 'pass "word"', "INBOX"
        self.said: list[str] = []
        self.before_fetch: Callable[[int], object] = lambda _uid: None
        self.sizes: dict[int, int] = {}
        self.context = context
        self.server = socketserver.ThreadingTCPServer(
            ("127.0.0.1", 0), type("Talk", (_Talk,), {"imap": self}), False
        )
        self.server.daemon_threads = True
        self.server.allow_reuse_address = True
        self.server.server_bind()
        self.server.server_activate()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def add(self, raw: bytes) -> int:
        """Puts a mail into the folder; its number."""
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.mails[uid] = raw
        return uid


class _Talk(socketserver.StreamRequestHandler):
    """One connection."""

    imap: ImapServer

    def setup(self) -> None:
        if self.imap.context:
            self.request = self.imap.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def handle(self) -> None:
        self.is_in = False
        self.say("* OK ready")
        while line := self.rfile.readline(10_000):
            tag, _, rest = line.decode().strip().partition(" ")
            word = rest.split(" ", 1)[0].upper()
            argument = rest[len(word) :].strip()
            self.imap.said.append(rest if word != "LOGIN" else word)
            answer = getattr(self, f"do_{word.lower()}", None)
            if answer is None:
                self.say(f"{tag} BAD unknown command")
            elif not self.is_in and word not in ("CAPABILITY", "LOGIN", "LOGOUT", "NOOP"):
                self.say(f"{tag} BAD not signed in")
            else:
                self.say(f"{tag} {answer(argument)}")
            if word == "LOGOUT":
                return

    def say(self, text: str | bytes) -> None:
        self.wfile.write((text if isinstance(text, bytes) else text.encode()) + b"\r\n")
        self.wfile.flush()

    def do_capability(self, _argument: str) -> str:
        self.say(f"* CAPABILITY {CAPABILITY}")
        return "OK done"

    def do_login(self, argument: str) -> str:
        given = re.findall(r'"((?:\\.|[^"\\])*)"|(\S+)', argument)
        words = [re.sub(r"\\(.)", r"\1", quoted) or bare for quoted, bare in given]
        if words != [self.imap.user, self.imap.password]:
            return "NO [AUTHENTICATIONFAILED] Invalid credentials"
        self.is_in = True
        return "OK signed in"

    def do_examine(self, argument: str) -> str:
        if argument.strip('"') != self.imap.folder:
            return "NO [NONEXISTENT] no such folder"
        self.say(f"* {len(self.imap.mails)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.imap.validity}] ok")
        return "OK [READ-ONLY] done"

    def do_status(self, argument: str) -> str:
        name = argument.partition(" ")[0]
        counts = (
            f"UIDVALIDITY {self.imap.validity} UIDNEXT {self.imap.next_uid} MESSAGES {len(self.imap.mails)}"
        )
        self.say(f"* STATUS {name} ({counts})")
        return "OK done"

    def do_noop(self, _argument: str) -> str:
        return "OK done"

    def do_logout(self, _argument: str) -> str:
        self.say("* BYE")
        return "OK done"

    def do_uid(self, argument: str) -> str:
        verb, _, rest = argument.partition(" ")
        return self.search(rest) if verb.upper() == "SEARCH" else self.fetch(rest)

    def search(self, rest: str) -> str:
        span = re.search(r"UID (\d+):\*", rest)
        found = sorted(self.imap.mails)
        if span:  # the last one is always in the range
            found = [uid for uid in found if uid >= int(span[1])] or found[-1:]
        self.say(f"* SEARCH {' '.join(map(str, found))}".rstrip())
        return "OK done"

    def fetch(self, rest: str) -> str:
        uid, _, what = rest.partition(" ")
        raw = self.imap.mails.get(int(uid))
        if raw is None:
            return "OK nothing"
        if "SIZE" in what:
            size = self.imap.sizes.get(int(uid), len(raw))
            self.say(f"* 1 FETCH (UID {uid} RFC822.SIZE {size})")
            return "OK done"
        self.imap.before_fetch(int(uid))
        self.wfile.write(b"* 1 FETCH (UID %s BODY[] {%d}\r\n" % (uid.encode(), len(raw)))
        self.say(raw + b")")
        return "OK done"


@contextmanager
def imap_server(**options: Any) -> Iterator[ImapServer]:
    """A server that answers until the block ends."""
    made = ImapServer(**options)
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()
