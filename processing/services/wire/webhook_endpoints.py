"""Endpoints of Standard Webhooks: ours <-> Thrift."""

from collections.abc import Mapping, Sequence

from processing.domain.errors import InvalidRequest
from processing.services.wire.times import from_text, to_text
from processing.webhooks import endpoints, public_events
from processing.webhooks.deliveries import Delivery
from processing.webhooks.endpoint_secrets import Sealed
from processing.webhooks.endpoints import Endpoint, NewEndpoint
from processing.webhooks.replays import Scope
from processing.webhooks.standard_signing import public_text, secret_text
from processing.webhooks.standard_webhooks import public_id
from rpc.protocol import webhook_endpoints as protocol

STATUS = protocol.EndpointStatus


def new_endpoint(params: protocol.EndpointParams) -> NewEndpoint:
    """Raises InvalidRequest for types or a version that there are not."""
    if params.payload_version != public_events.API_VERSION:
        raise InvalidRequest([f"Payloads are of version {public_events.API_VERSION}"])
    return NewEndpoint(
        params.id,
        params.party_id,
        params.shop_id,
        params.url,
        _types(params.event_types),
        params.description,
        params.payload_version,
    )


def changed(found: Endpoint, update: protocol.EndpointUpdate) -> Endpoint:
    """The endpoint as it is wanted. Raises InvalidRequest."""
    cleared = [protocol.EndpointField.name_of(number) for number in update.cleared or ()]
    if None in cleared:
        raise InvalidRequest(["EndpointField has a value that is not known here"])
    said = {
        "url": update.url,
        "event_types": None if update.event_types is None else _types(update.event_types),
        "description": update.description,
        "shop_id": update.shop_id,
    }
    given = {name: value for name, value in said.items() if value is not None}
    wanted = found._replace(**{**{name.lower(): None for name in cleared}, **given})
    match update.status:
        case None:
            return wanted
        case STATUS.ENABLED:
            return endpoints.enabled(wanted)
        case STATUS.DISABLED:
            return endpoints.disabled(wanted)
    raise InvalidRequest(["A status is set to ENABLED or DISABLED"])


def replay_scope(scope: protocol.ReplayScope) -> Scope:
    """Raises InvalidRequest for times that are none."""
    begin = scope.from_time and from_text(scope.from_time)
    end = scope.to_time and from_text(scope.to_time)
    return Scope(scope.after or 0, begin, end, scope.only_failed)


def endpoint_to_thrift(
    endpoint: Endpoint, sealed: Sequence[Sealed], waiting: Mapping[int, int], opened: Mapping[int, bytes] | None = None
) -> protocol.Endpoint:
    """`waiting`: hook -> deliveries that wait. `opened`: number of a secret -> the shared key, where it is shown."""
    return protocol.Endpoint(
        id=endpoint.id,
        party_id=endpoint.party_id,
        shop_id=endpoint.shop_id,
        url=endpoint.url,
        event_types=list(endpoint.event_types),
        description=endpoint.description,
        payload_version=endpoint.payload_version,
        status=_status(endpoint),
        disabled_reason=endpoint.disabled_reason,
        created_at=to_text(endpoint.created_at),
        revision=endpoint.revision,
        secrets=[_secret(each, (opened or {}).get(each.number)) for each in sealed],
        health=protocol.EndpointHealth(
            pending=waiting.get(endpoint.hook_id, 0),
            last_success_at=endpoint.last_success_at and to_text(endpoint.last_success_at),
            last_failure_at=endpoint.last_failure_at and to_text(endpoint.last_failure_at),
            last_http_status=endpoint.last_http_status,
            last_error=endpoint.last_error,
            held_until=endpoint.held_until and to_text(endpoint.held_until),
            failing_since=endpoint.failing_since and to_text(endpoint.failing_since),
        ),
    )


def delivery_to_thrift(endpoint_id: str, delivery: Delivery) -> protocol.EndpointDelivery:
    due = delivery.next_attempt_at
    return protocol.EndpointDelivery(
        id=delivery.id,
        endpoint_id=endpoint_id,
        event_id=public_id(delivery.event_id),
        event_type=delivery.event_type,
        status=protocol.EndpointDeliveryStatus.number_of(delivery.status.upper()),
        attempts=[
            protocol.EndpointAttempt(
                at=to_text(attempt.at),
                http_status=attempt.http_status,
                error=attempt.error,
                duration_ms=attempt.duration_ms,
            )
            for attempt in delivery.attempts
        ],
        next_attempt_at=None if due is None else to_text(due),
        trace_id=delivery.trace_id,
        is_test=delivery.event_id < 0,
    )


def _types(wanted: Sequence[str]) -> tuple[str, ...]:
    unknown = [said for said in wanted if not public_events.is_known(said)]
    if unknown:
        raise InvalidRequest([f"There are no events of type {said}" for said in unknown])
    if not wanted:
        raise InvalidRequest(["An endpoint is told of at least one type of events"])
    return tuple(dict.fromkeys(wanted))


def _status(endpoint: Endpoint) -> int:
    if not endpoint.is_enabled:
        return STATUS.DISABLED
    return STATUS.ENABLED if endpoint.failing_since is None else STATUS.FAILING


def _secret(sealed: Sealed, shared: bytes | None) -> protocol.EndpointSecret:
    return protocol.EndpointSecret(
        number=sealed.number,
        created_at=to_text(sealed.created_at),
        expires_at=sealed.expires_at and to_text(sealed.expires_at),
        public_key=public_text(sealed.public_key),
        secret=None if shared is None else secret_text(shared),
    )
