/* xapi_desk.h - statements as they are filed in the store. Private to api/.
 *
 * Each statement is two records:
 *
 *     learner          "xapi"     its id   at: stored     the statement
 *     nobody of tenant "xapi_id"  its id   at: -stored    {}
 *
 * The first belongs to the learner, and goes with them; the second tells when a
 * statement of that id was stored, and so finds the first, and lists the
 * tenant's statements, newest first. It names no learner. (Nobody of a tenant
 * is learner 0 of it.)
 *
 * Threads: any.
 */
#ifndef PIQ_API_XAPI_DESK_H
#define PIQ_API_XAPI_DESK_H

#include "base/arena.h"
#include "store/store.h"
#include "xapi/xapi.h"

#include <pthread.h>

/* A statement on its way into the store. */
typedef struct piq_xapi_ticket {
    int64_t stored_us; /* of its first statement */
    struct piq_xapi_ticket *next, *prev;
    bool waiting;
} piq_xapi_ticket;

/* Hands out instants of storing, each once and ascending, and knows which are
 * still under way. */
typedef struct piq_xapi_desk {
    pthread_mutex_t lock;
    int64_t last_us;
    piq_xapi_ticket *first, *last; /* in order of stored_us */
} piq_xapi_desk;

void piq_xapi_desk_init(piq_xapi_desk *d);
void piq_xapi_desk_release(piq_xapi_desk *d);
/* `n` instants from t->stored_us on, now or later. */
void piq_xapi_desk_enter(piq_xapi_desk *d, piq_xapi_ticket *t, size_t n,
                         int64_t now_us);
/* Stored or refused; again does nothing. */
void piq_xapi_desk_leave(piq_xapi_desk *d, piq_xapi_ticket *t);
/* Everything that this process has stored up to here can be read. */
int64_t piq_xapi_desk_through(piq_xapi_desk *d, int64_t now_us);

/* A statement as it was found. */
typedef struct piq_xapi_filed {
    json_t *statement; /* owned */
    bool voided;
    piq_user_id user;
    int64_t stored_us;
    int64_t version; /* of its record */
    /* Of the record that finds it; set also when the statement itself is gone
     * with its learner. 0: no statement ever had this id. */
    int64_t index_version;
} piq_xapi_filed;

/* PIQ_ENOTFOUND: there is none, or it is gone; out->index_version is set. `a`
 * for what is needed on the way. */
PIQ_MUST_USE piq_status piq_xapi_find(piq_store *s, piq_arena *a,
                                      uint32_t tenant, const char *id,
                                      int64_t now_us, piq_xapi_filed *out,
                                      piq_err *err);
/* What a record of kind "xapi" holds; PIQ_ECORRUPT. */
PIQ_MUST_USE piq_status piq_xapi_open(const piq_record *r, piq_xapi_filed *out,
                                      piq_err *err);
void piq_xapi_filed_release(piq_xapi_filed *f);

/* Makes the record of a statement: its document lives in `a`. `voided_by` NULL:
 * it is not. PIQ_ENOMEM; PIQ_ELIMIT: too large. */
PIQ_MUST_USE piq_status piq_xapi_record(piq_arena *a, const json_t *statement,
                                        const char *voided_by, piq_user_id user,
                                        int64_t stored_us, int64_t from_version,
                                        piq_record *out, piq_err *err);
/* Makes the record that finds it. */
PIQ_MUST_USE piq_status piq_xapi_index(piq_arena *a, uint32_t tenant,
                                       const char *id, int64_t stored_us,
                                       int64_t from_version, piq_record *out,
                                       piq_err *err);
piq_user_id piq_xapi_nobody(uint32_t tenant);

#define PIQ_XAPI_KIND       PIQ_STR("xapi")
#define PIQ_XAPI_INDEX_KIND PIQ_STR("xapi_id")

#endif
