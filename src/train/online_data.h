/* online_data.h - rated items as rounds of a game: a learner, ten candidates,
 * one is picked, the reward is whether they liked it.
 *
 * Each learner's ratings in order of (time, item) are cut into slates of ten;
 * what is left over at the end is dropped. Rounds are the slates in order of
 * their last rating's time (then learner). A candidate is liked when it was
 * rated 4 or more. So every rating is offered at most once, and what a policy
 * knows at a round happened before it.
 *
 * Ratings: MovieLens' u.data (user, item, rating 1..5, seconds; tab-separated;
 * ids from 1). Items, where there are any: u.item (id|title|date|..|..|then
 * genres as 0 or 1, with or without a header). Pure.
 */
#ifndef PIQ_TRAIN_ONLINE_DATA_H
#define PIQ_TRAIN_ONLINE_DATA_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>

enum { PIQ_ONLINE_SLATE = 10, PIQ_ONLINE_MAX_GENRES = 19 };

typedef struct piq_online_item {
    uint32_t genres; /* bit g */
    int32_t year;    /* of release; 0: not known */
} piq_online_item;

typedef struct piq_online_slate {
    int64_t at_s;
    uint32_t user;
    uint32_t item[PIQ_ONLINE_SLATE];
    bool liked[PIQ_ONLINE_SLATE];
} piq_online_slate;

typedef struct piq_online_data {
    size_t n_users, n_items; /* ids are below */
    const piq_online_item *items;
    const piq_online_slate *slates; /* in order of time */
    size_t n;
} piq_online_data;

/* All in `a`; items may be empty. PIQ_EPARSE, PIQ_ELIMIT, PIQ_ENOMEM; err names
 * the line. PIQ_EINVAL: no learner has ten ratings. */
PIQ_MUST_USE piq_status piq_online_read(piq_arena *a, piq_str ratings,
                                        piq_str items, piq_online_data *out,
                                        piq_err *err);

#endif
