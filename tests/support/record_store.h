/* record_store.h - a store that keeps records only, in memory, for tests of
 * what lives on records. Several keepers may share one. Thread safe. */
#ifndef PIQ_TESTS_RECORD_STORE_H
#define PIQ_TESTS_RECORD_STORE_H

#include "store/store.h"

/* Free it with ->ops->close. Its state() finds learners that were told. */
piq_store *record_store_new(void);
/* A learner of whom there is state, from now on or no more. */
void record_store_learner(piq_store *s, piq_user_id user, bool there);
/* Every read and write fails with PIQ_EIO while it is on. */
void record_store_break(piq_store *s, bool broken);
/* The k-th next call fails (k >= 1), once. */
void record_store_fail_after(piq_store *s, long k);
/* A write that is done, and yet reported as PIQ_EIO: once. */
void record_store_lose_answer(piq_store *s);
/* Calls of any kind so far. */
unsigned long record_store_calls(piq_store *s);

/* Behind everybody's back; the document is replaced as it is. */
void record_store_tamper(piq_store *s, const char *kind, const char *key,
                         const char *document);
void record_store_drop(piq_store *s, const char *kind, const char *key);
/* Every record of a kind, by (at_us, user, key); in `a`. */
size_t record_store_list(piq_store *s, piq_arena *a, const char *kind,
                         piq_record **out);

#endif
