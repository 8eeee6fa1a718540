"""Wires the scheduler and runs it until it is told to stop."""

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
from apscheduler.schedulers.background import BackgroundScheduler
from redis import Redis
from redis.exceptions import RedisError

from db import attempts, dialing_state, schedulers
from db.errors import DatabaseAway, LeasesLost, RedisAway
from db.leases import TotalLimits
from db.pool import open_pool
from db.redis_client import keeps_on_disk, open_redis
from dialer.settings import Settings
from integrations.lead_delivery import deliverer
from scheduler.abandon_cap import pause_over_cap
from scheduler.beside import Beside
from scheduler.brakes import Brakes
from scheduler.database import Database
from scheduler.departures import Departures
from scheduler.dial_loop import DialLoop
from scheduler.event_socket import MaybeSent, NotSent
from scheduler.hang_ups import hang_up_stopped
from scheduler.idle_leases import IdleLeases
from scheduler.jobs import (
    LeaseKeeper,
    ProgressTeller,
    announce_blocked,
    block_never_open,
    complete_campaigns,
    judge_gateways,
)
from scheduler.leader import Leader
from scheduler.passwords import Passwords
from scheduler.planner import Planner
from scheduler.reconcile import Reconciler
from scheduler.redis_clock import RedisClock
from scheduler.schedule_runs import run_schedules
from scheduler.switches import Switches
from scheduler.unsent import Unsent
from scheduler.witness import TheWitness
from scheduler.write_offs import conclude_written_off

logger = logging.getLogger(__name__)

READY = "scheduler ready"
STOPPING = "scheduler stopping, live calls end by themselves"
STOPPED = "scheduler stopped"
REDIS_ON_DISK = "Redis keeps data on disk: restarted, it would bring old leases back; set save and appendonly off"
STILL_UP = "calls are still up, the next start reconciles them"
JOB_WAITS = "a regular job could not run, it runs again"
JOB_FAILED = "a regular job failed, it runs again"

CONNECTIONS = 8
DATABASE_WAIT_S = 15.0
"""The longest wait for one answer of PostgreSQL; meanwhile nothing is dialled, as no call is marked."""
LEAD_MIN_AGE_S = 5.0
"""Younger leads are the switch's own worker's."""
GATEWAYS_EVERY_S = 5.0
NEVER_OPEN_EVERY_S = 10.0
BEAT_EVERY_S = 2.0
LEADS_EVERY_S = 5.0
THREADS_WAIT_S = 3.0
AFTER_THE_CALL_S = 60.0
"""What a call needs besides its longest duration: ringing, and the hook's grace."""

EXPECTED = (DatabaseAway, RedisAway, LeasesLost, NotSent, MaybeSent, RedisError, psycopg.OperationalError)


class Scheduler:
    """Every part, wired. `run` starts it and returns when it was stopped and live calls have ended."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop_asked = threading.Event()
        self._name, self._started_at = f"{socket.gethostname()}:{os.getpid()}", datetime.now(UTC)
        self._database = Database(
            open_pool(settings.database_url, CONNECTIONS, "dialer-scheduler", DATABASE_WAIT_S, autocommit=True)
        )
        self._redis: Redis = open_redis(settings.redis_url, settings.redis_wait_ms)
        self._witness = TheWitness(self._database, self._redis, settings.hook_grace_s)
        self._switches = Switches(
            self._database,
            Passwords(settings.esl_password, settings.esl_passwords_dir).of,
            (settings.esl_host, settings.esl_port),
            settings.max_channels,
            on_hangup=self._witness.hear_hangup,
            on_reply=self._witness.hear_reply,
            on_connected=lambda: self._reconciler.wake(),
        )
        self._leader = Leader(settings.database_url, lambda: self._reconciler.wake())
        self._leases = LeaseKeeper(self._database, self._redis, settings.lease_ttl_s)
        self._redis_clock = RedisClock(self._redis, settings.max_calls_per_second, self._clock_was_set)
        self._brakes = Brakes(self._switches.out, self._leases.are_kept, self._redis_clock.is_quiet)
        self._reconciler = Reconciler(
            self._database,
            self._redis,
            self._switches.nodes,
            self._brakes,
            self._witness.has_heard,
            settings.reconcile_every_s,
            settings.lease_ttl_s,
            is_leader=self._leader.leads,
        )
        total = TotalLimits(settings.max_channels, settings.max_calls_per_second, settings.max_calls_per_minute or None)
        self._departures = Departures(
            self._database,
            self._redis,
            self._switches,
            self._brakes,
            total.cps,
            Unsent(settings.spool_dir),
            lease_ttl_s=settings.lease_ttl_s,
        )
        planner = Planner(
            self._database,
            self._redis,
            total,
            settings.dial_horizon_ms,
            settings.lease_ttl_s,
            self._switches,
            pace=self._departures.pace.calls_per_second,
            time_us=self._redis_clock.time_us,
        )
        self._loop = DialLoop(planner, self._departures, self._brakes, self._reconciler.wake)
        self._jobs = BackgroundScheduler(timezone="UTC", job_defaults={"max_instances": 1, "coalesce": True})
        self._add_jobs()

    def _add_jobs(self) -> None:
        settings = self._settings
        progress, hang_ups = ProgressTeller(self._database, self._redis), Beside()
        deliver = deliverer(settings, self._database.run, self._redis, min_age_s=LEAD_MIN_AGE_S)
        everybodys: tuple[tuple[float, Callable[[], object]], ...] = (
            (1.0, self._witness.settle),
            (1.0, self._switches.refresh),
            (1.0, self._reconcile),
            (1.0, self._redis_clock.time_us),
            (1.0, self._leases.tick),
            (1.0, self._tell_state),
            (GATEWAYS_EVERY_S, self._switches.poll_gateways),
            (BEAT_EVERY_S, self._beat),
            (BEAT_EVERY_S, self._switches.write_heard),
        )
        leaders: tuple[tuple[float, Callable[[], object]], ...] = (
            (1.0, self._reconciler.undo_stale_claims),
            (1.0, lambda: complete_campaigns(self._database, self._redis)),
            (1.0, progress.tell),
            (1.0, lambda: announce_blocked(self._database, self._redis)),
            (1.0, lambda: run_schedules(self._database, self._redis)),
            (1.0, lambda: hang_up_stopped(self._database, self._switches.line_of, hang_ups)),
            (1.0, lambda: conclude_written_off(self._database, self._redis)),
            (1.0, lambda: pause_over_cap(self._database, self._redis)),
            (NEVER_OPEN_EVERY_S, lambda: block_never_open(self._database)),
            (1.0, IdleLeases(self._database, self._redis).tick),
            (1.0, lambda: judge_gateways(self._database)),
            (LEADS_EVERY_S, deliver),
            (BEAT_EVERY_S, self._switches.write_seen),
        )
        for every_s, job in (*everybodys, *((every_s, self._leader.only(job)) for every_s, job in leaders)):
            self._jobs.add_job(_guarded(job), "interval", seconds=every_s)

    def _reconcile(self) -> None:
        """Ask for the gateways first: reconciling lifts the brake, and a call over one that is down is wasted."""
        self._switches.poll_gateways(only_new=True)
        self._reconciler.tick()

    def _clock_was_set(self) -> None:
        self._brakes.unreconciled()
        self._reconciler.wake()

    def _tell_state(self) -> None:
        dialing_state.tell(self._redis, self._brakes.reason(), self._switches.gateways_down())

    def _beat(self) -> None:
        beat = schedulers.Beat(
            self._name, self._started_at, self._loop.last_round_at, self._loop.held_by, self._leader.leads()
        )
        self._database.run(lambda conn: schedulers.beat(conn, beat))

    def stop(self) -> None:
        """Ask `run` to stop; may be called from a signal handler."""
        self._stop_asked.set()

    def run(self) -> None:
        """Dial until `stop`, then wait for live calls, no longer than they may last."""
        with contextlib.suppress(DatabaseAway):  # else as soon as PostgreSQL answers
            self._switches.refresh()
        with contextlib.suppress(RedisAway):
            if keeps_on_disk(self._redis):
                logger.warning(REDIS_ON_DISK)
        self._jobs.start()
        self._departures.start()
        self._loop.start()
        logger.info(READY)
        self._stop_asked.wait()
        logger.info(STOPPING)
        self._brakes.stop()
        self._loop.stop(THREADS_WAIT_S)
        self._departures.stop(THREADS_WAIT_S)
        self._wait_for_calls(self._settings.stop_wait_s + AFTER_THE_CALL_S)
        self._jobs.shutdown(wait=False)
        self._leader.resign()
        with contextlib.suppress(DatabaseAway):
            self._database.run(lambda conn: schedulers.leave(conn, self._name))
        self._switches.stop()
        logger.info(STOPPED)

    def _wait_for_calls(self, longest_s: float) -> None:
        deadline = time.monotonic() + longest_s
        while time.monotonic() < deadline:
            try:
                if not any(a.originated_at is not None for a in self._database.run(attempts.open_attempts)):
                    return
            except DatabaseAway:
                logger.info(JOB_WAITS)
            time.sleep(0.2)
        logger.warning(STILL_UP)


def _guarded(job: Callable[[], object]) -> Callable[[], None]:
    """Keep a job's failure from ending anything but this one run."""

    def run() -> None:
        try:
            job()
        except EXPECTED as error:
            logger.info(JOB_WAITS, extra={"reason": str(error)})
        except Exception:
            logger.exception(JOB_FAILED)

    return run
