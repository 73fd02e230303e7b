"""Sets Parley up, runs it and checks it: python3 tools/dev.py COMMAND [arguments].

run     installs what is missing and serves; arguments go to wsgi.py
test    checks, then the whole test suite with coverage; with arguments only pytest, with these arguments
bench   measures a small and a large desk, and writes docs/performance.md; arguments go to the bench
check   style, types, import contract, lock files
fix     formats the Python code and repairs what can be repaired by itself
assets  builds static/dist
setup   installs everything that run and test need
lock    writes requirements/*.txt and package-lock.json anew; with --upgrade also newer versions

NO_SYSTEM_NODE=1 takes node and npm from a wheel even where the system has them; DEBUG=1 adds source maps.
Every step leaves the hash of its inputs in .venv, so the second time costs a tenth of a second.
Standard library only, and no syntax newer than Python 3.6: an old Python shall be able to say that
it is too old.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: two set-ups at once are not guarded against
    fcntl = None

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"
UV_VERSION = "0.13.9"
OLDEST, NEWEST = (3, 11), (3, 13)
OLDEST_NODE = 20
LOCKED = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
LOCKED += ["--no-emit-index-url", "--no-emit-find-links", "--quiet"]


# Steps


def call(*command, **options):
    """Run a command in the project's folder; a failure ends everything, its own message above ours."""
    command = [str(part) for part in command]
    try:
        subprocess.run(command, cwd=str(ROOT), check=True, **options)
    except subprocess.CalledProcessError as error:
        sys.exit("dev.py: this failed: {}".format(" ".join(command)) if error.returncode > 0 else 1)


def become(*command):
    """Replace this process, so that signals and the exit code are the command's own."""
    sys.stdout.flush()
    os.chdir(str(ROOT))
    if os.name == "nt":
        sys.exit(subprocess.call([str(part) for part in command], env=surroundings()))
    os.execve(str(command[0]), [str(part) for part in command], surroundings())


def surroundings():
    """The environment of what runs here."""
    environment = dict(os.environ, PATH="{}{}{}".format(BIN, os.pathsep, os.environ.get("PATH", "")))
    environment.setdefault("PYTHONUNBUFFERED", "1")
    return environment


def fingerprint(inputs):
    """The hash of files (paths) and facts (strings)."""
    digest = hashlib.sha256()
    for item in inputs:
        content = item.read_bytes() if isinstance(item, Path) else str(item).encode()
        digest.update("{}:{}:".format(item, len(content)).encode() + content)
    return digest.hexdigest()


def once(name, inputs, step, product=VENV):
    """Take a step unless it was last taken with the same inputs, and what it made is still there."""
    stamp = VENV / "stamp-{}".format(name)
    wanted = fingerprint(inputs)
    if product.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    start = time.monotonic()
    print("{} ...".format(name), flush=True)
    step()
    stamp.write_text(wanted)
    print("{}: {:.1f} s".format(name, time.monotonic() - start), flush=True)


def has_stamp(name):
    return (VENV / "stamp-{}".format(name)).exists()


def one_at_a_time():
    """Hold the project's folder until this process ends or becomes another one."""
    if not fcntl:
        return
    folder = os.open(str(ROOT), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting for another dev.py in this folder ...", flush=True)
        fcntl.flock(folder, fcntl.LOCK_EX)


# Python


def is_tested(version):
    return OLDEST <= tuple(version[:2]) <= NEWEST


def other_python():
    """A tested Python on the PATH. It is started to be sure: some version managers put up empty shims."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which("python3.{}".format(minor))
        if found and subprocess.call([found, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            return found
    return None


def suitable_python():
    """Go on under a Python that the project is tested with."""
    if is_tested(sys.version_info):
        return
    other = other_python()
    if other:
        sys.exit(subprocess.call([other, str(Path(__file__).resolve()), *sys.argv[1:]]))
    running = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST:
        sys.exit("dev.py: Parley needs Python 3.11, 3.12 or 3.13; {} is {}".format(sys.executable, running))
    print("dev.py: Python {} is newer than those Parley is tested with (3.11 to 3.13)".format(running))


def pip():
    """The environment's own pip; without ensurepip it has none, and the one of this Python does it."""
    if importlib.util.find_spec("ensurepip"):
        return [PYTHON, "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", PYTHON]


def make_venv():
    if not importlib.util.find_spec("ensurepip") and not importlib.util.find_spec("pip"):
        sys.exit(
            "dev.py: this Python ({}) can neither make virtual environments nor has it pip.\n"
            "On Debian and Ubuntu: apt install python3-venv".format(sys.executable)
        )
    shutil.rmtree(str(VENV), ignore_errors=True)
    options = [] if importlib.util.find_spec("ensurepip") else ["--without-pip"]
    call(sys.executable, "-m", "venv", VENV, *options)


def python_environment():
    """The virtual environment, made anew when the project moved or another Python is asked for."""
    facts = [str(VENV), sys.version_info[:2]]
    stamp = VENV / "stamp-environment"
    if not PYTHON.exists() or not stamp.exists() or stamp.read_text() != fingerprint(facts):
        make_venv()
        stamp.write_text(fingerprint(facts))
    once("uv", [UV_VERSION], install_uv)


def install_uv():
    quiet = ["--quiet", "--disable-pip-version-check"]
    call(*pip(), "install", "uv=={}".format(UV_VERSION), *quiet)


def install_locked(lock):
    """Install exactly what a lock names. Where uv gets nothing, pip may: it is configured apart."""
    tail = ["install", "--quiet", "--require-hashes", "-r", str(lock)]
    # pip compiles what it installs, uv only if told; without, a process takes twice as long to start
    # wherever bytecode is not written (PYTHONDONTWRITEBYTECODE, read-only folders).
    uv = [str(BIN / "uv"), "pip", *tail, "--compile-bytecode", "--python", str(PYTHON)]
    if subprocess.call(uv, cwd=str(ROOT)) != 0:
        print("uv could not install {}; trying pip".format(lock.name), flush=True)
        call(*pip(), *tail)


def python_packages(everything):
    """The packages of requirements/run.txt or test.txt (which holds run.txt's too, so it never shrinks)."""
    name = "test" if everything or has_stamp("python-test") else "run"
    lock = ROOT / "requirements" / "{}.txt".format(name)
    once("python-{}".format(name), [lock, "compiled"], lambda: install_locked(lock))


# Node


def system_node():
    """Whether node and npm are there, and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm or os.environ.get("NO_SYSTEM_NODE"):
        return False
    answer = subprocess.run([node, "--version"], stdout=subprocess.PIPE, check=False).stdout.decode()
    version = answer.strip().lstrip("v").split(".")[0]
    return version.isdigit() and int(version) >= OLDEST_NODE


def npm(*arguments):
    """Call npm: the system's, else the one from a wheel in the environment."""
    if system_node():
        return call(shutil.which("npm"), *arguments)
    lock = ROOT / "requirements" / "node.txt"
    once("node", [lock], lambda: install_locked(lock))
    path = "{}{}{}".format(BIN, os.pathsep, os.environ.get("PATH", ""))
    return call(BIN / "npm", *arguments, env=dict(os.environ, PATH=path))


def node_packages(everything):
    """node_modules, exactly as locked. They shrink no more than Python's packages do."""
    name = "test" if everything or has_stamp("npm-test") else "run"
    omit = [] if name == "test" else ["--omit=dev"]
    inputs = [ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc"]
    once("npm-" + name, inputs, lambda: npm("ci", "--loglevel=error", *omit), ROOT / "node_modules")


def native(pattern, package):
    """A program inside node_modules that needs no node to run."""
    ending = ".exe" if os.name == "nt" else ""
    found = next((ROOT / "node_modules").glob(pattern + ending), None)
    if not found:
        sys.exit("dev.py: {} has no build for this machine in node_modules".format(package))
    return found


# What the commands are made of


def prepare(everything=False):
    """Everything that run needs; or everything at all."""
    one_at_a_time()
    python_environment()
    python_packages(everything)
    node_packages(everything)
    build_assets()


def build_assets():
    built = ROOT / "static" / "dist"
    builder = ROOT / "tools" / "assets.py"
    files = sorted(path for path in (ROOT / "static").rglob("*") if path.is_file())
    sources = [path for path in files if built not in path.parents]
    inputs = [builder, ROOT / "package-lock.json", os.environ.get("DEBUG", ""), *sources]
    once("assets", inputs, lambda: call(PYTHON, builder), built / "manifest.json")


def hosts_in_locks():
    """Lines of lock files that tie them to a registry."""
    locks = [*sorted((ROOT / "requirements").glob("*.txt")), ROOT / "package-lock.json"]
    return [
        "{}:{}: {}".format(lock.relative_to(ROOT), number, line.strip())
        for lock in locks
        for number, line in enumerate(lock.read_text().splitlines(), 1)
        if re.search(r"https?://|\bresolved\b", line)
    ]


def passes(*command):
    print("$ {}".format(" ".join([Path(command[0]).name, *command[1:]])), flush=True)
    return subprocess.call([str(part) for part in command], cwd=str(ROOT)) == 0


def run_checks():
    """All checks, also after one has failed; ends the process if any has."""
    hosts = hosts_in_locks()
    for line in hosts:
        print("a lock names a host: {}".format(line))
    results = [
        not hosts,
        passes(BIN / "ruff", "check", "--quiet", "--output-format=concise"),
        passes(BIN / "ruff", "format", "--check", "--quiet", "--output-format=concise"),
        passes(native("@typescript/*/lib/tsc", "typescript"), "-p", "."),
        passes(BIN / "lint-imports", "--no-cache", "--no-logo"),
    ]
    if not all(results):
        sys.exit("dev.py: checks failed (`make fix` repairs formatting)")


def compile_lock(name, *arguments):
    lock = ROOT / "requirements" / "{}.txt".format(name)
    call(BIN / "uv", "pip", "compile", *LOCKED, *arguments, "-o", lock, stdout=subprocess.DEVNULL)


# Commands


def run(*arguments):
    prepare()
    os.environ.setdefault("DEMO", "1")  # a newcomer wants something to look at; DEMO=0 turns it off
    become(PYTHON, "wsgi.py", *arguments)


def test(*arguments):
    prepare(everything=True)
    if arguments:
        become(PYTHON, "-m", "pytest", *arguments)
    run_checks()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of servers start from the same modules
    together = measured("-m", "not alone", "--cov-fail-under=0", *in_parallel(os.cpu_count() or 1))
    alone = measured("-m", "alone", "--cov-append")
    sys.exit(together or alone)


def measured(*arguments):
    """Run a part of the suite and count what it covers; pytest's exit code."""
    coverage = ["--cov", "--cov-report=html"]  # what failed stands last, not a list of files
    command = [str(part) for part in (PYTHON, "-m", "pytest", *coverage, *arguments)]
    return subprocess.call(command, cwd=str(ROOT), env=surroundings())


def in_parallel(cores):
    """A worker on each core, each with its own databases; more than four would only wait for the disk."""
    return ["--numprocesses", str(min(cores, 4)), "--dist", "worksteal"]


def bench(*arguments):
    prepare(everything=True)
    become(PYTHON, "-m", "tests.performance.bench", *(arguments or ("--write",)))


def check():
    prepare(everything=True)
    run_checks()


def fix():
    prepare(everything=True)
    passes(BIN / "ruff", "format")
    passes(BIN / "ruff", "check", "--fix")
    passes(BIN / "ruff", "format", "--quiet")


def assets():
    prepare()


def setup():
    start = time.monotonic()
    prepare(everything=True)
    print("ready in {:.1f} s".format(time.monotonic() - start))


def forget_funding(path):
    """Take the addresses of those who ask for money out of npm's lock, which holds no host else."""
    locked = json.loads(path.read_text())
    for package in locked["packages"].values():
        package.pop("funding", None)
    path.write_text(json.dumps(locked, indent=2, ensure_ascii=False) + "\n")


def lock(*arguments):
    one_at_a_time()
    python_environment()
    constraint = ["-c", ROOT / "requirements" / "run.txt"]
    compile_lock("run", "pyproject.toml", *arguments)
    compile_lock("test", "pyproject.toml", "--group", "test", *constraint, *arguments)
    compile_lock("node", "--group", "node", *arguments)
    npm("update" if "--upgrade" in arguments else "install", "--package-lock-only", "--loglevel=error")
    forget_funding(ROOT / "package-lock.json")


COMMANDS = {f.__name__: f for f in (run, test, bench, check, fix, assets, setup, lock)}


def main(name="", *arguments):
    """Find the command and do it."""
    if name not in COMMANDS:
        sys.exit(__doc__)
    suitable_python()
    COMMANDS[name](*arguments)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
