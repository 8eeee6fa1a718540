"""Which hosts a foreign system may send us to."""

from ipaddress import ip_address
from urllib.parse import SplitResult

PUBLIC_SUFFIXES_OF_TWO = frozenset({"com.br", "co.uk", "com.tr", "com.ua"})


def may_move(here: SplitResult, there: SplitResult) -> bool:
    """Say whether a renamed portal may be followed: same kind of transport, same operator's domain.

    `old.bitrix24.ru` may become `new.bitrix24.ru`; nothing may leave https, carry credentials or name an address
    (but for another name of this very machine).
    """
    if there.scheme != here.scheme or not there.hostname or there.username or there.password:
        return False
    if _is_this_machine(here.hostname or "") and _is_this_machine(there.hostname):
        return True
    if _is_address(there.hostname):
        return False
    ours, theirs = _operator(here.hostname or ""), _operator(there.hostname)
    return bool(ours) and ours == theirs


def _operator(host: str) -> str:
    """Return what stands behind the first label: `bitrix24.ru`; empty when that is no domain of somebody's own."""
    domain = host.rstrip(".").lower().partition(".")[2]
    return domain if "." in domain and domain not in PUBLIC_SUFFIXES_OF_TWO else ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_this_machine(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)
