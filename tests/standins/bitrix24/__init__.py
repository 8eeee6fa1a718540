"""A stand-in for Bitrix24's REST with an inbound webhook, as its public documentation describes it."""

from tests.standins.bitrix24.errors import Refused
from tests.standins.bitrix24.faults import Fault, Faults
from tests.standins.bitrix24.portal import Portal
from tests.standins.bitrix24.server import Bitrix24

__all__ = ["Bitrix24", "Fault", "Faults", "Portal", "Refused"]
