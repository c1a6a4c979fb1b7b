/* view.c - every key, signer and link of the store, as one thing that never
 * changes.
 */
#include "access/keeper.h"

#include "base/log.h"

#include <stdlib.h>

enum { PAGE = 500 };

static int by_id(const void *a, const void *b)
{
    return strcmp(((const piq_key_entry *)a)->info.id,
                  ((const piq_key_entry *)b)->info.id);
}

static int by_kid(const void *a, const void *b)
{
    return strcmp(((const piq_signer_entry *)a)->info.kid,
                  ((const piq_signer_entry *)b)->info.kid);
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const piq_link_entry *)a)->hash,
                  ((const piq_link_entry *)b)->hash, PIQ_SHA256_BYTES);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Never 0, which is no source. */
static uint64_t source_of(piq_str kind, piq_str name, piq_str document)
{
    uint8_t digest[PIQ_SHA256_BYTES];
    uint64_t names = piq_hash_bytes(kind.ptr, kind.len) ^
                     piq_hash_u64(piq_hash_bytes(name.ptr, name.len));
    uint64_t source;
    piq_crypto_sha256(document, digest);
    memcpy(&source, digest, sizeof source);
    return (source ^ names) | 1;
}

static void copy(char *to, size_t size, piq_str from)
{
    size_t n = from.len < size ? from.len : size - 1;
    memcpy(to, from.ptr, n);
    to[n] = 0;
}

static piq_status read_key(const piq_record *r, const json_t *json, void *entry,
                           piq_err *err)
{
    piq_key_entry *out = entry;
    static const char *const known[] = {"name",   "tenant", "scopes",
                                        "sha256", "rate",   NULL};
    piq_json_reader j;
    piq_json_begin(&j, json, "", known, err);
    piq_key_info *info = &out->info;
    copy(info->id, sizeof info->id, r->key);
    copy(info->name, sizeof info->name, piq_json_string(&j, "name", 0, 63));
    info->tenant = (uint32_t)piq_json_int_in(&j, "tenant", 0, PIQ_MAX_TENANT);
    info->scopes = piq_scopes_read(piq_json_string(&j, "scopes", 1, 200));
    info->requests_per_s =
        (unsigned)piq_json_int_in(&j, "rate", 0, UINT32_MAX - 1);
    info->made_us = r->at_us;
    info->expires_us = r->expires_us;
    piq_str hash = piq_json_string(&j, "sha256", 64, 64);
    if (!j.status && (!info->scopes || r->key.len >= sizeof info->id ||
                      !piq_crypto_unhex(hash, out->hash, sizeof out->hash)))
        piq_json_refuse(&j, NULL, "not an API key's record");
    out->source = source_of(r->kind, r->key, r->document);
    return piq_json_end(&j);
}

/* Wipes the document. */
static piq_status read_signer(const piq_record *r, const json_t *json,
                              void *entry, piq_err *err)
{
    piq_signer_entry *out = entry;
    static const char *const known[] = {"algorithm", "tenant", "key", NULL};
    uint8_t key[PIQ_MAX_SIGNER_KEY_BYTES];
    size_t n = 0;
    piq_json_reader j;
    piq_json_begin(&j, json, "", known, err);
    piq_signer_info *info = &out->info;
    piq_str algorithm = piq_json_string(&j, "algorithm", 1, 7);
    copy(info->kid, sizeof info->kid, r->key);
    copy(info->algorithm, sizeof info->algorithm, algorithm);
    info->tenant = (uint32_t)piq_json_int_in(&j, "tenant", 0, PIQ_MAX_TENANT);
    info->made_us = r->at_us;
    piq_str text = piq_json_string(&j, "key", 1, 2 * sizeof key);
    if (!j.status && (r->key.len >= sizeof info->kid ||
                      !piq_crypto_unbase64url(text, key, sizeof key, &n)))
        piq_json_refuse(&j, NULL, "not a signer's record");
    out->source = source_of(r->kind, r->key, r->document);
    piq_status status = piq_json_end(&j);
    if (!status)
        status = piq_verifier_new(algorithm, (piq_str){(char *)key, n},
                                  &out->verifier, err);
    /* The key has three copies by now; one is to stay. */
    piq_crypto_wipe(key, sizeof key);
    piq_crypto_wipe((void *)(uintptr_t)text.ptr, text.len);
    piq_crypto_wipe((void *)(uintptr_t)r->document.ptr, r->document.len);
    return status;
}

static piq_status list_page(piq_store *s, piq_arena *a, piq_record_range *range,
                            piq_record **rows, size_t *n, piq_err *err)
{
    piq_status status = s->ops->records(s, a, range, rows, n, err);
    if (status || *n == 0)
        return status;
    const piq_record *last = &(*rows)[*n - 1];
    range->after_us = last->at_us;
    range->after_key = last->key;
    return PIQ_OK;
}

/* Every record of a kind, in `a`. */
static piq_status list_all(piq_store *s, piq_arena *a, piq_str kind, size_t max,
                           piq_record **out, size_t *n, piq_err *err)
{
    piq_record_range range = {.kind = kind,
                              .now_us = INT64_MIN,
                              .after_us = INT64_MIN,
                              .until_us = INT64_MAX,
                              .limit = PAGE};
    size_t cap = 0, got;
    *out = NULL;
    *n = 0;
    do {
        piq_record *rows;
        piq_status status = list_page(s, a, &range, &rows, &got, err);
        if (status)
            return status;
        if (*n + got > max)
            return piq_fail(err, PIQ_ELIMIT,
                            "the store has more than %zu records of %.*s", max,
                            PIQ_STR_ARG(kind));
        if (*n + got > cap) {
            cap = 2 * (*n + got);
            piq_record *more = piq_new(a, piq_record, cap);
            if (!more)
                return piq_fail(err, PIQ_ENOMEM, "no memory for records");
            if (*n)
                memcpy(more, *out, *n * sizeof *more);
            *out = more;
        }
        if (got)
            memcpy(*out + *n, rows, got * sizeof *rows);
        *n += got;
    } while (got == PAGE);
    return PIQ_OK;
}

static void left_out(const piq_record *r, const piq_err *why)
{
    char id[64];
    copy(id, sizeof id, r->key);
    piq_log_field fields[] = {piq_log_z("id", id),
                              piq_log_z("why", why->message)};
    piq_log(PIQ_LOG_ERROR, 0,
            "a key, signer or link in the store is not usable", fields, 2);
}

/* How the records of a kind become entries. */
typedef struct filling {
    size_t size; /* of an entry */
    piq_status (*read)(const piq_record *r, const json_t *json, void *entry,
                       piq_err *err);
    int (*order)(const void *a, const void *b);
} filling;

static piq_status read_entry(const filling *how, const piq_record *r,
                             void *entry, piq_err *err)
{
    json_t *json;
    piq_status status = piq_json_parse(r->document, &json, err);
    if (status)
        return status;
    status = how->read(r, json, entry, err);
    json_decref(json);
    return status;
}

/* Those that can be understood, sorted; in `a`. *n_out counts them after a
 * failure, too: they own what is to be freed. */
static piq_status fill_entries(piq_arena *a, const filling *how,
                               const piq_record *rows, size_t n, void **out,
                               size_t *n_out, piq_err *err)
{
    char *list = piq_arena_alloc(a, n, how->size);
    if (!list)
        return piq_fail(err, PIQ_ENOMEM, "no memory for keys or signers");
    *out = list;
    for (size_t i = 0; i < n; i++) {
        piq_err why = {0};
        void *entry = list + *n_out * how->size;
        if (read_entry(how, &rows[i], entry, &why) == PIQ_OK)
            ++*n_out;
        else if (why.status == PIQ_ENOMEM)
            return piq_fail(err, PIQ_ENOMEM, "no memory for keys or signers");
        else
            left_out(&rows[i], &why);
    }
    if (*n_out)
        qsort(list, *n_out, how->size, how->order);
    return PIQ_OK;
}

static piq_status fill_sources(piq_access_view *v, piq_err *err)
{
    v->sources = piq_new(&v->memory, uint64_t, v->n_keys + v->n_signers);
    if (!v->sources)
        return piq_fail(err, PIQ_ENOMEM, "no memory for API keys");
    for (size_t i = 0; i < v->n_keys; i++)
        v->sources[v->n_sources++] = v->keys[i].source;
    for (size_t i = 0; i < v->n_signers; i++)
        v->sources[v->n_sources++] = v->signers[i].source;
    if (v->n_sources)
        qsort(v->sources, v->n_sources, sizeof *v->sources, by_value);
    return PIQ_OK;
}

static piq_status fill(piq_access_view *v, piq_store *store, piq_err *err)
{
    static const filling keys = {sizeof(piq_key_entry), read_key, by_id},
                         signers = {sizeof(piq_signer_entry), read_signer,
                                    by_kid},
                         links = {sizeof(piq_link_entry), piq_access_read_link,
                                  by_hash};
    piq_arena scratch;
    piq_record *rows;
    void *key_list = NULL, *signer_list = NULL, *link_list = NULL;
    size_t n;
    piq_arena_init(&scratch, (size_t)256 << 20);
    piq_status status =
        list_all(store, &scratch, PIQ_RECORD_KEY, PIQ_MAX_KEYS, &rows, &n, err);
    if (status == PIQ_OK)
        status = fill_entries(&v->memory, &keys, rows, n, &key_list, &v->n_keys,
                              err);
    v->keys = key_list;
    if (status == PIQ_OK)
        status = list_all(store, &scratch, PIQ_RECORD_SIGNER, PIQ_MAX_SIGNERS,
                          &rows, &n, err);
    if (status == PIQ_OK)
        status = fill_entries(&v->memory, &signers, rows, n, &signer_list,
                              &v->n_signers, err);
    v->signers = signer_list;
    /* Commands that ran at once may have made some more than there may be. */
    if (status == PIQ_OK)
        status = list_all(store, &scratch, PIQ_RECORD_LINK,
                          (size_t)2 * PIQ_MAX_STORED_LINKS, &rows, &n, err);
    if (status == PIQ_OK)
        status = fill_entries(&v->memory, &links, rows, n, &link_list,
                              &v->n_links, err);
    v->links = link_list;
    if (status == PIQ_OK)
        status = fill_sources(v, err);
    piq_arena_release(&scratch);
    return status;
}

piq_status piq_access_view_load(piq_store *store, uint64_t mark,
                                piq_access_view **out, piq_err *err)
{
    piq_access_view *v = NULL;
    if (!piq_alloc_should_fail())
        v = calloc(1, sizeof *v);
    if (!v)
        return piq_fail(err, PIQ_ENOMEM, "no memory for API keys");
    atomic_init(&v->references, 1);
    v->mark = mark;
    piq_arena_init(&v->memory, 0);
    piq_status status = fill(v, store, err);
    if (status) {
        piq_access_view_release(v);
        return status;
    }
    *out = v;
    return PIQ_OK;
}

piq_access_view *piq_access_view_retain(piq_access_view *v)
{
    atomic_fetch_add_explicit(&v->references, 1, memory_order_relaxed);
    return v;
}

void piq_access_view_release(piq_access_view *v)
{
    if (!v ||
        atomic_fetch_sub_explicit(&v->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < v->n_signers; i++)
        piq_verifier_free(v->signers[i].verifier);
    piq_arena_release(&v->memory);
    free(v);
}

const piq_key_entry *piq_access_view_key(const piq_access_view *v, piq_str id)
{
    piq_key_entry want;
    if (id.len >= sizeof want.info.id || v->n_keys == 0)
        return NULL;
    copy(want.info.id, sizeof want.info.id, id);
    return bsearch(&want, v->keys, v->n_keys, sizeof want, by_id);
}

const piq_link_entry *piq_access_view_link(const piq_access_view *v,
                                           const uint8_t hash[PIQ_SHA256_BYTES])
{
    piq_link_entry want;
    if (v->n_links == 0)
        return NULL;
    memcpy(want.hash, hash, sizeof want.hash);
    return bsearch(&want, v->links, v->n_links, sizeof want, by_hash);
}

const piq_signer_entry *piq_access_view_signer(const piq_access_view *v,
                                               piq_str kid)
{
    piq_signer_entry want;
    if (kid.len >= sizeof want.info.kid || v->n_signers == 0)
        return NULL;
    copy(want.info.kid, sizeof want.info.kid, kid);
    return bsearch(&want, v->signers, v->n_signers, sizeof want, by_kid);
}

bool piq_access_view_has(const piq_access_view *v, uint64_t source)
{
    return v->n_sources &&
           bsearch(&source, v->sources, v->n_sources, sizeof source, by_value);
}
