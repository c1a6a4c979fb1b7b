/* bench_learner.c - microseconds of what a learner costs: folding an answer
 * into the whole state, writing and reading the state, telling the profile,
 * analytics and predictions (made and written as JSON).
 *
 * Usage: bench_learner [CURRICULUM.json]     (default content/poker.json)
 * 200 simulated learners of 500 events; the cost of a fold is shown by how
 * many events came before, since it must not grow.
 */
#include "../tests/support/random_catalogue.h"
#include "base/clock.h"
#include "insight/analytics.h"
#include "insight/predictions.h"
#include "insight/profile.h"
#include "learner/fold.h"
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_LEARNERS = 200, N_EVENTS = 500, STAGES = 5, ROUNDS = 20 };

typedef struct bench {
    const piq_catalogue *catalogue;
    piq_calibration_book *book;
    piq_learner *learners[N_LEARNERS];
    piq_arena arena;
    double fold_us[STAGES];
    size_t n_folds[STAGES];
} bench;

static void must(piq_status status)
{
    if (status != PIQ_OK)
        abort();
}

static void fold_one(bench *b, size_t k)
{
    piq_sim_options o = {.seed = 1,
                         .n_learners = N_LEARNERS,
                         .first_user = 1,
                         .events = N_EVENTS,
                         .start_us = INT64_C(1750000000000000),
                         .days = 90,
                         .learning = true,
                         .answers_only = true};
    piq_sim *sim;
    piq_event event = {0};
    must(piq_sim_learner(&b->arena, b->catalogue, &o, k, &sim));
    must(piq_learner_new((piq_user_id){(int64_t)k + 1}, b->catalogue,
                         &b->learners[k]));
    for (size_t i = 0; piq_sim_next(sim, &event); i++) {
        piq_fold_effect effect;
        size_t stage = i * STAGES / N_EVENTS;
        int64_t from_ns = piq_clock_monotonic_ns();
        piq_fold(b->learners[k], b->catalogue, b->book, NULL, &event, &effect);
        b->fold_us[stage] +=
            (double)(piq_clock_monotonic_ns() - from_ns) / 1000;
        b->n_folds[stage]++;
    }
}

static void fold_all(bench *b)
{
    for (size_t k = 0; k < N_LEARNERS; k++) {
        piq_arena_clear(&b->arena);
        fold_one(b, k);
    }
    printf("fold an answer, by events before it:");
    for (int s = 0; s < STAGES; s++)
        printf("  %d-%d %.2f us", s * N_EVENTS / STAGES,
               (s + 1) * N_EVENTS / STAGES - 1,
               b->fold_us[s] / (double)b->n_folds[s]);
    printf("\n");
}

static void codec(bench *b)
{
    piq_buf buf;
    size_t bytes = 0, most = 0;
    piq_buf_init(&buf, 0);
    int64_t from_ns = piq_clock_monotonic_ns();
    for (int r = 0; r < ROUNDS; r++)
        for (size_t k = 0; k < N_LEARNERS; k++) {
            piq_learner *copy;
            piq_buf_clear(&buf);
            piq_learner_encode(b->learners[k], &buf);
            must(piq_learner_decode((piq_str){buf.ptr, buf.len},
                                    b->learners[k]->user, b->catalogue, NULL,
                                    &copy, NULL));
            piq_learner_free(copy);
            bytes += buf.len;
            most = buf.len > most ? buf.len : most;
        }
    double us = (double)(piq_clock_monotonic_ns() - from_ns) / 1000;
    printf("state written and read: %.1f us; %zu bytes on average, %zu at "
           "most (%zu concepts)\n",
           us / (ROUNDS * N_LEARNERS), bytes / (ROUNDS * N_LEARNERS), most,
           b->catalogue->n_concepts);
    piq_buf_release(&buf);
}

typedef void teller(bench *b, const piq_learner *l, const piq_belief *beliefs,
                    int64_t now_us, piq_json_writer *w);

static void tell_profile(bench *b, const piq_learner *l,
                         const piq_belief *beliefs, int64_t now_us,
                         piq_json_writer *w)
{
    piq_profile p;
    must(piq_profile_make(&b->arena, l, b->catalogue, beliefs, now_us, &p));
    piq_profile_write(&p, b->catalogue, w);
}

static void tell_analytics(bench *b, const piq_learner *l,
                           const piq_belief *beliefs, int64_t now_us,
                           piq_json_writer *w)
{
    piq_analytics x;
    must(piq_analytics_make(&b->arena, l, b->catalogue, beliefs, now_us,
                            INT64_MIN, INT64_MAX, &x));
    piq_analytics_write(&x, b->catalogue, w);
}

static void tell_prediction(bench *b, const piq_learner *l,
                            const piq_belief *beliefs, int64_t now_us,
                            piq_json_writer *w)
{
    piq_prediction p;
    must(piq_predictions_make(&b->arena, l, b->catalogue, beliefs, now_us,
                              now_us + INT64_C(28) * 86400000000, &p));
    piq_prediction_write(&p, b->catalogue, w);
}

static void tell(bench *b, const char *what, teller *one)
{
    piq_buf buf;
    piq_buf_init(&buf, 0);
    int64_t from_ns = piq_clock_monotonic_ns();
    for (int r = 0; r < ROUNDS; r++)
        for (size_t k = 0; k < N_LEARNERS; k++) {
            const piq_learner *l = b->learners[k];
            piq_json_writer w;
            piq_arena_clear(&b->arena);
            piq_belief *beliefs =
                piq_new(&b->arena, piq_belief, b->catalogue->n_concepts);
            if (!beliefs)
                abort();
            piq_learner_beliefs(l, b->catalogue, l->last_us, beliefs);
            piq_buf_clear(&buf);
            piq_json_init(&w, &buf);
            one(b, l, beliefs, l->last_us, &w);
        }
    double us = (double)(piq_clock_monotonic_ns() - from_ns) / 1000;
    printf("%-12s %.1f us, %zu bytes\n", what, us / (ROUNDS * N_LEARNERS),
           buf.len);
    piq_buf_release(&buf);
}

int main(int argc, char **argv)
{
    bench b = {0};
    piq_catalogue *c =
        catalogue_from_file(argc > 1 ? argv[1] : "content/poker.json");
    if (!c) {
        printf("there is no curriculum to measure with\n");
        return 1;
    }
    b.catalogue = c;
    piq_arena_init(&b.arena, 0);
    must(piq_calibration_book_new(&b.book));
    fold_all(&b);
    codec(&b);
    tell(&b, "profile", tell_profile);
    tell(&b, "analytics", tell_analytics);
    tell(&b, "predictions", tell_prediction);
    for (size_t k = 0; k < N_LEARNERS; k++)
        piq_learner_free(b.learners[k]);
    piq_calibration_book_free(b.book);
    piq_arena_release(&b.arena);
    piq_catalogue_free(c);
    return 0;
}
