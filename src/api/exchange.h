/* exchange.h - one request on its way through the handlers. Private to api/. */
#ifndef PIQ_API_EXCHANGE_H
#define PIQ_API_EXCHANGE_H

#include "api/api.h"
#include "base/json_writer.h"

#include <jansson.h>

typedef struct piq_exchange piq_exchange;

struct piq_api {
    piq_engine *engine;
    piq_metrics *metrics;
    _Atomic uint64_t next_event_id;
    piq_bytes *out_of_memory; /* a problem, made while there was memory */
    piq_metric *cached_learners, *queued, *commits, *commit_failures;
    piq_metric *cache_hits, *cache_misses, *storage_ok;
};

struct piq_exchange {
    piq_api *api;
    const piq_api_request *in;
    piq_api_request kept; /* for calls that are answered later */
    piq_api_done *done;
    void *ctx;
    piq_arena arena;
    piq_err err;
    piq_user_id user;          /* from the path */
    int64_t recommendation_id; /* from the path */
    piq_str name;              /* from a path that is no learner's, as it is
                                  there; ends with the request */
    int64_t now_us;
    json_t *json;                  /* the body, when it was parsed */
    piq_op *op;                    /* under way */
    void (*next)(piq_exchange *c); /* after the operation */
    /* When the operation was refused: may mend err before it is answered. */
    void (*failed)(piq_exchange *c);
    void *state; /* a handler's own, in the arena */
};

typedef void piq_handler(piq_exchange *c);

/* users.c */
piq_handler piq_get_profile, piq_put_profile, piq_analyze_profile;
piq_handler piq_post_goals, piq_get_analytics, piq_get_predictions;
/* reviews.c */
piq_handler piq_get_reviews;
/* foresight.c */
piq_handler piq_get_answer_prediction;
/* recommend.c */
piq_handler piq_get_recommendations, piq_post_feedback, piq_get_explanation;
/* path.c */
piq_handler piq_get_path, piq_update_path, piq_control_path;
/* events.c */
piq_handler piq_post_events, piq_post_ndjson;
/* rules.c */
piq_handler piq_get_rules, piq_put_rules;
/* experiments.c */
piq_handler piq_get_experiments, piq_post_experiment;
piq_handler piq_get_experiment, piq_stop_experiment;
/* why_not.c */
piq_handler piq_get_why_not;
/* system.c */
piq_handler piq_get_catalogue, piq_get_health, piq_get_ready;
piq_handler piq_get_metrics, piq_get_contract;

/* ---- answering: each ends the call ------------------------------------ */

/* Takes what `b` holds. version < 0: no ETag. */
void piq_exchange_json(piq_exchange *c, int status, piq_buf *b,
                       int64_t version);
/* Takes one reference. */
void piq_exchange_bytes(piq_exchange *c, int status, const char *type,
                        piq_bytes *bytes, int64_t version);
/* problem+json from c->err; the HTTP status follows from err.status. */
void piq_exchange_fail(piq_exchange *c);
/* The same with a status of its own. */
void piq_exchange_problem(piq_exchange *c, int status);
/* `detail` of an error, and `pointer` when it has one. */
void piq_api_put_err(piq_json_writer *w, const piq_err *err);
/* If-None-Match held: 304 without a body. */
bool piq_exchange_not_modified(piq_exchange *c, int64_t version);

/* ---- reading ---------------------------------------------------------- */

/* Each returns false after it has answered with what was wrong. */

/* The body as JSON of media type application/json, into c->json. */
bool piq_exchange_body(piq_exchange *c);
/* Nothing, or an empty object: for what takes no input. */
bool piq_exchange_no_body(piq_exchange *c);
bool piq_exchange_media_type(piq_exchange *c, const char *wanted);
/* Decoded query parameters; refuses any name that is not in `known`. */
bool piq_exchange_known_query(piq_exchange *c, const char *const *known);
/* *found tells whether it was given. */
bool piq_exchange_query(piq_exchange *c, const char *name, piq_str *value,
                        bool *found);
bool piq_exchange_query_int(piq_exchange *c, const char *name, int64_t low,
                            int64_t high, int64_t *value);
/* A number with a fraction, as in JSON. */
bool piq_exchange_query_number(piq_exchange *c, const char *name, double low,
                               double high, double *value);
bool piq_exchange_query_time(piq_exchange *c, const char *name, int64_t *value);
bool piq_exchange_query_type(piq_exchange *c, int *type);
/* If-Match as a state version: -1 none given, -2 "*". */
bool piq_exchange_if_match(piq_exchange *c, int64_t *version);
/* The catalogue in force; 503 when there is none. */
bool piq_exchange_catalogue(piq_exchange *c, const piq_catalogue **out);
bool piq_exchange_learner(piq_exchange *c, piq_learner_ref *out);

/* Some events are the engine's own to write: PIQ_EINVAL, the pointer is of the
 * type. `where` prefixes it. */
PIQ_MUST_USE piq_status piq_api_check_event(const piq_event *event,
                                            const char *where, piq_err *err);

/* A goal stated now: as piq_goal_read, and its date may not lie in the past
 * (a day's grace, for whoever lives behind UTC). */
PIQ_MUST_USE piq_status piq_api_read_goal(const json_t *json, const char *where,
                                          const piq_catalogue *cat,
                                          int64_t now_us, piq_goal *out,
                                          piq_err *err);

/* ---- changing --------------------------------------------------------- */

/* Hands c->op to the engine; `next` runs when it is done and found
 * c->op->status PIQ_OK, else the failure is answered. */
void piq_exchange_run(piq_exchange *c, piq_op *op,
                      void (*next)(piq_exchange *c));
/* A new operation of this call's learner, now; NULL after answering. */
piq_op *piq_exchange_op(piq_exchange *c, piq_op_kind kind);
/* Room for `n` events in the operation, each with an id of our own and now's
 * instant; false after answering. */
bool piq_exchange_own_events(piq_exchange *c, piq_op *op, size_t n);

#endif
