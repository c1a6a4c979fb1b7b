/* taste_world.h - made-up learners with tastes, and made-up taste models. Same
 * seed, same world. Fails the test when it cannot. */
#ifndef PIQ_TESTS_TASTE_WORLD_H
#define PIQ_TESTS_TASTE_WORLD_H

#include "base/rng.h"
#include "recommend/taste_model.h"
#include "train/taste_fit.h"

/* Items are of four kinds, item % 4; each learner keeps mostly to one and
 * takes up 2 to `most` items, at distinct times if `timed`. free() .list. */
piq_taste_log taste_world_log(uint64_t seed, uint32_t n_learners,
                              uint32_t n_items, size_t most, bool timed);

/* Random maps, weights, scales and half-lives; `ids` are 10, 20, .. */
piq_taste *taste_world_model(uint64_t seed, size_t n_items);

/* Of that log, with one thread. */
piq_taste *taste_world_fitted(const piq_taste_log *log, piq_taste_asked asked);

/* The model's bytes; free() .ptr. */
piq_str taste_world_bytes(const piq_taste *m);

#endif
