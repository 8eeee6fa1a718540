"""What a call costs each part of the product is read from the kernel, and every second of it is somebody's."""

import os
import subprocess
import sys
import time

from bench.processes import OURS, REST, Usage, table

BURN = "import time\nwhile time.process_time() < 0.4: pass"


def burn(*, in_a_child: bool) -> subprocess.Popen[bytes]:
    code = f"import subprocess; subprocess.run([sys.executable, '-c', {BURN!r}])" if in_a_child else BURN
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys\n{code}\nprint(flush=True)\nsys.stdin.read()"], stdin=-1, stdout=-1
    )


def test_a_parts_work_is_its_own_and_that_of_its_children_even_of_ended_ones():
    for in_a_child in (False, True):
        with burn(in_a_child=in_a_child) as child:
            assert child.stdout is not None
            child.stdout.readline()
            used = Usage.now({"child": child.pid}).seconds
            assert 0.35 < used["child"] < 5
            child.communicate()


def test_what_else_runs_below_us_is_the_measurement_and_the_rest_is_the_machines():
    before = Usage.now({})
    spent = time.process_time()
    while time.process_time() < spent + 0.2:
        pass
    used = Usage.now({"gone": 2**22 + 1}).since(before, calls=2)
    assert set(used) == {"gone", OURS, REST}
    assert used["gone"] == 0
    assert 0.09 < used[OURS] < 1
    assert sum(used.values()) <= 1.1 * (os.cpu_count() or 1) * 60


def test_the_table_says_what_each_part_costs_and_what_the_machine_has_room_for():
    lines = table({"switch": 0.008, REST: 0.002}, {"switch": 0.012, "scheduler": 0.002, REST: 0.002}, cores=2)
    assert [line.split() for line in lines.splitlines()][1:] == [
        ["switch", "8.00", "12.00"],
        ["scheduler", "0.00", "2.00"],
        [*REST.split(), "2.00", "2.00"],
        ["all", "10.00", "16.00"],
        ["calls/s", "at", "most", "200", "125"],
    ]
