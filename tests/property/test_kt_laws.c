/* Laws of a learner under a trained model, on random models and pasts:
 * incremental is from the full history, batches are one by one, explanations
 * add up, growing changes nothing that was known, and what a model never heard
 * of is answered for all the same. */
#include "predict/kt_state.h"

#include "base/calendar.h"
#include "base/rng.h"
#include "num/logistic.h"
#include "support/catalogue_document.h"
#include "support/near.h"
#include "support/random_catalogue.h"
#include "support/random_kt_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START_US (20000 * PIQ_US_PER_DAY)
enum {
    ROUNDS = 6,
    ANSWERS = 250,
    LEARNERS = 90,
    ENTRIES = 700,
    MAX_WEIGHTS = 2
};
static const uint64_t DIGEST = 0x0123456789abcdef;

/* One answer of a made-up past, with the concepts it borrows. */
typedef struct lived {
    piq_concept_weight weights[MAX_WEIGHTS];
    piq_ask ask;
    piq_response response;
} lived;

typedef struct world {
    piq_catalogue *c;
    piq_kt_model *m;
    piq_kt_binding *b;
} world;

static world make_world(uint64_t seed)
{
    world w = {.c = random_catalogue(seed, 3, 12, 30)};
    w.m = random_kt_model(seed, w.c, random_kt_small(w.c));
    assert_int_equal(piq_kt_bind(w.m, w.c, &w.b), PIQ_OK);
    return w;
}

static void free_world(world *w)
{
    piq_kt_binding_free(w->b);
    piq_kt_model_free(w->m);
    piq_catalogue_free(w->c);
}

/* Every fifth seed knows no times. */
static void make_past(uint64_t seed, const piq_catalogue *c, lived *past,
                      size_t n)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    int64_t at = seed % 5 ? START_US : PIQ_NO_TIME;
    for (size_t i = 0; i < n; i++) {
        past[i].ask = random_kt_ask(&r, c, &at, past[i].weights);
        past[i].response = random_kt_response(&r);
    }
}

static piq_kt_state *new_state(const piq_kt_binding *b)
{
    piq_kt_state *s;
    assert_int_equal(piq_kt_state_new(b, &s), PIQ_OK);
    return s;
}

static void live(piq_kt_state *s, const piq_kt_binding *b, const lived *past,
                 size_t n)
{
    for (size_t i = 0; i < n; i++)
        piq_kt_state_answer(s, b, &past[i].ask, &past[i].response, NULL);
}

static piq_buf encode(const piq_kt_state *s)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_kt_state_encode(s, DIGEST, &b);
    assert_int_equal(b.status, PIQ_OK);
    return b;
}

static piq_kt_state *decode(const piq_buf *bytes, const piq_kt_binding *b)
{
    piq_kt_state *s;
    piq_reader in;
    piq_reader_init(&in, bytes->ptr, bytes->len);
    assert_int_equal(piq_kt_state_decode(&in, b, DIGEST, &s), PIQ_OK);
    assert_ptr_equal(in.at, in.end);
    return s;
}

static void assert_same_state(const piq_kt_state *a, const piq_kt_state *b)
{
    piq_buf x = encode(a), y = encode(b);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.ptr, y.ptr, x.len);
    piq_buf_release(&x);
    piq_buf_release(&y);
}

/* To the bit, NaN included. */
static void assert_same(const piq_kt_prediction *a, const piq_kt_prediction *b)
{
    assert_true(a->p > 0.0 && a->p < 1.0);
    assert_memory_equal(&a->p, &b->p, sizeof a->p);
    for (size_t m = 0; m < PIQ_N_MEMBERS; m++)
        assert_true(a->logits[m] == b->logits[m] ||
                    (isnan(a->logits[m]) && isnan(b->logits[m])));
}

/* Writes it down, forgets it, and reads it again. */
static piq_kt_state *through_bytes(piq_kt_state *s, const piq_kt_binding *b)
{
    piq_buf bytes = encode(s);
    piq_kt_state_free(s);
    s = decode(&bytes, b);
    piq_buf_release(&bytes);
    return s;
}

/* Lives through a past, and at every answer anew from the beginning. */
static void live_and_compare(const world *w, uint64_t seed, const lived *past,
                             size_t n)
{
    piq_rng r;
    piq_rng_seed(&r, seed);
    piq_kt_state *live_one = new_state(w->b);
    piq_kt_state *again = new_state(w->b);
    for (size_t i = 0; i < n; i++) {
        const lived *k = &past[i];
        piq_kt_prediction a, b;
        piq_kt_state_clear(again);
        live(again, w->b, past, i);
        piq_kt_predict(live_one, w->b, &k->ask, &a);
        piq_kt_predict(again, w->b, &k->ask, &b);
        assert_same(&a, &b);
        if (piq_rng_below(&r, 10) == 0) {
            assert_same_state(live_one, again);
            live_one = through_bytes(live_one, w->b);
        }
        piq_kt_state_answer(live_one, w->b, &k->ask, &k->response, NULL);
    }
    assert_int_equal(piq_kt_state_answers(live_one), n);
    piq_kt_state_free(live_one);
    piq_kt_state_free(again);
}

/* 10,000 prefixes: every one of 250 learners' 40 answers. */
static void test_kt_laws__incremental_is_from_full_history(void **state)
{
    (void)state;
    enum { WORLDS = 5, EACH = 50, LENGTH = 40 };
    lived past[LENGTH];
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        world w = make_world(seed);
        for (uint64_t i = 0; i < EACH; i++) {
            make_past(100 * seed + i, w.c, past, LENGTH);
            live_and_compare(&w, i, past, LENGTH);
        }
        free_world(&w);
    }
}

static void test_kt_laws__answering_tells_what_predicting_would(void **state)
{
    (void)state;
    lived past[ANSWERS];
    world w = make_world(11);
    make_past(11, w.c, past, ANSWERS);
    piq_kt_state *s = new_state(w.b);
    for (size_t i = 0; i < ANSWERS; i++) {
        piq_kt_prediction asked, before;
        piq_kt_predict(s, w.b, &past[i].ask, &asked);
        piq_kt_state_answer(s, w.b, &past[i].ask, &past[i].response, &before);
        assert_same(&asked, &before);
    }
    piq_kt_state_free(s);
    free_world(&w);
}

static void test_kt_laws__a_copy_goes_its_own_way(void **state)
{
    (void)state;
    lived past[ANSWERS];
    world w = make_world(12);
    make_past(12, w.c, past, ANSWERS);
    piq_kt_state *s = new_state(w.b), *copy, *half = new_state(w.b);
    live(s, w.b, past, ANSWERS / 2);
    live(half, w.b, past, ANSWERS / 2);
    assert_int_equal(piq_kt_state_copy(s, &copy), PIQ_OK);
    live(copy, w.b, past + ANSWERS / 2, ANSWERS - ANSWERS / 2);
    assert_same_state(s, half);
    live(s, w.b, past + ANSWERS / 2, ANSWERS - ANSWERS / 2);
    assert_same_state(s, copy);
    piq_kt_state_free(s);
    piq_kt_state_free(copy);
    piq_kt_state_free(half);
    free_world(&w);
}

/* Learners come in turn and at random, some several times in one batch. */
static void test_kt_laws__batches_are_one_by_one(void **state)
{
    (void)state;
    lived *past = calloc(ENTRIES, sizeof *past);
    piq_kt_entry *entries = calloc(ENTRIES, sizeof *entries);
    assert_true(past && entries);
    for (uint64_t seed = 21; seed < 21 + ROUNDS; seed++) {
        world w = make_world(seed);
        make_past(seed, w.c, past, ENTRIES);
        piq_rng r;
        piq_rng_seed(&r, seed);
        piq_kt_state *batch[LEARNERS], *single[LEARNERS];
        for (size_t i = 0; i < LEARNERS; i++) {
            batch[i] = new_state(w.b);
            single[i] = new_state(w.b);
        }
        size_t who[ENTRIES];
        for (size_t i = 0; i < ENTRIES; i++) {
            who[i] = i % 200 < 100 ? i % LEARNERS : piq_rng_below(&r, LEARNERS);
            entries[i] = (piq_kt_entry){.state = batch[who[i]],
                                        .ask = past[i].ask,
                                        .response = past[i].response};
        }
        piq_kt_answer_batch(w.b, entries, ENTRIES);
        for (size_t i = 0; i < ENTRIES; i++) {
            piq_kt_prediction before;
            piq_kt_state_answer(single[who[i]], w.b, &past[i].ask,
                                &past[i].response, &before);
            assert_same(&before, &entries[i].before);
        }
        for (size_t i = 0; i < LEARNERS; i++) {
            assert_same_state(batch[i], single[i]);
            piq_kt_state_free(batch[i]);
            piq_kt_state_free(single[i]);
        }
        free_world(&w);
    }
    free(past);
    free(entries);
}

static void test_kt_laws__explanations_add_up(void **state)
{
    (void)state;
    lived past[ANSWERS];
    for (uint64_t seed = 31; seed < 31 + ROUNDS; seed++) {
        world w = make_world(seed);
        make_past(seed, w.c, past, ANSWERS);
        piq_kt_state *s = new_state(w.b);
        double base = NAN;
        for (size_t i = 0; i < ANSWERS; i++) {
            piq_kt_prediction p;
            piq_kt_explanation e;
            piq_kt_predict(s, w.b, &past[i].ask, &p);
            assert_int_equal(piq_kt_explain(s, w.b, &past[i].ask, &e), PIQ_OK);
            double sum = e.base + e.sequence + e.calibration;
            for (size_t g = 0; g < PIQ_N_FEATURE_GROUPS; g++)
                sum += e.groups[g];
            assert_true(e.p == p.p);
            assert_near(sum, e.logit, 1e-9);
            assert_near(sum, piq_logit(p.p), 1e-9);
            assert_near(e.sequence,
                        w.m->blend.weight[PIQ_MEMBER_RNN] *
                            p.logits[PIQ_MEMBER_RNN],
                        1e-12);
            /* The same for everybody: nothing was put there to make it add
             * up, but roundings (trees' values are floats). */
            if (i)
                assert_near(e.base, base, 1e-5);
            base = e.base;
            piq_kt_state_answer(s, w.b, &past[i].ask, &past[i].response, NULL);
        }
        piq_kt_state_free(s);
        free_world(&w);
    }
}

/* A member of weight 0 is neither asked nor remembered. */
static void test_kt_laws__weight_zero_is_not_computed(void **state)
{
    (void)state;
    lived past[ANSWERS];
    world w = make_world(41);
    make_past(41, w.c, past, ANSWERS);
    for (unsigned member = 0; member < PIQ_N_MEMBERS; member++) {
        double was = w.m->blend.weight[member];
        w.m->blend.weight[member] = 0.0;
        piq_kt_binding *b;
        assert_int_equal(piq_kt_bind(w.m, w.c, &b), PIQ_OK);
        piq_kt_state *s = new_state(b), *all = new_state(w.b);
        live(s, b, past, ANSWERS);
        live(all, w.b, past, ANSWERS);
        piq_kt_prediction p;
        piq_kt_predict(s, b, &past[0].ask, &p);
        for (unsigned i = 0; i < PIQ_N_MEMBERS; i++)
            assert_int_equal(isnan(p.logits[i]), i == member);
        assert_true(p.p > 0.0 && p.p < 1.0);
        piq_buf x = encode(s), y = encode(all);
        assert_int_equal(x.len < y.len, member == PIQ_MEMBER_RNN);
        piq_buf_release(&x);
        piq_buf_release(&y);
        w.m->blend.weight[member] = was;
        piq_kt_state_free(s);
        piq_kt_state_free(all);
        piq_kt_binding_free(b);
    }
    free_world(&w);
}

static piq_catalogue *read_catalogue(const char *text,
                                     const piq_catalogue *previous)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_catalogue *c = NULL;
    piq_findings findings = {0};
    piq_status status = piq_catalogue_read(&a, piq_str_of(text), previous, &c,
                                           &findings, NULL, NULL);
    piq_arena_release(&a);
    assert_int_equal(status, PIQ_OK);
    return c;
}

/* A concept and an item more, in the middle of the document: positions of what
 * was there stay. */
static piq_catalogue *grown(const piq_catalogue *previous)
{
    char *concept =
        document_with(catalogue_document, "  {\"id\": \"keys\"",
                      "  {\"id\": \"rests\", \"area\": \"rhythm\",\n"
                      "   \"level\": \"beginner\", \"name\": \"Rests\",\n"
                      "   \"can_do\": \"\"},\n  {\"id\": \"keys\"");
    char *item =
        document_with(concept, "  {\"id\": 21,",
                      "  {\"id\": 20, \"title\": \"How long a rest?\",\n"
                      "   \"concepts\": {\"rests\": 1}, \"difficulty\": 0.3},\n"
                      "  {\"id\": 21,");
    piq_catalogue *c = read_catalogue(item, previous);
    free(concept);
    free(item);
    return c;
}

static void test_kt_laws__growing_keeps_what_was_known(void **state)
{
    (void)state;
    lived past[ANSWERS], later[ANSWERS];
    piq_catalogue *old = read_catalogue(catalogue_document, NULL);
    piq_catalogue *big = grown(old);
    assert_int_equal(big->n_concepts, old->n_concepts + 1);
    assert_int_equal(big->n_items, old->n_items + 1);
    piq_kt_model *m = random_kt_model(51, old, random_kt_small(old));
    piq_kt_binding *b_old, *b_big;
    assert_int_equal(piq_kt_bind(m, old, &b_old), PIQ_OK);
    assert_int_equal(piq_kt_bind(m, big, &b_big), PIQ_OK);
    make_past(51, old, past, ANSWERS);
    make_past(52, big, later, ANSWERS);
    piq_kt_state *s = new_state(b_old), *anew = new_state(b_big);
    live(s, b_old, past, ANSWERS);
    live(anew, b_big, past, ANSWERS);
    piq_kt_prediction then, now;
    piq_kt_predict(s, b_old, &past[7].ask, &then);
    assert_int_equal(piq_kt_state_grow(s, b_big), PIQ_OK);
    piq_kt_predict(s, b_big, &past[7].ask, &now);
    assert_same(&then, &now);
    assert_same_state(s, anew);
    live(s, b_big, later, ANSWERS);
    live(anew, b_big, later, ANSWERS);
    assert_same_state(s, anew);
    piq_kt_state_free(s);
    piq_kt_state_free(anew);
    piq_kt_binding_free(b_old);
    piq_kt_binding_free(b_big);
    piq_kt_model_free(m);
    piq_catalogue_free(big);
    piq_catalogue_free(old);
}

/* A state written under the smaller catalogue is read under the bigger one. */
static void test_kt_laws__old_states_are_read_after_growing(void **state)
{
    (void)state;
    lived past[ANSWERS];
    piq_catalogue *old = read_catalogue(catalogue_document, NULL);
    piq_catalogue *big = grown(old);
    piq_kt_model *m = random_kt_model(53, old, random_kt_small(old));
    piq_kt_binding *b_old, *b_big;
    assert_int_equal(piq_kt_bind(m, old, &b_old), PIQ_OK);
    assert_int_equal(piq_kt_bind(m, big, &b_big), PIQ_OK);
    make_past(53, old, past, ANSWERS);
    piq_kt_state *s = new_state(b_old);
    live(s, b_old, past, ANSWERS);
    piq_buf bytes = encode(s);
    piq_kt_state *read = decode(&bytes, b_big);
    piq_kt_prediction then, now;
    piq_kt_predict(s, b_old, &past[7].ask, &then);
    piq_kt_predict(read, b_big, &past[7].ask, &now);
    assert_same(&then, &now);
    piq_buf_release(&bytes);
    piq_kt_state_free(s);
    piq_kt_state_free(read);
    piq_kt_binding_free(b_old);
    piq_kt_binding_free(b_big);
    piq_kt_model_free(m);
    piq_catalogue_free(big);
    piq_catalogue_free(old);
}

/* Models made for one curriculum, asked about another: nothing is known by its
 * id, so all falls back to the curriculum, and still lives and explains. */
static void test_kt_laws__unknown_items_and_concepts_are_answered(void **state)
{
    (void)state;
    lived past[ANSWERS];
    world w = make_world(61);
    piq_catalogue *other = read_catalogue(catalogue_document, NULL);
    piq_kt_binding *b;
    assert_int_equal(piq_kt_bind(w.m, other, &b), PIQ_OK);
    make_past(61, other, past, ANSWERS);
    piq_kt_state *s = new_state(b);
    for (size_t i = 0; i < ANSWERS; i++) {
        piq_kt_prediction before;
        piq_kt_explanation e;
        assert_int_equal(piq_kt_explain(s, b, &past[i].ask, &e), PIQ_OK);
        piq_kt_state_answer(s, b, &past[i].ask, &past[i].response, &before);
        assert_true(before.p > 0.0 && before.p < 1.0 && before.p == e.p);
    }
    s = through_bytes(s, b);
    assert_int_equal(piq_kt_state_answers(s), ANSWERS);
    piq_kt_state_free(s);
    piq_kt_binding_free(b);
    piq_catalogue_free(other);
    free_world(&w);
}

static piq_belief mastery_of(const piq_kt_state *s, const world *w,
                             piq_concept_ix concept, int64_t at_us, double sd)
{
    piq_belief b = {.sd_logit = sd, .recall = 0.5, .n_answers = 3};
    piq_kt_mastery(s, w->b, &concept, 1, at_us, &b);
    return b;
}

/* At the same instant, whatever the model thinks, which is random here. */
static void test_kt_laws__mastery_goes_with_the_answer(void **state)
{
    (void)state;
    lived past[ANSWERS];
    size_t against = 0;
    for (uint64_t seed = 81; seed < 81 + ROUNDS; seed++) {
        world w = make_world(seed);
        make_past(seed, w.c, past, ANSWERS);
        piq_kt_state *s = new_state(w.b);
        for (size_t i = 0; i < ANSWERS; i++) {
            const piq_ask *ask = &past[i].ask;
            bool right = past[i].response.score > 0.5f;
            piq_belief before[MAX_WEIGHTS];
            assert_true(ask->n_concepts <= MAX_WEIGHTS);
            for (size_t k = 0; k < ask->n_concepts; k++)
                before[k] = mastery_of(s, &w, ask->concepts[k].concept,
                                       ask->at_us, 0.5);
            piq_kt_state_answer(s, w.b, ask, &past[i].response, NULL);
            for (size_t k = 0; k < ask->n_concepts; k++) {
                piq_belief now = mastery_of(s, &w, ask->concepts[k].concept,
                                            ask->at_us, 0.5);
                double up = now.ability_logit - before[k].ability_logit;
                assert_true(right ? up >= 0.0 : up <= 0.0);
                /* All but equal can only come from holding. */
                against += fabs(up) < 1e-6;
            }
        }
        piq_kt_state_free(s);
        free_world(&w);
    }
    assert_true(against > ANSWERS);
}

static void test_kt_laws__mastery_tells_an_interval(void **state)
{
    (void)state;
    lived past[ANSWERS];
    world w = make_world(91);
    make_past(91, w.c, past, ANSWERS);
    piq_kt_state *s = new_state(w.b);
    live(s, w.b, past, ANSWERS);
    int64_t at = past[ANSWERS - 1].ask.at_us;
    for (uint16_t i = 0; i < w.c->n_concepts; i++) {
        piq_concept_ix k = {i};
        piq_belief sure = mastery_of(s, &w, k, at, 0.1);
        piq_belief open = mastery_of(s, &w, k, at, 1.0);
        double middle = piq_difficulty_logit(w.c->concepts[i].difficulty);
        assert_near(sure.mastery, piq_sigmoid(sure.ability_logit - middle),
                    1e-12);
        assert_true(sure.mastery == open.mastery);
        assert_true(open.mastery_low < sure.mastery_low &&
                    sure.mastery_low < sure.mastery &&
                    sure.mastery < sure.mastery_high &&
                    sure.mastery_high < open.mastery_high);
        assert_true(open.sd_logit >= 1.0 && sure.sd_logit >= 0.1);
        /* What is not its business is left. */
        assert_true(sure.recall == 0.5 && sure.n_answers == 3);
    }
    piq_kt_state_free(s);
    free_world(&w);
}

/* Held back for a while only: in the end it is the model's word. */
static void test_kt_laws__what_is_held_fades(void **state)
{
    (void)state;
    lived past[ANSWERS];
    world w = make_world(92);
    make_past(92, w.c, past, ANSWERS);
    piq_kt_state *s = new_state(w.b);
    live(s, w.b, past, ANSWERS / 2);
    double most = 0.0;
    for (uint16_t i = 0; i < w.c->n_concepts; i++) {
        piq_belief b =
            mastery_of(s, &w, (piq_concept_ix){i}, START_US * 2, 0.0);
        most = fmax(most, b.sd_logit);
    }
    assert_true(most > 0.01);
    /* 400 answers to concept 0 alone: .9^400 of the others' is left. */
    piq_concept_weight zero = {{0}, 1.0};
    piq_ask ask = {{PIQ_NO_IX32}, &zero, 1, START_US * 2};
    piq_response right = {.score = 1.0f};
    for (int i = 0; i < 400; i++)
        piq_kt_state_answer(s, w.b, &ask, &right, NULL);
    for (uint16_t i = 1; i < w.c->n_concepts; i++) {
        piq_belief b =
            mastery_of(s, &w, (piq_concept_ix){i}, START_US * 2, 0.0);
        assert_true(b.sd_logit < 1e-12);
    }
    piq_kt_state_free(s);
    free_world(&w);
}

/* Where only predictions are wanted, they are the same, and less is kept. */
static void test_kt_laws__mastery_may_be_left_out(void **state)
{
    (void)state;
    lived past[ANSWERS];
    world w = make_world(93);
    make_past(93, w.c, past, ANSWERS);
    piq_kt_binding *plain;
    assert_int_equal(piq_kt_bind(w.m, w.c, &plain), PIQ_OK);
    piq_kt_binding_keep_mastery(plain, false);
    piq_kt_state *a = new_state(w.b), *b = new_state(plain);
    for (size_t i = 0; i < ANSWERS; i++) {
        const lived *k = &past[i];
        piq_kt_prediction x, y;
        piq_kt_state_answer(a, w.b, &k->ask, &k->response, &x);
        piq_kt_state_answer(b, plain, &k->ask, &k->response, &y);
        assert_same(&x, &y);
    }
    piq_buf x = encode(a), y = encode(b);
    assert_true(y.len < x.len);
    piq_kt_state *back = NULL;
    piq_reader in;
    piq_reader_init(&in, y.ptr, y.len);
    assert_int_equal(piq_kt_state_decode(&in, w.b, DIGEST, &back), PIQ_ESTALE);
    piq_buf_release(&x);
    piq_buf_release(&y);
    piq_kt_state_free(a);
    piq_kt_state_free(b);
    piq_kt_binding_free(plain);
    free_world(&w);
}

/* A data set has no catalogue of its items, only their names. */
static void test_kt_laws__names_bind_as_a_catalogue_does(void **state)
{
    (void)state;
    lived past[ANSWERS];
    piq_catalogue *c = random_catalogue(95, 3, 12, 30);
    random_kt_size size = random_kt_small(c);
    size.items_known = c->n_items;
    piq_kt_model *m = random_kt_model(95, c, size);
    int64_t *items = calloc(c->n_items, sizeof *items);
    piq_str *concepts = calloc(c->n_concepts, sizeof *concepts);
    assert_true(items && concepts);
    for (size_t i = 0; i < c->n_items; i++)
        items[i] = c->items[i].id.v;
    for (size_t i = 0; i < c->n_concepts; i++)
        concepts[i] = c->concepts[i].id;
    piq_item_names names = {items, c->n_items, concepts, c->n_concepts};
    piq_kt_binding *by_names, *by_catalogue;
    assert_int_equal(piq_kt_bind_names(m, c, &names, &by_names), PIQ_OK);
    assert_int_equal(piq_kt_bind(m, c, &by_catalogue), PIQ_OK);
    free(items);
    free(concepts);
    piq_kt_state *a = new_state(by_names), *b = new_state(by_catalogue);
    make_past(95, c, past, ANSWERS);
    for (size_t i = 0; i < ANSWERS; i++) {
        const lived *k = &past[i];
        piq_kt_prediction x, y;
        piq_kt_state_answer(a, by_names, &k->ask, &k->response, &x);
        piq_kt_state_answer(b, by_catalogue, &k->ask, &k->response, &y);
        assert_same(&x, &y);
    }
    piq_kt_state_free(a);
    piq_kt_state_free(b);
    piq_kt_binding_free(by_names);
    piq_kt_binding_free(by_catalogue);
    piq_kt_model_free(m);
    piq_catalogue_free(c);
}

static void test_kt_laws__another_models_state_is_not_read(void **state)
{
    (void)state;
    world w = make_world(71);
    piq_kt_state *s = new_state(w.b), *back = NULL;
    piq_buf bytes = encode(s);
    piq_reader in;
    piq_reader_init(&in, bytes.ptr, bytes.len);
    assert_int_equal(piq_kt_state_decode(&in, w.b, DIGEST + 1, &back),
                     PIQ_ESTALE);
    assert_null(back);
    piq_buf_release(&bytes);
    piq_kt_state_free(s);
    free_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kt_laws__incremental_is_from_full_history),
        cmocka_unit_test(test_kt_laws__answering_tells_what_predicting_would),
        cmocka_unit_test(test_kt_laws__a_copy_goes_its_own_way),
        cmocka_unit_test(test_kt_laws__batches_are_one_by_one),
        cmocka_unit_test(test_kt_laws__explanations_add_up),
        cmocka_unit_test(test_kt_laws__weight_zero_is_not_computed),
        cmocka_unit_test(test_kt_laws__growing_keeps_what_was_known),
        cmocka_unit_test(test_kt_laws__old_states_are_read_after_growing),
        cmocka_unit_test(test_kt_laws__unknown_items_and_concepts_are_answered),
        cmocka_unit_test(test_kt_laws__mastery_goes_with_the_answer),
        cmocka_unit_test(test_kt_laws__mastery_tells_an_interval),
        cmocka_unit_test(test_kt_laws__what_is_held_fades),
        cmocka_unit_test(test_kt_laws__mastery_may_be_left_out),
        cmocka_unit_test(test_kt_laws__names_bind_as_a_catalogue_does),
        cmocka_unit_test(test_kt_laws__another_models_state_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
