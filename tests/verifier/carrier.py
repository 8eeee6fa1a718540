"""The conclusions agree with what the carrier did: its SIP answer, who spoke, which key was pressed."""

from collections.abc import Mapping, Sequence

from sipp.log_reader import CarrierCall
from tests.verifier.facts import Attempt, Database
from tests.verifier.findings import Fault, Findings
from tests.verifier.matching import Match
from tests.verifier.strikes import HOOK_S

OF_CODE = {
    486: "busy", 600: "busy", 480: "unreachable", 403: "failed", 603: "rejected", 404: "invalid_number",
    410: "invalid_number", 484: "invalid_number", 500: "failed", 503: "congestion", 487: "no_answer",
}  # fmt: skip
"""Final SIP answer → disposition of a call that was not answered; 487 answers our own CANCEL at the ring time-out."""
OF_ACTION = {
    "interested": "interested", "not_interested": "not_interested", "opt_out": "opted_out",
    "callback": "callback_requested", "transfer": "transferred",
}  # fmt: skip
"""What a key means in the flow → the disposition it decides; `repeat` decides none."""
PRESSED = frozenset(OF_ACTION.values())
WITHOUT_PRESS = frozenset({"no_input", "hung_up", "abandoned"})
"""How a person's call may end in which no key that decides was pressed."""
NOT_PEOPLE = ("machine", "fax")
UNDECIDED = ("silence",)
"""Kinds of which nobody can say whether a person answered."""
UNDER_WAY_S = 0.3
"""A key pressed so shortly before the end may have been on the wire when the switch hung up."""
COMMITTED_WITHIN_S = 3.0
"""A key pressed so long before the switch was killed must have been written down."""
CUT_OFF_AS_MACHINE = frozenset({"machine", "voicemail_left", "fax"})
DECIDED_BY_THE_CALL = PRESSED | CUT_OFF_AS_MACHINE | {"no_input"}
"""Dispositions that no hangup cause brings about: the conversation came to them, and wrote its outcome down."""


def check_calls(matches: Sequence[Match], database: Database, findings: Findings) -> None:
    """Compare each conclusion with its call."""
    for each in matches:
        if each.call is None or each.attempt.disposition is None:
            continue
        keys = database.campaigns[each.attempt.campaign_id].keys
        _check_outcome(each.attempt, findings)
        if not each.call.ended:
            findings.add(Fault.CALL_STILL_UP, f"{each.attempt.phone}, attempt {each.attempt.id}, by the carrier's log")
        if each.call.answered_at is None:
            _check_unanswered(each.attempt, each.call, findings)
        else:
            _count_detector(each.attempt, each.call, findings)
            _check_answered(each.attempt, each.call, keys, findings)


def _check_outcome(attempt: Attempt, findings: Findings) -> None:
    """What the call committed is how it ended, and what only a call can decide was committed."""
    is_decided = attempt.outcome is not None or attempt.disposition in DECIDED_BY_THE_CALL
    if is_decided and attempt.disposition != attempt.outcome:
        findings.add(
            Fault.PRESS_LOST if attempt.outcome in PRESSED else Fault.WRONG_DISPOSITION,
            f"{attempt.phone}, attempt {attempt.id}: {attempt.disposition}, and {attempt.outcome} was committed",
        )


def check_struck_calls(
    matches: Sequence[Match], database: Database, kills: Sequence[float], findings: Findings
) -> None:
    """Of calls that were up when their switch was killed: what had been decided before stays decided."""
    for each in matches:
        attempt, call = each.attempt, each.call
        where = f"{attempt.phone}, attempt {attempt.id}, up when the switch was killed"
        if attempt.outcome in PRESSED and attempt.disposition != attempt.outcome:
            findings.add(Fault.PRESS_LOST, f"{where}: {attempt.disposition}, although {attempt.outcome} was committed")
        if call is None:
            continue
        keys = database.campaigns[attempt.campaign_id].keys
        died_at = min(at for at in kills if at >= call.invited_at - HOOK_S)
        if attempt.disposition not in _possible_when_struck(call, died_at):
            findings.add(Fault.WRONG_DISPOSITION, f"{where}: {attempt.disposition}, and nothing says so")
        heard = "".join(
            digit
            for digit, at in zip(call.digits_sent, call.digit_times, strict=False)
            if at < died_at - COMMITTED_WITHIN_S
        )
        decided = _decided(heard, keys)
        if decided is not None and attempt.disposition != decided:
            findings.add(
                Fault.PRESS_LOST, f"{where}: {attempt.disposition}, although {decided} was pressed long before"
            )
        elif attempt.disposition in PRESSED and attempt.disposition != _decided(call.digits_sent, keys):
            fault = Fault.LEAD_UNOWED if attempt.disposition == "interested" else Fault.WRONG_DISPOSITION
            findings.add(fault, f"{where}: {attempt.disposition}, and nobody pressed a key for that")


def _possible_when_struck(call: CarrierCall, died_at: float) -> frozenset[str | None]:
    """Return how it may end: lost, or what had happened before the kill. Never anything that another rule retries."""
    if call.answered_at is not None:
        return frozenset({"lost", None}) | PRESSED | WITHOUT_PRESS | CUT_OFF_AS_MACHINE
    if call.ended_at is None or call.ended_at > died_at + UNDER_WAY_S:
        return frozenset({"lost", None})
    return frozenset({"lost", None, _expected_unanswered(call)})


def is_machine(call: CarrierCall) -> bool:
    """Whether the carrier played a machine."""
    return call.kind.startswith(NOT_PEOPLE)


def _check_unanswered(attempt: Attempt, call: CarrierCall, findings: Findings) -> None:
    expected = _expected_unanswered(call)
    if attempt.disposition != expected:
        findings.add(
            Fault.WRONG_DISPOSITION,
            f"{attempt.phone}, attempt {attempt.id}, is {attempt.disposition}; "
            f"the carrier ({call.kind}) {call.ended} it with {call.final_code}: {expected}",
        )


def _expected_unanswered(call: CarrierCall) -> str | None:
    return "no_answer" if call.ended == "cancelled" else OF_CODE.get(call.final_code or 0)


def _check_answered(attempt: Attempt, call: CarrierCall, keys: Mapping[str, str], findings: Findings) -> None:
    pressed = _decided(call.digits_sent, keys)
    in_time = _decided(_digits_in_time(call), keys)
    where = f"{attempt.phone}, attempt {attempt.id} ({call.kind}, pressed {call.digits_sent or 'nothing'})"
    if in_time is not None and attempt.disposition != in_time:
        findings.add(Fault.PRESS_LOST, f"{where}: {attempt.disposition} instead of {in_time}")
    elif attempt.disposition in PRESSED and attempt.disposition != pressed:
        fault = Fault.LEAD_UNOWED if attempt.disposition == "interested" else Fault.WRONG_DISPOSITION
        findings.add(fault, f"{where}: {attempt.disposition}, and nobody pressed a key for that")
    elif attempt.disposition not in PRESSED | WITHOUT_PRESS | CUT_OFF_AS_MACHINE:
        findings.add(Fault.WRONG_DISPOSITION, f"{where}: {attempt.disposition}, and the carrier answered it")
    if attempt.answered_at is None:
        findings.add(Fault.WRONG_DISPOSITION, f"{where}: the carrier answered, and the attempt doesn't say when")


def _digits_in_time(call: CarrierCall) -> str:
    """Return the keys that the switch must have heard."""
    if call.ended_at is None or len(call.digit_times) != len(call.digits_sent):
        return call.digits_sent
    sent = zip(call.digits_sent, call.digit_times, strict=True)
    return "".join(digit for digit, at in sent if at < call.ended_at - UNDER_WAY_S)


def _decided(digits: str, keys: Mapping[str, str]) -> str | None:
    """Return the disposition that the first key with a meaning decides."""
    return next((OF_ACTION[keys[digit]] for digit in digits if keys.get(digit) in OF_ACTION), None)


def _count_detector(attempt: Attempt, call: CarrierCall, findings: Findings) -> None:
    """Count whether the detector was right; that it errs now and then is a figure, not a broken promise."""
    if attempt.amd_verdict is None or call.kind.startswith(UNDECIDED):
        return
    findings.amd_heard += 1
    findings.amd_agreed += (attempt.amd_verdict in ("machine", "fax")) == is_machine(call)
