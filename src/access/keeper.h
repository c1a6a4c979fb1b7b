/* keeper.h - what the files of the keeper share. Private to access/.
 *
 *     records in the store --(view.c)--> piq_access_view, never changed
 *     piq_access --> the view in force, swapped as a whole
 *
 * A view has every key, every signer and every link that is kept; a change by
 * any process writes the record "mark" anew, in the same commit, so that one
 * cheap read tells whether a view is still true. Coaches are many: their lists
 * are read when asked for (coaches.c), and named by the mark that they were
 * read under.
 *
 * Locks, in the order in which they may be held together: load_lock, view_lock.
 * The parts (tokens, limits, sessions, coaches) have locks of their own, under
 * which no other is taken.
 */
#ifndef PIQ_ACCESS_KEEPER_H
#define PIQ_ACCESS_KEEPER_H

#include "access/access.h"
#include "access/crypto.h"
#include "access/limits.h"
#include "access/sessions.h"
#include "access/token_cache.h"
#include "access/verifier.h"
#include "base/buf.h"
#include "domain/json_reader.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    PIQ_MAX_KEYS = 10000,
    PIQ_MAX_SIGNERS = 1000,
    PIQ_MAX_STORED_LINKS = 256, /* old ones too, until they are tidied */
    PIQ_KEY_ID_CHARS = 12,      /* 48 random bits */
    PIQ_KEY_SECRET_CHARS = 43   /* 256 random bits */
};

#define PIQ_RECORD_KEY    PIQ_STR("api_key")
#define PIQ_RECORD_SIGNER PIQ_STR("signer")
#define PIQ_RECORD_COACH  PIQ_STR("coach")
#define PIQ_RECORD_LINK   PIQ_STR("link")

typedef struct piq_key_entry {
    piq_key_info info;
    uint8_t hash[PIQ_SHA256_BYTES]; /* of the whole key */
    uint64_t source;
} piq_key_entry;

typedef struct piq_signer_entry {
    piq_signer_info info;
    piq_verifier *verifier;
    uint64_t source; /* of kid, algorithm, tenant and key: another key under
                        the same kid is another source */
} piq_signer_entry;

/* A link that is kept in the store (links.c). */
typedef struct piq_link_entry {
    uint8_t hash[PIQ_SHA256_BYTES]; /* of its token */
    piq_caller as;
    int64_t until_us;
} piq_link_entry;

typedef struct piq_access_view {
    atomic_uint references;
    uint64_t mark;
    piq_arena memory;
    piq_key_entry *keys; /* by id */
    size_t n_keys;
    piq_signer_entry *signers; /* by kid */
    size_t n_signers;
    piq_link_entry *links; /* by hash */
    size_t n_links;
    uint64_t *sources; /* of keys and signers, ascending */
    size_t n_sources;
} piq_access_view;

typedef struct piq_coaches piq_coaches;

struct piq_access {
    piq_store *store;
    piq_access_config config; /* defaults filled in */
    char audience[256];
    pthread_mutex_t load_lock; /* reading records into a view */
    pthread_mutex_t view_lock; /* the two below */
    piq_access_view *view;
    int64_t read_us; /* INT64_MIN: at the next use */
    piq_token_cache *tokens;
    piq_limits *limits;
    piq_sessions *sessions;
    piq_coaches *coaches;
};

/* ---- view.c ---------------------------------------------------------------
 */

/* What is in the store now. One reference, the caller's. A record that cannot
 * be understood is left out and logged: nobody gets in by it. */
PIQ_MUST_USE piq_status piq_access_view_load(piq_store *store, uint64_t mark,
                                             piq_access_view **out,
                                             piq_err *err);
piq_access_view *piq_access_view_retain(piq_access_view *v);
void piq_access_view_release(piq_access_view *v);
const piq_key_entry *piq_access_view_key(const piq_access_view *v, piq_str id);
const piq_signer_entry *piq_access_view_signer(const piq_access_view *v,
                                               piq_str kid);
const piq_link_entry *piq_access_view_link(
    const piq_access_view *v, const uint8_t hash[PIQ_SHA256_BYTES]);
bool piq_access_view_has(const piq_access_view *v, uint64_t source);

/* ---- marks.c --------------------------------------------------------------
 */

PIQ_MUST_USE piq_status piq_access_mark(piq_store *store, uint64_t *mark,
                                        piq_err *err);
/* Stores a record and a new mark, then reads the view again, at once. An error
 * of the second only where something was dropped, which may be good here until
 * the next use. */
PIQ_MUST_USE piq_status piq_access_put(piq_access *k, const piq_record *r,
                                       piq_err *err);
/* The same of a record whose document was written to *b, which is released in
 * any case; r->document is not looked at. Where *b has failed, the message says
 * that there is no memory `to` do something. Documents with secrets: whoever
 * writes them wipes them, and stores by the above. */
PIQ_MUST_USE piq_status piq_access_put_written(piq_access *k,
                                               const piq_record *r, piq_buf *b,
                                               const char *to, piq_err *err);
/* The view in force; the caller releases it. */
piq_access_view *piq_access_held(piq_access *k);
/* The same, read again before if that is due. */
piq_access_view *piq_access_now(piq_access *k, int64_t now_us);
/* The same, and whoever is reading it now is waited for: before somebody is
 * told that what they name is not there. Where reading is somebody else's, the
 * one at hand. */
piq_access_view *piq_access_settled(piq_access *k, int64_t now_us);

/* ---- links.c --------------------------------------------------------------
 */

/* Of a record whose document is `json`: a piq_link_entry. */
PIQ_MUST_USE piq_status piq_access_read_link(const piq_record *r,
                                             const json_t *json, void *entry,
                                             piq_err *err);

/* ---- coaches.c ------------------------------------------------------------
 */

PIQ_MUST_USE piq_status piq_coaches_new(piq_coaches **out, piq_err *err);
void piq_coaches_free(piq_coaches *c);
/* Whether the coach has the learner, as the store is at `mark`. */
PIQ_MUST_USE piq_status piq_coaches_has(piq_coaches *c, piq_store *store,
                                        uint64_t mark, const piq_caller *coach,
                                        piq_user_id user, bool *has,
                                        piq_err *err);

/* ---- tokens.c -------------------------------------------------------------
 */

PIQ_MUST_USE piq_status piq_access_token(piq_access *k,
                                         const piq_access_view *v, piq_str text,
                                         int64_t now_us, piq_caller *out,
                                         piq_err *err);

/* Letters, digits, ".", "_", "-", "@": names of coaches and keys of signers. */
bool piq_access_is_name(piq_str s, size_t max);

#endif
