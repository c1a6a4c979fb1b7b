#include "cli/front.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_PEM_BYTES = 1 << 20, MAX_LIST = 1000 };

/* "a, b" as an array of words; NULL and 0 for no text. */
static piq_status split(const char *text, piq_arena *a,
                        const char *const **words, size_t *n, piq_err *err)
{
    *words = NULL;
    *n = 0;
    if (!text)
        return PIQ_OK;
    const char **out = piq_new(a, const char *, MAX_LIST);
    char *copy = piq_arena_strndup(a, text, strlen(text));
    char *rest = copy;
    if (!out || !copy)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a list");
    for (char *word = strtok_r(copy, ", \t", &rest); word;
         word = strtok_r(NULL, ", \t", &rest)) {
        if (*n == MAX_LIST)
            return piq_fail(err, PIQ_EINVAL,
                            "could not take a list of more than %d", MAX_LIST);
        out[(*n)++] = word;
    }
    *words = out;
    return PIQ_OK;
}

static piq_status read_pem(const char *path, piq_arena *a, piq_str *out,
                           piq_err *err)
{
    char *bytes;
    size_t len;
    piq_status st = piq_read_file(path, MAX_PEM_BYTES, &bytes, &len, err);
    if (st != PIQ_OK)
        return st;
    char *kept = piq_arena_strndup(a, bytes, len);
    explicit_bzero(bytes, len);
    free(bytes);
    if (!kept)
        return piq_fail(err, PIQ_ENOMEM, "no memory to read %s", path);
    *out = (piq_str){kept, len};
    return PIQ_OK;
}

static piq_status read_tls(const piq_serve_options *o, piq_arena *a,
                           piq_str *cert, piq_str *key, piq_err *err)
{
    if (!o->tls_cert && !o->tls_key)
        return PIQ_OK;
    if (!o->tls_cert || !o->tls_key)
        return piq_fail(err, PIQ_EINVAL,
                        "could not use TLS: --tls-cert and --tls-key go "
                        "together");
    piq_status st = read_pem(o->tls_cert, a, cert, err);
    if (st == PIQ_OK)
        st = read_pem(o->tls_key, a, key, err);
    return st;
}

piq_status piq_front_config(const piq_serve_options *o, piq_arena *a,
                            piq_http_config *out, piq_err *err)
{
    *out = (piq_http_config){.address = o->address,
                             .port = (uint16_t)o->port,
                             .n_threads = (unsigned)o->threads,
                             .max_connections = (unsigned)o->max_connections,
                             .max_per_address = (unsigned)o->max_per_address};
    piq_status st =
        split(o->cors_origin, a, &out->cors_origins, &out->n_cors_origins, err);
    if (st == PIQ_OK)
        st = split(o->trusted_proxy, a, &out->trusted_proxies,
                   &out->n_trusted_proxies, err);
    if (st == PIQ_OK)
        st = read_tls(o, a, &out->tls_cert, &out->tls_key, err);
    return st;
}

void piq_front_reload(const piq_serve_options *o, piq_http_server *s)
{
    piq_arena a;
    piq_err err = {0};
    piq_str cert = {0};
    piq_str key = {0};
    if (!o->tls_cert) {
        piq_log(PIQ_LOG_INFO, 0, "nothing to reload: TLS is off", NULL, 0);
        return;
    }
    piq_arena_init(&a, 0);
    piq_status st = read_tls(o, &a, &cert, &key, &err);
    if (st == PIQ_OK)
        st = piq_http_reload_tls(s, cert, key, &err);
    if (key.len)
        explicit_bzero((void *)(uintptr_t)key.ptr, key.len);
    piq_arena_release(&a);
    piq_log_field why[] = {piq_log_z("error", err.message)};
    if (st == PIQ_OK)
        piq_log(PIQ_LOG_INFO, 0, "the TLS certificate was reloaded", NULL, 0);
    else
        piq_log(PIQ_LOG_ERROR, 0,
                "the TLS certificate was not reloaded; the one before stays",
                why, 1);
}
