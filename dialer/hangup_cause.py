"""The one table from the switch's hangup causes to dispositions, for calls that were never answered."""

from dialer.outcome import Disposition

UNANSWERED: dict[str, str] = {
    "USER_BUSY": "busy",
    "NO_ANSWER": "no_answer",
    "NO_USER_RESPONSE": "no_answer",
    "ALLOTTED_TIMEOUT": "no_answer",
    "PROGRESS_TIMEOUT": "no_answer",
    "ORIGINATOR_CANCEL": "cancelled",
    "CALL_REJECTED": "rejected",
    "SUBSCRIBER_ABSENT": "unreachable",
    "USER_NOT_REGISTERED": "unreachable",
    "DESTINATION_OUT_OF_ORDER": "failed",
    "NETWORK_OUT_OF_ORDER": "failed",
    "UNALLOCATED_NUMBER": "invalid_number",
    "NO_ROUTE_DESTINATION": "invalid_number",
    "INVALID_NUMBER_FORMAT": "invalid_number",
    "NUMBER_CHANGED": "invalid_number",
    "NORMAL_TEMPORARY_FAILURE": "congestion",
    "NORMAL_CIRCUIT_CONGESTION": "congestion",
    "SWITCH_CONGESTION": "congestion",
    "REQUESTED_CHAN_UNAVAIL": "congestion",
    "GATEWAY_DOWN": "congestion",
    "RECOVERY_ON_TIMER_EXPIRE": "failed",
    "INVALID_GATEWAY": "failed",
    "INCOMPATIBLE_DESTINATION": "failed",
    "BEARERCAPABILITY_NOTAVAIL": "failed",
    "BEARERCAPABILITY_NOTAUTH": "failed",
    "MANDATORY_IE_MISSING": "failed",
    "SERVICE_NOT_IMPLEMENTED": "failed",
    "SERVICE_UNAVAILABLE": "congestion",
    "EXCHANGE_ROUTING_ERROR": "failed",
    "OUTGOING_CALL_BARRED": "failed",
    "FACILITY_REJECTED": "failed",
    "INTERWORKING": "failed",
    "CRASH": "lost",
    "SYSTEM_SHUTDOWN": "lost",
    "MANAGER_REQUEST": "cancelled",
    "NORMAL_CLEARING": "no_answer",
    "NORMAL_UNSPECIFIED": "failed",
}
"""Cause (the switch's spelling) → disposition of a call nobody answered."""

BY_SIP_CODE: dict[int, str] = {
    480: "unreachable",
    603: "rejected",
    404: "invalid_number",
    410: "invalid_number",
    484: "invalid_number",
    486: "busy",
    600: "busy",
    503: "congestion",
}
"""SIP status → disposition; it is finer than the cause (480 and no answer share `NO_USER_RESPONSE`)."""


def disposition_of_unanswered(cause: str, sip_code: int | None) -> Disposition:
    """Say how an unanswered call ended; a cause nobody has met yet is `failed`, never a success."""
    if sip_code is not None and sip_code in BY_SIP_CODE:
        return Disposition(BY_SIP_CODE[sip_code])
    return Disposition(UNANSWERED.get(cause, "failed"))
