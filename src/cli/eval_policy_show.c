/* eval_policy_show.c - what an off-policy evaluation found, to read. */
#include "cli/eval_policy.h"

static void put_pair(piq_json_writer *w, const char *key, const double *pair)
{
    piq_json_key(w, key);
    piq_json_array(w);
    piq_json_fixed(w, pair[0], 9);
    piq_json_fixed(w, pair[1], 9);
    piq_json_array_end(w);
}

void piq_print_offpolicy_json(const piq_offpolicy_report *r,
                              void (*more)(piq_json_writer *w, const void *ctx),
                              const void *ctx)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_put_fixed(&w, "ips", r->ips, 9);
    piq_json_put_fixed(&w, "snips", r->snips, 9);
    piq_json_put_fixed(&w, "dm", r->dm, 9);
    piq_json_put_fixed(&w, "dr", r->dr, 9);
    piq_json_put_fixed(&w, "ess", r->ess, 6);
    piq_json_put_fixed(&w, "ess_by_chance", r->ess_by_chance, 6);
    piq_json_put_fixed(&w, "max_weight", r->max_weight, 6);
    put_pair(&w, "ci", r->ci);
    piq_json_put_z(&w, "verdict", piq_offpolicy_verdict_name(r->verdict));
    piq_json_put_int(&w, "rows", (int64_t)r->n);
    piq_json_put_int(&w, "groups", (int64_t)r->n_groups);
    piq_json_put_int(&w, "clipped", (int64_t)r->n_clipped);
    piq_json_put_fixed(&w, "logged", r->logged, 9);
    piq_json_put_fixed(&w, "difference", r->difference, 9);
    put_pair(&w, "difference_ci", r->difference_ci);
    put_pair(&w, "ips_ci", r->ips_ci);
    put_pair(&w, "snips_ci", r->snips_ci);
    if (more)
        more(&w, ctx);
    piq_json_object_end(&w);
    printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
    piq_buf_release(&b);
}

static void row(piq_text_table *t, const char *name, double v, const double *ci)
{
    piq_text_table_cell(t, "%s", name);
    piq_text_table_cell(t, "%.6f", v);
    if (ci)
        piq_text_table_cell(t, "%.6f .. %.6f", ci[0], ci[1]);
    else
        piq_text_table_cell(t, "%s", "");
}

void piq_print_offpolicy(const piq_offpolicy_report *r, double confidence)
{
    static const char *const heads[] = {"ESTIMATE", "REWARD", "INTERVAL"};
    printf("%zu rows; effective sample size %.0f (by chance "
           "%.0f), largest weight %.2f, %zu "
           "clipped; intervals hold %g %%\n\n",
           r->n, r->ess, r->ess_by_chance, r->max_weight, r->n_clipped,
           confidence * 100);
    piq_text_table *t = piq_text_table_new(heads, 3);
    row(t, "logged policy", r->logged, NULL);
    row(t, "IPS", r->ips, r->ips_ci);
    row(t, "SNIPS", r->snips, r->snips_ci);
    row(t, "DM", r->dm, NULL);
    row(t, "DR", r->dr, r->ci);
    row(t, "DR - logged", r->difference, r->difference_ci);
    piq_text_table_print(t);
    printf("\n%s\n", piq_offpolicy_verdict_name(r->verdict));
}
