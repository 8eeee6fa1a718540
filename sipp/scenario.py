"""Writes the carrier's one scenario: every INVITE takes the next line of the injected list and jumps where it says.

SIPp reads at most 64 KiB of XML and knows no calls of subroutines, so what all callees share stands once and a
line of the list holds places to jump to: what comes first, how long it rings, and what is said once it is answered.
"""

from collections.abc import Iterable, Iterator
from itertools import cycle, islice
from pathlib import Path

from sipp import xml
from sipp.kinds import KINDS, PACES, By, Kind, Pace
from sipp.timeline import Chunk, chunks, early_capture
from sipp.xml import confirm, do, go_to, log, play, receive, request, respond, respond_with_sdp, within

SCENARIO, KIND_LIST = "carrier.xml", "kinds.csv"
LEAST_LINES = 5000
LARGEST_XML = 65_536
LONGEST_RING_MS = 180_000
LONGEST_CALL_MS = 600_000
"""Nobody stays longer: a caller that forgot the call is hung up on."""

PATIENCE_MS = 32_000
"""SIP's own patience with an answer that does not come (64 × T1)."""

VARIABLES = "whole,number,callee,caller,contact,invite_cseq,kind,text,first,ring,talk,s,us,within,seq"

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="carrier">\n<Global variables="seq"/>'


class Program:
    """The scenario's elements in order; knows the index that each label stands for."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.places: dict[str, int] = {}
        self._messages = 0

    def add(self, *elements: str) -> None:
        """Add messages: sends, receives, nops; each counts one, as SIPp counts them for `jump`."""
        self.parts += elements
        self._messages += len(elements)

    def label(self, name: str) -> None:
        """Mark the next message."""
        self.parts.append(xml.label(name))
        self.places[name] = self._messages

    def landing(self, name: str) -> None:
        """Mark the next message as one that `jump` may reach.

        SIPp goes to the message before it and then on, by that message's own `next` if it has one: so an empty one.
        """
        self.add(do())
        self.label(name)

    def declare(self, element: str) -> None:
        """Add an element that is no message."""
        self.parts.append(element)


def write_scenario(
    folder: Path,
    kinds: Iterable[str],
    order: Iterator[str],
    calls: int | None,
    longest_call_ms: int = LONGEST_CALL_MS,
) -> Path:
    """Write scenario, captures and list of kinds into `folder`; return the scenario's path.

    longest_call_ms: nobody rings or stays on the line longer, so that calls of a caller that died end by themselves.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [KINDS[name] for name in kinds]
    lines = max(LEAST_LINES, 2 * (calls or 0))
    program = Program()
    _opening(program, lines)
    _answer(program, "answer", xml.SDP)
    # A caller listens for tones only where the other side knows no telephone events.
    _answer(program, "answer_without_events", xml.SDP_WITHOUT_EVENTS)
    for kind in chosen:
        for number, pace in enumerate(_paces(kind)):
            _ring(program, kind, number, pace, folder, min(LONGEST_RING_MS, longest_call_ms))
            if kind.answers:
                name = _name(kind, number)
                _talk(program, chunks(kind, pace, folder, name), name, longest_call_ms)
    # Last: an ACK or response ends the repeating only of a message that stands before it in the scenario.
    _endings(program)
    program.declare(f'<Reference variables="{VARIABLES}"/>')
    program.declare("</scenario>\n")
    text = "\n".join([HEAD, *program.parts])
    if len(text.encode()) > LARGEST_XML:
        raise ValueError(f"the scenario of {len(chosen)} kinds is larger than SIPp can read; choose fewer")
    path = folder / SCENARIO
    path.write_text(text, encoding="utf-8")
    # Lines count from 0, and the first call takes line 1.
    listed = ["SEQUENTIAL", ";;;", *_lines(program, islice(order, lines))]
    (folder / KIND_LIST).write_text("\n".join(listed) + "\n", encoding="utf-8")
    return path


def _lines(program: Program, order: Iterable[str]) -> Iterator[str]:
    numbers = {name: cycle(range(len(PACES))) for name in KINDS}
    for name in order:
        kind = KINDS[name]
        block = _name(kind, next(numbers[name]) % len(_paces(kind)))
        first = "ringing" if _rings(kind) else block
        yield f"{name};{program.places[first]};{program.places[block]};{program.places.get(f'{block}_talk', 0)}"


def _opening(program: Program, lines: int) -> None:
    take = (f'<assignstr assign_to="text" value="[field{field} line=&quot;[$seq]&quot;]"/>' for field in (1, 2, 3))
    program.add(
        receive("OPTIONS", attributes=f' optional="true"{go_to("options")}'),
        receive(
            "INVITE",
            actions='<ereg regexp="INVITE sip:([-+*#.A-Za-z0-9_]*)" search_in="msg" assign_to="whole,number"/>'
            '<ereg regexp="sip:[^>;]*" search_in="hdr" header="To:" assign_to="callee"/>'
            '<ereg regexp="&lt;.*" search_in="hdr" header="From:" assign_to="caller"/>'
            '<ereg regexp="sip:([^>]*)" search_in="hdr" header="Contact:" assign_to="whole,contact"/>'
            '<ereg regexp="([0-9]+)" search_in="hdr" header="CSeq:" assign_to="whole,invite_cseq"/>'
            '<add assign_to="seq" value="1"/>'
            '<assignstr assign_to="kind" value="[field0 line=&quot;[$seq]&quot;]"/>'
            f'{next(take)}<todouble assign_to="first" variable="text"/>'
            f'{next(take)}<todouble assign_to="ring" variable="text"/>'
            f'{next(take)}<todouble assign_to="talk" variable="text"/>' + log("invite", "[$number]", "[$kind]"),
        ),
    )
    program.add(
        respond("100 Trying"),
        do(
            f'<test assign_to="within" variable="seq" compare="less_than" value="{lines}"/>',
            attributes=f'{go_to("first")} test="within"',
        ),
        do('<assign assign_to="seq" value="0"/>'),
    )
    program.label("first")
    program.add(do('<jump variable="first"/>'))
    program.landing("ringing")
    program.add(respond("180 Ringing"), do(log("ringing", 180), '<jump variable="ring"/>'))


def _answer(program: Program, name: str, sdp: str) -> None:
    program.label(name)
    program.add(respond_with_sdp("200 OK", xml.RETRANSMITTED, log("answered", 200), sdp))
    program.label(f"{name}_ack")
    program.add(
        _meanwhile("CANCEL", f"{name}_late", "never_acked"),
        # Global: a BYE on the heels of the ACK comes before SIPp has gone on to where it waits for one.
        receive("BYE", attributes=f' optional="global"{go_to("bye")}'),
        receive("ACK"),
        do('<jump variable="talk"/>'),
    )
    # The CANCEL crossed our 200: it is confirmed and changes nothing, the caller sends ACK and BYE.
    program.label(f"{name}_late")
    program.add(confirm(xml.COPIED), do(attributes=go_to(f"{name}_ack")))


def _meanwhile(request_name: str, then: str, otherwise: str) -> str:
    """Let a request come before the message that is waited for next, and bound the wait for both.

    SIPp starts the clock of the first of several messages it may receive, and looks at no other's.
    """
    return receive(request_name, attributes=f' optional="true"{within(PATIENCE_MS, otherwise)}{go_to(then)}')


def _endings(program: Program) -> None:
    program.label("bye")
    program.add(confirm(), do(log("ended", "bye_received", 200), attributes=go_to("end")))
    program.label("hang_up")
    program.add(
        request("BYE", actions=log("ended", "bye_sent", 200)),
        _meanwhile("BYE", "crossed", "end"),
        f'<recv response="200"{go_to("end")}/>',
    )
    program.label("crossed")
    program.add(confirm(), do(attributes=go_to("end")))
    program.label("cancelled")
    program.add(confirm(xml.COPIED), xml.terminated(log("ended", "cancelled", 487)))
    program.label("last_ack")
    program.add(receive("ACK", attributes=within(PATIENCE_MS, "end") + go_to("end")))
    program.label("never_acked")
    program.add(do(log("ended", "never_acknowledged", 200), attributes=go_to("end")))
    program.label("options")
    program.add(respond("200 OK"))
    program.label("end")
    program.add(do())


def _paces(kind: Kind) -> tuple[Pace, ...]:
    return PACES[: kind.variants] if kind.ring_s else PACES[:1]


def _rings(kind: Kind) -> bool:
    return bool(kind.ring_s) and not kind.early


def _name(kind: Kind, number: int) -> str:
    return f"{kind.name}_{number}"


def _ring(program: Program, kind: Kind, number: int, pace: Pace, folder: Path, longest_ms: int) -> None:
    name = _name(kind, number)
    program.landing(name)
    ring_ms = longest_ms if not kind.status else round((kind.ring_s or 0) * pace.factor * 1000)
    if kind.early:
        capture = early_capture(kind, pace, folder, name)
        program.add(respond_with_sdp("183 Session Progress"), do(log("ringing", 183), play(capture)))
    answer = "answer_without_events" if kind.uses_tones else "answer"
    after = answer if kind.answers else f"{name}_no"
    if ring_ms:
        program.add(receive("CANCEL", attributes=within(ring_ms, after) + go_to("cancelled")))
    if not kind.answers:
        status = kind.status or "480 Temporarily Unavailable"
        program.label(f"{name}_no")
        program.add(
            respond(status, xml.RETRANSMITTED + go_to("last_ack"), log("ended", "rejected", int(status[:3]))),
        )


def _talk(program: Program, said: list[Chunk], name: str, longest_ms: int) -> None:
    program.landing(f"{name}_talk")
    for place, chunk in enumerate(said):
        program.label(f"{name}_{place}")
        is_info = chunk.press is not None and chunk.press.by is By.INFO
        pressed = log("digit", chunk.press.digit, chunk.press.by) if chunk.press else ""
        if not is_info and (pressed or chunk.capture):
            program.add(do(pressed, play(chunk.capture)))
        if chunk.press and is_info:
            body = f"Signal={chunk.press.digit}\nDuration=160"
            program.add(
                request("INFO", "Content-Type: application/dtmf-relay", body, pressed + play(chunk.capture)),
                _meanwhile("BYE", "bye", "hang_up"),
                '<recv response="200"/>',
            )
        after = "hang_up" if chunk.hangs_up or chunk.ms is None else f"{name}_{place + 1}"
        ms = longest_ms if chunk.ms is None else chunk.ms
        program.add(receive("BYE", attributes=within(ms, after) + go_to("bye")))
