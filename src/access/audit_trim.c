/* audit_trim.c - dropping what is old enough, without breaking a chain.
 *
 * Page by page: the pieces are walked as verifying does, so that trimming hides
 * nothing; then they go and the cuts move, in one commit.
 */
#include "access/audit.h"

#include "access/audit_walk.h"

#include <stdio.h>

typedef struct cuts {
    piq_record rows[2 * PIQ_AUDIT_PAGE]; /* pieces to drop, then cuts */
    char documents[PIQ_AUDIT_PAGE][192];
    size_t n, n_cuts;
} cuts;

/* The cut of the chain as it is now; one a chain. */
static void add_cut(cuts *c, const piq_audit_chain *chain, int64_t at_us)
{
    char hash[2 * PIQ_SHA256_BYTES + 1];
    piq_str key = piq_str_of(chain->name);
    size_t first = c->n - c->n_cuts;
    for (size_t i = first; i < c->n; i++)
        if (piq_str_eq(c->rows[i].key, key))
            return;
    char *document = c->documents[c->n_cuts++];
    piq_crypto_hex(chain->hash, sizeof chain->hash, hash);
    int len = snprintf(document, sizeof c->documents[0],
                       "{\"pieces\":%llu,\"entries\":%llu,\"hash\":\"%s\"}",
                       (unsigned long long)chain->pieces,
                       (unsigned long long)chain->entries, hash);
    c->rows[c->n++] = (piq_record){.kind = PIQ_RECORD_AUDIT_CUT,
                                   .key = key,
                                   .from_version = PIQ_RECORD_ANY,
                                   .at_us = at_us,
                                   .expires_us = INT64_MAX,
                                   .document = {document, (size_t)len}};
}

static piq_status drop_page(piq_store *s, piq_audit_walker *w,
                            const piq_record *rows, size_t n, piq_err *err)
{
    cuts c;
    c.n = c.n_cuts = 0;
    for (size_t i = 0; i < n; i++) {
        piq_status status =
            piq_audit_give(&rows[i], piq_audit_walker_piece, w, err);
        if (status)
            return status;
        c.rows[c.n] = rows[i];
        c.rows[c.n].from_version = rows[i].version;
        c.rows[c.n++].document = (piq_str){0};
    }
    for (size_t i = 0; i < n; i++) {
        const piq_audit_chain *chain = piq_audit_walker_chain(w, &rows[i]);
        if (chain)
            add_cut(&c, chain, rows[i].at_us);
    }
    return s->ops->put_records(s, c.rows, c.n, err);
}

static piq_status trim(piq_store *s, piq_audit_walker *w, int64_t before_us,
                       uint64_t *n_pieces, piq_err *err)
{
    const piq_record_range range = {.kind = PIQ_RECORD_AUDIT,
                                    .now_us = INT64_MIN,
                                    .after_us = INT64_MIN,
                                    .until_us = before_us,
                                    .limit = PIQ_AUDIT_PAGE};
    piq_status status;
    size_t n;
    do {
        piq_arena a;
        piq_record *rows = NULL;
        n = 0;
        piq_arena_init(&a, 0);
        status = s->ops->records(s, &a, &range, &rows, &n, err);
        if (!status && n)
            status = drop_page(s, w, rows, n, err);
        if (!status)
            *n_pieces += n;
        piq_arena_release(&a);
    } while (!status && n == PIQ_AUDIT_PAGE);
    return status;
}

piq_status piq_audit_trim(piq_store *store, int64_t before_us,
                          uint64_t *n_pieces, piq_err *err)
{
    piq_audit_walker w;
    *n_pieces = 0;
    piq_status status = piq_audit_walker_init(&w, store, NULL, 0, err);
    if (!status)
        status = trim(store, &w, before_us, n_pieces, err);
    piq_audit_walker_release(&w);
    return status;
}
