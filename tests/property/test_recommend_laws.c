/* Laws of recommending, over random catalogues and learners. */
#include "recommend/recommend.h"

#include "base/calendar.h"
#include "recommend/terms.h"
#include "support/near.h"
#include "support/random_catalogue.h"
#include "support/random_learner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_WORLDS = 60 };

typedef struct world {
    piq_catalogue *c;
    random_learner l;
    piq_affinity characters[16];
    piq_recommend_input in;
    piq_arena a;
} world;

static void open_world(world *w, uint64_t seed)
{
    size_t n_concepts = 4 + seed * 7 % 60;
    size_t n_contents = n_concepts * (1 + seed % 5);
    *w = (world){
        .c = random_catalogue(seed, 1 + seed % 6, n_concepts, n_contents)};
    w->l = random_learner_new(seed, w->c, (double)(seed % 10) / 9);
    piq_arena_init(&w->a, 0);
    for (int i = 0; i < 16; i++)
        w->characters[i] = (piq_affinity){0.3 + 0.02 * i, i};
    w->in = (piq_recommend_input){.catalogue = w->c,
                                  .beliefs = w->l.beliefs,
                                  .history = w->l.history,
                                  .value = w->l.value,
                                  .characters = w->characters,
                                  .session_minutes = 20,
                                  .desired_retention = 0.9,
                                  .now_us = RANDOM_NOW_US};
    for (int m = 0; m < PIQ_N_MODALITIES; m++)
        w->in.modality[m] = (piq_affinity){0.4 + 0.1 * m, 5};
}

static void close_world(world *w)
{
    piq_arena_release(&w->a);
    random_learner_free(&w->l);
    piq_catalogue_free(w->c);
}

static piq_slate ask(world *w, int type, size_t limit)
{
    piq_slate slate;
    piq_recommend_request req = {type, limit};
    assert_int_equal(piq_recommend(&w->a, &w->in, &req, &slate), PIQ_OK);
    return slate;
}

static size_t limit_of(uint64_t seed)
{
    return 1 + seed * 3 % 12;
}

static void test_recommend__score_is_baseline_plus_contributions(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        piq_slate slate = ask(&w, -1, limit_of(seed));
        for (size_t i = 0; i < slate.n; i++) {
            const piq_recommendation *r = &slate.list[i];
            double sum = r->baseline;
            for (int t = 0; t < PIQ_N_TERMS; t++) {
                assert_true(r->terms[t].value >= 0 && r->terms[t].value <= 1);
                sum += r->terms[t].contribution;
            }
            assert_near(sum, r->score, 1e-12);
            assert_true(r->score >= 0 && r->score <= 1);
            assert_true(r->terms[PIQ_TERM_DIVERSITY].contribution <= 0);
            assert_non_null(r->reason);
        }
        close_world(&w);
    }
}

/* Written anew from the contract, not from the code. */
static bool prerequisites_hold(const world *w, const piq_content *x)
{
    for (size_t i = 0; i < x->n_prerequisites; i++) {
        uint32_t p = x->prerequisites[i].v;
        bool ready = true;
        for (size_t j = 0; j < w->c->contents[p].n_concepts; j++)
            if (w->l.beliefs[w->c->contents[p].concepts[j].concept.v].mastery <
                PIQ_READY)
                ready = false;
        if (!ready && w->l.history[p].progress != PIQ_COMPLETED)
            return false;
    }
    for (size_t i = 0; i < x->n_concepts; i++) {
        const piq_concept *k = &w->c->concepts[x->concepts[i].concept.v];
        for (size_t j = 0; j < k->n_prerequisites; j++)
            if (w->l.beliefs[k->prerequisites[j].v].mastery < PIQ_READY)
                return false;
    }
    return true;
}

static bool something_due(const world *w, const piq_content *x)
{
    for (size_t i = 0; i < x->n_concepts; i++)
        if (w->l.beliefs[x->concepts[i].concept.v].due_us <=
            RANDOM_NOW_US + PIQ_US_PER_DAY)
            return true;
    return false;
}

static void check_candidate(const world *w, piq_content_ix ix)
{
    const piq_content *x = &w->c->contents[ix.v];
    const piq_content_history *h = &w->l.history[ix.v];
    assert_true(x->published && !x->retired);
    if (x->type == PIQ_COURSE) {
        bool open = false;
        for (size_t i = 0; i < x->n_contains; i++)
            open |= prerequisites_hold(w, &w->c->contents[x->contains[i].v]);
        assert_true(open);
    } else {
        assert_true(prerequisites_hold(w, x));
    }
    if (x->type == PIQ_REVIEW || h->progress == PIQ_COMPLETED)
        assert_true(something_due(w, x));
    if (h->progress == PIQ_COMPLETED)
        assert_true(x->practice || x->type == PIQ_REVIEW ||
                    x->type == PIQ_ASSESSMENT || x->type == PIQ_CHARACTER);
    if (h->dismissed_s)
        assert_true((int64_t)h->dismissed_s + 7 * 86400 <=
                    RANDOM_NOW_US / PIQ_US_PER_SECOND);
}

static void test_recommend__hard_rules_hold_for_every_candidate(void **s)
{
    (void)s;
    size_t seen = 0;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        piq_slate slate = ask(&w, -1, 50);
        for (size_t i = 0; i < slate.n_candidates; i++)
            check_candidate(&w, slate.candidates[i].content);
        for (size_t i = 0; i < slate.n; i++)
            check_candidate(&w, slate.list[i].content);
        seen += slate.n_candidates;
        close_world(&w);
    }
    assert_true(seen > N_WORLDS * 5);
}

static void test_recommend__slate_is_full_unique_and_in_order(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        size_t limit = limit_of(seed);
        int type = (int)(seed % 7) - 1;
        if (type >= PIQ_N_CONTENT_TYPES)
            type = -1;
        piq_slate slate = ask(&w, type, limit);
        size_t expected =
            slate.n_candidates < limit ? slate.n_candidates : limit;
        assert_int_equal(slate.n, expected);
        for (size_t i = 0; i < slate.n; i++) {
            const piq_content *x = &w.c->contents[slate.list[i].content.v];
            if (type >= 0)
                assert_int_equal(x->type, type);
            for (size_t j = 0; j < i; j++)
                assert_true(slate.list[i].content.v != slate.list[j].content.v);
            if (i > 0)
                assert_true(slate.list[i - 1].score >= slate.list[i].score);
        }
        close_world(&w);
    }
}

/* A quota may be passed only when keeping it would leave places empty: then
 * every candidate that would fit it is in the slate. */
static void test_recommend__quotas_hold_while_others_are_left(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        size_t limit = limit_of(seed), n_types[PIQ_N_CONTENT_TYPES] = {0};
        size_t there[PIQ_N_CONTENT_TYPES] = {0};
        piq_slate slate = ask(&w, -1, limit);
        for (size_t i = 0; i < slate.n; i++)
            n_types[w.c->contents[slate.list[i].content.v].type]++;
        for (size_t i = 0; i < slate.n_candidates; i++)
            there[w.c->contents[slate.candidates[i].content.v].type]++;
        bool over = n_types[PIQ_COURSE] > 1;
        for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++)
            over |= n_types[t] > (limit + 1) / 2;
        for (int t = 0; over && t < PIQ_N_CONTENT_TYPES; t++) {
            size_t quota = t == PIQ_COURSE ? 1 : (limit + 1) / 2;
            size_t fits = there[t] < quota ? there[t] : quota;
            assert_true(n_types[t] >= fits);
        }
        close_world(&w);
    }
}

static void test_recommend__same_question_same_answer(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < 10; seed++) {
        world w;
        open_world(&w, seed);
        piq_slate a = ask(&w, -1, 10), b = ask(&w, -1, 10);
        assert_int_equal(a.n, b.n);
        for (size_t i = 0; i < a.n; i++) {
            assert_int_equal(a.list[i].content.v, b.list[i].content.v);
            assert_true(a.list[i].score == b.list[i].score);
            assert_string_equal(a.list[i].reason, b.list[i].reason);
        }
        close_world(&w);
    }
}

static bool is_about(const piq_content *x, size_t concept)
{
    for (size_t i = 0; i < x->n_concepts; i++)
        if (x->concepts[i].concept.v == concept)
            return true;
    return false;
}

/* Positions of candidates, one ahead of the other, before and after a concept
 * became worth more. Content about it must not fall behind content that has
 * nothing of it. */
static void test_recommend__worth_more_never_ranks_lower(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < 20; seed++) {
        world w;
        open_world(&w, seed);
        size_t concept = seed % w.c->n_concepts;
        piq_slate before = ask(&w, -1, 1);
        w.l.value[concept] += (1 - w.l.value[concept]) / 2;
        piq_slate after = ask(&w, -1, 1);
        assert_int_equal(before.n_candidates, after.n_candidates);
        for (size_t i = 0; i < before.n_candidates; i++) {
            const piq_content *x =
                &w.c->contents[before.candidates[i].content.v];
            float rise = after.candidates[i].score - before.candidates[i].score;
            if (is_about(x, concept))
                assert_true(rise >= 0);
            else
                assert_true(rise == 0);
        }
        close_world(&w);
    }
}

/* ---- weights ------------------------------------------------------------- */

/* Before anything is learned the eight terms of old count alone, with the
 * weights that they had: written down anew here. */
static void test_policy__without_feedback_ranks_as_by_hand(void **s)
{
    (void)s;
    static const double hand[PIQ_N_TERMS_1] = {.42, .20, .10, .05,
                                               .03, .04, .06, .10};
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        piq_bayes_prior prior;
        piq_bayes *m;
        piq_recommend_policy learned;
        open_world(&w, seed);
        piq_slate old = ask(&w, -1, limit_of(seed));
        piq_recommend_prior(&prior);
        assert_int_equal(piq_bayes_new(&w.a, &prior, &m), PIQ_OK);
        piq_bayes_settle(m);
        piq_recommend_policy_of(m, 1, &learned);
        w.in.policy = &learned;
        piq_slate new = ask(&w, -1, limit_of(seed));
        assert_int_equal(old.n, new.n);
        for (size_t i = 0; i < old.n; i++) {
            double score = 0;
            for (int t = 0; t < PIQ_N_TERMS_1; t++)
                score += hand[t] * old.list[i].terms[t].value;
            assert_near(old.list[i].score, score, 1e-12);
            assert_near(new.list[i].score, score, 1e-9);
            assert_int_equal(old.list[i].content.v, new.list[i].content.v);
        }
        close_world(&w);
    }
}

static piq_recommend_policy random_policy(uint64_t seed)
{
    piq_recommend_policy p;
    piq_rng r;
    piq_rng_seed(&r, seed);
    piq_recommend_by_hand(&p);
    for (int k = 0; k < PIQ_N_CONTENT_TYPES; k++)
        for (int t = 0; t < PIQ_N_TERMS; t++)
            if (t != PIQ_TERM_DIVERSITY && t != PIQ_TERM_PROMOTION)
                p.weight[k][t] += 0.3 * (piq_rng_uniform(&r) - 0.5);
    return p;
}

static void test_policy__contributions_sum_to_the_score_of_any(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        piq_recommend_policy p = random_policy(seed);
        w.in.policy = &p;
        piq_slate slate = ask(&w, -1, limit_of(seed));
        double mean = 0;
        for (size_t i = 0; i < slate.n_candidates; i++)
            mean += (double)slate.candidates[i].score;
        for (size_t i = 0; i < slate.n; i++) {
            const piq_recommendation *r = &slate.list[i];
            const double *weight = p.weight[w.c->contents[r->content.v].type];
            double sum = r->baseline, score = 0;
            for (int t = 0; t < PIQ_N_TERMS; t++) {
                sum += r->terms[t].contribution;
                score += weight[t] * r->terms[t].value;
            }
            assert_near(sum, r->score, 1e-12);
            assert_near(score, r->score, 1e-12);
            assert_near(r->baseline, mean / (double)slate.n_candidates, 1e-6);
            assert_non_null(r->reason);
        }
        close_world(&w);
    }
}

/* The learning gain's weight over the others that are learned and rank: type
 * and freshness are alike for all candidates of a slate. */
static double learning_share(const double *weight)
{
    double others = 0;
    for (int t = 0; t < PIQ_N_TERMS; t++)
        if (piq_recommend_term_spec((piq_term)t)->sd > 0 &&
            t != PIQ_TERM_LEARNING_GAIN && t != PIQ_TERM_TYPE &&
            t != PIQ_TERM_FRESHNESS)
            others += fabs(weight[t]);
    return weight[PIQ_TERM_LEARNING_GAIN] / others;
}

/* Rewards that speak against learning: what teaches most is dismissed. */
static void test_policy__learning_never_counts_for_less_than_by_hand(void **s)
{
    (void)s;
    piq_bayes_prior prior;
    piq_bayes *m;
    piq_arena a;
    piq_rng r;
    piq_recommend_policy p, by_hand;
    piq_arena_init(&a, 0);
    piq_rng_seed(&r, 1);
    piq_recommend_prior(&prior);
    assert_int_equal(piq_bayes_new(&a, &prior, &m), PIQ_OK);
    for (int i = 0; i < 3000; i++) {
        double x[PIQ_N_TERMS];
        float terms[PIQ_N_TERMS];
        for (int t = 0; t < PIQ_N_TERMS; t++)
            terms[t] = (float)piq_rng_uniform(&r);
        terms[PIQ_TERM_TYPE] = 1;
        piq_recommend_features(terms, x);
        piq_bayes_example e = {.type = (size_t)i % PIQ_N_CONTENT_TYPES,
                               .x = x,
                               .reward = 0.5 * (1 - x[PIQ_TERM_LEARNING_GAIN]) +
                                         0.5 * x[PIQ_TERM_TASTE],
                               .weight = 1};
        assert_int_equal(piq_bayes_learn(m, &e), PIQ_OK);
    }
    piq_bayes_settle(m);
    piq_recommend_policy_of(m, 1, &p);
    piq_recommend_by_hand(&by_hand);
    for (int k = 0; k < PIQ_N_CONTENT_TYPES; k++) {
        assert_true(piq_bayes_at_floor(m, (size_t)k));
        assert_true(p.weight[k][PIQ_TERM_LEARNING_GAIN] >= 0.42);
        assert_true(learning_share(p.weight[k]) >=
                    learning_share(by_hand.weight[k]) - 1e-9);
        assert_true(p.weight[k][PIQ_TERM_TASTE] > 0.2);
        assert_true(p.weight[k][PIQ_TERM_DIVERSITY] == 0.10);
        assert_true(p.weight[k][PIQ_TERM_PROMOTION] == 1);
    }
    piq_arena_release(&a);
}

/* ---- chance -------------------------------------------------------------- */

static piq_recommend_policy exploring(void)
{
    piq_recommend_policy p;
    piq_recommend_by_hand(&p);
    p.explores = true;
    return p;
}

static void check_chances(const piq_slate *slate, const piq_explore_rule *rule)
{
    double sum = 0;
    const piq_recommendation *last = &slate->list[slate->slot];
    bool found = false;
    for (size_t i = 0; i < slate->n_explored; i++) {
        const piq_explored *x = &slate->explored[i];
        sum += x->chance;
        assert_true(slate->explored[0].value - x->value <= rule->delta);
        double floor = rule->floor * (double)slate->n_explored <= 1
                           ? rule->floor
                           : 1 / (double)slate->n_explored;
        assert_true(x->chance >= floor - 1e-12);
        if (i > 0)
            assert_true(slate->explored[i - 1].value >= x->value);
        if (x->content.v != last->content.v)
            continue;
        found = true;
        assert_true(last->propensity == x->chance);
        assert_int_equal(last->cause,
                         i ? PIQ_CAUSE_EXPLORATION : PIQ_CAUSE_SCORE);
        for (int t = 0; t < PIQ_N_TERMS; t++)
            assert_true((float)last->terms[t].value == x->terms[t]);
    }
    assert_true(found);
    assert_near(sum, 1, 1e-12);
}

static void test_explore__one_place_inside_the_safe_set(void **s)
{
    (void)s;
    size_t n_choices = 0;
    for (uint64_t seed = 0; seed < N_WORLDS; seed++) {
        world w;
        open_world(&w, seed);
        piq_recommend_policy p = exploring();
        w.in.policy = &p;
        w.in.seed = seed * 7919;
        piq_slate slate = ask(&w, -1, limit_of(seed));
        if (slate.n_candidates == 0) {
            close_world(&w);
            continue;
        }
        assert_int_equal(slate.slot, slate.n - 1);
        check_chances(&slate, &p.explore);
        n_choices += slate.n_explored > 1;
        for (size_t i = 0; i + 1 < slate.n; i++) {
            assert_true(slate.list[i].propensity == 1);
            assert_int_equal(slate.list[i].cause, PIQ_CAUSE_SCORE);
        }
        if (slate.list[slate.slot].cause == PIQ_CAUSE_EXPLORATION)
            assert_non_null(
                strstr(slate.list[slate.slot].reason, "drawn by chance"));
        close_world(&w);
    }
    assert_true(n_choices > N_WORLDS / 3);
}

/* What stands before the explored place does not know of it, and the best of
 * it is what would stand there without any chance. */
static void test_explore__the_rest_of_the_slate_is_certain(void **s)
{
    (void)s;
    for (uint64_t seed = 0; seed < 20; seed++) {
        world w;
        open_world(&w, seed);
        piq_slate greedy = ask(&w, -1, 5);
        piq_recommend_policy p = exploring();
        w.in.policy = &p;
        for (uint64_t k = 0; k < 20; k++) {
            w.in.seed = k;
            piq_slate slate = ask(&w, -1, 5), again = ask(&w, -1, 5);
            assert_int_equal(slate.n, greedy.n);
            size_t n_same = 0;
            for (size_t i = 0; i < slate.n; i++) {
                assert_int_equal(slate.list[i].content.v,
                                 again.list[i].content.v);
                for (size_t j = 0; j < slate.n; j++)
                    n_same +=
                        slate.list[i].content.v == greedy.list[j].content.v;
            }
            assert_true(n_same + 1 >= slate.n);
            if (slate.n && slate.list[slate.slot].cause == PIQ_CAUSE_SCORE)
                assert_int_equal(n_same, slate.n);
        }
        close_world(&w);
    }
}

/* 4,000 seeds: each share within five standard deviations of its chance. */
static void test_explore__draws_are_as_likely_as_is_logged(void **s)
{
    (void)s;
    enum { N_DRAWS = 4000 };
    world w;
    open_world(&w, 23);
    piq_recommend_policy p = exploring();
    p.explore.gamma = 20;
    w.in.policy = &p;
    piq_slate first = ask(&w, -1, 3);
    assert_true(first.n_explored > 3);
    size_t count[PIQ_EXPLORE_MAX] = {0};
    for (uint64_t k = 0; k < N_DRAWS; k++) {
        piq_arena_clear(&w.a);
        w.in.seed = piq_hash_u64(k);
        piq_slate slate = ask(&w, -1, 3);
        for (size_t i = 0; i < slate.n_explored; i++)
            count[i] +=
                slate.explored[i].content.v == slate.list[slate.slot].content.v;
    }
    piq_arena_clear(&w.a);
    first = ask(&w, -1, 3);
    for (size_t i = 0; i < first.n_explored; i++) {
        double c = first.explored[i].chance;
        double sd = sqrt(c * (1 - c) / N_DRAWS);
        assert_true(fabs((double)count[i] / N_DRAWS - c) < 5 * sd);
    }
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy__without_feedback_ranks_as_by_hand),
        cmocka_unit_test(test_policy__contributions_sum_to_the_score_of_any),
        cmocka_unit_test(
            test_policy__learning_never_counts_for_less_than_by_hand),
        cmocka_unit_test(test_explore__one_place_inside_the_safe_set),
        cmocka_unit_test(test_explore__the_rest_of_the_slate_is_certain),
        cmocka_unit_test(test_explore__draws_are_as_likely_as_is_logged),
        cmocka_unit_test(test_recommend__score_is_baseline_plus_contributions),
        cmocka_unit_test(test_recommend__hard_rules_hold_for_every_candidate),
        cmocka_unit_test(test_recommend__slate_is_full_unique_and_in_order),
        cmocka_unit_test(test_recommend__quotas_hold_while_others_are_left),
        cmocka_unit_test(test_recommend__same_question_same_answer),
        cmocka_unit_test(test_recommend__worth_more_never_ranks_lower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
