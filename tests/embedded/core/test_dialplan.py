"""The XML dialplan and the expansion of what applications are told."""

import asyncio
from xml.etree import ElementTree

import pytest

from embedded_switch.dialplan import route
from embedded_switch.expand import expand


def routed(inner, **fields):
    context = ElementTree.fromstring(f'<context name="c">{inner}</context>')
    actions = asyncio.run(route([context], "c", fields.get))
    return actions and [(action.application, action.data) for action in actions]


def extension(conditions, extra=""):
    return f'<extension name="e"{extra}>{conditions}</extension>'


def condition(expression, actions, extra=""):
    return f'<condition field="destination_number" expression="{expression}"{extra}>{actions}</condition>'


LOG = '<action application="log" data="{}"/>'


def test_the_first_extension_that_matches_is_taken():
    inner = extension(condition("^1$", LOG.format("one"))) + extension(condition("^.$", LOG.format("any")))
    assert routed(inner, destination_number="1") == [("log", "one")]
    assert routed(inner, destination_number="2") == [("log", "any")]
    assert routed(inner, destination_number="22") == []


def test_captures_enter_the_data():
    inner = extension(condition(r"^(\d)(\d*)$", LOG.format("$1 then ${2}")))
    assert routed(inner, destination_number="123") == [("log", "1 then 23")]


def test_continue_goes_on_to_the_next_extension():
    inner = extension(condition("1", LOG.format("a")), ' continue="true"') + extension(condition("1", LOG.format("b")))
    assert routed(inner, destination_number="1") == [("log", "a"), ("log", "b")]


def test_anti_actions_are_for_what_did_not_match():
    inner = extension(condition("1", LOG.format("yes") + '<anti-action application="log" data="no"/>'))
    assert routed(inner, destination_number="2") == [("log", "no")]


def test_all_conditions_must_hold():
    inner = extension(condition("1", LOG.format("a")) + '<condition field="${x}" expression="^y$"/>')
    assert routed(inner, destination_number="1", x="y") == [("log", "a")]


def test_an_unknown_context_is_told_from_no_match():
    assert asyncio.run(route([], "c", {}.get)) is None


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("${a}-${b}", "1-"),
        ("$${a}", "1"),
        ("${long:2}", "cdef"),
        ("${long:0:2}", "ab"),
        ("${long:-2}", "ef"),
        ("${${name}}", "1"),
        (r"\${a}", "${a}"),
        ("${echo(${a} two)}", "<echo 1 two>"),
        ("open ${a", "open ${a"),
    ],
)
def test_variables_and_commands_are_expanded(text, expanded):
    async def run(command, arguments):
        return f"<{command} {arguments}>"

    assert asyncio.run(expand(text, {"a": "1", "long": "abcdef", "name": "a"}.get, run)) == expanded
