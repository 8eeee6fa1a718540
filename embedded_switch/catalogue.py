"""All applications and API commands: importing this module enters them."""

from embedded_switch import api_calls, api_sofia, api_system, api_text, app_bridge, app_call, app_digits, app_media
from embedded_switch.registry import APPLICATIONS, COMMANDS

__all__ = [
    "APPLICATIONS",
    "COMMANDS",
    "api_calls",
    "api_sofia",
    "api_system",
    "api_text",
    "app_bridge",
    "app_call",
    "app_digits",
    "app_media",
]
