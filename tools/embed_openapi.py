#!/usr/bin/python3
"""Turns the API contract into a C source that the library serves as JSON.

Usage: embed_openapi.py api/openapi.yaml OUT.c

OUT.c defines `piq_openapi_json`, the compact UTF-8 JSON followed by a NUL
that is not counted, and `piq_openapi_json_len`.
"""
import json
import pathlib
import sys

import yaml


class ContractLoader(yaml.SafeLoader):
    """Reads YAML as the JSON it stands for: no dates, no repeated keys."""


ContractLoader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules
            if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def mapping_without_repeats(loader, node, deep=False):
    seen = set()
    for key_node, _ in node.value:
        key = str(loader.construct_object(key_node, deep=deep))
        if key in seen:
            line = key_node.start_mark.line + 1
            raise yaml.YAMLError(f"line {line}: {key} is there twice")
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


ContractLoader.add_constructor("tag:yaml.org,2002:map",
                               mapping_without_repeats)


def c_source(data):
    rows = []
    for at in range(0, len(data), 16):
        rows.append("    " + ",".join(str(b) for b in data[at:at + 16]) + ",")
    return "\n".join([
        "/* Generated from api/openapi.yaml by tools/embed_openapi.py. */",
        "#include <stddef.h>",
        "",
        "extern const unsigned char piq_openapi_json[];",
        "extern const size_t piq_openapi_json_len;",
        "",
        "const unsigned char piq_openapi_json[] = {",
        *rows,
        "    0};",
        f"const size_t piq_openapi_json_len = {len(data)};",
        "",
    ])


def main(argv):
    if len(argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        text = pathlib.Path(argv[1]).read_text(encoding="utf-8")
        contract = yaml.load(text, Loader=ContractLoader)
        data = json.dumps(contract, ensure_ascii=False, allow_nan=False,
                          separators=(",", ":")).encode("utf-8")
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        print(f"{argv[1]}: {error}", file=sys.stderr)
        return 1
    out = pathlib.Path(argv[2])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(c_source(data), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
