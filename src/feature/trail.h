/* trail.h - what a learner met, in which order, and how it went: the part of
 * their history that depends on nobody else.
 *
 * It tells the situation in which a question is met, under which the item
 * table (item_table.h) counts answers and is asked. Training and serving walk
 * the same trail, so the two cannot disagree.
 *
 * An answer that repeats the item of the one before under another concept with
 * the same score is that same answer, told once more for another concept (some
 * data sets write a row for each skill of a question): it counts for the
 * concept only.
 *
 * Bounded: the last PIQ_TRAIL_ITEMS items met and a cell for each concept.
 * Pure. Threads: one trail per thread.
 */
#ifndef PIQ_FEATURE_TRAIL_H
#define PIQ_FEATURE_TRAIL_H

#include "base/buf.h"
#include "base/status.h"
#include "feature/ask.h"

enum { PIQ_TRAIL_ITEMS = 128, PIQ_TRAIL_RUNS = 3 };

/* How a learner meets an item. */
typedef enum piq_attempt_context {
    PIQ_FIRST_TRY,   /* never met, or too long ago to be remembered */
    PIQ_AFTER_WRONG, /* the last try at it was wrong */
    PIQ_AFTER_RIGHT
} piq_attempt_context;
enum { PIQ_N_CONTEXTS = 3 };

/* The same, finer: what a table's statistics are kept by. */
typedef enum piq_attempt_case {
    PIQ_CASE_FIRST,   /* PIQ_FIRST_TRY */
    PIQ_CASE_WRONG_1, /* the answer before this one was to it, and wrong */
    PIQ_CASE_WRONG_2, /* ... the second wrong one in a row */
    PIQ_CASE_WRONG_3, /* ... and so on */
    PIQ_CASE_WRONG_4,
    PIQ_CASE_WRONG_5,
    PIQ_CASE_WRONG_6,      /* ... the sixth or a later one */
    PIQ_CASE_RIGHT,        /* the answer before this one was to it, and right */
    PIQ_CASE_BACK_WRONG,   /* other items since; it was wrong */
    PIQ_CASE_BACK_RIGHT,   /* other items since; it was right */
    PIQ_CASE_REPEAT_WRONG, /* just answered wrong under another concept */
    PIQ_CASE_REPEAT_RIGHT  /* just answered right under another concept */
} piq_attempt_case;
enum { PIQ_N_CASES = 12 };

piq_attempt_context piq_attempt_context_of(piq_attempt_case c);

/* Right after a wrong answer to the same item. */
static inline bool piq_case_is_another_try(unsigned c)
{
    return c >= PIQ_CASE_WRONG_1 && c <= PIQ_CASE_WRONG_6;
}

/* Outcomes as digits of base 3, the latest lowest: 0 none, 1 wrong, 2 right.
 * A form is how the item before ended, times 3, and the concept's last. */
enum { PIQ_N_FORMS = 12, PIQ_N_PATTERNS = 27 };
/* Answers to the concept before: 0, 1, 2, 3-4, 5-7, 8-12, 13-20, more. */
enum { PIQ_N_PRACTICES = 8 };

/* How a run of answers to one item, or to one concept, ended. */
typedef enum piq_run_end {
    PIQ_RUN_NONE,
    PIQ_RUN_WRONG,
    PIQ_RUN_RIGHT,    /* right ones only */
    PIQ_RUN_CORRECTED /* right in the end */
} piq_run_end;
enum { PIQ_N_RUN_ENDS = 4 };

/* What a question is met in. "Before" are the other items answered last, each
 * counted once for a run of answers to it. */
typedef struct piq_situation {
    uint32_t item;           /* position; PIQ_NO_IX32 */
    uint32_t before;         /* the last other item; PIQ_NO_IX32 none */
    uint32_t before_2;       /* the one before that */
    uint16_t concept;        /* position */
    uint16_t before_concept; /* of the answer before; PIQ_NO_IX16 none */
    uint8_t at;              /* piq_attempt_case */
    uint8_t before_end;      /* piq_run_end: how the run at `before` ended */
    uint8_t before_2_end;
    uint16_t topic;   /* the last other concept; PIQ_NO_IX16 none */
    uint16_t topic_2; /* the one before that */
    uint8_t topic_end, topic_2_end;
    uint8_t last_end; /* of the run that the answer before is in */
    uint8_t form;     /* < PIQ_N_FORMS */
    uint8_t pattern;  /* the concept's last three outcomes, < PIQ_N_PATTERNS */
    uint8_t practice; /* < PIQ_N_PRACTICES */
} piq_situation;

/* An item met. Positions count answers, the first is 1. */
typedef struct piq_trail_item {
    uint32_t tries, rights;
    uint32_t wrong_run; /* wrong answers since the last right one */
    uint32_t last;      /* position of the last try */
    uint32_t last_s;    /* Unix seconds; 0 unknown */
    bool last_right;
} piq_trail_item;

typedef struct piq_trail_concept {
    uint32_t n, rights; /* answers */
    uint32_t last;      /* position of the last one; 0 never */
    uint8_t outcomes;   /* right ones as bits, the latest lowest */
} piq_trail_concept;

typedef struct piq_trail {
    uint32_t n, rights;              /* answers, repeats left out */
    uint32_t outcomes;               /* right ones as bits, the latest lowest */
    uint32_t n_items;                /* in use below */
    uint32_t items[PIQ_TRAIL_ITEMS]; /* positions in the catalogue */
    piq_trail_item met[PIQ_TRAIL_ITEMS];
    /* The last runs of answers to one item each, the latest first. */
    uint32_t runs[PIQ_TRAIL_RUNS];   /* PIQ_NO_IX32: none, or without item */
    uint8_t run_end[PIQ_TRAIL_RUNS]; /* piq_run_end */
    /* The same of answers to one concept each. */
    uint16_t topics[PIQ_TRAIL_RUNS]; /* PIQ_NO_IX16: none */
    uint8_t topic_end[PIQ_TRAIL_RUNS];
    uint16_t last_concept; /* PIQ_NO_IX16: none */
    float last_score;
    piq_trail_concept *concepts; /* [n_concepts] */
    uint16_t *practised; /* [n_practised] of them, in order of meeting */
    size_t n_concepts;
    size_t n_practised;
} piq_trail;

/* Owns heap memory. PIQ_ENOMEM leaves *t untouched. */
PIQ_MUST_USE piq_status piq_trail_init(piq_trail *t, size_t n_concepts);
void piq_trail_release(piq_trail *t);
/* Forgets everything, keeps the memory. */
void piq_trail_clear(piq_trail *t);
/* `to` is initialised, for at least as many concepts. */
void piq_trail_copy(piq_trail *to, const piq_trail *from);

/* Where the item stands in t->items, or NULL. */
const piq_trail_item *piq_trail_find(const piq_trail *t, piq_item_ix item);

/* Whether the ask repeats the item of the answer before under another concept.
 */
bool piq_trail_is_repeat(const piq_trail *t, const piq_ask *ask);

void piq_trail_situation(const piq_trail *t, const piq_ask *ask,
                         piq_situation *out);

/* Folds in an answer. True when it counted for itself, false when it was the
 * one before told again. */
bool piq_trail_answer(piq_trail *t, const piq_ask *ask, float score);

void piq_trail_encode(const piq_trail *t, piq_buf *out);
/* *t is initialised; what it holds is replaced, and is not to be used when
 * this is false: bytes that are not ours. */
bool piq_trail_decode(piq_trail *t, piq_reader *in);

#endif
