/* export.h - everything that is kept of one learner, as one JSON object: for
 * the learner, who has a right to it.
 *
 * Declared in engine.h: piq_engine_export. Rows come as they are stored, by
 * store->dump, with readable names: an instant `at_us` is "at" in RFC 3339,
 * what holds JSON is JSON, the number of the learner is told once. What is
 * binary is told in words:
 *
 *   learner_state       "learner": counts; "profile": as GET .../profile; and
 *                       "skills", "memory", "habits": what is believed of each
 *                       concept, what is remembered of it, what was done with
 *                       each content
 *   recommendation_log  what a slate could have shown, and showed
 *   learner_snapshots   when, after how many events: each is a state as it was
 *                       and follows from the events before it
 *
 * Left out: trained models' inner state (numbers of a network, made anew from
 * the events), and documents of records that let somebody in (EXPORT_SECRETS
 * in export.c); that there is such a record is told.
 *
 * Each table is read at one instant, one after the other; what is posted
 * meanwhile may be in one and not in another.
 */
#ifndef PIQ_ENGINE_EXPORT_H
#define PIQ_ENGINE_EXPORT_H

#include "engine/engine.h"

/* export_state.c: the members "learner" to "habits", of a learner who is there.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_export_state(piq_engine *e,
                                         const piq_learner_ref *ref,
                                         int64_t now_us, piq_json_writer *w);

#endif
