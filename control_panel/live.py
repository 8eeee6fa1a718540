"""The live stream (server-sent events), and the same picture as JSON for a page that has no stream."""

from flask import Blueprint, Response, jsonify, request

from control_panel.access import needs
from control_panel.context import panel
from control_panel.database import connection
from control_panel.live_hub import TooManyStreams
from control_panel.live_state import read_state
from db.users import UserRole as Role

blueprint = Blueprint("live", __name__)

BUSY_RETRY_S = 15


@blueprint.get("/live/stream")
@needs(Role.VIEWER)
def stream() -> Response:
    """Stream the live picture; 503 when every stream is taken."""
    try:
        events = panel().live.subscribe(request.args.get("campaign", type=int))
    except TooManyStreams:
        return Response(status=503, headers={"Retry-After": str(BUSY_RETRY_S)})
    response = Response(events, mimetype="text/event-stream")
    response.call_on_close(events.close)  # type: ignore[attr-defined]
    response.headers["X-Accel-Buffering"] = "no"
    return response


@blueprint.get("/live/state.json")
@needs(Role.VIEWER)
def state() -> Response:
    """Return the live picture once."""
    campaign_id = request.args.get("campaign", type=int)
    return jsonify(read_state(connection(), [] if campaign_id is None else [campaign_id]) | {"live": False})
