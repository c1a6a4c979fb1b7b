/* committer.h - the storage thread: one commit for everyone that waits.
 *
 * A caller hands over a piq_commit and sleeps until it is durable or refused.
 * Whatever has gathered while the disk was busy goes into the next commit
 * together; when a joined commit is refused, its parts are tried one by one,
 * so that nobody fails for another's sake.
 */
#ifndef PIQ_ENGINE_COMMITTER_H
#define PIQ_ENGINE_COMMITTER_H

#include "store/store.h"

typedef struct piq_committer piq_committer;

/* Until it is stopped; the store outlives it. PIQ_ENOMEM: also no thread. */
PIQ_MUST_USE piq_status piq_committer_start(piq_store *store,
                                            piq_committer **out, piq_err *err);
/* Finishes what waits, stops the thread, frees. NULL is allowed. */
void piq_committer_stop(piq_committer *k);

/* One commit under way. The caller's memory; stays until waited for. */
typedef struct piq_commit_ticket {
    piq_commit *commit;
    piq_err *err; /* may be NULL */
    piq_status status;
    bool done;
    struct piq_commit_ticket *next;
} piq_commit_ticket;

/* Hands over and returns; then wait, exactly once: it says what store->commit
 * said, and why is in *err by then. Ticket, commit and *err stay where they are
 * until it returns. */
void piq_committer_begin(piq_committer *k, piq_commit_ticket *t, piq_commit *c,
                         piq_err *err);
PIQ_MUST_USE piq_status piq_committer_wait(piq_committer *k,
                                           piq_commit_ticket *t);

/* Blocks. `out` members of the rows are filled in. As store->commit. */
PIQ_MUST_USE piq_status piq_committer_commit(piq_committer *k, piq_commit *c,
                                             piq_err *err);

typedef struct piq_committer_stats {
    uint64_t commits;  /* durable ones */
    uint64_t requests; /* handed over */
    uint64_t failures;
    bool last_ok;
} piq_committer_stats;
void piq_committer_stats_get(piq_committer *k, piq_committer_stats *out);

#endif
