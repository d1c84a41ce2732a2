"""What a fault puts in place of an answer."""

from typing import Any

from werkzeug.wrappers import Response

from vpcmetactl.emulator.faults import Replacement, Status
from vpcmetactl.emulator.routing import Call, Service

NOWHERE = "http://127.0.0.1:9/moved"
"""Where a redirect leads: the discard port, which answers nobody."""


def error_answer(service: Service[Any], call: Call[Any], status: Status) -> Response:
    """Return an error of the service's own making."""
    response = service.refusal(status.code).response(call)
    if status.retry_after is not None:
        response.headers["Retry-After"] = str(status.retry_after)
    return response


def replacement_answer(
    service: Service[Any], call: Call[Any], replacement: Replacement
) -> Response:
    """Return what comes instead of the operation's answer."""
    match replacement:
        case Replacement.EXPIRED:
            return service.refusal(401).response(call)
        case Replacement.HTML:
            page = "<!DOCTYPE html>\n<html><body><h1>Maintenance</h1></body></html>\n"
            return Response(page, status=200, content_type="text/html; charset=utf-8")
        case Replacement.GARBAGE:
            return Response(b'{"\xff\xfe\x00', status=200, content_type="application/json")
        case Replacement.REDIRECT:
            return Response(status=302, headers={"Location": NOWHERE})
