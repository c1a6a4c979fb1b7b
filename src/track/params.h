/* params.h - the numbers of the online belief and of the item calibration.
 *
 * Variances are of logits. A caller may copy the defaults and change some (the
 * tuning tools do); every number has a range, checked by
 * piq_track_params_check. Meaning of each in a formula: src/track/README.md.
 */
#ifndef PIQ_TRACK_PARAMS_H
#define PIQ_TRACK_PARAMS_H

#include "base/status.h"
#include "track/track.h"

struct piq_track_params {
    /* Prior variances: a learner among learners, an area of a learner, a
     * concept of an area; each > 0, at most 25. */
    double learner_var;
    double area_var;
    double concept_var;
    /* What an idle day adds to each, up to the prior; [0, 25]. */
    double learner_idle;
    double area_idle;
    double concept_idle;
    /* What an answer adds to each it bears on, up to the prior: recent
     * answers count for more; [0, 25]. */
    double learner_drift;
    double area_drift;
    double concept_drift;
    /* Form of the day: stationary variance [0, 25], the hours in which it
     * falls to 1/e (0, 1e6], and what is left of it after an answer (0, 1]. */
    double form_var;
    double form_hours;
    double form_keep;
    /* Share of what idle time opens up that falls back to the layer above; the
     * rest stays where it was; [0, 1]. */
    double idle_fade;
    /* Chance of a wrong answer however able, [0, .2]. */
    double lapse;
    /* Correlation of a concept's own share with that of what it exercises
     * (times that weight) and of its prerequisites; [0, .9]. */
    double lend_exercise;
    double lend_prerequisite;
    /* What answering teaches, in logits of the concept: after n answers
     * to it learn_early / ((1+n)(2+n)), [0, 2], and learn_right or
     * learn_wrong, [0, 1], over 1 + n / learn_slows. */
    double learn_early;
    double learn_slows;
    double learn_right;
    double learn_wrong;
    /* What a lesson teaches: logits a minute, at most so many a lesson, and
     * the variance that comes with it. */
    double lesson_per_minute;
    double lesson_most;
    double lesson_var;
    /* Share of "I would call myself .." that is believed, [0, 1]. */
    double level_trust;
    /* An answer faster than this is likelier to be a blind guess: its evidence
     * counts by rapid_strength (0, 1]. */
    double rapid_ms;
    double rapid_strength;
    /* Item difficulties: prior variances of everybody's offset, of a
     * concept's and of an item's; > 0, at most 25. What a day adds to the
     * item's, up to the prior, and the share of it that falls back to the
     * concept. */
    double all_items_var;
    double concept_items_var;
    double item_var;
    double item_idle;
    double item_fade;
    /* A calibration publishes an item once it has moved by so many of its
     * standard deviations; [0, 1]. */
    double publish_sds;
};

/* PIQ_EINVAL names the first number out of its range. */
PIQ_MUST_USE piq_status piq_track_params_check(const piq_track_params *p,
                                               piq_err *err);

#endif
