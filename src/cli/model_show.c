/* model_show.c - piq model list, piq model show. */
#include "base/calendar.h"
#include "cli/model_command.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

typedef struct shelf {
    piq_model_row *models; /* ascending */
    size_t n_models;
    piq_champion_row *champions; /* newest first */
    size_t n_champions;
} shelf;

static piq_status read_shelf(piq_model_call *c, shelf *out, piq_err *err)
{
    const piq_store_ops *ops = c->store->ops;
    piq_status status = ops->models(c->store, &c->a, c->kind, &out->models,
                                    &out->n_models, err);
    if (status == PIQ_OK)
        status = ops->champions(c->store, &c->a, c->kind, SIZE_MAX,
                                &out->champions, &out->n_champions, err);
    return status;
}

static uint32_t champion_of(const shelf *s)
{
    return s->n_champions ? s->champions[0].model : 0;
}

/* ---- JSON ------------------------------------------------------------ */

static void put_model(piq_json_writer *w, const shelf *s,
                      const piq_model_row *m)
{
    char digest[20];
    snprintf(digest, sizeof digest, "%016" PRIx64, m->digest);
    piq_json_object(w);
    piq_json_put_int(w, "version", m->version);
    piq_json_put_str(w, "kind", m->kind);
    piq_json_put_time(w, "made_at", m->made_us);
    piq_json_put_z(w, "digest", digest);
    piq_json_put_int(w, "bytes", (int64_t)m->n_bytes);
    piq_json_put_bool(w, "removed", !m->has_body);
    piq_json_put_bool(w, "champion", m->version == champion_of(s));
    piq_json_key(w, "about");
    piq_json_raw(w, m->about);
    piq_json_object_end(w);
}

/* A null model: from then on there was none. */
static void put_version(piq_json_writer *w, const char *key, uint32_t version)
{
    piq_json_key(w, key);
    if (version)
        piq_json_int(w, version);
    else
        piq_json_null(w);
}

static void put_history(piq_json_writer *w, const shelf *s, uint32_t of_version)
{
    piq_json_key(w, "champions");
    piq_json_array(w);
    for (size_t i = 0; i < s->n_champions; i++) {
        const piq_champion_row *c = &s->champions[i];
        if (of_version && c->model != of_version)
            continue;
        piq_json_object(w);
        piq_json_put_int(w, "number", c->number);
        put_version(w, "version", c->model);
        piq_json_put_time(w, "at", c->at_us);
        piq_json_put_str(w, "reason", c->reason);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static piq_status print_buf(piq_buf *b, piq_err *err)
{
    piq_status status = b->status;
    if (status)
        piq_fail(err, status, "could not write the models as JSON");
    else
        printf("%.*s\n", (int)b->len, b->ptr);
    piq_buf_release(b);
    return status;
}

static piq_status list_json(const shelf *s, piq_err *err)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    put_version(&w, "champion", champion_of(s));
    piq_json_key(&w, "models");
    piq_json_array(&w);
    for (size_t i = 0; i < s->n_models; i++)
        put_model(&w, s, &s->models[i]);
    piq_json_array_end(&w);
    put_history(&w, s, 0);
    piq_json_object_end(&w);
    return print_buf(&b, err);
}

static piq_status show_json(const shelf *s, const piq_model_row *m,
                            piq_err *err)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_key(&w, "model");
    put_model(&w, s, m);
    put_history(&w, s, m->version);
    piq_json_object_end(&w);
    return print_buf(&b, err);
}

/* ---- text ------------------------------------------------------------ */

/* "2026-11-23 03:07" */
static const char *minute_of(int64_t at_us, char out[32])
{
    piq_time_format(at_us, out);
    out[10] = ' ';
    out[16] = '\0';
    return out;
}

static const char *size_of(uint64_t n_bytes, char out[24])
{
    if (n_bytes < 1000)
        snprintf(out, 24, "%" PRIu64 " B", n_bytes);
    else if (n_bytes < 100000)
        snprintf(out, 24, "%.1f kB", (double)n_bytes / 1e3);
    else
        snprintf(out, 24, "%.1f MB", (double)n_bytes / 1e6);
    return out;
}

static void cell_score(piq_text_table *t, double score)
{
    if (isnan(score))
        piq_text_table_cell(t, "-");
    else
        piq_text_table_cell(t, "%.4f", score);
}

static void list_row(piq_text_table *t, const shelf *s, const piq_model_row *m)
{
    piq_model_facts facts;
    char made[32], size[24];
    piq_model_facts_read(m->about, &facts);
    piq_text_table_cell(t, "%" PRIu32, m->version);
    piq_text_table_cell(t, "%s", minute_of(m->made_us, made));
    piq_text_table_cell(t, "%s", facts.data[0] ? facts.data : "-");
    if (facts.answers < 0)
        piq_text_table_cell(t, "-");
    else
        piq_text_table_cell(t, "%" PRId64, facts.answers);
    cell_score(t, facts.auc);
    cell_score(t, facts.logloss);
    cell_score(t, facts.ece);
    piq_text_table_cell(t, "%s",
                        m->has_body ? size_of(m->n_bytes, size) : "removed");
    piq_text_table_cell(t, "%s",
                        m->version == champion_of(s) ? "champion" : "");
}

static void list_text(const piq_model_call *c, const shelf *s)
{
    static const char *const heads[] = {"VERSION", "MADE", "DATA",
                                        "ANSWERS", "AUC",  "LOG LOSS",
                                        "ECE",     "SIZE", ""};
    if (!s->n_models) {
        printf("no models in %s\n", c->args.db);
        return;
    }
    piq_text_table *t = piq_text_table_new(heads, 9);
    for (size_t i = 0; t && i < s->n_models; i++)
        list_row(t, s, &s->models[i]);
    piq_text_table_print(t);
    if (!champion_of(s))
        printf("no model is champion\n");
}

static void line_score(const char *name, double score)
{
    if (!isnan(score))
        printf("  %-10s %.4f\n", name, score);
}

static void show_members(piq_str about)
{
    const char *name;
    json_t *member;
    json_t *json = json_loadb(about.ptr, about.len, 0, NULL);
    json_object_foreach(json_object_get(json, "members"), name, member)
    {
        const json_t *auc = json_object_get(member, "auc");
        const json_t *weight = json_object_get(member, "weight");
        printf("  %-10s weight %.3f", name, json_number_value(weight));
        if (json_is_number(auc))
            printf(", AUC %.4f alone", json_number_value(auc));
        printf("\n");
    }
    json_decref(json);
}

/* Of kinds whose facts differ: each as it was told. */
static void show_about(piq_str about)
{
    const char *name;
    json_t *fact;
    json_t *json = json_loadb(about.ptr, about.len, 0, NULL);
    json_object_foreach(json, name, fact)
    {
        char *text = json_dumps(fact, JSON_ENCODE_ANY | JSON_COMPACT |
                                          JSON_REAL_PRECISION(6));
        printf("  %-10s %s\n", name, text ? text : "?");
        free(text);
    }
    json_decref(json);
}

static void show_text(const shelf *s, const piq_model_row *m)
{
    piq_model_facts facts;
    char at[32], size[24];
    piq_model_facts_read(m->about, &facts);
    printf("version %" PRIu32 "%s, made %s\n", m->version,
           m->version == champion_of(s) ? ", the champion" : "",
           minute_of(m->made_us, at));
    printf("  %-10s %s%s\n", "size", size_of(m->n_bytes, size),
           m->has_body ? "" : ", removed");
    printf("  %-10s %016" PRIx64 "\n", "digest", m->digest);
    if (facts.data[0])
        printf("  %-10s %s\n", "data", facts.data);
    if (facts.answers >= 0)
        printf("  %-10s %" PRId64 " of %" PRId64 " learners\n", "answers",
               facts.answers, facts.learners);
    if (facts.from[0])
        printf("  %-10s %s to %s\n", "", facts.from, facts.until);
    if (facts.valid_answers >= 0)
        printf("on %" PRId64 " answers apart\n", facts.valid_answers);
    line_score("AUC", facts.auc);
    line_score("log loss", facts.logloss);
    line_score("ECE", facts.ece);
    if (piq_str_eq(m->kind, PIQ_MODEL_KT)) {
        printf("members\n");
        show_members(m->about);
    } else {
        show_about(m->about);
    }
    for (size_t i = 0; i < s->n_champions; i++)
        if (s->champions[i].model == m->version)
            printf("champion from %s: %.*s\n",
                   minute_of(s->champions[i].at_us, at),
                   PIQ_STR_ARG(s->champions[i].reason));
}

/* ---- the two --------------------------------------------------------- */

piq_status piq_model_list(piq_model_call *c, piq_err *err)
{
    shelf s = {0};
    piq_status status = read_shelf(c, &s, err);
    if (status)
        return status;
    if (c->args.json)
        return list_json(&s, err);
    list_text(c, &s);
    return PIQ_OK;
}

piq_status piq_model_show(piq_model_call *c, piq_err *err)
{
    shelf s = {0};
    piq_status status = read_shelf(c, &s, err);
    if (status)
        return status;
    uint32_t version = c->version ? c->version : champion_of(&s);
    if (!version)
        return piq_fail(err, PIQ_ENOTFOUND, "no model is champion in %s",
                        c->args.db);
    for (size_t i = 0; i < s.n_models; i++) {
        if (s.models[i].version != version)
            continue;
        if (c->args.json)
            return show_json(&s, &s.models[i], err);
        show_text(&s, &s.models[i]);
        return PIQ_OK;
    }
    return piq_fail(err, PIQ_ENOTFOUND,
                    "there is no model of version %" PRIu32 " in %s", version,
                    c->args.db);
}
