/* control.h - what a learner asks of their path, as facts and as they stand.
 *
 * Each wish is an event (path.controlled). The controls in force are the fold
 * of them: undo takes the newest one back that was not taken back yet.
 */
#ifndef PIQ_DOMAIN_CONTROL_H
#define PIQ_DOMAIN_CONTROL_H

#include "domain/catalogue.h"
#include "domain/ids.h"

typedef enum piq_control_kind {
    PIQ_CONTROL_PIN,      /* content: as early as it may be, or on `day` */
    PIQ_CONTROL_SKIP,     /* content, or every content mainly of a concept */
    PIQ_CONTROL_KNOWN,    /* concept: "I know this": a short check is planned
                             first instead of its lessons */
    PIQ_CONTROL_RELEASE,  /* takes pin, skip or known of one thing back */
    PIQ_CONTROL_REORDER,  /* contents, in the order wanted, before the rest */
    PIQ_CONTROL_PACE,     /* minutes a weekday are multiplied by `factor` */
    PIQ_CONTROL_DAYS_OFF, /* local days without study, in place of those set */
    PIQ_CONTROL_FREEZE,   /* today's steps stay as they are planned */
    PIQ_CONTROL_UNDO,
    PIQ_N_CONTROLS
} piq_control_kind;

enum {
    PIQ_MAX_CONTROLS = 256, /* in force; the oldest is forgotten beyond */
    PIQ_MAX_REORDER = 32,
    PIQ_MAX_DAYS_OFF = 64
};
#define PIQ_CONTROL_PACE_LEAST 0.25
#define PIQ_CONTROL_PACE_MOST  3.0

typedef struct piq_control {
    piq_control_kind kind;
    piq_content_ix content; /* PIQ_NO_IX32: none */
    piq_concept_ix concept; /* PIQ_NO_IX16 (as in ids.h): none */
    int32_t day;            /* PIN: local day, INT32_MAX any; FREEZE: which */
    float factor;           /* PACE */
    uint32_t order[PIQ_MAX_REORDER]; /* REORDER: contents */
    uint8_t n_order;
    int32_t days[PIQ_MAX_DAYS_OFF]; /* DAYS_OFF: ascending */
    uint8_t n_days;
    int64_t at_us; /* of its event */
} piq_control;

const char *piq_control_kind_name(piq_control_kind k);

#endif
