"""A small OpenAPI 3.1 spec that has one of everything the translator must enforce; tests change copies of it."""

import copy
from typing import Any


def ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def header(name: str, required: bool = False, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": {"type": "string", **schema}}


def query(name: str, explode: bool = True, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "explode": explode, "schema": schema}


def json_answer(name: str) -> dict[str, Any]:
    return {"description": "ok", "content": {"application/json": {"schema": ref("schemas", name)}}}


PROBLEM = {
    "description": "refused",
    "content": {"application/problem+json": {"schema": ref("schemas", "Problem")}},
}
REFUSALS = ("400", "401", "403", "404", "406", "409", "412", "413", "415", "422", "428", "429")
COMMON = [ref("parameters", "RequestId"), ref("parameters", "Deadline")]


def operation(operation_id: str, parameters: list[Any], answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "tags": [more.pop("tag", "Things")],
        "parameters": COMMON + parameters,
        "responses": {**answers, **dict.fromkeys(REFUSALS, PROBLEM), "5XX": {"description": "a cat"}},
        **more,
    }


def body(name: str, kind: str = "application/json") -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": ref("schemas", name)}}}


KEY = header("Idempotency-Key", minLength=1, maxLength=255, pattern="^[!-~]+$")
THING_ID = {"name": "thingId", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 40}}
NOTHING = {"description": "nothing"}

SPEC: dict[str, Any] = {
    "openapi": "3.1.1",
    "info": {"title": "modern", "version": "1"},
    "servers": [{"url": "/v9"}],
    "security": [{"bearer": []}],
    "paths": {
        "/things": {
            "get": operation(
                "listThings",
                [
                    query("limit", type="integer", minimum=1, maximum=200, default=50),
                    query("after", type="string", minLength=1),
                    query("createdAt[gte]", type="string", format="date-time"),
                    query("status", type="array", maxItems=2, items={"type": "string", "enum": ["open", "closed"]}),
                    query("tags", explode=False, type="array", items={"type": "string", "maxLength": 3}),
                ],
                {"200": json_answer("ThingList")},
                **{"x-rate-class": "search"},
            ),
            "post": operation("createThing", [KEY], {"201": json_answer("Thing")}, requestBody=body("ThingParams")),
        },
        "/things/{thingId}": {
            "parameters": [THING_ID],
            "get": operation(
                "getThing",
                [
                    header("If-None-Match", maxLength=400),
                    query("expand", explode=False, type="array", items={"type": "string"}),
                ],
                {"200": json_answer("Thing"), "304": NOTHING},
            ),
            "patch": operation(
                "updateThing",
                [header("If-Match", True, maxLength=400)],
                {"200": json_answer("Thing")},
                requestBody=body("ThingPatch", "application/merge-patch+json"),
            ),
            "delete": operation("deleteThing", [header("If-Match", maxLength=400)], {"204": NOTHING}),
        },
        "/things/{thingId}/payments": {
            "parameters": [THING_ID],
            "post": operation(
                "payThing",
                [{**KEY, "required": True}],
                {"201": json_answer("Thing"), "202": json_answer("UnderWay")},
                requestBody=body("PaymentParams"),
                **{"x-rate-class": "money"},
            ),
        },
        "/cards": {
            "post": operation(
                "createToken", [KEY], {"201": json_answer("Thing")}, requestBody=body("CardParams"), tag="Tokens"
            ),
        },
    },
    "components": {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        "parameters": {
            "RequestId": header("X-Request-ID", minLength=1, maxLength=128, pattern="^[!-~]+$"),
            "Deadline": header("Request-Deadline", minLength=2, maxLength=40),
        },
        "schemas": {
            "Money": {
                "type": "object",
                "required": ["amount", "currency"],
                "additionalProperties": False,
                "properties": {
                    "amount": {"type": "integer", "format": "int64", "exclusiveMinimum": 0},
                    "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                },
            },
            "ThingParams": {
                "type": "object",
                "required": ["name", "price"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "minLength": 1, "maxLength": 20},
                    "price": ref("schemas", "Money"),
                    "kind": {"enum": ["small", "large"]},
                    "note": {"type": ["string", "null"], "maxLength": 5},
                    "parts": {"type": "array", "maxItems": 3, "uniqueItems": True, "items": ref("schemas", "Money")},
                    "metadata": {
                        "type": "object",
                        "maxProperties": 2,
                        "propertyNames": {"maxLength": 4},
                        "additionalProperties": {"type": "string"},
                    },
                    "source": ref("schemas", "Source"),
                    "size": {"anyOf": [{"type": "integer", "multipleOf": 5}, {"type": "null"}]},
                    "createdBy": {"type": "string", "readOnly": True},
                    "password": {"type": "string", "writeOnly": True, "minLength": 8},
                },
            },
            "ThingPatch": {
                "allOf": [{"type": "object", "properties": {"name": {"type": ["string", "null"]}}}],
                "properties": {"note": {"type": "string"}},
                "unevaluatedProperties": False,
            },
            "Source": {
                "oneOf": [ref("schemas", "TokenSource"), ref("schemas", "SavedSource")],
                "discriminator": {"propertyName": "type", "mapping": {"saved": "#/components/schemas/SavedSource"}},
            },
            "TokenSource": {
                "type": "object",
                "required": ["type", "token"],
                "additionalProperties": False,
                "properties": {"type": {"const": "token"}, "token": {"type": "string"}},
            },
            "SavedSource": {
                "type": "object",
                "required": ["type", "id"],
                "properties": {"type": {"type": "string"}, "id": {"type": "integer"}},
            },
            "PaymentParams": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"amount": ref("schemas", "Money")},
            },
            "CardParams": {
                "type": "object",
                "required": ["number", "expiry"],
                "additionalProperties": False,
                "properties": {
                    "number": {"type": "string", "pattern": "^[0-9]{12,19}$"},
                    "expiry": {"type": "string", "pattern": "^[0-9]{2}/[0-9]{2}$"},
                },
            },
            "Thing": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            "ThingList": {"type": "object", "required": ["data"], "properties": {"data": {"type": "array"}}},
            "UnderWay": {"type": "object", "required": ["object"], "properties": {"object": {"type": "string"}}},
            "Problem": {
                "type": "object",
                "required": ["type", "title", "status", "code", "requestId", "retryable", "moneyMoved"],
            },
        },
    },
}


def modern_spec() -> dict[str, Any]:
    return copy.deepcopy(SPEC)
