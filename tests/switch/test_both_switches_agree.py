"""The embedded switch leaves the same rows as a real FreeSWITCH, call for call."""

import pytest

from devstack.switch import SwitchChoice, SwitchKind
from tests.switch.compare import differences
from tests.switch.conftest import declared_calls
from tests.switch.suite import running_suite


@pytest.mark.freeswitch_only
@pytest.mark.timeout(300)
def test_the_embedded_switch_leaves_the_same_rows_as_a_real_one(dialled, request, tmp_path):
    modules = list({item.module for item in request.session.items if "tests/switch/" in str(item.path)})
    calls = [call for call in declared_calls(modules) if not call.is_placed_by_its_test]
    for call in calls:
        dialled.records(call)
    with running_suite(calls, tmp_path, SwitchChoice(SwitchKind.EMBEDDED)) as embedded:
        embedded.place(calls)
        for call in calls:
            embedded.records(call)
        names = {call.name for call in calls}
        real = {name: rows for name, rows in dialled.all_rows().items() if name in names}
        assert len(real) == len(calls) > 1
        assert differences(real, embedded.all_rows()) == []
