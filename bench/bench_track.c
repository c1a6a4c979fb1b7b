/* bench_track - the online belief: answers folded, predictions and beliefs
 * asked, calibrations and simulated events, on one thread.
 *
 * Learners of 70 concepts (each exercises two others and has a prerequisite)
 * live through answers drawn before the clock starts. Best of five rounds; a
 * checksum keeps the work from being optimised away.
 */
#include "base/clock.h"
#include "base/rng.h"
#include "sim/sim.h"
#include "track/calibrate.h"
#include "track/track.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    N_ANSWERS = 500000,
    N_ROUNDS = 5,
    N_AREAS = 12,
    N_CONCEPTS = 70,
    N_ITEMS = 1300
};

typedef struct bench {
    piq_catalogue c;
    piq_area areas[N_AREAS];
    piq_concept concepts[N_CONCEPTS];
    piq_concept_ix order[N_CONCEPTS];
    piq_concept_ix needs[N_CONCEPTS];
    piq_concept_weight exercises[N_CONCEPTS][2];
    piq_concept_weight about[N_ITEMS][3];
    piq_item items[N_ITEMS];
    uint32_t by_concept_at[N_CONCEPTS + 1];
    uint32_t *asked; /* [N_ANSWERS] */
    uint8_t *right;
    piq_track start;
    size_t concepts_a_task;
    bool lending;
} bench;

static piq_concept_ix ix(size_t i)
{
    return (piq_concept_ix){(uint16_t)(i % N_CONCEPTS)};
}

static void build(bench *b)
{
    piq_rng r;
    piq_rng_seed(&r, 1);
    for (size_t i = 0; i < N_CONCEPTS; i++) {
        b->order[i] = ix(i);
        b->needs[i] = ix(i - 1);
        b->exercises[i][0] = (piq_concept_weight){ix(i + 7), 0.5};
        b->exercises[i][1] = (piq_concept_weight){ix(i + 23), 0.3};
        b->concepts[i] =
            (piq_concept){.area = {(uint16_t)(i % N_AREAS)}, .difficulty = 0.5};
    }
    for (size_t i = 0; i < N_ITEMS; i++) {
        for (size_t k = 0; k < 3; k++)
            b->about[i][k] = (piq_concept_weight){ix(i + 11 * k), 1.0};
        b->items[i] = (piq_item){.content = {PIQ_NO_IX32},
                                 .concepts = b->about[i],
                                 .n_concepts = 1,
                                 .difficulty = 0.5,
                                 .discrimination = 1.0,
                                 .guess = 0.25};
    }
    for (size_t i = 0; i < N_ANSWERS; i++) {
        b->asked[i] = (uint32_t)piq_rng_below(&r, N_ITEMS);
        b->right[i] = piq_rng_below(&r, 10) < 6;
    }
    b->c = (piq_catalogue){.new_learner_ability = 0.5,
                           .areas = b->areas,
                           .n_areas = N_AREAS,
                           .concepts = b->concepts,
                           .n_concepts = N_CONCEPTS,
                           .items = b->items,
                           .n_items = N_ITEMS,
                           .order = b->order,
                           .by_concept_at = b->by_concept_at};
}

static void arrange(bench *b, size_t concepts_a_task, bool lending)
{
    b->concepts_a_task = concepts_a_task;
    for (size_t i = 0; i < N_CONCEPTS; i++) {
        piq_concept *x = &b->concepts[i];
        x->prerequisites = &b->needs[i];
        x->exercises = b->exercises[i];
        x->n_prerequisites = lending && i > 0;
        x->n_exercises = lending ? 2 : 0;
    }
    for (size_t i = 0; i < N_ITEMS; i++) {
        b->items[i].n_concepts = concepts_a_task;
        for (size_t k = 0; k < concepts_a_task; k++)
            b->about[i][k].weight = 1.0 / (double)concepts_a_task;
    }
}

static piq_task task_of(const bench *b, size_t i)
{
    const piq_item *x = &b->items[b->asked[i]];
    return (piq_task){x->concepts, x->n_concepts,     0.2,
                      0.1,         x->discrimination, x->guess};
}

static int64_t when(size_t i)
{
    return INT64_C(1795176000000000) + (int64_t)i * INT64_C(60000000);
}

static double run_fold(bench *b)
{
    piq_track t;
    if (piq_track_copy(&t, &b->start) != PIQ_OK)
        return NAN;
    double sum = 0.0;
    for (size_t i = 0; i < N_ANSWERS; i++) {
        piq_task task = task_of(b, i);
        piq_track_outcome out;
        piq_track_answer(&t, piq_track_defaults(), &b->c, &task, b->right[i],
                         1.0, 0, when(i), &out);
        sum += out.residual;
    }
    piq_track_release(&t);
    return sum;
}

static double run_predict(bench *b)
{
    double sum = 0.0;
    for (size_t i = 0; i < N_ANSWERS; i++) {
        piq_task task = task_of(b, i);
        sum += piq_track_predict(&b->start, piq_track_defaults(), &b->c, &task,
                                 when(i));
    }
    return sum;
}

static double run_belief(bench *b)
{
    double sum = 0.0;
    piq_belief x;
    for (size_t i = 0; i < N_ANSWERS; i++) {
        piq_track_belief(&b->start, piq_track_defaults(), &b->c, ix(i), when(i),
                         &x);
        sum += x.mastery_low;
    }
    return sum;
}

static double run_calibrate(bench *b)
{
    static piq_calibrated_item news[N_ITEMS];
    piq_calibrator *k;
    double sum = 0.0;
    if (piq_calibrator_new(&b->c, &k) != PIQ_OK)
        return NAN;
    for (size_t i = 0; i < N_ANSWERS; i++) {
        piq_track_outcome before = {.ability_variance = 0.3, .at_us = when(i)};
        piq_calibrator_answer(k, (piq_item_ix){b->asked[i]}, &before,
                              b->right[i]);
        if (i % 256 == 255)
            sum += (double)piq_calibrator_publish(k, news, N_ITEMS);
    }
    piq_calibrator_free(k);
    return sum;
}

static double run_codec(bench *b)
{
    piq_track t;
    piq_buf bytes;
    double sum = 0.0;
    if (piq_track_copy(&t, &b->start) != PIQ_OK)
        return NAN;
    piq_buf_init(&bytes, 0);
    for (size_t i = 0; i < N_ANSWERS / 50; i++) {
        piq_reader in;
        piq_buf_clear(&bytes);
        piq_track_encode(&t, &bytes);
        piq_reader_init(&in, bytes.ptr, bytes.len);
        if (piq_track_decode(&t, &b->c, &in) != PIQ_OK)
            return NAN;
        sum += (double)bytes.len;
    }
    piq_buf_release(&bytes);
    piq_track_release(&t);
    return sum * 50.0 / N_ANSWERS;
}

static double run_simulate(bench *b)
{
    piq_sim_options o = {.seed = 1,
                         .first_user = 1,
                         .events = 500,
                         .start_us = when(0),
                         .days = 90.0,
                         .learning = true,
                         .answers_only = true};
    double sum = 0.0;
    for (size_t k = 0; k < N_ANSWERS / 500; k++) {
        piq_arena a;
        piq_sim *s;
        piq_event e;
        piq_arena_init(&a, 0);
        if (piq_sim_learner(&a, &b->c, &o, k, &s) != PIQ_OK)
            return NAN;
        while (piq_sim_next(s, &e))
            sum += (double)e.u.answer.score;
        piq_arena_release(&a);
    }
    return sum;
}

static void report(const char *name, double (*run)(bench *), bench *b, double n)
{
    int64_t best_ns = INT64_MAX;
    double sum = 0.0;
    for (int k = 0; k < N_ROUNDS; k++) {
        int64_t start = piq_clock_monotonic_ns();
        sum = run(b);
        int64_t took = piq_clock_monotonic_ns() - start;
        best_ns = took < best_ns ? took : best_ns;
    }
    printf("%-32s %8.3f us each   (checksum %.6g)\n", name,
           (double)best_ns / n / 1e3, sum);
}

int main(void)
{
    static bench b;
    b.asked = calloc(N_ANSWERS, sizeof *b.asked);
    b.right = calloc(N_ANSWERS, sizeof *b.right);
    if (!b.asked || !b.right) {
        fprintf(stderr, "bench_track: out of memory\n");
        return 1;
    }
    build(&b);
    if (piq_track_init(&b.start, &b.c) != PIQ_OK) {
        fprintf(stderr, "bench_track: out of memory\n");
        return 1;
    }
    arrange(&b, 1, false);
    report("track: fold, 1 concept", run_fold, &b, N_ANSWERS);
    arrange(&b, 3, false);
    report("track: fold, 3 concepts", run_fold, &b, N_ANSWERS);
    arrange(&b, 1, true);
    report("track: fold, 1 lending to 3", run_fold, &b, N_ANSWERS);
    /* From here on the learner has evidence everywhere. */
    for (size_t i = 0; i < N_ANSWERS / 100; i++) {
        piq_task task = task_of(&b, i);
        piq_track_answer(&b.start, piq_track_defaults(), &b.c, &task,
                         b.right[i], 1.0, 0, when(0), NULL);
    }
    report("track: predict", run_predict, &b, N_ANSWERS);
    report("track: belief of a concept", run_belief, &b, N_ANSWERS);
    report("track: state written and read", run_codec, &b, N_ANSWERS / 50);
    report("calibrate: answer", run_calibrate, &b, N_ANSWERS);
    report("sim: answer drawn", run_simulate, &b, N_ANSWERS);
    piq_track_release(&b.start);
    free(b.asked);
    free(b.right);
    return 0;
}
