"""The same seed makes the same faults, and all of those that are promised."""

import subprocess
import sys
from collections import Counter

from chaos.plan import Act, Part, Scale, make_plan
from chaos.run import COMPARED_EVERY_S
from devstack.environment import ROOT
from scheduler.reconcile import LOOK_AGAIN_S, UNSETTLED_S


def test_the_same_seed_makes_the_same_plan_and_another_seed_another():
    assert make_plan(7, Scale()) == make_plan(7, Scale())
    assert make_plan(7, Scale()) != make_plan(8, Scale())


def test_every_part_is_killed_so_often_and_every_outage_comes_once():
    done = Counter((fault.act, fault.part) for fault in make_plan(7, Scale(kills_each=5)))
    kills = {part: done[Act.KILL, part] for part in Part}
    assert kills.pop(Part.SCHEDULER) + kills.pop(Part.SECOND_SCHEDULER) == 5
    assert kills == dict.fromkeys([Part.SWITCH, Part.POSTGRES, Part.REDIS, Part.PANEL], 5)
    outages = {what: count for what, count in done.items() if what[0] is not Act.KILL}
    assert outages == {
        (Act.STOP, Part.POSTGRES): 1,
        (Act.FREEZE, Part.POSTGRES): 1,
        (Act.FREEZE, Part.REDIS): 1,
        (Act.FREEZE, Part.SCHEDULER): 1,
        (Act.FREEZE, Part.SECOND_SCHEDULER): 1,
        (Act.FILL, Part.POSTGRES): 1,
    }


def test_both_schedulers_are_killed_and_frozen_for_longer_than_the_other_one_waits():
    plan = make_plan(7, Scale())
    assert {fault.part for fault in plan if fault.act is Act.KILL} == set(Part)
    stalls = [fault for fault in plan if fault.act is Act.FREEZE and "scheduler" in fault.part]
    given_up_after_s = UNSETTLED_S + COMPARED_EVERY_S + LOOK_AGAIN_S  # a call that was marked and did not come
    assert all(fault.lasts_s > given_up_after_s + COMPARED_EVERY_S for fault in stalls)


def test_faults_come_in_order_while_there_are_calls_to_hit():
    plan = make_plan(7, Scale(contacts=1000))
    moments = [fault.after_calls for fault in plan]
    assert moments == sorted(moments)
    assert 0 < moments[0] < moments[-1] < 1100
    assert [fault.number for fault in plan] == list(range(1, 32))


def test_its_program_starts_where_there_is_no_switch():
    said = subprocess.run(
        [sys.executable, "-m", "chaos", "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    assert "--seed" in said.stdout
