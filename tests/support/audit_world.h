/* audit_world.h - an audit over a store in memory, for tests. What fails,
 * fails the test. */
#ifndef PIQ_TESTS_AUDIT_WORLD_H
#define PIQ_TESTS_AUDIT_WORLD_H

#include "access/audit.h"
#include "base/buf.h"
#include "support/record_store.h"

static const int64_t AUDIT_NOW = INT64_C(1800000000) * 1000000;

void audit_must(piq_status status, const piq_err *err);
piq_audit *audit_open(piq_store *s);
/* The i-th: at AUDIT_NOW + i microseconds. user 0: about nobody. */
piq_audit_entry audit_entry(int i, int64_t user);
void audit_add(piq_audit *k, int i, int64_t user);
void audit_flush(piq_audit *k);
/* The chains hold, and are so many with so many entries. */
void audit_verify(piq_store *s, uint64_t entries, uint64_t chains);

typedef struct audit_listed {
    piq_buf text; /* one object a line; the caller's to release */
    size_t n;
} audit_listed;

audit_listed audit_list(piq_store *s, int64_t user, int64_t since_us,
                        size_t limit);
size_t audit_count(piq_store *s, int64_t user);

#endif
