#include "api/cursor.h"

#include "access/crypto.h"

#include <string.h>

enum {
    FORM = 1,
    AT = 2,
    NAME = 10,
    SUM_BYTES = 4,
    MOST = NAME + PIQ_CURSOR_NAME_BYTES + SUM_BYTES
};

static void put_number(uint8_t *to, uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        to[i] = (uint8_t)v;
}

static uint64_t number_at(const uint8_t *from)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | from[i];
    return v;
}

/* Of `n` bytes and of whose list it is: the head of a SHA-256, since only that
 * is the same in every build. */
static void sum_of(const uint8_t *bytes, size_t n, int64_t owner,
                   uint8_t out[SUM_BYTES])
{
    uint8_t all[8 + MOST], digest[PIQ_SHA256_BYTES];
    put_number(all, (uint64_t)owner);
    memcpy(all + 8, bytes, n);
    piq_crypto_sha256((piq_str){(const char *)all, n + 8}, digest);
    memcpy(out, digest, SUM_BYTES);
}

void piq_cursor_write(const piq_cursor *c, piq_cursor_list list, int64_t owner,
                      char out[PIQ_CURSOR_TEXT_BYTES])
{
    uint8_t bytes[MOST] = {FORM, (uint8_t)list};
    size_t len = strnlen(c->name, PIQ_CURSOR_NAME_BYTES);
    put_number(bytes + AT, (uint64_t)c->at);
    memcpy(bytes + NAME, c->name, len);
    sum_of(bytes, NAME + len, owner, bytes + NAME + len);
    piq_crypto_base64url(bytes, NAME + len + SUM_BYTES, out);
}

bool piq_cursor_read(piq_str text, piq_cursor_list list, int64_t owner,
                     piq_cursor *out)
{
    uint8_t bytes[MOST], sum[SUM_BYTES];
    size_t n = 0;
    if (!piq_crypto_unbase64url(text, bytes, sizeof bytes, &n) ||
        n < NAME + SUM_BYTES || bytes[0] != FORM || bytes[1] != list)
        return false;
    size_t len = n - NAME - SUM_BYTES;
    sum_of(bytes, NAME + len, owner, sum);
    if (memcmp(sum, bytes + NAME + len, SUM_BYTES) != 0)
        return false;
    *out = (piq_cursor){.at = (int64_t)number_at(bytes + AT)};
    memcpy(out->name, bytes + NAME, len);
    return memchr(out->name, '\0', len) == NULL;
}
