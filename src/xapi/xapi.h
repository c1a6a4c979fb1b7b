/* xapi.h - xAPI statements (IEEE 9274.1.1-2023): checked, compared, filtered,
 * and what they mean to the engine.
 *
 * Pure: statements in as JSON, no I/O, no clock. docs/xapi.md has the words for
 * people: what is accepted, what becomes of it, what is left out. Any thread;
 * a JSON tree belongs to one thread at a time.
 */
#ifndef PIQ_XAPI_XAPI_H
#define PIQ_XAPI_XAPI_H

#include "base/arena.h"
#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "domain/event.h"

#include <jansson.h>

enum {
    PIQ_XAPI_ID_BYTES = 37, /* a UUID with its NUL */
    PIQ_XAPI_MAX_BATCH = 500
};

/* What a reply says it is: the newest of each line that is spoken. */
#define PIQ_XAPI_1 "1.0.3"
#define PIQ_XAPI_2 "2.0.0"

/* PIQ_XAPI_1 or PIQ_XAPI_2 for what X-Experience-API-Version asks ("1.0",
 * "1.0.x", "2.0.x"); NULL: not spoken here. */
const char *piq_xapi_version_for(piq_str asked);

/* ---- one statement ------------------------------------------------------ */

/* Every MUST of the data model. `where` is the statement's own JSON pointer.
 * PIQ_EINVAL with the pointer of what is wrong. */
PIQ_MUST_USE piq_status piq_xapi_check(const json_t *statement,
                                       const char *where, piq_err *err);

/* Checks the agent of a query: an Agent, or a Group with an identifier. */
PIQ_MUST_USE piq_status piq_xapi_check_asked(const json_t *agent, piq_err *err);

/* Of a checked statement. Its id in lower case; false: it has none. */
bool piq_xapi_id(const json_t *statement, char out[PIQ_XAPI_ID_BYTES]);
/* The same of any UUID; false: it is none. */
bool piq_xapi_uuid(piq_str s, char out[PIQ_XAPI_ID_BYTES]);
bool piq_xapi_iri(piq_str s); /* an absolute one */
/* The statement that its object refers to; false: it refers to none. */
bool piq_xapi_refers(const json_t *statement, char out[PIQ_XAPI_ID_BYTES]);
/* It voids what it refers to. */
bool piq_xapi_is_voiding(const json_t *statement);

/* The learner: the actor is an Agent whose account's name is a positive decimal
 * number in its one spelling. False: nobody of ours. */
bool piq_xapi_learner(const json_t *statement, int64_t *outer);

/* What whoever stores a statement sets in it. */
typedef struct piq_xapi_stamp {
    const char *id;        /* given when the statement has none */
    int64_t stored_us;     /* and its timestamp when it has none */
    const char *authority; /* name of the credential */
    const char *version;   /* given when the statement has none */
} piq_xapi_stamp;

/* Sets id, stored, timestamp, authority and version. PIQ_ENOMEM: the statement
 * is half-stamped and of no use. */
PIQ_MUST_USE piq_status piq_xapi_put_stamp(json_t *statement,
                                           const piq_xapi_stamp *stamp);

/* Whether two checked statements of one id say the same; what the standard
 * tells not to compare is left out (docs/xapi.md). PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_xapi_same(const json_t *stored, const json_t *given,
                                      bool *same);

/* ---- meaning ------------------------------------------------------------ */

/* The event of a stamped statement, of learner out->user, which the caller has
 * set. *mapped false: it means nothing to the engine, *out is as it was. What
 * voids a statement voids its event; whether that has one, the caller knows.
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_xapi_event(piq_arena *a, const json_t *statement,
                                       const piq_catalogue *c,
                                       int64_t stored_us, piq_event *out,
                                       bool *mapped);

/* The event's id of the statement of that id: "xapi:" and it. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_xapi_event_id(piq_arena *a, const char *id,
                                          piq_str *out);

/* ---- asking ------------------------------------------------------------- */

/* Members that are NULL or empty ask for nothing. */
typedef struct piq_xapi_filter {
    const json_t *agent;
    piq_str verb, activity, registration;
    bool related_agents, related_activities;
} piq_xapi_filter;

bool piq_xapi_matches(const piq_xapi_filter *f, const json_t *statement);

/* As it is. */
void piq_xapi_write(piq_json_writer *w, const json_t *v);
/* Only what identifies agents, verbs and activities. */
void piq_xapi_write_ids(piq_json_writer *w, const json_t *statement);

#endif
