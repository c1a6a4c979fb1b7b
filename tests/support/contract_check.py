"""Does a reply keep what api/openapi.yaml promises?

Status, headers, media type, body against its schema, and for problems that
they say the same status as HTTP, the standard phrase and the path.
"""
import re
import json
import sys
import warnings

from daemon import ROOT, strict

warnings.simplefilter("ignore", DeprecationWarning)
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "api"))
sys.path.insert(0, str(ROOT / "tools"))

import openapi_lint  # noqa: E402
import yaml  # noqa: E402
from embed_openapi import ContractLoader  # noqa: E402

PROBLEM = "application/problem+json"
PHRASES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
           404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
           412: "Precondition Failed", 413: "Content Too Large",
           415: "Unsupported Media Type", 422: "Unprocessable Content",
           429: "Too Many Requests",
           431: "Request Header Fields Too Large",
           500: "Internal Server Error", 501: "Not Implemented",
           503: "Service Unavailable"}
# Those that a reply has only when the contract names them for it.
NAMED_HEADERS = ("etag", "allow", "retry-after", "www-authenticate",
                 "set-cookie", "location", "ratelimit")


class Contract:
    def __init__(self):
        text = (ROOT / "api" / "openapi.yaml").read_text(encoding="utf-8")
        self.doc = yaml.load(text, Loader=ContractLoader)
        self.validators = {}
        self.seen = set()  # (method, template, status) that were checked

    def resolve(self, value):
        return openapi_lint.resolve(self.doc, value)

    def validator(self, schema):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            self.validators[key] = openapi_lint.validator(self.doc, schema)
        return self.validators[key]

    def schema_errors(self, schema, value):
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
                for e in self.validator(schema).iter_errors(value)][:5]

    def is_valid(self, schema, value):
        return self.validator(schema).is_valid(value)

    def operations(self):
        """(method, template, operation), method in upper case."""
        for template, item in self.doc["paths"].items():
            for method in openapi_lint.METHODS:
                if method in item:
                    yield method.upper(), template, item[method]

    def request_schema(self, method, template):
        body = self.doc["paths"][template][method.lower()].get("requestBody")
        return body and body["content"].get(
            "application/json", {}).get("schema")

    def request_examples(self, method, template):
        body = self.doc["paths"][template][method.lower()].get("requestBody")
        media = (body or {}).get("content", {}).get("application/json", {})
        return {name: e["value"]
                for name, e in media.get("examples", {}).items()}

    def faults(self, template, reply, method=None):
        """What is wrong with a reply; an empty list when nothing is."""
        method = method or reply.method
        item = self.doc["paths"][template]
        if method.lower() in item:
            known = item[method.lower()]["responses"]
        else:
            known = {"405": {"$ref": "#/components/responses/MethodNotAllowed"}}
        if str(reply.status) not in known:
            return [f"status {reply.status} is not in the contract: {reply}"]
        self.seen.add((method, template, reply.status))
        response = self.resolve(known[str(reply.status)])
        return (self._headers(response, reply) + self._body(response, reply)
                + self._problem(reply))

    def _headers(self, response, reply):
        found = []
        named = response.get("headers", {})
        for name, header in named.items():
            text = reply.headers.get(name.lower())
            schema = self.resolve(self.resolve(header)["schema"])
            if text is None and self.resolve(header).get("required") is False:
                continue
            if text is None:
                found.append(f"no {name} header")
                continue
            value = int(text) if schema["type"] == "integer" else text
            found += self.schema_errors(schema, value)
        for name in NAMED_HEADERS:
            if name in reply.headers and \
                    name not in map(str.lower, named):
                found.append(f"a {name} header that the contract has not")
        for name, value in (("cache-control", "no-store"),
                            ("x-content-type-options", "nosniff")):
            if reply.headers.get(name) != value:
                found.append(f"{name} is {reply.headers.get(name)}")
        if not re.fullmatch("[0-9a-f]{16}",
                            reply.headers.get("x-request-id", "")):
            found.append("no X-Request-Id")
        return found

    def _body(self, response, reply):
        content = response.get("content")
        if content is None:
            return ["a body where none is"] if reply.body else []
        media = reply.headers.get("content-type", "").split(";")[0]
        if media not in content:
            return [f"media type {media!r}, not one of {list(content)}"]
        schema = content[media]["schema"]
        try:
            text = reply.body.decode("utf-8")
            value = strict(text) if media.endswith("json") else text
        except ValueError as error:
            return [f"the body is no {media}: {error}"]
        return self.schema_errors(schema, value)

    @staticmethod
    def _problem(reply):
        if reply.headers.get("content-type") != PROBLEM:
            return [] if reply.status < 400 else ["no problem details"]
        told = reply.json
        found = []
        if told.get("status") != reply.status:
            found.append(f"says status {told.get('status')}")
        if told.get("title") != PHRASES.get(reply.status):
            found.append(f"title {told.get('title')!r}")
        path = reply.path.split("?")[0]
        if reply.status != 413 and told.get("instance") != path:
            found.append(f"instance {told.get('instance')!r}, not {path!r}")
        return found


def point(value, pointer):
    """The value at a JSON pointer; KeyError when it leads nowhere."""
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(token)] if isinstance(value, list) \
                else value[token]
        except (ValueError, IndexError, TypeError) as error:
            raise KeyError(pointer) from error
    return value


