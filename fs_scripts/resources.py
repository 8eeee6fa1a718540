"""What every call of this switch shares, made once per interpreter: settings, stores, workers' queues."""

import threading
from dataclasses import dataclass

from redis import Redis

from db.bounded import BoundedPostgres
from db.overflow import Overflow
from db.redis_client import open_redis
from db.spool import Spool
from dialer.settings import Settings, settings
from fs_scripts.announcer import Announcer
from fs_scripts.background import Background
from fs_scripts.flow_cache import FlowCache
from fs_scripts.listeners import Listeners
from fs_scripts.memory import Memory

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Resources:
    """Shared by all calls at once; everything in it may be used from any thread."""

    settings: Settings
    postgres: BoundedPostgres
    redis: Redis
    spool: Overflow
    memory: Memory
    background: Background
    announcer: Announcer
    listeners: Listeners


_lock = threading.Lock()
_resources: Resources | None = None


def resources() -> Resources:
    """Return the shared resources; raises SettingsError when the switch's environment lacks some."""
    global _resources
    with _lock:
        if _resources is None:
            _resources = _make(settings())
        return _resources


def _make(read: Settings) -> Resources:
    postgres = BoundedPostgres(read.database_url, read.db_workers, read.postgres_wait_ms)
    redis = open_redis(read.redis_url, read.redis_wait_ms)
    spool = Overflow(Spool(read.spool_dir, read.spool_quota_mb * MEBIBYTE))
    background = Background("call-background")
    return Resources(
        settings=read,
        postgres=postgres,
        redis=redis,
        spool=spool,
        memory=Memory(postgres, spool, FlowCache(), redis),
        background=background,
        announcer=Announcer(redis, background),
        listeners=Listeners(),
    )
