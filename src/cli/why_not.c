/* why_not.c - piq why-not USER CONTENT */
#include "cli/ask.h"

#include <stdlib.h>

static double number(const json_t *o, const char *member)
{
    return json_number_value(json_object_get(o, member));
}

static void print_terms(const json_t *against)
{
    static const char *const heads[] = {"TERM", "THIS", "OTHER", "DIFFERENCE"};
    const json_t *terms = json_object_get(against, "terms");
    piq_text_table *t = piq_text_table_new(heads, 4);
    for (size_t i = 0; i < json_array_size(terms); i++) {
        const json_t *one = json_array_get(terms, i);
        piq_text_table_cell(t, "%s",
                            json_string_value(json_object_get(one, "term")));
        piq_text_table_cell(t, "%.3f", number(one, "value"));
        piq_text_table_cell(t, "%.3f", number(one, "other_value"));
        piq_text_table_cell(t, "%+.4f", number(one, "difference"));
    }
    piq_text_table_cell(t, "score");
    piq_text_table_cell(t, "%.4f", number(against, "score"));
    piq_text_table_cell(t, "%.4f", number(against, "other_score"));
    piq_text_table_cell(
        t, "%+.4f", number(against, "score") - number(against, "other_score"));
    piq_text_table_print(t);
}

static void print_answer(const json_t *r)
{
    const json_t *against = json_object_get(r, "against");
    printf("%s: %s\n%s\n", json_string_value(json_object_get(r, "title")),
           json_string_value(json_object_get(r, "verdict")),
           json_string_value(json_object_get(r, "sentence")));
    if (json_is_object(against))
        print_terms(against);
}

static int why_not(const piq_command *self, int argc, char **argv)
{
    static const piq_question q = {"GET", "recommendations/why-not",
                                   print_answer};
    const char *type = NULL;
    int64_t limit = 5;
    char query[128];
    piq_arguments args;
    const piq_option options[] = {{"type", PIQ_OPT_TEXT, &type, 0, 0},
                                  {"limit", PIQ_OPT_INT, &limit, 1, 50},
                                  {0}};
    int64_t content;
    piq_content_type named;
    int code = piq_parse_arguments(self, argc, argv, options, 2, 2, &args);
    if (code >= 0)
        return code;
    if (!piq_str_to_i64(piq_str_of(args.rest[1]), &content) || content < 1)
        return piq_wrong_use(self, "the id of a content is expected, not %s",
                             args.rest[1]);
    if (type && !piq_content_type_of(piq_str_of(type), &named))
        return piq_wrong_use(self, "there is no type %s", type);
    snprintf(query, sizeof query, "?content=%lld&limit=%lld%s%s",
             (long long)content, (long long)limit, type ? "&type=" : "",
             type ? type : "");
    return piq_ask_learner(self, &args, &q, query, PIQ_STR(""));
}

const piq_command piq_cmd_why_not = {
    "why-not", "USER CONTENT", "Says why a content is not recommended.",
    "  --type T         in a slate of this type\n"
    "  --limit N        in a slate of so many (default 5)\n",
    why_not};
