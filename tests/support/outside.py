"""The world outside, played on loopback: names, one public address, and a canary where nobody may come.

Inside `with Outside(monkeypatch) as outside:` every connect of this process is noted in `outside.reached`.
`PUBLIC` leads to a TLS server that plays what the host's name says; the rest of the world refuses.
"""

import datetime as dt
import gzip
import ipaddress
import json
import socket
import ssl
import tempfile
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PUBLIC = "93.184.216.34"
DOMAIN = "outside.example"
BOMB_BYTES = 50_000_000


class Canary:
    """Listens inside, on both loopbacks; `hits` counts who came, `seen` what they asked for."""

    def __init__(self) -> None:
        self.hits = 0
        self.sockets = [_listen("127.0.0.1", 0)]
        self.port = self.sockets[0].getsockname()[1]
        if socket.has_ipv6:
            self.sockets.append(_listen("::1", self.port))
        for listener in self.sockets:
            threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            self.hits += 1
            connection.close()

    def close(self) -> None:
        for listener in self.sockets:
            listener.close()


def _listen(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.bind((host, port))
    made.listen(50)
    return made


class Outside:
    """A fake resolver and router around this process's sockets, and the server at `PUBLIC`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached: list[str] = []
        self.asked: list[str] = []
        self.names: dict[str, list[str]] = {}
        self.canary = Canary()
        self.server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Player", (_Player,), {"inside": self.canary.port})
        )
        self._patch = monkeypatch

    def __enter__(self) -> "Outside":
        self._folder = tempfile.TemporaryDirectory()
        certificate = _certificate(Path(self._folder.name) / "outside.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._patch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign] # who hangs up early
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self._route()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._patch.undo()
        self.server.shutdown()
        self.server.server_close()
        self.canary.close()
        self._folder.cleanup()

    def lead(self, name: str, *addresses: str) -> str:
        """Makes the name resolve to these, one answer after the other, the last one for ever."""
        self.names[name] = list(addresses)
        return name

    def url(self, plays: str) -> str:
        """A page of the public server: `moved`, `endless`, `bomb`, `slow` …"""
        return f"https://{self.lead(f'{plays}.{DOMAIN}', PUBLIC)}/"

    def _route(self) -> None:
        real_connect, real_lookup = socket.socket.connect, socket.getaddrinfo

        def connect(sock: socket.socket, address: Any) -> None:
            if not isinstance(address, tuple):
                return real_connect(sock, address)
            host = str(address[0])
            self.reached.append(host)
            if host == PUBLIC:
                return real_connect(sock, ("127.0.0.1", self.server.server_port))
            if ipaddress.ip_address(host.partition("%")[0]).is_loopback or host in ("0.0.0.0", "::"):
                return real_connect(sock, address)
            raise ConnectionRefusedError(host)

        def lookup(host: Any, port: Any, *more: Any, **named: Any) -> Any:
            name = str(host).rstrip(".").lower()
            self.asked.append(name)
            if found := self.names.get(name):
                host = found.pop(0) if len(found) > 1 else found[0]
                return real_lookup(host, port, *more, **named)
            try:
                named["flags"] = socket.AI_NUMERICHOST
                return real_lookup(host, port, *more, **named)
            except socket.gaierror:
                if name != "localhost" and not name.endswith(".localhost"):
                    raise
                return real_lookup("127.0.0.1", port, *more, **named)

        self._patch.setattr(socket.socket, "connect", connect)
        self._patch.setattr(socket, "getaddrinfo", lookup)


class _Player(BaseHTTPRequestHandler):
    """Answers as the first part of the host's name says."""

    protocol_version = "HTTP/1.1"
    inside = 0

    def _answer(self) -> None:
        self.close_connection = True
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        getattr(self, f"_{self.headers['Host'].split('.')[0]}")()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _moved(self) -> None:
        self._send(302, Location=f"http://127.0.0.1:{self.inside}/")

    def _moved307(self) -> None:
        self._send(307, Location=f"https://localhost:{self.inside}/")

    def _moved308(self) -> None:
        self._send(308, Location=f"//[::1]:{self.inside}/", Refresh=f"0;url=http://127.0.0.1:{self.inside}/")

    def _named(self) -> None:
        # A document that sends its reader inside: an issuer's endpoints, a list's next page …
        place = f"https://127.0.0.1:{self.inside}/"
        names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
        body = {**dict.fromkeys((*names, "url", "next_page", "instance_url", "nextRecordsUrl"), place)}
        self._send(200, json.dumps(body).encode(), Link=f'<{place}>; rel="next"')

    def _endless(self) -> None:
        self._send(200)
        for _ in range(200_000):
            self.wfile.write(b"x" * 1024)

    def _bomb(self) -> None:
        self._send(200, gzip.compress(b"\0" * BOMB_BYTES), Content_Encoding="gzip")

    def _deflated(self) -> None:
        self._send(200, zlib.compress(b"\0" * BOMB_BYTES), Content_Encoding="deflate")

    def _twice(self) -> None:
        body = gzip.compress(gzip.compress(b"\0" * BOMB_BYTES))
        self._send(200, body, Content_Encoding="gzip, gzip")

    def _brotli(self) -> None:
        self._send(200, b"\x1b\x00\x00", Content_Encoding="br")

    def _broken(self) -> None:
        self._send(200, b"\x1f\x8bnothing of the kind", Content_Encoding="gzip")

    def _packed(self) -> None:
        self._send(200, gzip.compress(b"hello"), Content_Encoding="gzip")

    def _drip(self) -> None:
        self._send(200)
        for _ in range(600):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def _nonsense(self) -> None:
        self.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")

    def _gone(self) -> None:
        pass

    def log_message(self, *_: Any) -> None:
        pass


def _certificate(path: Path) -> Path:
    """A key and its certificate for every name of `DOMAIN`, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DOMAIN)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(f"*.{DOMAIN}")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def inside_urls(outside: Outside) -> list[str]:
    """S-30: ways to write an address inside, with the canary's port where it matters."""
    outside.lead("inside.example", "127.0.0.1")
    outside.lead("inside6.example", "::1")
    outside.lead("mapped.example", "::ffff:127.0.0.1")
    outside.lead("private.example", "10.0.0.7")
    outside.lead("metadata.example", "169.254.169.254")
    return [url.format(port=outside.canary.port) for url in _SPELLINGS]


_SPELLINGS = (
    "https://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/",
    "HTTPS://127.0.0.1:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://127.255.255.254:{port}/",
    "https://2130706433:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.0.0.1:{port}/",
    "https://0x7f.1:{port}/",
    "https://017700000001:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://0177.0.0.01:{port}/",
    "https://127.0.0.1.:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://[::1]:{port}/",
    "https://[::]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[::127.0.0.1]:{port}/",
    "https://[64:ff9b::127.0.0.1]:{port}/",
    "https://[64:ff9b:1::7f00:1]:{port}/",
    "https://[2002:7f00:1::]:{port}/",
    "https://[2001:0:7f00:1::]:{port}/",
    "https://[fe80::1%25lo]:{port}/",
    "https://[fd00::1]:{port}/",
    "https://[fec0::1]:{port}/",
    "https://localhost:{port}/",
    "https://localhost.:{port}/",
    "https://LOCALHOST:{port}/",
    "https://desk.localhost:{port}/",
    "https://localhost%00.example.com:{port}/",
    "https://127。0。0。1:{port}/",
    "https://127\uff0e0\uff0e0\uff0e1:{port}/",
    "https://①②⑦.⓪.⓪.①:{port}/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "https://127%2e0%2e0%2e1:{port}/",
    "https://example.com@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}#@example.com/",
    "https://127.0.0.1:{port}?@example.com/",
    "https://127.0.0.1:{port}\\@example.com/",
    "https://example.com:443@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}@127.0.0.1:{port}/",
    "https:\\\\127.0.0.1:{port}/",
    "https:/127.0.0.1:{port}/",
    "https:127.0.0.1:{port}",
    "//127.0.0.1:{port}/",
    "https://\t127.0.0.1:{port}/",
    "https://127.0.0.1:{port}\r\nHost: example.com/",
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254.nip.example/",
    "https://2852039166/latest/meta-data/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://100.100.100.200/latest/meta-data/",
    "https://192.168.1.1/",
    "https://172.31.255.255/",
    "https://10.255.255.255/",
    "https://100.64.0.1/",
    "https://192.0.0.8/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://inside.example:{port}/",
    "https://INSIDE.example.:{port}/",
    "https://inside6.example:{port}/",
    "https://mapped.example:{port}/",
    "https://private.example/",
    "https://metadata.example/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_",
    "ftp://127.0.0.1:{port}/",
    "unix:///var/run/docker.sock",
    "https://" + "a" * 300 + ".example/",
    "https://a..b/",
    "https://[::1/",
    "https://:{port}/",
    "https://",
    "",
)
