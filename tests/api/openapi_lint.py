#!/usr/bin/python3
"""Checks api/openapi.yaml by itself: is the contract whole and strict?

Usage: openapi_lint.py [FILE]

Every reference leads somewhere, every operation says how it can fail, every
request and reply has an example that is valid, and no object admits members
that are not named. The last is tried out too: each object of each example gets
a member more, which must be refused. In the end the document is spoilt in a
few ways that the checks must notice.

One line a check; the last line is "N passed, N failed".
"""
import copy
import datetime
import math
import pathlib
import re
import sys
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

import jsonschema  # noqa: E402
import yaml  # noqa: E402
from embed_openapi import ContractLoader  # noqa: E402

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
PROBLEM = "application/problem+json"
# These answer without a store behind them.
STATELESS = {"/healthz", "/metrics", "/api/openapi.json", "/api/caller", "/",
             "/session",
             "/xapi/about"}
# What is told there is no state with a version.
NO_STATE = {"/api/users/{userId}/stream",
            "/api/users/{userId}", "/api/users/{userId}/export",
            "/api/users/{userId}/audit"}
SCOPES = {"events:write", "profile:read", "recommendations:read",
          "catalogue:write", "admin"}
ROLES = ["platform", "learner", "coach"]
ROUTES = {
    "/api/users/{userId}/profile": {"get", "put"},
    "/api/users/{userId}/profile/analyze": {"post"},
    "/api/users/{userId}/recommendations": {"get"},
    "/api/users/{userId}/recommendations/{recommendationId}/feedback":
        {"post"},
    "/api/users/{userId}/learning-path": {"get"},
    "/api/users/{userId}/learning-path/update": {"put"},
    "/api/users/{userId}/learning-path/controls": {"post"},
    "/api/users/{userId}/reviews": {"get"},
    "/api/users/{userId}/progress-analytics": {"get"},
    "/api/users/{userId}/skill-predictions": {"get"},
    "/api/users/{userId}/answer-prediction": {"get"},
    "/api/users/{userId}/goals": {"post"},
    "/api/users/{userId}/events": {"get", "post"},
    "/api/users/{userId}/stream": {"get"},
    "/api/users/{userId}/recommendations/history": {"get"},
    "/api/users": {"get"},
    "/api/coaches/{coach}/learners": {"get"},
    "/api/events": {"post"},
    "/api/catalogue": {"get"},
    "/api/users/{userId}/recommendations/why-not": {"get"},
    "/api/users/{userId}/recommendations/{recommendationId}/explanation":
        {"get"},
    "/api/rules": {"get", "put"},
    "/api/experiments": {"get", "post"},
    "/api/experiments/{name}": {"get"},
    "/api/experiments/{name}/stop": {"post"},
    "/api/users/{userId}": {"delete"},
    "/api/users/{userId}/export": {"get"},
    "/api/users/{userId}/profiling": {"get", "put"},
    "/api/users/{userId}/audit": {"get"},
    "/api/rules/versions": {"get"},
    "/api/webhooks": {"get", "post"},
    "/api/webhooks/{webhookId}": {"delete"},
    "/api/webhooks/{webhookId}/revive": {"post"},
    "/api/caller": {"get"},
    "/": {"get"},
    "/session": {"get", "delete"},
    "/xapi/statements": {"post", "put", "get"},
    "/xapi/about": {"get"},
    "/healthz": {"get"},
    "/readyz": {"get"},
    "/metrics": {"get"},
    "/api/openapi.json": {"get"},
}

DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d{1,9})?"
                       r"([Zz]|[+-]\d\d:\d\d)")
FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date", raises=ValueError)
def is_date(value):
    if isinstance(value, str):
        datetime.date.fromisoformat(value)
    return True


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value):
    if not isinstance(value, str):
        return True
    found = DATE_TIME.fullmatch(value)
    if found:
        datetime.datetime.fromisoformat(f"{found[1]} {found[2]}")
    return bool(found)


# ---- walking the document --------------------------------------------------

def pointer_of(path):
    return "/" + "/".join(str(p).replace("~", "~0").replace("/", "~1")
                          for p in path)


def walk(value, path=()):
    """Every value with its path, parents first."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, path + (key,))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from walk(inner, path + (at,))


def resolve(doc, value):
    """Follows $ref; KeyError when it leads nowhere."""
    while isinstance(value, dict) and "$ref" in value:
        ref = value["$ref"]
        if not ref.startswith("#/"):
            raise KeyError(ref)
        value = doc
        for part in ref[2:].split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            value = value[part]
    return value


def operations(doc):
    for path, item in doc["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def parameters(doc, path, operation):
    shared = doc["paths"][path].get("parameters", [])
    return [resolve(doc, p) for p in shared + operation.get("parameters", [])]


def media_types(doc):
    """(where, media type name, media type), of requests and replies."""
    for path, method, op in operations(doc):
        where = f"{method.upper()} {path}"
        body = resolve(doc, op.get("requestBody", {}))
        for name, media in body.get("content", {}).items():
            yield f"{where} request", name, media
        for status, response in op["responses"].items():
            content = resolve(doc, response).get("content", {})
            for name, media in content.items():
                yield f"{where} {status}", name, media


def examples_of(media):
    if "example" in media:
        yield media["example"]
    for example in media.get("examples", {}).values():
        yield example["value"]


def schemas(doc):
    """Every schema with its path, nested ones too."""
    seeds = []
    for path, value in walk(doc):
        if not path or "example" in path or "examples" in path:
            continue
        if path[-1] in ("schema", "x-line-schema"):
            seeds.append((path, value))
    for name, value in doc["components"]["schemas"].items():
        seeds.append((("components", "schemas", name), value))
    while seeds:
        path, schema = seeds.pop()
        if not isinstance(schema, dict):
            continue
        yield path, schema
        for key in ("properties", "patternProperties"):
            for name, inner in schema.get(key, {}).items():
                seeds.append((path + (key, name), inner))
        for key in ("allOf", "anyOf", "oneOf", "prefixItems"):
            for at, inner in enumerate(schema.get(key, [])):
                seeds.append((path + (key, at), inner))
        for key in ("items", "additionalProperties", "propertyNames", "not"):
            if isinstance(schema.get(key), dict):
                seeds.append((path + (key,), schema[key]))


def validator(doc, schema):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        resolver = jsonschema.RefResolver("", doc)
    return jsonschema.Draft202012Validator(schema, resolver=resolver,
                                           format_checker=FORMATS)


def errors(doc, schema, value):
    try:
        found = sorted(validator(doc, schema).iter_errors(value), key=str)
    except jsonschema.exceptions.UnknownType as e:
        return [f"the schema has a type that is none: {e.type}"]
    return [f"{pointer_of(e.absolute_path)}: {e.message[:160]}"
            for e in found]


# ---- the checks: each yields what is wrong ---------------------------------

def check_head(doc):
    if doc.get("openapi") != "3.1.0":
        yield "openapi is not 3.1.0"
    version = re.search(r'PIQ_VERSION "(.*)"',
                        (ROOT / "include/piq.h").read_text())[1]
    if doc["info"]["version"] != version:
        yield f"info.version is not {version}, as in include/piq.h"


def check_references(doc):
    used = set()
    for path, value in walk(doc):
        if not isinstance(value, dict) or "$ref" not in value:
            continue
        used.add(value["$ref"])
        try:
            resolve(doc, value)
        except (KeyError, TypeError):
            yield f"{pointer_of(path)}: {value['$ref']} leads nowhere"
    used |= {f"#/components/securitySchemes/{name}"
             for way in doc.get("security", []) for name in way}
    for kind, things in doc["components"].items():
        for name in things:
            if f"#/components/{kind}/{name}" not in used:
                yield f"components.{kind}.{name} is never used"


def check_routes(doc):
    here = {}
    for path, method, _ in operations(doc):
        here.setdefault(path, set()).add(method)
    for path in here.keys() | ROUTES.keys():
        if here.get(path) != ROUTES.get(path):
            yield f"{path}: {here.get(path)}, not {ROUTES.get(path)}"


def check_operations(doc):
    ids = [op.get("operationId") for _, _, op in operations(doc)]
    tags = {t["name"] for t in doc["tags"]}
    for path, method, op in operations(doc):
        where = f"{method.upper()} {path}"
        if not op.get("operationId") or ids.count(op["operationId"]) > 1:
            yield f"{where}: operationId missing or not unique"
        if not op.get("summary") or not set(op.get("tags", [])) & tags:
            yield f"{where}: summary or known tag missing"
        named = {p["name"] for p in parameters(doc, path, op)
                 if p["in"] == "path"}
        if named != set(re.findall(r"{(\w+)}", path)):
            yield f"{where}: path parameters are {sorted(named)}"
    for path, value in walk(doc["components"]["responses"]):
        if len(path) == 1 and not value.get("description"):
            yield f"response {path[0]} has no description"


def expected_failures(doc, path, op):
    wanted = {"405"}
    params = parameters(doc, path, op)
    changes = "requestBody" in op
    if path not in STATELESS:
        wanted.add("503")
    if path not in STATELESS and path != "/readyz":
        wanted |= {"400", "500"}
    if changes:
        wanted |= {"400", "413", "415"}
    if any(p["name"] == "If-Match" for p in params):
        wanted.add("412")
    if any(p["name"] == "userId" for p in params):
        wanted.add("404")
    if op.get("security") != []:
        wanted |= {"401", "429"}
        if op["x-scope"] != ["any"]:
            wanted.add("403")
    return wanted


def check_access(doc):
    """Who may call what is said, and said once."""
    for path, method, op in operations(doc):
        where = f"{method.upper()} {path}"
        scopes, roles = op.get("x-scope"), op.get("x-roles")
        if scopes is None or roles is None:
            yield f"{where}: x-scope or x-roles missing"
            continue
        if (op.get("security") == []) != (scopes == []) or \
                (scopes == []) != (roles == []):
            yield f"{where}: open or not?"
        if scopes != ["any"] and not set(scopes) <= SCOPES:
            yield f"{where}: x-scope is {scopes}"
        if roles != [r for r in ROLES if r in roles]:
            yield f"{where}: x-roles are {roles}"
        if "coach" in roles and method not in ("get",) and \
                scopes != ["any"]:
            yield f"{where}: a coach only reads"
        if op.get("x-installation") and roles != ["platform"]:
            yield f"{where}: the installation's, but not its keys' alone"


def check_failures(doc):
    for path, method, op in operations(doc):
        where = f"{method.upper()} {path}"
        given = set(op["responses"])
        if not any(s[0] in "23" for s in given):
            yield f"{where}: no reply for success"
        for status in sorted(expected_failures(doc, path, op) - given):
            yield f"{where}: no {status}"
        for status in given:
            content = resolve(doc, op["responses"][status]).get("content", {})
            if status[0] in "45" and list(content) != [PROBLEM]:
                yield f"{where} {status}: not {PROBLEM} alone"
            if status[0] in "45" and any(
                    resolve(doc, m["schema"]) is not
                    doc["components"]["schemas"]["Problem"]
                    for m in content.values()):
                yield f"{where} {status}: not a Problem"
            for _, _, example in failure_examples(doc, op, status):
                if str(example["status"]) != status:
                    yield f"{where} {status}: example says another status"


def failure_examples(doc, op, status):
    if status[0] not in "45":
        return
    response = resolve(doc, op["responses"][status])
    for name, media in response.get("content", {}).items():
        for example in examples_of(media):
            yield status, name, example


def check_headers(doc):
    for path, method, op in operations(doc):
        where = f"{method.upper()} {path}"
        for status, response in op["responses"].items():
            headers = resolve(doc, response).get("headers", {})
            want = {"405": "Allow", "503": "Retry-After",
                    "401": "WWW-Authenticate",
                    "429": "Retry-After"}.get(status)
            if status[0] == "2" and "{userId}" in path and \
                    path not in NO_STATE:
                want = "ETag"
            if want and want not in headers:
                yield f"{where} {status}: no header {want}"


def check_parameters(doc):
    for path, method, op in operations(doc):
        where = f"{method.upper()} {path}"
        for p in parameters(doc, path, op):
            if "example" not in p or not p.get("description"):
                yield f"{where} {p['name']}: example or description missing"
                continue
            for e in errors(doc, p["schema"], p["example"]):
                yield f"{where} {p['name']}: example {e}"
            if not is_bounded(doc, p["schema"]):
                yield f"{where} {p['name']}: not bounded"
            if p["in"] == "path" and not p.get("required"):
                yield f"{where} {p['name']}: not required"


def is_bounded(doc, schema):
    """A string has a longest form, a number ends, a list a last place."""
    s = resolve(doc, schema)
    kinds = s.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in s or "const" in s:
        return True
    if "string" in kinds:
        return bool({"maxLength", "format", "pattern"} & s.keys())
    if "array" in kinds:
        return "maxItems" in s
    if {"integer", "number"} & set(kinds):
        low = {"minimum", "exclusiveMinimum"} & s.keys()
        return bool(low) and ("maximum" in s or s.get("format") == "int64")
    return True


def request_schemas(doc):
    """Schemas that a request can reach."""
    todo = [m["schema"] for w, _, m in media_types(doc)
            if w.endswith("request")]
    todo += [m["x-line-schema"] for _, _, m in media_types(doc)
             if "x-line-schema" in m]
    seen = []
    while todo:
        schema = resolve(doc, todo.pop())
        if any(schema is s for s in seen) or not isinstance(schema, dict):
            continue
        seen.append(schema)
        todo += schema.get("properties", {}).values()
        for key in ("allOf", "anyOf", "oneOf"):
            todo += schema.get(key, [])
        todo += [schema[k] for k in ("items", "additionalProperties")
                 if isinstance(schema.get(k), dict)]
    return seen


def check_request_bounds(doc):
    names = {id(s): n for n, s in doc["components"]["schemas"].items()}
    for schema in request_schemas(doc):
        for name, inner in schema.get("properties", {}).items():
            narrowed = name == "type" and schema.get("x-part")
            if not narrowed and not is_bounded(doc, inner):
                yield f"{names.get(id(schema), '?')}.{name} is not bounded"


def check_schemas(doc):
    for path, schema in schemas(doc):
        where = pointer_of(path)
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as e:
            yield f"{where}: {e.message[:160]}"
        named = set(schema.get("properties", {}))
        for member in schema.get("required", []):
            if named and member not in named and "allOf" not in schema:
                yield f"{where}: requires {member}, which it does not name"
        for example in schema.get("examples", []):
            if schema.get("x-part"):
                continue
            for e in errors(doc, schema, example):
                yield f"{where}: example {e}"


def is_object(schema):
    kinds = schema.get("type", [])
    return "object" in ([kinds] if isinstance(kinds, str) else kinds) or \
        "properties" in schema


def check_closed(doc):
    parts = {f"#/components/schemas/{n}"
             for n, s in doc["components"]["schemas"].items()
             if s.get("x-part")}
    for path, schema in schemas(doc):
        where = pointer_of(path)
        closed = schema.get("additionalProperties") is False or \
            schema.get("unevaluatedProperties") is False or \
            isinstance(schema.get("additionalProperties"), dict)
        if is_object(schema) and not closed and \
                not schema.get("x-part") and not schema.get("x-open"):
            yield f"{where}: admits members that are not named"
        if schema.get("additionalProperties") is True and \
                not schema.get("x-open"):
            yield f"{where}: says that it admits anything"
        if schema.get("$ref") in parts and not closes_part(doc, path):
            yield f"{where}: a part stands where nothing closes it"


def closes_part(doc, path):
    """A part may stand only in allOf or oneOf of a closed schema or part."""
    if len(path) < 2 or path[-2] not in ("allOf", "oneOf"):
        return False
    holder = doc
    for step in path[:-2]:
        holder = holder[step]
    return holder.get("unevaluatedProperties") is False or \
        bool(holder.get("x-part"))


def check_examples(doc):
    for where, name, media in media_types(doc):
        values = list(examples_of(media))
        if not values:
            yield f"{where}: no example"
        for value in values:
            for e in errors(doc, media["schema"], value):
                yield f"{where}: {e}"
        if name == "application/x-ndjson":
            for line in "".join(values).splitlines():
                for e in errors(doc, media["x-line-schema"],
                                yaml.safe_load(line)):
                    yield f"{where}: line {e}"


def spoilt(value):
    """Copies of `value`, each with one object that has a member more."""
    for path, inner in list(walk(value)):
        if isinstance(inner, dict):
            other = copy.deepcopy(value)
            at = other
            for step in path:
                at = at[step]
            at["member_that_nobody_named"] = [{"no": "such"}]
            yield path, other


def check_strictness(doc):
    for where, name, media in media_types(doc):
        if name not in ("application/json", PROBLEM) or \
                resolve(doc, media["schema"]).get("x-open"):
            continue
        check = validator(doc, media["schema"])
        for value in examples_of(media):
            for path, other in spoilt(value):
                if check.is_valid(other):
                    yield f"{where}: {pointer_of(path)} admits any member"


# Event types that nobody may post.
ENGINES_OWN = {"memory_fitted"}


def check_event_types(doc):
    """One of each event type is shown, and the reader's words are ours."""
    text = (ROOT / "src/domain/words.c").read_text()
    words = re.search(r"event_types\[.*?\] = \{(.*?)\};", text, re.S)[1]
    words = set(re.findall(r'"(\w+)"', words)) - ENGINES_OWN
    body = doc["components"]["schemas"]["EventBody"]
    mapping = set(body["discriminator"]["mapping"])
    branches = {resolve(doc, b)["properties"]["type"]["const"]
                for b in body["oneOf"]}
    if not words == mapping == branches:
        yield f"types differ: {sorted(words ^ mapping | words ^ branches)}"
    media = doc["paths"]["/api/users/{userId}/events"]["post"]["requestBody"]
    several = media["content"]["application/json"]["examples"]["several"]
    shown = {e["type"] for e in several["value"]}
    if shown != words:
        yield f"not shown: {sorted(words - shown)}"


def check_sums(doc):
    for where, _, media in media_types(doc):
        for value in examples_of(media):
            for path, inner in walk(value):
                if not isinstance(inner, dict) or \
                        "contributions" not in inner:
                    continue
                total = inner["baseline"] + sum(
                    c["contribution"] for c in inner["contributions"])
                if abs(total - inner["score"]) > 1e-6:
                    yield f"{where} {pointer_of(path)}: sums to {total}"
            if isinstance(value, dict) and {"predicted_success",
                                            "why"} <= value.keys():
                total = value["base"]["logit"] + sum(
                    r["logit"] for r in value["why"])
                chance = 1 / (1 + math.exp(-total))
                if abs(chance - value["predicted_success"]) > 1e-6:
                    yield f"{where}: why comes to {chance}"


CHECKS = [check_head, check_references, check_routes, check_operations,
          check_failures, check_access, check_headers, check_parameters,
          check_request_bounds, check_schemas, check_closed, check_examples,
          check_strictness, check_event_types, check_sums]


# ---- do the checks notice? -------------------------------------------------

def spoil(doc, *path, to=None):
    at = doc
    for step in path[:-1]:
        at = at[step]
    if to is None:
        del at[path[-1]]
    else:
        at[path[-1]] = to


EVENTS = ("paths", "/api/users/{userId}/events", "post")
SPOILERS = [
    (check_references, ("components", "responses", "NotFound"), None),
    (check_routes, ("paths", "/readyz"), None),
    (check_operations, EVENTS + ("operationId",), "getProfile"),
    (check_failures, EVENTS + ("responses", "413"), None),
    (check_access, EVENTS + ("x-scope",), None),
    (check_access, ("paths", "/metrics", "get", "security"), []),
    (check_headers, ("components", "responses", "Unavailable", "headers"),
     None),
    (check_parameters, ("components", "parameters", "UserId", "example"),
     "0"),
    (check_request_bounds,
     ("components", "schemas", "Id", "maxLength"), None),
    (check_schemas, ("components", "schemas", "Count", "type"), "whole"),
    (check_closed,
     ("components", "schemas", "Problem", "additionalProperties"), None),
    (check_closed,
     ("components", "schemas", "Event", "unevaluatedProperties"), None),
    (check_examples, EVENTS + ("requestBody", "content", "application/json",
                               "examples", "one", "value", "at"),
     "2026-11-31T10:00:00Z"),
    (check_strictness,
     ("components", "schemas", "Goal", "additionalProperties"), None),
    (check_event_types,
     ("components", "schemas", "Review", "properties", "type", "const"),
     "repeat"),
]


def self_test(doc):
    for check, path, to in SPOILERS:
        other = copy.deepcopy(doc)
        spoil(other, *path, to=to)
        if not next(check(other), None):
            yield f"{check.__name__} does not notice {pointer_of(path)}"


def main(argv):
    path = pathlib.Path(argv[1]) if len(argv) > 1 else \
        ROOT / "api/openapi.yaml"
    passed = failed = 0
    try:
        doc = yaml.load(path.read_text(encoding="utf-8"),
                        Loader=ContractLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        print(f"{path.name}: {error}\n0 passed, 1 failed")
        return 1
    for check in CHECKS + [self_test]:
        findings = list(dict.fromkeys(check(doc)))
        passed += not findings
        failed += bool(findings)
        print(f"{'FAIL' if findings else 'ok  '} {check.__name__}")
        for finding in findings[:20]:
            print(f"     {finding}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
