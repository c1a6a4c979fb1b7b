/* Off-policy evaluation of simulated logs whose truth is known: how often the
 * intervals hold, how wide they are. bench_policy [LOGS OF EACH WORLD], ten
 * worlds; 20 unless said. */
#include "../tests/support/policy_coverage.h"

#include <stdio.h>
#include <stdlib.h>

static double percent(size_t part, size_t whole)
{
    return 100 * (double)part / (double)whole;
}

static void line(const policy_coverage_plan *plan, const char *overlap)
{
    policy_coverage c = policy_coverage_of(plan);
    printf("%6zu %8s %8s %7s %9.0f %10.1f %7.1f%% %7.1f%% %7.1f%% %7.0f%% "
           "%7.4f %+8.4f\n",
           plan->rows, overlap, plan->base < -2 ? "rare" : "usual",
           plan->blind ? "shown" : "all", c.ess, c.max_weight,
           percent(c.held_ips, c.n), percent(c.held_snips, c.n),
           percent(c.held, c.n), percent(c.with_verdict, c.n), c.width, c.bias);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const size_t rows[] = {500, 2000, 10000};
    static const double bases[] = {-1, -3};
    size_t logs = argc > 1 ? strtoul(argv[1], NULL, 10) : 20;
    printf("%6s %8s %8s %7s %9s %10s %8s %8s %8s %8s %7s %8s\n", "rows",
           "overlap", "reward", "chances", "effective", "max weight", "IPS",
           "SNIPS", "DR", "verdicts", "width", "bias");
    policy_coverage_plan plan = {
        .logs = logs, .resamples = 400, .confidence = .9};
    for (size_t b = 0; b < 2; b++)
        for (size_t i = 0; i < 6; i++) {
            plan.rows = rows[i / 2];
            plan.poor = i % 2;
            plan.base = bases[b];
            line(&plan, plan.poor ? "poor" : "good");
        }
    plan.poor = false;
    plan.shy = true;
    plan.base = -2;
    for (size_t i = 0; i < 4; i++) {
        plan.rows = i < 2 ? 2000 : 4000;
        plan.blind = i % 2;
        line(&plan, "sure");
    }
    return 0;
}
