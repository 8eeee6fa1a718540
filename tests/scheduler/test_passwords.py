"""Each switch has the password in its own file, else the shared one; a bad file is no reason for the shared one."""

from pathlib import Path

import pytest

from scheduler.event_socket_messages import NoPassword
from scheduler.passwords import Passwords


def test_without_a_folder_all_share_one() -> None:
    assert Passwords("shared").of("fs1") == "shared"


def test_a_switch_with_a_file_has_its_own_and_the_others_share_one(tmp_path: Path) -> None:
    (tmp_path / "fs1").write_text("its own, with spaces\n")
    passwords = Passwords("shared", str(tmp_path))
    assert passwords.of("fs1") == "its own, with spaces"
    assert passwords.of("fs2") == "shared"


def test_a_changed_file_counts_at_once(tmp_path: Path) -> None:
    passwords = Passwords("shared", str(tmp_path))
    (tmp_path / "fs1").write_text("before")
    assert passwords.of("fs1") == "before"
    (tmp_path / "fs1").write_text("after")
    assert passwords.of("fs1") == "after"


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines\n", b"\xff\xfe", b"a\x00b"])
def test_a_file_without_a_password_is_refused_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fs1").write_bytes(content)
    with pytest.raises(NoPassword) as refused:
        Passwords("shared", str(tmp_path)).of("fs1")
    assert "two" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fs1").mkdir()
    with pytest.raises(NoPassword):
        Passwords("shared", str(tmp_path)).of("fs1")
