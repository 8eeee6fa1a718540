"""Is this process alive, and can it do its work: for supervisors and load balancers, without signing in."""

from flask import Blueprint, Response, jsonify
from psycopg import Error as PostgresError
from psycopg_pool import PoolTimeout
from redis import RedisError

from control_panel.context import panel
from control_panel.database import own_connection

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
def live() -> Response:
    """Answer 200 while the process can answer at all."""
    return jsonify(status="ok")


@blueprint.get("/ready")
def ready() -> tuple[Response, int]:
    """Answer 200 when PostgreSQL and Redis answer, else 503 naming the one that does not."""
    parts = {"postgresql": _postgresql(), "redis": _redis()}
    is_ready = all(parts.values())
    words = {name: "ok" if fine else "away" for name, fine in parts.items()}
    return jsonify(status="ok" if is_ready else "away", **words), 200 if is_ready else 503


def _postgresql() -> bool:
    try:
        with own_connection() as conn:
            conn.execute("SELECT 1")
    except (PostgresError, PoolTimeout):
        return False
    return True


def _redis() -> bool:
    try:
        return bool(panel().redis.ping())
    except RedisError:
        return False
