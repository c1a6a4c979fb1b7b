/* health.h - asks storage all the time whether it is there. Private to engine/.
 *
 *     prober   asks (ping), waits as long as it takes; after a commit that
 *              failed it writes, too, until that goes through: without traffic
 *              nobody else would find out that it does again
 *     watcher  looks ten times a second at what the prober waits for, what the
 *              committer and the store have met; tells the log when an outage
 *              begins and when it has ended, and nothing in between
 *
 * Whoever wants to know reads what is known, and waits for nothing.
 */
#ifndef PIQ_ENGINE_HEALTH_H
#define PIQ_ENGINE_HEALTH_H

#include "engine/committer.h"
#include "engine/outage.h"

typedef struct piq_health piq_health;

/* Asks each probe_ms, PIQ_PROBE_NEVER: only the committer is looked at. Store
 * and committer outlive it. PIQ_ENOMEM: also no thread. */
PIQ_MUST_USE piq_status piq_health_start(piq_store *store,
                                         piq_committer *committer,
                                         unsigned probe_ms, piq_health **out,
                                         piq_err *err);
/* Waits for the prober's present question. NULL is allowed. */
void piq_health_stop(piq_health *h);

/* Any thread, as what follows. */
void piq_health_get(piq_health *h, piq_storage_health *out);
/* Something in the background failed: a sign, and no line of its own, when that
 * was storage. False: it is not about storage. */
bool piq_health_note(piq_health *h, const piq_err *err);

#endif
