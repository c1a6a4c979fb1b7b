/* token_cache.h - tokens that were verified, by SHA-256. Private to access/.
 *
 * Bounded: 2,048 sets of 4; what was used longest ago in a set gives way. Only
 * the digest of a token is kept. Whether its signer is still there is for the
 * caller to ask. Threads: any.
 */
#ifndef PIQ_ACCESS_TOKEN_CACHE_H
#define PIQ_ACCESS_TOKEN_CACHE_H

#include "access/access.h"
#include "access/crypto.h"

typedef struct piq_token_cache piq_token_cache;

piq_token_cache *piq_token_cache_new(void); /* NULL: no memory */
void piq_token_cache_free(piq_token_cache *c);
/* False: not there, or not valid at `now_us`. */
bool piq_token_cache_get(piq_token_cache *c,
                         const uint8_t digest[PIQ_SHA256_BYTES], int64_t now_us,
                         piq_caller *out);
/* Valid from `from_us` until before out->expires_us. */
void piq_token_cache_put(piq_token_cache *c,
                         const uint8_t digest[PIQ_SHA256_BYTES],
                         int64_t from_us, const piq_caller *caller);

#endif
