/* sign.h - signatures of messages: Standard Webhooks 1.0. Pure; any thread. */
#ifndef PIQ_WEBHOOK_SIGN_H
#define PIQ_WEBHOOK_SIGN_H

#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

enum { PIQ_SIGNATURE_BYTES = 48 }; /* "v1," and 44 of base64, and the NUL */

/* `secret`: "whsec_" and base64 of 24 to 64 bytes. PIQ_EINVAL: it is not. */
PIQ_MUST_USE piq_status piq_webhook_sign(piq_str secret, piq_str id,
                                         int64_t timestamp_s, piq_str body,
                                         char out[PIQ_SIGNATURE_BYTES],
                                         piq_err *err);
/* The spelling of `n` (24 .. 32) random bytes; `out` has room for 64. */
void piq_webhook_spell_secret(const uint8_t *bytes, size_t n, char out[64]);

#endif
