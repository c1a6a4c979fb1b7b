/* cache.h - published learners, and the slates last served to them.
 *
 * Learners are immutable and counted: a reader holds one while it computes,
 * whatever is published meanwhile. 64 parts by hash of the id, a mutex each;
 * least recently used entries go first when there are too many, or when their
 * slates take more than 16 KiB for each learner that there may be. A learner
 * takes what the curriculum asks for, however many events they have.
 */
#ifndef PIQ_ENGINE_CACHE_H
#define PIQ_ENGINE_CACHE_H

#include "base/bytes.h"
#include "learner/learner.h"

typedef struct piq_cache piq_cache;
typedef struct piq_held piq_held; /* a counted learner */

/* PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_cache_new(size_t max_learners, piq_cache **out);
void piq_cache_free(piq_cache *c);

/* Takes `learner`; frees it on failure. One reference. */
piq_held *piq_held_take(piq_learner *learner);
void piq_held_release(piq_held *h);
const piq_learner *piq_held_learner(const piq_held *h);
/* The learner has paused profiling: nothing is folded in. Set before it is
 * offered or published. */
void piq_held_pause(piq_held *h, bool paused);
bool piq_held_is_paused(const piq_held *h);

/* One reference, or NULL. */
piq_held *piq_cache_get(piq_cache *c, piq_user_id user);
/* Changes with whatever makes a load that is under way in this learner's part
 * doubtful: read it before loading from the store, give it to piq_cache_offer.
 */
uint64_t piq_cache_epoch(piq_cache *c, piq_user_id user);
/* Keeps what was loaded, unless `epoch` has changed or what is there is as new.
 * A state is committed before it is published: a load may find one that is
 * newer than what is kept, and who has seen that sees nothing older again. */
void piq_cache_offer(piq_cache *c, piq_held *h, uint64_t epoch);
/* A committed state: replaces what is there, if that is not newer (another
 * process may have gone on), and forgets its slates. */
void piq_cache_publish(piq_cache *c, piq_held *h);
void piq_cache_drop(piq_cache *c, piq_user_id user);
/* A state of `version` was committed, perhaps by another process: what is
 * older goes, also what is being loaded. */
void piq_cache_outdate(piq_cache *c, piq_user_id user, int64_t version);
/* All of them. */
void piq_cache_clear(piq_cache *c);

typedef struct piq_served {
    int type;
    unsigned limit;
    uint32_t catalogue_version;
    uint64_t steering; /* number of the rules and experiments, steering.h */
    int64_t until_us;
    piq_bytes *bytes;
} piq_served;

/* Remembers a slate for the published state of `version`; takes one reference
 * of s->bytes in every case. */
void piq_cache_put_served(piq_cache *c, piq_user_id user, int64_t version,
                          const piq_served *s);
/* One reference and the state's version, or NULL. */
piq_bytes *piq_cache_served(piq_cache *c, piq_user_id user, int type,
                            unsigned limit, uint32_t catalogue_version,
                            uint64_t steering, int64_t now_us,
                            int64_t *version);

/* What a learner's plan has next, as it was last read from the store. False: it
 * has to be read. */
enum { PIQ_PLAN_HEAD = 8 };
typedef struct piq_plan_head {
    piq_content_ix contents[PIQ_PLAN_HEAD];
    size_t n;
    uint32_t catalogue_version;
} piq_plan_head;
bool piq_cache_plan(piq_cache *c, piq_user_id user, piq_plan_head *out);
/* Kept while the learner is, unless `epoch` (piq_cache_epoch, from before it
 * was read) has changed. */
void piq_cache_put_plan(piq_cache *c, piq_user_id user,
                        const piq_plan_head *head, uint64_t epoch);
/* Another was planned; one that is being read is not kept. */
void piq_cache_forget_plan(piq_cache *c, piq_user_id user);

typedef struct piq_cache_stats {
    size_t learners, served_bytes;
    uint64_t hits, misses, evictions;
} piq_cache_stats;
void piq_cache_stats_get(piq_cache *c, piq_cache_stats *out);

#endif
