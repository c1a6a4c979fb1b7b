#include "cli/eval_online.h"

#include "train/eval_online.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 30, MAX_SEEDS = 100 };

static piq_status read_game(piq_arena *a, const char *ratings,
                            piq_online_data *out, piq_err *err)
{
    char *bytes = NULL, *items = NULL, beside[4096];
    size_t len = 0, items_len = 0;
    const char *slash = strrchr(ratings, '/');
    snprintf(beside, sizeof beside, "%.*su.item",
             slash ? (int)(slash + 1 - ratings) : 0, ratings);
    piq_status status = piq_read_file(ratings, MAX_BYTES, &bytes, &len, err);
    if (!status && piq_file_exists(beside))
        status = piq_read_file(beside, MAX_BYTES, &items, &items_len, err);
    if (!status)
        status = piq_online_read(a, (piq_str){bytes, len},
                                 (piq_str){items, items_len}, out, err);
    free(bytes);
    free(items);
    return status;
}

static piq_status play(const piq_online_arguments *args,
                       piq_online_report *runs, piq_err *err)
{
    piq_arena file, a;
    piq_online_data data;
    piq_online_options o = *piq_online_defaults();
    piq_arena_init(&file, (size_t)4 << 30);
    piq_arena_init(&a, (size_t)4 << 30);
    o.rounds = (size_t)args->rounds;
    piq_status status = read_game(&file, args->ratings, &data, err);
    for (int64_t i = 0; i < args->seeds && !status; i++) {
        piq_arena_clear(&a);
        o.seed = (uint64_t)i + 1;
        status = piq_eval_online(&a, &data, &o, &runs[i], err);
    }
    piq_arena_release(&a);
    piq_arena_release(&file);
    return status;
}

/* Mean over the runs. */
static piq_online_report over(const piq_online_report *runs, int64_t n)
{
    piq_online_report m = {.rounds = runs[0].rounds};
    for (int64_t i = 0; i < n; i++) {
        m.random += runs[i].random / (double)n;
        m.thompson += runs[i].thompson / (double)n;
        m.oracle += runs[i].oracle / (double)n;
        m.ours += runs[i].ours / (double)n;
        m.mean_chance += runs[i].mean_chance / (double)n;
    }
    return m;
}

static void put_run(piq_json_writer *w, const piq_online_report *r)
{
    piq_json_put_fixed(w, "random", r->random, 6);
    piq_json_put_fixed(w, "thompson", r->thompson, 6);
    piq_json_put_fixed(w, "oracle", r->oracle, 6);
    piq_json_put_fixed(w, "ours", r->ours, 6);
    piq_json_put_fixed(w, "mean_chance", r->mean_chance, 6);
}

static void print_json(const piq_online_report *runs, int64_t n)
{
    piq_buf b;
    piq_json_writer w;
    piq_online_report mean = over(runs, n);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "rounds", (int64_t)mean.rounds);
    put_run(&w, &mean);
    piq_json_key(&w, "per_seed");
    piq_json_array(&w);
    for (int64_t i = 0; i < n; i++) {
        piq_json_object(&w);
        piq_json_put_int(&w, "seed", i + 1);
        put_run(&w, &runs[i]);
        piq_json_object_end(&w);
    }
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

static void print_table(const piq_online_report *runs, int64_t n)
{
    static const char *const heads[] = {"POLICY", "REWARD"};
    piq_online_report m = over(runs, n);
    const struct {
        const char *name;
        double reward;
    } rows[] = {{"random", m.random},
                {"thompson", m.thompson},
                {"ours", m.ours},
                {"oracle", m.oracle}};
    printf("%zu rounds, mean of %lld runs\n\n", m.rounds, (long long)n);
    piq_text_table *t = piq_text_table_new(heads, 2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        piq_text_table_cell(t, "%s", rows[i].name);
        piq_text_table_cell(t, "%.4f", rows[i].reward);
    }
    piq_text_table_print(t);
}

int piq_eval_online_run(const piq_online_arguments *args)
{
    piq_online_report runs[MAX_SEEDS];
    piq_err err = {0};
    PIQ_ASSERT(args->seeds >= 1 && args->seeds <= MAX_SEEDS);
    if (play(args, runs, &err))
        return piq_could_not(&err);
    (args->json ? print_json : print_table)(runs, args->seeds);
    return PIQ_DONE;
}
