"""The browser that Playwright drives.

$CHROMIUM, else the one inside the npm package @sparticuz/chromium (Linux on x86_64; no download step, no
root), else the system's, else Playwright's own. We unpack the package ourselves: its own code trusts any
/tmp/chromium and turns web security off.
"""

import contextlib
import io
import json
import os
import platform
import re
import shutil
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import brotli
import playwright

from tests.support import ROOT, VENV, Missing

HINT = (
    "No browser. `python3 tools/dev.py setup` installs one on Linux x86_64; elsewhere install Chromium, set "
    "CHROMIUM to its program, or run `.venv/bin/python -m playwright install chromium-headless-shell`."
)
PACKAGE = ROOT / "node_modules" / "@sparticuz" / "chromium"
SYSTEM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--disable-dev-shm-usage",
    "--disable-gpu",
    # Nothing leaves the machine; any name under .localhost is a site of its own.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost",
)


def unpack_tar(archive: Path, target: Path) -> None:
    """Unpack a .tar.br."""
    with tarfile.open(fileobj=io.BytesIO(brotli.decompress(archive.read_bytes()))) as content:
        # Python 3.11.4 brought the filter; what npm installed is checked by its hash.
        content.extractall(target, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))


def unpack_program(archive: Path, target: Path) -> None:
    """Unpack the browser (200 MB) piece by piece."""
    decompressor = brotli.Decompressor()
    with archive.open("rb") as packed, target.open("wb") as program:
        while block := packed.read(1 << 20):
            program.write(decompressor.process(block))
    target.chmod(0o755)


def unpack(folder: Path) -> None:
    """Unpack the package beside the folder and move it there when it is whole."""
    unpacked = Path(tempfile.mkdtemp(prefix="chromium-", dir=folder.parent))
    try:
        unpacked.chmod(0o755)
        unpack_program(PACKAGE / "bin" / "chromium.br", unpacked / "chromium")
        for name in ("al2023", "swiftshader"):  # libraries that a bare system lacks, and a software GL
            unpack_tar(PACKAGE / "bin" / f"{name}.tar.br", unpacked)
        with contextlib.suppress(OSError):  # another process was faster
            unpacked.rename(folder)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


def packaged_chromium() -> Path | None:
    """The package's browser, unpacked once into the environment. Several processes may try it at once."""
    if not PACKAGE.exists() or (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return None
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    folder = VENV / f"chromium-{version}"
    if not folder.exists():
        unpack(folder)
    return folder / "chromium"


@cache
def find_chromium() -> Path | None:
    """The browser's program; None means Playwright's own."""
    if named := os.environ.get("CHROMIUM"):
        return Path(named)
    if packaged := packaged_chromium():
        return packaged
    for name in SYSTEM:
        if found := shutil.which(name):
            return Path(found)
    browsers = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    if platform.system() == "Linux" and not list(browsers.glob("chromium*")):
        raise Missing(HINT)
    return None


@cache
def features_off() -> tuple[str, ...]:
    """The browser features that Playwright turns off, read from its driver: it offers no way to ask."""
    driver = Path(playwright.__file__).parent / "driver" / "package" / "lib" / "coreBundle.js"
    listed = re.search(r"disabledFeatures\w* = \[(.*?)\]\.filter", driver.read_text(), re.DOTALL)
    if not listed:
        raise RuntimeError("Playwright's list of disabled features has moved: see tests/support/browser.py")
    return tuple(re.findall(r'^\s*"(\w+)"', listed[1], re.MULTILINE))


def launch_options(*, partitioned: bool = False) -> dict[str, Any]:
    """Arguments for `chromium.launch()`.

    Playwright turns storage partitioning off, so what an embedded frame can store is unlike any real
    browser. `partitioned=True` leaves it on, for the widget's tests. The last --disable-features counts.
    """
    program = find_chromium()
    arguments = list(ARGUMENTS)
    if partitioned:
        kept = [name for name in features_off() if name != "ThirdPartyStoragePartitioning"]
        arguments.append("--disable-features=" + ",".join(kept))
    if program is None:
        return {"args": arguments}
    libraries = os.pathsep.join(
        filter(None, [str(program.parent / "lib"), os.environ.get("LD_LIBRARY_PATH")])
    )
    return {
        "executable_path": str(program),
        "args": arguments,
        "env": {**os.environ, "LD_LIBRARY_PATH": libraries},
    }
