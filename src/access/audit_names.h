/* audit_names.h - what learners are called in the audit. Private to access/.
 *
 * A name is HMAC-SHA-256 of the number under the learner's own key, a record of
 * theirs that is made when they are first named, if there is state of them.
 * 65,536 names are remembered, each for ten minutes at most; whoever learns
 * that a learner was erased says so (forget).
 *
 * Threads: one at a time.
 */
#ifndef PIQ_ACCESS_AUDIT_NAMES_H
#define PIQ_ACCESS_AUDIT_NAMES_H

#include "access/audit_chain.h"

typedef struct piq_audit_names piq_audit_names;

piq_audit_names *piq_audit_names_new(void); /* NULL: no memory */
void piq_audit_names_free(piq_audit_names *n);
/* Of a learner without state: random, another each time. */
PIQ_MUST_USE piq_status piq_audit_names_get(piq_audit_names *n, piq_store *s,
                                            piq_user_id user, int64_t now_us,
                                            char name[PIQ_AUDIT_NAME_BYTES],
                                            piq_err *err);
/* Reads, or makes in few commits, the names of many before they are wanted one
 * by one; `users` ascending, 0 is passed over. */
PIQ_MUST_USE piq_status piq_audit_names_prepare(piq_audit_names *n,
                                                piq_store *s,
                                                const piq_user_id *users,
                                                size_t n_users, int64_t now_us,
                                                piq_err *err);
void piq_audit_names_forget(piq_audit_names *n, piq_user_id user);
void piq_audit_names_forget_all(piq_audit_names *n);

/* By the key that is stored; makes none. PIQ_ENOTFOUND: there is none. */
PIQ_MUST_USE piq_status piq_audit_names_stored(piq_store *s, piq_user_id user,
                                               char name[PIQ_AUDIT_NAME_BYTES],
                                               piq_err *err);

#endif
