"""Calls are counted as up while the switch that made them lives."""

import time

from chaos.watch import CarrierWatch


def write(log, *lines):
    with log.open("a", encoding="utf-8") as file:
        file.writelines(f"{at:.6f} 0.0 {words}\n" for at, words in lines)


def test_calls_are_up_from_their_invite_to_their_end(tmp_path):
    log, now = tmp_path / "calls-1.log", time.time()
    watch = CarrierWatch(tmp_path)
    write(log, (now, "a invite +79160000001 busy"), (now, "b invite +79160000002 busy"))
    watch.look()
    assert (watch.rung, watch.up) == (2, 2)
    write(log, (now + 1, "a ended rejected 486"))
    watch.look()
    assert (watch.rung, watch.up) == (2, 1)


def test_calls_of_a_switch_that_died_are_not_up_even_when_their_invite_is_read_later(tmp_path):
    log, now = tmp_path / "calls-1.log", time.time()
    watch = CarrierWatch(tmp_path)
    write(log, (now - 1, "a invite +79160000001 busy"))
    watch.look()
    watch.switch_died()
    write(log, (now - 0.1, "b invite +79160000002 busy"), (now + 5, "c invite +79160000003 busy"))
    watch.look()
    assert (watch.rung, watch.up) == (3, 1)
    assert watch.has_orphans(longest_call_s=60)
    assert not watch.has_orphans(longest_call_s=0)
