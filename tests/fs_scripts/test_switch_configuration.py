"""What FreeSWITCH's configuration and the container files must keep in step with the rest of the project."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from dialer.dial_string import CONTEXT, EXTENSION
from dialer.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "freeswitch" / "conf"
KNOWN = {PREFIX + field.name.upper() for field in fields(Settings)}
XML = sorted(CONF.rglob("*.xml")) + sorted(CONF.rglob("*.xml.disabled"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("migrate", "freeswitch", "scheduler", "panel")


def text_of(*names: str) -> str:
    return "\n".join((ROOT / name).read_text() for name in names)


@pytest.mark.parametrize("path", XML, ids=lambda path: str(path.relative_to(CONF)))
def test_each_file_is_well_formed(path):
    ElementTree.parse(path)


@pytest.mark.parametrize("path", XML, ids=lambda path: str(path.relative_to(CONF)))
def test_include_tags_stand_on_lines_of_their_own(path):
    """The pre-processor drops the whole line."""
    for line in path.read_text().splitlines():
        if re.search(r"</?include>", line):
            assert line.strip() in ("<include>", "</include>")


def test_the_switch_reads_only_variables_that_the_settings_know():
    read = set(re.findall(r"\$\{?(DIALER_\w+)", text_of("freeswitch/conf/vars.xml")))
    assert read
    assert read <= KNOWN


def test_a_trunk_that_says_nothing_is_given_up_before_the_shortest_ring_time_is_over():
    profile = ElementTree.parse(CONF / "sip_profiles" / "external.xml")
    given_up_ms = int(profile.find("./settings/param[@name='timer-T1X64']").get("value"))
    (shortest_s,) = re.findall(r"ring_timeout_s BETWEEN (\d+)", text_of("db/migrations/0001_initial.sql"))
    assert 4_000 <= given_up_ms <= int(shortest_s) * 1000 * 2 / 3, "three INVITEs at least, and some to spare"


def test_no_secret_and_no_address_is_written_into_the_configuration():
    for path in XML:
        if path.name.endswith(".disabled"):
            continue
        for param in ElementTree.parse(path).iter("param"):
            name, value = param.get("name", ""), param.get("value", "")
            if any(word in name for word in ("password", "-ip", "port")) and name != "rfc2833-pt":
                assert value.startswith("$${"), f"{path.name}: {name}"


def test_every_module_that_is_loaded_is_in_the_image():
    loaded = {node.get("module") for node in ElementTree.parse(CONF / "autoload_configs/modules.conf.xml").iter("load")}
    packages = set(re.findall(r"freeswitch-(mod-[\w-]+)", text_of("Dockerfile.freeswitch")))
    assert {str(name).replace("_", "-") for name in loaded} == packages


def test_the_event_socket_comes_last_so_that_whoever_gets_in_finds_everything_loaded():
    modules = [
        node.get("module") for node in ElementTree.parse(CONF / "autoload_configs/modules.conf.xml").iter("load")
    ]
    assert modules[-1] == "mod_event_socket"


def test_the_dialplan_has_the_extension_that_the_dial_string_names():
    context = ElementTree.parse(CONF / "dialplan/dialer.xml").getroot()
    assert context.get("name") == CONTEXT
    condition = context.find(f"extension[@name='{EXTENSION}']/condition")
    assert condition is not None
    assert re.fullmatch(condition.get("expression", ""), EXTENSION)


def test_the_scripts_that_the_switch_names_define_what_it_calls():
    named = text_of("freeswitch/conf/dialplan/dialer.xml", "freeswitch/conf/autoload_configs/python.conf.xml")
    for module, function in (
        ("outbound_call", "def handler(session"),
        ("startup", "def runtime(args"),
    ):
        assert f'"fs_scripts.{module}"' in named
        assert function in text_of(f"fs_scripts/{module}.py")
    assert "def fsapi(session: Any, stream: Any, env: Any, args: str)" in text_of("fs_scripts/hangup.py")


def test_the_folder_named_as_the_switchs_module_is_no_package():
    assert not (ROOT / "freeswitch" / "__init__.py").exists()


@pytest.mark.parametrize("service", OURS)
def test_the_services_get_only_variables_that_the_settings_know(service):
    assert set(SERVICES[service]["environment"]) <= KNOWN


def test_every_folder_is_chosen_and_lies_in_the_container():
    of_schedulers_alone = {"DIALER_ESL_PASSWORDS_DIR"}
    folders = {name for name in KNOWN if name.endswith("_DIR")} - of_schedulers_alone
    given = SERVICES["freeswitch"]["environment"]
    assert {name for name in folders if str(given.get(name, "")).startswith("/")} == folders


def test_no_service_has_a_default_secret():
    text = text_of("docker-compose.yml")
    for name in ("POSTGRES_PASSWORD", "DIALER_SECRET_KEY", "DIALER_ESL_PASSWORD"):
        assert re.findall(rf"\$\{{{name}[^}}]*\}}", text) == [f"${{{name}:?set {name} in .env}}"] * text.count(
            f"${{{name}:"
        )
        assert f"${{{name}:?" in text


def test_what_a_service_is_told_to_keep_lies_on_a_volume():
    for service, name in (
        ("freeswitch", "DIALER_AUDIO_DIR"),
        ("freeswitch", "DIALER_RECORDINGS_DIR"),
        ("freeswitch", "DIALER_SPOOL_DIR"),
        ("scheduler", "DIALER_SPOOL_DIR"),
        ("scheduler", "DIALER_ESL_PASSWORDS_DIR"),
        ("panel", "DIALER_AUDIO_DIR"),
        ("panel", "DIALER_UPLOADS_DIR"),
        ("panel", "DIALER_RECORDINGS_DIR"),
    ):
        folder = SERVICES[service]["environment"][name]
        assert any(mount.split(":")[1] == folder for mount in SERVICES[service]["volumes"]), (service, name)


@pytest.mark.parametrize("file", ["Dockerfile", "Dockerfile.freeswitch"])
def test_images_run_as_an_ordinary_user_and_hold_no_secret(file):
    text = text_of(file)
    assert re.findall(r"^USER (\w+)$", text, re.MULTILINE)[-1] != "root"
    assert not re.search(r"^(ARG|ENV).*(TOKEN|PASSWORD|SECRET)", text, re.MULTILINE)


@pytest.mark.parametrize("file", ["Dockerfile", "Dockerfile.freeswitch"])
def test_images_copy_only_what_the_builder_is_sent(file):
    sent = {line[1:] for line in text_of(".dockerignore").splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text_of(file), re.MULTILINE)
    assert copied
    assert {source for line in copied for source in line.split()} <= sent


def test_the_images_python_is_the_one_the_switch_is_linked_to():
    required = tomllib.loads(text_of("pyproject.toml"))["project"]["requires-python"]
    assert required == ">=3.11"
    assert "lib/python3.11/site-packages" in text_of("Dockerfile.freeswitch")
    assert text_of("Dockerfile.freeswitch").count("FROM debian:12") == 2


def test_the_sip_profile_refuses_strangers_and_lets_no_callee_place_calls():
    profile = ElementTree.parse(CONF / "sip_profiles/external.xml")
    params = {node.get("name"): node.get("value") for node in profile.iter("param")}
    acls = ElementTree.parse(CONF / "autoload_configs/acl.conf.xml")
    callers = acls.find(f".//list[@name='{params['apply-inbound-acl']}']")
    assert callers is not None
    assert callers.get("default") == "deny"
    assert len(callers) == 0
    assert params["auth-calls"] == "false"  # true would answer 407 instead of 403
    assert params["disable-transfer"] == "true"
    assert params["disable-register"] == "true"
    context = ElementTree.parse(CONF / "dialplan/refused.xml").getroot()
    assert context.get("name") == params["context"]
