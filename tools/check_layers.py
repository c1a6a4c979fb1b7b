#!/usr/bin/python3
"""Checks the shape of the source tree; prints what is wrong, one a line.

Usage: check_layers.py [SRC_DIR]

1. Rooms. SRC_DIR/LAYERS has one line a room, `room: rooms it may include`, in
   order: a room may only name rooms above it, which rules out cycles. A file
   belongs to the longest room name that its folder begins with. Only quoted
   includes count; one without a folder is the room `include`.
2. x.c includes x.h, where that exists beside it, before anything else.
3. No file is longer than 800 lines, no function longer than 100. A function is
   what stands between a `{` and a `}` in the first column, its head included:
   clang-format sees to that.
"""
import pathlib
import re
import sys

MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 100
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
NAME = re.compile(r"(\w+)\s*\(")


class Rooms:
    def __init__(self, path):
        self.allowed = {}
        for number, line in enumerate(path.read_text().splitlines(), 1):
            room, _, others = line.split("#")[0].partition(":")
            if not room.strip():
                continue
            others = set(others.split())
            unknown = sorted(others - self.allowed.keys())
            if unknown:
                raise ValueError(f"{path}:{number}: {', '.join(unknown)} "
                                 f"must stand above {room.strip()}")
            self.allowed[room.strip()] = others

    def room_of(self, path):
        folder = path.rpartition("/")[0] or "include"
        while folder and folder not in self.allowed:
            folder = folder.rpartition("/")[0]
        return folder or None

    def may_include(self, room, other):
        return other == room or other in self.allowed[room]


def includes_of(lines):
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found[1] == '"', found[2]


def check_rooms(rooms, name, lines):
    room = rooms.room_of(name)
    if room is None:
        yield f"{name}:1: this folder is not in LAYERS"
        return
    for number, quoted, target in includes_of(lines):
        if quoted and not rooms.may_include(room, rooms.room_of(target)):
            yield f'{name}:{number}: {room} may not include "{target}"'


def check_own_header_first(src, name, lines):
    own = name[:-1] + "h"
    if not name.endswith(".c") or not (src / own).exists():
        return
    first = next(includes_of(lines), None)
    if first is None or first[2] != own:
        number = first[0] if first else 1
        yield f'{name}:{number}: the first include must be "{own}"'


def function_head(lines, brace):
    """The line where the function whose `{` is lines[brace] begins."""
    at = brace
    while at > 0 and lines[at - 1].strip() and lines[at - 1][0] not in "#}/":
        at -= 1
    return at


def check_lengths(name, lines):
    if len(lines) > MAX_FILE_LINES:
        yield f"{name}:{len(lines)}: longer than {MAX_FILE_LINES} lines"
    start = None
    for at, line in enumerate(lines):
        if line == "{":
            start = function_head(lines, at)
        elif line == "}" and start is not None:
            length = at - start + 1
            if length > MAX_FUNCTION_LINES:
                called = NAME.search(" ".join(lines[start:at]))
                yield (f"{name}:{start + 1}: "
                       f"{called[1] if called else 'a function'} has "
                       f"{length} lines, at most {MAX_FUNCTION_LINES}")
            start = None


def main(argv):
    src = pathlib.Path(argv[1] if len(argv) > 1 else "src")
    try:
        rooms = Rooms(src / "LAYERS")
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    complaints = []
    for path in sorted(src.rglob("*.[ch]")):
        name = path.relative_to(src).as_posix()
        lines = path.read_text(encoding="utf-8").splitlines()
        complaints += check_rooms(rooms, name, lines)
        complaints += check_own_header_first(src, name, lines)
        complaints += check_lengths(name, lines)
    for complaint in complaints:
        print(f"{src}/{complaint}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
