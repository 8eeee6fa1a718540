"""The one table from the switch's hangup causes and SIP codes to dispositions, for calls that were never answered."""

from dialer.outcome import Disposition

WITHDRAWN = "MANAGER_REQUEST"
"""The cause with which we end a live call by our own decision: its campaign was stopped together with its calls."""

NEVER_RANG = "PROGRESS_TIMEOUT"
"""The cause of a call that the trunk took and never brought to a telephone: no sign of one in all the ring time."""

UNANSWERED: dict[str, Disposition] = {
    "USER_BUSY": Disposition.BUSY,
    "BUSY_EVERYWHERE": Disposition.BUSY,
    "NO_ANSWER": Disposition.NO_ANSWER,
    "NO_PICKUP": Disposition.NO_ANSWER,
    "NORMAL_CLEARING": Disposition.NO_ANSWER,
    "ALLOTTED_TIMEOUT": Disposition.NO_ANSWER,
    "ORIGINATOR_CANCEL": Disposition.CANCELLED,
    WITHDRAWN: Disposition.CANCELLED,
    "SYSTEM_SHUTDOWN": Disposition.CANCELLED,
    "CALL_REJECTED": Disposition.REJECTED,
    "DECLINE": Disposition.REJECTED,
    "REJECT_ALL": Disposition.REJECTED,
    "UNWANTED": Disposition.REJECTED,
    "INCOMING_CALL_BARRED": Disposition.REJECTED,
    "NO_USER_RESPONSE": Disposition.UNREACHABLE,
    "SUBSCRIBER_ABSENT": Disposition.UNREACHABLE,
    "USER_NOT_REGISTERED": Disposition.UNREACHABLE,
    "UNALLOCATED_NUMBER": Disposition.INVALID_NUMBER,
    "NO_ROUTE_DESTINATION": Disposition.INVALID_NUMBER,
    "DOES_NOT_EXIST_ANYWHERE": Disposition.INVALID_NUMBER,
    "INVALID_NUMBER_FORMAT": Disposition.INVALID_NUMBER,
    "NUMBER_CHANGED": Disposition.INVALID_NUMBER,
    "NORMAL_TEMPORARY_FAILURE": Disposition.CONGESTION,
    "NORMAL_CIRCUIT_CONGESTION": Disposition.CONGESTION,
    "SWITCH_CONGESTION": Disposition.CONGESTION,
    "REQUESTED_CHAN_UNAVAIL": Disposition.CONGESTION,
    "GATEWAY_DOWN": Disposition.CONGESTION,
    "SERVICE_UNAVAILABLE": Disposition.CONGESTION,
    "DESTINATION_OUT_OF_ORDER": Disposition.FAILED,
    "NETWORK_OUT_OF_ORDER": Disposition.FAILED,
    "RECOVERY_ON_TIMER_EXPIRE": Disposition.FAILED,
    NEVER_RANG: Disposition.FAILED,
    "INVALID_GATEWAY": Disposition.FAILED,
    "INVALID_PROFILE": Disposition.FAILED,
    "INVALID_URL": Disposition.FAILED,
    "CHAN_NOT_IMPLEMENTED": Disposition.FAILED,
    "INCOMPATIBLE_DESTINATION": Disposition.FAILED,
    "NOT_ACCEPTABLE": Disposition.FAILED,
    "BEARERCAPABILITY_NOTAVAIL": Disposition.FAILED,
    "BEARERCAPABILITY_NOTAUTH": Disposition.FAILED,
    "MANDATORY_IE_MISSING": Disposition.FAILED,
    "SERVICE_NOT_IMPLEMENTED": Disposition.FAILED,
    "EXCHANGE_ROUTING_ERROR": Disposition.FAILED,
    "NO_ROUTE_TRANSIT_NET": Disposition.FAILED,
    "OUTGOING_CALL_BARRED": Disposition.FAILED,
    "FACILITY_REJECTED": Disposition.FAILED,
    "USER_CHALLENGE": Disposition.FAILED,
    "INTERWORKING": Disposition.FAILED,
    "NORMAL_UNSPECIFIED": Disposition.FAILED,
    "CRASH": Disposition.LOST,
    "": Disposition.LOST,
}
"""Cause (the switch's spelling) → disposition of a call nobody answered."""

BY_SIP_CODE: dict[int, Disposition] = {
    401: Disposition.FAILED,  # the switch calls 401, 402, 403 and 407 CALL_REJECTED, but it is the trunk that
    402: Disposition.FAILED,  # refuses us there, not the callee who declines
    403: Disposition.FAILED,
    407: Disposition.FAILED,
    404: Disposition.INVALID_NUMBER,
    410: Disposition.INVALID_NUMBER,
    484: Disposition.INVALID_NUMBER,
    604: Disposition.INVALID_NUMBER,
    480: Disposition.UNREACHABLE,
    486: Disposition.BUSY,
    600: Disposition.BUSY,
    500: Disposition.FAILED,  # shares NORMAL_TEMPORARY_FAILURE with 503, but tells of a fault, not of a full trunk
    503: Disposition.CONGESTION,
    603: Disposition.REJECTED,
    607: Disposition.REJECTED,
    608: Disposition.REJECTED,
}
"""SIP status → disposition, where it says more than the cause that mod_sofia makes of it."""

MORE_THAN_THE_CODE = frozenset(
    {
        "NO_ANSWER",
        "ALLOTTED_TIMEOUT",
        NEVER_RANG,
        "ORIGINATOR_CANCEL",
        WITHDRAWN,
        "SYSTEM_SHUTDOWN",
        "SUBSCRIBER_ABSENT",
    }
)
"""Causes mod_sofia makes of no SIP status but 487: we ended the call, or the network gave a Q.850 reason.
The status that came back with them (a 480 to our CANCEL) then says less."""


def disposition_of_unanswered(cause: str, sip_code: int | None) -> Disposition:
    """Say how an unanswered call ended; a cause nobody has met yet is `failed`, never a success."""
    if cause not in MORE_THAN_THE_CODE and sip_code in BY_SIP_CODE:
        return BY_SIP_CODE[sip_code]
    return UNANSWERED.get(cause, Disposition.FAILED)
