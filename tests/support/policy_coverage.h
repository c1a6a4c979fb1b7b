/* policy_coverage.h - how often intervals of off-policy estimates hold the
 * truth, over logs of ten made-up worlds (policy_world.h). */
#ifndef PIQ_TESTS_POLICY_COVERAGE_H
#define PIQ_TESTS_POLICY_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>

enum { POLICY_WORLDS = 10 };

typedef struct policy_coverage {
    size_t n;                                     /* logs */
    size_t held, with_verdict, held_with_verdict; /* of DR */
    size_t held_ips, held_snips;
    double ess, max_weight, width, bias; /* means over the logs */
} policy_coverage;

typedef struct policy_coverage_plan {
    size_t rows; /* of a log */
    bool poor;   /* overlap */
    bool shy;    /* both policies nearly sure; policy_world.h */
    bool blind;  /* the log knows the chances of what was shown only */
    double base; /* logit of a reward in the mean */
    size_t logs; /* of each world */
    unsigned resamples;
    double confidence;
} policy_coverage_plan;

/* Fails the test when something cannot be evaluated. */
policy_coverage policy_coverage_of(const policy_coverage_plan *plan);

#endif
