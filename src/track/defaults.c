#include "track/params.h"

#include <stddef.h>

static const piq_track_params defaults = {
    .learner_var = 0.75,
    .area_var = 0.2,
    .concept_var = 0.45,
    .learner_idle = 5e-05,
    .area_idle = 0.0001,
    .concept_idle = 0.01,
    .learner_drift = 0.002,
    .area_drift = 0.0008,
    .concept_drift = 0.0046,
    .form_var = 0.6,
    .form_hours = 12,
    .form_keep = 0.71,
    .idle_fade = 0.5,
    .lapse = 0.004,
    .lend_exercise = 0.4,
    .lend_prerequisite = 0.2,
    .learn_early = 0.6,
    .learn_slows = 20.0,
    .learn_right = 0.03,
    .learn_wrong = 0.015,
    .lesson_per_minute = 0.02,
    .lesson_most = 0.3,
    .lesson_var = 0.1,
    .level_trust = 0.7,
    .rapid_ms = 600.0,
    .rapid_strength = 0.5,
    .all_items_var = 0.27,
    .concept_items_var = 0.4,
    .item_var = 1.16,
    .item_idle = 0.0026,
    .item_fade = 0.64,
    .publish_sds = 0.05,
};

const piq_track_params *piq_track_defaults(void)
{
    return &defaults;
}

/* One row for each number: where it is and what it may be. */
static const struct range {
    const char *name;
    size_t at;
    double low, high;
} ranges[] = {
#define RANGE(member, low, high)                                               \
    {                                                                          \
#member, offsetof(piq_track_params, member), low, high                 \
    }
    RANGE(learner_var, 1e-3, 25.0),     RANGE(area_var, 1e-3, 25.0),
    RANGE(concept_var, 1e-3, 25.0),     RANGE(learner_idle, 0.0, 25.0),
    RANGE(area_idle, 0.0, 25.0),        RANGE(concept_idle, 0.0, 25.0),
    RANGE(learner_drift, 0.0, 25.0),    RANGE(area_drift, 0.0, 25.0),
    RANGE(concept_drift, 0.0, 25.0),    RANGE(form_var, 0.0, 25.0),
    RANGE(form_hours, 1e-3, 1e6),       RANGE(form_keep, 1e-3, 1.0),
    RANGE(idle_fade, 0.0, 1.0),         RANGE(lapse, 0.0, 0.2),
    RANGE(lend_exercise, 0.0, 0.9),     RANGE(lend_prerequisite, 0.0, 0.9),
    RANGE(learn_early, 0.0, 2.0),       RANGE(learn_slows, 1.0, 1e6),
    RANGE(learn_right, 0.0, 1.0),       RANGE(learn_wrong, 0.0, 1.0),
    RANGE(lesson_per_minute, 0.0, 1.0), RANGE(lesson_most, 1e-3, 5.0),
    RANGE(lesson_var, 0.0, 25.0),       RANGE(level_trust, 0.0, 1.0),
    RANGE(rapid_ms, 0.0, 60000.0),      RANGE(rapid_strength, 1e-3, 1.0),
    RANGE(all_items_var, 1e-3, 25.0),   RANGE(concept_items_var, 1e-3, 25.0),
    RANGE(item_var, 1e-3, 25.0),        RANGE(item_idle, 0.0, 25.0),
    RANGE(item_fade, 0.0, 1.0),         RANGE(publish_sds, 0.0, 1.0),
#undef RANGE
};

piq_status piq_track_params_check(const piq_track_params *p, piq_err *err)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range *r = &ranges[i];
        double v = *(const double *)(const void *)((const char *)p + r->at);
        if (!(v >= r->low && v <= r->high))
            return piq_fail(err, PIQ_EINVAL,
                            "track parameter %s is %g, not within %g .. %g",
                            r->name, v, r->low, r->high);
    }
    return PIQ_OK;
}
