"""nginx and Caddy in front of servers, with the configurations that docs/scaling.md gives to operators.

Only addresses, ports and the certificate are others; what surrounds the text keeps a second copy of these
programs apart from one that the machine runs.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import requests

from tests.support import ROOT, process
from tests.support.outside import certificate

PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
HOST = "localhost"
ADDRESSES = ("10.0.0.11:5000", "10.0.0.12:5000")
HEADINGS = {"nginx": "## nginx", "caddy": "## Caddy"}

NGINX = """daemon off;
pid {folder}/pid;
error_log {folder}/log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{documented}
}}
"""
CADDY = """{{
    admin off
    http_port {plain_port}
}}
{documented}
"""


def installed() -> list[str]:
    """Which of them this machine has."""
    return [name for name in HEADINGS if shutil.which(name, path=PLACES)]


def documented(name: str) -> str:
    """The configuration in the docs."""
    text = (ROOT / "docs" / "scaling.md").read_text().partition(f"\n{HEADINGS[name]}\n")[2]
    found = re.search(r"```\w*\n(.*?)```", text, re.DOTALL)
    assert found, name
    return found[1]


class Front(process.Startable):
    """One of them, in front of the servers with these ports; `url` is where browsers go."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port, self.plain_port = process.free_port(), process.free_port()
        self.url = f"https://{HOST}:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="front-"))
        self.certificate = certificate(self.folder / "certificate.pem", HOST)
        self.child: subprocess.Popen | None = None
        self.servers: Sequence[int] = ()

    def before(self, ports: Sequence[int]) -> Self:
        """Start in front of them."""
        self.servers = ports
        return self.start()

    def start(self) -> Self:
        """Returns once it passes on what is asked."""
        path = self.folder / "configuration"
        path.write_text(self._configuration())
        user = process.unprivileged_user()
        for one in (self.folder, *self.folder.iterdir()):
            shutil.chown(one, user)
        program = shutil.which(self.name, path=PLACES)
        command = {
            "nginx": [program, "-c", path, "-p", self.folder, "-e", self.folder / "log"],
            "caddy": [program, "run", "--config", path, "--adapter", "caddyfile"],
        }[self.name]
        home = {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder), "PATH": PLACES}
        with (self.folder / "said").open("ab") as said:
            options = {"cwd": self.folder, "env": home, "stdout": said, "stderr": said, "user": user}
            self.child = process.start([str(part) for part in command], stop_signal=signal.SIGTERM, **options)
        process.wait_until(self._answers, f"{self.name} to answer")
        return self

    def close(self) -> None:
        """End it and remove what it wrote."""
        if self.child:
            process.stop(self.child)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configuration(self) -> str:
        text = documented(self.name)
        for address, port in zip(ADDRESSES, self.servers, strict=True):
            assert address in text
            text = text.replace(address, f"127.0.0.1:{port}")
        pem = str(self.certificate)
        if self.name == "caddy":
            text = text.replace("desk.example.com {", f"{self.url} {{\n    tls {pem} {pem}", 1)
            return CADDY.format(plain_port=self.plain_port, documented=text.replace("desk.example.com", HOST))
        text = re.sub(r"/etc/ssl/\S+(?=;)", pem, text).replace("desk.example.com", HOST)
        text = text.replace("listen 443", f"listen 127.0.0.1:{self.port}")
        text = text.replace("listen 80", f"listen 127.0.0.1:{self.plain_port}")
        return NGINX.format(folder=self.folder, documented=text)

    def _answers(self) -> bool:
        if self.child.poll() is not None:
            said = [path.read_text() for path in self.folder.glob("[ls]*") if path.is_file()]
            raise RuntimeError(f"{self.name} did not start:\n" + "\n".join(said))
        try:
            return requests.get(f"{self.url}/readyz", verify=self.certificate, timeout=5).status_code == 200
        except requests.ConnectionError:
            return False
