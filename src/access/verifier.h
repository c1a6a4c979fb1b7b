/* verifier.h - one key that signatures are checked with. Private to access/.
 *
 * HS256 (HMAC-SHA-256), RS256 (RSASSA-PKCS1-v1_5 with SHA-256), EdDSA with
 * Ed25519: RFC 7518 sections 3.2 and 3.3, RFC 8037. A verifier is of one
 * algorithm for ever, whatever a token says of itself: that is what makes
 * key confusion impossible. Keys are parsed here once.
 *
 * Threads: check from any; GnuTLS's keys are used under a lock of their own.
 */
#ifndef PIQ_ACCESS_VERIFIER_H
#define PIQ_ACCESS_VERIFIER_H

#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>

typedef struct piq_verifier piq_verifier;

enum {
    PIQ_MIN_HMAC_BYTES = 32, /* RFC 7518: at least the hash's size */
    PIQ_MIN_RSA_BITS = 2048,
    PIQ_MAX_RSA_BITS = 8192,
    PIQ_MAX_SIGNER_KEY_BYTES = 16384
};

/* `key`: the secret's bytes (HS256); else a public key as PEM, or as JWK
 * (RFC 7517; of kty "RSA" or "OKP", without private members). PIQ_EINVAL: no
 * such algorithm, or not a fit key of it. */
PIQ_MUST_USE piq_status piq_verifier_new(piq_str algorithm, piq_str key,
                                         piq_verifier **out, piq_err *err);
void piq_verifier_free(piq_verifier *v); /* NULL is allowed; wipes */
const char *piq_verifier_algorithm(const piq_verifier *v);
bool piq_verifier_check(const piq_verifier *v, piq_str data, piq_str signature);

#endif
