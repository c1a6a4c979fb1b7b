/* audit_walk.h - going through the audit's pieces. Private to access/.
 *
 * What was trimmed off the front of a chain is told by a record of kind
 * "audit_cut", key the chain's name: number of pieces and entries that are gone
 * on purpose, and the hash there. A walk begins at it.
 */
#ifndef PIQ_ACCESS_AUDIT_WALK_H
#define PIQ_ACCESS_AUDIT_WALK_H

#include "access/audit_chain.h"
#include "base/map.h"

#define PIQ_RECORD_AUDIT_CUT PIQ_STR("audit_cut")

enum { PIQ_AUDIT_PAGE = 16 };

/* Gets each piece, in the order of listing: by time, within a chain by number.
 */
typedef piq_status piq_audit_on_piece(void *ctx, const piq_record *r,
                                      const json_t *piece, piq_err *err);
/* One piece, as JSON. */
PIQ_MUST_USE piq_status piq_audit_give(const piq_record *r,
                                       piq_audit_on_piece *piece, void *ctx,
                                       piq_err *err);
/* All from since_us on; ends when *stop is true. */
PIQ_MUST_USE piq_status piq_audit_each_piece(piq_store *s, int64_t since_us,
                                             piq_audit_on_piece *piece,
                                             void *ctx, const bool *stop,
                                             piq_err *err);

/* Every chain, as far as it was walked. */
typedef struct piq_audit_walker {
    piq_map at; /* hash of the chain's name -> index */
    piq_audit_chain *chains;
    size_t n, cap;
    const piq_audit_head *kept;
    size_t n_kept;
    piq_buf scratch;
} piq_audit_walker;

/* Begins at what was trimmed. Release it also after a failure. */
PIQ_MUST_USE piq_status piq_audit_walker_init(piq_audit_walker *w, piq_store *s,
                                              const piq_audit_head *kept,
                                              size_t n_kept, piq_err *err);
void piq_audit_walker_release(piq_audit_walker *w);
/* A piq_audit_on_piece with the walker as ctx: moves its chain on, or
 * PIQ_ECORRUPT. */
piq_status piq_audit_walker_piece(void *ctx, const piq_record *r,
                                  const json_t *piece, piq_err *err);
/* The chain of a piece's record; NULL: it was not walked. */
const piq_audit_chain *piq_audit_walker_chain(const piq_audit_walker *w,
                                              const piq_record *r);

#endif
