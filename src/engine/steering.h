/* steering.h - what steers recommendations beside what is known of a learner:
 * the rules in force, and the experiments that run. Private to the engine.
 *
 * A snapshot, counted and immutable, taken anew within a second of a change
 * (and at once where the change was made). A batch holds one, so that all it
 * does is under the same rules. Its number is greater than that of any before
 * in this process: a slate that was served is served again under the same
 * number only.
 *
 * A slate asks (piq_steer), makes itself, and logs (piq_steer_write into its
 * request, piq_steer_expose for its commit).
 */
#ifndef PIQ_ENGINE_STEERING_H
#define PIQ_ENGINE_STEERING_H

#include "domain/experiment.h"
#include "engine/engine.h"
#include "recommend/business.h"

enum {
    /* Running at once; a learner is in one arm of each at most. */
    PIQ_MAX_RUNNING = 8,
    /* What rules remember of a learner, newest first. */
    PIQ_MAX_SHOWN = 4096
};

typedef struct piq_steering piq_steering;

/* In force now, one reference; NULL: nothing was read yet. */
piq_steering *piq_engine_steering(piq_engine *e);
void piq_steering_release(piq_steering *s); /* NULL is allowed */
/* 0 for NULL. */
uint64_t piq_steering_number_of(const piq_steering *s);
/* That of what is in force. */
uint64_t piq_steering_number(piq_engine *e);
/* What it was read at, equal in all processes: the version of the newest rules,
 * and starts and stops of experiments so far. 0, 0 for NULL. */
void piq_steering_marks(const piq_steering *s, uint32_t *rules,
                        uint64_t *experiments);
/* Takes over what is stored, if that has changed or a newer catalogue is in
 * force. Rules that cannot be read are refused aloud, and those before stay. */
PIQ_MUST_USE piq_status piq_engine_adopt_steering(piq_engine *e, piq_err *err);

/* NULL: no rules. Live as long as the steering. */
const piq_rule_set *piq_steering_rules(const piq_steering *s);
const piq_experiment_design *piq_steering_running(const piq_steering *s,
                                                  size_t *n);

/* ---- one slate --------------------------------------------------------- */

typedef struct piq_steer_arm {
    const piq_experiment_design *experiment; /* as long as the steering */
    uint8_t arm;
} piq_steer_arm;

typedef struct piq_steer {
    const piq_business_view *business; /* NULL: no rules */
    uint32_t rules;                    /* their version; 0: none */
    piq_policy_overrides overrides;    /* of all arms together: where several
                                          name one thing, the oldest's */
    piq_steer_arm arms[PIQ_MAX_RUNNING];
    size_t n_arms;
} piq_steer;

struct piq_batch;

/* What steers a slate of this learner. `before`: recommendations with this id
 * or a greater one do not count as shown (a slate that is made again); 0: all
 * do. `pending`: shown in this batch, not stored yet; may be NULL. The result
 * lives in `a`, and borrows from steering, catalogue and history. */
typedef struct piq_steer_question {
    piq_user_id user;
    int64_t now_us;
    const piq_catalogue *catalogue;
    const piq_content_history *history; /* [n_contents] */
    int64_t before;
    const piq_recommendation_row *pending;
    size_t n_pending;
} piq_steer_question;
PIQ_MUST_USE piq_status piq_steer_ask(piq_engine *e, const piq_steering *s,
                                      piq_arena *a, const piq_steer_question *q,
                                      piq_steer *out, piq_err *err);
/* The same under stored rules of `version` (0: none), and under no
 * experiment. PIQ_ENOTFOUND. */
PIQ_MUST_USE piq_status piq_steer_again(piq_engine *e, piq_arena *a,
                                        uint32_t version,
                                        const piq_steer_question *q,
                                        piq_steer *out, piq_err *err);

/* Members "rules" and "arms" of the request in the slate's log, inside an open
 * object: {"rules":3,"arms":[{"experiment":"bolder","id":1,"arm":"b"}]}. What
 * there is none of is left out. */
void piq_steer_write(const piq_steer *s, piq_json_writer *w);

/* Exposure rows of a slate: recommendations[first .. first+n) of the batch's
 * commit, to this learner as they stand now. */
PIQ_MUST_USE piq_status piq_steer_expose(struct piq_batch *b,
                                         const piq_steer *s,
                                         const piq_learner *l, int64_t now_us,
                                         size_t first, size_t n);

/* A stored row as the design that it holds. PIQ_ECORRUPT. */
PIQ_MUST_USE piq_status piq_experiment_row_read(piq_arena *a,
                                                const piq_experiment_row *row,
                                                piq_experiment_design *out,
                                                piq_err *err);

/* experiments.c: stops those that asked for it and have a verdict. Looks once
 * in PIQ_WATCH_S seconds. */
enum { PIQ_WATCH_S = 60 };
PIQ_MUST_USE piq_status piq_engine_watch_experiments(piq_engine *e,
                                                     int64_t now_us,
                                                     piq_err *err);

#endif
