#include "support/engine_fixture.h"

#include "base/calendar.h"
#include "base/json_writer.h"
#include "base/rng.h"
#include "sim/sim.h"
#include "support/catalogue_document.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void must(piq_status status, const piq_err *err, const char *what)
{
    if (status)
        fail_msg("%s: %s: %s (%s)", what, piq_status_text(status), err->message,
                 err->where);
}

/* ---- engines --------------------------------------------------------- */

piq_engine_config fixture_quiet(void)
{
    return (piq_engine_config){.n_owners = 2,
                               .calibrate_every = UINT_MAX,
                               .maintain_ms = 3600 * 1000,
                               .probe_ms = PIQ_PROBE_NEVER};
}

static void open_engine(engine_fixture *f, piq_engine **out)
{
    must(piq_engine_open(memory_store_open(f->data), &f->config, NULL, out,
                         &f->err),
         &f->err, "opening an engine");
}

engine_fixture *fixture_bare(const piq_engine_config *config)
{
    engine_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->config = config ? *config : fixture_quiet();
    f->data = memory_data_new();
    piq_arena_init(&f->a, (size_t)1 << 30);
    open_engine(f, &f->e);
    return f;
}

engine_fixture *fixture_new(const piq_engine_config *config)
{
    engine_fixture *f = fixture_bare(config);
    fixture_load_file(f, "tests/golden/curriculum-music.json");
    return f;
}

void fixture_free(engine_fixture *f)
{
    piq_engine_close(f->e);
    memory_data_free(f->data);
    piq_arena_release(&f->a);
    free(f);
}

void fixture_reopen(engine_fixture *f)
{
    piq_engine_close(f->e);
    f->e = NULL;
    open_engine(f, &f->e);
}

piq_engine *fixture_second(engine_fixture *f)
{
    piq_engine *e;
    open_engine(f, &e);
    return e;
}

void fixture_load_text(engine_fixture *f, piq_str document)
{
    piq_findings findings = {0};
    piq_status status = piq_engine_load_catalogue(f->e, &f->a, document,
                                                  &findings, NULL, &f->err);
    if (findings.n)
        fail_msg("curriculum: %s: %s", findings.list[0].where,
                 findings.list[0].message);
    must(status, &f->err, "loading a curriculum");
}

static piq_str document_of(engine_fixture *f, const piq_catalogue *c)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, (size_t)1 << 30);
    piq_json_init(&w, &b);
    piq_catalogue_write(c, &w);
    assert_int_equal(b.status, PIQ_OK);
    piq_str text = {piq_arena_strndup(&f->a, b.ptr, b.len), b.len};
    assert_non_null(text.ptr);
    piq_buf_release(&b);
    return text;
}

void fixture_load(engine_fixture *f, const piq_catalogue *c)
{
    fixture_load_text(f, document_of(f, c));
}

void fixture_load_file(engine_fixture *f, const char *path)
{
    size_t len;
    char *text = read_whole(path, &len);
    assert_non_null(text);
    fixture_load_text(f, (piq_str){text, len});
    free(text);
}

piq_str fixture_document(engine_fixture *f)
{
    return document_of(f, piq_engine_catalogue(f->e));
}

/* ---- events ---------------------------------------------------------- */

static piq_str numbered(engine_fixture *f, char letter, size_t number)
{
    char id[32];
    int len = snprintf(id, sizeof id, "%c%06zu", letter, number);
    piq_str s = {piq_arena_strndup(&f->a, id, (size_t)len), (size_t)len};
    assert_non_null(s.ptr);
    return s;
}

piq_event fixture_event(engine_fixture *f, unsigned id, int64_t after_s,
                        piq_event_type type)
{
    return (piq_event){.event_id = numbered(f, 'e', id),
                       .at_us = FIXTURE_START_US + after_s * PIQ_US_PER_SECOND,
                       .type = type};
}

piq_event fixture_answer(engine_fixture *f, unsigned id, int64_t after_s,
                         float score)
{
    piq_event e = fixture_event(f, id, after_s, PIQ_EV_ANSWER);
    size_t n_items = piq_engine_catalogue(f->e)->n_items;
    e.u.answer = (piq_answer){.item = {(uint32_t)(id % n_items)},
                              .content = {PIQ_NO_IX32},
                              .score = score,
                              .response_ms = 4000 + 10 * (id % 100)};
    return e;
}

piq_event *fixture_simulate(engine_fixture *f, const piq_catalogue *c,
                            uint64_t seed, int64_t user, size_t *n)
{
    piq_sim_options o = {.seed = seed,
                         .n_learners = 1,
                         .first_user = user,
                         .events = *n,
                         .start_us = FIXTURE_START_US,
                         .days = 90,
                         .learning = true};
    piq_sim *s;
    piq_event *list = piq_new(&f->a, piq_event, *n);
    assert_non_null(list);
    assert_int_equal(piq_sim_learner(&f->a, c, &o, 0, &s), PIQ_OK);
    size_t made = 0;
    while (made < *n && piq_sim_next(s, &list[made])) {
        /* An id names a recommendation that there is not. */
        if (list[made].type == PIQ_EV_RECOMMENDATION_FEEDBACK)
            continue;
        list[made].event_id = numbered(f, (char)('a' + seed % 26), made);
        made++;
    }
    *n = made;
    return list;
}

fixture_posted fixture_post_to(piq_engine *e, int64_t user,
                               const piq_event *events, size_t n,
                               int64_t if_version)
{
    piq_op *op = piq_op_new(PIQ_OP_EVENTS, (piq_user_id){user}, FIXTURE_NOW_US);
    assert_non_null(op);
    op->events = piq_new(&op->arena, piq_event, n);
    assert_non_null(op->events);
    if (n)
        memcpy(op->events, events, n * sizeof *events);
    op->n_events = n;
    op->if_version = if_version;
    op->at_event = SIZE_MAX;
    fixture_posted p = {.status = piq_engine_run(e, op)};
    p.err = op->err;
    p.n_accepted = op->n_accepted;
    p.n_duplicates = op->n_duplicates;
    p.at_event = op->at_event;
    p.version = op->state_version;
    piq_op_free(op);
    return p;
}

fixture_posted fixture_post(engine_fixture *f, int64_t user,
                            const piq_event *events, size_t n)
{
    fixture_posted p = fixture_post_to(f->e, user, events, n, -1);
    must(p.status, &p.err, "posting events");
    return p;
}

piq_op *fixture_run(engine_fixture *f, piq_op_kind kind, int64_t user,
                    int64_t now_us)
{
    piq_op *op = piq_op_new(kind, (piq_user_id){user}, now_us);
    assert_non_null(op);
    op->limit = kind == PIQ_OP_SLATE ? 10 : 0;
    must(piq_engine_run(f->e, op), &op->err, "running an operation");
    return op;
}

/* ---- looking --------------------------------------------------------- */

piq_str fixture_state(engine_fixture *f, int64_t user, int64_t *version)
{
    piq_store *s = piq_engine_store(f->e);
    piq_str body = {"", 0};
    int64_t ignored;
    if (!version)
        version = &ignored;
    *version = 0;
    piq_status status =
        s->ops->state(s, &f->a, (piq_user_id){user}, version, &body, &f->err);
    if (status != PIQ_ENOTFOUND)
        must(status, &f->err, "reading a state");
    return body;
}

void fixture_check_replay(engine_fixture *f, int64_t user)
{
    bool same = false;
    uint64_t digest;
    size_t n;
    must(piq_engine_replay(f->e, (piq_user_id){user}, &same, &digest, &n,
                           &f->err),
         &f->err, "replaying");
    assert_true(same);
}

void fixture_sleep_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000,
                               .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

void fixture_await(bool (*is)(void *ctx), void *ctx)
{
    for (int i = 0; i < 15000; i++) {
        if (is(ctx))
            return;
        fixture_sleep_ms(2);
    }
    fail_msg("what was waited for did not come");
}
