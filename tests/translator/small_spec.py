"""A small Swagger 2.0 spec that has one of everything the translator must enforce; tests change copies of it."""

import copy
from typing import Any

REQUEST_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "required": True,
    "type": "string",
    "minLength": 1,
    "maxLength": 32,
}
DEADLINE = {"name": "X-Request-Deadline", "in": "header", "type": "string", "minLength": 1, "maxLength": 40}
SHOP_ID = {"name": "shopID", "in": "path", "required": True, "type": "string", "minLength": 1, "maxLength": 40}

GENERAL_ERROR = {"schema": {"$ref": "#/definitions/GeneralError"}, "description": "absent"}
LOGIC_ERROR = {"schema": {"$ref": "#/definitions/LogicError"}, "description": "refused"}
EMPTY = {"description": "nothing"}


def operation(operation_id: str, parameters: list[Any], answers: dict[str, Any], tag: str = "Shops") -> dict[str, Any]:
    head = [{"$ref": "#/parameters/requestID"}, {"$ref": "#/parameters/deadline"}]
    failures = {"400": LOGIC_ERROR, "401": EMPTY}
    return {
        "operationId": operation_id,
        "tags": [tag],
        "parameters": head + parameters,
        "responses": {**answers, **failures},
    }


def answer(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/definitions/{name}"}, "description": "ok"}


SPEC: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "small", "version": "1"},
    "basePath": "/v9",
    "consumes": ["application/json; charset=utf-8"],
    "produces": ["application/json; charset=utf-8"],
    "securityDefinitions": {"bearer": {"type": "apiKey", "name": "Authorization", "in": "header"}},
    "security": [{"bearer": []}],
    "parameters": {"requestID": REQUEST_ID, "deadline": DEADLINE, "shopID": SHOP_ID},
    "paths": {
        "/shops": {
            "get": operation(
                "getShops",
                [
                    {
                        "name": "limit",
                        "in": "query",
                        "required": True,
                        "type": "integer",
                        "format": "int32",
                        "minimum": 1,
                        "maximum": 1000,
                    },
                    {"name": "offset", "in": "query", "type": "integer", "minimum": 0},
                    {"name": "status", "in": "query", "type": "string", "enum": ["open", "closed"]},
                    {"name": "fromTime", "in": "query", "type": "string", "format": "date-time"},
                    {"name": "day", "in": "query", "type": "string", "format": "date"},
                    {"name": "payerIP", "in": "query", "type": "string", "format": "ip-address"},
                    {"name": "rate", "in": "query", "type": "number", "minimum": 0, "exclusiveMinimum": True},
                    {"name": "deep", "in": "query", "type": "boolean"},
                    {"name": "geoIDs", "in": "query", "type": "array", "items": {"type": "integer", "format": "int32"}},
                    {
                        "name": "tag",
                        "in": "query",
                        "type": "array",
                        "collectionFormat": "multi",
                        "maxItems": 2,
                        "items": {"type": "string", "minLength": 1},
                    },
                    {"name": "rrn", "in": "query", "type": "string", "pattern": "^[a-zA-Z0-9]{12}$"},
                ],
                {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Shop"}}, "description": "ok"}},
            ),
            "post": operation(
                "createShop",
                [
                    {
                        "name": "shopParams",
                        "in": "body",
                        "required": True,
                        "schema": {"$ref": "#/definitions/ShopParams"},
                    }
                ],
                {"201": answer("Shop"), "409": answer("ConflictError")},
            ),
        },
        "/shops/{shopID}": {
            "get": operation(
                "getShopByID", [{"$ref": "#/parameters/shopID"}], {"200": answer("Shop"), "404": GENERAL_ERROR}
            ),
            "put": operation(
                "updateShop",
                [
                    {"$ref": "#/parameters/shopID"},
                    {"name": "change", "in": "body", "schema": {"$ref": "#/definitions/Tool"}},
                ],
                {"200": answer("Shop"), "404": GENERAL_ERROR},
            ),
            "delete": operation("deleteShop", [{"$ref": "#/parameters/shopID"}], {"204": EMPTY, "404": GENERAL_ERROR}),
        },
        "/shops/{shopID}/suspend": {
            "put": operation("suspendShop", [{"$ref": "#/parameters/shopID"}], {"202": EMPTY, "404": GENERAL_ERROR}),
        },
        "/categories/{categoryID}": {
            "get": operation(
                "getCategoryByRef",
                [{"name": "categoryID", "in": "path", "required": True, "type": "integer", "format": "int32"}],
                {"200": answer("Category"), "404": GENERAL_ERROR},
                tag="Categories",
            ),
        },
        "/tokens": {
            "post": operation(
                "createToken",
                [{"name": "tool", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Tool"}}],
                {"201": answer("Category")},
                tag="Tokens",
            ),
        },
    },
    "definitions": {
        "GeneralError": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}},
        "LogicError": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "enum": ["invalidRequest", "invalidDeadline", "invalidShopID"]},
                "message": {"type": "string"},
            },
        },
        "ConflictError": {
            "type": "object",
            "required": ["externalID"],
            "properties": {"externalID": {"type": "string"}, "id": {"type": "string"}, "message": {"type": "string"}},
        },
        "Category": {
            "type": "object",
            "required": ["categoryID"],
            "properties": {"categoryID": {"type": "integer", "format": "int32"}},
        },
        "Shop": {
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
        },
        "ShopParams": {
            "type": "object",
            "required": ["name", "currency"],
            "properties": {
                "id": {"type": "string", "readOnly": True},
                "externalID": {"type": "string", "minLength": 1, "maxLength": 40},
                "name": {"type": "string", "minLength": 2, "maxLength": 5},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "amount": {"type": "integer", "format": "int64", "minimum": 1},
                "small": {"type": "integer", "format": "int32"},
                "rate": {"type": "number", "maximum": 1, "exclusiveMaximum": True},
                "open": {"type": "boolean"},
                "dueDate": {"type": "string", "format": "date-time"},
                "day": {"type": "string", "format": "date"},
                "email": {"type": "string", "format": "email"},
                "url": {"type": "string", "format": "http-url"},
                "uri": {"type": "string", "format": "uri"},
                "ip": {"type": "string", "format": "ip-address"},
                "phone": {"type": "string", "format": "^\\+\\d{4,15}$"},
                "account": {"type": "string", "pattern": "^\\d{4}$"},
                "holder": {"type": "string", "pattern": "^[A-Za-z\\s]+$"},
                "cart": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"$ref": "#/definitions/Line"}},
                "codes": {"type": "array", "uniqueItems": True, "items": {"type": "integer"}},
                "metadata": {"type": "object"},
                "limits": {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2},
                "closed": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
                "tool": {"$ref": "#/definitions/Tool"},
                "details": {"readOnly": True, "$ref": "#/definitions/Category"},
                "parent": {"$ref": "#/definitions/ShopParams"},
            },
        },
        "Line": {
            "type": "object",
            "required": ["price", "cost"],
            "properties": {
                "price": {"type": "integer", "format": "int64", "minimum": 1},
                "cost": {"type": "integer", "readOnly": True},
                "taxMode": {"$ref": "#/definitions/TaxMode"},
            },
        },
        "TaxMode": {
            "type": "object",
            "discriminator": "type",
            "required": ["type"],
            "properties": {"type": {"type": "string"}},
        },
        "VAT": {
            "allOf": [
                {"$ref": "#/definitions/TaxMode"},
                {
                    "type": "object",
                    "required": ["rate"],
                    "properties": {"rate": {"type": "string", "enum": ["0%", "20%"]}},
                },
            ]
        },
        "Tool": {
            "type": "object",
            "discriminator": "toolType",
            "required": ["toolType"],
            "properties": {"toolType": {"type": "string", "enum": ["Card", "TokenizedCard"]}},
        },
        "Card": {
            "allOf": [
                {"$ref": "#/definitions/Tool"},
                {
                    "type": "object",
                    "required": ["number"],
                    "properties": {"number": {"type": "string", "pattern": "^\\d{4}$"}},
                },
            ]
        },
        "TokenizedCard": {
            "allOf": [
                {"$ref": "#/definitions/Tool"},
                {
                    "type": "object",
                    "discriminator": "provider",
                    "required": ["provider"],
                    "properties": {"provider": {"type": "string"}},
                },
            ]
        },
        "GreenPay": {
            "allOf": [
                {"$ref": "#/definitions/TokenizedCard"},
                {"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}},
            ]
        },
        "BluePay": {
            "allOf": [
                {"$ref": "#/definitions/TokenizedCard"},
                {"type": "object", "required": ["ticket"], "properties": {"ticket": {"type": "integer"}}},
            ]
        },
    },
}


def small_spec() -> dict[str, Any]:
    """A copy to change."""
    return copy.deepcopy(SPEC)
