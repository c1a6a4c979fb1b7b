/* coaches.c - whom a coach has: lists in the store, the busiest remembered.
 *
 * A record of each coach, key "tenant/name". What is remembered is named by the
 * mark that was in force before it was read, so that any change of records
 * makes it be read again. 256 places by hash of the name; absence is remembered
 * too.
 */
#include "access/keeper.h"

#include "access/records.h"
#include "base/json_writer.h"
#include "domain/json_reader.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_PLACES = 256, MAX_LEARNERS = 10000, MAX_NAME = 63, KEY_BYTES = 80 };

typedef struct list {
    atomic_uint references;
    uint64_t mark;
    char key[KEY_BYTES];
    size_t n;
    piq_user_id learners[]; /* ascending */
} list;

struct piq_coaches {
    pthread_mutex_t lock;
    list *places[N_PLACES];
};

piq_status piq_coaches_new(piq_coaches **out, piq_err *err)
{
    piq_coaches *c = piq_alloc_should_fail() ? NULL : calloc(1, sizeof *c);
    if (!c)
        return piq_fail(err, PIQ_ENOMEM, "no memory for coaches");
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return PIQ_OK;
}

static void release(list *l)
{
    if (l &&
        atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) == 1)
        free(l);
}

void piq_coaches_free(piq_coaches *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < N_PLACES; i++)
        release(c->places[i]);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const piq_user_id *)a)->v, y = ((const piq_user_id *)b)->v;
    return x < y ? -1 : x > y;
}

static piq_str key_of(uint32_t tenant, piq_str name, char out[KEY_BYTES])
{
    int len = snprintf(out, KEY_BYTES, "%u/%.*s", tenant, PIQ_STR_ARG(name));
    return (piq_str){out, (size_t)len};
}

static list *new_list(piq_str key, uint64_t mark, size_t n)
{
    list *l = NULL;
    if (!piq_alloc_should_fail())
        l = calloc(1, sizeof *l + n * sizeof l->learners[0]);
    if (!l)
        return NULL;
    atomic_init(&l->references, 1);
    l->mark = mark;
    l->n = n;
    memcpy(l->key, key.ptr, key.len);
    return l;
}

static piq_status damaged(piq_err *err)
{
    piq_fail(err, PIQ_ECORRUPT, "a coach's list cannot be read");
    return PIQ_ECORRUPT;
}

static piq_status no_memory(piq_err *err)
{
    piq_fail(err, PIQ_ENOMEM, "no memory for a coach's list");
    return PIQ_ENOMEM;
}

/* Ascending, each once. */
static bool read_ids(const json_t *ids, piq_user_id *out)
{
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *id = json_array_get(ids, i);
        out[i].v = json_integer_value(id);
        if (!json_is_integer(id) || out[i].v < 1 ||
            (i > 0 && out[i].v <= out[i - 1].v))
            return false;
    }
    return true;
}

static piq_status list_of(piq_str key, uint64_t mark, const json_t *ids,
                          list **out, piq_err *err)
{
    size_t n = json_array_size(ids);
    if (!json_is_array(ids) || n > MAX_LEARNERS)
        return damaged(err);
    list *l = new_list(key, mark, n);
    if (!l)
        return no_memory(err);
    if (!read_ids(ids, l->learners)) {
        release(l);
        return damaged(err);
    }
    *out = l;
    return PIQ_OK;
}

static piq_status read_list(piq_str key, uint64_t mark, piq_str document,
                            list **out, piq_err *err)
{
    json_t *json;
    piq_status status = piq_json_parse(document, &json, NULL);
    if (status == PIQ_ENOMEM)
        return no_memory(err);
    if (status)
        return damaged(err);
    status = list_of(key, mark, json_object_get(json, "learners"), out, err);
    json_decref(json);
    return status;
}

static piq_status fetch(piq_store *store, piq_str key, uint64_t mark,
                        list **out, piq_err *err)
{
    piq_arena a;
    piq_record r;
    piq_arena_init(&a, 0);
    piq_status status = store->ops->record(
        store, &a, (piq_user_id){0}, PIQ_RECORD_COACH, key, INT64_MIN, &r, err);
    if (status == PIQ_OK) {
        status = read_list(key, mark, r.document, out, err);
    } else if (status == PIQ_ENOTFOUND) {
        *out = new_list(key, mark, 0);
        status = *out ? PIQ_OK : no_memory(err);
    }
    piq_arena_release(&a);
    return status;
}

static list **place_of(piq_coaches *c, piq_str key)
{
    return &c->places[piq_hash_bytes(key.ptr, key.len) % N_PLACES];
}

static list *remembered(piq_coaches *c, piq_str key, uint64_t mark)
{
    pthread_mutex_lock(&c->lock);
    list *l = *place_of(c, key);
    if (l && l->mark == mark && piq_str_eq(piq_str_of(l->key), key))
        atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
    else
        l = NULL;
    pthread_mutex_unlock(&c->lock);
    return l;
}

static void remember(piq_coaches *c, piq_str key, list *l)
{
    pthread_mutex_lock(&c->lock);
    list **at = place_of(c, key);
    list *old = *at;
    atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
    *at = l;
    pthread_mutex_unlock(&c->lock);
    release(old);
}

static piq_status check_name(piq_str coach, piq_err *err)
{
    if (piq_access_is_name(coach, MAX_NAME))
        return PIQ_OK;
    return piq_fail(err, PIQ_EINVAL,
                    "a coach's name is of letters, digits, \".\", \"_\", "
                    "\"-\", \"@\", at most %d",
                    MAX_NAME);
}

/* One reference, the caller's. */
static piq_status obtain(piq_coaches *c, piq_store *store, uint64_t mark,
                         uint32_t tenant, piq_str coach, list **out,
                         piq_err *err)
{
    char text[KEY_BYTES];
    piq_str key = key_of(tenant, coach, text);
    *out = remembered(c, key, mark);
    if (*out)
        return PIQ_OK;
    piq_status status = fetch(store, key, mark, out, err);
    if (!status)
        remember(c, key, *out);
    return status;
}

piq_status piq_coaches_has(piq_coaches *c, piq_store *store, uint64_t mark,
                           const piq_caller *coach, piq_user_id user, bool *has,
                           piq_err *err)
{
    list *l;
    piq_status status = obtain(c, store, mark, coach->tenant,
                               piq_str_of(coach->coach), &l, err);
    if (status)
        return status;
    *has = l->n && bsearch(&user, l->learners, l->n, sizeof user, by_id);
    release(l);
    return PIQ_OK;
}

static size_t first_after(const list *l, piq_user_id after)
{
    size_t low = 0, high = l->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->learners[mid].v > after.v)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

piq_status piq_access_coached(piq_access *k, piq_arena *a,
                              const piq_coached_range *range, int64_t now_us,
                              piq_user_id **out, size_t *n, piq_err *err)
{
    list *l;
    piq_status status = check_name(range->coach, err);
    if (status)
        return status;
    piq_access_view *v = piq_access_now(k, now_us);
    status = obtain(k->coaches, k->store, v->mark, range->tenant, range->coach,
                    &l, err);
    piq_access_view_release(v);
    if (status)
        return status;
    size_t from = first_after(l, range->after);
    size_t many = l->n - from < range->limit ? l->n - from : range->limit;
    piq_user_id *ids = piq_new(a, piq_user_id, many);
    if (ids) {
        if (many)
            memcpy(ids, l->learners + from, many * sizeof *ids);
        *out = ids;
        *n = many;
    } else {
        status = no_memory(err);
    }
    release(l);
    return status;
}

/* ---- assigning ---------------------------------------------------------- */

static piq_status check(uint32_t tenant, piq_str coach,
                        const piq_user_id *learners, size_t n, piq_err *err)
{
    piq_status status = check_name(coach, err);
    if (status)
        return status;
    if (tenant > PIQ_MAX_TENANT)
        return piq_fail(err, PIQ_EINVAL, "a tenant is a number up to %d",
                        PIQ_MAX_TENANT);
    if (n > MAX_LEARNERS)
        return piq_fail(err, PIQ_ELIMIT, "a coach has at most %d learners",
                        MAX_LEARNERS);
    for (size_t i = 0; i < n; i++)
        if (learners[i].v < 1 || piq_learner_outer(learners[i]) < 1 ||
            piq_learner_tenant(learners[i]) != tenant)
            return piq_fail(err, PIQ_EINVAL,
                            "learner %zu is not one of this tenant's", i + 1);
    return PIQ_OK;
}

static void write_list(piq_buf *b, piq_user_id *sorted, size_t n)
{
    piq_json_writer w;
    if (n)
        qsort(sorted, n, sizeof *sorted, by_id);
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_key(&w, "learners");
    piq_json_array(&w);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || sorted[i].v != sorted[i - 1].v)
            piq_json_int(&w, sorted[i].v);
    piq_json_array_end(&w);
    piq_json_object_end(&w);
}

static piq_status put_list(piq_access *k, uint32_t tenant, piq_str coach,
                           piq_user_id *learners, size_t n, int64_t version,
                           piq_err *err)
{
    char text[KEY_BYTES];
    piq_buf b;
    piq_buf_init(&b, PIQ_STORE_MAX_RECORD_BYTES);
    write_list(&b, learners, n);
    const piq_record r = {.kind = PIQ_RECORD_COACH,
                          .key = key_of(tenant, coach, text),
                          .from_version = version,
                          .expires_us = INT64_MAX,
                          .document = {b.ptr, b.len}};
    piq_status status =
        b.status ? piq_fail(err, b.status, "no memory to assign learners")
                 : piq_access_put(k, &r, err);
    piq_buf_release(&b);
    return status;
}

piq_status piq_access_assign(piq_access *k, uint32_t tenant, piq_str coach,
                             const piq_user_id *learners, size_t n,
                             piq_err *err)
{
    piq_arena a;
    piq_status status = check(tenant, coach, learners, n, err);
    if (status)
        return status;
    piq_arena_init(&a, 0);
    piq_user_id *sorted = piq_new(&a, piq_user_id, n);
    if (!sorted) {
        status = piq_fail(err, PIQ_ENOMEM, "no memory to assign learners");
    } else {
        if (n)
            memcpy(sorted, learners, n * sizeof *sorted);
        status = put_list(k, tenant, coach, sorted, n, PIQ_RECORD_ANY, err);
    }
    piq_arena_release(&a);
    return status;
}

piq_status piq_access_assigned(piq_access *k, piq_arena *a, uint32_t tenant,
                               piq_str coach, piq_user_id **out, size_t *n,
                               piq_err *err)
{
    char text[KEY_BYTES];
    list *l;
    piq_status status = check(tenant, coach, NULL, 0, err);
    if (!status)
        status = fetch(k->store, key_of(tenant, coach, text), 0, &l, err);
    if (status)
        return status;
    piq_user_id *ids = piq_new(a, piq_user_id, l->n);
    if (ids) {
        if (l->n)
            memcpy(ids, l->learners, l->n * sizeof *ids);
        *out = ids;
        *n = l->n;
    } else {
        status = piq_fail(err, PIQ_ENOMEM, "no memory to list learners");
    }
    release(l);
    return status;
}

/* ---- forgetting --------------------------------------------------------- */

/* The list without the learner, as it was at that version. */
static piq_status take_from(piq_access *k, const piq_record *r,
                            piq_user_id user, piq_err *err)
{
    piq_buf b;
    list *l;
    size_t n = 0;
    piq_status status = read_list(PIQ_STR(""), 0, r->document, &l, err);
    if (status)
        return status;
    for (size_t i = 0; i < l->n; i++)
        if (l->learners[i].v != user.v)
            l->learners[n++] = l->learners[i];
    piq_buf_init(&b, PIQ_STORE_MAX_RECORD_BYTES);
    if (n < l->n) {
        piq_record fresh = *r;
        write_list(&b, l->learners, n);
        fresh.from_version = r->version;
        fresh.document = (piq_str){b.ptr, b.len};
        status = b.status ? piq_fail(err, b.status,
                                     "no memory to take a learner from a list")
                          : piq_access_put(k, &fresh, err);
    }
    piq_buf_release(&b);
    release(l);
    return status;
}

typedef struct forgetting {
    piq_access *k;
    piq_user_id user;
} forgetting;

/* Somebody may have changed the list meanwhile: then it is read again. */
static piq_status forget_from(void *ctx, piq_arena *a, const piq_record *listed,
                              piq_err *err)
{
    const forgetting *f = ctx;
    piq_store *store = f->k->store;
    piq_record r = *listed;
    piq_status status = take_from(f->k, &r, f->user, err);
    for (int tries = 0; status == PIQ_ESTALE && tries < 8; tries++) {
        status = store->ops->record(store, a, r.user, r.kind, r.key, INT64_MIN,
                                    &r, err);
        if (status == PIQ_ENOTFOUND)
            return PIQ_OK;
        if (!status)
            status = take_from(f->k, &r, f->user, err);
    }
    return status;
}

piq_status piq_access_forget(piq_access *k, piq_user_id user, piq_err *err)
{
    forgetting f = {k, user};
    return piq_access_each_record(k->store, PIQ_RECORD_COACH, INT64_MIN,
                                  forget_from, &f, NULL, err);
}
