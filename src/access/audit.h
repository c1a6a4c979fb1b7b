/* audit.h - who read or changed what, append-only and chained.
 *
 * Each process writes a chain of its own: the hash of entry n is taken over
 * entry n and the hash of entry n-1, so that what is changed, dropped, moved or
 * put in between is found by walking the chain. What the chain alone cannot
 * show is that its newest pieces, or all of it, are gone: for that its head is
 * kept somewhere else (piq_audit_walk). Entries are gathered in memory and
 * stored in pieces (records of kind "audit", one a piece): a change is in the
 * audit before it is answered when it is flushed before that; a read within a
 * second.
 *
 * An entry says when, who (piq_caller.id), what (route), whom it was about (the
 * learner's number, or after an erasure nothing that leads there: see below),
 * how it ended, and which model and policy version decided.
 * Erasure: a learner's number stands in entries as HMAC-SHA-256 under a key of
 * the learner's own, which is a record of that learner and goes with them; who
 * has the key finds their entries, afterwards nobody does, and the chain still
 * holds.
 *
 * Threads: any.
 */
#ifndef PIQ_ACCESS_AUDIT_H
#define PIQ_ACCESS_AUDIT_H

#include "access/access.h"

typedef struct piq_audit piq_audit;

typedef struct piq_audit_entry {
    int64_t at_us;
    const char *caller; /* piq_caller.id */
    const char *action; /* "GET /api/users/{userId}/profile" */
    piq_user_id user;   /* 0: about no learner */
    int status;         /* as HTTP */
    uint64_t request;   /* X-Request-Id */
    uint32_t model;     /* version that decided; 0: none */
    uint32_t policy;    /* of recommendations; 0: none */
} piq_audit_entry;

/* Begins a chain of its own. The store outlives it. PIQ_EIO: no random numbers;
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_audit_open(piq_store *store, piq_audit **out,
                                       piq_err *err);
/* Stores what is gathered. */
void piq_audit_close(piq_audit *k);
/* Strings are copied. PIQ_EBUSY: storage does not follow, 32,768 entries wait;
 * PIQ_EINVAL: no caller or action, or one over 39 or 119 bytes. Nothing is kept
 * then. */
PIQ_MUST_USE piq_status piq_audit_add(piq_audit *k, const piq_audit_entry *e,
                                      piq_err *err);
/* Stores what is gathered; called by whoever looks after it, about once a
 * second, and before a change is answered. After a failure everything waits for
 * the next call; nothing is stored twice. PIQ_ENOMEM, and what the store says.
 * Any thread. */
PIQ_MUST_USE piq_status piq_audit_flush(piq_audit *k, piq_err *err);
/* A learner was erased: what is added from now on does not stand beside what
 * was there before. Never waits for storage. Other engines call it when they
 * hear of it from the change feed. */
void piq_audit_forget(piq_audit *k, piq_user_id user);

/* Walks every chain of the store. *n_entries, *n_chains out, with entries that
 * were trimmed. PIQ_ECORRUPT: *err
 * says which chain breaks where. */
PIQ_MUST_USE piq_status piq_audit_verify(piq_store *store, uint64_t *n_entries,
                                         uint64_t *n_chains, piq_err *err);

/* How long a chain was, and its hash there. Who keeps heads away from the store
 * can tell later that nothing was cut off since. */
typedef struct piq_audit_head {
    char chain[33];
    uint64_t entries; /* ever written */
    uint64_t trimmed; /* of them; not read of kept heads */
    char hash[65];
} piq_audit_head;
/* The same walk; gives every chain's head, in `a`, and checks that each chain
 * goes through those that were kept. PIQ_ECORRUPT also: it does not. */
PIQ_MUST_USE piq_status piq_audit_walk(piq_store *store,
                                       const piq_audit_head *kept,
                                       size_t n_kept, piq_arena *a,
                                       piq_audit_head **heads, size_t *n,
                                       piq_err *err);

/* Drops pieces all of whose entries are from before `before_us`; each
 * chain is checked up to there, and begins behind it from then on. *n_pieces
 * out, also after a failure. PIQ_ECORRUPT: nothing from the break on is
 * dropped. */
PIQ_MUST_USE piq_status piq_audit_trim(piq_store *store, int64_t before_us,
                                       uint64_t *n_pieces, piq_err *err);

/* Entries about or by a learner (user 0: all) from since_us on, at most `limit`
 * (0: all), as JSON objects; piece by piece, oldest first, so that those of two
 * processes may be a second out of order. A sink's failure ends it. */
typedef piq_status piq_audit_sink(void *ctx, piq_str json, piq_err *err);
PIQ_MUST_USE piq_status piq_audit_list(piq_store *store, piq_user_id user,
                                       int64_t since_us, size_t limit,
                                       piq_audit_sink *sink, void *ctx,
                                       piq_err *err);

#endif
