/* encode.h - replies made smaller: which, for whom, and how.
 *
 * Weights: Accept-Encoding as RFC 9110, 12.5.3 and 12.4.2, have it. Bytes: gzip
 * (RFC 1952) by zlib, in one go, with memory that is given back before the call
 * returns: at most 270 KiB for it and half of what is encoded for the result.
 * Pure but for that memory: any number of threads.
 */
#ifndef PIQ_HTTP_ENCODE_H
#define PIQ_HTTP_ENCODE_H

#include "base/bytes.h"
#include "base/str.h"

#include <stdbool.h>

enum {
    /* What fits into a packet by itself gains nothing that anybody notices.
     * Above the other limit a pool thread would be held up for 10 ms. */
    PIQ_HTTP_ENCODE_MIN_BYTES = 1400,
    PIQ_HTTP_ENCODE_MAX_BYTES = 1 << 20
};

/* Ends the entity tag of what was encoded, inside the quotes: another
 * representation has another tag (RFC 9110, 8.8.3.3). Tags of handlers do not
 * end so. */
#define PIQ_HTTP_ENCODED_TAG "+gzip"

/* What a client says of codings, in thousandths; -1: nothing. */
typedef struct piq_http_weights {
    int gzip; /* or x-gzip */
    int identity;
    int any; /* "*" */
} piq_http_weights;

#define PIQ_HTTP_NO_WEIGHTS ((piq_http_weights){-1, -1, -1})

/* Adds what one Accept-Encoding field says. A coding named twice has its first
 * weight; one whose weight is none is refused, weight 0. */
void piq_http_weights_add(piq_http_weights *w, piq_str field);
/* Whether gzip is accepted, and no less than what is not encoded. Whoever says
 * nothing of codings gets none. */
bool piq_http_weights_want_gzip(const piq_http_weights *w);

/* Whether bodies of this media type are text. NULL: no. */
bool piq_http_type_is_text(const char *type);

/* The gzip form, one reference of it. NULL: no memory, or it would not be half
 * as long, which is not worth the client's time. At most
 * PIQ_HTTP_ENCODE_MAX_BYTES. */
piq_bytes *piq_http_gzip(piq_str plain);

/* Takes PIQ_HTTP_ENCODED_TAG from the ends of the tags in a list of them, in
 * place, and says how long what is left is. */
size_t piq_http_plain_tags(char *tags, size_t len);

#endif
