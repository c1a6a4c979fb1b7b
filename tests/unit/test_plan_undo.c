/* A wish that is taken back: the path and the recommendations are what they
 * were, and what they would have been where something else has happened
 * meanwhile. */
#include "engine/engine.h"

#include "base/calendar.h"
#include "support/engine_fixture.h"
#include "support/habit_maker.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { USER = 7, N_EVENTS = 120 };

/* A learner of the poker curriculum, and the moment after all they did. */
typedef struct world {
    engine_fixture *f;
    const piq_catalogue *c;
    piq_event *events;
    size_t n_events;
    int64_t now_us;
    unsigned n_told;
} world;

static piq_event event_of(world *w, piq_event_type type)
{
    piq_event e = fixture_event(w->f, 500 + ++w->n_told, 0, type);
    w->now_us += PIQ_US_PER_SECOND;
    e.at_us = w->now_us;
    return e;
}

static world *world_on(const piq_engine_config *config)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->f = fixture_bare(config);
    fixture_load_file(w->f, "content/poker.json");
    w->c = piq_engine_catalogue(w->f->e);
    w->n_events = N_EVENTS;
    w->events = fixture_simulate(w->f, w->c, 3, USER, &w->n_events);
    fixture_post(w->f, USER, w->events, w->n_events);
    w->now_us = w->events[w->n_events - 1].at_us + PIQ_US_PER_MINUTE;
    piq_event stated = event_of(w, PIQ_EV_PROFILE_STATED);
    stated.u.stated =
        (piq_stated){.has = PIQ_STATED_MINUTES,
                     .minutes_per_weekday = {45, 45, 45, 45, 45, 60, 60}};
    fixture_post(w->f, USER, &stated, 1);
    piq_event goal = event_of(w, PIQ_EV_GOAL_SET);
    goal.u.goal = (piq_goal){.set = true,
                             .target_skill_level = PIQ_EXPERT,
                             .timeline_day = INT32_MAX};
    fixture_post(w->f, USER, &goal, 1);
    return w;
}

static world *world_new(void)
{
    return world_on(NULL);
}

static void world_free(world *w)
{
    fixture_free(w->f);
    free(w);
}

static int set_up(void **state)
{
    *state = world_new();
    return 0;
}

static int tear_down(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- telling ------------------------------------------------------------- */

static piq_event wish_of(world *w, piq_control_kind kind)
{
    piq_event e = event_of(w, PIQ_EV_PATH_CONTROLLED);
    e.u.control = piq_control_of(kind);
    return e;
}

static piq_str wish(world *w, piq_control_kind kind, uint32_t content)
{
    piq_event e = wish_of(w, kind);
    e.u.control.content.v = content;
    fixture_post(w->f, USER, &e, 1);
    return e.event_id;
}

static void tell(world *w, piq_control_kind kind)
{
    wish(w, kind, PIQ_NO_IX32);
}

static piq_event answer_of(world *w, uint32_t item, float score)
{
    piq_event e = event_of(w, PIQ_EV_ANSWER);
    e.u.answer = (piq_answer){.item = {item % (uint32_t)w->c->n_items},
                              .content = {PIQ_NO_IX32},
                              .score = score,
                              .response_ms = 4000};
    return e;
}

static void answer(world *w, uint32_t item, float score)
{
    piq_event e = answer_of(w, item, score);
    fixture_post(w->f, USER, &e, 1);
}

/* ---- looking ------------------------------------------------------------- */

/* The whole reply, in the fixture's arena. */
static piq_str reply_of(piq_engine *e, world *w)
{
    piq_op *op = piq_op_new(PIQ_OP_PATH, (piq_user_id){USER}, w->now_us);
    if (piq_engine_run(e, op))
        fail_msg("%s (%s)", op->err.message, op->err.where);
    const char *copy =
        piq_arena_strndup(&w->f->a, op->path_json.ptr, op->path_json.len);
    piq_str reply = {copy, op->path_json.len};
    assert_non_null(copy);
    piq_op_free(op);
    return reply;
}

/* What it says between two members. */
static piq_str between(piq_str s, const char *from, const char *to)
{
    const char *a = memmem(s.ptr, s.len, from, strlen(from));
    assert_non_null(a);
    const char *b = memmem(a, s.len - (size_t)(a - s.ptr), to, strlen(to));
    assert_non_null(b);
    return (piq_str){a, (size_t)(b - a)};
}

static piq_str path_by(piq_engine *e, world *w)
{
    return between(reply_of(e, w), "\"path_config\":", ",\"undo\":");
}

/* Steps, position, completion and the controls in force. */
static piq_str path(world *w)
{
    return path_by(w->f->e, w);
}

static void same(piq_str a, piq_str b)
{
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.ptr, b.ptr, a.len);
}

static void differ(piq_str a, piq_str b)
{
    assert_false(piq_str_eq(a, b));
}

static json_t *parsed(piq_str s)
{
    json_t *root = json_loadb(s.ptr, s.len, 0, NULL);
    assert_non_null(root);
    return root;
}

/* Whether a step that is not done is of it. */
static bool plans(world *w, uint32_t content)
{
    json_t *root = parsed(reply_of(w->f->e, w));
    const json_t *steps = habit_at(root, "path_config/steps");
    bool found = false;
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *s = json_array_get(steps, i);
        found |= json_integer_value(json_object_get(s, "content_id")) ==
                     w->c->contents[content].id.v &&
                 strcmp(habit_text(s, "status"), "done") != 0;
    }
    json_decref(root);
    return found;
}

/* The nth content that the path plans. */
static uint32_t planned(world *w, size_t nth)
{
    json_t *root = parsed(reply_of(w->f->e, w));
    const json_t *steps = habit_at(root, "path_config/steps");
    piq_content_ix found = {PIQ_NO_IX32};
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *s = json_array_get(steps, i);
        const json_t *id = json_object_get(s, "content_id");
        if (!json_is_integer(id) || !strcmp(habit_text(s, "status"), "done") ||
            nth-- > 0)
            continue;
        assert_true(piq_catalogue_find_content(
            w->c, (piq_content_id){json_integer_value(id)}, &found));
        break;
    }
    json_decref(root);
    assert_int_not_equal(found.v, PIQ_NO_IX32);
    return found.v;
}

/* One that the path can do without: it is not missed at once when the skip is
 * taken back. */
static uint32_t easily_missed(world *w)
{
    return planned(w, 4);
}

/* Takes the last wish back: the path is what it was. */
static void undo_gives(world *w, piq_str before)
{
    tell(w, PIQ_CONTROL_UNDO);
    same(before, path(w));
}

/* The wish makes another path of it, and is taken back. */
static void check_undone(world *w, piq_str before, const piq_event *e)
{
    fixture_post(w->f, USER, e, 1);
    differ(before, path(w));
    undo_gives(w, before);
}

/* A plan is made without it, and kept. */
static void skip_and_look(world *w, uint32_t content)
{
    wish(w, PIQ_CONTROL_SKIP, content);
    path(w);
}

static void check_replays(world *w)
{
    piq_path_replay found;
    piq_err err = {0};
    if (piq_engine_replay_path(w->f->e, (piq_user_id){USER}, &found, &err))
        fail_msg("%s (%s)", err.message, err.where);
    assert_int_equal(found, PIQ_PATH_SAME);
    fixture_check_replay(w->f, USER);
}

/* ---- nothing else happened ----------------------------------------------- */

static void test_undo__brings_the_same_path_back(void **state)
{
    world *w = *state;
    for (size_t nth = 0; nth < 12; nth++) {
        piq_str before = path(w);
        uint32_t content = planned(w, nth);
        wish(w, PIQ_CONTROL_SKIP, content);
        differ(before, path(w));
        assert_false(plans(w, content));
        undo_gives(w, before);
    }
    check_replays(w);
}

static void test_undo__of_what_nobody_looked_at_changes_nothing(void **state)
{
    world *w = *state;
    piq_str before = path(w);
    wish(w, PIQ_CONTROL_SKIP, easily_missed(w));
    undo_gives(w, before);
    check_replays(w);
}

static void test_undo__walks_back_over_the_same_paths(void **state)
{
    world *w = *state;
    piq_str seen[4];
    for (size_t i = 0; i < 3; i++) {
        seen[i] = path(w);
        wish(w, PIQ_CONTROL_SKIP, planned(w, 2 * i));
    }
    seen[3] = path(w);
    for (size_t i = 3; i-- > 0;)
        undo_gives(w, seen[i]);
    check_replays(w);
}

/* Deeper than plans are kept, what was skipped may be planned again. */
static void test_undo__of_many_makes_all_of_it_eligible_again(void **state)
{
    world *w = *state;
    uint32_t skipped[PIQ_MAX_REORDER];
    size_t n = 6;
    path(w);
    for (size_t i = 0; i < n; i++) {
        skipped[i] = planned(w, 1);
        skip_and_look(w, skipped[i]);
    }
    for (size_t i = 0; i < n; i++)
        tell(w, PIQ_CONTROL_UNDO);
    path(w);
    wish(w, PIQ_CONTROL_PIN, skipped[0]);
    assert_true(plans(w, skipped[0]));
    check_replays(w);
}

static void test_undo__or_release_or_a_void_are_one(void **state)
{
    world *w = *state;
    piq_str before = path(w);
    uint32_t content = easily_missed(w);
    wish(w, PIQ_CONTROL_SKIP, content);
    differ(before, path(w));
    wish(w, PIQ_CONTROL_RELEASE, content);
    same(before, path(w));
    piq_str id = wish(w, PIQ_CONTROL_SKIP, content);
    differ(before, path(w));
    piq_event v = event_of(w, PIQ_EV_VOIDED);
    v.u.voided.voids = id;
    fixture_post(w->f, USER, &v, 1);
    same(before, path(w));
    check_replays(w);
}

static void test_undo__of_any_wish_brings_the_same_path_back(void **state)
{
    world *w = *state;
    piq_str before = path(w);
    piq_event e = wish_of(w, PIQ_CONTROL_PACE);
    e.u.control.factor = 0.5f;
    check_undone(w, before, &e);
    wish(w, PIQ_CONTROL_PIN, planned(w, 20));
    path(w);
    undo_gives(w, before);
    e = wish_of(w, PIQ_CONTROL_SKIP);
    e.u.control.concept = w->c->contents[planned(w, 3)].concepts[0].concept;
    check_undone(w, before, &e);
    check_replays(w);
}

static void test_undo__under_a_freeze_too(void **state)
{
    world *w = *state;
    piq_str free_path = path(w);
    tell(w, PIQ_CONTROL_FREEZE);
    piq_str frozen = path(w);
    wish(w, PIQ_CONTROL_SKIP, planned(w, 0));
    differ(frozen, path(w));
    undo_gives(w, frozen);
    undo_gives(w, free_path);
    check_replays(w);
}

static void test_undo__in_another_process_is_the_same(void **state)
{
    world *w = *state;
    piq_str before = path(w);
    piq_engine *second = fixture_second(w->f);
    piq_event e = wish_of(w, PIQ_CONTROL_SKIP);
    e.u.control.content.v = easily_missed(w);
    assert_int_equal(fixture_post_to(second, USER, &e, 1, -1).status, PIQ_OK);
    differ(before, path_by(second, w));
    piq_engine_close(second);
    fixture_reopen(w->f);
    w->c = piq_engine_catalogue(w->f->e);
    undo_gives(w, before);
    check_replays(w);
}

/* ---- something else did -------------------------------------------------- */

/* What the learner does between skip and undo; somebody else never skipped. */
static void test_undo__after_answers_gives_what_would_have_been(void **state)
{
    world *w = *state, *twin = world_new();
    same(path(w), path(twin));
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t content = planned(w, 2 + i);
        skip_and_look(w, content);
        for (uint32_t k = 0; k < 4; k++) {
            twin->now_us = w->now_us;
            twin->n_told = w->n_told;
            answer(w, 40 * i + k, (float)(k % 2));
            answer(twin, 40 * i + k, (float)(k % 2));
        }
        path(w);
        tell(w, PIQ_CONTROL_UNDO);
        same(path(w), path(twin));
    }
    check_replays(w);
    world_free(twin);
}

/* The day after: what is left over of the plan of before is for today. */
static void test_undo__the_day_after_gives_what_would_have_been(void **state)
{
    world *w = *state, *twin = world_new();
    path(twin);
    path(w);
    skip_and_look(w, easily_missed(w));
    w->now_us += PIQ_US_PER_DAY;
    path(w);
    tell(w, PIQ_CONTROL_UNDO);
    twin->now_us = w->now_us;
    same(path(w), path(twin));
    check_replays(w);
    world_free(twin);
}

static void test_undo__keeps_what_was_done_meanwhile(void **state)
{
    world *w = *state;
    path(w);
    uint32_t content = planned(w, 0), done;
    wish(w, PIQ_CONTROL_SKIP, content);
    done = planned(w, 0);
    piq_event e = event_of(w, PIQ_EV_CONTENT_COMPLETED);
    e.u.content =
        (piq_content_event){.content = {done}, .seconds = 500, .score = NAN};
    fixture_post(w->f, USER, &e, 1);
    path(w);
    tell(w, PIQ_CONTROL_UNDO);
    json_t *root = parsed(reply_of(w->f->e, w));
    const json_t *steps = habit_at(root, "path_config/steps");
    size_t current = (size_t)habit_number(root, "current_position");
    size_t n_found = 0;
    for (size_t i = 0; i < current; i++)
        n_found += habit_number(json_array_get(steps, i), "content_id") ==
                   (double)w->c->contents[done].id.v;
    assert_int_equal(n_found, 1);
    json_decref(root);
    assert_true(plans(w, content));
    check_replays(w);
}

static void test_undo__a_reason_makes_it_anew_all_the_same(void **state)
{
    world *w = *state;
    path(w);
    skip_and_look(w, easily_missed(w));
    tell(w, PIQ_CONTROL_UNDO);
    piq_op *op = piq_op_new(PIQ_OP_PATH, (piq_user_id){USER}, w->now_us);
    op->reason = PIQ_STR("asked for");
    assert_int_equal(piq_engine_run(w->f->e, op), PIQ_OK);
    piq_op_free(op);
    check_replays(w);
}

/* ---- what is kept -------------------------------------------------------- */

/* The plans that are kept: how many, and which. In the fixture's arena. */
static size_t records(world *w, piq_record **rows)
{
    piq_store *s = piq_engine_store(w->f->e);
    const piq_record_range range = {.user = {USER},
                                    .kind = PIQ_STR("plan"),
                                    .now_us = INT64_MIN,
                                    .after_us = INT64_MIN,
                                    .until_us = INT64_MAX,
                                    .limit = 99};
    size_t n = 0;
    assert_int_equal(s->ops->records(s, &w->f->a, &range, rows, &n, &w->f->err),
                     PIQ_OK);
    return n;
}

static size_t n_records(world *w)
{
    piq_record *rows;
    return records(w, &rows);
}

/* The path as it is stored, in the fixture's arena. */
static piq_path_row stored(world *w)
{
    piq_store *s = piq_engine_store(w->f->e);
    piq_path_row row;
    assert_int_equal(
        s->ops->path(s, &w->f->a, (piq_user_id){USER}, &row, &w->f->err),
        PIQ_OK);
    return row;
}

static void test_undo__what_is_kept_is_bounded_and_not_shown(void **state)
{
    world *w = *state;
    for (size_t i = 0; i < 6; i++) {
        path(w);
        wish(w, PIQ_CONTROL_SKIP, planned(w, 1));
    }
    piq_str reply = reply_of(w->f->e, w);
    assert_null(memmem(reply.ptr, reply.len, "\"kept\"", 6));
    assert_null(memmem(reply.ptr, reply.len, "\"believed\"", 10));
    json_t *list = parsed(stored(w).adaptation_history);
    size_t n = json_array_size(list);
    for (size_t i = 0; i + 1 < n; i++)
        assert_null(json_object_get(json_array_get(list, i), "kept"));
    const json_t *kept = json_object_get(json_array_get(list, n - 1), "kept");
    assert_int_equal(json_array_size(kept), 1 + 3); /* its own mark first */
    assert_int_equal(n_records(w), 3);
    json_decref(list);
    /* A week later no undo asks for them any more. */
    w->now_us += 8 * PIQ_US_PER_DAY;
    path(w);
    list = parsed(stored(w).adaptation_history);
    kept = json_object_get(json_array_get(list, n), "kept");
    assert_int_equal(json_array_size(kept), 1);
    assert_int_equal(n_records(w), 0);
    json_decref(list);
    check_replays(w);
}

static piq_str laid_out_anew(world *w, piq_str json)
{
    json_t *root = parsed(json);
    char *text = json_dumps(root, JSON_SORT_KEYS | JSON_REAL_PRECISION(12));
    assert_non_null(text);
    piq_str out = {piq_arena_strndup(&w->f->a, text, strlen(text)),
                   strlen(text)};
    free(text);
    json_decref(root);
    return out;
}

/* As PostgreSQL does: with blanks, members in another order. */
static void test_undo__finds_what_a_store_has_laid_out_anew(void **state)
{
    world *w = *state;
    json_t *before = parsed(reply_of(w->f->e, w));
    skip_and_look(w, easily_missed(w));
    piq_store *s = piq_engine_store(w->f->e);
    piq_path_row row = stored(w);
    row.path_config = laid_out_anew(w, row.path_config);
    row.adaptation_history = laid_out_anew(w, row.adaptation_history);
    piq_commit c = {.paths = &row, .n_paths = 1};
    assert_int_equal(s->ops->commit(s, &c, &w->f->err), PIQ_OK);
    tell(w, PIQ_CONTROL_UNDO);
    piq_str reply = reply_of(w->f->e, w);
    assert_null(memmem(reply.ptr, reply.len, "\"kept\"", 6));
    json_t *after = parsed(reply);
    assert_true(json_equal(habit_at(before, "path_config"),
                           habit_at(after, "path_config")));
    json_decref(before);
    json_decref(after);
    check_replays(w);
}

/* A record may be gone, by whatever way: the path goes on from where it is. */
static void test_undo__does_without_what_is_not_there(void **state)
{
    world *w = *state;
    path(w);
    uint32_t content = easily_missed(w);
    skip_and_look(w, content);
    assert_int_equal(n_records(w), 1);
    w->now_us += 6 * PIQ_US_PER_DAY;
    tell(w, PIQ_CONTROL_UNDO);
    path(w);
    assert_int_equal(n_records(w), 0);
    check_replays(w);
    skip_and_look(w, content);
    piq_store *s = piq_engine_store(w->f->e);
    piq_record *rows;
    assert_int_equal(records(w, &rows), 1);
    rows[0].from_version = PIQ_RECORD_ANY;
    rows[0].document = (piq_str){"", 0};
    assert_int_equal(s->ops->put_records(s, rows, 1, &w->f->err), PIQ_OK);
    tell(w, PIQ_CONTROL_UNDO);
    path(w);
    wish(w, PIQ_CONTROL_PIN, content);
    assert_true(plans(w, content));
}

/* ---- recommendations ----------------------------------------------------- */

/* All of it but ids and the version. */
static json_t *slate(world *w, unsigned limit)
{
    piq_op *op = piq_op_new(PIQ_OP_SLATE, (piq_user_id){USER}, w->now_us);
    op->type = -1;
    op->limit = limit;
    if (piq_engine_run(w->f->e, op))
        fail_msg("%s (%s)", op->err.message, op->err.where);
    piq_str reply = piq_bytes_str(op->slate);
    json_t *root = json_loadb(reply.ptr, reply.len, 0, NULL);
    assert_non_null(root);
    piq_op_free(op);
    json_object_del(root, "version");
    json_t *list = json_object_get(root, "recommendations");
    for (size_t i = 0; i < json_array_size(list); i++)
        json_object_del(json_array_get(list, i), "id");
    return root;
}

enum { MOST_SHOWN = 12 };

static void take_slates(world *w, json_t *out[MOST_SHOWN])
{
    for (unsigned i = 0; i < MOST_SHOWN; i++)
        out[i] = slate(w, i + 1);
}

static void drop_slates(json_t *list[MOST_SHOWN])
{
    for (unsigned i = 0; i < MOST_SHOWN; i++)
        json_decref(list[i]);
}

/* One place of each is left to chance. */
static void test_undo__recommends_what_was_recommended(void **state)
{
    (void)state;
    piq_engine_config config = fixture_quiet();
    config.explore = 0;
    world *w = world_on(&config);
    json_t *before[MOST_SHOWN], *without[MOST_SHOWN], *after[MOST_SHOWN];
    path(w);
    uint32_t content = planned(w, 0);
    w->now_us += PIQ_US_PER_MINUTE;
    int64_t then_us = w->now_us;
    take_slates(w, before);
    skip_and_look(w, content);
    take_slates(w, without);
    tell(w, PIQ_CONTROL_UNDO);
    path(w);
    w->now_us = then_us; /* hours since an answer are part of a score */
    take_slates(w, after);
    bool changed = false;
    for (size_t i = 0; i < MOST_SHOWN; i++) {
        changed |= !json_equal(before[i], without[i]);
        if (!json_equal(before[i], after[i]))
            fail_msg("of %zu:\n%s\n%s", i + 1, json_dumps(before[i], 0),
                     json_dumps(after[i], 0));
    }
    assert_true(changed);
    drop_slates(before);
    drop_slates(without);
    drop_slates(after);
    world_free(w);
}

static bool recommends(json_t *slate_json, piq_content_id content)
{
    const json_t *list = json_object_get(slate_json, "recommendations");
    bool found = false;
    for (size_t i = 0; i < json_array_size(list); i++)
        found |= json_integer_value(json_object_get(json_array_get(list, i),
                                                    "content_id")) == content.v;
    return found;
}

static void test_undo__what_is_skipped_is_not_recommended(void **state)
{
    world *w = *state;
    path(w);
    json_t *before = slate(w, 5);
    const json_t *first =
        json_array_get(json_object_get(before, "recommendations"), 0);
    piq_content_id id = {
        json_integer_value(json_object_get(first, "content_id"))};
    piq_content_ix content;
    assert_true(piq_catalogue_find_content(w->c, id, &content));
    skip_and_look(w, content.v);
    json_t *without = slate(w, 50);
    assert_false(recommends(without, id));
    tell(w, PIQ_CONTROL_UNDO);
    path(w);
    json_t *after = slate(w, 5);
    assert_true(recommends(after, id));
    json_decref(before);
    json_decref(without);
    json_decref(after);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH(test_undo__brings_the_same_path_back),
        WITH(test_undo__of_what_nobody_looked_at_changes_nothing),
        WITH(test_undo__walks_back_over_the_same_paths),
        WITH(test_undo__of_many_makes_all_of_it_eligible_again),
        WITH(test_undo__or_release_or_a_void_are_one),
        WITH(test_undo__of_any_wish_brings_the_same_path_back),
        WITH(test_undo__under_a_freeze_too),
        WITH(test_undo__in_another_process_is_the_same),
        WITH(test_undo__after_answers_gives_what_would_have_been),
        WITH(test_undo__the_day_after_gives_what_would_have_been),
        WITH(test_undo__keeps_what_was_done_meanwhile),
        WITH(test_undo__a_reason_makes_it_anew_all_the_same),
        WITH(test_undo__what_is_kept_is_bounded_and_not_shown),
        WITH(test_undo__finds_what_a_store_has_laid_out_anew),
        WITH(test_undo__does_without_what_is_not_there),
        WITH(test_undo__what_is_skipped_is_not_recommended),
        cmocka_unit_test(test_undo__recommends_what_was_recommended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
