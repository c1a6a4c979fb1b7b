/* audit_walk.c - are the chains whole? */
#include "access/audit_walk.h"

#include "access/records.h"
#include "domain/json_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

piq_status piq_audit_give(const piq_record *r, piq_audit_on_piece *piece,
                          void *ctx, piq_err *err)
{
    json_t *json;
    piq_status status = piq_json_parse(r->document, &json, NULL);
    if (status)
        return piq_fail(err, status == PIQ_ENOMEM ? status : PIQ_ECORRUPT,
                        "audit: piece %.*s cannot be read",
                        PIQ_STR_ARG(r->key));
    status = piece(ctx, r, json, err);
    json_decref(json);
    return status;
}

typedef struct giving {
    piq_audit_on_piece *piece;
    void *ctx;
} giving;

static piq_status give(void *ctx, piq_arena *a, const piq_record *r,
                       piq_err *err)
{
    const giving *to = ctx;
    (void)a;
    return piq_audit_give(r, to->piece, to->ctx, err);
}

piq_status piq_audit_each_piece(piq_store *s, int64_t since_us,
                                piq_audit_on_piece *piece, void *ctx,
                                const bool *stop, piq_err *err)
{
    giving to = {piece, ctx};
    return piq_access_each_record(s, PIQ_RECORD_AUDIT, since_us, give, &to,
                                  stop, err);
}

/* ---- verifying ------------------------------------------------------------
 */

static piq_status broken(piq_err *err, const piq_audit_chain *c,
                         const char *what)
{
    return piq_fail(err, PIQ_ECORRUPT,
                    "audit: chain %s breaks at entry %" PRIu64
                    " (piece %" PRIu64 "): %s",
                    c->name, c->entries, c->pieces, what);
}

static piq_status chain_of(piq_audit_walker *w, piq_str name,
                           piq_audit_chain **out, piq_err *err)
{
    uint64_t key = piq_hash_bytes(name.ptr, name.len), at;
    if (piq_map_get(&w->at, key, &at)) {
        *out = &w->chains[at];
        return PIQ_OK;
    }
    if (w->n == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 16;
        piq_audit_chain *more = NULL;
        if (!piq_alloc_should_fail())
            more = realloc(w->chains, cap * sizeof *more);
        if (!more)
            return piq_fail(err, PIQ_ENOMEM, "no memory to walk the audit");
        w->chains = more;
        w->cap = cap;
    }
    if (piq_map_put(&w->at, key, w->n))
        return piq_fail(err, PIQ_ENOMEM, "no memory to walk the audit");
    *out = &w->chains[w->n++];
    piq_audit_chain_begin(*out, name);
    return PIQ_OK;
}

static bool hash_is(const json_t *piece, const char *member,
                    const uint8_t hash[PIQ_SHA256_BYTES])
{
    const char *text = json_string_value(json_object_get(piece, member));
    uint8_t said[PIQ_SHA256_BYTES];
    return text && piq_crypto_unhex(piq_str_of(text), said, sizeof said) &&
           memcmp(said, hash, sizeof said) == 0;
}

static bool number_is(const json_t *piece, const char *member, uint64_t number)
{
    const json_t *v = json_object_get(piece, member);
    return json_is_integer(v) && json_integer_value(v) >= 0 &&
           (uint64_t)json_integer_value(v) == number;
}

static piq_status check_kept(const piq_audit_walker *w,
                             const piq_audit_chain *c, piq_err *err)
{
    char hash[2 * PIQ_SHA256_BYTES + 1];
    for (size_t i = 0; i < w->n_kept; i++) {
        const piq_audit_head *head = &w->kept[i];
        if (head->entries != c->entries || strcmp(head->chain, c->name) != 0)
            continue;
        piq_crypto_hex(c->hash, sizeof c->hash, hash);
        if (strcmp(hash, head->hash) != 0)
            return broken(err, c, "it is not the one whose head was kept");
    }
    return PIQ_OK;
}

static piq_status check_entry(piq_audit_walker *w, piq_audit_chain *c,
                              const json_t *entry, piq_err *err)
{
    piq_audit_line line;
    piq_str hash;
    char start[17];
    piq_audit_chain next = *c;
    if (!piq_audit_line_read(entry, &line, &hash))
        return broken(err, c, "the entry cannot be read");
    if (piq_audit_chain_add(&next, &line, &w->scratch))
        return piq_fail(err, PIQ_ENOMEM, "no memory to walk the audit");
    piq_crypto_hex(next.hash, sizeof start / 2, start);
    if (!piq_str_eq(hash, piq_str_of(start)))
        return broken(err, c, "an entry was changed, dropped or put in");
    *c = next;
    return w->n_kept ? check_kept(w, c, err) : PIQ_OK;
}

/* The chain's name is in the record's key, before the dot. */
static bool name_in_key(piq_str key, piq_str *name)
{
    uint8_t bytes[PIQ_AUDIT_CHAIN_BYTES / 2];
    if (key.len < PIQ_AUDIT_CHAIN_BYTES - 1)
        return false;
    *name = (piq_str){key.ptr, PIQ_AUDIT_CHAIN_BYTES - 1};
    return piq_crypto_unhex(*name, bytes, sizeof bytes);
}

piq_status piq_audit_walker_piece(void *ctx, const piq_record *r,
                                  const json_t *piece, piq_err *err)
{
    piq_audit_walker *w = ctx;
    piq_audit_chain *c = NULL;
    piq_str name;
    char key[PIQ_AUDIT_KEY_BYTES];
    if (!name_in_key(r->key, &name))
        return piq_fail(err, PIQ_ECORRUPT, "audit: %.*s is no piece",
                        PIQ_STR_ARG(r->key));
    piq_status status = chain_of(w, name, &c, err);
    if (status)
        return status;
    piq_audit_chain_key(c, key);
    if (!piq_str_eq(r->key, piq_str_of(key)) ||
        !number_is(piece, "piece", c->pieces) ||
        !number_is(piece, "first", c->entries))
        return broken(err, c, "a piece is missing or out of order");
    if (!hash_is(piece, "before", c->hash))
        return broken(err, c, "the piece does not follow the one before");
    const json_t *entries = json_object_get(piece, "entries");
    size_t n = json_array_size(entries);
    if (n == 0)
        return broken(err, c, "the piece has no entries");
    for (size_t i = 0; !status && i < n; i++)
        status = check_entry(w, c, json_array_get(entries, i), err);
    if (!status && !hash_is(piece, "hash", c->hash))
        status = broken(err, c, "entries at the end of the piece are missing");
    if (!status)
        c->pieces++;
    return status;
}

/* ---- what was trimmed ------------------------------------------------------
 */

static bool read_cut(const json_t *cut, piq_audit_chain *c)
{
    const json_t *pieces = json_object_get(cut, "pieces");
    const json_t *entries = json_object_get(cut, "entries");
    const char *hash = json_string_value(json_object_get(cut, "hash"));
    if (!json_is_integer(pieces) || json_integer_value(pieces) < 1 ||
        !json_is_integer(entries) || json_integer_value(entries) < 1 || !hash ||
        !piq_crypto_unhex(piq_str_of(hash), c->hash, sizeof c->hash))
        return false;
    c->pieces = (uint64_t)json_integer_value(pieces);
    c->entries = (uint64_t)json_integer_value(entries);
    c->trimmed = c->entries;
    return true;
}

static piq_status take_cut(void *ctx, piq_arena *a, const piq_record *r,
                           piq_err *err)
{
    piq_audit_walker *w = ctx;
    piq_audit_chain *c = NULL;
    piq_str name;
    json_t *cut = NULL;
    (void)a;
    piq_status status = piq_json_parse(r->document, &cut, NULL);
    if (status || !name_in_key(r->key, &name)) {
        json_decref(cut);
        return piq_fail(err, status == PIQ_ENOMEM ? status : PIQ_ECORRUPT,
                        "audit: cut %.*s cannot be read", PIQ_STR_ARG(r->key));
    }
    status = chain_of(w, name, &c, err);
    if (c != NULL && !read_cut(cut, c))
        status = piq_fail(err, PIQ_ECORRUPT, "audit: cut %s cannot be read",
                          c->name);
    json_decref(cut);
    return status ? status : check_kept(w, c, err);
}

piq_status piq_audit_walker_init(piq_audit_walker *w, piq_store *s,
                                 const piq_audit_head *kept, size_t n_kept,
                                 piq_err *err)
{
    *w = (piq_audit_walker){.kept = kept, .n_kept = n_kept};
    piq_map_init(&w->at);
    piq_buf_init(&w->scratch, 4096);
    return piq_access_each_record(s, PIQ_RECORD_AUDIT_CUT, INT64_MIN, take_cut,
                                  w, NULL, err);
}

void piq_audit_walker_release(piq_audit_walker *w)
{
    piq_map_release(&w->at);
    piq_buf_release(&w->scratch);
    free(w->chains);
}

const piq_audit_chain *piq_audit_walker_chain(const piq_audit_walker *w,
                                              const piq_record *r)
{
    piq_str name;
    uint64_t at;
    if (!name_in_key(r->key, &name) ||
        !piq_map_get(&w->at, piq_hash_bytes(name.ptr, name.len), &at))
        return NULL;
    return &w->chains[at];
}

/* Every head that was kept was come by. */
static piq_status check_lengths(const piq_audit_walker *w, piq_err *err)
{
    for (size_t i = 0; i < w->n_kept; i++) {
        const piq_audit_head *head = &w->kept[i];
        uint64_t at, n = 0;
        if (piq_map_get(&w->at,
                        piq_hash_bytes(head->chain, strlen(head->chain)), &at))
            n = w->chains[at].entries;
        if (n < head->entries)
            return piq_fail(err, PIQ_ECORRUPT,
                            "audit: chain %s had %" PRIu64
                            " entries when its head was kept, and has %" PRIu64
                            " now: its end is gone",
                            head->chain, head->entries, n);
    }
    return PIQ_OK;
}

static piq_status give_heads(const piq_audit_walker *w, piq_arena *a,
                             piq_audit_head **heads, size_t *n, piq_err *err)
{
    piq_audit_head *list = piq_new(a, piq_audit_head, w->n);
    if (!list)
        return piq_fail(err, PIQ_ENOMEM, "no memory to walk the audit");
    for (size_t i = 0; i < w->n; i++) {
        memcpy(list[i].chain, w->chains[i].name, sizeof list[i].chain);
        list[i].entries = w->chains[i].entries;
        list[i].trimmed = w->chains[i].trimmed;
        piq_crypto_hex(w->chains[i].hash, PIQ_SHA256_BYTES, list[i].hash);
    }
    *heads = list;
    *n = w->n;
    return PIQ_OK;
}

piq_status piq_audit_walk(piq_store *store, const piq_audit_head *kept,
                          size_t n_kept, piq_arena *a, piq_audit_head **heads,
                          size_t *n, piq_err *err)
{
    static const bool never = false;
    piq_audit_walker w;
    piq_status status = piq_audit_walker_init(&w, store, kept, n_kept, err);
    if (!status)
        status = piq_audit_each_piece(store, INT64_MIN, piq_audit_walker_piece,
                                      &w, &never, err);
    if (!status)
        status = check_lengths(&w, err);
    if (!status)
        status = give_heads(&w, a, heads, n, err);
    piq_audit_walker_release(&w);
    return status;
}

piq_status piq_audit_verify(piq_store *store, uint64_t *n_entries,
                            uint64_t *n_chains, piq_err *err)
{
    piq_arena a;
    piq_audit_head *heads = NULL;
    size_t n = 0;
    piq_arena_init(&a, 0);
    piq_status status = piq_audit_walk(store, NULL, 0, &a, &heads, &n, err);
    if (!status) {
        *n_chains = n;
        *n_entries = 0;
        for (size_t i = 0; i < n; i++)
            *n_entries += heads[i].entries;
    }
    piq_arena_release(&a);
    return status;
}
