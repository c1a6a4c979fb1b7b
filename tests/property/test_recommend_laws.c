/* Laws of recommending, over random catalogues and learners. */
#include "recommend/recommend.h"

#include "base/calendar.h"
#include "support/near.h"
#include "support/random_catalogue.h"
#include "support/random_learner.h"

#include <stdlib.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recommend__score_is_baseline_plus_contributions),
        cmocka_unit_test(test_recommend__hard_rules_hold_for_every_candidate),
        cmocka_unit_test(test_recommend__slate_is_full_unique_and_in_order),
        cmocka_unit_test(test_recommend__quotas_hold_while_others_are_left),
        cmocka_unit_test(test_recommend__same_question_same_answer),
        cmocka_unit_test(test_recommend__worth_more_never_ranks_lower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
