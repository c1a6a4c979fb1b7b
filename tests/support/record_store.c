#include "support/record_store.h"

#include "base/map.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>

typedef struct row {
    piq_record r; /* strings owned */
    bool used;
} row;

typedef struct store {
    piq_store base;
    pthread_mutex_t lock;
    row *rows;
    size_t n, cap;
    piq_map learners;
    bool broken, lose;
    long fail_in;
    unsigned long calls;
} store;

static store *of(piq_store *s)
{
    return (store *)s;
}

static piq_str copy_str(piq_str s)
{
    char *p = malloc(s.len + 1);
    if (!p)
        abort();
    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = 0;
    return (piq_str){p, s.len};
}

static void free_row(row *w)
{
    free((void *)(uintptr_t)w->r.kind.ptr);
    free((void *)(uintptr_t)w->r.key.ptr);
    free((void *)(uintptr_t)w->r.document.ptr);
    *w = (row){0};
}

static row *find(store *s, piq_user_id user, piq_str kind, piq_str key)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->rows[i].used && s->rows[i].r.user.v == user.v &&
            piq_str_eq(s->rows[i].r.kind, kind) &&
            piq_str_eq(s->rows[i].r.key, key))
            return &s->rows[i];
    return NULL;
}

/* Under the lock. */
static piq_status enter(store *s, piq_err *err)
{
    s->calls++;
    bool now = s->fail_in > 0 && --s->fail_in == 0;
    if (s->broken || now)
        return piq_fail(err, PIQ_EIO, "the test's store is broken");
    return PIQ_OK;
}

static void keep(piq_arena *a, const piq_record *r, piq_record *out)
{
    *out = *r;
    out->kind.ptr = piq_arena_strndup(a, r->kind.ptr, r->kind.len);
    out->key.ptr = piq_arena_strndup(a, r->key.ptr, r->key.len);
    out->document.ptr = piq_arena_strndup(a, r->document.ptr, r->document.len);
}

static bool kept(const piq_record *r)
{
    return r->kind.ptr && r->key.ptr && r->document.ptr;
}

static piq_status get(piq_store *b, piq_arena *a, piq_user_id user,
                      piq_str kind, piq_str key, int64_t now_us,
                      piq_record *out, piq_err *err)
{
    store *s = of(b);
    pthread_mutex_lock(&s->lock);
    piq_status status = enter(s, err);
    row *w = status ? NULL : find(s, user, kind, key);
    if (!status && (!w || w->r.expires_us <= now_us))
        status = piq_fail(err, PIQ_ENOTFOUND, "no such record");
    if (!status) {
        keep(a, &w->r, out);
        if (!kept(out))
            status = piq_fail(err, PIQ_ENOMEM, "the arena is full");
    }
    pthread_mutex_unlock(&s->lock);
    return status;
}

static int order(const piq_record *a, const piq_record *b)
{
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    if (a->user.v != b->user.v)
        return a->user.v < b->user.v ? -1 : 1;
    return piq_str_cmp(a->key, b->key);
}

static int by_order(const void *a, const void *b)
{
    return order(*(const piq_record *const *)a, *(const piq_record *const *)b);
}

static bool in_range(const piq_record *r, const piq_record_range *range)
{
    const piq_record after = {.at_us = range->after_us,
                              .user = range->user.v == -1 ? range->after_user
                                                          : range->user,
                              .key = range->after_key};
    return piq_str_eq(r->kind, range->kind) &&
           (range->user.v == PIQ_ANY_USER || range->user.v == r->user.v) &&
           r->expires_us > range->now_us && r->at_us < range->until_us &&
           (range->after_us == INT64_MIN || order(r, &after) > 0);
}

static piq_status list(piq_store *b, piq_arena *a,
                       const piq_record_range *range, piq_record **out,
                       size_t *n, piq_err *err)
{
    store *s = of(b);
    size_t got = 0;
    pthread_mutex_lock(&s->lock);
    piq_status status = enter(s, err);
    const piq_record **all = malloc((s->n + 1) * sizeof(void *));
    for (size_t i = 0; !status && i < s->n; i++)
        if (s->rows[i].used && in_range(&s->rows[i].r, range))
            all[got++] = &s->rows[i].r;
    if (got)
        qsort(all, got, sizeof(void *), by_order);
    if (got > range->limit)
        got = range->limit;
    piq_record *list_of = status ? NULL : piq_new(a, piq_record, got);
    if (!status && !list_of)
        status = piq_fail(err, PIQ_ENOMEM, "the arena is full");
    for (size_t i = 0; !status && i < got; i++) {
        keep(a, all[i], &list_of[i]);
        if (!kept(&list_of[i]))
            status = piq_fail(err, PIQ_ENOMEM, "the arena is full");
    }
    free(all);
    pthread_mutex_unlock(&s->lock);
    if (!status) {
        *out = list_of;
        *n = got;
    }
    return status;
}

static piq_status check(store *s, const piq_record *r, piq_err *err)
{
    row *w = find(s, r->user, r->kind, r->key);
    int64_t is = w ? w->r.version : 0;
    uint64_t there;
    if (r->state_version &&
        !piq_map_get(&s->learners, (uint64_t)r->user.v, &there))
        return piq_fail(err, PIQ_ESTALE, "the learner was erased");
    if (r->from_version != PIQ_RECORD_ANY && r->from_version != is)
        return piq_fail(err, PIQ_ESTALE, "the record has changed");
    if (!r->document.len)
        return w || r->from_version == PIQ_RECORD_ANY
                   ? PIQ_OK
                   : piq_fail(err, PIQ_ENOTFOUND, "no such record");
    if (r->document.len > PIQ_STORE_MAX_RECORD_BYTES)
        return piq_fail(err, PIQ_ELIMIT, "the record is too large");
    json_t *json = json_loadb(r->document.ptr, r->document.len, 0, NULL);
    json_decref(json);
    return json ? PIQ_OK : piq_fail(err, PIQ_EINVAL, "not JSON");
}

static void apply(store *s, const piq_record *r)
{
    row *w = find(s, r->user, r->kind, r->key);
    int64_t version = w ? w->r.version + 1 : 1;
    if (!w) {
        for (size_t i = 0; i < s->n && !w; i++)
            if (!s->rows[i].used)
                w = &s->rows[i];
    } else {
        free_row(w);
    }
    if (!r->document.len)
        return;
    if (!w) {
        if (s->n == s->cap) {
            s->cap = s->cap ? 2 * s->cap : 64;
            s->rows = realloc(s->rows, s->cap * sizeof *s->rows);
        }
        w = &s->rows[s->n++];
    }
    w->r = *r;
    w->used = true;
    w->r.version = version;
    w->r.kind = copy_str(r->kind);
    w->r.key = copy_str(r->key);
    w->r.document = copy_str(r->document);
}

static piq_status put(piq_store *b, const piq_record *rows, size_t n,
                      piq_err *err)
{
    store *s = of(b);
    pthread_mutex_lock(&s->lock);
    piq_status status = enter(s, err);
    for (size_t i = 0; !status && i < n; i++)
        status = check(s, &rows[i], err);
    for (size_t i = 0; !status && i < n; i++)
        apply(s, &rows[i]);
    if (!status && s->lose) {
        s->lose = false;
        status = piq_fail(err, PIQ_EIO, "the answer was lost");
    }
    pthread_mutex_unlock(&s->lock);
    return status;
}

static piq_status state(piq_store *b, piq_arena *a, piq_user_id user,
                        int64_t *version, piq_str *body, piq_err *err)
{
    store *s = of(b);
    uint64_t value;
    (void)a;
    pthread_mutex_lock(&s->lock);
    piq_status status = enter(s, err);
    if (!status && !piq_map_get(&s->learners, (uint64_t)user.v, &value))
        status = piq_fail(err, PIQ_ENOTFOUND, "no state");
    pthread_mutex_unlock(&s->lock);
    if (!status) {
        *version = 1;
        *body = PIQ_STR("x");
    }
    return status;
}

static void close_store(piq_store *b)
{
    store *s = of(b);
    for (size_t i = 0; i < s->n; i++)
        free_row(&s->rows[i]);
    free(s->rows);
    piq_map_release(&s->learners);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

piq_store *record_store_new(void)
{
    static const piq_store_ops ops = {.name = "records",
                                      .close = close_store,
                                      .state = state,
                                      .record = get,
                                      .records = list,
                                      .put_records = put};
    store *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->base.ops = &ops;
    pthread_mutex_init(&s->lock, NULL);
    piq_map_init(&s->learners);
    return &s->base;
}

void record_store_learner(piq_store *b, piq_user_id user, bool there)
{
    store *s = of(b);
    if (!there)
        piq_map_remove(&s->learners, (uint64_t)user.v);
    else if (piq_map_put(&s->learners, (uint64_t)user.v, 1))
        abort();
    for (size_t i = 0; !there && i < s->n; i++)
        if (s->rows[i].used && s->rows[i].r.user.v == user.v)
            free_row(&s->rows[i]);
}

void record_store_break(piq_store *b, bool broken)
{
    of(b)->broken = broken;
}

void record_store_fail_after(piq_store *b, long k)
{
    of(b)->fail_in = k;
}

void record_store_lose_answer(piq_store *b)
{
    of(b)->lose = true;
}

unsigned long record_store_calls(piq_store *b)
{
    store *s = of(b);
    pthread_mutex_lock(&s->lock);
    unsigned long n = s->calls;
    pthread_mutex_unlock(&s->lock);
    return n;
}

void record_store_tamper(piq_store *b, const char *kind, const char *key,
                         const char *document)
{
    row *w = find(of(b), (piq_user_id){0}, piq_str_of(kind), piq_str_of(key));
    if (!w)
        abort();
    free((void *)(uintptr_t)w->r.document.ptr);
    w->r.document = copy_str(piq_str_of(document));
}

void record_store_drop(piq_store *b, const char *kind, const char *key)
{
    row *w = find(of(b), (piq_user_id){0}, piq_str_of(kind), piq_str_of(key));
    if (!w)
        abort();
    free_row(w);
}

size_t record_store_list(piq_store *b, piq_arena *a, const char *kind,
                         piq_record **out)
{
    size_t n;
    const piq_record_range range = {.kind = piq_str_of(kind),
                                    .user = {PIQ_ANY_USER},
                                    .now_us = INT64_MIN,
                                    .after_us = INT64_MIN,
                                    .until_us = INT64_MAX,
                                    .limit = SIZE_MAX};
    if (list(b, a, &range, out, &n, NULL))
        abort();
    return n;
}
