/* control.h - what a learner asks of their path.
 *
 * Each wish is an event (path_controlled), a fact like any other. What is in
 * force is the fold of them (learner/controls.h): undo takes the newest one
 * back that was not taken back yet.
 */
#ifndef PIQ_DOMAIN_CONTROL_H
#define PIQ_DOMAIN_CONTROL_H

#include "base/json_writer.h"
#include "domain/catalogue.h"
#include "domain/goal.h"
#include "domain/ids.h"

#include <jansson.h>

typedef enum piq_control_kind {
    PIQ_CONTROL_PIN,      /* content: as early as it may be, or on `day` */
    PIQ_CONTROL_SKIP,     /* content, or every content mainly of a concept */
    PIQ_CONTROL_KNOWN,    /* concept: "I know this": a short check is planned
                             first instead of its lessons */
    PIQ_CONTROL_RELEASE,  /* takes pin or skip of a content, or skip or known of
                             a concept back */
    PIQ_CONTROL_REORDER,  /* contents, in the order wanted, before the rest */
    PIQ_CONTROL_PACE,     /* minutes a weekday are multiplied by `factor` */
    PIQ_CONTROL_DAYS_OFF, /* local days without study, in place of those set */
    PIQ_CONTROL_FREEZE,   /* the steps of the day of its event stay as they are
                             planned */
    PIQ_CONTROL_UNDO
} piq_control_kind;
enum { PIQ_N_CONTROL_KINDS = 9 };

enum {
    PIQ_MAX_REORDER = 32,
    /* A pin's day is at most so many days ahead: a plan's horizon. */
    PIQ_MAX_PIN_DAYS = 366
};
#define PIQ_CONTROL_PACE_LEAST 0.25
#define PIQ_CONTROL_PACE_MOST  3.0

typedef struct piq_control {
    piq_control_kind kind;
    piq_content_ix content; /* PIQ_NO_IX32: none */
    piq_concept_ix concept; /* PIQ_NO_IX16: none */
    int32_t day;            /* PIN: local day; INT32_MAX: any, or no PIN */
    float factor;           /* PACE; else 0 */
    uint8_t n_order;
    uint8_t n_days;
    piq_content_ix order[PIQ_MAX_REORDER]; /* REORDER: each once */
    int32_t days[PIQ_MAX_DAYS_OFF];        /* DAYS_OFF: ascending, each once */
} piq_control;

/* One that names nothing. */
piq_control piq_control_of(piq_control_kind kind);

const char *piq_control_kind_name(piq_control_kind k);
bool piq_control_kind_of(piq_str s, piq_control_kind *out);

/* JSON -> struct: {"kind":"pin","content":1203,"day":"2026-11-25"}. Refuses
 * unknown members, names the pointer of what is wrong; `where` prefixes it.
 * `at_us` is the instant of its event: a pin's day may lie a day before that in
 * UTC, for whoever lives behind it, and PIQ_MAX_PIN_DAYS after it. Days off may
 * be over. Retired content and concepts are taken: history stays true.
 * PIQ_EINVAL. */
PIQ_MUST_USE piq_status piq_control_read(const json_t *json, const char *where,
                                         const piq_catalogue *c, int64_t at_us,
                                         piq_control *out, piq_err *err);

/* The members of an object that the caller has opened, in canonical order;
 * reading them back gives the same struct. */
void piq_control_write(const piq_control *x, const piq_catalogue *c,
                       piq_json_writer *w);

/* Whether it names something that `c` has retired; `member` is then the pointer
 * of that in the control ("/order/3"). */
bool piq_control_is_retired(const piq_control *x, const piq_catalogue *c,
                            char member[24]);

/* Whether both say the same. */
bool piq_control_eq(const piq_control *a, const piq_control *b);

/* "pin of Counting outs to 2026-11-25", for a sentence; appended to `out`. */
void piq_control_describe(const piq_control *x, const piq_catalogue *c,
                          piq_buf *out);

#endif
