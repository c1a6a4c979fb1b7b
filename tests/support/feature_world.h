/* feature_world.h - a curriculum, an item table from made-up learners and a
 * made-up answer stream, for tests of features. Same seed, same world. Fails
 * the test when it cannot.
 */
#ifndef PIQ_TESTS_FEATURE_WORLD_H
#define PIQ_TESTS_FEATURE_WORLD_H

#include "base/rng.h"
#include "feature/feature.h"

typedef struct feature_world {
    piq_catalogue *catalogue;
    int64_t *item_ids;    /* [names.n_items] */
    piq_str *concept_ids; /* [names.n_concepts] */
    piq_item_names names;
    piq_item_table *table;
    piq_item_binding *binding;
    piq_feature_tables tables;
} feature_world;

/* So many learners of 60 answers each stand in the table. */
feature_world feature_world_new(uint64_t seed, size_t n_concepts,
                                size_t n_learners);
void feature_world_free(feature_world *w);

typedef struct told_answer {
    piq_ask ask;
    piq_response response;
} told_answer;

/* An answer to some item, often the one of `before` (NULL: none) again, now
 * and then to a concept in general. Without times at_us is PIQ_NO_TIME, else
 * some seconds or days after `before`. */
told_answer random_answer(piq_rng *r, const feature_world *w,
                          const told_answer *before, bool times);

#endif
