#include "webhook/message.h"

#include "access/crypto.h"
#include "base/json_writer.h"
#include "base/map.h"
#include "webhook/webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    uint32_t what;
    const char *name, *type;
} kinds[] = {
    {PIQ_CHANGED_STATE, "profile", "piq.profile.changed"},
    {PIQ_CHANGED_PATH, "path", "piq.path.changed"},
    {PIQ_CHANGED_SLATE, "recommendations", "piq.recommendations.changed"},
    {PIQ_CHANGED_ERASED, "erased", "piq.learner.erased"},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

const char *piq_webhook_what_name(uint32_t what)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (kinds[i].what == what)
            return kinds[i].name;
    return NULL;
}

uint32_t piq_webhook_what_of(piq_str name)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (piq_str_eq(name, piq_str_of(kinds[i].name)))
            return kinds[i].what;
    return 0;
}

static int by_mark(const void *a, const void *b)
{
    const piq_message *x = a, *y = b;
    if (x->mark != y->mark)
        return x->mark < y->mark ? -1 : 1;
    if (x->user.v != y->user.v)
        return x->user.v < y->user.v ? -1 : 1;
    return x->what < y->what ? -1 : x->what > y->what;
}

/* Into the message of the same learner and kind, or a new one. */
static piq_status add(piq_map *at, piq_message *list, size_t *n,
                      const piq_change *c, uint32_t what)
{
    uint64_t key = ((uint64_t)c->user.v << 4) | what, found;
    if (!piq_map_get(at, key, &found)) {
        found = *n;
        if (piq_map_put(at, key, found))
            return PIQ_ENOMEM;
        list[(*n)++] = (piq_message){.user = c->user, .what = what};
    }
    piq_message *m = &list[found];
    m->mark = c->mark;
    m->at_us = c->at_us;
    if (c->version)
        m->version = c->version;
    return PIQ_OK;
}

piq_status piq_messages_of(piq_arena *a, const piq_change *changes, size_t n,
                           uint32_t tenant, uint32_t what, piq_message **out,
                           size_t *n_out)
{
    piq_map at;
    piq_status status = PIQ_OK;
    piq_message *list = piq_new(a, piq_message, n * N_KINDS + 1);
    *n_out = 0;
    if (!list)
        return PIQ_ENOMEM;
    piq_map_init(&at);
    for (size_t i = 0; i < n; i++) {
        if ((uint64_t)changes[i].user.v >> PIQ_USER_BITS != tenant)
            continue;
        for (size_t k = 0; k < N_KINDS && status == PIQ_OK; k++)
            if (changes[i].what & what & kinds[k].what)
                status = add(&at, list, n_out, &changes[i], kinds[k].what);
    }
    piq_map_release(&at);
    if (status)
        return status;
    qsort(list, *n_out, sizeof *list, by_mark);
    *out = list;
    return PIQ_OK;
}

void piq_message_id(const piq_message *m, char out[PIQ_MESSAGE_ID_BYTES])
{
    snprintf(out, PIQ_MESSAGE_ID_BYTES, "%s-%" PRId64 "-%" PRId64,
             piq_webhook_what_name(m->what), m->mark, piq_user_outer(m->user));
}

void piq_message_trace(const piq_message *m, const char *endpoint,
                       uint64_t span, char out[PIQ_MESSAGE_TRACE_BYTES])
{
    enum { TRACE_BYTES = 16 };
    char id[PIQ_MESSAGE_ID_BYTES], text[PIQ_MESSAGE_ID_BYTES + 32];
    char trace[2 * TRACE_BYTES + 1];
    uint8_t hash[PIQ_SHA256_BYTES];
    piq_message_id(m, id);
    snprintf(text, sizeof text, "%s %s", endpoint, id);
    piq_crypto_sha256(piq_str_of(text), hash);
    piq_crypto_hex(hash, TRACE_BYTES, trace);
    /* Sampled: whoever goes by the caller's choice keeps these few. */
    snprintf(out, PIQ_MESSAGE_TRACE_BYTES, "00-%s-%016" PRIx64 "-01", trace,
             span ? span : 1);
}

void piq_message_body(const piq_message *m, const char *source, piq_buf *out)
{
    char id[PIQ_MESSAGE_ID_BYTES], subject[64];
    piq_json_writer w;
    size_t k = 0;
    while (k + 1 < N_KINDS && kinds[k].what != m->what)
        k++;
    piq_message_id(m, id);
    snprintf(subject, sizeof subject, "users/%" PRId64,
             piq_user_outer(m->user));
    piq_json_init(&w, out);
    piq_json_object(&w);
    piq_json_put_z(&w, "specversion", "1.0");
    piq_json_put_z(&w, "id", id);
    piq_json_put_z(&w, "source", source);
    piq_json_put_z(&w, "type", kinds[k].type);
    piq_json_put_z(&w, "subject", subject);
    piq_json_put_time(&w, "time", m->at_us);
    piq_json_put_z(&w, "datacontenttype", "application/json");
    piq_json_key(&w, "data");
    piq_json_object(&w);
    piq_json_put_id(&w, "userId", piq_user_outer(m->user));
    if (m->version)
        piq_json_put_int(&w, "state_version", m->version);
    piq_json_object_end(&w);
    piq_json_object_end(&w);
}
