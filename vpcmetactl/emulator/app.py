"""The emulator as a WSGI application: no sockets, no globals, no state but its world's.

A request is routed, struck by a fault or the rate limit if one is due, guarded, answered, logged.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from vpcmetactl.emulator import control
from vpcmetactl.emulator.delivery import ENVIRON_KEY, Damage, Delivery, needs_a_server
from vpcmetactl.emulator.effects import error_answer, replacement_answer
from vpcmetactl.emulator.faults import (
    Effect,
    Fault,
    FaultPlan,
    RateLimit,
    Status,
    TokenBuckets,
    effect_name,
)
from vpcmetactl.emulator.guest import routes as guest
from vpcmetactl.emulator.iam import routes as iam
from vpcmetactl.emulator.iam import trust_routes
from vpcmetactl.emulator.request_log import RequestLog, RequestRecord, redacted
from vpcmetactl.emulator.routing import Call, Refusal, Route, Service, page_not_found
from vpcmetactl.emulator.search import routes as search
from vpcmetactl.emulator.vpc import routes as vpc
from vpcmetactl.emulator.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """What the router finds. `operation` is None where a fallback answers."""

    service: Service[Any]
    route: Route[Any]
    operation: str | None


class Emulator:
    """Answers what IBM's VPC, IAM and Global Search APIs would, out of one world.

    `latency` (seconds, on every answer), damage in transit and requests without an answer need a
    server that knows of them, as EmulatorServer does: called without one, the first is ignored and
    the others answer 501.
    `rate_limit` holds for each region on its own; a number means requests a second.
    """

    def __init__(
        self,
        world: World,
        *,
        faults: Sequence[Fault] = (),
        latency: float = 0.0,
        rate_limit: RateLimit | float | None = None,
    ) -> None:
        self.world = world
        self.latency = latency
        self.faults = FaultPlan(faults, world.seed)
        self._log = RequestLog()
        limit = RateLimit(rate_limit) if isinstance(rate_limit, int | float) else rate_limit
        self._buckets = None if limit is None else TokenBuckets(limit, world.clock)
        self._control = control.service(self)
        services = (
            vpc.service(world.vpc),
            iam.service(world.iam),
            trust_routes.service(world.trust),
            search.service(world.search),
            guest.service(world.guest),
            self._control,
        )
        self._nowhere = _Endpoint(services[0], _fallback_route(page_not_found), None)
        self._routes = _routes(services)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        response = self._respond(Request(environ))
        response.headers["Date"] = http_date(self.world.now())
        return response(environ, start_response)

    @property
    def requests(self) -> list[RequestRecord]:
        """What was asked so far, in order; calls of the emulator's own control are not kept."""
        return self._log.records()

    def clear_requests(self) -> None:
        """Forget what was asked."""
        self._log.clear()

    def set_faults(self, faults: Sequence[Fault]) -> None:
        """Replace all faults by these; counts begin anew."""
        self.faults.set(faults)

    def reset(self) -> None:
        """Go back to the beginning: the world as described, no requests, fault counts at zero."""
        self.world.reset()
        self._log.clear()
        self.faults.set(self.faults.faults)
        if self._buckets is not None:
            self._buckets = TokenBuckets(self._buckets.limit, self.world.clock)

    def _respond(self, request: Request) -> Response:
        self.world.vpc.catch_up()
        endpoint, arguments = self._match(request)
        if endpoint.service is self._control:
            return _handled(endpoint, self._call(request, endpoint, arguments, 0))
        sequence = self._log.next_sequence()
        call = self._call(request, endpoint, arguments, sequence)
        response, effect = self._answered(endpoint, call)
        self._log.add(
            RequestRecord(
                sequence,
                self.world.now(),
                request.method,
                request.path,
                redacted(request.query_string),
                endpoint.operation,
                arguments.get("region"),
                response.status_code,
                redacted(call.body),
                None if effect is None else effect_name(effect),
            )
        )
        return response

    def _match(self, request: Request) -> tuple[_Endpoint, dict[str, str]]:
        try:
            endpoint, arguments = self._routes.bind_to_environ(request.environ).match()
        except HTTPException:
            return self._nowhere, {}
        return endpoint, dict(arguments)

    def _call(
        self, request: Request, endpoint: _Endpoint, arguments: dict[str, str], sequence: int
    ) -> Call[Any]:
        trace = self.world.ids.uuid(f"trace {sequence}")
        return Call(
            state=endpoint.service.state,
            request=request,
            route=endpoint.route,
            arguments=arguments,
            body=request.get_data(),
            trace=trace,
            request_id=request.headers.get("X-Request-Id") or trace,
        )

    def _answered(self, endpoint: _Endpoint, call: Call[Any]) -> tuple[Response, Effect | None]:
        """Answer a request, and tell what struck it: nothing does that does not reach the API."""
        delivery = self._delivery(call.request)
        try:
            endpoint.service.reach(call)
        except Refusal as refusal:
            return refusal.response(call), None
        effect = self._effect(endpoint, call.arguments.get("region"))
        return _affected(endpoint, call, effect, delivery), effect

    def _effect(self, endpoint: _Endpoint, region: str | None) -> Effect | None:
        if endpoint.operation is None:
            return None
        effect = self.faults.strike(endpoint.operation, region)
        if effect is not None or region is None or self._buckets is None:
            return effect
        return None if self._buckets.take(region) else Status(429, self._buckets.limit.retry_after)

    def _delivery(self, request: Request) -> Delivery | None:
        delivery = request.environ.get(ENVIRON_KEY)
        if not isinstance(delivery, Delivery):
            return None
        delivery.latency = self.latency
        return delivery


def _affected(
    endpoint: _Endpoint, call: Call[Any], effect: Effect | None, delivery: Delivery | None
) -> Response:
    """Answer a request on which an effect may lie."""
    match effect:
        case None:
            return _handled(endpoint, call)
        case Status():
            return error_answer(endpoint.service, call, effect)
        case Damage():
            if delivery is None:
                return needs_a_server()
            delivery.damage = effect
            if effect is Damage.RESET and call.request.method != "GET":
                return Response(status=503)
            return _handled(endpoint, call)
        case _:
            return replacement_answer(endpoint.service, call, effect)


def _handled(endpoint: _Endpoint, call: Call[Any]) -> Response:
    try:
        if endpoint.operation is not None:
            endpoint.service.guard(call)
        return endpoint.route.handler(call)
    except Refusal as refusal:
        return refusal.response(call)


def _routes(services: Iterable[Service[Any]]) -> Map:
    return Map(
        [rule for service in services for rule in _rules(service)],
        strict_slashes=False,
        redirect_defaults=False,
        merge_slashes=False,
    )


def _rules(service: Service[Any]) -> list[Rule]:
    rules = [
        Rule(
            f"{service.prefix}{path}",
            methods=[route.method],
            endpoint=_Endpoint(service, route, route.operation),
        )
        for route in service.routes
        for path in (route.path, *route.aliases)
    ]
    return [*rules, *_fallback_rules(service)]


def _fallback_rules(service: Service[Any]) -> Iterator[Rule]:
    endpoint = _Endpoint(service, _fallback_route(service.fallback), None)
    for path, defaults in (("/<path:rest>", None), ("/", {"rest": ""})):
        yield Rule(
            f"{service.prefix}{path}",
            defaults=defaults,
            methods=list(_METHODS),
            endpoint=endpoint,
        )


def _fallback_route(handler: Callable[[Call[Any]], Response]) -> Route[Any]:
    return Route("", "*", "", handler, "")
