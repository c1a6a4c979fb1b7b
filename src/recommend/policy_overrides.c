#include "recommend/policy_overrides.h"

#include <math.h>

static double or (double named, double usual)
{
    return isnan(named) ? usual : named;
}

void piq_policy_overrides_explore(const piq_policy_overrides *o,
                                  piq_explore_rule *rule)
{
    if (!o)
        return;
    rule->gamma = or (o->exploration_gamma, rule->gamma);
    rule->delta = or (o->exploration_delta, rule->delta);
    rule->floor = or (o->exploration_floor, rule->floor);
}

double piq_policy_overrides_diversity(const piq_policy_overrides *o,
                                      double usual)
{
    return o ? or (o->diversity, usual) : usual;
}

uint32_t piq_policy_overrides_policy(const piq_policy_overrides *o,
                                     uint32_t usual)
{
    return o && o->policy ? o->policy : usual;
}
