/* sentence.h - one sentence with its numbers, kept in an arena. */
#ifndef PIQ_INSIGHT_SENTENCE_H
#define PIQ_INSIGHT_SENTENCE_H

#include "base/arena.h"

#include <stdbool.h>

enum { PIQ_MAX_SENTENCE_BYTES = 400 };

/* Remembers a failure, so that whoever tells much asks once, at the end. */
typedef struct piq_teller {
    piq_arena *arena;
    bool failed; /* the arena was full once */
} piq_teller;

/* printf into the arena, cut at PIQ_MAX_SENTENCE_BYTES. NULL, and t->failed,
 * when it is full. Give numbers as integers (per cent, minutes): it is quicker
 * to make and to read. */
const char *piq_sentence(piq_teller *t, const char *fmt, ...) PIQ_PRINTF(2, 3);

/* x in whole per cent, 0 for NaN. */
int piq_percent(double x);

#endif
