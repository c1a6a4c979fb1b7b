#include "store/postgres/result.h"

#include "store/postgres/call.h"

#include <endian.h>
#include <math.h>

bool piq_pg_is_null(const PGresult *r, int row, int column)
{
    return PQgetisnull(r, row, column) == 1;
}

static uint64_t bits_of(const char *at, int len)
{
    uint64_t v = 0;
    for (int i = 0; i < len && i < 8; i++)
        v = v << 8 | (uint8_t)at[i];
    return v;
}

int64_t piq_pg_get_i64(const PGresult *r, int row, int column)
{
    int len = PQgetlength(r, row, column);
    if (piq_pg_is_null(r, row, column) || len < 1)
        return 0;
    uint64_t v = bits_of(PQgetvalue(r, row, column), len);
    if (PQftype(r, column) == PIQ_PG_TIMESTAMPTZ)
        return piq_pg_time_us((int64_t)v);
    if (len == 4)
        return (int32_t)(uint32_t)v;
    return len == 2 ? (int16_t)(uint16_t)v : (int64_t)v;
}

double piq_pg_get_f64(const PGresult *r, int row, int column)
{
    if (piq_pg_is_null(r, row, column))
        return NAN;
    if (PQgetlength(r, row, column) == 4)
        return (double)piq_pg_get_f32(r, row, column);
    uint64_t bits = bits_of(PQgetvalue(r, row, column), 8);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

float piq_pg_get_f32(const PGresult *r, int row, int column)
{
    if (piq_pg_is_null(r, row, column))
        return NAN;
    if (PQgetlength(r, row, column) != 4)
        return (float)piq_pg_get_f64(r, row, column);
    uint32_t bits = (uint32_t)bits_of(PQgetvalue(r, row, column), 4);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* JSONB on the wire is its version, a byte, and then text. */
piq_str piq_pg_get_bytes(const PGresult *r, int row, int column)
{
    if (piq_pg_is_null(r, row, column))
        return PIQ_STR("");
    piq_str s = {PQgetvalue(r, row, column),
                 (size_t)PQgetlength(r, row, column)};
    if (PQftype(r, column) == PIQ_PG_JSONB && s.len > 0) {
        s.ptr++;
        s.len--;
    }
    return s;
}

/* In place; only shorter. */
static size_t without_blanks(char *s, size_t len)
{
    size_t n = 0;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == ' ' && !quoted)
            continue;
        if (s[i] == '"')
            quoted = !quoted;
        s[n++] = s[i];
        if (quoted && s[i] == '\\' && i + 1 < len)
            s[n++] = s[++i];
    }
    s[n] = '\0';
    return n;
}

bool piq_pg_copy(const PGresult *r, piq_arena *a, int row, int column,
                 piq_str *out)
{
    piq_str s = piq_pg_get_bytes(r, row, column);
    char *ptr = piq_arena_strndup(a, s.ptr, s.len);
    if (ptr == NULL)
        return false;
    if (PQftype(r, column) == PIQ_PG_JSONB)
        s.len = without_blanks(ptr, s.len);
    *out = (piq_str){ptr, s.len};
    return true;
}
