"""The composition root: the one module that may import everything."""

import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, g, request
from flask_openapi3 import Info, OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from webapp import assets, database, log, metrics
from webapp.api import register_api
from webapp.cli import register_cli
from webapp.config import ROOT, ConfigError, Settings, load_settings
from webapp.errors import register_error_handlers
from webapp.extensions import babel, csrf, db, migrate
from webapp.middleware import HostGuard, SecurityHeaders
from webapp.pages import register_pages
from webapp.ratelimit import RateLimiter
from webapp.realtime import register_realtime, server
from webapp.services import audit, crm, event, routing, search, webhooks
from webapp.services.email.customers import mail_replies
from webapp.services.notification.reaction import tell_of_events
from webapp.services.sla.reaction import follow_events
from webapp.services.ticket import transitions
from webapp.tasks import register_tasks

JSON_BYTES = 256 * 1024


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The application, from the environment with `config`'s values over it.

    Raises `ConfigError`, which lists every wrong value.
    """
    settings = load_settings({**os.environ, **(config or {})})
    log.configure(settings.log_level, settings.log_format, settings.upkeep)
    app = OpenAPI(
        "webapp",
        info=Info(title="Parley", version="1"),
        static_folder=str(ROOT / "static"),
        template_folder=str(ROOT / "templates"),
        instance_path=str(settings.instance_path.resolve()),
        doc_ui=False,
    )
    configure(app, settings)
    bind_extensions(app, settings)
    register_api(app)
    register_pages(app)
    register_error_handlers(app)
    register_realtime(app)
    register_reactions()
    register_tasks(app)
    register_cli(app)
    assets.register(app)
    app.before_request(_begin_request)
    app.after_request(_name_request)
    wrap(app, settings)
    return app


def register_reactions() -> None:
    """What follows from what was recorded, inside the same transaction."""
    event.react(follow_events)
    event.react(mail_replies)
    event.react(search.follow_moves)
    event.react(transitions.follow)
    event.react(routing.follow)
    event.react(crm.follow)
    event.react(tell_of_events)  # last: it tells what the others decided
    event.conclude(webhooks.follow)
    event.conclude(audit.keep)


def configure(app: Flask, settings: Settings) -> None:
    """Flask's own settings from ours."""
    prefix = "__Host-" if settings.is_secure else ""
    app.config.update(
        PARLEY=settings,
        TESTING=settings.testing,
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.previous_secret_keys),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=database.engine_options(
            settings.database_url, wait_seconds=settings.database_wait_seconds
        ),
        MAX_CONTENT_LENGTH=JSON_BYTES,
        MAX_FORM_MEMORY_SIZE=JSON_BYTES,
        MAX_FORM_PARTS=100,
        SESSION_COOKIE_NAME=f"{prefix}parley_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.is_secure,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_HEADERS=["X-CSRF-Token"],
        WTF_CSRF_SSL_STRICT=False,  # Referrer-Policy is no-referrer; the token and SameSite guard instead
        PERMANENT_SESSION_LIFETIME=settings.session_days * 86400,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]


def bind_extensions(app: Flask, settings: Settings) -> None:
    """Binds the extensions and wires the engine; refuses a database role that would see everything."""
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    csrf.init_app(app)
    babel.init_app(app)
    app.extensions["parley_limiter"] = RateLimiter(settings.redis_url)
    with app.app_context():
        database.wire_engine(
            db.engine,
            synchronous=settings.sqlite_synchronous,
            role=settings.database_role,
            wait_seconds=settings.database_wait_seconds,
            answer_seconds=settings.database_answer_seconds,
        )
    serve_static(app)
    server.init(app, settings)


def serve_static(app: Flask) -> None:
    """WhiteNoise for the built assets: precompressed, immutable by their hashed names."""
    folder = ROOT / "static"
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(folder / "dist") if (folder / "dist").exists() else None,
        prefix="static/dist/",
        immutable_file_test=assets.is_immutable,
        add_headers_function=_static_headers,
    )


def _static_headers(headers: Any, path: str, _url: str) -> None:
    if not assets.is_immutable(path, ""):
        headers["Cache-Control"] = "no-cache"


def wrap(app: Flask, settings: Settings) -> None:
    """The WSGI layers outside Flask and Socket.IO."""
    guarded = HostGuard(app.wsgi_app, hosts=settings.allowed_hosts, origins=server.origins(settings))
    app.wsgi_app = SecurityHeaders(guarded, secure=settings.is_secure)  # type: ignore[method-assign]
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


def _begin_request() -> None:
    g.request_id = uuid.uuid4().hex[:12]
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        request_id=g.request_id, method=request.method, endpoint=request.endpoint
    )


def _name_request(response: Any) -> Any:
    began = g.get("began")
    if began is not None:
        labels = request.blueprint or "none", f"{response.status_code // 100}xx"
        metrics.REQUESTS.labels(*labels).observe(time.perf_counter() - began)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    response.vary.add("Cookie")
    return response


__all__ = ["ConfigError", "Path", "create_app"]
