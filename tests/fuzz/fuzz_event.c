/* fuzz_event.c - a learner's events made of anything, read and folded.
 *
 *     fuzz_event [ROUNDS [SEED]]       PIQ_FUZZ_ROUNDS sets the rounds too
 *
 * An input is a line an event; a first byte "m" has the learner traced by a
 * trained model. Laws, at every input: a refusal has a message and a pointer in
 * UTF-8; what is read is the same once written and read back; what is folded
 * leaves beliefs in their ranges and a state that is the same once stored and
 * read back, and again when the same events are folded anew.
 */
#include "learner/fold.h"

#include "base/calendar.h"
#include "domain/json_reader.h"
#include "support/fuzz_driver.h"
#include "support/random_catalogue.h"
#include "support/random_kt_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 2027-06-01T00:00:00Z */
#define NOW_US INT64_C(1811808000000000)

enum { ARENA_BYTES = 8 << 20, MAX_EVENTS = 64, DIGEST = 77 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What events are folded against; only read. */
typedef struct world {
    piq_catalogue *c;
    piq_calibration_book *book;
    piq_kt_model *model;
    piq_kt_binding *binding;
    piq_tracing tracing;
} world;

static world w;

static void begin(void)
{
    w.c = catalogue_from_file("tests/golden/curriculum-music.json");
    fuzz_law(w.c != NULL, "tests/golden/curriculum-music.json is there");
    w.c->version = 1;
    random_kt_size size = random_kt_small(w.c);
    size.n_trees = 2;
    size.n_answers = 30;
    w.model = random_kt_model(1, w.c, size);
    fuzz_law(piq_calibration_book_new(&w.book) == PIQ_OK &&
                 piq_kt_bind(w.model, w.c, &w.binding) == PIQ_OK,
             "there is memory");
    w.tracing = (piq_tracing){
        .model = 1, .catalogue = 1, .digest = DIGEST, .binding = w.binding};
}

/* ---- reading -------------------------------------------------------------
 */

static void write(const piq_event *e, piq_buf *b)
{
    piq_json_writer out;
    piq_buf_init(b, 0);
    piq_json_init(&out, b);
    piq_event_write(e, w.c, &out);
    fuzz_law(b->status == PIQ_OK, "an event is written");
}

static void check_written(piq_arena *a, const piq_event *e)
{
    piq_buf once, twice;
    piq_err err = {0};
    piq_event back = {.user = e->user};
    json_t *json = NULL;
    write(e, &once);
    fuzz_law(piq_json_parse((piq_str){once.ptr, once.len}, &json, &err) ==
                 PIQ_OK,
             "what is written is JSON");
    if (piq_event_read(a, json, "", false, w.c, NOW_US, &back, &err) ==
        PIQ_OK) {
        back.catalogue_version = e->catalogue_version;
        back.calibration = e->calibration;
        write(&back, &twice);
        fuzz_law(once.len == twice.len &&
                     memcmp(once.ptr, twice.ptr, once.len) == 0,
                 "an event is the same, read back");
        piq_buf_release(&twice);
    } else {
        fuzz_law(err.status == PIQ_ENOMEM, "what is written can be read");
    }
    json_decref(json);
    piq_buf_release(&once);
}

static bool read(piq_arena *a, piq_str line, piq_event *e)
{
    json_t *json = NULL;
    piq_err err = {0};
    *e = (piq_event){.user = {7}};
    if (piq_json_parse(line, &json, &err))
        return false;
    piq_status status =
        piq_event_read(a, json, "/0", false, w.c, NOW_US, e, &err);
    if (status == PIQ_EINVAL)
        fuzz_law(err.message[0] && piq_str_is_utf8(piq_str_of(err.message)) &&
                     piq_str_is_utf8(piq_str_of(err.where)),
                 "a refusal says why, in UTF-8");
    else
        fuzz_law(status == PIQ_OK || status == PIQ_ENOMEM, "its status");
    if (status == PIQ_OK) {
        e->catalogue_version = 1;
        check_written(a, e);
    }
    json_decref(json);
    return status == PIQ_OK;
}

static size_t read_all(piq_arena *a, piq_str text, piq_event *list)
{
    size_t n = 0;
    while (text.len && n < MAX_EVENTS) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        if (read(a, (piq_str){text.ptr, len}, &list[n]))
            n++;
        len += end != NULL;
        text = (piq_str){text.ptr + len, text.len - len};
    }
    return n;
}

/* ---- folding -------------------------------------------------------------
 */

static void check_beliefs(const piq_learner *l)
{
    piq_belief *beliefs = calloc(w.c->n_concepts, sizeof *beliefs);
    fuzz_law(beliefs != NULL, "there is memory");
    piq_learner_beliefs(l, w.c, NOW_US, beliefs);
    for (size_t i = 0; i < w.c->n_concepts; i++)
        fuzz_law(beliefs[i].mastery >= 0 && beliefs[i].mastery <= 1 &&
                     isfinite(beliefs[i].ability_logit),
                 "a belief in its range");
    free(beliefs);
}

static piq_buf stored(const piq_learner *l)
{
    piq_buf b;
    piq_buf_init(&b, 0);
    piq_learner_encode(l, &b);
    fuzz_law(b.status == PIQ_OK, "a state is stored");
    return b;
}

static void check_stored(const piq_buf *b, const piq_tracing *t)
{
    piq_learner *back = NULL;
    piq_err err = {0};
    fuzz_law(piq_learner_decode((piq_str){b->ptr, b->len}, (piq_user_id){7},
                                w.c, t, &back, &err) == PIQ_OK,
             "a stored state can be read");
    piq_buf again = stored(back);
    fuzz_law(again.len == b->len && memcmp(again.ptr, b->ptr, b->len) == 0,
             "a state is the same, read back");
    piq_buf_release(&again);
    piq_learner_free(back);
}

static piq_learner *folded(const piq_event *list, size_t n,
                           const piq_tracing *t)
{
    piq_learner *l;
    piq_fold_effect effect;
    fuzz_law(piq_learner_new((piq_user_id){7}, w.c, &l) == PIQ_OK &&
                 piq_learner_trace(l, t) == PIQ_OK,
             "there is memory");
    for (size_t i = 0; i < n; i++) {
        fuzz_law(piq_learner_reserve(l, &list[i]) == PIQ_OK, "there is memory");
        piq_fold(l, w.c, w.book, t, &list[i], &effect);
    }
    return l;
}

static int by_order(const void *x, const void *y)
{
    return piq_event_cmp(x, y);
}

/* One event of an id, in order. */
static size_t ordered(piq_event *list, size_t n)
{
    size_t kept = 0;
    qsort(list, n, sizeof *list, by_order);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || piq_event_cmp(&list[kept - 1], &list[i]) < 0)
            list[kept++] = list[i];
    return kept;
}

static void fold_all(piq_event *list, size_t n, const piq_tracing *t)
{
    n = ordered(list, n);
    piq_learner *one = folded(list, n, t), *two = folded(list, n, t);
    piq_buf x = stored(one), y = stored(two);
    fuzz_law(x.len == y.len && memcmp(x.ptr, y.ptr, x.len) == 0,
             "the same events, the same state");
    fuzz_law(one->n_events == n, "every event counts");
    check_beliefs(one);
    check_stored(&x, t);
    piq_buf_release(&x);
    piq_buf_release(&y);
    piq_learner_free(one);
    piq_learner_free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    piq_arena a;
    piq_event list[MAX_EVENTS];
    piq_str text = {(const char *)bytes, len};
    if (!w.c)
        begin();
    bool traced = len > 0 && bytes[0] == 'm';
    if (traced)
        text = (piq_str){text.ptr + 1, len - 1};
    piq_arena_init(&a, ARENA_BYTES);
    size_t n = read_all(&a, text, list);
    if (n > 0)
        fold_all(list, n, traced ? &w.tracing : NULL);
    piq_arena_release(&a);
    return 0;
}

#ifndef PIQ_LIBFUZZER
static void forget(void)
{
    piq_kt_binding_free(w.binding);
    piq_kt_model_free(w.model);
    piq_calibration_book_free(w.book);
    piq_catalogue_free(w.c);
}

int main(int argc, char **argv)
{
    const fuzz_plan plan = {.name = "event",
                            .one = LLVMFuzzerTestOneInput,
                            .rounds = 3000,
                            .end = forget};
    return fuzz_drive(&plan, argc, argv);
}
#endif
