#include "http/encode.h"

#include "base/accept.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    /* Sums over the catalogue, recommendations, a profile and a path (107 kB):
     * level 1 24.8 kB in .58 ms, 4 21.8 kB in .90 ms, 6 20.3 kB in 1.54 ms. */
    LEVEL = 4,
    MIN_WINDOW_BITS = 10,
    MAX_WINDOW_BITS = 15,
    GZIP_WRAPPER = 16 /* added to the window bits: a gzip head and tail */
};

/* ---- weights --------------------------------------------------------------
 */

/* Where what is said of the coding goes; NULL: nobody asks. */
static int *place_of(piq_http_weights *w, const piq_accept *said)
{
    if (piq_accept_is(said, "gzip") || piq_accept_is(said, "x-gzip"))
        return &w->gzip;
    if (piq_accept_is(said, "identity"))
        return &w->identity;
    return piq_accept_is(said, "*") ? &w->any : NULL;
}

/* A weight that is none refuses: a client that we do not understand gets what
 * everybody can read. */
void piq_http_weights_add(piq_http_weights *w, piq_str field)
{
    piq_accept said;
    while (piq_accept_next(&field, &said)) {
        int *place = place_of(w, &said);
        if (place && *place < 0)
            *place = said.weight == PIQ_ACCEPT_UNCLEAR ? PIQ_ACCEPT_REFUSED
                                                       : said.weight;
    }
}

bool piq_http_weights_want_gzip(const piq_http_weights *w)
{
    int gzip = w->gzip >= 0 ? w->gzip : w->any;
    return gzip > 0 && gzip >= w->identity;
}

/* ---- bodies ---------------------------------------------------------------
 */

bool piq_http_type_is_text(const char *type)
{
    return type && (strncmp(type, "text/", 5) == 0 ||
                    strncmp(type, "application/json", 16) == 0 ||
                    strstr(type, "+json") != NULL);
}

/* zlib's memory passes the seam that tests let fail. */
static void *take_memory(void *ctx, unsigned n, unsigned size)
{
    (void)ctx;
    return piq_alloc_should_fail() ? NULL : malloc((size_t)n * size);
}

static void give_memory(void *ctx, void *memory)
{
    (void)ctx;
    free(memory);
}

/* No larger than what there is to look back at: tables of the usual size take
 * 30 us to come by, twice the time of 6 kB. */
static int window_bits(size_t len)
{
    int bits = MIN_WINDOW_BITS;
    while (bits < MAX_WINDOW_BITS && ((size_t)1 << bits) < len)
        bits++;
    return bits;
}

/* Into the `most` bytes at `to`; 0: no memory, or it needs more. */
static size_t encode(piq_str plain, char *to, size_t most)
{
    z_stream z = {.zalloc = take_memory, .zfree = give_memory};
    int bits = window_bits(plain.len);
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, bits + GZIP_WRAPPER,
                     bits - 7, /* of the hash: 15 bits have zlib's usual 8 */
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    z.next_in = (unsigned char *)(uintptr_t)plain.ptr; /* is only read */
    z.avail_in = (unsigned)plain.len;
    z.next_out = (unsigned char *)to;
    z.avail_out = (unsigned)most;
    bool whole = deflate(&z, Z_FINISH) == Z_STREAM_END;
    (void)deflateEnd(&z);
    return whole ? z.total_out : 0;
}

piq_bytes *piq_http_gzip(piq_str plain)
{
    size_t most = plain.len / 2;
    piq_buf out;
    piq_buf_init(&out, most + 1);
    char *to = plain.len <= PIQ_HTTP_ENCODE_MAX_BYTES && most
                   ? piq_buf_room(&out, most)
                   : NULL;
    size_t len = to ? encode(plain, to, most) : 0;
    if (!len) {
        piq_buf_release(&out);
        return NULL;
    }
    /* It stays for as long as a slow client reads. */
    char *bytes = piq_buf_take(&out, NULL);
    char *less = realloc(bytes, len);
    return piq_bytes_take(less ? less : bytes, len);
}

size_t piq_http_plain_tags(char *tags, size_t len)
{
    static const char end[] = PIQ_HTTP_ENCODED_TAG "\"";
    const size_t extra = sizeof end - 2;
    char *at = tags;
    while ((at = memmem(at, len - (size_t)(at - tags), end, extra + 1))) {
        len -= extra;
        memmove(at, at + extra, len - (size_t)(at - tags));
    }
    return len;
}
