"""The one reader of the environment: every `DIALER_*` variable, with its unit, default and meaning."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from dialer.errors import SettingsError

PREFIX = "DIALER_"
REQUIRED = object()
SHORTEST_KEY = 32


def _env(default: Any, doc: str) -> Any:
    return field(metadata={"default": default, "doc": doc})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting; the variable's name is `DIALER_` + the field's name in capitals."""

    database_url: str = _env(REQUIRED, "PostgreSQL, as postgresql://user:password@host:port/name")
    redis_url: str = _env(REQUIRED, "Redis, as redis://host:port/0")
    secret_key: str = _env(REQUIRED, "signs the panel's sessions; 32 random characters or more")

    esl_host: str = _env("127.0.0.1", "the switch's Event Socket: address")
    esl_port: int = _env(8021, "the switch's Event Socket: TCP port")
    esl_password: str = _env(REQUIRED, "the switch's Event Socket: password, no default on purpose")
    esl_passwords_dir: str = _env("", "folder with a file for each switch with a password of its own, named like it")

    sip_ip: str = _env("127.0.0.1", "address the switch speaks SIP and RTP on")
    sip_port: int = _env(5080, "UDP port the switch speaks SIP on")
    external_ip: str = _env("", "the switch's address as trunks see it, when behind NAT; empty: sip_ip")
    rtp_start_port: int = _env(16384, "first UDP port for RTP")
    rtp_end_port: int = _env(32767, "last UDP port for RTP")
    gateways_dir: Path = _env(Path("freeswitch/conf/gateways"), "folder of the gateways' XML files")

    sounds_dir: Path = _env(Path("sounds"), "folder of the built-in prompts: <language>/<name>.wav")
    audio_dir: Path = _env(Path("var/audio"), "folder of uploaded audio, shared by panel and switch")
    uploads_dir: Path = _env(Path("var/uploads"), "folder of contact files between their upload and their import")
    recordings_dir: Path = _env(Path("var/recordings"), "folder of whole-call recordings")
    amd_audio_days: int = _env(30, "audio kept with detection's evidence is deleted after so many days")
    tap_dir: Path = _env(Path("/dev/shm/dialer"), "folder of the detection window's audio; in memory")
    spool_dir: Path = _env(Path("var/spool"), "folder that keeps results while PostgreSQL is away")
    spool_quota_mb: int = _env(256, "the spool's size in MiB at which dialing stops")

    postgres_wait_ms: int = _env(300, "longest wait for PostgreSQL inside a call, ms")
    redis_wait_ms: int = _env(100, "longest wait for Redis, ms")
    db_workers: int = _env(6, "database connections of the switch's scripts")

    max_channels: int = _env(100, "channels at once, over all gateways and campaigns")
    max_calls_per_second: float = _env(20.0, "originates per second, over all gateways and campaigns")
    max_calls_per_minute: int = _env(0, "originates in any minute, over all gateways and campaigns; 0: no limit")
    dial_horizon_ms: int = _env(600, "how far ahead the dial loop reserves originates, ms")
    lease_ttl_s: int = _env(60, "a channel lease lives this long without renewal, s")
    stop_wait_s: int = _env(300, "a scheduler told to stop waits this long for live calls to end, s")
    hook_grace_s: float = _env(5.0, "how long the hangup hook is waited for before others conclude, s")
    reconcile_every_s: float = _env(60.0, "how often open attempts are compared with the switch, s")

    bitrix24_webhook_url: str = _env("", "inbound webhook https://portal/rest/user/secret/; secret; empty: leads wait")
    bitrix24_burst: int = _env(50, "the portal's leaky bucket: size, requests")
    bitrix24_rate: float = _env(2.0, "the portal's leaky bucket: drain, requests per second")
    crm_timeout_s: float = _env(10.0, "longest wait for the CRM's answer, s")
    crm_settle_s: float = _env(90.0, "a portal may still carry out a request this long after we gave it up, s")
    product_name: str = _env("voice-dialer", "originatorId in the CRM: who created the lead")

    panel_host: str = _env("127.0.0.1", "address the panel listens on")
    panel_port: int = _env(8080, "TCP port the panel listens on")
    panel_language: str = _env("ru", "language of the panel before a user chooses: ru or en")
    panel_proxies: int = _env(0, "reverse proxies before the panel whose X-Forwarded headers are believed")
    upload_limit_mb: int = _env(200, "largest upload, MiB")
    log_level: str = _env("INFO", "DEBUG, INFO, WARNING or ERROR")


def _parse(name: str, kind: Any, text: str) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise SettingsError(f"{name}={text!r} is no {kind.__name__}: correct it (see .env.example)") from error


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Build Settings from `environ`; raise SettingsError naming every variable that is missing or wrong."""
    values: dict[str, Any] = {}
    missing: list[str] = []
    for item in fields(Settings):
        name = PREFIX + item.name.upper()
        text = environ.get(name)
        default = item.metadata["default"]
        if text or (text == "" and item.type is str and default is not REQUIRED):
            values[item.name] = _parse(name, item.type, text)
        elif default is REQUIRED:
            missing.append(f"{name} ({item.metadata['doc']})")
        else:
            values[item.name] = default
    if missing:
        raise SettingsError("set these environment variables, see .env.example: " + "; ".join(missing))
    if len(values["secret_key"]) < SHORTEST_KEY:
        raise SettingsError(f"{PREFIX}SECRET_KEY is short: give it {SHORTEST_KEY} random characters or more")
    return Settings(**values)


def database_url() -> str:
    """Return DIALER_DATABASE_URL alone: who migrates need not hold the other secrets. Raises SettingsError."""
    name = PREFIX + "DATABASE_URL"
    url = os.environ.get(name)
    if not url:
        raise SettingsError(f"set {name}, see .env.example")
    return url


@cache
def settings() -> Settings:
    """Return the process's settings, read once from the real environment."""
    return read_settings(os.environ)
