"""Audio goes first where the system allows it, and only the audio."""

import multiprocessing
import os
import subprocess
import sys

from embedded_switch.audio_priority import prefer_audio

POLICY = "import os; print(os.sched_getscheduler(0))"


def _tell_policies(result) -> None:
    allowed = prefer_audio()
    child = subprocess.run([sys.executable, "-c", POLICY], capture_output=True, text=True, check=True).stdout
    result.send((allowed, os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK, int(child)))


def test_the_switch_gets_real_time_scheduling_if_it_may_and_its_children_never_do():
    ours, theirs = multiprocessing.Pipe()
    switch = multiprocessing.get_context("spawn").Process(target=_tell_policies, args=(theirs,))
    switch.start()
    allowed, policy, childs_policy = ours.recv()
    switch.join()
    assert policy == (os.SCHED_RR if allowed else os.SCHED_OTHER)
    assert childs_policy == os.SCHED_OTHER
