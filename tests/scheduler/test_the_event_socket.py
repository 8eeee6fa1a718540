"""The Event Socket client keeps one connection, matches replies to commands, and repeats nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from scheduler.event_socket import CommandRefused, EventSocket, MaybeSent, NotSent, Unread
from scheduler.event_socket_messages import Event, NoPassword, RefusedByUs
from tests.scheduler.scripted_switch import (
    CORE,
    PASSWORD,
    ScriptedSwitch,
    api_response,
    command_reply,
    event,
    wait_until,
)


class Owner:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.news: list[str] = []
        self.events: list[dict[str, str]] = []

    def connected(self, core_uuid: str) -> None:
        self.news.append(f"connected {core_uuid}")

    def disconnected(self) -> None:
        if self.news[-1:] != ["disconnected"]:
            self.news.append("disconnected")

    def event(self, headers: dict[str, str]) -> None:
        self.events.append(headers)


@pytest.fixture
def switch() -> Iterator[ScriptedSwitch]:
    with ScriptedSwitch() as server:
        yield server


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def line(switch: ScriptedSwitch, owner: Owner) -> Iterator[EventSocket]:
    socket = EventSocket("127.0.0.1", switch.port, lambda: PASSWORD, ["event plain HEARTBEAT", "filter A b"], owner)
    socket.start()
    wait_until(lambda: socket.is_connected)
    yield socket
    socket.stop()


def test_it_signs_in_subscribes_and_tells_its_owner(line, switch, owner):
    wait_until(lambda: owner.news)
    assert switch.commands == [
        f"auth {PASSWORD}",
        "event plain HEARTBEAT",
        "filter A b",
        "api global_getvar core_uuid",
    ]
    assert owner.news == [f"connected {CORE}"]


def test_it_returns_the_answer_of_an_api_command(line):
    assert line.api("status") == "you said status"


def test_it_sends_a_job_under_our_own_id(line, switch):
    line.bgapi("originate x")
    assert switch.received("bgapi") == ["bgapi originate x"]


def test_a_job_that_is_refused_says_so(line, switch):
    switch.answers["bgapi"] = lambda _: command_reply("-ERR permission denied")
    with pytest.raises(CommandRefused, match="permission denied"):
        line.bgapi("originate x")


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\rb", "a\0b"])
def test_it_refuses_line_breaks(line, switch, text):
    before = list(switch.commands)
    with pytest.raises(RefusedByUs):
        line.api(text)
    with pytest.raises(RefusedByUs):
        line.bgapi(text)
    assert line.api("status")
    assert switch.commands == [*before, "api status"]


def test_events_arrive_between_replies(line, switch, owner):
    switch.answers["api status"] = lambda _: event({"Event-Name": "HEARTBEAT"}) + api_response("fine")
    assert line.api("status") == "fine"
    assert owner.events == [{"Event-Name": "HEARTBEAT"}]


def test_an_event_keeps_its_body_and_its_non_ascii_text(line, switch, owner):
    sent = {"Event-Name": "BACKGROUND_JOB", "_body": "+OK ü\n\nand more", "name": "a: ü\nb", "nothing": ""}
    switch.send(event(sent))
    wait_until(lambda: owner.events)
    assert owner.events == [{**sent, "Content-Length": "16"}]
    assert len(owner.events[0]) == 5


def test_a_header_is_found_by_its_whole_name_and_once():
    found = Event("Event-Name: X\nOther-Event-Name: Y\nHangup-Cause: A%20B\nHangup-Cause: C\nEmpty: _undef_\n\n")
    assert [found.get(name) for name in ("Name", "Event-Name", "Hangup-Cause", "Empty", "_body")] == [
        None, "X", "A B", "", None,
    ]  # fmt: skip
    assert list(found) == ["Event-Name", "Other-Event-Name", "Hangup-Cause", "Empty"]
    assert list(Event("")) == []


def test_replies_are_matched_to_many_threads(line):
    wrong = []

    def ask(name: str) -> None:
        for number in range(50):
            question = f"{name}-{number}"
            if line.api(question) != f"you said {question}":
                wrong.append(question)

    threads = [threading.Thread(target=ask, args=[f"t{n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_it_comes_back_after_a_crash_and_tells_the_new_core(line, switch, owner):
    switch.core_uuid = "99999999-2222-4333-8444-555555555555"
    switch.drop()
    wait_until(lambda: len(owner.news) == 3)
    assert owner.news == [f"connected {CORE}", "disconnected", f"connected {switch.core_uuid}"]
    assert line.api("status") == "you said status"
    assert switch.received("filter") == ["filter A b"] * 2


def test_while_the_switch_is_away_nothing_is_sent(line, switch):
    switch.go_away()
    wait_until(lambda: not line.is_connected)
    with pytest.raises(NotSent):
        line.api("status")
    switch.listen()
    wait_until(lambda: line.is_connected)
    assert switch.received("api status") == []


def test_nothing_is_sent_to_a_switch_that_died_before_the_reader_noticed(switch):
    released = threading.Event()

    class Busy(Owner):
        def event(self, headers: dict[str, str]) -> None:
            super().event(headers)
            released.wait(10)

    owner = Busy()
    socket = EventSocket("127.0.0.1", switch.port, lambda: PASSWORD, [], owner)
    socket.start()
    wait_until(lambda: socket.is_connected)
    switch.send(event({"Event-Name": "HEARTBEAT"}))
    wait_until(lambda: owner.events)
    switch.drop()
    assert socket.is_connected, "nobody has told it yet"
    with pytest.raises(NotSent):
        socket.bgapi("originate x", 0.2)
    released.set()
    socket.stop()


def test_a_command_for_another_life_of_the_switch_is_not_sent(line, switch):
    with pytest.raises(NotSent):
        line.bgapi("originate x", core_uuid="99999999-2222-4333-8444-555555555555")
    line.bgapi("originate y", core_uuid=CORE)
    assert switch.received("bgapi") == ["bgapi originate y"]


@pytest.fixture
def process(owner: Owner) -> Iterator[tuple[subprocess.Popen[str], EventSocket]]:
    """A switch in a process of its own, which can be killed; it reads originates and says nothing to them."""
    code = (
        "import signal; from tests.scheduler.scripted_switch import ScriptedSwitch; switch = ScriptedSwitch();"
        "switch.answers['bgapi'] = None; switch.listen(); print(switch.port, flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        socket = EventSocket("127.0.0.1", int(running.stdout.readline()), lambda: PASSWORD, [], owner)
        socket.start()
        wait_until(lambda: socket.is_connected)
        yield running, socket
        socket.stop()
        running.kill()


def freeze(process: "subprocess.Popen[str]") -> None:
    """Stop the process, and wait until all its threads stand still."""
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)


def kill_under(process: "subprocess.Popen[str]", line: EventSocket, *commands: str) -> list[type[Exception]]:
    """Send the commands one after the other, kill the process, return what each of them raised."""
    raised: dict[str, type[Exception]] = {}

    def send(command: str) -> None:
        try:
            line.bgapi(command, 30)
        except MaybeSent as error:
            raised[command] = type(error)

    threads = [threading.Thread(target=send, args=[command]) for command in commands]
    for number, thread in enumerate(threads, 1):
        thread.start()
        wait_until(lambda sent=number: len(line._replies) == sent)
    time.sleep(0.2)  # a process that runs has read by now
    process.kill()
    for thread in threads:
        thread.join()
    return [raised[command] for command in commands]


def test_what_a_frozen_switch_had_not_read_when_it_was_killed_is_known_to_be_unread(process):
    running, line = process
    freeze(running)
    assert kill_under(running, line, "originate x") == [Unread]


def test_of_several_unread_commands_only_the_last_is_surely_unread(process):
    running, line = process
    freeze(running)
    assert kill_under(running, line, "originate x", "originate y") == [MaybeSent, Unread]


def test_what_a_switch_had_read_when_it_was_killed_may_have_left(process):
    assert kill_under(*process, "originate x") == [MaybeSent]


def test_a_connection_that_we_gave_up_ourselves_says_nothing(process):
    running, line = process
    freeze(running)
    with pytest.raises(MaybeSent) as raised:
        line.bgapi("originate x", 0.2)
    assert raised.type is MaybeSent


def test_a_command_whose_reply_is_lost_is_never_sent_again(line, switch):
    def crash(_: str) -> bytes:
        switch.drop()
        return b""

    switch.answers["bgapi"] = crash
    with pytest.raises(MaybeSent):
        line.bgapi("originate x")
    wait_until(lambda: switch.connections == 2 and line.is_connected)
    assert len(switch.received("bgapi")) == 1


def test_a_switch_that_does_not_reply_is_given_up_in_time(line, switch):
    switch.answers["api status"] = None
    with pytest.raises(MaybeSent):
        line.api("status", wait_s=0.2)
    wait_until(lambda: switch.connections == 2 and line.is_connected)
    assert line.api("other") == "you said other"


def test_a_wrong_password_is_tried_again_and_again(switch, owner):
    socket = EventSocket("127.0.0.1", switch.port, lambda: "wrong", [], owner)
    socket.start()
    wait_until(lambda: switch.connections >= 2)
    assert not socket.is_connected
    assert socket.is_refused
    socket.stop()
    assert set(switch.commands) == {"auth wrong"}


def test_a_password_that_was_corrected_is_used_for_the_next_connection(switch, owner):
    passwords = ["wrong", PASSWORD]
    socket = EventSocket("127.0.0.1", switch.port, lambda: passwords.pop(0), [], owner)
    socket.start()
    wait_until(lambda: socket.is_connected)
    assert not socket.is_refused
    socket.stop()


def test_no_connection_is_made_without_a_password_that_can_be_read(switch, owner):
    def unreadable() -> str:
        raise NoPassword("its file is empty")

    socket = EventSocket("127.0.0.1", switch.port, unreadable, [], owner)
    socket.start()
    wait_until(lambda: switch.connections >= 2)
    assert socket.is_refused
    socket.stop()
    assert switch.commands == []


def test_it_starts_before_the_switch(owner):
    switch = ScriptedSwitch()
    switch.listen()
    switch.go_away()
    socket = EventSocket("127.0.0.1", switch.port, lambda: PASSWORD, [], owner)
    socket.start()
    wait_until(lambda: "disconnected" in owner.news)
    switch.listen()
    wait_until(lambda: socket.is_connected)
    socket.stop()
    switch.go_away()


def test_an_owner_that_fails_does_not_end_the_connection(switch):
    class Failing(Owner):
        def event(self, headers: dict[str, str]) -> None:
            raise ValueError

    socket = EventSocket("127.0.0.1", switch.port, lambda: PASSWORD, [], Failing())
    socket.start()
    wait_until(lambda: socket.is_connected)
    switch.send(event({"Event-Name": "HEARTBEAT"}))
    assert socket.api("status") == "you said status"
    socket.stop()
    assert switch.connections == 1


@pytest.mark.parametrize(
    "garbage", [b"no header at all\n\n", b"Content-Length: x\n\n", b"Content-Length: 99999999999\n\n"]
)
def test_what_is_no_event_socket_is_left(line, switch, garbage):
    switch.send(garbage)
    wait_until(lambda: switch.connections == 2 and line.is_connected)
