/* habit_maker.h - for the tests of what is told of a learner: one to be told
 * of, events and notes made by hand, beliefs with round numbers, and JSON read
 * back. */
#ifndef PIQ_TESTS_HABIT_MAKER_H
#define PIQ_TESTS_HABIT_MAKER_H

#include "base/arena.h"
#include "base/json_writer.h"
#include "learner/learner.h"

#include <jansson.h>

/* 2026-11-02T10:00:00Z, a Monday. */
#define HABIT_START_US INT64_C(1793613600000000)

/* The small curriculum of tests/golden: 3 areas (rhythm, pitch, harmony), 8
 * concepts, 2 characters. Aborts when it cannot be read. */
piq_catalogue *habit_catalogue(void);

/* A learner of whom nothing is known. */
typedef struct habit_world {
    piq_catalogue *catalogue; /* habit_catalogue() */
    piq_learner *l;
    piq_belief *beliefs; /* [n_concepts], or NULL; the test makes them */
    piq_arena arena;
    json_t *json; /* what was read back last */
    piq_buf text;
    piq_json_writer writer;
} habit_world;

void habit_begin(habit_world *w);
/* Frees the beliefs too. */
void habit_end(habit_world *w);
/* What is written goes to w->json by habit_read_back(). */
piq_json_writer *habit_writer(habit_world *w);
void habit_read_back(habit_world *w);

/* One answer at an instant: score, what was predicted, response time. */
void habit_answer(piq_learner *l, int64_t at_us, double score, double predicted,
                  uint32_t response_ms);
/* The same in one format. */
void habit_answer_in(piq_learner *l, int64_t at_us, double score,
                     double predicted, int modality);
/* A content of `type` is started, completed or abandoned. */
void habit_content(piq_learner *l, int64_t at_us, piq_event_type what,
                   piq_content_type type, uint32_t seconds);
/* A session against a character. */
void habit_character(piq_learner *l, int64_t at_us, uint16_t character,
                     uint32_t seconds);
/* One answer after which the areas' mastery is as given, [n_areas]. */
void habit_mastery(piq_learner *l, int64_t at_us, const double *mastery,
                   double gained);

/* Every concept at `mastery` +- 1.645 * sd, `evidence` answers, never
 * practised as to memory. free() it. */
piq_belief *habit_beliefs(const piq_catalogue *c, double mastery, double sd,
                          float evidence);

/* Parses what was written; aborts when it is no JSON. */
json_t *habit_json(const piq_buf *b);
/* The member at a path of keys and decimal indexes, "a/b/0/c"; NULL none. */
const json_t *habit_at(const json_t *root, const char *path);
double habit_number(const json_t *root, const char *path);
/* NaN is near nothing. */
bool habit_near(double x, double y, double tolerance);
const char *habit_text(const json_t *root, const char *path);

#endif
