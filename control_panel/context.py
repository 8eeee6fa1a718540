"""What a view reaches for: the process's panel object, from the application that serves the request."""

from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from control_panel.app import Panel
    from dialer.settings import Settings


def panel() -> "Panel":
    """Return the panel's shared objects."""
    found: Panel = current_app.extensions["panel"]
    return found


def settings() -> "Settings":
    """Return the process's settings."""
    return panel().settings
