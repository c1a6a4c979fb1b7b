/* outage.h - from what is seen of storage: whether it serves, and when an
 * outage begins and ends. Private to engine/.
 *
 *     well --(a sign)--> ill --(no sign for PIQ_OUTAGE_CALM_MS)--> well
 *
 * An outage that flickers is one: it has ended when nothing was seen of it for
 * a while, and counts up to its last sign. Whether storage serves right now is
 * another matter, and follows the signs at once.
 *
 * Pure: times are arguments. Threads: one at a time.
 */
#ifndef PIQ_ENGINE_OUTAGE_H
#define PIQ_ENGINE_OUTAGE_H

#include "engine/engine.h"

enum {
    /* A question that waits so long is not going to be answered soon. */
    PIQ_OUTAGE_SILENT_MS = 1000,
    PIQ_OUTAGE_CALM_MS = 5000
};

/* What is seen at one moment. */
typedef struct piq_outage_signs {
    int64_t
        silent_ns; /* so long the present question waits; 0: there is none */
    bool failed;   /* the last question was answered by a failure */
    bool refused;  /* the last commit was */
    uint64_t n_misses; /* ever: attempts that failed, whatever became of them */
} piq_outage_signs;

typedef struct piq_outage {
    piq_storage_state state;
    int64_t since_us; /* of the state, by the wall clock */
    uint64_t n_misses;
    bool on;
    int64_t begun_ns, seen_ns; /* first and last sign, monotonic */
} piq_outage;

typedef enum piq_outage_turn {
    PIQ_OUTAGE_GOES_ON, /* or there is none, as before */
    PIQ_OUTAGE_BEGINS,
    PIQ_OUTAGE_ENDS
} piq_outage_turn;

void piq_outage_init(piq_outage *o, uint64_t n_misses, int64_t now_us);
/* *lasted_ns: from the first to the last sign, where it ends. */
piq_outage_turn piq_outage_see(piq_outage *o, const piq_outage_signs *s,
                               int64_t now_ns, int64_t now_us,
                               int64_t *lasted_ns);

#endif
