/* audit_names.c - names by keys that are records of the learner. */
#include "access/audit_names.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_PLACES = 4096 };
static const int64_t REMEMBER_US = INT64_C(60) * 1000000;

#define KEY PIQ_STR("1")

typedef struct place {
    piq_user_id user; /* 0: empty */
    int64_t read_us;
    char name[PIQ_AUDIT_NAME_BYTES];
} place;

struct piq_audit_names {
    place places[N_PLACES];
};

piq_audit_names *piq_audit_names_new(void)
{
    return piq_alloc_should_fail() ? NULL : calloc(1, sizeof(piq_audit_names));
}

void piq_audit_names_free(piq_audit_names *n)
{
    free(n);
}

static place *place_of(piq_audit_names *n, piq_user_id user)
{
    return &n->places[piq_hash_u64((uint64_t)user.v) % N_PLACES];
}

piq_status piq_audit_names_stored(piq_store *s, piq_user_id user,
                                  char name[PIQ_AUDIT_NAME_BYTES], piq_err *err)
{
    uint8_t key[PIQ_SHA256_BYTES];
    piq_arena a;
    piq_record r;
    piq_arena_init(&a, 0);
    piq_status status = s->ops->record(s, &a, user, PIQ_RECORD_AUDIT_KEY, KEY,
                                       INT64_MIN, &r, err);
    if (!status && !piq_audit_key_read(r.document, key))
        status = piq_fail(err, PIQ_ECORRUPT,
                          "a learner's key of the audit cannot be read");
    if (!status)
        piq_audit_name_of(key, user, name);
    piq_crypto_wipe(key, sizeof key);
    piq_arena_release(&a);
    return status;
}

static piq_status make_key(piq_store *s, piq_user_id user, int64_t now_us,
                           piq_err *err)
{
    uint8_t key[PIQ_SHA256_BYTES];
    char hex[2 * sizeof key + 1], document[96];
    piq_status status = piq_crypto_random(key, sizeof key, err);
    if (status)
        return status;
    piq_crypto_hex(key, sizeof key, hex);
    int len = snprintf(document, sizeof document, "{\"key\":\"%s\"}", hex);
    const piq_record r = {.user = user,
                          .kind = PIQ_RECORD_AUDIT_KEY,
                          .key = KEY,
                          .at_us = now_us,
                          .expires_us = INT64_MAX,
                          .document = {document, (size_t)len}};
    status = s->ops->put_records(s, &r, 1, err);
    piq_crypto_wipe(key, sizeof key);
    piq_crypto_wipe(hex, sizeof hex);
    piq_crypto_wipe(document, sizeof document);
    return status == PIQ_ESTALE ? PIQ_OK : status; /* somebody was faster */
}

static piq_status find(piq_store *s, piq_user_id user, int64_t now_us,
                       bool *there, char name[PIQ_AUDIT_NAME_BYTES],
                       piq_err *err)
{
    piq_arena a;
    int64_t version;
    piq_str body;
    *there = true;
    piq_status status = piq_audit_names_stored(s, user, name, err);
    if (status != PIQ_ENOTFOUND)
        return status;
    piq_arena_init(&a, 0);
    status = s->ops->state(s, &a, user, &version, &body, err);
    piq_arena_release(&a);
    *there = status != PIQ_ENOTFOUND;
    if (!*there)
        return PIQ_OK;
    if (!status)
        status = make_key(s, user, now_us, err);
    return status ? status : piq_audit_names_stored(s, user, name, err);
}

piq_status piq_audit_names_get(piq_audit_names *n, piq_store *s,
                               piq_user_id user, int64_t now_us,
                               char name[PIQ_AUDIT_NAME_BYTES], piq_err *err)
{
    uint8_t random[PIQ_AUDIT_NAME_BYTES / 2];
    place *p = place_of(n, user);
    bool there;
    if (p->user.v == user.v && p->read_us <= now_us &&
        p->read_us > now_us - REMEMBER_US) {
        memcpy(name, p->name, sizeof p->name);
        return PIQ_OK;
    }
    piq_status status = find(s, user, now_us, &there, name, err);
    if (status)
        return status;
    if (!there) {
        status = piq_crypto_random(random, sizeof random, err);
        piq_crypto_hex(random, sizeof random, name);
        return status;
    }
    p->user = user;
    p->read_us = now_us;
    memcpy(p->name, name, sizeof p->name);
    return PIQ_OK;
}

void piq_audit_names_forget(piq_audit_names *n, piq_user_id user)
{
    place *p = place_of(n, user);
    if (p->user.v == user.v)
        *p = (place){0};
}
