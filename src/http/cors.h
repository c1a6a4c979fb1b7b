/* cors.h - which pages of other origins may ask, and what they are told.
 *
 * The Fetch standard's CORS protocol with an allow-list: an origin is allowed
 * when it equals, byte for byte, one that was configured; there is no
 * wildcard. An allowed origin may send credentials and read the replies'
 * headers in PIQ_CORS_EXPOSED. What an origin that is not allowed asks is
 * answered without a word of CORS, and its browser keeps the reply from the
 * page. Pure; a list may be shared by all threads.
 */
#ifndef PIQ_HTTP_CORS_H
#define PIQ_HTTP_CORS_H

#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>

#define PIQ_CORS_METHODS "GET, HEAD, POST, PUT, PATCH, DELETE"
#define PIQ_CORS_HEADERS                                                       \
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "  \
    "Last-Event-ID, X-API-Key, X-Experience-API-Version, traceparent, "        \
    "tracestate"
#define PIQ_CORS_EXPOSED                                                       \
    "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, "         \
    "X-Request-Id, traceparent"
#define PIQ_CORS_MAX_AGE_S "600"

typedef struct piq_cors piq_cors;

/* Copies the origins, up to 1,000. PIQ_EINVAL: one is not of the form
 * scheme://host or scheme://host:port, in lower case. No origins: *out is
 * NULL, which the calls below take for "no CORS at all". */
PIQ_MUST_USE piq_status piq_cors_new(const char *const *origins, size_t n,
                                     piq_cors **out, piq_err *err);
void piq_cors_free(piq_cors *c);

/* The configured origin that equals `origin`, valid as long as `c`; NULL:
 * not allowed. */
const char *piq_cors_origin(const piq_cors *c, piq_str origin);

/* Whether a request with this method, and these values of the headers Origin
 * and Access-Control-Request-Method, is a preflight. */
bool piq_cors_is_preflight(const char *method, piq_str origin,
                           piq_str wanted_method);

#endif
