/* tidy.h - drops what has had its time: expired records, changes that every
 * process has read, old slates, models that decided before them. Private to the
 * engine; the maintainer's thread of the process that leads. */
#ifndef PIQ_ENGINE_TIDY_H
#define PIQ_ENGINE_TIDY_H

#include "engine/engine_internal.h"

/* All zero at first. */
typedef struct piq_tidying {
    int64_t due_ns, models_due_ns; /* monotonic */
} piq_tidying;

/* Does nothing before it is due, and lasts about a second at most: small
 * pieces, between which storage is left to others for four times as long as a
 * piece took. What is left then is due in the next round, else in ten seconds;
 * models once an hour.
 * What cannot be dropped is reported, and tried again. */
void piq_tidy_tick(piq_tidying *t, piq_engine *e);

#endif
