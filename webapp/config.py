"""Environment -> typed settings. A wrong value stops the start with one message that lists every problem."""

import ipaddress
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from limits import parse

from webapp.mail_settings import MailSettings, read_mail_settings

ROOT = Path(__file__).resolve().parents[1]
VERSION = "0.1.0"
WEAK_SECRETS = {"changeme", "secret", "dev", "development", "password", "parley"}
MIN_SECRET_CHARS = 32
MIN_TOKEN_CHARS = 16
MEBIBYTE = 1024 * 1024


class ConfigError(ValueError):
    """The environment's problems, all of them, one a line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("Parley cannot start:\n" + "\n".join(f"  - {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class VendorUrls:
    """Where CRM and billing are; anything but the usual is for tests and for gateways of one's own."""

    hubspot: str
    hubspot_app: str
    salesforce: str
    stripe: str


VENDOR_URLS = {
    "hubspot": "https://api.hubapi.com",
    "hubspot_app": "https://app.hubspot.com",
    "salesforce": "https://login.salesforce.com",
    "stripe": "https://api.stripe.com",
}


@dataclass(frozen=True)
class Upkeep:
    """What an operator watches and bounds.

    `log_file`: None for standard error; it is begun anew at `log_file_bytes`, the last `log_files` are kept.
    `workspace_bytes`: how much a workspace's files may have together; 0 for no bound.
    """

    metrics_token: str = field(repr=False)
    metrics_host: str
    metrics_port: int
    log_file: Path | None
    log_file_bytes: int
    log_files: int
    workspace_bytes: int


@dataclass(frozen=True)
class Settings:
    """Everything that can be configured; the environment variable has the field's name in capitals."""

    host: str
    port: int
    base_url: str
    database_url: str
    redis_url: str | None
    secret_key: str = field(repr=False)
    previous_secret_keys: tuple[str, ...] = field(repr=False)
    demo: bool
    demo_port: int
    instance_path: Path
    allowed_hosts: tuple[str, ...]
    proxy_hops: int
    sqlite_synchronous: str
    database_role: str
    database_wait_seconds: float
    database_answer_seconds: float
    allow_rls_bypass: bool
    attachment_bytes: int
    import_bytes: int
    address_mode: str
    upkeep: Upkeep
    log_level: str
    log_format: str
    jobs_in_web: bool
    job_poll_seconds: float
    job_lease_seconds: float
    revocation_poll_seconds: float
    presence_renew_seconds: float
    presence_expire_seconds: float
    gone_grace_seconds: float
    start_grace_seconds: float
    session_days: int
    reopen_days: int
    private_issuers: bool
    breaker_failures: int
    breaker_seconds: float
    api_limit: str
    mail: MailSettings
    vendors: VendorUrls
    testing: bool

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is in use."""
        return self.database_url.startswith("sqlite")

    @property
    def is_secure(self) -> bool:
        """Whether pages are served over https, so cookies can be `Secure`."""
        return self.base_url.startswith("https://")

    @property
    def origin(self) -> str:
        """The scheme, host and port that our own pages have."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"


class _Reader:
    """Reads values and gathers what is wrong with them."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return str(self.environ.get(name, default)).strip()

    def parsed(self, name: str, default: Any, parse: Callable[[str], Any], expected: str) -> Any:
        raw = self.environ.get(name)
        if raw is None or raw == "":
            return default
        try:
            return parse(str(raw))
        except (ValueError, KeyError):
            self.problems.append(f"{name} must be {expected}")
            return default

    def flag(self, name: str, default: bool) -> bool:
        words = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }
        return bool(self.parsed(name, default, lambda raw: words[raw.lower()], "1 or 0"))

    def number(self, name: str, default: float, least: float = 0, most: float = 1e9) -> float:
        def parse(raw: str) -> float:
            value = float(raw)
            if not least <= value <= most:
                raise ValueError
            return value

        return float(self.parsed(name, default, parse, f"a number from {least:g} to {most:g}"))

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value.lower() not in choices:
            self.problems.append(f"{name} must be one of {', '.join(choices)}")
        return value.lower()


def load_settings(environ: Mapping[str, Any]) -> Settings:
    """Typed settings from an environment-like mapping. Raises `ConfigError` with every problem at once."""
    read = _Reader(environ)
    testing = read.flag("TESTING", False)
    host = read.text("HOST", "127.0.0.1") or "127.0.0.1"
    port = int(read.number("PORT", 5000, 1, 65535))
    demo = read.flag("DEMO", False)
    instance = Path(read.text("INSTANCE_PATH") or ROOT / "instance")
    base_url = _base_url(read, host, port)
    if demo and not is_loopback(host):
        read.problems.append(
            "DEMO=1 only serves a loopback address (HOST=127.0.0.1): its data and accounts are for trying out"
        )
    settings = Settings(
        host=host,
        port=port,
        base_url=base_url,
        database_url=_database_url(read, instance),
        redis_url=_redis_url(read),
        secret_key=_secret_key(read, instance, demo=demo or testing),
        previous_secret_keys=_previous_keys(read),
        demo=demo,
        demo_port=int(read.number("DEMO_PORT", min(port + 1, 65535), 1, 65535)),
        instance_path=instance,
        allowed_hosts=_allowed_hosts(read, base_url, host),
        proxy_hops=int(read.number("PROXY_HOPS", 0, 0, 10)),
        sqlite_synchronous=read.choice(
            "SQLITE_SYNCHRONOUS", "full", ("full", "normal", "off", "extra")
        ).upper(),
        database_role=read.text("DATABASE_ROLE", "parley_app"),
        database_wait_seconds=read.number("DATABASE_WAIT_SECONDS", 10, 1, 600),
        database_answer_seconds=read.number("DATABASE_ANSWER_SECONDS", 30, 1, 600),
        allow_rls_bypass=read.flag("ALLOW_RLS_BYPASS", False),
        attachment_bytes=int(read.number("ATTACHMENT_BYTES", 10 * MEBIBYTE, 1024, 25 * MEBIBYTE)),
        import_bytes=int(read.number("IMPORT_BYTES", 100 * MEBIBYTE, 1024, 4096 * MEBIBYTE)),
        address_mode=read.choice("ADDRESS_MODE", "full", ("off", "truncated", "full")),
        upkeep=_read_upkeep(read),
        log_level=read.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")).upper(),
        log_format=read.choice("LOG_FORMAT", "text", ("text", "json")),
        jobs_in_web=read.flag("JOBS_IN_WEB", True),
        job_poll_seconds=read.number("JOB_POLL_SECONDS", 1, 0.01, 60),
        job_lease_seconds=read.number("JOB_LEASE_SECONDS", 60, 1, 3600),
        revocation_poll_seconds=read.number("REVOCATION_POLL_SECONDS", 1, 0.05, 2),
        presence_renew_seconds=read.number("PRESENCE_RENEW_SECONDS", 25, 0.05, 60),
        presence_expire_seconds=read.number("PRESENCE_EXPIRE_SECONDS", 60, 0.1, 600),
        gone_grace_seconds=read.number("GONE_GRACE_SECONDS", 30, 0, 600),
        start_grace_seconds=read.number("START_GRACE_SECONDS", 60, 0, 600),
        session_days=int(read.number("SESSION_DAYS", 30, 1, 365)),
        reopen_days=int(read.number("REOPEN_DAYS", 7, 0, 365)),
        private_issuers=read.flag("OIDC_PRIVATE_ISSUERS", False),
        breaker_failures=int(read.number("BREAKER_FAILURES", 5, 1, 1000)),
        breaker_seconds=read.number("BREAKER_SECONDS", 30, 0.01, 3600),
        api_limit=read.parsed("API_LIMIT", "600/minute", _rate_limit, "such as 600/minute"),
        mail=read_mail_settings(read, base_url),
        vendors=VendorUrls(**{name: _vendor_url(read, name) for name in VENDOR_URLS}),
        testing=testing,
    )
    if read.problems:
        raise ConfigError(read.problems)
    return settings


def _read_upkeep(read: _Reader) -> Upkeep:
    found = Upkeep(
        metrics_token=read.text("METRICS_TOKEN"),
        metrics_host=read.text("METRICS_HOST", "127.0.0.1"),
        metrics_port=int(read.number("METRICS_PORT", 0, 0, 65000)),
        log_file=_log_file(read),
        log_file_bytes=int(read.number("LOG_FILE_BYTES", 50 * MEBIBYTE, 0, 1e12)),
        log_files=int(read.number("LOG_FILES", 5, 1, 1000)),
        workspace_bytes=int(read.number("WORKSPACE_BYTES", 0, 0, 1e15)),
    )
    if found.metrics_token and len(found.metrics_token) < MIN_TOKEN_CHARS:
        read.problems.append(f"METRICS_TOKEN must have at least {MIN_TOKEN_CHARS} characters")
    if found.metrics_port and not (found.metrics_token or is_loopback(found.metrics_host)):
        read.problems.append("METRICS_HOST beyond this machine needs METRICS_TOKEN")
    return found


def _log_file(read: _Reader) -> Path | None:
    if not (named := read.text("LOG_FILE")):
        return None
    if not os.access(Path(named).absolute().parent, os.W_OK):
        read.problems.append("LOG_FILE must lie in a folder that can be written to")
    return Path(named)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine only."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _rate_limit(text: str) -> str:
    parse(text)
    return text


def _base_url(read: _Reader, host: str, port: int) -> str:
    named = read.text("BASE_URL").rstrip("/")
    if not named:
        shown = "localhost" if is_loopback(host) or host in ("0.0.0.0", "::") else host  # noqa: S104
        return f"http://{shown}:{port}"
    parts = urlsplit(named)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.path
        or parts.query
        or parts.username
    ):
        read.problems.append("BASE_URL must be like https://desk.example.com, without a path")
    return named


def _vendor_url(read: _Reader, name: str) -> str:
    url = read.text(f"{name.upper()}_URL", VENDOR_URLS[name]).rstrip("/")
    parts = urlsplit(url)
    local = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or local):
        read.problems.append(f"{name.upper()}_URL must begin with https://")
    return url


def with_driver(url: str) -> str:
    """A database's URL as SQLAlchemy wants it."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg2://" + url.removeprefix(prefix)
    return url


def _database_url(read: _Reader, instance: Path) -> str:
    url = with_driver(read.text("DATABASE_URL") or f"sqlite:///{instance / 'parley.db'}")
    if not url.startswith(("sqlite:", "postgresql+psycopg2://")):
        read.problems.append("DATABASE_URL must begin with sqlite:/// or postgresql://")
    return url


def _redis_url(read: _Reader) -> str | None:
    url = read.text("REDIS_URL")
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        read.problems.append("REDIS_URL must begin with redis://, rediss:// or unix://")
    return url or None


def _secret_key(read: _Reader, instance: Path, *, demo: bool) -> str:
    key = read.text("SECRET_KEY")
    if key:
        if len(key) < MIN_SECRET_CHARS or key.lower() in WEAK_SECRETS:
            read.problems.append(
                f"SECRET_KEY must be a random text of at least {MIN_SECRET_CHARS} characters"
            )
        return key
    if demo:
        return demo_secret(instance)
    read.problems.append(
        "SECRET_KEY is missing: make one with `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`"
    )
    return ""


def _previous_keys(read: _Reader) -> tuple[str, ...]:
    return tuple(key for key in read.text("PREVIOUS_SECRET_KEYS").replace(",", " ").split() if key)


def demo_secret(instance: Path) -> str:
    """The demo's own random key, kept in the instance folder for its owner alone."""
    path = instance / "secret_key"
    instance.mkdir(parents=True, exist_ok=True)
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()


def _allowed_hosts(read: _Reader, base_url: str, host: str) -> tuple[str, ...]:
    named = [name.strip().lower() for name in read.text("ALLOWED_HOSTS").split(",") if name.strip()]
    own = (urlsplit(base_url).hostname or "").lower()
    local = ["localhost", "127.0.0.1", "[::1]"] if is_loopback(host) else []
    return tuple(dict.fromkeys([own, *named, *local]))


def settings() -> Settings:
    """The running app's settings."""
    from flask import current_app

    found: Settings = current_app.config["PARLEY"]
    return found
