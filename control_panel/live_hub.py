"""Live state for every open page: one thread listens to Redis and re-reads PostgreSQL, all streams share it."""

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from psycopg import Error as PostgresError
from psycopg_pool import ConnectionPool, PoolTimeout
from redis import Redis, RedisError

from control_panel.live_state import read_state

logger = logging.getLogger(__name__)

CHANNEL = "dialer:live"
MAX_STREAMS = 12
"""Each stream holds a thread of the server for as long as its page is open."""
REREAD_S = 3.0
"""PostgreSQL is asked this often when no event says that something changed."""
SETTLE_S = 0.4
"""After an event the state is read no sooner than this after the last reading, so that a burst costs one."""
HEARTBEAT_S = 5.0
"""A page that was left is noticed at the next write, and frees its place then."""
STREAM_LIFE_S = 1800.0
REDIS_RETRY_S = 2.0
CLOSE_WAIT_S = 3.0

LISTENING = "live events are heard from Redis"
REDIS_AWAY = "live events are away, pages fall back to re-reading"
BROKE = "the live picture could not be made"
DATABASE_AWAY = "the live state could not be read from PostgreSQL"


class TooManyStreams(Exception):
    """All streams are taken: the page falls back to asking now and then."""


class LiveHub:
    """Feeds the open pages; its thread lives only while somebody watches."""

    def __init__(self, redis: Redis, pool: ConnectionPool, read: Callable[..., dict[str, Any]] = read_state) -> None:
        self._redis = redis
        self._pool = pool
        self._read = read
        self._changed = threading.Condition()
        self._watched: Counter[int] = Counter()
        self._streams = 0
        self._version = 0
        self._asked = 0
        self._answered = 0
        self._text = ""
        self._fingerprint = ""
        self._thread: threading.Thread | None = None
        self._running = False
        self._closing = False

    def close(self) -> None:
        """End every stream and the thread; the server is stopping."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(CLOSE_WAIT_S)

    def subscribe(self, campaign_id: int | None) -> Iterator[str]:
        """Return a stream of server-sent events; raises TooManyStreams at once when there is no room."""
        with self._changed:
            if self._streams >= MAX_STREAMS or self._closing:
                raise TooManyStreams
            self._streams += 1
            self._asked += 1
            asked = self._asked
            if campaign_id is not None:
                self._watched[campaign_id] += 1
            if not self._running:
                self._running = True
                self._thread = threading.Thread(target=self._run, name="live-hub", daemon=True)
                self._thread.start()
            else:
                self._changed.notify_all()
        return _Stream(self, campaign_id, asked)

    def _has_news(self, asked: int, seen: int) -> bool:
        return self._closing or (self._answered >= asked and self._version > seen)

    def _leave(self, campaign_id: int | None) -> None:
        with self._changed:
            self._streams -= 1
            if campaign_id is not None:
                self._watched[campaign_id] -= 1
                if self._watched[campaign_id] <= 0:
                    del self._watched[campaign_id]
            self._changed.notify_all()

    def events(self, asked: int) -> Iterator[str]:
        """Yield the newest picture whenever it changed, and a comment now and then so that proxies keep the line.

        The first picture was read after subscription number `asked`: a page that was just drawn must not be told of
        the past, which it would take for news and draw itself again.
        """
        seen, ends_at = 0, time.monotonic() + STREAM_LIFE_S
        yield "retry: 2000\n\n"
        while time.monotonic() < ends_at:
            with self._changed:
                has_news = self._changed.wait_for(partial(self._has_news, asked, seen), HEARTBEAT_S)
                if self._closing:
                    return
                version, text = self._version, self._text
            if has_news:
                seen = version
                yield f"event: state\ndata: {text}\n\n"
            else:
                yield ": still here\n\n"

    def _run(self) -> None:
        """Keep the picture fresh until nobody watches; a bug costs one picture, never all that follow."""
        listener: Any = None
        redis_after, read_at, was_live = 0.0, 0.0, False
        while (watched := self._watched_now()) is not None:
            try:
                if listener is None and time.monotonic() >= redis_after:
                    listener = self._listen()
                    redis_after = time.monotonic() + REDIS_RETRY_S
                heard, listener = self._hear(listener)
                since = time.monotonic() - read_at
                is_live = listener is not None
                if heard or since >= REREAD_S or is_live != was_live or self._asked > self._answered:
                    time.sleep(max(0.0, SETTLE_S - since) if heard else 0.0)
                    self._publish(watched, is_live=is_live)
                    was_live = is_live
                    read_at = time.monotonic()
            except Exception:
                logger.exception(BROKE)
                time.sleep(SETTLE_S)
        if listener is not None:
            listener.close()

    def _watched_now(self) -> set[int] | None:
        """Return the campaigns that pages ask for; None, and the thread is to end, when no page is open."""
        with self._changed:
            if self._streams == 0 or self._closing:
                self._running = False
                return None
            return set(self._watched)

    def _listen(self) -> Any:
        try:
            listener = self._redis.pubsub(ignore_subscribe_messages=True)
            listener.subscribe(CHANNEL)
        except RedisError as error:
            logger.warning(REDIS_AWAY, extra={"error": str(error)}, exc_info=logger.isEnabledFor(logging.DEBUG))
            return None
        logger.info(LISTENING)
        return listener

    def _hear(self, listener: Any) -> tuple[bool, Any]:
        """Wait up to SETTLE_S for events; return whether one came, and the listener unless it broke."""
        if listener is None:
            time.sleep(SETTLE_S)
            return False, None
        try:
            heard = listener.get_message(timeout=SETTLE_S) is not None
            while heard and listener.get_message(timeout=0) is not None:
                pass
        except RedisError:
            logger.warning(REDIS_AWAY)
            listener.close()
            return False, None
        return heard, listener

    def _publish(self, watched: set[int], *, is_live: bool) -> None:
        with self._changed:
            asked = self._asked
        try:
            with self._pool.connection(timeout=2.0) as conn:
                state = self._read(conn, watched)
        except (PostgresError, PoolTimeout):
            logger.warning(DATABASE_AWAY)
            state = {"away": True}
        state["live"] = is_live
        # The clock alone is no news.
        now = state.pop("now", None)
        fingerprint = json.dumps(state, separators=(",", ":"), sort_keys=True)
        text = json.dumps(state | {"now": now}, separators=(",", ":"))
        with self._changed:
            self._answered = asked
            if fingerprint != self._fingerprint or not self._text:
                self._fingerprint, self._text = fingerprint, text
                self._version += 1
            self._changed.notify_all()


class _Stream:
    """One page's stream; leaving is certain, whether it was read to its end, closed, or never begun."""

    def __init__(self, hub: LiveHub, campaign_id: int | None, asked: int) -> None:
        self._hub, self._campaign_id = hub, campaign_id
        self._events = hub.events(asked)
        self._open = True

    def __iter__(self) -> "Iterator[str]":
        return self

    def __next__(self) -> str:
        try:
            return next(self._events)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the stream's place back; called by the server when the client is gone."""
        if self._open:
            self._open = False
            self._hub._leave(self._campaign_id)
