/* The hot path of every reply: no printf but for doubles with many digits. */
#include "base/json_writer.h"

#include "base/calendar.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_INT_CHARS = 20, MAX_DECIMALS = 9 };

static const double POWERS[] = {1e0, 1e1, 1e2, 1e3, 1e4,
                                1e5, 1e6, 1e7, 1e8, 1e9};
static const double MAX_EXACT_INT = 0x1p53;

void piq_json_init(piq_json_writer *w, piq_buf *out)
{
    *w = (piq_json_writer){.out = out};
}

/* What comes before a value: a comma inside an array, nothing after a key. At
 * the top any number of values may follow one another (NDJSON). */
static void begin_value(piq_json_writer *w)
{
    if (w->depth == 0)
        return;
    size_t level = w->depth - 1u;
    if (w->is_object[level]) {
        PIQ_ASSERT(w->after_key);
        w->after_key = false;
        return;
    }
    if (w->has_member[level])
        piq_buf_add_char(w->out, ',');
    w->has_member[level] = true;
}

static void open_level(piq_json_writer *w, bool is_object)
{
    begin_value(w);
    PIQ_ASSERT(w->depth < PIQ_JSON_MAX_DEPTH);
    w->is_object[w->depth] = is_object;
    w->has_member[w->depth] = false;
    w->depth++;
    piq_buf_add_char(w->out, is_object ? '{' : '[');
}

static void close_level(piq_json_writer *w, bool is_object)
{
    PIQ_ASSERT(w->depth > 0 && !w->after_key);
    w->depth--;
    PIQ_ASSERT(w->is_object[w->depth] == is_object);
    piq_buf_add_char(w->out, is_object ? '}' : ']');
}

void piq_json_object(piq_json_writer *w)
{
    open_level(w, true);
}

void piq_json_object_end(piq_json_writer *w)
{
    close_level(w, true);
}

void piq_json_array(piq_json_writer *w)
{
    open_level(w, false);
}

void piq_json_array_end(piq_json_writer *w)
{
    close_level(w, false);
}

/* Bytes that stand for themselves inside a string. */
static bool is_plain(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 0x20 && u < 0x80 && u != '"' && u != '\\';
}

/* One byte below 0x80 that is not plain. */
static void put_escape(piq_buf *out, char c)
{
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"':
        piq_buf_add(out, "\\\"", 2);
        return;
    case '\\':
        piq_buf_add(out, "\\\\", 2);
        return;
    case '\n':
        piq_buf_add(out, "\\n", 2);
        return;
    case '\r':
        piq_buf_add(out, "\\r", 2);
        return;
    case '\t':
        piq_buf_add(out, "\\t", 2);
        return;
    default: {
        char code[] = {'\\', 'u', '0', '0', hex[c >> 4 & 1], hex[c & 15]};
        piq_buf_add(out, code, sizeof code);
    }
    }
}

/* The first byte of s[i..] needs a look; returns how many were dealt with. */
static size_t put_special(piq_buf *out, piq_str s, size_t i)
{
    if ((unsigned char)s.ptr[i] < 0x80) {
        put_escape(out, s.ptr[i]);
        return 1;
    }
    size_t n = piq_utf8_len(s.ptr + i, s.len - i);
    if (n > 0) {
        piq_buf_add(out, s.ptr + i, n);
        return n;
    }
    piq_buf_add(out, "\xEF\xBF\xBD", 3); /* U+FFFD */
    return 1;
}

static void put_string(piq_buf *out, piq_str s)
{
    /* Nearly every string is plain and short: one copy. */
    size_t plain = 0;
    while (plain < s.len && is_plain(s.ptr[plain]))
        plain++;
    char *at = piq_buf_room(out, plain + 2);
    if (!at)
        return;
    at[0] = '"';
    if (plain)
        memcpy(at + 1, s.ptr, plain);
    at[plain + 1] = '"';
    if (plain == s.len) {
        piq_buf_wrote(out, plain + 2);
        return;
    }
    piq_buf_wrote(out, plain + 1);
    for (size_t i = plain; i < s.len;) {
        i += put_special(out, s, i);
        size_t from = i;
        while (i < s.len && is_plain(s.ptr[i]))
            i++;
        piq_buf_add(out, s.ptr + from, i - from);
    }
    piq_buf_add_char(out, '"');
}

void piq_json_key(piq_json_writer *w, const char *key)
{
    PIQ_ASSERT(w->depth > 0 && !w->after_key);
    size_t level = w->depth - 1u;
    PIQ_ASSERT(w->is_object[level]);
    if (w->has_member[level])
        piq_buf_add_char(w->out, ',');
    w->has_member[level] = true;
    put_string(w->out, piq_str_of(key));
    piq_buf_add_char(w->out, ':');
    w->after_key = true;
}

void piq_json_null(piq_json_writer *w)
{
    begin_value(w);
    piq_buf_add(w->out, "null", 4);
}

void piq_json_bool(piq_json_writer *w, bool v)
{
    begin_value(w);
    piq_buf_add_z(w->out, v ? "true" : "false");
}

/* The digits of v, written so that they end at `end`; returns the first. */
static char *digits_before(char *end, uint64_t v)
{
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    return end;
}

static void put_int(piq_buf *out, int64_t v)
{
    char text[MAX_INT_CHARS];
    char *end = text + sizeof text;
    char *at = digits_before(end, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    if (v < 0)
        *--at = '-';
    piq_buf_add(out, at, (size_t)(end - at));
}

/* units / 10^decimals, without trailing zeros; units < 2^53. */
static void put_decimal(piq_buf *out, bool negative, uint64_t units,
                        int decimals)
{
    char text[40];
    char *end = text + sizeof text;
    char *at = end;
    for (; decimals > 0 && units % 10 == 0; decimals--)
        units /= 10;
    for (int i = 0; i < decimals; i++, units /= 10)
        *--at = (char)('0' + units % 10);
    if (decimals > 0)
        *--at = '.';
    at = digits_before(at, units);
    if (negative)
        *--at = '-';
    piq_buf_add(out, at, (size_t)(end - at));
}

/* Few decimals: finds k with v = units / 10^k to the bit. Both are exact in a
 * double, and division rounds correctly, just as whoever reads the decimal
 * does; so the text reads back to v (Clinger 1990, PLDI, section 3). */
static bool put_short_double(piq_buf *out, double v)
{
    double size = fabs(v);
    if (size >= 1e15)
        return false;
    for (int k = 0; k <= MAX_DECIMALS; k++) {
        double scaled = size * POWERS[k];
        if (scaled >= MAX_EXACT_INT)
            return false;
        uint64_t units = (uint64_t)(scaled + .5);
        if ((double)units / POWERS[k] == size) {
            put_decimal(out, v < 0, units, k);
            return true;
        }
    }
    return false;
}

/* The least number of digits that reads back to v. Fifteen always do for a
 * decimal of fifteen or fewer, except for subnormals. */
static void put_long_double(piq_buf *out, double v)
{
    char text[64];
    int n = 0;
    for (int digits = fabs(v) < DBL_MIN ? 1 : DBL_DIG; digits <= 17; digits++) {
        n = snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    /* A locale may have put a comma (or more bytes) for the point. */
    bool after_point = false;
    for (int i = 0; i < n; i++) {
        bool is_point = !strchr("0123456789eE+-", text[i]);
        if (!is_point)
            piq_buf_add_char(out, text[i]);
        else if (!after_point)
            piq_buf_add_char(out, '.');
        after_point = is_point;
    }
}

static void put_double(piq_buf *out, double v)
{
    if (!isfinite(v))
        piq_buf_add(out, "null", 4);
    else if (v == 0 && signbit(v))
        piq_buf_add(out, "-0.0", 4); /* "-0" is read as an integer */
    else if (!put_short_double(out, v))
        put_long_double(out, v);
}

void piq_json_int(piq_json_writer *w, int64_t v)
{
    begin_value(w);
    put_int(w->out, v);
}

void piq_json_double(piq_json_writer *w, double v)
{
    begin_value(w);
    put_double(w->out, v);
}

void piq_json_fixed(piq_json_writer *w, double v, int decimals)
{
    PIQ_ASSERT(decimals >= 0 && decimals <= MAX_DECIMALS);
    begin_value(w);
    double scaled = fabs(v) * POWERS[decimals];
    /* So large that a double has no more decimals than asked for (or NaN). */
    if (!(scaled < MAX_EXACT_INT / 2)) {
        put_double(w->out, v);
        return;
    }
    uint64_t units = (uint64_t)(scaled + .5);
    put_decimal(w->out, v < 0 && units > 0, units, decimals);
}

void piq_json_str(piq_json_writer *w, piq_str s)
{
    begin_value(w);
    put_string(w->out, s);
}

void piq_json_z(piq_json_writer *w, const char *z)
{
    if (z)
        piq_json_str(w, piq_str_of(z));
    else
        piq_json_null(w);
}

void piq_json_time(piq_json_writer *w, int64_t at_us)
{
    char text[32];
    size_t len = piq_time_format(at_us, text);
    piq_json_str(w, (piq_str){text, len});
}

void piq_json_id(piq_json_writer *w, int64_t id)
{
    begin_value(w);
    piq_buf_add_char(w->out, '"');
    put_int(w->out, id);
    piq_buf_add_char(w->out, '"');
}

void piq_json_raw(piq_json_writer *w, piq_str json)
{
    begin_value(w);
    piq_buf_add_str(w->out, json);
}

void piq_json_put_bool(piq_json_writer *w, const char *key, bool v)
{
    piq_json_key(w, key);
    piq_json_bool(w, v);
}

void piq_json_put_int(piq_json_writer *w, const char *key, int64_t v)
{
    piq_json_key(w, key);
    piq_json_int(w, v);
}

void piq_json_put_double(piq_json_writer *w, const char *key, double v)
{
    piq_json_key(w, key);
    piq_json_double(w, v);
}

void piq_json_put_fixed(piq_json_writer *w, const char *key, double v,
                        int decimals)
{
    piq_json_key(w, key);
    piq_json_fixed(w, v, decimals);
}

void piq_json_put_str(piq_json_writer *w, const char *key, piq_str s)
{
    piq_json_key(w, key);
    piq_json_str(w, s);
}

void piq_json_put_z(piq_json_writer *w, const char *key, const char *z)
{
    piq_json_key(w, key);
    piq_json_z(w, z);
}

void piq_json_put_time(piq_json_writer *w, const char *key, int64_t at_us)
{
    piq_json_key(w, key);
    piq_json_time(w, at_us);
}

void piq_json_put_id(piq_json_writer *w, const char *key, int64_t id)
{
    piq_json_key(w, key);
    piq_json_id(w, id);
}
