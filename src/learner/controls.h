/* controls.h - the controls of a learner's path that were not taken back.
 *
 * A stack of controls in the order of their events. Undo takes the newest one
 * off; what it had superseded (an earlier pace, the pin that a skip ended, what
 * a release took back) is then in force again. One that would change nothing is
 * not put on: the same said twice, a release or an undo of nothing. A freeze
 * leaves with the first control after its day. At most PIQ_MAX_CONTROLS are
 * kept: beyond, the oldest that others have superseded is forgotten, else the
 * oldest.
 *
 * In force is, of each slot, the newest: a content's slot holds pin, skip or
 * release, a concept's skip, known or release; reorder, pace, days off and
 * freeze have one each.
 *
 * For a planner: piq_controls_view_of. Part of the learner's state: changed by
 * piq_fold alone. Threads: as the learner's.
 */
#ifndef PIQ_LEARNER_CONTROLS_H
#define PIQ_LEARNER_CONTROLS_H

#include "base/buf.h"
#include "domain/belief.h"
#include "domain/catalogue.h"
#include "domain/control.h"

enum { PIQ_MAX_CONTROLS = 256, PIQ_MAX_RECENT_CONTROLS = 8 };

typedef struct piq_controls {
    piq_buf records; /* the stack, oldest first, in the stored form */
    piq_buf recent;  /* the newest changes of it, oldest first; the same */
    uint16_t n;
    uint8_t n_recent;
    uint32_t n_ever; /* changes ever */
} piq_controls;

typedef struct piq_kept_control {
    piq_control control; /* of FREEZE `day` is the day frozen */
    int64_t at_us;       /* of its event; of an undo: of the undo's */
    bool undone;         /* among the recent changes: was taken off */
} piq_kept_control;

void piq_controls_release(piq_controls *c);
/* `to` owns nothing before. PIQ_ENOMEM: nor after. */
PIQ_MUST_USE piq_status piq_controls_copy(piq_controls *to,
                                          const piq_controls *from);
/* Room for one more, so that the fold cannot fail. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_controls_reserve(piq_controls *c);

typedef enum piq_control_effect {
    PIQ_CONTROL_HELD,   /* it is in force, or has taken something back */
    PIQ_CONTROL_SAME,   /* that was in force already */
    PIQ_CONTROL_NOTHING /* there was nothing to release or to undo */
} piq_control_effect;

/* After piq_controls_reserve. `day` is the learner's own at at_us. */
piq_control_effect piq_controls_fold(piq_controls *c, const piq_control *x,
                                     int64_t at_us, int32_t day);
/* Days off were stated anew (profile_stated): no control replaces them now. */
void piq_controls_end_days_off(piq_controls *c);

/* Both arrays of at most PIQ_MAX_CONTROLS. */

/* What is in force on a day, oldest first; how many. */
size_t piq_controls_in_force(const piq_controls *c, int32_t day,
                             piq_kept_control *out);
/* The newest, which undo would take back on that day. False: none. */
bool piq_controls_newest(const piq_controls *c, int32_t day,
                         piq_kept_control *out);

/* The newest `most` changes of the stack, oldest first; how many there are.
 * out[PIQ_MAX_RECENT_CONTROLS]. */
size_t piq_controls_recent(const piq_controls *c, size_t most,
                           piq_kept_control *out);

typedef struct piq_pin {
    piq_content_ix content;
    int32_t day; /* local; INT32_MAX: as early as it may be */
} piq_pin;

/* What is in force, as arrays; all live in the arena. */
typedef struct piq_controls_view {
    const piq_pin *pins; /* a day that is over is INT32_MAX */
    size_t n_pins;
    /* With the contents mainly of a concept that is skipped; one that is
     * pinned is not skipped with its concept. */
    const piq_content_ix *skip;
    size_t n_skip;
    const piq_concept_ix *skip_concepts;
    size_t n_skip_concepts;
    const piq_concept_ix *known; /* and not shown since */
    size_t n_known;
    const piq_content_ix *order;
    size_t n_order;
    double pace; /* 1: none */
    const int32_t *days_off;
    size_t n_days_off;
    bool has_days_off; /* else those that were stated count */
    bool frozen;       /* today's steps stay */
} piq_controls_view;

/* `beliefs` [n_concepts] tell which known concepts were practised after that
 * was said; may be NULL: none. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_controls_view_of(
    piq_arena *a, const piq_controls *c, const piq_catalogue *catalogue,
    const piq_belief *beliefs, int32_t day, piq_controls_view *out);

void piq_controls_encode(const piq_controls *c, piq_buf *out);
/* `c` owns nothing before. PIQ_ECORRUPT, PIQ_ENOMEM: nor after. */
PIQ_MUST_USE piq_status piq_controls_decode(piq_controls *c,
                                            const piq_catalogue *catalogue,
                                            piq_reader *r);

#endif
