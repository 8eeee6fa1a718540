"""Lua scripts of db/lua/*.lua, run inside Redis as one step each."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError

from db.redis_client import answers

SCRIPTS = Path(__file__).parent / "lua"


@cache
def _script(name: str) -> tuple[str, str]:
    text = (SCRIPTS / f"{name}.lua").read_text(encoding="utf-8")
    return text, sha1(text.encode(), usedforsecurity=False).hexdigest()


def run(redis: Redis, name: str, arguments: Sequence[str | int | float]) -> Any:
    """Run db/lua/<name>.lua with `arguments`; raises RedisAway. Keys are spelled in the scripts: no cluster."""
    text, digest = _script(name)
    with answers():
        try:
            return redis.evalsha(digest, 0, *arguments)
        except NoScriptError:
            return redis.eval(text, 0, *arguments)
