/* audit.h - who read or changed what, append-only and chained.
 *
 * Each process writes a chain of its own: entry n holds the hash of entry n-1,
 * so that a row that is changed, dropped or put in between is found by walking
 * the chain. Entries are gathered in memory and stored in pieces (records of
 * kind "audit", one a piece): a change is in the audit before it is answered
 * when `durable` is asked for; a read within a second.
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

PIQ_MUST_USE piq_status piq_audit_open(piq_store *store, piq_audit **out,
                                       piq_err *err);
/* Stores what is gathered. */
void piq_audit_close(piq_audit *k);
/* Bounded: when storage does not follow, *err says so and nothing is kept. */
PIQ_MUST_USE piq_status piq_audit_add(piq_audit *k, const piq_audit_entry *e,
                                      piq_err *err);
/* Stores what is gathered; called by whoever looks after it, about once a
 * second. */
PIQ_MUST_USE piq_status piq_audit_flush(piq_audit *k, piq_err *err);

/* Walks every chain of the store. *n_entries, *n_chains out. PIQ_ECORRUPT: *err
 * says which chain breaks where. */
PIQ_MUST_USE piq_status piq_audit_verify(piq_store *store, uint64_t *n_entries,
                                         uint64_t *n_chains, piq_err *err);

/* Entries about a learner (user 0: all), oldest first, as JSON objects. */
typedef piq_status piq_audit_sink(void *ctx, piq_str json, piq_err *err);
PIQ_MUST_USE piq_status piq_audit_list(piq_store *store, piq_user_id user,
                                       int64_t since_us, size_t limit,
                                       piq_audit_sink *sink, void *ctx,
                                       piq_err *err);

#endif
