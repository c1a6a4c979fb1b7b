#!/bin/sh
# What `make install` puts down is enough to build and run a program with the
# library, and the library exports the functions of piq.h and nothing else.
set -u
unset MAKEFLAGS MAKELEVEL MFLAGS
passed=0
failed=0

check() { # check NAME COMMAND...
    name=$1
    shift
    if "$@" >"$dir/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok: $name"
        cat "$dir/log"
    fi
}

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
root=$dir/prefix
cc=${CC:-gcc}

exports_are_the_headers() {
    sed -n 's/^[a-z].*[ *]\(piq_[a-z_]*\)(.*/\1/p' "$root/include/piq.h" |
        sort >"$dir/want"
    nm -D --defined-only "$root/lib/libpiq.so" |
        sed -n 's/.* T \(piq_[a-z_]*\).*/\1/p' | sort >"$dir/got"
    others=$(nm -D --defined-only "$root/lib/libpiq.so" |
        grep -v ' A PIQ_0$' | grep -cv ' T piq_')
    test -s "$dir/want" && diff "$dir/want" "$dir/got" && test "$others" = 0
}

header_stands_alone() {
    printf '#include <piq.h>\nint unused;\n' >"$dir/alone.c"
    "$cc" -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$root/include" \
        -fsyntax-only "$dir/alone.c"
}

program_builds_with() { # program_builds_with OUT PKG_CONFIG_FLAGS
    # pkg-config's answer is a list of words.
    "$cc" -std=c17 "$dir/embed.c" -o "$1" $(PKG_CONFIG_PATH=$root/lib/pkgconfig \
        pkg-config $2 --cflags --libs piq)
}

cat >"$dir/embed.c" <<'END'
#include <piq.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    piq *engine = NULL;
    piq_err err;
    piq_reply reply;
    if (strcmp(piq_version(), PIQ_VERSION) != 0)
        return 1;
    if (piq_open("/nowhere/at/all.db", NULL, &engine, &err) == PIQ_OK)
        return 2;
    if (!err.message[0] || engine)
        return 3;
    if (argc < 2 || piq_open(argv[1], NULL, &engine, &err) != PIQ_OK)
        return fprintf(stderr, "%s\n", err.message), 4;
    if (piq_call(engine, "GET", "/healthz", NULL, 0, &reply) != PIQ_OK)
        return 5;
    int status = reply.status;
    piq_reply_free(&reply);
    piq_close(engine);
    return status == 200 ? 0 : 6;
}
END

check "make install" make install PREFIX="$root" DESTDIR=
check "exports" exports_are_the_headers
check "header alone" header_stands_alone
check "man page" test -s "$root/share/man/man1/piq.1"
check "installed program" "$root/bin/piq" version
check "builds on the shared library" program_builds_with "$dir/shared" ""
check "runs on the shared library" \
    env LD_LIBRARY_PATH="$root/lib" "$dir/shared" "$dir/a.db"
rm -f "$root"/lib/libpiq.so*
check "builds on the archive" program_builds_with "$dir/static" "--static"
check "runs on the archive" "$dir/static" "$dir/b.db"

echo "$passed passed, $failed failed, 0 skipped"
test "$failed" = 0
