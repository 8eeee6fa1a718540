"""Stands in for the module that only a switch has, so that the call scripts can be imported here."""

import sys
import types

switch_module = types.ModuleType("freeswitch")
switch_module.lines = []
switch_module.consoleLog = lambda level, line: switch_module.lines.append((level, line))
switch_module.API = type("API", (), {"executeString": lambda self, line: switch_module.commands.append(line)})
switch_module.commands = []
switch_module.globals = {}
switch_module.setGlobalVariable = switch_module.globals.__setitem__
sys.modules["freeswitch"] = switch_module
