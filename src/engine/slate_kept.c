#include "engine/slate_kept.h"

#include "base/json_writer.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    KEY_BYTES = 32,
    /* Recommendations that are read to find those of a slate: it is among the
     * learner's last few slates, or is made anew. */
    NEWEST = 128
};

/* ---- ids and reasons ----------------------------------------------------- */

/* As piq_recommendation_write has them. No string of JSON has these bytes in
 * it: its quotes are escaped. */
static const char no_id[] = "{\"id\":0,\"content_type\":";
static const char reason[] = "\"reasoning\":";
static const char no_reason[] = "\"reasoning\":null,";
enum {
    BEFORE_ID = sizeof "{\"id\":" - 1,
    NO_ID = sizeof no_id - 1,
    REASON = sizeof reason - 1,
    NO_REASON = sizeof no_reason - 1
};

/* Up to and with the bytes before what is to be put in, which *s begins with
 * then. False: there is no such place left. */
static bool copy_up_to(piq_str *s, const char *mark, size_t mark_len,
                       size_t before, piq_buf *b)
{
    const char *at = memmem(s->ptr, s->len, mark, mark_len);
    if (!at)
        return false;
    size_t n = (size_t)(at - s->ptr) + before;
    piq_buf_add(b, s->ptr, n);
    *s = (piq_str){s->ptr + n, s->len - n};
    return true;
}

static void skip(piq_str *s, size_t n)
{
    *s = (piq_str){s->ptr + n, s->len - n};
}

static bool put_id(piq_str *s, int64_t id, piq_buf *b)
{
    if (!copy_up_to(s, no_id, NO_ID, BEFORE_ID, b))
        return false;
    skip(s, sizeof "0" - 1);
    piq_buf_printf(b, "%lld", (long long)id);
    return true;
}

static piq_bytes *take_bytes(piq_buf *b)
{
    size_t len;
    piq_bytes *made = NULL;
    if (b->status == PIQ_OK) {
        char *bytes = piq_buf_take(b, &len);
        made = piq_bytes_take(bytes, len);
    }
    piq_buf_release(b);
    return made;
}

piq_bytes *piq_slate_with_ids(piq_str reply, int64_t first)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    while (put_id(&reply, first, &b))
        first++;
    piq_buf_add_str(&b, reply);
    return take_bytes(&b);
}

/* Reasons are stored with the recommendations: here they are left out. */
static void cut_reasons(piq_str reply, const piq_recommendation_row *rows,
                        size_t n, piq_buf *b)
{
    for (size_t i = 0; i < n; i++) {
        if (!copy_up_to(&reply, reason, REASON, REASON, b))
            break;
        PIQ_ASSERT(reply.len > rows[i].reasoning.len &&
                   memcmp(reply.ptr, rows[i].reasoning.ptr,
                          rows[i].reasoning.len) == 0);
        skip(&reply, rows[i].reasoning.len);
        piq_buf_add_z(b, "null");
    }
    piq_buf_add_str(b, reply);
}

/* Row of an id, among the learner's newest: by id, descending. */
static const piq_recommendation_row *find_row(
    const piq_recommendation_row *rows, size_t n, int64_t id)
{
    for (size_t i = 0; i < n && rows[i].id >= id; i++)
        if (rows[i].id == id)
            return rows[i].reasoning.len ? &rows[i] : NULL;
    return NULL;
}

/* NULL: a row that is needed is not there; or no memory, *status. */
static piq_bytes *complete(piq_str reply, int64_t first,
                           const piq_recommendation_row *rows, size_t n,
                           piq_status *status)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    bool found = true;
    for (; found && put_id(&reply, first, &b); first++) {
        const piq_recommendation_row *row = find_row(rows, n, first);
        found = row && copy_up_to(&reply, no_reason, NO_REASON, REASON, &b);
        if (!found)
            break;
        skip(&reply, sizeof "null" - 1);
        piq_buf_add_str(&b, row->reasoning);
    }
    piq_buf_add_str(&b, reply);
    if (!found) {
        piq_buf_release(&b);
        return NULL;
    }
    piq_bytes *made = take_bytes(&b);
    if (!made)
        *status = PIQ_ENOMEM;
    return made;
}

/* ---- the document -------------------------------------------------------- */

static piq_str key_of(const piq_op *op, char key[KEY_BYTES])
{
    const char *type = op->type < 0
                           ? "any"
                           : piq_content_type_name((piq_content_type)op->type);
    int len = snprintf(key, KEY_BYTES, "%s/%u", type, op->limit);
    return (piq_str){key, (size_t)len};
}

static bool take_text(piq_str *s, const char *text)
{
    size_t len = strlen(text);
    if (s->len < len || memcmp(s->ptr, text, len) != 0)
        return false;
    *s = (piq_str){s->ptr + len, s->len - len};
    return true;
}

/* A number from 0 on, after its name. */
static bool take_number(piq_str *s, const char *name, int64_t *out)
{
    size_t n = 0;
    if (!take_text(s, name))
        return false;
    while (n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9')
        n++;
    if (!piq_str_to_i64((piq_str){s->ptr, n}, out))
        return false;
    *s = (piq_str){s->ptr + n, s->len - n};
    return true;
}

/* Members in the order that they are written in. A document that is otherwise
 * (laid out anew on its way through another store) is one that does not hold.
 */
static bool read_document(piq_str s, piq_slate_mark *mark, int64_t *first,
                          piq_str *reply)
{
    int64_t catalogue, rules, experiments;
    if (!take_number(&s, "{\"first\":", first) ||
        !take_number(&s, ",\"state\":", &mark->state_version) ||
        !take_number(&s, ",\"catalogue\":", &catalogue) ||
        !take_number(&s, ",\"rules\":", &rules) ||
        !take_number(&s, ",\"experiments\":", &experiments) ||
        !take_text(&s, ",\"reply\":") || s.len < 2)
        return false;
    mark->catalogue = (uint32_t)catalogue;
    mark->rules = (uint32_t)rules;
    mark->experiments = (uint64_t)experiments;
    *reply = (piq_str){s.ptr, s.len - 1};
    return true;
}

/* "first" is the store's to put in before the others: see piq_record. */
static void write_document(const piq_slate_mark *mark, piq_str reply,
                           const piq_recommendation_row *rows, size_t n,
                           piq_buf *b)
{
    piq_buf_printf(b,
                   "{%s\"state\":%lld,\"catalogue\":%u,\"rules\":%u,"
                   "\"experiments\":%llu,\"reply\":",
                   n ? "" : "\"first\":0,", (long long)mark->state_version,
                   mark->catalogue, mark->rules,
                   (unsigned long long)mark->experiments);
    cut_reasons(reply, rows, n, b);
    piq_buf_add_char(b, '}');
}

/* ---- reading and adding -------------------------------------------------- */

static bool is_in_batch(const piq_batch *b, const piq_op *op, piq_str key)
{
    for (size_t i = 0; i < b->commit.n_records; i++) {
        const piq_record *r = &b->records[i];
        if (r->user.v == op->user.v && piq_str_eq(r->key, key) &&
            piq_str_eq(r->kind, PIQ_RECORD_SLATE))
            return true;
    }
    return false;
}

static bool holds(const piq_slate_mark *kept, const piq_slate_mark *now)
{
    return kept->state_version >= now->state_version &&
           kept->catalogue >= now->catalogue && kept->rules >= now->rules &&
           kept->experiments >= now->experiments;
}

/* Mostly it is the learner's last slate: so many are read first as it may have.
 * A recommendation is a kilobyte, and perhaps a page of its own: reading 128
 * for every learner who came back was half of PostgreSQL's work after a
 * restart. */
static piq_status complete_from_store(piq_batch *b, piq_op *op, piq_str reply,
                                      int64_t first, piq_bytes **out)
{
    piq_store *store = b->engine->store;
    piq_recommendation_row *rows;
    const size_t limits[] = {op->limit, NEWEST};
    size_t n = 0;
    piq_status status = PIQ_OK;
    if (!first)
        *out = complete(reply, first, NULL, 0, &status);
    for (size_t i = 0; first && status == PIQ_OK && !*out && i < 2; i++) {
        status = store->ops->recommendations(store, &op->arena, op->user,
                                             limits[i], &rows, &n, &op->err);
        if (status == PIQ_OK)
            *out = complete(reply, first, rows, n, &status);
        if (n < limits[i])
            break; /* there are no others */
    }
    return status;
}

piq_status piq_slate_kept_read(piq_batch *b, piq_op *op,
                               const piq_slate_mark *now, piq_slate_kept *out)
{
    piq_store *store = b->engine->store;
    char key[KEY_BYTES];
    piq_str name = key_of(op, key), reply;
    piq_record r;
    piq_err err = {0};
    int64_t first;
    *out = (piq_slate_kept){.version = 0};
    op->later = is_in_batch(b, op, name);
    if (op->later)
        return PIQ_EBUSY;
    piq_status status =
        store->ops->record(store, &op->arena, op->user, PIQ_RECORD_SLATE, name,
                           op->now_us, &r, &err);
    if (status == PIQ_ENOTFOUND)
        return PIQ_OK;
    if (status) {
        op->err = err;
        return status;
    }
    out->version = r.version;
    out->until_us = r.expires_us;
    if (!read_document(r.document, &out->mark, &first, &reply) ||
        !holds(&out->mark, now))
        return PIQ_OK;
    return complete_from_store(b, op, reply, first, &out->reply);
}

piq_status piq_slate_kept_add(piq_batch *b, const piq_op *op,
                              const piq_slate_kept *x, piq_str reply,
                              size_t first, size_t n)
{
    char name[KEY_BYTES];
    piq_str key = key_of(op, name);
    piq_buf buf;
    piq_buf_init(&buf, 0);
    /* A batch that recommends nothing has no rows to count from. */
    write_document(&x->mark, reply,
                   n ? b->commit.recommendations + first : NULL, n, &buf);
    piq_str document = piq_buf_keep(&buf, &b->arena);
    piq_buf_release(&buf);
    key.ptr = piq_arena_strndup(&b->arena, key.ptr, key.len);
    piq_status status =
        piq_batch_room(b, (void **)&b->records, b->commit.n_records,
                       &b->cap_records, sizeof *b->records);
    if (status || !document.ptr || !key.ptr)
        return PIQ_ENOMEM;
    b->records[b->commit.n_records++] =
        (piq_record){.user = op->user,
                     .kind = PIQ_RECORD_SLATE,
                     .key = key,
                     .from_version = x->version,
                     .at_us = op->now_us,
                     .expires_us = x->until_us,
                     .document = document,
                     .first_recommendation = first,
                     .n_recommendations = n};
    return PIQ_OK;
}
