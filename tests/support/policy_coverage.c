#include "support/policy_coverage.h"

#include "support/near.h"
#include "support/policy_world.h"

enum { TRUTH_CONTEXTS = 100000, TRUTH_SEED = 99 };

static bool holds(const double ci[2], double truth)
{
    return ci[0] <= truth && truth <= ci[1];
}

static void one_log(const policy_world *w, double truth,
                    const policy_coverage_plan *plan, uint64_t seed,
                    policy_coverage *c)
{
    piq_arena a;
    piq_err err = {0};
    piq_offpolicy_report r = {0};
    piq_offpolicy_options o = *piq_offpolicy_defaults();
    o.confidence = plan->confidence;
    o.resamples = plan->resamples;
    o.seed = seed;
    piq_arena_init(&a, (size_t)1 << 30);
    policy_log log = policy_world_log(w, &a, plan->rows, seed);
    if (plan->blind)
        log.log.logged = NULL;
    if (piq_offpolicy(&a, &log.log, &o, &r, &err))
        fail_msg("%s", err.message);
    piq_arena_release(&a);
    bool held = holds(r.ci, truth);
    bool verdict = r.verdict != PIQ_OFFPOLICY_NO_VERDICT;
    c->n++;
    c->held += held;
    c->held_ips += holds(r.ips_ci, truth);
    c->held_snips += holds(r.snips_ci, truth);
    c->with_verdict += verdict;
    c->held_with_verdict += verdict && held;
    c->ess += r.ess;
    c->max_weight += r.max_weight;
    c->width += r.ci[1] - r.ci[0];
    c->bias += r.dr - truth;
}

policy_coverage policy_coverage_of(const policy_coverage_plan *plan)
{
    policy_coverage c = {0};
    for (uint64_t world = 1; world <= POLICY_WORLDS; world++) {
        policy_world w;
        policy_world_make(&w, world, plan->base, plan->poor);
        w.shy = plan->shy;
        double truth = policy_world_truth(&w, TRUTH_CONTEXTS, TRUTH_SEED);
        for (uint64_t k = 0; k < plan->logs; k++)
            one_log(&w, truth, plan, world * 100000 + k, &c);
    }
    double n = (double)c.n;
    c.ess /= n;
    c.max_weight /= n;
    c.width /= n;
    c.bias /= n;
    return c;
}
