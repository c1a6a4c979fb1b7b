#include "base/buf.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 256 };
static const size_t DEFAULT_MAX_BYTES = (size_t)64 << 20;

void piq_buf_init(piq_buf *b, size_t max_bytes)
{
    *b = (piq_buf){.max_bytes = max_bytes ? max_bytes : DEFAULT_MAX_BYTES};
    if (b->max_bytes == SIZE_MAX)
        b->max_bytes--; /* leaves room to count the NUL */
}

void piq_buf_release(piq_buf *b)
{
    free(b->ptr);
    piq_buf_init(b, b->max_bytes);
}

void piq_buf_clear(piq_buf *b)
{
    b->len = 0;
    b->status = PIQ_OK;
    if (b->ptr)
        b->ptr[0] = '\0';
}

char *piq_buf_take(piq_buf *b, size_t *len)
{
    char *bytes = b->ptr;
    if (len)
        *len = b->len;
    piq_buf_init(b, b->max_bytes);
    return bytes;
}

/* Makes room for `len` more bytes and the NUL; len fits under the limit. */
static bool grow(piq_buf *b, size_t len)
{
    size_t need = b->len + len + 1;
    size_t cap = b->cap_bytes ? b->cap_bytes : FIRST_BYTES;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (cap > b->max_bytes + 1)
        cap = b->max_bytes + 1;
    char *ptr = piq_alloc_should_fail() ? NULL : realloc(b->ptr, cap);
    if (!ptr)
        return false;
    b->ptr = ptr;
    b->cap_bytes = cap;
    return true;
}

char *piq_buf_room(piq_buf *b, size_t len)
{
    if (b->status != PIQ_OK)
        return NULL;
    if (len > b->max_bytes - b->len) {
        b->status = PIQ_ELIMIT;
        return NULL;
    }
    if (b->len + len >= b->cap_bytes && !grow(b, len)) {
        b->status = PIQ_ENOMEM;
        return NULL;
    }
    return b->ptr + b->len;
}

void piq_buf_wrote(piq_buf *b, size_t len)
{
    PIQ_ASSERT(b->len + len < b->cap_bytes);
    b->len += len;
    b->ptr[b->len] = '\0';
}

piq_str piq_buf_keep(piq_buf *b, piq_arena *a)
{
    char *copy = b->status ? NULL : piq_arena_strndup(a, b->ptr, b->len);
    piq_str s = {copy, copy ? b->len : 0};
    piq_buf_clear(b);
    return s;
}

void piq_buf_add(piq_buf *b, const void *bytes, size_t len)
{
    char *at = piq_buf_room(b, len);
    if (!at)
        return;
    if (len)
        memcpy(at, bytes, len);
    b->len += len;
    at[len] = '\0';
}

void piq_buf_add_str(piq_buf *b, piq_str s)
{
    piq_buf_add(b, s.ptr, s.len);
}

void piq_buf_add_z(piq_buf *b, const char *z)
{
    piq_buf_add(b, z, strlen(z));
}

void piq_buf_add_char(piq_buf *b, char c)
{
    char *at = piq_buf_room(b, 1);
    if (!at)
        return;
    at[0] = c;
    at[1] = '\0';
    b->len++;
}

void piq_buf_printf(piq_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int wanted = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    /* Negative only when memory runs out or a wide character is bad. */
    if (wanted < 0 && b->status == PIQ_OK)
        b->status = PIQ_ENOMEM;
    char *at = piq_buf_room(b, wanted > 0 ? (size_t)wanted : 0);
    if (!at)
        return;
    va_start(ap, fmt);
    int wrote = vsnprintf(at, (size_t)wanted + 1, fmt, ap);
    va_end(ap);
    PIQ_ASSERT(wrote == wanted);
    b->len += (size_t)wanted;
}

void piq_buf_put_u8(piq_buf *b, uint8_t v)
{
    piq_buf_add_char(b, (char)v);
}

void piq_buf_put_u32(piq_buf *b, uint32_t v)
{
    unsigned char bytes[4];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    piq_buf_add(b, bytes, sizeof bytes);
}

void piq_buf_put_f32(piq_buf *b, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    piq_buf_put_u32(b, bits);
}

void piq_buf_put_f64(piq_buf *b, double v)
{
    uint64_t bits;
    unsigned char bytes[8];
    memcpy(&bits, &v, sizeof bits);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(bits >> (8 * i));
    piq_buf_add(b, bytes, sizeof bytes);
}

void piq_buf_put_varint(piq_buf *b, uint64_t v)
{
    unsigned char bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (unsigned char)(v | 0x80);
    bytes[n++] = (unsigned char)v;
    piq_buf_add(b, bytes, n);
}

void piq_buf_put_svarint(piq_buf *b, int64_t v)
{
    uint64_t sign = v < 0 ? UINT64_MAX : 0;
    piq_buf_put_varint(b, ((uint64_t)v << 1) ^ sign);
}

void piq_buf_put_str(piq_buf *b, piq_str s)
{
    piq_buf_put_varint(b, s.len);
    piq_buf_add_str(b, s);
}

void piq_reader_init(piq_reader *r, const void *bytes, size_t len)
{
    r->at = bytes;
    r->end = len ? r->at + len : r->at;
    r->bad = false;
}

/* The next `len` bytes, or NULL and bad. */
static const uint8_t *take_bytes(piq_reader *r, size_t len)
{
    if (r->bad || (size_t)(r->end - r->at) < len) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *bytes = r->at;
    r->at += len;
    return bytes;
}

/* A little-endian number of `len` bytes, at most 8. */
static uint64_t take_number(piq_reader *r, size_t len)
{
    const uint8_t *bytes = take_bytes(r, len);
    uint64_t v = 0;
    for (size_t i = 0; bytes && i < len; i++)
        v |= (uint64_t)bytes[i] << (8 * i);
    return v;
}

uint8_t piq_reader_u8(piq_reader *r)
{
    return (uint8_t)take_number(r, 1);
}

uint32_t piq_reader_u32(piq_reader *r)
{
    return (uint32_t)take_number(r, 4);
}

float piq_reader_f32(piq_reader *r)
{
    uint32_t bits = piq_reader_u32(r);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

double piq_reader_f64(piq_reader *r)
{
    uint64_t bits = take_number(r, 8);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

uint64_t piq_reader_varint(piq_reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t *byte = take_bytes(r, 1);
        if (!byte)
            return 0;
        /* The tenth byte has room for one bit. */
        if (shift == 63 && *byte > 1)
            break;
        v |= (uint64_t)(*byte & 0x7F) << shift;
        if (*byte < 0x80)
            return v;
    }
    r->bad = true;
    return 0;
}

int64_t piq_reader_svarint(piq_reader *r)
{
    uint64_t z = piq_reader_varint(r);
    uint64_t half = z >> 1;
    return z & 1 ? -(int64_t)half - 1 : (int64_t)half;
}

piq_str piq_reader_str(piq_reader *r)
{
    uint64_t len = piq_reader_varint(r);
    if (len > (uint64_t)(r->end - r->at))
        r->bad = true;
    const uint8_t *bytes = take_bytes(r, (size_t)len);
    return bytes ? (piq_str){(const char *)bytes, (size_t)len} : (piq_str){0};
}
