"""The application factory: one Flask application, wired from settings, a pool and a Redis client."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask_wtf import CSRFProtect
from psycopg_pool import ConnectionPool
from redis import Redis
from werkzeug.middleware.proxy_fix import ProxyFix

from control_panel import access, database, error_pages, formats, i18n, security, uploads
from control_panel.import_jobs import ImportJobs
from control_panel.live_hub import LiveHub
from dialer.settings import Settings

logger = logging.getLogger(__name__)

SESSION_LIFETIME = timedelta(hours=12)
FORM_MEMORY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Panel:
    """What every request may use: the process's settings, Redis client, live events and running imports."""

    settings: Settings
    redis: Redis
    live: LiveHub
    imports: ImportJobs


def create_app(settings: Settings, pool: ConnectionPool, redis: Redis) -> Flask:
    """Build the panel. `pool` and `redis` stay the caller's to close."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
        SESSION_COOKIE_NAME="dialer_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=settings.upload_limit_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=FORM_MEMORY_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # a form left open over lunch still posts; the token dies with the session
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    if hops := settings.panel_proxies:
        # Without a proxy anybody could write these headers and step around the sign-in throttle.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.extensions["panel"] = Panel(settings, redis, LiveHub(redis, pool), ImportJobs(pool, settings.database_url))
    CSRFProtect(app)
    database.init(app, pool)
    i18n.init(app, settings.panel_language)
    access.init(app)
    security.init(app)
    formats.init(app)
    error_pages.init(app)
    uploads.init(app)
    _register_blueprints(app)
    return app


def _register_blueprints(app: Flask) -> None:
    from control_panel import (
        abandoned,
        amd_reviews,
        audio,
        audit_log,
        blacklist,
        blacklist_changes,
        blacklist_imports,
        blacklists,
        caller_ids,
        campaign_clone,
        campaign_edit,
        campaign_pacing,
        campaigns,
        contacts,
        dashboard,
        fills,
        gateways,
        health,
        holidays,
        import_reports,
        imports,
        leads,
        limits,
        live,
        preflights,
        results,
        schedules,
        sign_in,
        switch_write_off,
        switches,
        system,
        users_page,
        zones,
    )

    for module in (
        sign_in,
        dashboard,
        live,
        campaigns,
        campaign_edit,
        campaign_pacing,
        import_reports,
        campaign_clone,
        abandoned,
        imports,
        fills,
        preflights,
        results,
        contacts,
        zones,
        leads,
        limits,
        amd_reviews,
        audio,
        gateways,
        caller_ids,
        blacklist,
        blacklist_imports,
        blacklist_changes,
        blacklists,
        holidays,
        schedules,
        switches,
        switch_write_off,
        system,
        users_page,
        audit_log,
        health,
    ):
        app.register_blueprint(module.blueprint)
