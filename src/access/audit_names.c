/* audit_names.c - names by keys that are records of the learner. */
#include "access/audit_names.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_PLACES = 65536, KEYS_AT_ONCE = 256, DOCUMENT_BYTES = 96 };
static const int64_t REMEMBER_US = INT64_C(600) * 1000000;

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

/* A new key, and the record that it will be. `document` is to be wiped. It is
 * made from a state, so that it cannot outlive an erasure that comes between:
 * it would lead from the entries to the learner. */
static piq_status draw_key(piq_user_id user, int64_t state_version,
                           int64_t now_us, uint8_t key[PIQ_SHA256_BYTES],
                           char document[DOCUMENT_BYTES], piq_record *out,
                           piq_err *err)
{
    char hex[2 * PIQ_SHA256_BYTES + 1];
    piq_status status = piq_crypto_random(key, PIQ_SHA256_BYTES, err);
    if (status)
        return status;
    piq_crypto_hex(key, PIQ_SHA256_BYTES, hex);
    int len = snprintf(document, DOCUMENT_BYTES, "{\"key\":\"%s\"}", hex);
    piq_crypto_wipe(hex, sizeof hex);
    *out = (piq_record){.user = user,
                        .kind = PIQ_RECORD_AUDIT_KEY,
                        .key = KEY,
                        .state_version = state_version,
                        .at_us = now_us,
                        .expires_us = INT64_MAX,
                        .document = {document, (size_t)len}};
    return PIQ_OK;
}

/* PIQ_OK without one: another was first, or the learner was erased. */
static piq_status make_key(piq_store *s, piq_user_id user,
                           int64_t state_version, int64_t now_us, piq_err *err)
{
    uint8_t key[PIQ_SHA256_BYTES];
    char document[DOCUMENT_BYTES];
    piq_record r;
    piq_status status =
        draw_key(user, state_version, now_us, key, document, &r, err);
    if (status)
        return status;
    status = s->ops->put_records(s, &r, 1, err);
    piq_crypto_wipe(key, sizeof key);
    piq_crypto_wipe(document, sizeof document);
    return status == PIQ_ESTALE ? PIQ_OK : status;
}

/* *version of the learner's state; 0: there is none. */
static piq_status read_version(piq_store *s, piq_user_id user, int64_t *version,
                               piq_err *err)
{
    piq_arena a;
    piq_str body;
    *version = 0;
    piq_arena_init(&a, 0);
    piq_status status = s->ops->state(s, &a, user, version, &body, err);
    piq_arena_release(&a);
    return status == PIQ_ENOTFOUND ? PIQ_OK : status;
}

static piq_status find(piq_store *s, piq_user_id user, int64_t now_us,
                       bool *there, char name[PIQ_AUDIT_NAME_BYTES],
                       piq_err *err)
{
    int64_t version;
    *there = true;
    piq_status status = piq_audit_names_stored(s, user, name, err);
    if (status != PIQ_ENOTFOUND)
        return status;
    status = read_version(s, user, &version, err);
    if (status == PIQ_OK && version)
        status = make_key(s, user, version, now_us, err);
    if (status == PIQ_OK && version)
        status = piq_audit_names_stored(s, user, name, err);
    *there = status == PIQ_OK && version;
    return status == PIQ_ENOTFOUND ? PIQ_OK : status;
}

static bool is_fresh(const place *p, piq_user_id user, int64_t now_us)
{
    return p->user.v == user.v && p->read_us <= now_us &&
           p->read_us > now_us - REMEMBER_US;
}

static void remember(piq_audit_names *n, piq_user_id user, int64_t now_us,
                     const char name[PIQ_AUDIT_NAME_BYTES])
{
    place *p = place_of(n, user);
    p->user = user;
    p->read_us = now_us;
    memcpy(p->name, name, sizeof p->name);
}

/* ---- many at once ----------------------------------------------------------
 */

/* Keys that are to be made in one commit. */
typedef struct drawn {
    size_t n;
    piq_record records[KEYS_AT_ONCE];
    uint8_t keys[KEYS_AT_ONCE][PIQ_SHA256_BYTES];
    char documents[KEYS_AT_ONCE][DOCUMENT_BYTES];
} drawn;

/* PIQ_ESTALE is no failure: one of them was made, or its learner erased,
 * meanwhile, and each is looked for by itself when it is wanted. */
static piq_status make_drawn(piq_audit_names *n, piq_store *s, int64_t now_us,
                             drawn *d, piq_err *err)
{
    char name[PIQ_AUDIT_NAME_BYTES];
    piq_status status =
        d->n ? s->ops->put_records(s, d->records, d->n, err) : PIQ_OK;
    for (size_t i = 0; i < d->n && status == PIQ_OK; i++) {
        piq_audit_name_of(d->keys[i], d->records[i].user, name);
        remember(n, d->records[i].user, now_us, name);
    }
    piq_crypto_wipe(d, sizeof *d);
    return status == PIQ_ESTALE ? PIQ_OK : status;
}

static piq_status prepare_one(piq_audit_names *n, piq_store *s,
                              piq_user_id user, int64_t now_us, drawn *d,
                              piq_err *err)
{
    char name[PIQ_AUDIT_NAME_BYTES];
    int64_t version;
    piq_status status = piq_audit_names_stored(s, user, name, err);
    if (status == PIQ_OK)
        remember(n, user, now_us, name);
    if (status != PIQ_ENOTFOUND)
        return status;
    status = read_version(s, user, &version, err);
    if (status || !version)
        return status;
    status = draw_key(user, version, now_us, d->keys[d->n], d->documents[d->n],
                      &d->records[d->n], err);
    if (status == PIQ_OK && ++d->n == KEYS_AT_ONCE)
        status = make_drawn(n, s, now_us, d, err);
    return status;
}

piq_status piq_audit_names_prepare(piq_audit_names *n, piq_store *s,
                                   const piq_user_id *users, size_t n_users,
                                   int64_t now_us, piq_err *err)
{
    piq_status status = PIQ_OK;
    drawn *d = piq_alloc_should_fail() ? NULL : calloc(1, sizeof *d);
    if (!d)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the audit");
    for (size_t i = 0; i < n_users && status == PIQ_OK; i++)
        if (users[i].v && (i == 0 || users[i].v != users[i - 1].v) &&
            !is_fresh(place_of(n, users[i]), users[i], now_us))
            status = prepare_one(n, s, users[i], now_us, d, err);
    if (status == PIQ_OK)
        status = make_drawn(n, s, now_us, d, err);
    piq_crypto_wipe(d, sizeof *d);
    free(d);
    return status;
}

/* ---- one -------------------------------------------------------------------
 */

piq_status piq_audit_names_get(piq_audit_names *n, piq_store *s,
                               piq_user_id user, int64_t now_us,
                               char name[PIQ_AUDIT_NAME_BYTES], piq_err *err)
{
    uint8_t random[PIQ_AUDIT_NAME_BYTES / 2];
    const place *p = place_of(n, user);
    bool there;
    if (is_fresh(p, user, now_us)) {
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
    remember(n, user, now_us, name);
    return PIQ_OK;
}

void piq_audit_names_forget(piq_audit_names *n, piq_user_id user)
{
    place *p = place_of(n, user);
    if (p->user.v == user.v)
        *p = (place){0};
}

void piq_audit_names_forget_all(piq_audit_names *n)
{
    memset(n->places, 0, sizeof n->places);
}
