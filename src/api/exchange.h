/* exchange.h - one request on its way through the handlers. Private to api/. */
#ifndef PIQ_API_EXCHANGE_H
#define PIQ_API_EXCHANGE_H

#include "api/api.h"
#include "api/idempotency.h"
#include "api/stream.h"
#include "api/trace.h"
#include "api/xapi_desk.h"
#include "base/json_writer.h"

#include <jansson.h>

typedef struct piq_exchange piq_exchange;
typedef struct piq_route piq_route; /* routes.h */

/* Why a request was refused before anything was done. */
typedef enum piq_refusal {
    PIQ_REFUSED_CREDENTIAL, /* 401 */
    PIQ_REFUSED_SCOPE,      /* 403 */
    PIQ_REFUSED_LEARNER,    /* 404: not the caller's to see */
    PIQ_REFUSED_ORIGIN,     /* 403: another site made the browser ask */
    PIQ_REFUSED_RATE,       /* 429 */
    PIQ_N_REFUSALS
} piq_refusal;

enum { PIQ_API_MAX_ROUTES = 80 };

struct piq_api {
    piq_engine *engine;
    piq_metrics *metrics;
    piq_access *access;
    piq_audit *audit;
    piq_audit_reads audit_reads;
    unsigned person_rate;
    bool open;
    void (*defer)(void *ctx, piq_api_call *c); /* NULL: nothing is */
    void *defer_ctx;
    piq_metric *refused[PIQ_N_REFUSALS];
    piq_metric *unrecorded; /* requests that the audit could not take */
    _Atomic int64_t unrecorded_told_us; /* when the log last said so */
    _Atomic uint64_t next_event_id;
    piq_bytes *out_of_memory; /* a problem, made while there was memory */
    piq_metric *cached_learners, *queued, *commits, *commit_failures;
    piq_metric *cache_hits, *cache_misses, *storage_ok;
    piq_metric *route_seconds[PIQ_API_MAX_ROUTES];
    piq_xapi_desk xapi;
    piq_answers *answers;   /* of requests with an Idempotency-Key */
    piq_webhooks *webhooks; /* NULL: none are told from here */
    bool webhook_private;
    const piq_pages *pages;   /* NULL: there is no dashboard */
    piq_streams *streams;     /* of changes, to who listens */
    uint64_t span_seed;       /* random: spans of two engines differ */
    _Atomic uint64_t n_spans; /* so far */
};

struct piq_exchange {
    piq_api *api;
    const piq_api_request *in;
    piq_api_request kept; /* for calls that are answered later */
    piq_api_request held; /* of a call that another thread handles */
    piq_api_done *done;
    void *ctx;
    piq_arena arena;
    piq_err err;
    const piq_route *route;    /* NULL: the path is none of ours */
    piq_caller caller;         /* who calls */
    piq_trace trace;           /* which call of somebody else's it is part of */
    piq_keyed *keyed;          /* NULL: it has no Idempotency-Key */
    bool allowed;              /* every check was passed */
    bool told;                 /* the log knows why it fails */
    piq_user_id user;          /* from the path, of the caller's tenant */
    int64_t recommendation_id; /* from the path */
    piq_str name;              /* from a path that is no learner's, as it is
                                  there; ends with the request */
    int64_t now_us;
    int64_t begun_ns;              /* monotonic */
    json_t *json;                  /* the body, when it was parsed */
    piq_op *op;                    /* under way */
    void (*next)(piq_exchange *c); /* after the operation */
    /* When the operation was refused: may mend err before it is answered. */
    void (*failed)(piq_exchange *c);
    void *state;                           /* a handler's own, in the arena */
    piq_api_line lines[PIQ_API_MAX_LINES]; /* of the reply */
    size_t n_lines;
    unsigned retry_after_s; /* of a problem; 0: as its status has it */
};

typedef void piq_handler(piq_exchange *c);

/* users.c */
piq_handler piq_get_profile, piq_put_profile, piq_analyze_profile;
piq_handler piq_post_goals, piq_get_analytics, piq_get_predictions;
/* reviews.c */
piq_handler piq_get_reviews;
/* foresight.c */
piq_handler piq_get_answer_prediction;
/* stream.c */
piq_handler piq_get_stream;
/* The profile as it is now, as JSON; *version of its state. PIQ_ENOTFOUND .. */
PIQ_MUST_USE piq_status piq_api_write_profile(piq_api *api, piq_arena *a,
                                              piq_user_id user, int64_t now_us,
                                              piq_buf *b, int64_t *version,
                                              piq_err *err);
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
/* evidence.c, lists.c */
piq_handler piq_get_events, piq_get_users, piq_get_history;
piq_handler piq_get_rule_versions;
/* coach.c */
piq_handler piq_get_coached;
/* webhooks.c */
piq_handler piq_get_webhooks, piq_post_webhook;
piq_handler piq_drop_webhook, piq_revive_webhook;
/* privacy.c */
piq_handler piq_get_export, piq_erase_learner, piq_get_audit;
piq_handler piq_get_profiling, piq_put_profiling;
/* session.c */
piq_handler piq_get_front, piq_begin_session, piq_end_session;
piq_handler piq_get_caller;
/* xapi.c, xapi_read.c */
piq_handler piq_post_statements, piq_put_statement, piq_get_statements;
piq_handler piq_get_about;

/* ---- the dashboard: pages.c --------------------------------------------- */

/* Answers with the page. False: there is none here, nothing was answered. */
bool piq_answer_index(piq_exchange *c);
/* The same for a path that the contract does not know: a file of the dashboard,
 * or an address that it draws itself. */
bool piq_answer_page(piq_exchange *c);

/* ---- who calls: auth.c ------------------------------------------------- */

/* Finds out who calls, and counts the call against their rate. False: it was
 * answered (401, 429, 503). */
bool piq_exchange_known(piq_exchange *c);
/* Whether they may do this, to the learner of the path. False: it was answered
 * (403, 404, 503). */
bool piq_exchange_allowed(piq_exchange *c);
/* The id in the engine of a learner whom the request names; PIQ_EINVAL. */
PIQ_MUST_USE piq_status piq_exchange_learner_of(const piq_exchange *c,
                                                int64_t outer, piq_user_id *out,
                                                piq_err *err);
/* Records who did this, and to whom (0: to no learner): whatever is about a
 * learner, and every change. Who was refused has touched nobody. */
void piq_exchange_record(piq_exchange *c, piq_user_id user, int status);

/* Whether the call can still be handed to a thread that may wait for storage,
 * and handing it over: its handler returns, and is called again there. */
bool piq_api_may_defer(const piq_exchange *c);
void piq_api_defer(piq_exchange *c);

/* ---- answering: each ends the call ------------------------------------ */

/* Adds a header to the reply that is made later; before any of the below. */
void piq_exchange_line(piq_exchange *c, const char *name, const char *fmt, ...)
    PIQ_PRINTF(3, 4);
/* A header of the request; empty: there is none. */
piq_str piq_exchange_header(const piq_exchange *c, const char *name);

/* Takes what `b` holds. version < 0: no ETag. */
void piq_exchange_json(piq_exchange *c, int status, piq_buf *b,
                       int64_t version);
/* Takes one reference. */
void piq_exchange_bytes(piq_exchange *c, int status, const char *type,
                        piq_bytes *bytes, int64_t version);
/* What is left to do once the answer is kept for its Idempotency-Key. */
void piq_exchange_deliver(piq_exchange *c, piq_api_reply *reply);
/* The header that says which span this was, and a line of the log. */
void piq_exchange_answer_trace(piq_exchange *c, int status);
/* The transport has answered, with a stream: ends the call. */
void piq_exchange_streaming(piq_exchange *c, int status);
/* The request outlives its handler: what is still asked of it is copied. False:
 * no memory. */
bool piq_exchange_keep(piq_exchange *c);
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
