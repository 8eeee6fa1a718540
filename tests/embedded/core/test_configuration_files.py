"""FreeSWITCH's XML: pre-processing, and what of it the stand-in acts on."""

import logging
from pathlib import Path

import pytest

from embedded_switch import preprocess
from embedded_switch.configuration import read
from tests.embedded.core.rig import write_conf


def loaded(folder, **variables):
    return preprocess.load(folder, variables), variables


def test_variables_come_from_set_and_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("GIVEN", "from outside")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("MISSING", raising=False)
    (tmp_path / "freeswitch.xml").write_text(
        '<d><X-PRE-PROCESS cmd="set" data="a=1"/><X-PRE-PROCESS cmd="env-set" data="b=$GIVEN"/>'
        '<X-PRE-PROCESS cmd="set" data="c=kept"/><X-PRE-PROCESS cmd="env-set" data="c=$MISSING"/>'
        '<X-PRE-PROCESS cmd="set" data="e=gone"/><X-PRE-PROCESS cmd="env-set" data="e=$EMPTY"/>'
        '<x v="$${a}-$${b}-$${c}-$${e}-$${nobody}"/></d>'
    )
    document, _ = loaded(tmp_path)
    assert document.find("x").get("v") == "1-from outside-kept--"


def test_a_command_may_fill_a_variable(tmp_path):
    (tmp_path / "freeswitch.xml").write_text('<d><X-PRE-PROCESS cmd="exec-set" data="a=echo hello"/><x v="$${a}"/></d>')
    assert loaded(tmp_path)[0].find("x").get("v") == "hello"


def test_includes_are_globs_beside_the_including_file(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "freeswitch.xml").write_text('<d><X-PRE-PROCESS cmd="include" data="sub/*.xml"/></d>')
    (tmp_path / "sub" / "b.xml").write_text("<include><y/></include>")
    (tmp_path / "sub" / "a.xml").write_text('<?xml version="1.0"?><include><x/></include>')
    (tmp_path / "sub" / "c.xml.disabled").write_text("<z/>")
    assert [element.tag for element in loaded(tmp_path)[0]] == ["x", "y"]


def test_a_commented_directive_does_nothing(tmp_path):
    (tmp_path / "freeswitch.xml").write_text('<d><!-- <X-PRE-PROCESS cmd="include" data="nowhere.xml"/> --></d>')
    assert list(loaded(tmp_path)[0]) == []


def test_broken_xml_is_named_with_its_line(tmp_path):
    (tmp_path / "freeswitch.xml").write_text("<d>\n<open>\n</d>")
    with pytest.raises(preprocess.ConfigurationUnusable, match=r"freeswitch\.xml"):
        loaded(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(preprocess.ConfigurationUnusable, match="nowhere"):
        loaded(tmp_path / "nowhere")


def test_an_unknown_module_is_an_error_in_the_log(tmp_path, caplog):
    write_conf(tmp_path)
    path = tmp_path / "freeswitch.xml"
    path.write_text(path.read_text().replace("<modules>", '<modules><load module="mod_avmd"/>'))
    with caplog.at_level(logging.ERROR, "embedded_switch"):
        read(loaded(tmp_path)[0])
    assert "mod_avmd" in caplog.text


def test_the_well_formed_configuration_logs_no_error(tmp_path, caplog):
    write_conf(tmp_path, python=True)
    with caplog.at_level(logging.ERROR, "embedded_switch"):
        conf = read(loaded(tmp_path)[0])
    assert not caplog.records
    assert (conf.max_sessions, conf.esl_password) == (1000, "secret")
    assert [gateway.name for gateway in conf.profiles[0].gateways] == ["gw1"]


def test_the_products_own_configuration_loads_without_an_error(caplog, monkeypatch):
    monkeypatch.setenv("DIALER_ESL_PASSWORD", "only-for-this-test")
    folder = Path("freeswitch/conf").resolve()
    with caplog.at_level(logging.ERROR, "embedded_switch"):
        conf = read(preprocess.load(folder, preprocess.default_globals(folder, folder, folder, folder)))
    assert not caplog.records
    assert conf.esl_password == "only-for-this-test"
    assert conf.loads("mod_python3")


def test_the_narrowest_network_of_a_list_decides(tmp_path):
    write_conf(tmp_path)
    path = tmp_path / "freeswitch.xml"
    lists = (
        '<network-lists><list name="l" default="deny"><node type="allow" cidr="10.0.0.0/8"/>'
        '<node type="deny" cidr="10.1.0.0/16"/></list></network-lists>'
    )
    path.write_text(path.read_text().replace("<network-lists/>", lists))
    allows = read(loaded(tmp_path)[0]).acls["l"]
    assert [allows(ip) for ip in ("10.2.3.4", "10.1.3.4", "11.0.0.1")] == [True, False, False]
