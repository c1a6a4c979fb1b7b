#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

piq_str piq_str_trim(piq_str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = (piq_str){s.ptr + 1, s.len - 1};
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

int piq_str_cmp(piq_str a, piq_str b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.ptr, b.ptr, shared) : 0;
    if (order)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static bool is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t piq_utf8_len(const char *at, size_t left)
{
    const unsigned char *p = (const unsigned char *)at;
    if (left == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4) /* a tail, an overlong form, too large */
        return 0;
    if (left < 2 || !is_tail(p[1]))
        return 0;
    if (p[0] < 0xE0)
        return 2;
    if (left < 3 || !is_tail(p[2]))
        return 0;
    if (p[0] < 0xF0) {
        bool overlong = p[0] == 0xE0 && p[1] < 0xA0;
        bool surrogate = p[0] == 0xED && p[1] > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (left < 4 || !is_tail(p[3]))
        return 0;
    bool overlong = p[0] == 0xF0 && p[1] < 0x90;
    bool beyond = p[0] == 0xF4 && p[1] > 0x8F;
    return overlong || beyond ? 0 : 4;
}

bool piq_str_is_utf8(piq_str s)
{
    for (size_t i = 0; i < s.len;) {
        size_t n = s.ptr[i] ? piq_utf8_len(s.ptr + i, s.len - i) : 0;
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

void piq_utf8_mend(char *text)
{
    size_t len = strlen(text), kept = 0;
    bool after_mark = false;
    for (size_t i = 0, n; i < len; i += n) {
        n = piq_utf8_len(text + i, len - i);
        if (n > 0) {
            memmove(text + kept, text + i, n);
            kept += n;
        } else if (!after_mark) {
            text[kept++] = '?';
        }
        after_mark = n == 0;
        n = n > 0 ? n : 1;
    }
    text[kept] = '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool piq_str_to_i64(piq_str s, int64_t *out)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == s.len)
        return false;
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t v = 0;
    for (; i < s.len; i++) {
        if (!is_digit(s.ptr[i]))
            return false;
        unsigned digit = (unsigned)(s.ptr[i] - '0');
        if (v > (limit - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    /* -(v - 1) - 1: INT64_MIN has no positive twin. */
    *out = negative && v ? -(int64_t)(v - 1) - 1 : (int64_t)v;
    return true;
}

/* A decimal number taken apart: digits * 10^exponent. More than 768
 * significant digits cannot move a double; the rest leaves its trace as a
 * trailing 1. */
typedef struct decimal {
    char digits[800];
    size_t n;
    long exponent;
    bool negative;
} decimal;

enum { MAX_DIGITS = 770, MAX_EXPONENT = 100000 };

static void add_digit(decimal *d, char digit, bool fraction)
{
    if (d->n == 0 && digit == '0') {
        d->exponent -= fraction;
        return;
    }
    if (d->n < MAX_DIGITS) {
        d->digits[d->n++] = digit;
        d->exponent -= fraction;
        return;
    }
    d->exponent += !fraction;
    if (digit != '0')
        d->digits[MAX_DIGITS - 1] = '1';
}

/* Reads [+-]digits from s at *i; false when there are none. */
static bool read_exponent(piq_str s, size_t *i, long *exponent)
{
    bool negative = *i < s.len && s.ptr[*i] == '-';
    if (*i < s.len && (s.ptr[*i] == '-' || s.ptr[*i] == '+'))
        ++*i;
    if (*i == s.len || !is_digit(s.ptr[*i]))
        return false;
    long e = 0;
    for (; *i < s.len && is_digit(s.ptr[*i]); ++*i)
        if (e < MAX_EXPONENT)
            e = e * 10 + (s.ptr[*i] - '0');
    *exponent += negative ? -e : e;
    return true;
}

static bool read_decimal(piq_str s, decimal *d)
{
    size_t i = 0;
    size_t seen = 0;
    bool fraction = false;
    d->n = 0;
    d->exponent = 0;
    d->negative = s.len > 0 && s.ptr[0] == '-';
    if (d->negative)
        i++;
    for (; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (!is_digit(c))
            break;
        add_digit(d, c, fraction);
        seen++;
    }
    if (seen == 0)
        return false;
    if (i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E')) {
        i++;
        if (!read_exponent(s, &i, &d->exponent))
            return false;
    }
    return i == s.len;
}

bool piq_str_to_double(piq_str s, double *out)
{
    decimal d;
    if (!read_decimal(s, &d))
        return false;
    double v = 0;
    if (d.n > 0) {
        /* No decimal point goes to strtod: a locale may want a comma. */
        snprintf(d.digits + d.n, sizeof d.digits - d.n, "e%ld", d.exponent);
        v = strtod(d.digits, NULL);
    }
    if (!isfinite(v))
        return false;
    *out = d.negative ? -v : v;
    return true;
}

uint64_t piq_hash_bytes(const void *p, size_t len)
{
    const unsigned char *bytes = p;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) {
        h ^= bytes[i];
        h *= UINT64_C(0x100000001b3);
    }
    return piq_hash_u64(h);
}

uint64_t piq_hash_u64(uint64_t x)
{
    uint64_t z = x + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}
