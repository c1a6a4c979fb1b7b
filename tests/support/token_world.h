/* token_world.h - a keeper with the signers of golden/tokens.h, for tests of
 * tokens. */
#ifndef PIQ_TESTS_TOKEN_WORLD_H
#define PIQ_TESTS_TOKEN_WORLD_H

#include "access/access.h"

typedef struct token_world {
    piq_store *store;
    piq_access *k;
} token_world;

/* Tenant 0, but for signer "rs", of tenant 7. Fails the test on an error. */
void token_world_begin(token_world *w);
void token_world_end(token_world *w);
/* Adds a signer of tenant 0. */
piq_status token_world_signer(token_world *w, const char *kid,
                              const char *algorithm, piq_str key,
                              uint32_t tenant);
/* As a request with this token would be. */
piq_status token_world_ask(token_world *w, piq_str token, int64_t now_us,
                           piq_caller *out, piq_err *err);
/* The secret of signer "hs". */
piq_str token_world_secret(void);

/* "header.claims.mac" by that secret; `out` holds at least 8 KiB. */
void token_world_sign(const char *header, const char *claims, char *out);

#endif
