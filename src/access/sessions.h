/* sessions.h - one-time links and the sessions they begin. Private to access/.
 *
 * Both are 256 random bits whose SHA-256 is kept, in a table of fixed size, in
 * this process only. What has expired makes room; when all is in use a new one
 * is refused. Threads: any, one lock.
 */
#ifndef PIQ_ACCESS_SESSIONS_H
#define PIQ_ACCESS_SESSIONS_H

#include "access/access.h"

typedef struct piq_sessions piq_sessions;

/* The value given out: 43 letters of base64url and the NUL. */
enum { PIQ_TICKET_BYTES = 44, PIQ_MAX_LINKS = 1024, PIQ_MAX_SESSIONS = 16384 };

piq_sessions *piq_sessions_new(void); /* NULL: no memory */
void piq_sessions_free(piq_sessions *s);

typedef enum piq_ticket { PIQ_TICKET_LINK, PIQ_TICKET_SESSION } piq_ticket;

/* PIQ_EBUSY: all places are taken; PIQ_EIO: no randomness. */
PIQ_MUST_USE piq_status piq_sessions_add(piq_sessions *s, piq_ticket kind,
                                         const piq_caller *as, int64_t now_us,
                                         int64_t until_us,
                                         char value[PIQ_TICKET_BYTES],
                                         piq_err *err);
/* False: there is none, or it has expired. `take`: it is gone afterwards. */
bool piq_sessions_find(piq_sessions *s, piq_ticket kind, piq_str value,
                       int64_t now_us, bool take, piq_caller *as);

/* Of a session's value. 0 is none's, but for one in 2^64, which then counts as
 * no session. */
uint64_t piq_sessions_name(piq_str value);
/* Whether the session of that name goes on. */
bool piq_sessions_has(piq_sessions *s, uint64_t name, int64_t now_us);

#endif
