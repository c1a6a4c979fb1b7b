/* import.c - brings in events, or other systems' answers, from a file. */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/import_anki.h"
#include "domain/json_reader.h"
#include "learner/fold.h"
#include "num/score.h"
#include "train/kt_tsv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE_BYTES = 2000000000, CURVE = 7 };

/* Each answer was predicted before it was folded in: how well. */
typedef struct foresight {
    double *p;
    float *y;
    size_t n, cap;
    piq_reliability all;
    double all_auc;  /* NaN: not measured */
    piq_map answers; /* user -> answers so far */
    piq_reliability by_seen[CURVE];
} foresight;

static const unsigned curve_from[CURVE + 1] = {0,  5,   10,  20,
                                               50, 100, 200, UINT32_MAX};

static void watch(void *ctx, const piq_event *event,
                  const piq_fold_effect *effect)
{
    foresight *f = ctx;
    uint64_t seen = 0;
    if (event->type != PIQ_EV_ANSWER || isnan(effect->outcome.predicted) ||
        f->n == f->cap)
        return;
    f->p[f->n] = effect->outcome.predicted;
    f->y[f->n++] = event->u.answer.score;
    piq_reliability_add(&f->all, effect->outcome.predicted,
                        (double)event->u.answer.score);
    piq_map_get(&f->answers, (uint64_t)event->user.v, &seen);
    for (int i = 0; i < CURVE; i++)
        if (seen >= curve_from[i] && seen < curve_from[i + 1])
            piq_reliability_add(&f->by_seen[i], effect->outcome.predicted,
                                (double)event->u.answer.score);
    if (piq_map_put(&f->answers, (uint64_t)event->user.v, seen + 1))
        return; /* the curve is short of one answer */
}

typedef struct result {
    piq_bulk_totals totals;
    double seconds;
    double auc; /* NaN: not enough */
    const foresight *foresight;
    const piq_anki_import *anki; /* NULL: another format */
} result;

typedef enum file_format { EVENTS, KT_TSV, ANKI } file_format;

static void print_json(const result *r)
{
    const piq_reliability *all = &r->foresight->all;
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "accepted", (int64_t)r->totals.accepted);
    piq_json_put_int(&w, "duplicates", (int64_t)r->totals.duplicates);
    piq_json_put_fixed(&w, "seconds", r->seconds, 3);
    piq_json_put_fixed(&w, "events_per_s",
                       (double)r->totals.accepted / r->seconds, 0);
    if (r->anki) {
        const piq_deck *d = &r->anki->read;
        piq_json_put_int(&w, "rows", (int64_t)d->read);
        piq_json_put_int(&w, "cards", (int64_t)d->n_cards);
        piq_json_put_int(&w, "new_cards", (int64_t)r->anki->new_cards);
        piq_json_key(&w, "skipped");
        piq_json_object(&w);
        piq_json_put_int(&w, "manual", (int64_t)d->manual);
        piq_json_put_int(&w, "before_reset", (int64_t)d->before_reset);
        piq_json_put_int(&w, "no_beginning", (int64_t)d->no_beginning);
        piq_json_put_int(&w, "repeated", (int64_t)d->repeated);
        piq_json_object_end(&w);
    }
    piq_json_key(&w, "one_step_ahead");
    piq_json_object(&w);
    piq_json_put_int(&w, "n", (int64_t)all->n);
    piq_json_put_fixed(&w, "auc", r->auc, 5);
    piq_json_put_fixed(&w, "brier", piq_reliability_brier(all), 5);
    piq_json_put_fixed(&w, "ece", piq_reliability_ece(all), 5);
    piq_json_object_end(&w);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

static void print_foresight(const result *r)
{
    static const char *const bins[] = {"PREDICTED", "MEAN", "RIGHT", "ANSWERS"};
    static const char *const curve[] = {"ANSWERS BEFORE", "BRIER", "ANSWERS"};
    const foresight *f = r->foresight;
    if (!f->all.n)
        return;
    printf("\neach answer predicted before it was folded in, in time order:\n"
           "AUC %.4f  Brier %.4f  calibration error %.4f  (%llu answers)\n\n",
           r->auc, piq_reliability_brier(&f->all), piq_reliability_ece(&f->all),
           (unsigned long long)f->all.n);
    piq_text_table *t = piq_text_table_new(bins, 4);
    for (int i = 0; i < PIQ_RELIABILITY_BINS; i++) {
        double n = (double)f->all.bin_n[i];
        piq_text_table_cell(t, "%.1f-%.1f", i / 10.0, (i + 1) / 10.0);
        piq_text_table_cell(t, "%.3f", n > 0 ? f->all.bin_p[i] / n : 0);
        piq_text_table_cell(t, "%.3f", n > 0 ? f->all.bin_y[i] / n : 0);
        piq_text_table_cell(t, "%.0f", n);
    }
    piq_text_table_print(t);
    printf("\n");
    t = piq_text_table_new(curve, 3);
    for (int i = 0; i < CURVE; i++) {
        if (!f->by_seen[i].n)
            continue;
        if (i + 1 < CURVE)
            piq_text_table_cell(t, "%u-%u", curve_from[i],
                                curve_from[i + 1] - 1);
        else
            piq_text_table_cell(t, "%u+", curve_from[i]);
        piq_text_table_cell(t, "%.4f", piq_reliability_brier(&f->by_seen[i]));
        piq_text_table_cell(t, "%llu", (unsigned long long)f->by_seen[i].n);
    }
    piq_text_table_print(t);
}

static void print_skipped(const piq_anki_import *x)
{
    const piq_deck *d = &x->read;
    printf("%zu rows read, %zu reviews of %zu cards (%zu of them new)\n"
           "left out: %zu manual reschedules, %zu before a card was begun "
           "anew, %zu of cards without a beginning, %zu repeats\n",
           d->read, d->n, d->n_cards, x->new_cards, d->manual, d->before_reset,
           d->no_beginning, d->repeated);
}

static void print_result(const result *r)
{
    printf("%llu events accepted, %llu known already, in %.2f s "
           "(%.0f events/s)\n",
           (unsigned long long)r->totals.accepted,
           (unsigned long long)r->totals.duplicates, r->seconds,
           (double)r->totals.accepted / r->seconds);
    if (r->anki)
        print_skipped(r->anki);
    print_foresight(r);
}

/* ---- kt-tsv ---------------------------------------------------------- */

typedef struct answer_at {
    int64_t at_us;
    size_t row;
} answer_at;

static int cmp_answer(const void *x, const void *y)
{
    const answer_at *a = x, *b = y;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    return a->row < b->row ? -1 : 1;
}

static piq_status add_answer(piq_bulk *bulk, const piq_catalogue *c,
                             const piq_kt_row *row, size_t number, piq_err *err)
{
    char id[32];
    piq_event event = {
        .user = {row->user_id}, .at_us = row->at_us, .type = PIQ_EV_ANSWER};
    /* Fixed width, so that the order of ids is the order of lines. */
    int len = snprintf(id, sizeof id, "kt-%09zu", number);
    event.event_id = (piq_str){id, (size_t)len};
    event.u.answer = (piq_answer){.content = {PIQ_NO_IX32},
                                  .score = row->correct ? 1.0f : 0.0f};
    if (!piq_catalogue_find_item(c, (piq_item_id){row->item_id},
                                 &event.u.answer.item))
        return piq_fail(err, PIQ_EINVAL,
                        "line %zu: item %lld is not in the "
                        "curriculum",
                        number + 2, (long long)row->item_id);
    return piq_bulk_add(bulk, &event, err);
}

static piq_status add_answers(piq_engine *e, piq_bulk *bulk, piq_arena *a,
                              const piq_kt_rows *rows, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    answer_at *order = piq_new(a, answer_at, rows->n);
    piq_meter meter;
    piq_status status = PIQ_OK;
    if (!order)
        return piq_fail(err, PIQ_ENOMEM, "no memory for %zu answers", rows->n);
    for (size_t i = 0; i < rows->n; i++)
        order[i] = (answer_at){rows->list[i].at_us, i};
    qsort(order, rows->n, sizeof *order, cmp_answer);
    piq_meter_begin(&meter, "importing answers", rows->n);
    for (size_t i = 0; i < rows->n && status == PIQ_OK; i++) {
        status =
            add_answer(bulk, c, &rows->list[order[i].row], order[i].row, err);
        if (i % 256 == 0)
            piq_meter_at(&meter, i);
    }
    if (status == PIQ_OK)
        piq_meter_end(&meter, rows->n);
    return status;
}

static piq_status derive_curriculum(piq_engine *e, piq_arena *a,
                                    const piq_kt_rows *rows, piq_err *err)
{
    piq_buf document;
    piq_buf_init(&document, (size_t)1 << 30);
    piq_status status = piq_kt_write_curriculum(a, rows, &document, err);
    if (status == PIQ_OK)
        status = piq_load_curriculum(e, (piq_str){document.ptr, document.len},
                                     "derived curriculum", true, false, err);
    piq_buf_release(&document);
    return status;
}

static piq_status import_kt(piq_engine *e, piq_str file, foresight *f,
                            piq_bulk_totals *totals, piq_err *err)
{
    piq_arena a;
    piq_kt_rows rows;
    piq_bulk *bulk = NULL;
    piq_arena_init(&a, (size_t)8 << 30);
    piq_status status = piq_kt_read_tsv(&a, file, &rows, err);
    if (status == PIQ_OK)
        status = derive_curriculum(e, &a, &rows, err);
    if (status == PIQ_OK) {
        f->p = piq_new(&a, double, rows.n);
        f->y = piq_new(&a, float, rows.n);
        f->cap = f->p && f->y ? rows.n : 0;
        status = piq_bulk_begin(e, watch, f, &bulk, err);
    }
    if (status == PIQ_OK) {
        status = add_answers(e, bulk, &a, &rows, err);
        piq_status ended =
            piq_bulk_end(bulk, totals, status == PIQ_OK ? err : NULL);
        status = status ? status : ended;
    }
    if (status == PIQ_OK && f->n && piq_auc(&a, f->p, f->y, f->n, &f->all_auc))
        status = piq_fail(err, PIQ_ENOMEM, "no memory for the AUC");
    f->p = NULL;
    f->y = NULL;
    piq_arena_release(&a);
    return status;
}

/* ---- events ---------------------------------------------------------- */

static piq_status add_line(piq_engine *e, piq_bulk *bulk, piq_str text,
                           size_t number, piq_err *err)
{
    piq_arena a;
    json_t *json = NULL;
    piq_event event = {0};
    piq_arena_init(&a, 1 << 20);
    piq_status status = piq_json_parse(text, &json, err);
    if (status == PIQ_OK)
        status = piq_event_read(&a, json, "", true, piq_engine_catalogue(e),
                                piq_clock_now_us(), &event, err);
    if (status == PIQ_OK)
        status = piq_bulk_add(bulk, &event, err);
    if (status) {
        /* The line that counts is the file's, not the event's own. */
        static const char own_line[] = "line 1, ";
        char inner[sizeof err->where];
        memcpy(inner, err->where, sizeof inner);
        const char *where = inner;
        if (strncmp(where, own_line, sizeof own_line - 1) == 0)
            where += sizeof own_line - 1;
        piq_err_at(err, "line %zu%s%.120s", number, where[0] ? ", " : "",
                   where);
    }
    json_decref(json);
    piq_arena_release(&a);
    return status;
}

static piq_status import_events(piq_engine *e, piq_str file, foresight *f,
                                piq_bulk_totals *totals, piq_err *err)
{
    piq_bulk *bulk;
    piq_str rest = file;
    piq_meter meter;
    piq_status status = piq_bulk_begin(e, watch, f, &bulk, err);
    if (status)
        return status;
    piq_meter_begin(&meter, "importing events (bytes)", file.len);
    for (size_t number = 1; rest.len && status == PIQ_OK; number++) {
        const char *lf = memchr(rest.ptr, '\n', rest.len);
        piq_str text = {rest.ptr, lf ? (size_t)(lf - rest.ptr) : rest.len};
        size_t used = text.len + (lf ? 1 : 0);
        rest = (piq_str){rest.ptr + used, rest.len - used};
        if (text.len && text.ptr[text.len - 1] == '\r')
            text.len--;
        if (text.len)
            status = add_line(e, bulk, text, number, err);
        if (number % 256 == 0)
            piq_meter_at(&meter, file.len - rest.len);
    }
    piq_status ended =
        piq_bulk_end(bulk, totals, status == PIQ_OK ? err : NULL);
    if (status == PIQ_OK)
        piq_meter_end(&meter, file.len);
    return status ? status : ended;
}

/* ---- the command ----------------------------------------------------- */

static int run_import(const piq_arguments *args, file_format format,
                      const char *path, piq_anki_import *anki)
{
    piq_engine *e;
    piq_err err = {0};
    char *bytes;
    size_t len;
    foresight f = {.all_auc = NAN};
    result r = {.foresight = &f, .anki = format == ANKI ? anki : NULL};
    int64_t start_ns = piq_clock_monotonic_ns();
    if (piq_read_file(path, MAX_FILE_BYTES, &bytes, &len, &err))
        return piq_could_not(&err);
    piq_status status = piq_open_engine(args->db, true, NULL, NULL, &e, &err);
    if (status) {
        free(bytes);
        return piq_could_not(&err);
    }
    piq_map_init(&f.answers);
    piq_str file = {bytes, len};
    if (format == ANKI)
        status = piq_import_anki(e, file, anki, &r.totals, &err);
    else if (format == KT_TSV)
        status = import_kt(e, file, &f, &r.totals, &err);
    else
        status = import_events(e, file, &f, &r.totals, &err);
    r.seconds = (double)(piq_clock_monotonic_ns() - start_ns) / 1e9;
    r.auc = f.all_auc;
    piq_engine_close(e);
    piq_map_release(&f.answers);
    free(bytes);
    if (status)
        return piq_could_not(&err);
    if (args->json)
        print_json(&r);
    else
        print_result(&r);
    return PIQ_DONE;
}

static bool format_of(const char *text, file_format *out)
{
    static const char *const names[] = {"events", "kt-tsv", "anki"};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (file_format)i;
            return true;
        }
    return false;
}

static int import(const piq_command *self, int argc, char **argv)
{
    static const int64_t NO_OFFSET = INT64_MIN;
    const char *text = "events", *deck = "cards";
    int64_t user = 1, offset = NO_OFFSET;
    file_format format;
    piq_arguments args;
    const piq_option options[] = {
        {"format", PIQ_OPT_TEXT, &text, 0, 0},
        {"user", PIQ_OPT_INT, &user, 1, INT64_MAX},
        {"deck", PIQ_OPT_TEXT, &deck, 0, 0},
        {"utc-offset", PIQ_OPT_INT, &offset, -840, 840},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 1, &args);
    if (code >= 0)
        return code;
    if (!format_of(text, &format))
        return piq_wrong_use(self, "--format is events, kt-tsv or anki, not %s",
                             text);
    if (!piq_deck_name_ok(piq_str_of(deck)))
        return piq_wrong_use(self,
                             "--deck is 1 to %d letters, digits, dots, dashes "
                             "and underscores",
                             PIQ_MAX_DECK_BYTES);
    piq_anki_import anki = {.user = {user},
                            .deck = piq_str_of(deck),
                            .utc_offset_min = offset,
                            .has_offset = offset != NO_OFFSET};
    return run_import(&args, format, args.rest[0], &anki);
}

const piq_command piq_cmd_import = {
    "import", "FILE", "Brings in events, or other systems' answers.",
    "  --format F       events (NDJSON, as piq export writes it), kt-tsv\n"
    "                   (user_id item_id timestamp correct skill_id; the\n"
    "                   curriculum is derived from the file) or anki (a "
    "review\n"
    "                   log; its cards are added to the curriculum)\n"
    "  --user N         anki: whose reviews they are (default 1)\n"
    "  --deck NAME      anki: the area that the cards go to (default cards)\n"
    "  --utc-offset M   anki: minutes that the learner's clock is ahead of "
    "UTC\n",
    import};
