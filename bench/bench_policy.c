/* Off-policy evaluation of simulated logs whose truth is known: how often the
 * interval holds, how wide it is. bench_policy [LOGS OF EACH WORLD], ten
 * worlds; 20 unless said. */
#include "../tests/support/policy_coverage.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static const size_t rows[] = {500, 2000, 10000};
    static const double bases[] = {-1, -3};
    size_t logs = argc > 1 ? strtoul(argv[1], NULL, 10) : 20;
    printf("%6s %8s %8s %9s %11s %7s %9s %8s %8s\n", "rows", "overlap",
           "reward", "effective", "max weight", "held", "verdicts", "width",
           "bias");
    for (size_t b = 0; b < 2; b++)
        for (size_t i = 0; i < 6; i++) {
            const policy_coverage_plan plan = {.rows = rows[i / 2],
                                               .poor = i % 2,
                                               .base = bases[b],
                                               .logs = logs,
                                               .resamples = 400,
                                               .confidence = .9};
            policy_coverage c = policy_coverage_of(&plan);
            printf("%6zu %8s %8s %9.0f %11.1f %6.1f%% %8.0f%% %8.4f %+8.4f\n",
                   plan.rows, plan.poor ? "poor" : "good",
                   plan.base < -2 ? "rare" : "usual", c.ess, c.max_weight,
                   100 * (double)c.held / (double)c.n,
                   100 * (double)c.with_verdict / (double)c.n, c.width, c.bias);
            fflush(stdout);
        }
    return 0;
}
