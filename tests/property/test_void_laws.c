/* threads:tsan
 * Whatever was voided, whenever and in whatever company: the learner is the one
 * who never did it, and a rebuild gives the same bytes. The learner's place in
 * the events alone tells that there was more. */
#include "engine/voids.h"

#include "base/rng.h"
#include "engine/pause.h"
#include "learner/learner.h"
#include "support/engine_fixture.h"
#include "support/engine_models.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { USER = 1, OTHER = 2, MOST = 200 };

static piq_str text(engine_fixture *f, const char *form, size_t i)
{
    char id[64];
    int len = snprintf(id, sizeof id, form, i);
    piq_str s = {piq_arena_strndup(&f->a, id, (size_t)len), (size_t)len};
    assert_non_null(s.ptr);
    return s;
}

static piq_event void_of(engine_fixture *f, piq_str id, size_t number,
                         int64_t after_s)
{
    piq_event e = fixture_event(f, 0, after_s, PIQ_EV_VOIDED);
    e.event_id = text(f, "void-%zu", number);
    e.u.voided = (piq_voided_event){id};
    return e;
}

/* ---- comparing ---------------------------------------------------------- */

/* The twin's state, had it come as far in its events. */
static piq_str at_place_of(engine_fixture *f, engine_fixture *twin,
                           const piq_learner *l)
{
    piq_learner *other;
    piq_buf b;
    piq_model_hold *m = piq_engine_model(twin->e);
    piq_str body = fixture_state(twin, USER, NULL);
    if (!body.len)
        return body;
    if (piq_learner_decode(body, l->user, piq_engine_catalogue(twin->e),
                           piq_model_tracing(m), &other, &f->err))
        fail_msg("%s", f->err.message);
    other->n_events = l->n_events;
    other->last_us = l->last_us;
    memcpy(other->last_event_id, l->last_event_id, sizeof l->last_event_id);
    piq_buf_init(&b, 0);
    piq_learner_encode(other, &b);
    body = piq_buf_keep(&b, &f->a);
    assert_non_null(body.ptr);
    piq_buf_release(&b);
    piq_learner_free(other);
    piq_model_release(m);
    return body;
}

/* The learner of n events is the twin, but for the place. */
static void check_same(engine_fixture *f, engine_fixture *twin, size_t n)
{
    piq_learner_ref ref;
    if (piq_engine_learner(f->e, (piq_user_id){USER}, &ref, &f->err))
        fail_msg("%s", f->err.message);
    assert_int_equal(ref.learner->n_events, n);
    piq_str body = at_place_of(f, twin, ref.learner);
    if (!body.len)
        assert_false(piq_learner_has_begun(ref.learner));
    else if (!piq_str_eq(fixture_state(f, USER, NULL), body))
        fail_msg("the learner is not the one who never did it");
    piq_learner_ref_release(&ref);
    fixture_check_replay(f, USER);
}

/* The same, where the twin did this alone; ends both. */
static void end_as(engine_fixture *f, size_t n, const piq_event *alone,
                   size_t n_alone)
{
    engine_fixture *twin = fixture_new(NULL);
    if (n_alone)
        fixture_post(twin, USER, alone, n_alone);
    check_same(f, twin, n);
    fixture_free(twin);
    fixture_free(f);
}

/* ---- random histories --------------------------------------------------- */

typedef struct history {
    engine_fixture *f;
    piq_rng rng;
    piq_event *list; /* as simulated */
    size_t n, n_voids;
    bool is_voided[MOST];
    size_t order[MOST]; /* of arrival */
} history;

static void shuffle(history *h, size_t reach)
{
    for (size_t i = 0; i < h->n; i++)
        h->order[i] = i;
    for (size_t i = h->n; i-- > 1;) {
        size_t far = i < reach ? i : reach;
        size_t k = i - (size_t)piq_rng_below(&h->rng, far + 1),
               at = h->order[i];
        h->order[i] = h->order[k];
        h->order[k] = at;
    }
}

/* Anywhere in the order, also before what it voids. */
static piq_event next_void(history *h, size_t of)
{
    return void_of(h->f, h->list[of].event_id, h->n_voids++,
                   (int64_t)piq_rng_below(&h->rng, 100 * 86400));
}

/* What was posted and is to be voided is, sooner or later. */
static void post_some_voids(history *h, bool *posted, bool all)
{
    piq_event voids[MOST];
    size_t n = 0;
    for (size_t i = 0; i < h->n; i++) {
        if (!posted[i] || !h->is_voided[i] ||
            !(all || piq_rng_below(&h->rng, 3) == 0))
            continue;
        posted[i] = false;
        voids[n++] = next_void(h, i);
    }
    if (!n)
        return;
    fixture_posted p = fixture_post(h->f, USER, voids, n);
    assert_int_equal(p.n_accepted, n);
}

/* Events come in pieces, some together with what voids them. */
static void post_piece(history *h, size_t from, size_t to, bool *posted)
{
    piq_event piece[2 * MOST];
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        size_t at = h->order[i];
        bool together = h->is_voided[at] && piq_rng_below(&h->rng, 4) == 0;
        bool before = piq_rng_below(&h->rng, 2);
        if (together && before)
            piece[n++] = next_void(h, at);
        piece[n++] = h->list[at];
        if (together && !before)
            piece[n++] = next_void(h, at);
        posted[at] = !together;
    }
    fixture_posted p = fixture_post(h->f, USER, piece, n);
    assert_int_equal(p.n_accepted, n);
}

static engine_fixture *begin(uint64_t seed, bool model)
{
    engine_fixture *f = fixture_new(NULL);
    if (model) {
        engine_promote_random(f->e, seed);
        engine_adopt(f->e);
    }
    return f;
}

/* As another process finds it, too. */
static void check_twin(history *h, uint64_t seed, bool model)
{
    engine_fixture *twin = begin(seed, model);
    for (size_t i = 0; i < h->n; i++)
        if (!h->is_voided[i])
            fixture_post(twin, USER, &h->list[i], 1);
    check_same(h->f, twin, h->n + h->n_voids);
    fixture_reopen(h->f);
    check_same(h->f, twin, h->n + h->n_voids);
    fixture_free(twin);
}

static void check_history(uint64_t seed, unsigned one_in, bool model)
{
    history h = {.f = begin(seed, model), .n = 30 + seed % 130};
    bool posted[MOST] = {false};
    piq_rng_seed(&h.rng, seed);
    h.list =
        fixture_simulate(h.f, piq_engine_catalogue(h.f->e), seed, USER, &h.n);
    for (size_t i = 0; i < h.n; i++)
        h.is_voided[i] = piq_rng_below(&h.rng, one_in) == 0;
    shuffle(&h, seed % 2 ? 5 : h.n);
    for (size_t i = 0; i < h.n;) {
        size_t to = i + 1 + (size_t)piq_rng_below(&h.rng, 20);
        if (to > h.n)
            to = h.n;
        post_piece(&h, i, to, posted);
        if (piq_rng_below(&h.rng, 3) == 0)
            post_some_voids(&h, posted, false);
        i = to;
    }
    post_some_voids(&h, posted, true);
    check_twin(&h, seed, model);
    fixture_free(h.f);
}

static void test_void__is_as_if_it_had_never_been(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        check_history(seed, 2 + (unsigned)(seed % 7), false);
}

static void test_void__all_of_it_leaves_nothing(void **state)
{
    (void)state;
    check_history(77, 1, false);
}

static void test_void__under_a_trained_model(void **state)
{
    (void)state;
    for (uint64_t seed = 101; seed <= 104; seed++)
        check_history(seed, 4, true);
}

/* Any one event of a history: of each kind, at the beginning and at the end. */
static void test_void__any_one_event(void **state)
{
    (void)state;
    size_t n = 40;
    for (size_t k = 0; k < n; k += 3) {
        engine_fixture *f = fixture_new(NULL);
        piq_event *list =
            fixture_simulate(f, piq_engine_catalogue(f->e), 9, USER, &n);
        piq_event v = void_of(f, list[k].event_id, k, 200 * 86400);
        fixture_post(f, USER, list, n);
        fixture_post(f, USER, &v, 1);
        memmove(list + k, list + k + 1, (n - k - 1) * sizeof *list);
        end_as(f, n + 1, list, n - 1);
    }
}

/* ---- what may be voided ------------------------------------------------- */

static piq_status post_one(engine_fixture *f, int64_t user, piq_event e)
{
    return fixture_post_to(f->e, user, &e, 1, -1).status;
}

static void test_void__again_changes_nothing(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_event x[] = {fixture_answer(f, 1, 10, 1), fixture_answer(f, 2, 20, 0)};
    piq_event v = void_of(f, x[0].event_id, 1, 30);
    piq_event other = void_of(f, x[0].event_id, 2, 40);
    fixture_post(f, USER, x, 2);
    fixture_posted first = fixture_post(f, USER, &v, 1);
    assert_int_equal(first.n_accepted, 1);
    fixture_posted p = fixture_post(f, USER, &v, 1);
    assert_int_equal(p.n_duplicates, 1);
    assert_int_equal(p.version, first.version);
    p = fixture_post(f, USER, &other, 1);
    assert_int_equal(p.n_duplicates, 1);
    assert_int_equal(p.version, first.version);
    /* Nor does the event itself, when it is sent again. */
    p = fixture_post(f, USER, x, 1);
    assert_int_equal(p.n_duplicates, 1);
    end_as(f, 3, &x[1], 1);
}

static void test_void__of_the_same_event_twice_in_one_operation(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_event x = fixture_answer(f, 1, 10, 1), y = fixture_answer(f, 2, 9, 1);
    piq_event list[] = {void_of(f, x.event_id, 1, 30), y,
                        void_of(f, x.event_id, 2, 31),
                        void_of(f, y.event_id, 3, 8)};
    fixture_post(f, USER, &x, 1);
    fixture_posted p = fixture_post(f, USER, list, 4);
    assert_int_equal(p.n_accepted, 3);
    assert_int_equal(p.n_duplicates, 1);
    end_as(f, 4, NULL, 0);
}

static void test_void__is_refused(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    int64_t version, after;
    piq_event x = fixture_answer(f, 1, 10, 1), y = fixture_answer(f, 2, 20, 0);
    piq_event v = void_of(f, x.event_id, 1, 30);
    fixture_post(f, USER, &x, 1);
    fixture_post(f, USER, &v, 1);
    fixture_post(f, OTHER, &y, 1);
    piq_str before = fixture_state(f, USER, &version);
    /* An id of nobody, and one of another learner. */
    assert_int_equal(post_one(f, USER, void_of(f, PIQ_STR("none"), 2, 30)),
                     PIQ_EINVAL);
    assert_int_equal(post_one(f, USER, void_of(f, y.event_id, 3, 30)),
                     PIQ_EINVAL);
    /* A void, stored or in the same operation. */
    assert_int_equal(post_one(f, USER, void_of(f, v.event_id, 4, 30)),
                     PIQ_ECONFLICT);
    piq_event both[] = {void_of(f, text(f, "void-%zu", 6), 5, 30),
                        void_of(f, x.event_id, 6, 30)};
    both[1].u.voided.voids = y.event_id;
    fixture_posted p = fixture_post_to(f->e, OTHER, both, 2, -1);
    assert_int_equal(p.status, PIQ_ECONFLICT);
    assert_int_equal(p.at_event, 0);
    both[0].event_id = text(f, "void-%zu", 7);
    piq_event swapped[] = {both[1], both[0]};
    p = fixture_post_to(f->e, OTHER, swapped, 2, -1);
    assert_int_equal(p.status, PIQ_ECONFLICT);
    assert_int_equal(p.at_event, 1);
    assert_string_equal(p.err.where, "/voids");
    /* A learner whom nobody knows. */
    assert_int_equal(post_one(f, 99, void_of(f, x.event_id, 8, 30)),
                     PIQ_EINVAL);
    assert_true(piq_str_eq(before, fixture_state(f, USER, &after)));
    assert_int_equal(version, after);
    fixture_state(f, 99, &after);
    assert_int_equal(after, 0);
    fixture_free(f);
}

/* With a repeat of the event, or with one of another body. */
static void test_void__comes_with_a_repeat(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_event x = fixture_answer(f, 1, 10, 1);
    piq_event list[] = {x, void_of(f, x.event_id, 1, 30)};
    fixture_post(f, USER, &x, 1);
    fixture_posted p = fixture_post(f, USER, list, 2);
    assert_int_equal(p.n_accepted, 1);
    assert_int_equal(p.n_duplicates, 1);
    end_as(f, 2, NULL, 0);
}

static void run_alone(engine_fixture *f, piq_op_kind kind)
{
    piq_op *op = piq_op_new(kind, (piq_user_id){USER}, FIXTURE_NOW_US);
    assert_non_null(op);
    assert_int_equal(piq_engine_run(f->e, op), PIQ_OK);
    piq_op_free(op);
}

static void test_void__of_a_learner_who_has_paused(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_event x[] = {fixture_answer(f, 1, 10, 1), fixture_answer(f, 2, 20, 0),
                     fixture_answer(f, 3, 30, 0)};
    piq_event v = void_of(f, x[0].event_id, 1, 30);
    piq_event both[] = {void_of(f, x[1].event_id, 2, 30), x[2]};
    fixture_post(f, USER, x, 2);
    run_alone(f, PIQ_OP_PAUSE);
    fixture_posted p = fixture_post(f, USER, &v, 1);
    assert_int_equal(p.n_accepted, 1);
    p = fixture_post_to(f->e, USER, both, 2, -1);
    assert_int_equal(p.status, PIQ_EDENIED);
    end_as(f, 3, &x[1], 1);
}

/* ---- what hangs on it --------------------------------------------------- */

static piq_recommendation_row offer(engine_fixture *f, int64_t id)
{
    piq_store *s = piq_engine_store(f->e);
    piq_recommendation_row row;
    if (s->ops->recommendation(s, &f->a, (piq_user_id){USER}, id, &row,
                               &f->err))
        fail_msg("%s", f->err.message);
    return row;
}

static piq_event feedback(engine_fixture *f, unsigned id, int64_t offered,
                          piq_user_action action, uint8_t score)
{
    piq_event e =
        fixture_event(f, id, 1000 + id, PIQ_EV_RECOMMENDATION_FEEDBACK);
    e.u.feedback = (piq_feedback_event){.recommendation_id = offered,
                                        .content = {PIQ_NO_IX32},
                                        .action = action,
                                        .feedback_score = score};
    return e;
}

static void check_offer(engine_fixture *f, int64_t id, piq_user_action action,
                        uint8_t score)
{
    piq_recommendation_row row = offer(f, id);
    assert_int_equal(row.action, action);
    assert_int_equal(row.feedback_score, score);
}

static void test_void__of_feedback_leaves_what_the_rest_says(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    piq_event x = fixture_answer(f, 1, 10, 1);
    fixture_post(f, USER, &x, 1);
    piq_op_free(fixture_run(f, PIQ_OP_SLATE, USER, FIXTURE_NOW_US));
    piq_event list[] = {feedback(f, 11, 1, PIQ_ACTION_ACCEPTED, 0),
                        feedback(f, 12, 1, PIQ_ACTION_DISMISSED, 2),
                        feedback(f, 13, 2, PIQ_ACTION_ACCEPTED, 5),
                        feedback(f, 14, 1, PIQ_ACTION_NONE, 4)};
    fixture_post(f, USER, list, 4);
    check_offer(f, 1, PIQ_ACTION_DISMISSED, 4);
    piq_event v = void_of(f, list[1].event_id, 1, 2000);
    fixture_post(f, USER, &v, 1);
    check_offer(f, 1, PIQ_ACTION_ACCEPTED, 4);
    v = void_of(f, list[3].event_id, 2, 2000);
    fixture_post(f, USER, &v, 1);
    check_offer(f, 1, PIQ_ACTION_ACCEPTED, 0);
    check_offer(f, 2, PIQ_ACTION_ACCEPTED, 5);
    /* The last of it, with news of the same. */
    piq_event both[] = {void_of(f, list[0].event_id, 3, 2000),
                        feedback(f, 15, 1, PIQ_ACTION_NONE, 1),
                        void_of(f, list[2].event_id, 4, 2000)};
    fixture_post(f, USER, both, 3);
    check_offer(f, 1, PIQ_ACTION_NONE, 1);
    check_offer(f, 2, PIQ_ACTION_NONE, 0);
    fixture_check_replay(f, USER);
    fixture_free(f);
}

/* What was shown and planned before and after is made again. */
static void test_void__slates_and_paths_are_replayed(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    size_t n = 60;
    piq_event *list =
        fixture_simulate(f, piq_engine_catalogue(f->e), 4, USER, &n);
    piq_rng rng;
    piq_path_replay path;
    piq_rng_seed(&rng, 5);
    for (size_t i = 0; i < n; i += 10) {
        fixture_post(f, USER, list + i, 10);
        for (int k = 0; k < 2; k++) {
            int64_t now_us = FIXTURE_NOW_US + (int64_t)i * 1000000;
            piq_op_free(fixture_run(f, PIQ_OP_PATH, USER, now_us));
            piq_op_free(fixture_run(f, PIQ_OP_SLATE, USER, now_us));
            size_t at = piq_rng_below(&rng, i + 10);
            piq_event v = void_of(f, list[at].event_id, i + (size_t)k, 900);
            fixture_post(f, USER, &v, 1);
        }
    }
    if (piq_engine_replay_path(f->e, (piq_user_id){USER}, &path, &f->err))
        fail_msg("%s", f->err.message);
    assert_int_equal(path, PIQ_PATH_SAME);
    piq_store *s = piq_engine_store(f->e);
    piq_recommendation_row *shown;
    size_t n_shown;
    assert_int_equal(s->ops->recommendations(s, &f->a, (piq_user_id){USER},
                                             1000, &shown, &n_shown, &f->err),
                     PIQ_OK);
    assert_true(n_shown > 20);
    for (size_t i = 0; i < n_shown; i++) {
        piq_slate_replay same;
        piq_buf said;
        piq_buf_init(&said, 0);
        assert_int_equal(
            piq_engine_replay_slate(f->e, shown[i].id, &same, &said, &f->err),
            PIQ_OK);
        if (same != PIQ_SLATE_SAME)
            fail_msg("%.*s", (int)said.len, said.ptr);
        piq_buf_release(&said);
    }
    fixture_free(f);
}

static void test_void__an_import_takes_it(void **state)
{
    (void)state;
    engine_fixture *f = fixture_new(NULL);
    size_t n = 100;
    piq_bulk *b;
    piq_bulk_totals t;
    piq_event *list =
        fixture_simulate(f, piq_engine_catalogue(f->e), 6, USER, &n);
    assert_int_equal(piq_bulk_begin(f->e, NULL, NULL, &b, &f->err), PIQ_OK);
    for (size_t i = 0; i < n; i++) {
        list[i].user.v = USER;
        assert_int_equal(piq_bulk_add(b, &list[i], &f->err), PIQ_OK);
        if (i % 9 == 4) {
            piq_event v = void_of(f, list[i - 3].event_id, i, 500);
            v.user.v = USER;
            assert_int_equal(piq_bulk_add(b, &v, &f->err), PIQ_OK);
            assert_int_equal(piq_bulk_add(b, &v, &f->err), PIQ_OK);
        }
    }
    piq_event of_void = void_of(f, text(f, "void-%zu", 4), 999, 500);
    of_void.user.v = USER;
    assert_int_equal(piq_bulk_add(b, &of_void, &f->err), PIQ_ECONFLICT);
    assert_string_equal(f->err.message, "what voids cannot be voided");
    assert_int_equal(piq_bulk_end(b, &t, &f->err), PIQ_OK);
    assert_int_equal(t.accepted, n + 11);
    assert_int_equal(t.duplicates, 11);
    size_t n_left = 0;
    for (size_t i = 0; i < n; i++)
        if (i % 9 != 1 || i + 3 >= n)
            list[n_left++] = list[i];
    end_as(f, n + 11, list, n_left);
}

/* ---- what is learned of all --------------------------------------------- */

static double answers_in_calibrations(engine_fixture *f)
{
    piq_store *s = piq_engine_store(f->e);
    piq_calibration_entry *list;
    size_t n;
    double sum = 0;
    assert_int_equal(s->ops->calibrations(s, &f->a, &list, &n, &f->err),
                     PIQ_OK);
    for (size_t i = 0; i < n; i++)
        sum += list[i].item.estimate.n;
    return sum;
}

static bool is_calibrated(void *ctx)
{
    return piq_engine_calibration(((engine_fixture *)ctx)->e) > 0;
}

static void test_void__calibration_passes_over_it(void **state)
{
    (void)state;
    piq_engine_config c = fixture_quiet();
    engine_fixture *f = fixture_new(&c);
    size_t n_items = piq_engine_catalogue(f->e)->n_items;
    piq_event voids[3];
    for (unsigned i = 0; i < 20; i++) {
        piq_event x = fixture_answer(f, i, 60 * i, 1);
        x.u.answer.item.v = i % (uint32_t)(n_items < 2 ? n_items : 2);
        fixture_post(f, USER, &x, 1);
        if (i % 7 == 0)
            voids[i / 7] = void_of(f, x.event_id, i, 5000);
    }
    fixture_post(f, USER, voids, 3);
    f->config.calibrate_every = 10;
    f->config.maintain_ms = 5;
    fixture_reopen(f);
    fixture_await(is_calibrated, f);
    assert_true(answers_in_calibrations(f) == 17);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_void__is_as_if_it_had_never_been),
        cmocka_unit_test(test_void__all_of_it_leaves_nothing),
        cmocka_unit_test(test_void__under_a_trained_model),
        cmocka_unit_test(test_void__any_one_event),
        cmocka_unit_test(test_void__again_changes_nothing),
        cmocka_unit_test(test_void__of_the_same_event_twice_in_one_operation),
        cmocka_unit_test(test_void__is_refused),
        cmocka_unit_test(test_void__comes_with_a_repeat),
        cmocka_unit_test(test_void__of_a_learner_who_has_paused),
        cmocka_unit_test(test_void__of_feedback_leaves_what_the_rest_says),
        cmocka_unit_test(test_void__slates_and_paths_are_replayed),
        cmocka_unit_test(test_void__an_import_takes_it),
        cmocka_unit_test(test_void__calibration_passes_over_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
