/* eval_simulation.c - piq eval simulation: what recommending does to simulated
 * learners, beside simple policies and the engine before it learned. */
#include "cli/eval_topics.h"
#include "cli/eval_variants.h"
#include "trial/coverage.h"
#include "trial/trial.h"

#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_BYTES = 256 << 20 };
static const size_t TRIAL_BYTES = (size_t)4 << 30;
static const double COVERAGE_CONFIDENCE = 0.9;

typedef struct options {
    int64_t learners, earlier, sessions, slate, seed, coverage, variants;
    const char *policy, *curriculum, *floor;
} options;

static void put_figure(piq_json_writer *w, const char *name,
                       const piq_trial_figure *f)
{
    piq_json_key(w, name);
    piq_json_object(w);
    piq_json_put_fixed(w, "value", f->value, 4);
    piq_json_put_fixed(w, "low", f->low, 4);
    piq_json_put_fixed(w, "high", f->high, 4);
    piq_json_object_end(w);
}

static void put_arm(piq_json_writer *w, piq_trial_policy p,
                    const piq_trial_report *r)
{
    const piq_trial_arm *arm = &r->arm[p];
    piq_json_key(w, piq_trial_policy_name(p));
    piq_json_object(w);
    put_figure(w, "mastery_an_hour", &arm->gained_an_hour);
    put_figure(w, "mastery_an_hour_set_aside", &arm->gained_an_hour_set_aside);
    put_figure(w, "accepted", &arm->accepted);
    put_figure(w, "finished", &arm->finished);
    put_figure(w, "hours", &arm->hours);
    put_figure(w, "mastery", &arm->gained);
    if (p != PIQ_TRIAL_ENGINE && r->arm[PIQ_TRIAL_ENGINE].learners) {
        put_figure(w, "engine_more_mastery_an_hour", &arm->more_gained_an_hour);
        put_figure(w, "engine_more_mastery_an_hour_set_aside",
                   &arm->more_gained_an_hour_set_aside);
        put_figure(w, "engine_more_accepted", &arm->more_accepted);
    }
    piq_json_object_end(w);
}

static void print_json(const options *o, const piq_trial_report *r)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "learners", o->learners);
    piq_json_put_int(&w, "sessions", o->sessions);
    piq_json_put_int(&w, "seed", o->seed);
    for (int p = 0; p < PIQ_N_TRIAL_POLICIES; p++)
        if (r->arm[p].learners)
            put_arm(&w, (piq_trial_policy)p, r);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

static void cell(piq_text_table *t, const piq_trial_figure *f, bool sign)
{
    piq_text_table_cell(t,
                        sign ? "%+.3f (%+.3f .. %+.3f)" : "%.3f (%.3f .. %.3f)",
                        f->value, f->low, f->high);
}

static void print_tables(const options *o, const piq_trial_report *r)
{
    static const char *const heads[] = {
        "POLICY",   "MASTERY AN HOUR", "AN HOUR SET ASIDE",
        "ACCEPTED", "FINISHED",        "HOURS"};
    static const char *const more[] = {"ENGINE LESS", "MASTERY AN HOUR",
                                       "AN HOUR SET ASIDE", "ACCEPTED"};
    printf("%lld simulated learners, %lld sessions each; 95 %% intervals over "
           "learners\n\n",
           (long long)o->learners, (long long)o->sessions);
    piq_text_table *t = piq_text_table_new(heads, 6);
    for (int p = 0; p < PIQ_N_TRIAL_POLICIES; p++) {
        const piq_trial_arm *arm = &r->arm[p];
        if (!arm->learners)
            continue;
        piq_text_table_cell(t, "%s",
                            piq_trial_policy_name((piq_trial_policy)p));
        cell(t, &arm->gained_an_hour, false);
        cell(t, &arm->gained_an_hour_set_aside, false);
        cell(t, &arm->accepted, false);
        cell(t, &arm->finished, false);
        cell(t, &arm->hours, false);
    }
    piq_text_table_print(t);
    if (!r->arm[PIQ_TRIAL_ENGINE].learners)
        return;
    printf("\n");
    t = piq_text_table_new(more, 4);
    for (int p = 0; p < PIQ_N_TRIAL_POLICIES; p++) {
        const piq_trial_arm *arm = &r->arm[p];
        if (!arm->learners || p == PIQ_TRIAL_ENGINE)
            continue;
        piq_text_table_cell(t, "%s",
                            piq_trial_policy_name((piq_trial_policy)p));
        cell(t, &arm->more_gained_an_hour, true);
        cell(t, &arm->more_gained_an_hour_set_aside, true);
        cell(t, &arm->more_accepted, true);
    }
    piq_text_table_print(t);
}

/* --- off-policy estimates --------------------------------------------------
 */

static void held_row(piq_text_table *t, const char *name,
                     const piq_coverage_held *h, double truth)
{
    piq_text_table_cell(t, "%s", name);
    piq_text_table_cell(t, "%.4f", truth);
    piq_text_table_cell(t, "%.4f +- %.4f", h->estimate, h->half_width);
    piq_text_table_cell(t, "%.1f %%", 100 * h->covered);
    piq_text_table_cell(t, "%.1f %%", 100 * h->below);
    piq_text_table_cell(t, "%.1f %%", 100 * h->above);
}

static void print_held(const piq_coverage_report *r, double confidence)
{
    static const char *const heads[] = {"ESTIMATE", "TRUTH",   "MEAN",
                                        "HELD",     "TOO LOW", "TOO HIGH"};
    printf("%zu logs of %.0f explored places each, effective sample size %.0f "
           "(by chance %.0f); no verdict: %zu\n"
           "one choice of the policy that logged earns %.4f, of the new one "
           "%.4f (standard error %.4f);\n"
           "of the new one where it served itself %.4f\n\n"
           "intervals of %.0f %%:\n",
           r->repetitions, r->rows, r->ess, r->ess_by_chance, r->n_no_verdict,
           r->truth_old, r->truth, r->truth_se, r->lived, 100 * confidence);
    piq_text_table *t = piq_text_table_new(heads, 6);
    held_row(t, "IPS", &r->ips, r->truth);
    held_row(t, "SNIPS", &r->snips, r->truth);
    held_row(t, "DR", &r->dr, r->truth);
    held_row(t, "DR - logged", &r->difference, r->truth - r->truth_old);
    piq_text_table_print(t);
    printf("\nDR - logged, where there is a verdict: %.1f %%\n",
           100 * r->verdict_covered);
}

static void put_held(piq_json_writer *w, const char *name,
                     const piq_coverage_held *h)
{
    piq_json_key(w, name);
    piq_json_object(w);
    piq_json_put_fixed(w, "estimate", h->estimate, 6);
    piq_json_put_fixed(w, "half_width", h->half_width, 6);
    piq_json_put_fixed(w, "covered", h->covered, 4);
    piq_json_put_fixed(w, "too_low", h->below, 4);
    piq_json_put_fixed(w, "too_high", h->above, 4);
    piq_json_object_end(w);
}

static void print_coverage(const piq_coverage_report *r, double confidence,
                           bool json)
{
    if (!json) {
        print_held(r, confidence);
        return;
    }
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_int(&w, "repetitions", (int64_t)r->repetitions);
    piq_json_put_fixed(&w, "rows", r->rows, 1);
    piq_json_put_fixed(&w, "ess", r->ess, 1);
    piq_json_put_fixed(&w, "ess_by_chance", r->ess_by_chance, 1);
    piq_json_put_fixed(&w, "truth_logged", r->truth_old, 6);
    piq_json_put_fixed(&w, "truth", r->truth, 6);
    piq_json_put_fixed(&w, "truth_se", r->truth_se, 6);
    piq_json_put_fixed(&w, "truth_where_it_served", r->lived, 6);
    piq_json_put_fixed(&w, "confidence", confidence, 4);
    put_held(&w, "ips", &r->ips);
    put_held(&w, "snips", &r->snips);
    put_held(&w, "dr", &r->dr);
    put_held(&w, "difference", &r->difference);
    piq_json_put_int(&w, "no_verdict", (int64_t)r->n_no_verdict);
    piq_json_put_fixed(&w, "verdict_covered", r->verdict_covered, 4);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

/* Below 0: it is none. */
static double floor_of(const options *o)
{
    char *end;
    if (!o->floor)
        return 0;
    double floor = strtod(o->floor, &end);
    return *end || end == o->floor || !(floor > 0 && floor <= 1) ? -1 : floor;
}

static piq_status cover(piq_arena *a, const piq_catalogue *c, const options *o,
                        bool json, piq_err *err)
{
    piq_coverage_options coverage = {.seed = (uint64_t)o->seed,
                                     .repetitions = (size_t)o->coverage,
                                     .learners = (size_t)o->learners,
                                     .sessions = (size_t)o->sessions,
                                     .slate = (size_t)o->slate,
                                     .earlier = (size_t)o->earlier,
                                     .floor = floor_of(o),
                                     .confidence = COVERAGE_CONFIDENCE};
    piq_coverage_report r;
    piq_status status = piq_coverage_run(a, c, &coverage, &r, err);
    if (status == PIQ_OK)
        print_coverage(&r, coverage.confidence, json);
    return status;
}

/* --- all together ----------------------------------------------------------
 */

static bool wish_one(const char *name, size_t len, piq_trial_options *o)
{
    bool known = false;
    for (int p = 0; p < PIQ_N_TRIAL_POLICIES; p++) {
        const char *this = piq_trial_policy_name((piq_trial_policy)p);
        if (strlen(this) != len || strncmp(this, name, len) != 0)
            continue;
        o->wanted[p] = known = true;
    }
    return known;
}

/* "engine,before"; false: one of them is none. */
static bool wish(const char *names, piq_trial_options *o)
{
    for (;;) {
        size_t len = strcspn(names, ",");
        if (!wish_one(names, len, o))
            return false;
        if (!names[len])
            return true;
        names += len + 1;
    }
}

/* The document at `path`, with variants; caller frees. */
static piq_status read_document(const char *path, const options *o,
                                char **bytes, size_t *len, piq_err *err)
{
    piq_status status = piq_read_file(path, DOCUMENT_BYTES, bytes, len, err);
    if (status || o->variants < 2)
        return status;
    json_t *document = json_loadb(*bytes, *len, 0, NULL);
    free(*bytes);
    *bytes = NULL;
    if (!document)
        return piq_fail(err, PIQ_EPARSE, "%s is not JSON", path);
    status = piq_add_variants(document, (size_t)o->variants, (uint64_t)o->seed);
    if (status == PIQ_OK)
        *bytes = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    if (!*bytes)
        return piq_fail(err, status ? status : PIQ_ENOMEM,
                        "could not vary the contents of %s", path);
    *len = strlen(*bytes);
    return PIQ_OK;
}

static piq_status read_catalogue(piq_arena *a, const options *o,
                                 piq_catalogue **out, piq_err *err)
{
    char *bytes;
    size_t len;
    piq_findings findings;
    const char *path = o->curriculum ? o->curriculum : piq_shipped_curriculum();
    if (!path)
        return piq_fail(err, PIQ_ENOTFOUND,
                        "the shipped curriculum was not found; name one with "
                        "--curriculum");
    piq_status status = read_document(path, o, &bytes, &len, err);
    if (status)
        return status;
    status = piq_catalogue_read(a, (piq_str){bytes, len}, NULL, out, &findings,
                                NULL, err);
    free(bytes);
    return status;
}

static piq_status simulate(const options *o, piq_trial_options *trial,
                           bool json, piq_err *err)
{
    piq_catalogue *c = NULL;
    piq_arena a;
    piq_trial_report report;
    piq_arena_init(&a, TRIAL_BYTES);
    piq_status status = read_catalogue(&a, o, &c, err);
    if (status == PIQ_OK && o->coverage)
        status = cover(&a, c, o, json, err);
    else if (status == PIQ_OK)
        status = piq_trial_run(&a, c, trial, &report, err);
    if (status == PIQ_OK && !o->coverage)
        (json ? print_json : print_tables)(o, &report);
    piq_arena_release(&a);
    piq_catalogue_free(c);
    return status;
}

static int run(const piq_command *self, int argc, char **argv)
{
    options o = {.learners = 200,
                 .earlier = 100,
                 .sessions = 20,
                 .slate = 5,
                 .seed = 1,
                 .variants = 4,
                 .policy = "engine,before,taste,popular,random"};
    const piq_option list[] = {
        {"learners", PIQ_OPT_INT, &o.learners, 2, 100000},
        {"earlier", PIQ_OPT_INT, &o.earlier, 0, 100000},
        {"sessions", PIQ_OPT_INT, &o.sessions, 1, 10000},
        {"slate", PIQ_OPT_INT, &o.slate, 1, 10},
        {"seed", PIQ_OPT_INT, &o.seed, 0, INT64_MAX},
        {"variants", PIQ_OPT_INT, &o.variants, 1, 50},
        {"coverage", PIQ_OPT_INT, &o.coverage, 2, 100000},
        {"policy", PIQ_OPT_TEXT, &o.policy, 0, 0},
        {"curriculum", PIQ_OPT_TEXT, &o.curriculum, 0, 0},
        {"floor", PIQ_OPT_TEXT, &o.floor, 0, 0},
        {0}};
    piq_arguments args;
    piq_err err;
    int code = piq_parse_arguments(self, argc, argv, list, 0, 0, &args);
    if (code >= 0)
        return code;
    piq_trial_options trial = {.seed = (uint64_t)o.seed,
                               .learners = (size_t)o.learners,
                               .earlier = (size_t)o.earlier,
                               .sessions = (size_t)o.sessions,
                               .slate = (size_t)o.slate,
                               .floor = floor_of(&o)};
    if (trial.floor < 0)
        return piq_wrong_use(self, "--floor is a chance above 0, not %s",
                             o.floor);
    if (!wish(o.policy, &trial))
        return piq_wrong_use(self, "a policy of \"%s\" is not known", o.policy);
    if (simulate(&o, &trial, args.json, &err))
        return piq_could_not(&err);
    return PIQ_DONE;
}

const piq_command piq_eval_topic_simulation = {
    "eval simulation", "",
    "Recommends to simulated learners with hidden tastes and hidden knowledge, "
    "and compares what they learn and accept with simple policies.",
    "  --learners N      of each policy, the same (default 200)\n"
    "  --earlier N       whose log is there at the start (default 100)\n"
    "  --sessions N      of each learner (default 20)\n"
    "  --slate N         contents offered at once, 1 .. 10 (default 5)\n"
    "  --seed N          (default 1)\n"
    "  --policy LIST     of engine, before, taste, popular, random (default "
    "all)\n"
    "  --coverage N      instead: N logs of so many learners and sessions "
    "each; how\n"
    "                    often off-policy intervals of 90 % hold the truth\n"
    "  --variants N      of each content, to choose from (default 4)\n"
    "  --floor P         least chance of a content that may be drawn for the\n"
    "                    explored place (default .01)\n"
    "  --curriculum FILE instead of the one that is shipped\n",
    run};
