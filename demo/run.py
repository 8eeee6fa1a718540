"""Dials the demo's campaign on a running stack and lets the verifier judge it."""

import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from db import campaigns, leases
from db.redis_client import open_redis
from demo.progress import ProgressBar
from devstack.errors import StackError
from devstack.stack import Stack
from dialer.campaign import CampaignState
from sipp.log_reader import read_calls
from tests.verifier.facts import Database, read_database, read_journal
from tests.verifier.findings import Findings
from tests.verifier.verify import verify

POLL_S = 0.25
CAMPAIGN_TIMEOUT_S = 300.0
LEADS_TIMEOUT_S = 150.0


def dial(stack: Stack, campaign_id: int) -> None:
    """Start the campaign and wait until it has ended and every lead is in the CRM.

    Raises StackError when a part of the stack ends, or when it takes longer than any campaign of this size may.
    """
    bar = ProgressBar()
    try:
        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            campaigns.move(connection, campaign_id, CampaignState.ACTIVE)

            def is_complete() -> bool:
                progress = campaigns.progress(connection, campaign_id)
                bar.show(progress)
                return progress.state is CampaignState.COMPLETED

            def are_delivered() -> bool:
                progress = campaigns.progress(connection, campaign_id)
                bar.show(progress)
                return progress.leads_delivered == progress.leads

            _wait(stack, is_complete, CAMPAIGN_TIMEOUT_S, "the campaign")
            _wait(stack, are_delivered, LEADS_TIMEOUT_S, "delivering the leads")
    finally:
        bar.end()


def _wait(stack: Stack, is_done: Callable[[], bool], timeout_s: float, what: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_done():
        stack.check()
        if time.monotonic() > deadline:
            raise StackError(f"{what} did not end within {timeout_s:.0f} s; the logs are in {stack.folders.log}")
        time.sleep(POLL_S)


def judge(stack: Stack) -> tuple[Database, Findings]:
    """Let the verifier compare what the carrier, the database and the CRM wrote down."""
    database = read_database(stack.database_url)
    calls = read_calls(Path(stack.folders.carrier))
    return database, verify(calls, database, read_journal(stack.crm_journal), _leases(stack))


def _leases(stack: Stack) -> int:
    with open_redis(stack.redis_url, wait_ms=2000) as redis:
        return leases.counts(redis).total
