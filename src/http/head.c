/* head.c - is this header block one that everybody reads in the same way?
 *
 * A proxy before us may understand an ambiguous head otherwise than we do and
 * take the rest of a body for somebody's next request (RFC 9112, 11.2). So
 * whatever libmicrohttpd 0.9.75 lets through of this kind is refused here:
 *
 *   - two Content-Length fields (it takes one of them), or a length beside
 *     chunking (it ignores the length), or two Host fields;
 *   - a NUL (it cuts the target or the value there and says nothing);
 *   - a folded line (it adds the continuation to the field's NAME);
 *   - a line that begins with a colon (it takes it for the empty line, and
 *     what follows for the next request).
 *
 * The last three leave no trace in the strings it hands us, but they do in
 * where these lie: all of them point into one buffer, the bytes as they came
 * with the line ends zeroed, so that between one field's value and the next
 * one's name, and at the end, there are those zeros and nothing else.
 */
#include "http/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct head_walk {
    piq_http_request *r;
    const char *first;    /* the first field's name */
    const char *line_end; /* of the line before */
    unsigned n_length;
    unsigned n_encoding;
    unsigned n_host;
    bool chunked; /* the one encoding we take */
    bool expects; /* Expect: 100-continue */
    bool bad_name;
    bool bad_length;
    bool bad_layout;
    bool too_many;
    uint64_t length;
} head_walk;

/* Visible ASCII only: anything else must be percent-encoded. */
static bool target_is_plain(const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] < 0x21 || at[i] > 0x7e)
            return false;
    return len > 0;
}

/* tchar of RFC 9110, 5.6.2, what methods and field names are made of: letters,
 * digits and !#$%&'*+-.^_`|~ as a bit for each character. */
static bool is_token(const char *at, size_t len)
{
    static const uint64_t low = 0x03ff6cfa00000000;  /* 0..63 */
    static const uint64_t high = 0x57ffffffc7fffffe; /* 64..127 */
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)at[i];
        if (c > 127 || !(((c < 64 ? low : high) >> (c & 63)) & 1))
            return false;
    }
    return len > 0;
}

static bool name_is(const char *key, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(key, name, len) == 0;
}

/* 1*DIGIT, nothing else: "+5", " 5" and "5, 5" are refused. */
static bool parse_length(const char *at, size_t len, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(unsigned char)at[i] - '0';
        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return len > 0;
}

static void look_at_framing(head_walk *w, const char *key, size_t key_len,
                            const char *value, size_t value_len)
{
    if (name_is(key, key_len, "content-length")) {
        w->n_length++;
        if (!parse_length(value, value_len, &w->length))
            w->bad_length = true;
    } else if (name_is(key, key_len, "transfer-encoding")) {
        w->n_encoding++;
        w->chunked = name_is(value, value_len, "chunked");
    } else if (name_is(key, key_len, "expect")) {
        w->expects = name_is(value, value_len, "100-continue");
    } else if (name_is(key, key_len, "host")) {
        w->n_host++;
    }
}

/* One line end or two (each "\r\n" or "\n", zeroed) and nothing else: a NUL
 * would leave one zero more. */
static bool is_line_end(const char *at, const char *end, size_t lines)
{
    uintptr_t from = (uintptr_t)at;
    uintptr_t to = (uintptr_t)end;
    if (to < from + lines || to - from > 2 * lines)
        return false;
    for (; at < end; at++)
        if (*at != '\0' && *at != '\r' && *at != '\n')
            return false;
    return true;
}

/* Where the header block ends, the empty line included. */
static const char *end_of_block(const head_walk *w, const char *method)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        w->r->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? method + info->header_size : method;
}

/* Without the blanks that follow it, which are none of it (RFC 9112, 5.1). */
static size_t trimmed(const char *value, size_t len)
{
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    return len;
}

static bool grow_fields(piq_http_request *r)
{
    if (r->n_fields < r->cap_fields)
        return true;
    uint32_t cap = r->cap_fields ? 2 * r->cap_fields : 8;
    piq_http_field *more = realloc(r->fields, cap * sizeof *more);
    if (!more)
        return false;
    r->fields = more;
    r->cap_fields = cap;
    return true;
}

static enum MHD_Result keep_field(void *ctx, enum MHD_ValueKind kind,
                                  const char *key, size_t key_len,
                                  const char *value, size_t value_len)
{
    head_walk *w = ctx;
    piq_http_request *r = w->r;
    (void)kind;
    if (r->n_fields == PIQ_HTTP_MAX_HEADERS || !grow_fields(r)) {
        w->too_many = true;
        return MHD_NO;
    }
    if (!value || !is_line_end(w->line_end, key, 1)) {
        w->bad_layout = true;
        return MHD_NO;
    }
    if (!w->first)
        w->first = key;
    w->line_end = value + value_len;
    value_len = trimmed(value, value_len);
    w->bad_name = w->bad_name || !is_token(key, key_len);
    look_at_framing(w, key, key_len, value, value_len);
    /* Where it will be once all fields are copied, in one piece. */
    uint32_t base = (uint32_t)r->text.len;
    r->fields[r->n_fields++] =
        (piq_http_field){.name = base + (uint32_t)(key - w->first),
                         .name_len = (uint32_t)key_len,
                         .value = base + (uint32_t)(value - w->first),
                         .value_len = (uint32_t)value_len};
    return MHD_YES;
}

/* "METHOD target version", one space between: a NUL would leave more. */
static bool line_is_whole(const piq_http_request *r, const char *method,
                          const char *version)
{
    uintptr_t target = (uintptr_t)r->target_at;
    return (uintptr_t)method + strlen(method) + 1 == target &&
           target + r->target_len + 1 == (uintptr_t)version;
}

/* What is wrong with the form of the head, or NULL. */
static const char *check_form(const head_walk *w, const char *method,
                              const char *version)
{
    const piq_http_request *r = w->r;
    if (!target_is_plain(r->text.ptr, r->target_len))
        return "the request target holds bytes that must be percent-encoded";
    if (!line_is_whole(r, method, version))
        return "the request line is malformed";
    if (!piq_http_target_is_sound(r))
        return "the request target must be a path, beginning with /";
    /* A line that begins with a colon ends the block for the library. */
    if (w->bad_layout || !is_line_end(w->line_end, end_of_block(w, method), 2))
        return "the header block holds a NUL, a folded or a nameless line";
    if (!is_token(method, strlen(method)))
        return "the method is malformed";
    if (w->bad_name)
        return "a header name is malformed";
    if (w->n_host > 1)
        return "the request has more than one Host";
    return NULL;
}

/* What is wrong with how the head says the body's length, or NULL. */
static const char *check_framing(const head_walk *w, const char *version)
{
    if (w->n_length > 1)
        return "the request has more than one Content-Length";
    if (w->n_length && w->bad_length)
        return "Content-Length is not a number";
    if (w->n_encoding > 1 || (w->n_encoding && w->n_length))
        return "the request says its length in two ways";
    if (w->n_encoding && strcmp(version, "HTTP/1.1") != 0)
        return "Transfer-Encoding needs HTTP/1.1";
    return NULL;
}

/* A client that waits for our "100 Continue" is told at once, and so is one
 * that means to send far too much; others are heard out first (413 later),
 * since a socket closed on unread bytes resets and loses the reply. */
static int check_length(piq_http_request *r, const head_walk *w,
                        const char **detail)
{
    uint64_t cap = r->server->config.max_body_bytes;
    if (w->length <= cap)
        return 0;
    if (w->expects || w->length / PIQ_HTTP_SWALLOW > cap) {
        *detail = "the body is over the limit";
        return 413;
    }
    r->refused = 413;
    return 0;
}

/* Of the library's memory, for the head of the reply. */
static bool leaves_room(const head_walk *w, const char *method)
{
    const char *end = w->line_end;
    return (size_t)((uintptr_t)end - (uintptr_t)method) <=
           PIQ_HTTP_MEMORY_BYTES - PIQ_HTTP_REPLY_HEAD_BYTES;
}

int piq_http_request_head(piq_http_request *r, const char *method,
                          const char *version, const char **detail)
{
    head_walk w = {.r = r, .line_end = version + strlen(version)};
    r->method = (uint32_t)r->text.len;
    /* Without a body HEAD is GET: libmicrohttpd leaves the body out. */
    const char *as = strcmp(method, "HEAD") == 0 ? "GET" : method;
    piq_buf_add(&r->text, as, strlen(as) + 1);
    (void)MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND,
                                      keep_field, &w);
    if (w.first)
        piq_buf_add(&r->text, w.first, (size_t)(w.line_end - w.first));
    if (w.too_many || r->text.status != PIQ_OK) {
        *detail = "the header block is too large";
        return 431;
    }
    if (!leaves_room(&w, method)) {
        r->reply.bare = true;
        *detail = "the header block is too large";
        return 431;
    }
    *detail = check_form(&w, method, version);
    if (!*detail)
        *detail = check_framing(&w, version);
    if (*detail)
        return 400;
    if (w.n_encoding && !w.chunked) {
        *detail = "the only transfer encoding taken is chunked";
        return 501;
    }
    return check_length(r, &w, detail);
}
