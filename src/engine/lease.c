#include "engine/lease.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

piq_status piq_lease_init(piq_lease *l, piq_store *store, piq_str key,
                          int64_t hold_ns, piq_err *err)
{
    unsigned char bytes[(PIQ_HOLDER_BYTES - 1) / 2];
    *l = (piq_lease){.store = store, .key = key, .hold_ns = hold_ns};
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return piq_fail(err, PIQ_EINTERNAL, "there are no random numbers");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(l->holder + 2 * i, 3, "%02x", bytes[i]);
    return PIQ_OK;
}

static piq_status write_from(piq_lease *l, int64_t from, int64_t now_ns,
                             int64_t at_us, piq_err *err)
{
    char text[64];
    int len = snprintf(text, sizeof text, "{\"holder\":\"%s\"}", l->holder);
    piq_record r = {.kind = PIQ_RECORD_LEASE,
                    .key = l->key,
                    .from_version = from,
                    .at_us = at_us,
                    .expires_us = INT64_MAX,
                    .document = {text, (size_t)len}};
    piq_status status = l->store->ops->put_records(l->store, &r, 1, err);
    if (status == PIQ_OK) {
        l->mine = true;
        l->version = from + 1;
        l->seen_ns = now_ns;
    }
    return status;
}

/* Somebody else was first: their time begins now. */
static void watch(piq_lease *l, int64_t version, int64_t now_ns)
{
    l->mine = false;
    l->version = version;
    l->seen_ns = now_ns;
}

static piq_status take_or_watch(piq_lease *l, int64_t now_ns, int64_t at_us,
                                piq_err *err)
{
    piq_arena a;
    piq_record r;
    piq_err why = {0};
    int64_t present = 0;
    piq_arena_init(&a, 0);
    piq_status status =
        l->store->ops->record(l->store, &a, (piq_user_id){0}, PIQ_RECORD_LEASE,
                              l->key, at_us, &r, &why);
    if (status == PIQ_OK)
        present = r.version;
    piq_arena_release(&a);
    if (status && status != PIQ_ENOTFOUND) {
        if (err)
            *err = why;
        return status;
    }
    if (present && present != l->version) {
        watch(l, present, now_ns);
        return PIQ_OK;
    }
    if (present && now_ns - l->seen_ns < l->hold_ns)
        return PIQ_OK;
    status = write_from(l, present, now_ns, at_us, &why);
    if (status == PIQ_ESTALE) {
        watch(l, 0, now_ns);
        return PIQ_OK;
    }
    if (status && err)
        *err = why;
    return status;
}

piq_status piq_lease_tick(piq_lease *l, int64_t now_ns, int64_t at_us,
                          piq_err *err)
{
    piq_err why = {0};
    if (!l->mine)
        return take_or_watch(l, now_ns, at_us, err);
    if (now_ns - l->seen_ns < l->hold_ns / 3)
        return PIQ_OK;
    piq_status status = write_from(l, l->version, now_ns, at_us, &why);
    if (status == PIQ_ESTALE) {
        watch(l, 0, now_ns);
        return PIQ_OK;
    }
    if (status && err)
        *err = why;
    return status;
}

bool piq_lease_is_mine(const piq_lease *l, int64_t now_ns)
{
    return l->mine && now_ns - l->seen_ns < l->hold_ns / 3 * 2;
}

void piq_lease_release(piq_lease *l)
{
    piq_record r = {
        .kind = PIQ_RECORD_LEASE, .key = l->key, .from_version = l->version};
    /* A failure costs the next one the time of the lease, no more. */
    if (l->mine && l->store->ops->put_records(l->store, &r, 1, NULL) == PIQ_OK)
        l->version = 0;
    l->mine = false;
}
