/* audit.c - gathering entries, and storing them in pieces.
 *
 * add() appends to `waiting`; flush() takes all of it to `leaving`, makes a
 * piece of as much as fits, stores it, and goes on until nothing waits. A piece
 * stays as it was made until it is stored: an answer that was lost on the way
 * is told from a failure by reading the record again.
 */
#include "access/audit.h"

#include "access/audit_names.h"
#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MAX_WAITING = 32768,
    MAX_LINES = 1000,
    MAX_PIECE_BYTES = 512 << 10,
    MAX_ERASED = 64,
    ACTION_BYTES = 120
};

typedef struct entry {
    int64_t at_us;
    piq_user_id user;
    piq_user_id by; /* the learner who called; 0: no learner did */
    int status;
    uint32_t model, policy;
    uint64_t request;
    char caller[40];
    char action[ACTION_BYTES];
} entry;

typedef struct entries {
    entry *list;
    size_t n, cap;
} entries;

struct piq_audit {
    piq_store *store;
    pthread_mutex_t add_lock; /* what follows, for moments only */
    entries waiting;
    piq_user_id erased[MAX_ERASED]; /* whose names are to be forgotten */
    size_t n_erased;                /* over MAX_ERASED: everybody's */
    pthread_mutex_t flush_lock;     /* all below; taken before add_lock */
    entries leaving;
    size_t n_left; /* of `leaving`, in pieces that are stored */
    piq_audit_names *names;
    piq_audit_chain chain; /* as stored */
    /* The piece under way: n_lines 0: none. */
    piq_audit_chain next; /* the chain with it */
    char key[PIQ_AUDIT_KEY_BYTES];
    piq_buf piece, scratch;
    size_t n_lines;
    int64_t at_us; /* of the newest piece */
};

piq_status piq_audit_open(piq_store *store, piq_audit **out, piq_err *err)
{
    uint8_t random[PIQ_AUDIT_CHAIN_BYTES / 2];
    char name[PIQ_AUDIT_CHAIN_BYTES];
    piq_status status = piq_crypto_random(random, sizeof random, err);
    if (status)
        return status;
    piq_audit *k = piq_alloc_should_fail() ? NULL : calloc(1, sizeof *k);
    if (k)
        k->names = piq_audit_names_new();
    if (!k || !k->names) {
        free(k);
        return piq_fail(err, PIQ_ENOMEM, "no memory to open the audit");
    }
    piq_crypto_hex(random, sizeof random, name);
    k->store = store;
    k->at_us = INT64_MIN;
    piq_audit_chain_begin(&k->chain, piq_str_of(name));
    pthread_mutex_init(&k->add_lock, NULL);
    pthread_mutex_init(&k->flush_lock, NULL);
    piq_buf_init(&k->piece, PIQ_STORE_MAX_RECORD_BYTES);
    piq_buf_init(&k->scratch, 4096);
    *out = k;
    return PIQ_OK;
}

void piq_audit_close(piq_audit *k)
{
    if (!k)
        return;
    piq_err err = {0};
    if (piq_audit_flush(k, &err))
        piq_log_err(0, "entries of the audit are lost", &err);
    piq_audit_names_free(k->names);
    free(k->waiting.list);
    free(k->leaving.list);
    piq_buf_release(&k->piece);
    piq_buf_release(&k->scratch);
    pthread_mutex_destroy(&k->add_lock);
    pthread_mutex_destroy(&k->flush_lock);
    free(k);
}

/* ---- adding ---------------------------------------------------------------
 */

/* A learner who calls is somebody to be forgotten, too. */
static void name_caller(entry *e, const char *caller)
{
    static const char learner[] = "learner:";
    const size_t n = sizeof learner - 1;
    int64_t id;
    if (strncmp(caller, learner, n) == 0 &&
        piq_str_to_i64(piq_str_of(caller + n), &id) && id > 0)
        e->by.v = id;
    else
        memcpy(e->caller, caller, strlen(caller));
}

static piq_status make_room(entries *list, piq_err *err)
{
    if (list->n < list->cap)
        return PIQ_OK;
    if (list->n >= MAX_WAITING)
        return piq_fail(err, PIQ_EBUSY,
                        "the audit is full: storage does not follow");
    size_t cap = list->cap ? 2 * list->cap : 256;
    entry *more = NULL;
    if (!piq_alloc_should_fail())
        more = realloc(list->list, cap * sizeof *more);
    if (!more)
        return piq_fail(err, PIQ_ENOMEM, "no memory for the audit");
    list->list = more;
    list->cap = cap;
    return PIQ_OK;
}

piq_status piq_audit_add(piq_audit *k, const piq_audit_entry *e, piq_err *err)
{
    size_t caller = e->caller ? strlen(e->caller) : 0;
    size_t action = e->action ? strlen(e->action) : 0;
    entry x = {.at_us = e->at_us,
               .user = e->user,
               .status = e->status,
               .model = e->model,
               .policy = e->policy,
               .request = e->request};
    if (!caller || caller >= sizeof x.caller || !action ||
        action >= sizeof x.action ||
        !piq_str_is_utf8((piq_str){e->caller, caller}) ||
        !piq_str_is_utf8((piq_str){e->action, action}))
        return piq_fail(err, PIQ_EINVAL,
                        "the audit takes a caller and an action of at most 39 "
                        "and 119 bytes");
    name_caller(&x, e->caller);
    memcpy(x.action, e->action, action);
    pthread_mutex_lock(&k->add_lock);
    piq_status status = make_room(&k->waiting, err);
    if (!status)
        k->waiting.list[k->waiting.n++] = x;
    pthread_mutex_unlock(&k->add_lock);
    return status;
}

/* ---- storing --------------------------------------------------------------
 */

/* Takes what waits when nothing is leaving; false: there is nothing. */
static bool take_waiting(piq_audit *k)
{
    if (k->n_left < k->leaving.n)
        return true;
    pthread_mutex_lock(&k->add_lock);
    entries empty = k->leaving;
    k->leaving = k->waiting;
    k->waiting = (entries){.list = empty.list, .cap = empty.cap};
    pthread_mutex_unlock(&k->add_lock);
    k->n_left = 0;
    return k->leaving.n > 0;
}

static piq_status name_of(piq_audit *k, piq_user_id user, int64_t now_us,
                          char name[PIQ_AUDIT_NAME_BYTES], piq_err *err)
{
    name[0] = 0;
    if (user.v == 0)
        return PIQ_OK;
    return piq_audit_names_get(k->names, k->store, user, now_us, name, err);
}

static piq_status add_line(piq_audit *k, piq_json_writer *w, const entry *e,
                           piq_err *err)
{
    char learner[PIQ_AUDIT_NAME_BYTES], by[PIQ_AUDIT_NAME_BYTES];
    char caller[PIQ_AUDIT_CALLER_BYTES];
    piq_status status = name_of(k, e->user, e->at_us, learner, err);
    if (!status && e->by.v == e->user.v)
        memcpy(by, learner, sizeof by);
    else if (!status)
        status = name_of(k, e->by, e->at_us, by, err);
    if (status)
        return status;
    snprintf(caller, sizeof caller, "%s%s", e->by.v ? "learner:" : e->caller,
             e->by.v ? by : "");
    const piq_audit_line line = {.at_us = e->at_us,
                                 .caller = piq_str_of(caller),
                                 .action = piq_str_of(e->action),
                                 .learner = piq_str_of(learner),
                                 .status = e->status,
                                 .request = e->request,
                                 .model = e->model,
                                 .policy = e->policy};
    if (piq_audit_chain_add(&k->next, &line, &k->scratch))
        return piq_fail(err, PIQ_ENOMEM, "no memory for the audit");
    piq_audit_piece_line(w, &k->next, &line);
    return PIQ_OK;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = ((const piq_user_id *)a)->v, y = ((const piq_user_id *)b)->v;
    return (x > y) - (x < y);
}

/* Everybody in the next piece: keys that are missing are made together, for one
 * commit each would be slower than requests come. */
static piq_status prepare_names(piq_audit *k, piq_err *err)
{
    piq_user_id users[2 * MAX_LINES];
    size_t n = 0;
    for (size_t i = 0; i < MAX_LINES && k->n_left + i < k->leaving.n; i++) {
        const entry *e = &k->leaving.list[k->n_left + i];
        users[n++] = e->user;
        users[n++] = e->by;
    }
    qsort(users, n, sizeof *users, by_number);
    return piq_audit_names_prepare(k->names, k->store, users, n,
                                   k->leaving.list[k->n_left].at_us, err);
}

/* The next piece, from what is leaving. */
static piq_status make_piece(piq_audit *k, piq_err *err)
{
    piq_json_writer w;
    piq_status status = PIQ_OK;
    int64_t at_us = k->at_us;
    size_t n = 0;
    k->next = k->chain;
    piq_audit_chain_key(&k->chain, k->key);
    piq_buf_clear(&k->piece);
    piq_json_init(&w, &k->piece);
    piq_audit_piece_begin(&w, &k->next);
    while (!status && n < MAX_LINES && k->n_left + n < k->leaving.n &&
           k->piece.len < MAX_PIECE_BYTES) {
        const entry *e = &k->leaving.list[k->n_left + n++];
        status = add_line(k, &w, e, err);
        /* Pieces never go back in time: they are listed by it. */
        if (e->at_us > at_us)
            at_us = e->at_us;
    }
    if (status)
        return status;
    piq_audit_piece_end(&w, &k->next);
    if (k->piece.status)
        return piq_fail(err, k->piece.status, "no memory for the audit");
    k->n_lines = n;
    k->at_us = at_us;
    return PIQ_OK;
}

/* Whether the record is there because an earlier try went through. */
static bool is_stored(piq_audit *k)
{
    piq_arena a;
    piq_record r;
    char hash[2 * PIQ_SHA256_BYTES + 1];
    piq_crypto_hex(k->next.hash, PIQ_SHA256_BYTES, hash);
    piq_arena_init(&a, 0);
    bool same =
        !k->store->ops->record(k->store, &a, (piq_user_id){0}, PIQ_RECORD_AUDIT,
                               piq_str_of(k->key), INT64_MIN, &r, NULL) &&
        memmem(r.document.ptr, r.document.len, hash, strlen(hash));
    piq_arena_release(&a);
    return same;
}

static piq_status store_piece(piq_audit *k, piq_err *err)
{
    const piq_record r = {.kind = PIQ_RECORD_AUDIT,
                          .key = piq_str_of(k->key),
                          .at_us = k->at_us,
                          .expires_us = INT64_MAX,
                          .document = {k->piece.ptr, k->piece.len}};
    piq_status status = k->store->ops->put_records(k->store, &r, 1, err);
    if (status == PIQ_ESTALE && is_stored(k))
        status = PIQ_OK;
    if (status)
        return status;
    k->chain = k->next;
    k->n_left += k->n_lines;
    k->n_lines = 0;
    return PIQ_OK;
}

/* What forget() was told since. It must not wait for a flush that waits for
 * storage, so it only leaves word. */
static void forget_erased(piq_audit *k)
{
    piq_user_id erased[MAX_ERASED];
    pthread_mutex_lock(&k->add_lock);
    size_t n = k->n_erased;
    memcpy(erased, k->erased, sizeof erased);
    k->n_erased = 0;
    pthread_mutex_unlock(&k->add_lock);
    if (n > MAX_ERASED)
        piq_audit_names_forget_all(k->names);
    for (size_t i = 0; i < n && n <= MAX_ERASED; i++)
        piq_audit_names_forget(k->names, erased[i]);
}

piq_status piq_audit_flush(piq_audit *k, piq_err *err)
{
    piq_status status = PIQ_OK;
    pthread_mutex_lock(&k->flush_lock);
    forget_erased(k);
    while (!status && take_waiting(k)) {
        if (!k->n_lines)
            status = prepare_names(k, err);
        if (!status && !k->n_lines)
            status = make_piece(k, err);
        if (!status)
            status = store_piece(k, err);
    }
    pthread_mutex_unlock(&k->flush_lock);
    return status;
}

void piq_audit_forget(piq_audit *k, piq_user_id user)
{
    pthread_mutex_lock(&k->add_lock);
    if (k->n_erased < MAX_ERASED)
        k->erased[k->n_erased] = user;
    if (k->n_erased <= MAX_ERASED)
        k->n_erased++;
    pthread_mutex_unlock(&k->add_lock);
}
