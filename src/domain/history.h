/* history.h - what a learner has done with one content item. */
#ifndef PIQ_DOMAIN_HISTORY_H
#define PIQ_DOMAIN_HISTORY_H

#include "domain/ids.h"

#include <stdint.h>

typedef enum piq_progress {
    PIQ_UNTOUCHED,
    PIQ_STARTED,
    PIQ_ABANDONED,
    PIQ_COMPLETED
} piq_progress;

typedef struct piq_content_history {
    piq_progress progress; /* completed stays completed */
    uint16_t completions;
    uint32_t last_s;      /* Unix seconds of the last event on it */
    uint32_t dismissed_s; /* of the last dismissal; 0 never */
    uint32_t seconds;     /* spent on it in all */
    float score;          /* of the last completion, NaN none */
} piq_content_history;

#endif
