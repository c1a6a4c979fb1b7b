/* A learner's life with a plan: 1,000 results and wishes, one after another,
 * each followed by a new plan that goes on from the stored one. Every plan
 * keeps every rule, and the same life gives the same plans. */
#include "path/path.h"

#include "base/rng.h"
#include "num/logistic.h"
#include "support/near.h"
#include "support/path_checker.h"
#include "support/random_catalogue.h"
#include "support/random_learner.h"

#include <stdlib.h>
#include <string.h>

enum {
    MONDAY = 20780,
    N_EVENTS = 1000,
    N_CONCEPTS = 12,
    N_CONTENTS = 48,
    MOST_WISHES = 6,
    MOST_OFF = 5
};

typedef struct life {
    piq_catalogue *c;
    random_learner l;
    piq_rng rng;
    piq_concept_ix targets[N_CONCEPTS];
    piq_path_pin pins[MOST_WISHES];
    piq_content_ix skip[MOST_WISHES], order[MOST_WISHES];
    piq_concept_ix known[MOST_WISHES];
    int32_t off[MOST_OFF];
    piq_plan_step frozen[PIQ_MAX_PLAN_STEPS];
    piq_path_input in;
    piq_buf stored; /* the plan in force */
    uint64_t hash;  /* of all plans so far */
    size_t n_steps;
} life;

static void begin_life(life *x, uint64_t seed)
{
    memset(x, 0, sizeof *x);
    x->c = random_catalogue(seed, 3, N_CONCEPTS, N_CONTENTS);
    x->l = random_learner_new(seed, x->c, 0.2);
    piq_rng_seed(&x->rng, seed);
    piq_buf_init(&x->stored, 0);
    for (uint16_t k = 0; k < N_CONCEPTS; k++)
        x->targets[k].v = k;
    x->in = (piq_path_input){.catalogue = x->c,
                             .beliefs = x->l.beliefs,
                             .history = x->l.history,
                             .targets = x->targets,
                             .n_targets = N_CONCEPTS,
                             .value = x->l.value,
                             .from_day = MONDAY,
                             .deadline_day = MONDAY + 25,
                             .days_off = x->off,
                             .session_minutes = 25,
                             .desired_retention = 0.9,
                             .pace = 1,
                             .pace_sd = 0.2,
                             .seed = seed,
                             .iterations = 12};
    for (int d = 0; d < 7; d++)
        x->in.minutes_per_weekday[d] = d == 6 ? 0 : 30;
}

static void end_life(life *x)
{
    piq_buf_release(&x->stored);
    random_learner_free(&x->l);
    piq_catalogue_free(x->c);
}

static uint64_t below(life *x, uint64_t n)
{
    return piq_rng_below(&x->rng, n);
}

/* ---- what happens ------------------------------------------------------ */

static void move(piq_belief *b, double by)
{
    b->ability_logit += by;
    b->mastery = piq_clamp(piq_sigmoid(piq_logit(b->mastery) + by), 0.01, 0.99);
    b->mastery_low = b->mastery * 0.8;
    b->mastery_high = b->mastery + 0.2 * (1 - b->mastery);
    b->evidence += 3;
    b->sd_logit = fmax(0.25, b->sd_logit * 0.9);
    b->stability_days = isnan(b->stability_days) ? 3 : b->stability_days * 1.5;
    b->recall = 0.99;
}

/* The step in turn is done, with luck or without, or one from further down. */
static void do_step(life *x, piq_plan *plan)
{
    size_t i = plan->current;
    if (i < plan->n_steps && below(x, 4) == 0)
        i += below(x, plan->n_steps - i);
    if (i >= plan->n_steps)
        return;
    piq_plan_step *s = &plan->steps[i];
    move(&x->l.beliefs[s->concept.v], below(x, 3) ? 0.4 : -0.2);
    x->in.minutes_spent_today += s->minutes;
    if (s->content.v != PIQ_NO_IX32)
        x->l.history[s->content.v].progress = PIQ_COMPLETED;
    s->status = PIQ_STEP_DONE;
}

static void next_day(life *x)
{
    x->in.from_day += 1 + (int32_t)below(x, 2);
    x->in.minutes_spent_today = 0;
    x->in.wishes.freeze_today = false;
    if (x->in.deadline_day < x->in.from_day + 3)
        x->in.deadline_day = x->in.from_day + 10 + (int32_t)below(x, 60);
    for (size_t k = 0; k < N_CONCEPTS; k++)
        if (x->l.beliefs[k].recall > 0.5)
            x->l.beliefs[k].recall *= 0.97;
}

static void set_days_off(life *x)
{
    x->in.n_days_off = below(x, MOST_OFF + 1);
    int32_t day = x->in.from_day;
    for (size_t i = 0; i < x->in.n_days_off; i++)
        x->off[i] = day += 1 + (int32_t)below(x, 4);
}

static void set_wishes(life *x)
{
    piq_path_wishes *w = &x->in.wishes;
    w->n_pins = below(x, 3);
    w->n_skip = below(x, MOST_WISHES);
    w->n_known = below(x, 3);
    w->n_order = below(x, 4);
    for (size_t i = 0; i < MOST_WISHES; i++) {
        bool any = below(x, 2);
        int32_t day = x->in.from_day + (int32_t)below(x, 8);
        x->pins[i] = (piq_path_pin){{(uint32_t)below(x, N_CONTENTS)},
                                    any ? INT32_MAX : day};
        x->skip[i].v = (uint32_t)below(x, N_CONTENTS);
        x->order[i].v = (uint32_t)below(x, N_CONTENTS);
        x->known[i].v = (uint16_t)below(x, N_CONCEPTS);
    }
    w->pins = x->pins;
    w->skip = x->skip;
    w->known = x->known;
    w->order = x->order;
}

/* A curriculum that is used up is begun anew. */
static void renew(life *x)
{
    size_t done = 0;
    for (size_t i = 0; i < N_CONTENTS; i++)
        done += x->l.history[i].progress == PIQ_COMPLETED;
    for (size_t i = 0; done > N_CONTENTS * 2 / 3 && i < N_CONTENTS; i++)
        if (below(x, 2))
            x->l.history[i].progress = PIQ_UNTOUCHED;
    for (size_t k = 0; done > N_CONTENTS * 2 / 3 && k < N_CONCEPTS; k++)
        if (below(x, 2))
            move(&x->l.beliefs[k], -3);
}

static void happen(life *x, piq_plan *plan)
{
    switch (below(x, 12)) {
    case 0:
    case 1:
        next_day(x);
        break;
    case 2:
        set_wishes(x);
        break;
    case 3:
        set_days_off(x);
        break;
    case 4:
        x->in.wishes.freeze_today = below(x, 2);
        break;
    case 5:
        for (int d = 0; d < 7; d++)
            x->in.minutes_per_weekday[d] = (uint16_t)(1 + below(x, 60));
        break;
    case 6:
        renew(x);
        break;
    default:
        do_step(x, plan);
        break;
    }
}

/* ---- the plan ---------------------------------------------------------- */

static void freeze(life *x, const piq_plan *plan)
{
    piq_path_wishes *w = &x->in.wishes;
    w->frozen = x->frozen;
    w->n_frozen = 0;
    for (size_t i = 0; i < plan->n_steps; i++) {
        const piq_plan_step *s = &plan->steps[i];
        if (s->status == PIQ_STEP_DONE || s->day != x->in.from_day)
            continue;
        if (s->content.v == PIQ_NO_IX32 ||
            x->l.history[s->content.v].progress != PIQ_COMPLETED)
            x->frozen[w->n_frozen++] = *s;
    }
}

static void store(life *x, const piq_plan *plan)
{
    piq_json_writer w;
    piq_buf_clear(&x->stored);
    piq_json_init(&w, &x->stored);
    piq_plan_write(plan, x->c, &w);
    assert_int_equal(x->stored.status, PIQ_OK);
    for (size_t i = 0; i < x->stored.len; i++)
        x->hash = (x->hash ^ (uint8_t)x->stored.ptr[i]) * 1099511628211u;
}

static void plan_anew(life *x, const piq_plan *previous, piq_arena *a)
{
    piq_plan plan;
    piq_err err;
    x->in.previous = previous;
    if (previous)
        freeze(x, previous);
    piq_status status = piq_path_plan(a, &x->in, &plan, &err);
    if (status)
        fail_msg("%s", err.message);
    path_check(&x->in, &plan);
    store(x, &plan);
    x->n_steps += plan.n_steps;
}

static uint64_t live(uint64_t seed, size_t *n_steps)
{
    life *x = malloc(sizeof *x);
    piq_arena a;
    assert_non_null(x);
    piq_arena_init(&a, 0);
    begin_life(x, seed);
    plan_anew(x, NULL, &a);
    for (int i = 0; i < N_EVENTS; i++) {
        piq_plan plan;
        piq_arena_clear(&a);
        assert_int_equal(piq_plan_read(&a,
                                       (piq_str){x->stored.ptr, x->stored.len},
                                       x->c, &plan, NULL),
                         PIQ_OK);
        happen(x, &plan);
        plan_anew(x, &plan, &a);
    }
    uint64_t hash = x->hash;
    *n_steps = x->n_steps;
    end_life(x);
    piq_arena_release(&a);
    free(x);
    return hash;
}

static void test_path__a_life_of_plans_is_feasible_and_replays(void **s)
{
    (void)s;
    size_t once, twice;
    uint64_t hash = live(7, &once);
    assert_true(hash == live(7, &twice));
    assert_int_equal(once, twice);
    assert_true(once > 10 * N_EVENTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path__a_life_of_plans_is_feasible_and_replays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
