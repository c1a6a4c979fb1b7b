/* lines.c - headers of replies: those that every reply has, those that the
 * answer brings, and those of CORS. */
#include "http/internal.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_token_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_ours(const char *name)
{
    static const char *const ours[] = {"Connection", "Content-Length", "Date",
                                       "Transfer-Encoding", "X-Request-Id"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strcasecmp(name, ours[i]) == 0)
            return true;
    return false;
}

bool piq_http_line_is_sound(const piq_http_line *line)
{
    const char *at = line->name;
    if (!at || !*at || !line->value || !*line->value || is_ours(at))
        return false;
    for (; *at; at++)
        if (!is_token_byte(*at))
            return false;
    for (at = line->value; *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            return false;
    return true;
}

void piq_http_lines_keep(piq_http_request *r, const piq_http_line *lines,
                         size_t n)
{
    piq_http_answer *a = &r->reply;
    for (size_t i = 0; i < n; i++) {
        if (!piq_http_line_is_sound(&lines[i])) {
            a->unsound = true;
            return;
        }
        piq_buf_add(&a->lines, lines[i].name, strlen(lines[i].name) + 1);
        piq_buf_add(&a->lines, lines[i].value, strlen(lines[i].value) + 1);
    }
    a->unsound = a->unsound || a->lines.status != PIQ_OK;
}

static bool add(struct MHD_Response *m, const char *name, const char *value)
{
    return MHD_add_response_header(m, name, value) == MHD_YES;
}

static bool add_number(struct MHD_Response *m, const char *name, uint64_t v)
{
    char digits[24];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    do
        *--at = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    return add(m, name, at);
}

/* In hexadecimal, as the log writes it. */
static bool add_request_id(struct MHD_Response *m, uint64_t id)
{
    char text[20];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)id);
    return add(m, "X-Request-Id", text);
}

bool piq_http_lines_bring(const piq_http_request *r, const char *name)
{
    const piq_buf *lines = &r->reply.lines;
    for (size_t at = 0; at < lines->len;) {
        const char *found = lines->ptr + at;
        if (strcasecmp(found, name) == 0)
            return true;
        at += strlen(found) + 1;
        at += strlen(lines->ptr + at) + 1;
    }
    return false;
}

/* What every reply says, unless the answer says it otherwise. */
static bool add_usual(const piq_http_request *r, struct MHD_Response *m)
{
    static const piq_http_line usual[] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"X-Frame-Options", "DENY"},
        {"Content-Security-Policy",
         "default-src 'none'; frame-ancestors 'none'"},
        {"Strict-Transport-Security", "max-age=31536000"}};
    size_t n = sizeof usual / sizeof usual[0] - (r->in.tls ? 0 : 1);
    for (size_t i = 0; i < n; i++)
        if (!piq_http_lines_bring(r, usual[i].name) &&
            !add(m, usual[i].name, usual[i].value))
            return false;
    return true;
}

static bool add_brought(const piq_http_request *r, struct MHD_Response *m)
{
    const piq_buf *lines = &r->reply.lines;
    for (size_t at = 0; at < lines->len;) {
        const char *name = lines->ptr + at;
        const char *value = name + strlen(name) + 1;
        if (!add(m, name, value))
            return false;
        at += strlen(name) + strlen(value) + 2;
    }
    return true;
}

static bool add_cors(const piq_http_request *r, struct MHD_Response *m)
{
    if (!r->server->cors)
        return true;
    if (!add(m, "Vary", "Origin"))
        return false;
    return !r->origin ||
           (add(m, "Access-Control-Allow-Origin", r->origin) &&
            add(m, "Access-Control-Allow-Credentials", "true") &&
            add(m, "Access-Control-Expose-Headers", PIQ_CORS_EXPOSED));
}

bool piq_http_lines_add(const piq_http_request *r, struct MHD_Response *m)
{
    const piq_http_answer *a = &r->reply;
    bool ok = add_usual(r, m) && add_request_id(m, r->in.id) &&
              add_brought(r, m) && add_cors(r, m);
    if (ok && a->type)
        ok = add(m, "Content-Type", a->type);
    if (ok && a->etag[0])
        ok = add(m, "ETag", a->etag);
    if (ok && a->varies)
        ok = add(m, "Vary", "Accept-Encoding");
    if (ok && a->encoded)
        ok = add(m, "Content-Encoding", "gzip");
    if (ok && a->allow[0])
        ok = add(m, "Allow", a->allow);
    if (ok && a->retry_after_s)
        ok = add_number(m, "Retry-After", a->retry_after_s);
    if (ok && piq_http_closes(r))
        ok = add(m, "Connection", "close");
    return ok;
}

void piq_http_preflight(piq_http_request *r)
{
    static const piq_http_line lines[] = {
        {"Access-Control-Allow-Methods", PIQ_CORS_METHODS},
        {"Access-Control-Allow-Headers", PIQ_CORS_HEADERS},
        {"Access-Control-Max-Age", PIQ_CORS_MAX_AGE_S}};
    if (!r->origin) {
        piq_http_refuse(r, 403, "this origin is not allowed to ask", false);
        return;
    }
    r->reply.status = 204;
    r->reply.type = NULL;
    r->reply.etag[0] = r->reply.allow[0] = '\0';
    r->reply.retry_after_s = 0;
    r->reply.at_ns = piq_clock_monotonic_ns();
    piq_http_lines_keep(r, lines, 3);
}
