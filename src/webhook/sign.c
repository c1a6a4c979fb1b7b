#include "webhook/sign.h"

#include "access/crypto.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <string.h>

enum { LEAST_BYTES = 24, MOST_BYTES = 64 };
static const char prefix[] = "whsec_";

void piq_webhook_spell_secret(const uint8_t *bytes, size_t n, char out[64])
{
    PIQ_ASSERT(n >= LEAST_BYTES && n <= 32);
    size_t at = strlen(prefix), len = BASE64_ENCODE_RAW_LENGTH(n);
    memcpy(out, prefix, at);
    base64_encode_raw(out + at, n, bytes);
    out[at + len] = '\0';
}

static bool read_secret(piq_str secret, uint8_t key[MOST_BYTES], size_t *n)
{
    struct base64_decode_ctx ctx;
    size_t skip = strlen(prefix);
    if (secret.len <= skip || memcmp(secret.ptr, prefix, skip) != 0 ||
        BASE64_DECODE_LENGTH(secret.len - skip) > MOST_BYTES + 2)
        return false;
    uint8_t all[MOST_BYTES + 4];
    base64_decode_init(&ctx);
    if (!base64_decode_update(&ctx, n, all, secret.len - skip,
                              secret.ptr + skip) ||
        !base64_decode_final(&ctx) || *n < LEAST_BYTES || *n > MOST_BYTES)
        return false;
    memcpy(key, all, *n);
    piq_crypto_wipe(all, sizeof all);
    return true;
}

piq_status piq_webhook_sign(piq_str secret, piq_str id, int64_t timestamp_s,
                            piq_str body, char out[PIQ_SIGNATURE_BYTES],
                            piq_err *err)
{
    uint8_t key[MOST_BYTES], digest[SHA256_DIGEST_SIZE];
    char stamp[32];
    struct hmac_sha256_ctx ctx;
    size_t n;
    if (!read_secret(secret, key, &n))
        return piq_fail(err, PIQ_EINVAL,
                        "a webhook's secret is whsec_ and base64 of 24 to 64 "
                        "bytes");
    snprintf(stamp, sizeof stamp, ".%lld.", (long long)timestamp_s);
    hmac_sha256_set_key(&ctx, n, key);
    hmac_sha256_update(&ctx, id.len, (const uint8_t *)id.ptr);
    hmac_sha256_update(&ctx, strlen(stamp), (const uint8_t *)stamp);
    hmac_sha256_update(&ctx, body.len, (const uint8_t *)body.ptr);
    hmac_sha256_digest(&ctx, sizeof digest, digest);
    memcpy(out, "v1,", 3);
    base64_encode_raw(out + 3, sizeof digest, digest);
    out[3 + BASE64_ENCODE_RAW_LENGTH(sizeof digest)] = '\0';
    piq_crypto_wipe(&ctx, sizeof ctx);
    piq_crypto_wipe(key, sizeof key);
    return PIQ_OK;
}
