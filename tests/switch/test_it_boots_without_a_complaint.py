"""The configuration as it is shipped boots the switch with no error line in its log."""

from devstack.environment import make_folders, private_environment
from devstack.gateway_file import write_gateway
from devstack.switch import chosen_switch, running_switch

COMPLAINTS = ("[ERR]", "[CRIT]", "[ALERT]")


def test_it_logs_no_error_from_start_to_end(tmp_path, postgres_url, redis_url):
    folders = make_folders(tmp_path)
    environment = private_environment(folders, postgres_url, redis_url, {})
    write_gateway(folders.gateways, "carrier", "127.0.0.1:9")
    with running_switch(chosen_switch(), folders, environment):
        pass
    logs = [path.read_text(encoding="utf-8", errors="replace") for path in folders.log.glob("*switch.log")]
    assert len(logs) == 1
    assert len(logs[0]) > 100
    assert [line for line in logs[0].splitlines() if any(word in line for word in COMPLAINTS)] == []
