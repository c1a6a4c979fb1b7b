/* idempotency.h - Idempotency-Key: a request that is sent again is done once.
 * Private to api/.
 *
 * A client that did not hear the answer repeats the request with the same key
 * and gets the first answer. A key counts for who calls, the method, the route
 * and the learner, 24 hours long. (The header is that of the IETF draft
 * draft-ietf-httpapi-idempotency-key-header-07.)
 *
 *     begin --> the handler --> settle --> stored --> the answer goes out
 *       |
 *       +-- known: the first answer again; 422, 409 or 503
 *
 * Kept, as a record of the learner, is what a request that was done was
 * answered: 2xx, 409 and 412, with bodies up to 64 KiB. Other refusals changed
 * nothing and are judged anew, so that they fill no store. The answer is stored
 * before it is given, with those of others in one write.
 *
 * Between the effect and the stored answer a crash may lie. Events that are
 * named here take their ids from the key: whoever repeats finds them there and
 * is answered alike. Events with ids of their own are duplicates then. What is
 * neither (an experiment, a webhook) is claimed in the store before it is done:
 * for a minute the repetition is a 409.
 *
 * Threads: begin and settle from any; the desk has one of its own from the
 * first key on.
 */
#ifndef PIQ_API_IDEMPOTENCY_H
#define PIQ_API_IDEMPOTENCY_H

#include "api/api.h"

typedef struct piq_exchange piq_exchange;

/* Where answers wait to be stored. */
typedef struct piq_answers piq_answers;

/* NULL: no memory. The store outlives it. */
piq_answers *piq_answers_new(piq_store *store);
void piq_answers_free(piq_answers *a); /* NULL is allowed */

/* What an exchange knows of its key. */
typedef struct piq_keyed {
    char key[65];     /* of the record: hexadecimal */
    char request[65]; /* digest of what is asked */
    uint64_t mark;    /* among those under way */
    unsigned n_named; /* events that took their ids from it */
    bool claimed;
    bool again; /* a crash came between: its events are there already */
} piq_keyed;

/* Looks whether the request has a key, and was answered. False: it is answered
 * now. True, and c->keyed is set where it has one. */
bool piq_keyed_begin(piq_exchange *c);

/* Of an exchange with a key, its answer. True: it was taken, will be stored,
 * and then given by piq_exchange_deliver. */
bool piq_keyed_settle(piq_exchange *c, const piq_api_reply *reply);

/* The id and the instant of the next event that is named here: of the time when
 * it was first stored, if it was. PIQ_EIO .. */
PIQ_MUST_USE piq_status piq_keyed_name(piq_exchange *c,
                                       char id[PIQ_MAX_EVENT_ID_BYTES],
                                       int64_t *at_us, piq_err *err);

#endif
