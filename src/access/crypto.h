/* crypto.h - digests, secrets and their spelling. Private to access/ and api/.
 *
 * Nettle for what cannot fail (SHA-256, FIPS 180-4; HMAC, RFC 2104), GnuTLS for
 * randomness: both come with the HTTP server. Base64url is RFC 4648 section 5
 * without padding, and read strictly: one spelling for each value.
 *
 * Pure but for piq_crypto_random. Any thread.
 */
#ifndef PIQ_ACCESS_CRYPTO_H
#define PIQ_ACCESS_CRYPTO_H

#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIQ_SHA256_BYTES = 32 };

void piq_crypto_sha256(piq_str data, uint8_t out[PIQ_SHA256_BYTES]);
void piq_crypto_hmac(piq_str key, piq_str data, uint8_t out[PIQ_SHA256_BYTES]);

/* From the system's generator. PIQ_EIO: it failed. */
PIQ_MUST_USE piq_status piq_crypto_random(void *out, size_t n, piq_err *err);

/* Overwrites, whatever the compiler thinks of it. */
void piq_crypto_wipe(void *at, size_t n);

/* Same bytes; in time that depends on n only. */
bool piq_crypto_same(const void *a, const void *b, size_t n);

/* Lower case; `out` has room for 2 n + 1. */
void piq_crypto_hex(const uint8_t *bytes, size_t n, char *out);
/* Exactly n bytes; false on anything else. */
bool piq_crypto_unhex(piq_str text, uint8_t *out, size_t n);

/* `out` has room for (4 n + 2) / 3 + 1. */
void piq_crypto_base64url(const uint8_t *bytes, size_t n, char *out);
/* False: not the one spelling of any bytes, or of more than `cap`. */
bool piq_crypto_unbase64url(piq_str text, uint8_t *out, size_t cap, size_t *n);

#endif
