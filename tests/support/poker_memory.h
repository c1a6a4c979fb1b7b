/* poker_memory.h - the memory of one learner for three concepts, of which odds
 * exercises outs by half and bluff stands alone; for tests that review by hand.
 */
#ifndef PIQ_TESTS_POKER_MEMORY_H
#define PIQ_TESTS_POKER_MEMORY_H

#include "memory/memory.h"

/* 2026-11-20T12:00:00Z, a Friday. */
#define POKER_NOON_US INT64_C(1795176000000000)

enum { OUTS, ODDS, BLUFF, N_POKER_CONCEPTS };

typedef struct poker_memory {
    piq_concept concepts[N_POKER_CONCEPTS];
    piq_catalogue catalogue; /* of those, and of nothing else */
    piq_memory memory;
    const piq_fsrs_params *p;
} poker_memory;

/* UTC, to recall of .9. */
extern const piq_review_calendar poker_plain;

/* cmocka's setup and teardown: a learner who practised nothing. */
int poker_memory_set_up(void **state);
int poker_memory_tear_down(void **state);

piq_memory_step poker_review(poker_memory *f,
                             const piq_review_calendar *calendar,
                             piq_memory_answer x);
/* By the plain calendar. */
void poker_answer(poker_memory *f, uint16_t concept, int rating, double weight,
                  int64_t at_us);

#endif
