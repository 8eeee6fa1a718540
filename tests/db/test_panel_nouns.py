"""Users, audit, audio, blacklist, and integrations, as the panel uses them."""

from datetime import UTC, datetime, timedelta

import pytest

from db import audio_files, audit, blacklist, flows, integrations_state, users
from db.audit import AuditFilter
from db.blacklist import BlacklistReason
from db.errors import AlreadyExists, InUse, WeakPassword
from db.users import UserRole
from dialer.call_flow import default_definition
from tests.db.conftest import World

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse"


def test_only_the_right_password_of_an_active_user_signs_in(world: World) -> None:
    user_id = users.create(world.conn, "Anna@Example.org", UserRole.MANAGER, PASSWORD)
    user = users.sign_in(world.conn, "anna@example.ORG", PASSWORD)
    assert user is not None
    assert (user.id, user.role, user.last_sign_in_at is not None) == (user_id, UserRole.MANAGER, True)
    assert users.sign_in(world.conn, "anna@example.org", "wrong horse") is None
    assert users.sign_in(world.conn, "nobody@example.org", PASSWORD) is None
    users.set_role(world.conn, user_id, UserRole.VIEWER, is_active=False)
    assert users.sign_in(world.conn, "anna@example.org", PASSWORD) is None


def test_passwords_are_stored_as_argon2id_only(world: World) -> None:
    user_id = users.create(world.conn, "anna@example.org", UserRole.ADMIN, PASSWORD)
    assert str(world.value("SELECT password_hash FROM users")).startswith("$argon2id$")
    assert users.set_password(world.conn, user_id, "another horse")
    assert users.sign_in(world.conn, "anna@example.org", "another horse") is not None
    with pytest.raises(WeakPassword):
        users.set_password(world.conn, user_id, "short")
    with pytest.raises(AlreadyExists):
        users.create(world.conn, "ANNA@example.org", UserRole.ADMIN, PASSWORD)


def test_a_user_is_kept_with_language_and_role(world: World) -> None:
    user_id = users.create(world.conn, "anna@example.org", UserRole.ADMIN, PASSWORD, "en")
    users.set_language(world.conn, user_id, "ru")
    found = users.get(world.conn, user_id)
    assert found == users.list_all(world.conn)[0]
    assert found is not None
    assert found.language == "ru"
    assert users.get(world.conn, 999) is None


def test_the_audit_log_tells_who_did_what_newest_first(world: World) -> None:
    user_id = users.create(world.conn, "anna@example.org", UserRole.ADMIN, PASSWORD)
    audit.record(world.conn, user_id, "campaign.started", "campaign", 7, {"from": "draft"})
    audit.record(world.conn, None, "campaign.completed", "campaign", 7)
    entries = audit.found(world.conn, AuditFilter(), None, 50)
    assert [(e.action, e.user_email, e.entity_id) for e in entries] == [
        ("campaign.completed", None, "7"),
        ("campaign.started", "anna@example.org", "7"),
    ]


def test_audio_that_a_flow_plays_can_not_be_removed(world: World) -> None:
    audio_id = audio_files.add(world.conn, "Spring", "spring.wav", "spring.mp3", 4200, "ab" * 32)
    with pytest.raises(AlreadyExists):
        audio_files.add(world.conn, "Spring", "b.wav", "b.mp3", 1, "cd" * 32)
    greeting = {"kind": "audio", "name": "spring.wav", "audio_id": audio_id}
    flows.create_version(world.conn, "spring", default_definition(greeting=greeting))
    with pytest.raises(InUse):
        audio_files.remove(world.conn, audio_id)
    spare = audio_files.add(world.conn, "Spare", "spare.wav", "spare.mp3", 1, "cd" * 32)
    assert [a.name for a in audio_files.list_all(world.conn)] == ["Spare", "Spring"]
    assert audio_files.remove(world.conn, spare)
    assert audio_files.get(world.conn, spare) is None


def test_the_blacklist_is_searched_by_number_and_emptied_one_by_one(world: World) -> None:
    blacklist.add(world.conn, "+79161234567", BlacklistReason.VIP, "director")
    blacklist.add(world.conn, "+74951112233", BlacklistReason.LEGAL)
    found, count = blacklist.list_page(world.conn, "7916")
    assert ([e.note for e in found], count) == (["director"], 1)
    assert blacklist.remove(world.conn, ["+79161234567"], "asked to be called again") == ["+79161234567"]
    assert blacklist.remove(world.conn, ["+79161234567"], "asked to be called again") == []
    assert blacklist.find(world.conn, "+79161234567") is None


def test_an_entry_for_good_replaces_an_expiring_one_and_not_the_reverse(world: World) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    blacklist.add(world.conn, "+79161234567", BlacklistReason.TECHNICAL, expires_at=soon)
    blacklist.add(world.conn, "+79161234567", BlacklistReason.CUSTOMER_REQUEST)
    blacklist.add(world.conn, "+79161234567", BlacklistReason.OTHER, expires_at=soon)
    entry = blacklist.find(world.conn, "+79161234567")
    assert entry is not None
    assert (entry.reason, entry.expires_at) == (BlacklistReason.CUSTOMER_REQUEST, None)


def test_an_integration_is_paused_with_its_first_reason_until_it_is_resumed(world: World) -> None:
    assert not integrations_state.is_paused(world.conn, "bitrix24")
    assert integrations_state.pause(world.conn, "bitrix24", "INVALID_CREDENTIALS")
    assert not integrations_state.pause(world.conn, "bitrix24", "another")
    assert integrations_state.is_paused(world.conn, "bitrix24")
    assert integrations_state.list_all(world.conn)[0].paused_reason == "INVALID_CREDENTIALS"
    assert integrations_state.resume(world.conn, "bitrix24")
    assert not integrations_state.is_paused(world.conn, "bitrix24")
