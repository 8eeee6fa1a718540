"""One connection and one transaction per request, from a bounded pool."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g
from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool

logger = logging.getLogger(__name__)

T = TypeVar("T")

POOL_SIZE = 16
WAIT_S = 5.0
"""Longest wait for a free connection; after it the request answers 503."""

COMMIT_FAILED = "a request's transaction could not be committed"


def init(app: Flask, pool: ConnectionPool) -> None:
    """Attach the pool, and end each request's transaction before its answer is sent."""
    app.extensions["pool"] = pool
    app.after_request(_finish)
    app.teardown_request(_give_back)


def connection() -> Connection[Any]:
    """Return this request's connection; the first call opens its transaction."""
    if "connection" not in g:
        g.connection = current_app.extensions["pool"].getconn(timeout=WAIT_S)
    found: Connection[Any] = g.connection
    return found


@contextmanager
def own_connection() -> Iterator[Connection[Any]]:
    """Lend a connection apart from the request's: for streams and for work that outlives the request."""
    with current_app.extensions["pool"].connection(timeout=WAIT_S) as conn:
        yield conn


def streamed(rows_of: Callable[[Connection[Any]], Iterator[T]]) -> Iterator[T]:
    """Yield rows while they are sent, after the request's own transaction has ended, on a connection apart."""
    pool = current_app.extensions["pool"]

    def rows() -> Iterator[T]:
        with pool.connection(timeout=WAIT_S) as conn:
            yield from rows_of(conn)

    return rows()


def _finish(response: Response) -> Response:
    """Commit what a successful request did, before the user is told that it was done."""
    if "connection" not in g:
        return response
    if response.status_code >= 400:
        g.connection.rollback()
        return response
    try:
        g.connection.commit()
    except OperationalError:
        logger.exception(COMMIT_FAILED)
        from control_panel.error_pages import unavailable

        return unavailable()
    return response


def _give_back(_error: BaseException | None) -> None:
    conn = g.pop("connection", None)
    if conn is not None:
        # A connection given back in the middle of a transaction is rolled back by the pool.
        current_app.extensions["pool"].putconn(conn)
