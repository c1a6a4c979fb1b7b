#include "api/trace.h"

#include <stdio.h>
#include <string.h>

/* "00-" 32 "-" 16 "-" 2 */
enum { TRACE = 3, PARENT = 36, FLAGS = 53, LENGTH = 55 };

/* Lower case only: the Recommendation has no other. */
static int nibble_of(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool is_hex(const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (nibble_of(at[i]) < 0)
            return false;
    return true;
}

static bool is_zero(const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at[i] != '0')
            return false;
    return true;
}

static bool is_sound(piq_str h)
{
    if (h.len < LENGTH || !is_hex(h.ptr, 2) || memcmp(h.ptr, "ff", 2) == 0)
        return false;
    /* A later version may have more behind its flags. */
    bool is_first = memcmp(h.ptr, "00", 2) == 0;
    if (h.len > LENGTH && (is_first || h.ptr[LENGTH] != '-'))
        return false;
    return h.ptr[TRACE - 1] == '-' && h.ptr[PARENT - 1] == '-' &&
           h.ptr[FLAGS - 1] == '-' && is_hex(h.ptr + TRACE, 32) &&
           is_hex(h.ptr + PARENT, 16) && is_hex(h.ptr + FLAGS, 2) &&
           !is_zero(h.ptr + TRACE, 32) && !is_zero(h.ptr + PARENT, 16);
}

/* Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators":
 * the finaliser of SplitMix64, which is one to one. */
static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

bool piq_trace_read(piq_str header, uint64_t seed, piq_trace *out)
{
    *out = (piq_trace){.on = false};
    if (!is_sound(header))
        return false;
    memcpy(out->trace, header.ptr + TRACE, 32);
    memcpy(out->parent, header.ptr + PARENT, 16);
    uint64_t span = mixed(seed);
    snprintf(out->span, sizeof out->span, "%016llx",
             (unsigned long long)(span ? span : 1));
    /* The only flag that version 00 has is the lowest. */
    out->flags = (uint8_t)(nibble_of(header.ptr[FLAGS + 1]) & 1);
    out->on = true;
    return true;
}

void piq_trace_write(const piq_trace *t, char out[PIQ_TRACEPARENT_BYTES])
{
    snprintf(out, PIQ_TRACEPARENT_BYTES, "00-%s-%s-%02x", t->trace, t->span,
             t->flags);
}
