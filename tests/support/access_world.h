/* access_world.h - a keeper with one key on a store of records, and callers of
 * every role, for tests of access. */
#ifndef PIQ_TESTS_ACCESS_WORLD_H
#define PIQ_TESTS_ACCESS_WORLD_H

#include "access/access.h"

#define ACCESS_NOW_US    (INT64_C(1800000000) * 1000000)
#define ACCESS_SECOND_US INT64_C(1000000)

typedef struct access_world {
    piq_store *store;
    piq_access *k;
    char secret[PIQ_KEY_BYTES]; /* of a key of tenant 0, "events:write" */
    piq_key_info info;
} access_world;

/* Ends the test with the message. */
void access_must(piq_status status, const piq_err *err);
piq_access *access_open_on(piq_store *s, const piq_access_config *config);
piq_key_info access_key_like(const char *name, uint32_t tenant,
                             uint32_t scopes);
void access_world_begin(access_world *w);
void access_world_end(access_world *w);
/* The same as *state of a test. */
int access_world_set_up(void **state);
int access_world_tear_down(void **state);
/* Each ends the test when it fails. */
void access_world_key(access_world *w, piq_key_info *info,
                      char secret[PIQ_KEY_BYTES]);
void access_world_assign(access_world *w, uint32_t tenant, const char *coach,
                         const piq_user_id *learners, size_t n);
piq_status access_ask(piq_access *k, const char *header, int64_t now_us,
                      piq_caller *out, piq_err *err);
piq_status access_bearer(piq_access *k, const char *secret, int64_t now_us,
                         piq_caller *out);
piq_caller access_platform(uint32_t tenant, uint32_t scopes);
piq_user_id access_learner(uint32_t tenant, int64_t outer);
piq_caller access_learner_caller(uint32_t tenant, int64_t outer);
piq_caller access_coach_caller(uint32_t tenant, const char *name);
piq_status access_may(piq_access *k, const piq_caller *c, uint32_t scope,
                      piq_user_id user);
piq_status access_cookie(piq_access *k, const char *header, int64_t now_us,
                         piq_caller *out);

#endif
