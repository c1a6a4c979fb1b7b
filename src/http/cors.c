/* cors.c - an allow-list of origins: Fetch standard, 3.2; RFC 6454, 6.2. */
#include "http/cors.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ORIGINS = 1000, MAX_ORIGIN_BYTES = 300 };

struct piq_cors {
    size_t n;
    char *origins[];
};

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* What a host is made of; brackets and colons for IPv6. */
static size_t host_len(const char *at)
{
    size_t n = 0;
    if (*at == '[') {
        n = strspn(at + 1, "0123456789abcdef:.");
        return n > 0 && at[n + 1] == ']' ? n + 2 : 0;
    }
    while (is_lower_or_digit(at[n]) || at[n] == '-' || at[n] == '.' ||
           at[n] == '_')
        n++;
    return n;
}

/* scheme://host[:port], as browsers write it. */
static bool is_origin(const char *text)
{
    const char *at = text;
    if (strnlen(text, MAX_ORIGIN_BYTES) == MAX_ORIGIN_BYTES)
        return false;
    while (is_lower_or_digit(*at) || *at == '+' || *at == '-' || *at == '.')
        at++;
    if (at == text || strncmp(at, "://", 3) != 0)
        return false;
    at += 3;
    size_t host = host_len(at);
    at += host;
    if (host == 0 || *at == '\0')
        return host > 0;
    size_t port = *at == ':' ? strspn(at + 1, "0123456789") : 0;
    return port > 0 && port <= 5 && at[1 + port] == '\0';
}

static piq_status refuse(piq_err *err, const char *origin)
{
    piq_status st = piq_fail(err, PIQ_EINVAL,
                             "could not allow the origin \"%.100s\": it is not "
                             "of the form scheme://host[:port]",
                             origin);
    piq_err_hint(err, "for example https://app.example: in lower case, without "
                      "a path; there are no wildcards");
    return st;
}

piq_status piq_cors_new(const char *const *origins, size_t n, piq_cors **out,
                        piq_err *err)
{
    if (n == 0) {
        *out = NULL;
        return PIQ_OK;
    }
    if (n > MAX_ORIGINS)
        return piq_fail(err, PIQ_EINVAL,
                        "could not allow %zu origins: at most %d", n,
                        MAX_ORIGINS);
    for (size_t i = 0; i < n; i++)
        if (!is_origin(origins[i]))
            return refuse(err, origins[i]);
    piq_cors *c = calloc(1, sizeof *c + n * sizeof c->origins[0]);
    for (size_t i = 0; c && i < n; i++) {
        c->origins[i] = strdup(origins[i]);
        c->n++;
        if (!c->origins[i]) {
            piq_cors_free(c);
            c = NULL;
        }
    }
    if (!c)
        return piq_fail(err, PIQ_ENOMEM,
                        "could not keep the allowed origins: no memory");
    *out = c;
    return PIQ_OK;
}

void piq_cors_free(piq_cors *c)
{
    for (size_t i = 0; c && i < c->n; i++)
        free(c->origins[i]);
    free(c);
}

const char *piq_cors_origin(const piq_cors *c, piq_str origin)
{
    for (size_t i = 0; c && i < c->n; i++)
        if (piq_str_eq(piq_str_of(c->origins[i]), origin))
            return c->origins[i];
    return NULL;
}

bool piq_cors_is_preflight(const char *method, piq_str origin,
                           piq_str wanted_method)
{
    return strcmp(method, "OPTIONS") == 0 && origin.len > 0 &&
           wanted_method.len > 0;
}
