/* eval_recommend.c - piq eval recommend: the taste model, measured. */
#include "train/eval_recommend.h"
#include "cli/eval_topics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_BYTES = INT32_MAX, NOT_COLD = 0, MOST_COLD = 1000 };

typedef struct wanted {
    const char *format, *path, *split;
    int64_t cold, seed, threads;
} wanted;

/* ---- reading ----------------------------------------------------------- */

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* The file itself, or `name` in the folder. */
static piq_status read_text(const char *path, const char *name, piq_buf *place,
                            piq_str *out, piq_err *err)
{
    char *bytes = NULL;
    size_t len = 0;
    piq_buf_clear(place);
    piq_buf_add_z(place, path);
    if (is_folder(path)) {
        piq_buf_add_char(place, '/');
        piq_buf_add_z(place, name);
    }
    if (place->status != PIQ_OK)
        return piq_fail(err, place->status, "no memory for a file's name");
    piq_status status = piq_read_file(place->ptr, MAX_BYTES, &bytes, &len, err);
    if (status == PIQ_OK)
        *out = (piq_str){bytes, len};
    return status;
}

static piq_status read_lists(const wanted *w, piq_arena *a, piq_buf *place,
                             piq_taste_data *out, piq_err *err)
{
    piq_str train = {0}, test = {0};
    if (!is_folder(w->path))
        return piq_fail(err, PIQ_EINVAL,
                        "%s is no folder with train.txt and test.txt", w->path);
    piq_status status = read_text(w->path, "train.txt", place, &train, err);
    if (status == PIQ_OK)
        status = read_text(w->path, "test.txt", place, &test, err);
    if (status == PIQ_OK)
        status = piq_taste_read_lists(a, train, test, out, err);
    free((void *)train.ptr);
    free((void *)test.ptr);
    return status;
}

static piq_status read_data(const wanted *w, piq_arena *a, piq_taste_data *out,
                            piq_err *err)
{
    piq_buf place;
    piq_str text = {0};
    piq_status status;
    bool ml = strcmp(w->format, "ml") == 0;
    piq_buf_init(&place, 0);
    if (strcmp(w->format, "lists") == 0) {
        status = read_lists(w, a, &place, out, err);
    } else {
        status = read_text(w->path, ml ? "u.data" : "ratings_final.txt", &place,
                           &text, err);
        if (status == PIQ_OK)
            status = ml ? piq_taste_read_ml(a, text, out, err)
                        : piq_taste_read_kgan(a, text, out, err);
        free((void *)text.ptr);
    }
    piq_buf_release(&place);
    return status;
}

/* What is asked of the model follows from the split: what comes later, or what
 * else there is. */
static piq_status split_data(const wanted *w, piq_taste_data *d,
                             piq_taste_options *o, piq_err *err)
{
    bool p2 = strcmp(w->split, "P2") == 0;
    if ((p2 || w->cold) && !d->timed)
        return piq_fail(err, PIQ_EINVAL,
                        "%s needs times, which format %s has not",
                        p2 ? "--split P2" : "--cold", w->format);
    o->asked = p2 || w->cold ? PIQ_TASTE_LATER : PIQ_TASTE_ANY;
    if (w->cold)
        piq_taste_split_cold(d, (size_t)w->cold);
    else if (p2)
        piq_taste_split_p2(d);
    else if (!d->given)
        piq_taste_split_p1(d);
    return PIQ_OK;
}

/* ---- showing ----------------------------------------------------------- */

/* Of each part, with 1, 10 and 100 entries in the history. */
static void put_weights(piq_json_writer *w, const piq_recommend_report *r)
{
    static const char *const parts[PIQ_N_TASTE_PARTS] = {
        "liking", "lately", "next", "begun", "popular"};
    piq_json_key(w, "weights");
    piq_json_object(w);
    for (int p = 0; p < PIQ_N_TASTE_PARTS; p++) {
        piq_json_key(w, parts[p]);
        piq_json_array(w);
        for (int k = 0; k < PIQ_RECOMMEND_LENGTHS; k++)
            piq_json_fixed(w, r->weights[k][p], 2);
        piq_json_array_end(w);
    }
    piq_json_object_end(w);
}

static void put_model(piq_json_writer *w, const piq_recommend_report *r,
                      const piq_taste_options *o)
{
    piq_json_key(w, "model");
    piq_json_object(w);
    piq_json_put_z(w, "name", "taste");
    piq_json_put_int(w, "format", PIQ_TASTE_FORMAT);
    piq_json_put_z(w, "asked", o->asked == PIQ_TASTE_LATER ? "later" : "any");
    piq_json_put_fixed(w, "lambda", r->model.lambda, 0);
    piq_json_put_fixed(w, "valid_ndcg@10", r->model.valid_ndcg, 6);
    piq_json_put_int(w, "learners", (int64_t)r->model.n_learners);
    piq_json_put_int(w, "events", (int64_t)r->model.n_events);
    piq_json_put_int(w, "seed", (int64_t)r->model.seed);
    put_weights(w, r);
    piq_json_object_end(w);
}

static void print_json(const piq_recommend_report *r,
                       const piq_taste_options *o)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_fixed(&w, "ndcg@10", r->ndcg_10, 6);
    piq_json_put_fixed(&w, "recall@20", r->recall_20, 6);
    piq_json_put_int(&w, "users", (int64_t)r->users);
    piq_json_put_fixed(&w, "fit_s", r->fit_s, 3);
    piq_json_put_fixed(&w, "score_us_p50", r->score_us_p50, 2);
    put_model(&w, r, o);
    piq_json_put_fixed(&w, "ndcg@10_se", r->ndcg_se, 6);
    piq_json_put_int(&w, "train", (int64_t)r->n_train);
    piq_json_put_int(&w, "test", (int64_t)r->n_test);
    piq_json_put_int(&w, "items", (int64_t)r->n_items);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

static void print_text(const piq_recommend_report *r,
                       const piq_taste_options *o)
{
    static const char *const heads[] = {"NDCG@10", "+-",    "RECALL@20",
                                        "USERS",   "FIT S", "SCORE US"};
    printf("%zu taken up to fit to, %zu to be found, %zu items; asked for %s; "
           "ridge %.0f\n\n",
           r->n_train, r->n_test, r->n_items,
           o->asked == PIQ_TASTE_LATER ? "what comes later" : "what else",
           r->model.lambda);
    piq_text_table *t = piq_text_table_new(heads, 6);
    piq_text_table_cell(t, "%.4f", r->ndcg_10);
    piq_text_table_cell(t, "%.4f", r->ndcg_se);
    piq_text_table_cell(t, "%.4f", r->recall_20);
    piq_text_table_cell(t, "%zu", r->users);
    piq_text_table_cell(t, "%.2f", r->fit_s);
    piq_text_table_cell(t, "%.1f", r->score_us_p50);
    piq_text_table_print(t);
}

/* ---- the command ------------------------------------------------------- */

static int check(const piq_command *self, const wanted *w)
{
    bool lists = strcmp(w->format, "lists") == 0;
    if (!w->path)
        return piq_wrong_use(self, "--data is needed");
    if (!lists && strcmp(w->format, "ml") != 0 &&
        strcmp(w->format, "kgan") != 0)
        return piq_wrong_use(self, "--format is ml, lists or kgan, not %s",
                             w->format);
    if (strcmp(w->split, "P1") != 0 && strcmp(w->split, "P2") != 0 &&
        strcmp(w->split, "given") != 0)
        return piq_wrong_use(self, "--split is P1, P2 or given, not %s",
                             w->split);
    if (lists != (strcmp(w->split, "given") == 0))
        return piq_wrong_use(self, "--split given goes with --format lists");
    return -1;
}

static piq_status measure(const wanted *w, piq_taste_options *o,
                          piq_recommend_report *out, piq_err *err)
{
    piq_arena a;
    piq_taste_data d;
    piq_arena_init(&a, (size_t)16 << 30);
    piq_status status = read_data(w, &a, &d, err);
    if (status == PIQ_OK)
        status = split_data(w, &d, o, err);
    if (status == PIQ_OK)
        status = piq_eval_recommend(&a, &d, o, out, err);
    piq_arena_release(&a);
    return status;
}

static int run(const piq_command *self, int argc, char **argv)
{
    wanted w = {.format = "ml", .cold = NOT_COLD, .seed = 1, .threads = 2};
    const piq_option options[] = {{"format", PIQ_OPT_TEXT, &w.format, 0, 0},
                                  {"data", PIQ_OPT_TEXT, &w.path, 0, 0},
                                  {"split", PIQ_OPT_TEXT, &w.split, 0, 0},
                                  {"cold", PIQ_OPT_INT, &w.cold, 1, MOST_COLD},
                                  {"seed", PIQ_OPT_INT, &w.seed, 0, INT64_MAX},
                                  {"threads", PIQ_OPT_INT, &w.threads, 1, 64},
                                  {0}};
    piq_arguments args;
    piq_recommend_report r;
    piq_err err = {0};
    int code = piq_parse_arguments(self, argc, argv, options, 0, 0, &args);
    if (code < 0 && !w.split)
        w.split = strcmp(w.format, "lists") == 0 ? "given" : "P1";
    if (code < 0)
        code = check(self, &w);
    if (code >= 0)
        return code;
    piq_taste_options o = piq_taste_option_defaults();
    o.seed = (uint64_t)w.seed;
    o.threads = (unsigned)w.threads;
    if (measure(&w, &o, &r, &err) != PIQ_OK)
        return piq_could_not(&err);
    if (r.n_left_out)
        fprintf(stderr,
                "piq: of %zu items the %zu rarest are left out: they count as "
                "not found\n",
                r.n_items, r.n_left_out);
    if (args.json)
        print_json(&r, &o);
    else
        print_text(&r, &o);
    return PIQ_DONE;
}

const piq_command piq_eval_topic_recommend = {
    "eval recommend", "",
    "What learners took up, found again by the taste model.",
    "  --format FORMAT  ml (u.data), lists (train.txt and test.txt) or kgan\n"
    "                   (ratings_final.txt); default ml\n"
    "  --data PATH      the file, or the folder it is in\n"
    "  --split SPLIT    P1: a fifth of all pairs is to be found; P2: the last\n"
    "                   fifth of each user's; given: as lists say\n"
    "  --cold K         a fifth of the users is new, and K of each are known\n"
    "  --seed N         of the fit (default 1)\n"
    "  --threads N      of the fit (default 2); changes no figure\n",
    run};
