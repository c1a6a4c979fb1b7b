/* ask.c - analyze, progress, recommend, predict: one learner, asked on
 * the command line. The answer is the API's own reply; --json prints it, else
 * a table is made from it. */
#include "cli/ask.h"
#include "base/buf.h"
#include "piq.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- from JSON ------------------------------------------------------- */

static double number(const json_t *o, const char *member)
{
    const json_t *v = json_object_get(o, member);
    return json_is_number(v) ? json_number_value(v) : 0;
}

static const char *text(const json_t *o, const char *member)
{
    const json_t *v = json_object_get(o, member);
    return json_is_string(v) ? json_string_value(v) : "-";
}

/* A number that may be null. */
static void cell_number(piq_text_table *t, const json_t *v, const char *fmt,
                        double scale)
{
    char shown[32];
    if (!json_is_number(v)) {
        piq_text_table_cell(t, "-");
        return;
    }
    snprintf(shown, sizeof shown, "%.*f%s", strcmp(fmt, "%") == 0 ? 0 : 2,
             json_number_value(v) * scale, strcmp(fmt, "%") == 0 ? " %" : "");
    piq_text_table_cell(t, "%s", shown);
}

static void cell_percent(piq_text_table *t, const json_t *o, const char *member)
{
    cell_number(t, json_object_get(o, member), "%", 100);
}

static void cell_logit(piq_text_table *t, const json_t *o)
{
    /* No "-0.00". */
    piq_text_table_cell(t, "%+.2f",
                        round(number(o, "logit") * 100) / 100 + 0.0);
}

/* ---- one printer a command ------------------------------------------- */

static void print_profile(const json_t *p)
{
    static const char *const heads[] = {"AREA", "LEVEL", "MASTERY",
                                        "FROM", "TO",    "EVIDENCE"};
    const json_t *skill = json_object_get(p, "skillProfile");
    const json_t *style = json_object_get(p, "learningStyle");
    const json_t *areas = json_object_get(skill, "current_levels");
    piq_text_table *t = piq_text_table_new(heads, 6);
    const char *area;
    json_t *level;
    json_object_foreach((json_t *)(uintptr_t)areas, area, level)
    {
        piq_text_table_cell(t, "%s", area);
        piq_text_table_cell(t, "%s", text(level, "level"));
        cell_percent(t, level, "mastery");
        cell_percent(t, level, "mastery_low");
        cell_percent(t, level, "mastery_high");
        cell_number(t, json_object_get(level, "evidence"), "", 1);
    }
    piq_text_table_print(t);
    printf("\nmastered concepts  %zu\n",
           json_array_size(json_object_get(skill, "mastered_concepts")));
    printf("format             %s\n", text(style, "preferred_content_type"));
    printf("session            %.0f minutes\n",
           number(style, "optimal_session_length"));
    printf("pace               %s\n",
           text(style, "difficulty_progression_rate"));
    const json_t *weak = json_object_get(skill, "weak_areas");
    for (size_t i = 0; i < json_array_size(weak); i++) {
        const json_t *w = json_array_get(weak, i);
        printf("weak               %s: %s\n", text(w, "area"), text(w, "why"));
    }
}

static void print_slate(const json_t *r)
{
    static const char *const heads[] = {"ID", "TYPE", "CONTENT", "SCORE",
                                        "WHY"};
    const json_t *list = json_object_get(r, "recommendations");
    piq_text_table *t = piq_text_table_new(heads, 5);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const json_t *why = json_object_get(one, "reasoning");
        piq_text_table_cell(t, "%.0f", number(one, "id"));
        piq_text_table_cell(t, "%s", text(one, "content_type"));
        piq_text_table_cell(t, "%.0f %s", number(one, "content_id"),
                            text(one, "title"));
        piq_text_table_cell(t, "%.2f", number(one, "recommendation_score"));
        piq_text_table_cell(t, "%s", text(why, "sentence"));
    }
    piq_text_table_print(t);
}

/* Those in force: kind, then its members but for the instant. */
static void print_controls(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *one = json_copy(json_array_get(list, i));
        printf("in force              %s", text(one, "kind"));
        json_object_del(one, "kind");
        json_object_del(one, "at");
        char *rest = json_dumps(one, JSON_COMPACT | JSON_REAL_PRECISION(4));
        printf(" %s\n", rest && json_object_size(one) ? rest : "");
        free(rest);
        json_decref(one);
    }
}

void piq_print_path(const json_t *p)
{
    static const char *const heads[] = {"DAY",  "STATUS", "STEP", "MIN",
                                        "FROM", "TO",     "WHAT"};
    const json_t *config = json_object_get(p, "path_config");
    const json_t *steps = json_object_get(config, "steps");
    piq_text_table *t = piq_text_table_new(heads, 7);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *s = json_array_get(steps, i);
        const char *title = text(s, "title");
        piq_text_table_cell(t, "%s", text(s, "day"));
        piq_text_table_cell(t, "%s", text(s, "status"));
        piq_text_table_cell(t, "%s", text(s, "kind"));
        piq_text_table_cell(t, "%.0f", number(s, "minutes"));
        cell_percent(t, s, "mastery_before");
        cell_percent(t, s, "mastery_after");
        piq_text_table_cell(t, "%s",
                            strcmp(title, "-") ? title : text(s, "concept"));
    }
    piq_text_table_print(t);
    double more =
        number(config, "steps_total") - (double)json_array_size(steps);
    if (more > 0)
        printf("and %.0f steps more\n", more);
    printf("\nestimated completion  %s\n", text(config, "completion_day"));
    print_controls(json_object_get(p, "controls"));
    const json_t *history = json_object_get(p, "adaptation_history");
    size_t n = json_array_size(history);
    if (n)
        printf("last change           %s\n",
               text(json_array_get(history, n - 1), "why"));
}

static void print_reviews(const json_t *r)
{
    static const char *const heads[] = {"CONCEPT",  "DUE",   "RECALL",
                                        "LOSS/MIN", "TODAY", "WHY"};
    static const char *const day_heads[] = {"DAY", "MINUTES", "DUE", "PLANNED",
                                            "WAITING"};
    const json_t *list = json_object_get(r, "queue");
    const json_t *days = json_object_get(r, "days");
    const json_t *exam = json_object_get(r, "deadline");
    printf("%.0f due, %.0f of them overdue; wanted %.0f %% (%s)\n\n",
           number(r, "due"), number(r, "overdue"),
           number(r, "desired_retention") * 100, text(r, "retention_source"));
    piq_text_table *t = piq_text_table_new(heads, 6);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *x = json_array_get(list, i);
        piq_text_table_cell(t, "%s", text(x, "concept"));
        piq_text_table_cell(t, "%s", text(x, "due"));
        cell_percent(t, x, "recall");
        piq_text_table_cell(t, "%.3f", number(x, "loss_per_minute"));
        piq_text_table_cell(
            t, "%s", json_is_true(json_object_get(x, "today")) ? "yes" : "");
        piq_text_table_cell(t, "%s", text(x, "why"));
    }
    piq_text_table_print(t);
    printf("\n");
    t = piq_text_table_new(day_heads, 5);
    for (size_t i = 0; i < json_array_size(days); i++) {
        const json_t *x = json_array_get(days, i);
        piq_text_table_cell(t, "%s", text(x, "date"));
        piq_text_table_cell(t, "%.0f", number(x, "minutes"));
        piq_text_table_cell(t, "%.0f", number(x, "due"));
        piq_text_table_cell(t, "%.0f", number(x, "planned"));
        piq_text_table_cell(t, "%.0f", number(x, "waiting"));
    }
    piq_text_table_print(t);
    if (json_is_object(exam))
        printf("\non %s: recall %.1f %% by %.0f reviews, %.1f %% without\n",
               text(exam, "date"), number(exam, "recall") * 100,
               number(exam, "reviews"), number(exam, "recall_without") * 100);
}

static void print_answer_prediction(const json_t *p)
{
    static const char *const heads[] = {"LOGIT", "WHAT", "WHY"};
    const json_t *base = json_object_get(p, "base");
    const json_t *model = json_object_get(p, "model");
    const json_t *concepts = json_object_get(p, "concepts");
    const json_t *why = json_object_get(p, "why");
    printf("a right answer     %.1f %%, %s\n",
           number(p, "predicted_success") * 100,
           json_is_object(model) ? "by a trained model"
                                 : "by the belief that needs no training");
    if (json_is_object(model))
        printf("model              %.0f, made %s on %.0f answers\n",
               number(model, "version"), text(model, "made_at"),
               number(model, "trained_on"));
    for (size_t i = 0; i < json_array_size(concepts); i++) {
        const json_t *k = json_array_get(concepts, i);
        printf(
            "mastery            %s: %.0f %%, 80 %% interval %.0f to %.0f %%, "
            "%.0f answers\n",
            text(k, "name"), number(k, "mastery") * 100,
            number(k, "low_80") * 100, number(k, "high_80") * 100,
            number(k, "answers"));
    }
    printf("\n");
    piq_text_table *t = piq_text_table_new(heads, 3);
    cell_logit(t, base);
    piq_text_table_cell(t, "Starting point");
    piq_text_table_cell(t, "%s", text(base, "text"));
    for (size_t i = 0; i < json_array_size(why); i++) {
        const json_t *r = json_array_get(why, i);
        cell_logit(t, r);
        piq_text_table_cell(t, "%s", text(r, "name"));
        piq_text_table_cell(t, "%s", text(r, "text"));
    }
    cell_logit(t, p);
    piq_text_table_cell(t, "Together");
    piq_text_table_cell(t, "A chance of %.1f %%.",
                        number(p, "predicted_success") * 100);
    piq_text_table_print(t);
}

static void print_flat(const json_t *v, const char *name, int depth);

static void print_member(const json_t *v, const char *name, int depth)
{
    if (json_is_object(v) || json_is_array(v)) {
        printf("%*s%s\n", depth * 2, "", name);
        print_flat(v, name, depth + 1);
    } else {
        char *shown = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(4));
        printf("%*s%-24s %s\n", depth * 2, "", name, shown ? shown : "?");
        free(shown);
    }
}

static bool is_scalars(const json_t *v)
{
    size_t i;
    const char *key;
    json_t *item;
    if (json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key,
                            item) if (json_is_object(item) ||
                                      json_is_array(item)) return false;
        return true;
    }
    json_array_foreach((json_t *)(uintptr_t)v, i,
                       item) if (json_is_object(item) ||
                                 json_is_array(item)) return false;
    return true;
}

/* Members one a line; a list of small objects one object a line. */
static void print_flat(const json_t *v, const char *name, int depth)
{
    const char *key;
    json_t *item;
    size_t i;
    (void)name;
    if (json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key, item)
            print_member(item, key, depth);
        return;
    }
    json_array_foreach((json_t *)(uintptr_t)v, i, item)
    {
        if (is_scalars(item)) {
            char *shown =
                json_dumps(item, JSON_ENCODE_ANY | JSON_REAL_PRECISION(4));
            printf("%*s%s\n", depth * 2, "", shown ? shown : "?");
            free(shown);
        } else {
            print_flat(item, "", depth);
        }
    }
}

static void print_any(const json_t *v)
{
    print_flat(v, "", 0);
}

/* ---- asking ---------------------------------------------------------- */

static int report(const piq_reply *reply, bool as_json,
                  void (*print)(const json_t *))
{
    json_t *json = json_loadb(reply->body, reply->len, 0, NULL);
    int code = reply->status < 300 ? PIQ_DONE : PIQ_COULD_NOT;
    if (as_json && code == PIQ_DONE)
        printf("%s\n", reply->body);
    else if (!json)
        code = PIQ_COULD_NOT;
    else if (code == PIQ_DONE)
        print(json);
    else
        fprintf(stderr, "piq: %s\n", text(json, "detail"));
    json_decref(json);
    return code;
}

int piq_ask_learner(const piq_command *self, const piq_arguments *args,
                    const piq_question *q, const char *query, piq_str body)
{
    piq *engine;
    piq_err err = {0};
    piq_reply reply;
    piq_user_id user;
    char target[512];
    if (!piq_parse_user(args->rest[0], &user))
        return piq_wrong_use(self, "USER is a positive integer, not %s",
                             args->rest[0]);
    if (!piq_file_exists(args->db)) {
        fprintf(stderr, "piq: there is no file %s\n", args->db);
        return PIQ_COULD_NOT;
    }
    if (piq_open(args->db, NULL, &engine, &err))
        return piq_could_not(&err);
    snprintf(target, sizeof target, "/api/users/%lld/%s%s", (long long)user.v,
             q->resource, query);
    int code = PIQ_COULD_NOT;
    if (piq_call(engine, q->method, target, body.ptr, body.len, &reply) ==
        PIQ_OK) {
        code = report(&reply, args->json, q->print);
        piq_reply_free(&reply);
    }
    piq_close(engine);
    return code;
}

static int ask(const piq_command *self, const piq_arguments *args,
               const piq_question *q, const char *query)
{
    return piq_ask_learner(self, args, q, query, (piq_str){0});
}

static int analyze(const piq_command *self, int argc, char **argv)
{
    static const piq_question q = {"POST", "profile/analyze", print_profile};
    piq_arguments args;
    int code = piq_parse_arguments(self, argc, argv, NULL, 1, 1, &args);
    return code >= 0 ? code : ask(self, &args, &q, "");
}

static int progress(const piq_command *self, int argc, char **argv)
{
    static const piq_question q = {"GET", "progress-analytics", print_any};
    piq_arguments args;
    int code = piq_parse_arguments(self, argc, argv, NULL, 1, 1, &args);
    return code >= 0 ? code : ask(self, &args, &q, "");
}

static int recommend(const piq_command *self, int argc, char **argv)
{
    static const piq_question q = {"GET", "recommendations", print_slate};
    const char *type = NULL;
    int64_t limit = 5;
    bool replay = false;
    char query[96];
    piq_arguments args;
    const piq_option options[] = {{"type", PIQ_OPT_TEXT, &type, 0, 0},
                                  {"limit", PIQ_OPT_INT, &limit, 1, 50},
                                  {"replay", PIQ_OPT_FLAG, &replay, 0, 0},
                                  {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 2, &args);
    if (code >= 0)
        return code;
    if (strcmp(args.rest[0], "explain") == 0)
        return piq_explain_recommendation(self, &args, replay);
    if (args.n_rest > 1 || replay)
        return piq_wrong_use(self, "one USER, or explain ID [--replay]");
    snprintf(query, sizeof query, "?limit=%lld%s%.40s", (long long)limit,
             type ? "&type=" : "", type ? type : "");
    return ask(self, &args, &q, query);
}

static int reviews(const piq_command *self, int argc, char **argv)
{
    static const piq_question q = {"GET", "reviews", print_reviews};
    int64_t days = 14, minutes = -1, retention = 0;
    bool deadline = false;
    char query[120];
    piq_arguments args;
    const piq_option options[] = {
        {"days", PIQ_OPT_INT, &days, 1, 90},
        {"minutes", PIQ_OPT_INT, &minutes, 0, 1440},
        {"retention", PIQ_OPT_INT, &retention, 70, 97},
        {"deadline", PIQ_OPT_FLAG, &deadline, 0, 0},
        {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 1, &args);
    if (code >= 0)
        return code;
    int n = snprintf(query, sizeof query, "?days=%lld%s", (long long)days,
                     deadline ? "&mode=deadline" : "");
    if (minutes >= 0)
        n += snprintf(query + n, sizeof query - (size_t)n, "&minutes=%lld",
                      (long long)minutes);
    if (retention)
        snprintf(query + n, sizeof query - (size_t)n, "&retention=0.%02lld",
                 (long long)retention);
    return ask(self, &args, &q, query);
}

/* `name` and a value of any bytes as a query; false when it is too long. */
static bool put_query(char *out, size_t size, const char *name,
                      const char *value)
{
    size_t n = (size_t)snprintf(out, size, "?%s=", name);
    for (; *value && n + 4 <= size; value++)
        n += (size_t)snprintf(out + n, size - n, "%%%02X",
                              (unsigned)(unsigned char)*value);
    return !*value;
}

static int predict_answer(const piq_command *self, const piq_arguments *args,
                          int64_t item, const char *concept)
{
    static const piq_question q = {"GET", "answer-prediction",
                                   print_answer_prediction};
    char query[420] = "";
    if (item)
        snprintf(query, sizeof query, "?item=%lld", (long long)item);
    else if (!put_query(query, sizeof query, "concept", concept))
        return piq_wrong_use(self, "--concept is too long");
    return ask(self, args, &q, query);
}

static int predict(const piq_command *self, int argc, char **argv)
{
    static const piq_question q = {"GET", "skill-predictions", print_any};
    static const int64_t most = (INT64_C(1) << 53) - 1;
    int64_t days = 0, item = 0;
    const char *concept = NULL;
    char query[48];
    piq_arguments args;
    const piq_option options[] = {{"days", PIQ_OPT_INT, &days, 1, 730},
                                  {"item", PIQ_OPT_INT, &item, 1, most},
                                  {"concept", PIQ_OPT_TEXT, &concept, 0, 0},
                                  {0}};
    int code = piq_parse_arguments(self, argc, argv, options, 1, 1, &args);
    if (code >= 0)
        return code;
    if ((days != 0) + (item != 0) + (concept != NULL) > 1)
        return piq_wrong_use(self, "give one of --days, --item, --concept");
    if (item || concept)
        return predict_answer(self, &args, item, concept);
    snprintf(query, sizeof query, "?days=%lld", (long long)(days ? days : 28));
    return ask(self, &args, &q, query);
}

const piq_command piq_cmd_analyze = {
    "analyze", "USER", "Makes a learner's profile anew and shows it.", "",
    analyze};
const piq_command piq_cmd_progress = {
    "progress", "USER", "Shows a learner's progress analytics.", "", progress};
const piq_command piq_cmd_recommend = {
    "recommend", "USER | explain ID",
    "Recommends content to a learner, and says why.",
    "  --type T         course, lesson, assessment, character or review\n"
    "  --limit N        at most so many (default 5)\n"
    "explain ID         of a recommendation: why it was made, from the log\n"
    "  --replay         makes its slate again and compares, bit for bit\n",
    recommend};
const piq_command piq_cmd_predict = {
    "predict", "USER", "Predicts a learner's mastery, or the next answer.",
    "  --days N         mastery so many days from now (default 28)\n"
    "  --item ID        instead: the chance of a right answer to it, and why\n"
    "  --concept ID     the same for a typical question of a concept\n",
    predict};
const piq_command piq_cmd_reviews = {
    "reviews", "USER", "Shows what a learner should review, and when.",
    "  --days N         days to come that are told (default 14)\n"
    "  --minutes N      for reviews a day (default: half of the weekday's)\n"
    "  --retention P    recall wanted when due, 70 to 97 per cent\n"
    "  --deadline       plan for the date of the goal\n",
    reviews};
