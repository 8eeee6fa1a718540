"""Failures of the private stack; each docstring is its message and says what to do next."""


class StackError(Exception):
    """A part of the private stack could not be started or did not become ready: read the named log."""


class ProgramMissing(StackError):
    """A program that the stack needs is not installed: run `make setup`, which installs it and says why."""
