/* history.h - what a learner has done with one content item, and was shown. */
#ifndef PIQ_DOMAIN_HISTORY_H
#define PIQ_DOMAIN_HISTORY_H

#include "domain/ids.h"
#include "domain/words.h"

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
    uint8_t rating;       /* 1..5, the last given to it; 0 none */
} piq_content_history;

/* A content that stood in a slate, and what the learner did with it. */
typedef struct piq_shown {
    int64_t recommendation; /* its id; 0: not stored yet */
    piq_content_id content;
    int64_t at_us;
    piq_user_action action;
} piq_shown;

#endif
