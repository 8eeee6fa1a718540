"""The Event Socket's listener: accepts connections from where the ACL allows and keeps them."""

import asyncio
from typing import TYPE_CHECKING

from embedded_switch.esl_connection import Connection
from embedded_switch.switch_log import log

if TYPE_CHECKING:
    from embedded_switch.switch import Switch

RUDE = "Access Denied, go away.\n"
BUFFER_BYTES = 10 * 1024 * 1024


class EventSocket:
    """mod_event_socket's inbound mode."""

    def __init__(self, switch: "Switch") -> None:
        self.switch = switch
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen where event_socket.conf says. Raises OSError when the port is taken."""
        conf = self.switch.conf
        self._server = await asyncio.start_server(self._accept, conf.esl_host, conf.esl_port, limit=BUFFER_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        log.debug("Socket up listening on %s:%d", conf.esl_host, self.port)

    async def stop(self) -> None:
        """Close the listener and every connection."""
        if self._server:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=1)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            address = writer.get_extra_info("peername")[0]
            refusing = next((name for name in self.switch.conf.esl_acls if not self._allows(name, address)), None)
            if refusing is not None:
                log.warning('IP %s Rejected by acl "%s"', address, refusing)
                writer.write(f"Content-Type: text/rude-rejection\nContent-Length: {len(RUDE)}\n\n{RUDE}".encode())
            else:
                await Connection(self.switch, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client is gone, or the switch is going
        except Exception:  # noqa: BLE001 - one client must not be missed silently
            log.exception("An Event Socket connection failed")
        finally:
            self._connections.discard(task)
            writer.close()

    def _allows(self, name: str, address: str) -> bool:
        allows = self.switch.conf.acls.get(name)
        return allows is not None and allows(address)
