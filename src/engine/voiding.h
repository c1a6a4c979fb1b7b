/* voiding.h - the voids of an operation: what they take back, and the rows of
 * it. See voids.h. Private to engine/. */
#ifndef PIQ_ENGINE_VOIDING_H
#define PIQ_ENGINE_VOIDING_H

#include "engine/engine_internal.h"
#include "engine/voids.h"

/* Counts for nothing from now on, in its own place. */
static inline void piq_event_set_void(piq_event *e)
{
    e->type = PIQ_EV_VOIDED;
}

/* An event that the operation voids. */
typedef struct piq_voiding {
    size_t by; /* position of the void in op->events */
    bool own;  /* what it voids comes with the same operation: */
    size_t at; /* there. Else the rest is of its row: */
    int64_t at_us, seq;
    int64_t recommendation; /* it was feedback on; 0: none */
} piq_voiding;

/* Judges void op->events[at], whose own id is new; all others of the operation
 * have been, voids before it too. ACCEPTED: *out tells what it voids, to be
 * kept in `before` [n] for the next. DUPLICATE: it is voided already. PIQ_EBUSY
 * with op->later: the batch has changed the learner. */
PIQ_MUST_USE piq_status piq_void_judge(piq_batch *b, piq_op *op, size_t at,
                                       const piq_voiding *before, size_t n,
                                       piq_voiding *out,
                                       piq_event_verdict *verdict);
/* Adds the markers, and what became of recommendations without the feedback
 * that is voided. Before the operation's own feedback is added. */
PIQ_MUST_USE piq_status piq_void_rows(piq_batch *b, piq_op *op,
                                      const piq_voiding *list, size_t n);

#endif
