"""Serves the panel with gunicorn: one worker with threads, since the live streams share one listener."""

import logging
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from control_panel.app import create_app
from control_panel.database import POOL_SIZE
from control_panel.live_hub import MAX_STREAMS
from db.pool import open_pool
from db.redis_client import open_redis
from dialer.settings import Settings, settings

THREADS = MAX_STREAMS + 12
"""Streams hold a thread each; the rest serve pages."""
GRACE_S = 5
REDIS_WAIT_MS = 1000


class Worker(ThreadWorker):
    """Ends the live streams as soon as a stop is asked for, so that stopping waits for nobody's open page."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to stop."""
        super().handle_exit(sig, frame)
        # Not in this signal handler: the hub's lock may be held by the interrupted thread.
        if self.tpool is not None:
            self.tpool.submit(self.wsgi.extensions["panel"].live.close)


class Server(BaseApplication):
    """gunicorn, configured from our settings instead of a file."""

    def __init__(self, values: Settings) -> None:
        self._values = values
        super().__init__()

    def load_config(self) -> None:
        """Set what gunicorn needs to know."""
        for name, value in {
            "bind": f"{self._values.panel_host}:{self._values.panel_port}",
            "worker_class": "control_panel.server.Worker",
            "workers": 1,
            "threads": THREADS,
            "timeout": 60,
            "graceful_timeout": GRACE_S,
            "keepalive": 5,
            "proc_name": "dialer-panel",
            "loglevel": self._values.log_level.lower(),
            "errorlog": "-",
            "accesslog": None,
            "control_socket_disable": True,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Build the application inside the worker, where its connections belong."""
        pool = open_pool(self._values.database_url, POOL_SIZE)
        app = create_app(self._values, pool, open_redis(self._values.redis_url, REDIS_WAIT_MS))
        app.extensions["panel"].imports.give_up_abandoned()
        return app


def serve() -> None:
    """Run until SIGTERM or SIGINT."""
    values = settings()
    logging.basicConfig(level=values.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    Server(values).run()
