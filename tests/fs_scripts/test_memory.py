"""A fact is safe in PostgreSQL or on the disk before the call goes on."""

import json
from datetime import UTC, datetime

import psycopg
import pytest

from db import attempts, setups
from db.errors import DatabaseAway, RedisAway, SpoolFull
from db.redis_client import open_redis
from db.spool import Spool
from dialer.call_flow import default_definition
from dialer.disposition import CallFacts
from dialer.errors import InvalidFlow, InvalidRetryRules
from dialer.outcome import Outcome
from fs_scripts import memory as memory_module
from fs_scripts.flow_cache import FlowCache
from fs_scripts.memory import Memory

ATTEMPT = "92694f38-9c3b-4674-a91f-a8aae8325fe6"
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Postgres:
    """Runs jobs on no connection at all, or fails as it is told."""

    def __init__(self):
        self.fails_with = None

    def run(self, job, wait_ms=None, *, begins=True):
        if self.fails_with is not None:
            raise self.fails_with
        return job(None)


@pytest.fixture
def redis(redis_url):
    client = open_redis(redis_url, wait_ms=1000)
    yield client
    client.close()


@pytest.fixture
def postgres():
    return Postgres()


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path, 100_000)


@pytest.fixture
def written(monkeypatch):
    """What reached PostgreSQL, as (function, arguments after the connection)."""
    calls = []

    def fake(name, result=True):
        return lambda conn, *arguments: calls.append((name, arguments)) or result

    def answer(conn, attempt_id, at, *, begins_message):
        calls.append(("answer", (attempt_id, at, begins_message)))
        return attempts.AnsweredBy(3, 8, is_recording=True)

    class Context:
        attempt_id = ATTEMPT
        campaign_id = 3
        flow_version_id = 8
        definition = default_definition("en")
        is_recording = True

    for name in ("mark_message_started", "record_outcome", "record_amd"):
        monkeypatch.setattr(memory_module.attempts, name, fake(name))
    monkeypatch.setattr(memory_module.attempts, "answer", answer)
    monkeypatch.setattr(
        memory_module.attempts, "call_context", lambda conn, attempt_id: calls.append(("call_context", ())) or Context
    )
    monkeypatch.setattr(memory_module.conclusion, "conclude", fake("conclude", "concluded"))
    return calls


@pytest.fixture
def memory(postgres, spool, written, redis, monkeypatch):
    monkeypatch.setattr(memory_module, "PATIENCE_S", 0.0)
    return Memory(postgres, spool, FlowCache(), redis)


def spooled(spool):
    return [
        (path.name.split("-")[1], json.loads(path.read_text())["attempt_id"])
        for path in sorted(spool.folder.glob("*.json"))
    ]


def facts():
    return CallFacts(ATTEMPT, "NORMAL_CLEARING", AT)


def test_what_postgresql_takes_is_not_spooled(memory, written, spool):
    memory.message_started(ATTEMPT, AT)
    memory.outcome(ATTEMPT, Outcome.INTERESTED, "1", "human", AT)
    assert memory.concluded(facts()) == "concluded"
    assert [name for name, _ in written] == ["mark_message_started", "record_outcome", "conclude"]
    assert spooled(spool) == []


@pytest.mark.parametrize(
    "failure",
    [
        DatabaseAway("frozen"),
        psycopg.errors.DeadlockDetected("busy"),
        InvalidRetryRules("of old"),
        InvalidFlow("of old"),
    ],
)
def test_what_postgresql_does_not_take_is_spooled_in_order(memory, postgres, spool, failure):
    postgres.fails_with = failure
    memory.message_started(ATTEMPT, AT)
    memory.outcome(ATTEMPT, Outcome.INTERESTED, "1", "human", AT)
    assert memory.concluded(facts()) is None
    assert spooled(spool) == [("message_started", ATTEMPT), ("outcome", ATTEMPT), ("concluded", ATTEMPT)]


def test_the_answer_tells_how_the_call_is_to_be_held(memory, written):
    setup = memory.answered(ATTEMPT, 3, 8, AT).setup
    assert setup.is_recording
    assert setup.flow.language == "en"
    assert written == [("answer", (ATTEMPT, AT, False)), ("call_context", ())]


def test_a_flow_that_is_known_is_not_read_again(memory, written):
    memory.answered(ATTEMPT, 3, 8, AT)
    written.clear()
    found = memory.answered(ATTEMPT, 3, 8, AT)
    assert found.setup.is_recording
    assert written == [("answer", (ATTEMPT, AT, False))]


def test_a_message_that_follows_the_answer_is_written_with_it(memory, written):
    assert not memory.answered(ATTEMPT, 3, 8, AT, lambda _: True).has_message_begun, "nobody knows the flow yet"
    found = memory.answered(ATTEMPT, 3, 8, AT, lambda setup: setup.flow.language == "en")
    assert found.has_message_begun
    assert written[-1] == ("answer", (ATTEMPT, AT, True))


def test_a_message_that_postgresql_did_not_take_with_the_answer_has_not_begun(memory, postgres, spool):
    memory.answered(ATTEMPT, 3, 8, AT)
    postgres.fails_with = DatabaseAway("frozen")
    found = memory.answered(ATTEMPT, 3, 8, AT, lambda _: True)
    assert found.setup is not None
    assert not found.has_message_begun
    assert spooled(spool) == [("answered", ATTEMPT)]


def test_flows_of_campaigns_that_dial_are_known_from_the_start(memory, postgres, monkeypatch):
    live = attempts.LiveSetup(3, 8, default_definition("en"), is_recording=True)
    monkeypatch.setattr(memory_module.attempts, "live_setups", lambda conn: [live])
    memory.learn_setups(1000)
    postgres.fails_with = DatabaseAway("away")
    setup = memory.answered(ATTEMPT, 3, 8, AT).setup
    assert setup is not None
    assert (setup.flow.language, setup.is_recording) == ("en", True)
    assert memory.answered(ATTEMPT, 3, 9, AT).setup is None


def test_a_switch_that_starts_while_postgresql_is_away_starts_all_the_same(memory, postgres):
    postgres.fails_with = DatabaseAway("away")
    memory.learn_setups(1000)
    assert memory.answered(ATTEMPT, 3, 8, AT).setup is None


def test_a_flow_that_was_used_before_is_known_while_postgresql_is_away(memory, postgres, spool):
    before = memory.answered(ATTEMPT, 3, 8, AT)
    postgres.fails_with = DatabaseAway("frozen")
    assert memory.answered(ATTEMPT, 3, 8, AT) == before
    assert spooled(spool) == [("answered", ATTEMPT)]


@pytest.mark.parametrize(("campaign", "version"), [(3, 9), (4, 8)])
def test_nobody_can_say_how_to_hold_a_call_whose_flow_is_unknown(memory, postgres, campaign, version):
    memory.answered(ATTEMPT, 3, 8, AT)
    postgres.fails_with = DatabaseAway("frozen")
    assert memory.answered(ATTEMPT, campaign, version, AT).setup is None


def test_a_flow_that_the_scheduler_shared_is_known_while_postgresql_is_away(memory, postgres, redis):
    postgres.fails_with = DatabaseAway("away")
    setups.share(redis, [attempts.LiveSetup(3, 8, default_definition("en"), is_recording=True)])
    setup = memory.answered(ATTEMPT, 3, 8, AT).setup
    assert setup is not None
    assert (setup.flow.language, setup.is_recording) == ("en", True)
    assert memory.answered(ATTEMPT, 4, 8, AT).setup is None, "another campaign's is not known"


def test_a_callee_waits_a_moment_for_postgresql_to_say_how_the_call_is_to_be_held(memory, postgres, redis, monkeypatch):
    monkeypatch.setattr(memory_module, "PATIENCE_S", 30.0)
    postgres.fails_with = DatabaseAway("slow")

    def sleep(_seconds):
        postgres.fails_with = None

    monkeypatch.setattr(memory_module.time, "sleep", sleep)
    assert memory.answered(ATTEMPT, 3, 8, AT).setup is not None


def test_a_call_is_held_though_neither_store_answers_at_first(memory, postgres, monkeypatch):
    def away(*_):
        raise RedisAway("away")

    monkeypatch.setattr(memory_module.setups, "shared", away)
    assert memory.answered(ATTEMPT, 3, 8, AT).setup is not None, "PostgreSQL answers"
    postgres.fails_with = DatabaseAway("away")
    assert memory.answered(ATTEMPT, 3, 9, AT).setup is None


def test_a_press_that_is_safe_nowhere_is_not_thanked_for(postgres, written, tmp_path, redis):
    postgres.fails_with = DatabaseAway("frozen")
    full = Memory(postgres, Spool(tmp_path / "full", 1), FlowCache(), redis)
    with pytest.raises(SpoolFull):
        full.outcome(ATTEMPT, Outcome.INTERESTED, "1", None, AT)


def test_evidence_is_not_worth_a_place_in_the_spool(memory, postgres, spool):
    postgres.fails_with = DatabaseAway("frozen")
    memory.evidence(ATTEMPT, "human", {"heard_ms": 20})
    assert spooled(spool) == []


def test_a_flow_is_parsed_once_per_version():
    cache = FlowCache()
    first = cache.learn(1, 8, lambda flow: flow, default_definition("en"))
    assert cache.learn(2, 8, lambda flow: flow, {"language": "is not read again"}) is first
    with pytest.raises(InvalidFlow):
        cache.learn(1, 9, lambda flow: flow, {"language": "xx"})
    assert cache.get(1, 9) is None
