#include "api/idempotency.h"

#include "access/crypto.h"
#include "api/routes.h"
#include "base/log.h"
#include "base/map.h"
#include "domain/json_reader.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define KIND PIQ_STR("idempotency")
enum {
    MAX_KEY_BYTES = 255,
    MAX_BODY_BYTES = 64 << 10,
    MAX_UNDER_WAY = 4096,
    BATCH = 64, /* answers in one write */
    MAX_FIELDS = 6
};
static const int64_t kept_us = 86400 * INT64_C(1000000),
                     claim_us = 60 * INT64_C(1000000);

typedef struct answer {
    struct answer *next;
    piq_exchange *exchange;
    piq_api_reply reply;
    piq_record record;
} answer;

struct piq_answers {
    piq_store *store;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t wake;
    piq_map under_way;
    answer *first, **tail;
    bool running, stopping;
    pthread_t thread;
};

/* ---- digests ----------------------------------------------------------- */

/* Of several fields, so that none can run into the next. */
static void digest(const piq_str *fields, size_t n, char hex[65],
                   uint64_t *head)
{
    uint8_t all[MAX_FIELDS][PIQ_SHA256_BYTES], sum[PIQ_SHA256_BYTES];
    for (size_t i = 0; i < n; i++)
        piq_crypto_sha256(fields[i], all[i]);
    piq_crypto_sha256((piq_str){(const char *)all, n * sizeof all[0]}, sum);
    piq_crypto_hex(sum, sizeof sum, hex);
    if (head)
        memcpy(head, sum, sizeof *head);
}

static void name_request(const piq_exchange *c, piq_str key, piq_keyed *k)
{
    char whose[64];
    snprintf(whose, sizeof whose, "%u %lld", c->caller.tenant,
             (long long)c->user.v);
    const piq_api_route *r = &c->route->is;
    const piq_str scope[] = {
        piq_str_of(whose),           piq_str_of(c->caller.id),
        piq_str_of(c->caller.coach), piq_str_of(r->method),
        piq_str_of(r->pattern),      key};
    const piq_str asked[] = {c->in->path, c->in->query, c->in->if_match,
                             c->in->body};
    digest(scope, sizeof scope / sizeof scope[0], k->key, &k->mark);
    digest(asked, sizeof asked / sizeof asked[0], k->request, NULL);
}

/* ---- what was answered ----------------------------------------------------
 */

static const char *const media_types[] = {"application/json",
                                          "application/problem+json"};

static const char *known_type(const char *type)
{
    for (size_t i = 0; i < sizeof media_types / sizeof media_types[0]; i++)
        if (type && strcmp(type, media_types[i]) == 0)
            return media_types[i];
    return NULL;
}

static int64_t version_of(const char *etag)
{
    size_t len = strlen(etag);
    int64_t version;
    if (len > 2 && piq_str_to_i64((piq_str){etag + 1, len - 2}, &version))
        return version;
    return -1;
}

static void write_answer(const piq_keyed *k, const piq_api_reply *r, piq_buf *b)
{
    piq_json_writer w;
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_z(&w, "request", k->request);
    piq_json_put_int(&w, "status", r->status);
    if (r->status) {
        piq_json_put_z(&w, "type", known_type(r->type));
        piq_json_put_int(&w, "version", version_of(r->etag));
        piq_json_put_str(&w, "body", piq_bytes_str(r->body));
    }
    piq_json_object_end(&w);
}

/* The record of an answer, with its document in the exchange's arena. What it
 * tells of a learner does not outlive them: it is made from the state that it
 * names. */
static piq_status record_of(piq_exchange *c, const piq_api_reply *r,
                            int64_t for_us, piq_record *out)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    write_answer(c->keyed, r, &b);
    const char *copy =
        b.status ? NULL : piq_arena_strndup(&c->arena, b.ptr, b.len);
    int64_t version = c->user.v ? version_of(r->etag) : 0;
    *out = (piq_record){.user = c->user,
                        .kind = KIND,
                        .key = piq_str_of(c->keyed->key),
                        .from_version = PIQ_RECORD_ANY,
                        .state_version = version > 0 ? version : 0,
                        .at_us = c->now_us,
                        .expires_us = c->now_us + for_us,
                        .document = {copy, b.len}};
    piq_buf_release(&b);
    return copy ? PIQ_OK : PIQ_ENOMEM;
}

/* ---- under way
 * ----------------------------------------------------------- */

/* PIQ_ECONFLICT: it is already. */
static piq_status take_place(piq_answers *a, uint64_t mark, piq_err *err)
{
    piq_status status = PIQ_OK;
    pthread_mutex_lock(&a->lock);
    if (piq_map_get(&a->under_way, mark, NULL))
        status =
            piq_fail(err, PIQ_ECONFLICT, "the same request is still under way");
    else if (a->under_way.n >= MAX_UNDER_WAY)
        status = piq_fail(err, PIQ_EBUSY, "too many requests are waiting");
    else if (piq_map_put(&a->under_way, mark, 1))
        status = piq_fail(err, PIQ_ENOMEM, "no memory for this request");
    pthread_mutex_unlock(&a->lock);
    return status;
}

static void leave_place(piq_answers *a, uint64_t mark)
{
    pthread_mutex_lock(&a->lock);
    piq_map_remove(&a->under_way, mark);
    pthread_mutex_unlock(&a->lock);
}

/* ---- begin
 * --------------------------------------------------------------- */

static bool refuse(piq_exchange *c, int status, unsigned retry_after_s)
{
    piq_err_at(&c->err, "Idempotency-Key");
    c->keyed = NULL;
    c->retry_after_s = retry_after_s;
    if (status)
        piq_exchange_problem(c, status);
    else
        piq_exchange_fail(c);
    return false;
}

static bool refuse_under_way(piq_exchange *c)
{
    piq_fail(&c->err, PIQ_ECONFLICT, "the same request is still under way");
    return refuse(c, 409, 1);
}

static bool check_key(piq_exchange *c, piq_str key)
{
    bool sound = key.len <= MAX_KEY_BYTES;
    for (size_t i = 0; sound && i < key.len; i++)
        sound = key.ptr[i] > ' ' && key.ptr[i] < 0x7f;
    if (sound)
        return true;
    piq_fail(&c->err, PIQ_EINVAL,
             "a key is 1 to %d visible ASCII characters without blanks",
             (int)MAX_KEY_BYTES);
    return refuse(c, 0, 0);
}

/* The first answer again. */
static bool give_again(piq_exchange *c, const json_t *doc)
{
    int status = (int)json_integer_value(json_object_get(doc, "status"));
    const json_t *body = json_object_get(doc, "body");
    size_t len = json_string_length(body);
    char *copy = malloc(len + 1);
    piq_bytes *bytes = NULL;
    if (copy) {
        memcpy(copy, len ? json_string_value(body) : "", len);
        bytes = piq_bytes_take(copy, len);
    }
    if (!bytes) {
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for the reply");
        return refuse(c, 0, 0);
    }
    c->keyed = NULL;
    piq_exchange_line(c, "Idempotency-Replayed", "true");
    piq_exchange_bytes(
        c, status, known_type(json_string_value(json_object_get(doc, "type"))),
        bytes, json_integer_value(json_object_get(doc, "version")));
    return false;
}

static bool answer_known(piq_exchange *c, const piq_record *r)
{
    json_t *doc = NULL;
    piq_status status = piq_json_parse_own(r->document, &doc);
    const char *request = json_string_value(json_object_get(doc, "request"));
    if (status == PIQ_ENOMEM) {
        piq_fail(&c->err, status, "no memory for an answer that was kept");
        (void)refuse(c, 0, 0);
    } else if (!request) {
        piq_fail(&c->err, PIQ_ECORRUPT, "an answer that was kept is damaged");
        (void)refuse(c, 0, 0);
    } else if (strcmp(request, c->keyed->request) != 0) {
        piq_fail(&c->err, PIQ_EINVAL,
                 "this key was sent with another request before");
        piq_err_hint(&c->err, "a new request takes a new key");
        (void)refuse(c, 422, 0);
    } else if (json_integer_value(json_object_get(doc, "status")) == 0) {
        (void)refuse_under_way(c);
    } else {
        (void)give_again(c, doc);
    }
    json_decref(doc);
    return false;
}

/* Whether doing it twice would leave two of it: no learner's, and without
 * events that have ids. */
static bool needs_claim(const piq_exchange *c)
{
    return !c->user.v && strcmp(c->route->is.pattern, "/api/events") != 0;
}

static piq_status claim(piq_exchange *c)
{
    piq_store *store = piq_engine_store(c->api->engine);
    const piq_api_reply nothing = {.status = 0};
    piq_record r;
    piq_status status = record_of(c, &nothing, claim_us, &r);
    if (status)
        return piq_fail(&c->err, status, "no memory for this request");
    r.from_version = 0;
    status = store->ops->put_records(store, &r, 1, &c->err);
    c->keyed->claimed = status == PIQ_OK;
    return status;
}

static bool look_up(piq_exchange *c)
{
    piq_store *store = piq_engine_store(c->api->engine);
    piq_record r;
    piq_status status =
        store->ops->record(store, &c->arena, c->user, KIND,
                           piq_str_of(c->keyed->key), c->now_us, &r, &c->err);
    if (status == PIQ_OK)
        return answer_known(c, &r);
    if (status != PIQ_ENOTFOUND)
        return refuse(c, 0, 0);
    c->err = (piq_err){0};
    status = needs_claim(c) ? claim(c) : PIQ_OK;
    if (status == PIQ_ESTALE)
        return refuse_under_way(c);
    return status == PIQ_OK || refuse(c, 0, 0);
}

/* Statements of xAPI have ids of their own. */
static bool takes_keys(const piq_exchange *c)
{
    const piq_api_route *r = &c->route->is;
    return (strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0) &&
           strncmp(r->pattern, "/api/", 5) == 0;
}

bool piq_keyed_begin(piq_exchange *c)
{
    piq_str key = takes_keys(c) ? piq_exchange_header(c, "Idempotency-Key")
                                : (piq_str){NULL, 0};
    if (!key.len)
        return true;
    if (!check_key(c, key))
        return false;
    piq_keyed *k = piq_new(&c->arena, piq_keyed, 1);
    if (!k) {
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for this request");
        return refuse(c, 0, 0);
    }
    name_request(c, key, k);
    piq_status status = take_place(c->api->answers, k->mark, &c->err);
    if (status)
        return refuse(c, 0, 1);
    /* Answering ends the exchange, and the arena. */
    uint64_t mark = k->mark;
    piq_answers *a = c->api->answers;
    c->keyed = k;
    if (look_up(c))
        return true;
    leave_place(a, mark);
    return false;
}

piq_status piq_keyed_name(piq_exchange *c, char id[PIQ_MAX_EVENT_ID_BYTES],
                          int64_t *at_us, piq_err *err)
{
    piq_store *store = piq_engine_store(c->api->engine);
    piq_keyed *k = c->keyed;
    piq_event_row row;
    piq_err absent = {0};
    snprintf(id, PIQ_MAX_EVENT_ID_BYTES, "key:%.40s-%x", k->key, k->n_named);
    /* They are stored together: where the first is not, none is. */
    if (k->n_named++ && !k->again)
        return PIQ_OK;
    piq_status status = store->ops->event(store, &c->arena, c->user,
                                          piq_str_of(id), &row, &absent);
    if (status == PIQ_OK) {
        *at_us = row.at_us;
        k->again = true;
    } else if (status != PIQ_ENOTFOUND) {
        *err = absent;
        return status;
    }
    return PIQ_OK;
}

/* ---- settle
 * -------------------------------------------------------------- */

/* Answers that were not stored are given all the same: what they tell is
 * done. */
static void store_answers(piq_answers *a, answer *const *list, size_t n)
{
    piq_record rows[BATCH] = {0};
    piq_err err = {0};
    for (size_t i = 0; i < n; i++)
        rows[i] = list[i]->record;
    if (a->store->ops->put_records(a->store, rows, n, &err) == PIQ_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        piq_err why = {0};
        piq_status status =
            a->store->ops->put_records(a->store, &rows[i], 1, &why);
        if (status && status != PIQ_ESTALE) /* the learner was erased */
            piq_log_err(list[i]->exchange->in->id,
                        "an answer is not kept for its Idempotency-Key", &why);
    }
}

static void give(piq_answers *a, answer *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        piq_exchange *c = list[i]->exchange;
        piq_api_reply reply = list[i]->reply; /* the arena goes */
        leave_place(a, c->keyed->mark);
        piq_exchange_deliver(c, &reply);
    }
}

/* Waits for answers, at most BATCH; 0: it is over. */
static size_t next_answers(piq_answers *a, answer *list[BATCH])
{
    size_t n = 0;
    pthread_mutex_lock(&a->lock);
    while (!a->first && !a->stopping)
        pthread_cond_wait(&a->wake, &a->lock);
    while (a->first && n < BATCH) {
        list[n++] = a->first;
        a->first = a->first->next;
    }
    if (!a->first)
        a->tail = &a->first;
    pthread_mutex_unlock(&a->lock);
    return n;
}

static void *run_desk(void *ctx)
{
    piq_answers *a = ctx;
    answer *list[BATCH];
    size_t n;
    while ((n = next_answers(a, list)) > 0) {
        store_answers(a, list, n);
        give(a, list, n);
    }
    return NULL;
}

static bool hand_in(piq_answers *a, answer *x)
{
    pthread_mutex_lock(&a->lock);
    if (!a->running)
        a->running = pthread_create(&a->thread, NULL, run_desk, a) == 0;
    bool taken = a->running;
    if (taken) {
        *a->tail = x;
        a->tail = &x->next;
        pthread_cond_signal(&a->wake);
    }
    pthread_mutex_unlock(&a->lock);
    return taken;
}

static bool is_kept(const piq_api_reply *r)
{
    return (r->status < 300 || r->status == 409 || r->status == 412) &&
           (known_type(r->type) || !r->body) &&
           piq_bytes_str(r->body).len <= MAX_BODY_BYTES;
}

/* Nothing was done: whoever repeats need not wait. */
static void drop_claim(piq_exchange *c)
{
    piq_store *store = piq_engine_store(c->api->engine);
    piq_err err = {0};
    const piq_record r = {.user = c->user,
                          .kind = KIND,
                          .key = piq_str_of(c->keyed->key),
                          .from_version = PIQ_RECORD_ANY};
    if (store->ops->put_records(store, &r, 1, &err))
        piq_log_err(c->in->id, "a claimed Idempotency-Key was not freed", &err);
}

bool piq_keyed_settle(piq_exchange *c, const piq_api_reply *reply)
{
    piq_answers *a = c->api->answers;
    if (is_kept(reply) && piq_exchange_keep(c)) {
        answer *x = piq_new(&c->arena, answer, 1);
        if (x && record_of(c, reply, kept_us, &x->record) == PIQ_OK) {
            x->exchange = c;
            x->reply = *reply;
            if (hand_in(a, x))
                return true;
        }
    }
    if (c->keyed->claimed && reply->status >= 400)
        drop_claim(c);
    leave_place(a, c->keyed->mark);
    return false;
}

/* ---- the desk
 * ------------------------------------------------------------ */

piq_answers *piq_answers_new(piq_store *store)
{
    piq_answers *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->store = store;
    a->tail = &a->first;
    piq_map_init(&a->under_way);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->wake, NULL);
    return a;
}

void piq_answers_free(piq_answers *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->stopping = true;
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->lock);
    if (a->running)
        pthread_join(a->thread, NULL);
    pthread_cond_destroy(&a->wake);
    pthread_mutex_destroy(&a->lock);
    piq_map_release(&a->under_way);
    free(a);
}
