/* why_not.h - why a content would not be recommended to a learner now.
 *
 * Threads: any.
 */
#ifndef PIQ_ENGINE_WHY_NOT_H
#define PIQ_ENGINE_WHY_NOT_H

#include "base/json_writer.h"
#include "engine/engine.h"

typedef struct piq_why_not_ask {
    piq_content_id content;
    int type;       /* of the slate: piq_content_type or -1 */
    unsigned limit; /* 1 .. 50 */
    int64_t now_us;
} piq_why_not_ask;

/* Writes the answer for a slate that would be made now, with nothing left to
 * chance; it is not logged. One complete JSON value. PIQ_ENOTFOUND: no such
 * content. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_engine_why_not(piq_engine *e, piq_arena *a,
                                           const piq_learner_ref *ref,
                                           const piq_why_not_ask *ask,
                                           piq_json_writer *w, piq_err *err);

#endif
