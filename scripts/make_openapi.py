#!/usr/bin/env python3
"""Generates the OpenAPI description of the interface, docs/openapi.json, from the facts in tests/wire: rest-api.md (the
interface of torc 0.23) and additions.md (this server's additions).

usage: scripts/make_openapi.py [--check]    --check: only report whether docs/openapi.json is up to date
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FACTS = [ROOT / "tests" / "wire" / name for name in ("rest-api.md", "additions.md")]
OUTPUT = ROOT / "docs" / "openapi.json"
PREFIX = "/torc-service/v1"
PATH_TYPES = {"user_name": "string", "worker": "string", "status": "JobStatus"}  # others are integers
OPERATION = re.compile(r"- `(GET|POST|PUT|DELETE) (/\S*)` \*\*(\w+)\*\*(?:; (.*))?")
SCHEMA = re.compile(r"- \*\*(\w+)\*\*: (.*)")


def split(text: str) -> list[str]:
    """Splits at commas outside brackets."""
    return [part.strip() for part in re.findall(r"(?:[^,(\[]|\([^)]*\)|\[[^\]]*\])+", text) if part.strip()]


def schema_of(text: str) -> dict:
    text, _, default = text.partition("=")
    options = text.split("|")
    if "null" in options:
        options.remove("null")
        inner = schema_of(options[0])
        inner = {"allOf": [inner]} if "$ref" in inner else inner
        return {**inner, "nullable": True, **default_of(default, inner)}
    if text.startswith("["):
        return {"type": "array", "items": schema_of(text[1:-1])}
    if text.startswith("enum("):
        return {"type": "string", "enum": text[5:-1].split(",")}
    if text == "any":
        return {}
    if text == "integer":
        return {"type": "integer", "format": "int64", **default_of(default, {"type": "integer"})}
    if text == "integer<int32>":
        return {"type": "integer", "format": "int32"}
    if text in ("string", "number", "boolean"):
        return {"type": text, **default_of(default, {"type": text})}
    return {"$ref": f"#/components/schemas/{text}"}


def default_of(text: str, schema: dict) -> dict:
    if not text:
        return {}
    return {"default": text if schema.get("type") == "string" else json.loads(text.lower())}


def field_of(text: str) -> tuple[str, bool, dict]:
    """The name, whether it is required, and the schema of "name?: type"."""
    name, _, kind = text.partition(": ")
    return name.removesuffix("?"), not name.endswith("?"), schema_of(kind)


def object_of(text: str) -> dict:
    if text.startswith("enum("):
        return schema_of(text)
    fields = [field_of(part) for part in split(text)]
    required = [name for name, is_required, _ in fields if is_required]
    schema = {"type": "object", "properties": {name: schema for name, _, schema in fields}}
    return {**schema, "required": required} if required else schema


def content(schema: dict, kind: str = "application/json") -> dict:
    return {"content": {kind: {"schema": schema}}}


def operation_of(path: str, name: str, facts: str) -> dict:
    operation = {"operationId": name, "tags": [path.split("/")[1]]}
    parameters = [{"name": part, "in": "path", "required": True, "schema": schema_of(PATH_TYPES.get(part, "integer"))}
                  for part in re.findall(r"\{(\w+)\}", path)]
    # An error's words are for people; its shape is the same everywhere.
    error = {"description": "The request is refused", **content(schema_of("ErrorResponse"))}
    responses = {"4XX": error}
    for part in (facts or "").split("; "):
        if part.startswith("query: "):
            for field in split(part.removeprefix("query: ")):
                parameter, required, schema = field_of(field)
                parameters.append({"name": parameter, "in": "query", "required": required, "schema": schema})
        elif part.startswith("body "):
            operation["requestBody"] = {"required": True, **content(schema_of(part.removeprefix("body ")))}
        elif part.startswith("→ 200 "):
            answer = part.removeprefix("→ 200 ")
            body = content({"type": "string"}, "text/event-stream") if answer == "stream" else content(schema_of(answer))
            responses["200"] = {"description": "Done", **body}
    return {**operation, "parameters": parameters, "responses": dict(sorted(responses.items()))}


def add_operation(operations: dict, new: dict) -> None:
    """Adds an operation, or further query parameters of a known one."""
    known = operations.setdefault(new["operationId"], new)
    if known is not new:
        known["parameters"] += [p for p in new["parameters"] if p["in"] == "query"]


def add_schema(schemas: dict, name: str, new: dict) -> None:
    known = schemas.setdefault(name, new)
    if known is not new:
        known["properties"].update(new["properties"])
        known["required"] = sorted({*known.get("required", []), *new.get("required", [])})


def facts() -> tuple[list[tuple[str, str, str]], dict, dict]:
    """(method, path, operation ID) of all operations, the operations by ID, and the schemas."""
    routes, operations, schemas = [], {}, {}
    for line in (line for path in FACTS for line in path.read_text().splitlines()):
        if match := OPERATION.fullmatch(line):
            method, path, name, rest = match.groups()
            if name not in operations:
                routes.append((method, path, name))
            add_operation(operations, operation_of(path, name, rest))
        elif match := SCHEMA.fullmatch(line):
            add_schema(schemas, match.group(1), object_of(match.group(2)))
    return routes, operations, schemas


def document() -> dict:
    routes, operations, schemas = facts()
    # The facts declare the error's body as `any`; these are its fields.
    schemas["ErrorResponse"]["properties"]["error"] = object_of("error: string, message: string")
    paths: dict[str, dict] = {}
    for method, path, name in routes:
        paths.setdefault(path, {})[method.lower()] = operations[name]
    return {"openapi": "3.0.3", "info": {"title": "torc", "version": "0.12.0"}, "servers": [{"url": PREFIX}],
            "paths": paths, "components": {"schemas": schemas}}


def main() -> int:
    text = json.dumps(document(), indent=1) + "\n"
    if sys.argv[1:] == ["--check"]:
        if OUTPUT.exists() and OUTPUT.read_text() == text:
            return 0
        print(f"{OUTPUT} is not what its facts say: run scripts/make_openapi.py", file=sys.stderr)
        return 1
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    OUTPUT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
