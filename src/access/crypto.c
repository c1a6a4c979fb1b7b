/* crypto.c - nettle, GnuTLS, and the two spellings. */
#include "access/crypto.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>

void piq_crypto_sha256(piq_str data, uint8_t out[PIQ_SHA256_BYTES])
{
    struct sha256_ctx ctx;
    sha256_init(&ctx);
    sha256_update(&ctx, data.len, (const uint8_t *)data.ptr);
    sha256_digest(&ctx, PIQ_SHA256_BYTES, out);
    piq_crypto_wipe(&ctx, sizeof ctx);
}

void piq_crypto_hmac(piq_str key, piq_str data, uint8_t out[PIQ_SHA256_BYTES])
{
    struct hmac_sha256_ctx ctx;
    hmac_sha256_set_key(&ctx, key.len, (const uint8_t *)key.ptr);
    hmac_sha256_update(&ctx, data.len, (const uint8_t *)data.ptr);
    hmac_sha256_digest(&ctx, PIQ_SHA256_BYTES, out);
    piq_crypto_wipe(&ctx, sizeof ctx);
}

piq_status piq_crypto_random(void *out, size_t n, piq_err *err)
{
    int code = gnutls_rnd(GNUTLS_RND_KEY, out, n);
    if (code < 0)
        return piq_fail(err, PIQ_EIO, "could not get random bytes: %s",
                        gnutls_strerror(code));
    return PIQ_OK;
}

void piq_crypto_wipe(void *at, size_t n)
{
    explicit_bzero(at, n);
}

bool piq_crypto_same(const void *a, const void *b, size_t n)
{
    return memeql_sec(a, b, n) != 0;
}

void piq_crypto_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool piq_crypto_unhex(piq_str text, uint8_t *out, size_t n)
{
    if (text.len != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text.ptr[2 * i]);
        int low = hex_digit(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void piq_crypto_base64url(const uint8_t *bytes, size_t n, char *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < n; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *out++ = letters[held >> (bits - 6) & 63];
    }
    if (bits)
        *out++ = letters[held << (6 - bits) & 63];
    *out = 0;
}

static int letter_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

bool piq_crypto_unbase64url(piq_str text, uint8_t *out, size_t cap, size_t *n)
{
    size_t len = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
    if (text.len % 4 == 1 || len > cap)
        return false;
    uint32_t held = 0;
    unsigned bits = 0;
    size_t at = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = letter_value(text.ptr[i]);
        if (value < 0)
            return false;
        held = held << 6 | (uint32_t)value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[at++] = (uint8_t)(held >> bits);
        }
    }
    /* What the last letter has too many must be zero. */
    if (held & ((1U << bits) - 1))
        return false;
    *n = at;
    return true;
}
