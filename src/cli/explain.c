/* explain.c - piq recommend explain ID: what the log tells of a recommendation,
 * and whether it can be made again. */
#include "cli/ask.h"

#include <stdlib.h>
#include <string.h>

static const json_t *member(const json_t *o, const char *name)
{
    return json_object_get(o, name);
}

static double number(const json_t *o, const char *name)
{
    return json_number_value(member(o, name));
}

static const char *text(const json_t *o, const char *name)
{
    const char *s = json_string_value(member(o, name));
    return s ? s : "-";
}

static void print_terms(const json_t *why)
{
    static const char *const heads[] = {"TERM", "VALUE", "WEIGHT",
                                        "CONTRIBUTION"};
    const json_t *terms = member(why, "contributions");
    piq_text_table *t = piq_text_table_new(heads, 4);
    for (size_t i = 0; i < json_array_size(terms); i++) {
        const json_t *one = json_array_get(terms, i);
        piq_text_table_cell(t, "%s", text(one, "term"));
        piq_text_table_cell(t, "%.4f", number(one, "value"));
        piq_text_table_cell(t, "%.4f", number(one, "weight"));
        piq_text_table_cell(t, "%+.4f", number(one, "contribution"));
    }
    piq_text_table_cell(t, "baseline");
    piq_text_table_cell(t, "-");
    piq_text_table_cell(t, "-");
    piq_text_table_cell(t, "%.4f", number(why, "baseline"));
    piq_text_table_cell(t, "score");
    piq_text_table_cell(t, "-");
    piq_text_table_cell(t, "-");
    piq_text_table_cell(t, "%.4f", number(why, "score"));
    piq_text_table_print(t);
}

static void print_explored(const json_t *explored)
{
    static const char *const heads[] = {"CONTENT", "VALUE", "CHANCE"};
    const json_t *list = member(explored, "candidates");
    piq_text_table *t = piq_text_table_new(heads, 3);
    printf("\nplace %.0f was drawn among\n", number(explored, "place"));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        piq_text_table_cell(t, "%.0f", number(one, "content_id"));
        piq_text_table_cell(t, "%.4f", number(one, "value"));
        piq_text_table_cell(t, "%.4f", number(one, "chance"));
    }
    piq_text_table_print(t);
}

static void print_explanation(const json_t *x)
{
    const json_t *why = member(x, "reasoning");
    const json_t *replay = member(x, "replay");
    printf("content %.0f for learner %s at %s\n", number(x, "content_id"),
           text(x, "userId"), text(x, "recommended_at"));
    printf("place %.0f of %.0f, out of %.0f candidates, by %s: %s, chance "
           "%.4f\n%s\n\n",
           number(x, "place"), number(x, "shown"), number(x, "candidates"),
           text(x, "policy"), text(x, "cause"), number(x, "propensity"),
           text(why, "sentence"));
    print_terms(why);
    if (json_is_object(member(x, "explored")))
        print_explored(member(x, "explored"));
    if (json_is_object(replay))
        printf("\nreplay: %s (%s)\n", text(replay, "result"),
               text(replay, "said"));
}

/* A replay that gave something else is a failure; one that cannot be made is
 * said, and is none. */
static int show(const piq_buf *b, bool as_json)
{
    json_t *x = json_loadb(b->ptr, b->len, 0, NULL);
    bool differs = strcmp(text(member(x, "replay"), "result"), "differs") == 0;
    if (as_json)
        printf("%.*s\n", (int)b->len, b->ptr);
    else
        print_explanation(x);
    json_decref(x);
    return differs ? PIQ_COULD_NOT : PIQ_DONE;
}

int piq_explain_recommendation(const piq_command *self,
                               const piq_arguments *args, bool replay)
{
    piq_engine *e;
    piq_err err = {0};
    int64_t id;
    piq_buf b;
    piq_json_writer w;
    if (args->n_rest != 2 || !piq_str_to_i64(piq_str_of(args->rest[1]), &id) ||
        id < 1)
        return piq_wrong_use(self, "which one? explain takes the id of a "
                                   "recommendation");
    if (piq_open_existing(args->db, &e, &err))
        return piq_could_not(&err);
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_status status =
        piq_engine_explain(e, (piq_user_id){0}, id, replay, &w, &err);
    piq_engine_close(e);
    if (status == PIQ_OK && b.status)
        status = piq_fail(&err, b.status, "no memory for an explanation");
    int code = status ? piq_could_not(&err) : show(&b, args->json);
    piq_buf_release(&b);
    return code;
}
