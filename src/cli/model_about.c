/* model_about.c - reading what is stored with a model. */
#include "cli/model_command.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void take_text(const json_t *object, const char *key, char *out,
                      size_t size)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(out, size, "%s", text ? text : "");
}

static int64_t take_count(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_integer(v) ? json_integer_value(v) : -1;
}

static double take_number(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

void piq_model_facts_read(piq_str about, piq_model_facts *out)
{
    json_t *json = json_loadb(about.ptr, about.len, 0, NULL);
    const json_t *validation = json_object_get(json, "validation");
    take_text(json, "data", out->data, sizeof out->data);
    take_text(json, "from", out->from, sizeof out->from);
    take_text(json, "until", out->until, sizeof out->until);
    out->answers = take_count(json, "answers");
    out->learners = take_count(json, "learners");
    out->valid_answers = take_count(validation, "answers");
    out->auc = take_number(validation, "auc");
    out->logloss = take_number(validation, "logloss");
    out->ece = take_number(validation, "ece");
    json_decref(json);
}
