"""The routes as an OpenAPI 3.1 document, made of the table and the models.

`python -m emr_nb.server.openapi` prints it: TypeScript's types are generated from it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from emr_nb.server.health import version
from emr_nb.server.models.common import Answer, Failure, Input
from emr_nb.server.operations import PREFIX, Operation
from emr_nb.server.table import OPERATIONS

_REF = "#/components/schemas/{name}"
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def document() -> dict[str, Any]:
    """Return the document, as plain JSON values."""
    models: list[type] = [Failure]
    for operation in OPERATIONS:
        models += [operation.takes, operation.gives]
    kept = [model for model in dict.fromkeys(models) if model not in (Answer, Input)]
    _, schemas = msgspec.json.schema_components(kept, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = paths.setdefault(PREFIX + operation.path, {})
        path[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "emr_nb's server part", "version": version()},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "Authorization"}
            },
        },
        "security": [{"token": []}],
    }


def _operation(operation: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = schemas[operation.takes.__name__]["properties"]
    required = schemas[operation.takes.__name__].get("required", [])
    parts = operation.parts
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [_parameter(name, fields[name], "path", True) for name in parts],
        "responses": _responses(operation),
    }
    others = {name: schema for name, schema in fields.items() if name not in parts}
    if operation.in_query:
        made["parameters"] += [
            _parameter(name, schema, "query", name in required) for name, schema in others.items()
        ]
    elif others:
        body = {
            "type": "object",
            "properties": others,
            "required": [name for name in required if name in others],
            "additionalProperties": False,
        }
        made["requestBody"] = {"content": {"application/json": {"schema": body}}}
    if operation.streams == "upload":
        made["requestBody"] = {"required": True, "content": _BYTES}
    return made


def _parameter(name: str, schema: Any, place: str, required: bool) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _responses(operation: Operation) -> dict[str, Any]:
    failure = {"$ref": _REF.format(name=Failure.__name__)}
    failed = {"description": "an error", "content": {"application/json": {"schema": failure}}}
    if operation.streams == "download":
        given = {"description": "the file's bytes", "content": _BYTES}
        return {"200": given, "206": given, "default": failed}
    schema = {"$ref": _REF.format(name=operation.gives.__name__)}
    given = {"description": "the answer", "content": {"application/json": {"schema": schema}}}
    return {"201" if operation.streams else "200": given, "default": failed}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1) + "\n")
