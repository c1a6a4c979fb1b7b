/* parts.c - activities, results, contexts, attachments. */
#include "xapi/check.h"

#include <stdio.h>

/* ---- activities --------------------------------------------------------- */

static bool check_component(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member component[] = {
        {"id", piq_xapi_check_name, true},
        {"description", piq_xapi_check_language_map, false},
        {0}};
    return piq_xapi_members(at, v, component);
}

/* Ids tell the components of one list apart. */
static bool check_components(const piq_xapi_at *at, const json_t *v)
{
    if (!piq_xapi_each(at, v, check_component))
        return false;
    for (size_t i = 0; i < json_array_size(v); i++)
        for (size_t k = 0; k < i; k++)
            if (piq_str_eq(piq_xapi_text(json_array_get(v, i), "id"),
                           piq_xapi_text(json_array_get(v, k), "id"))) {
                const piq_xapi_at in = {.up = at, .index = i, .err = at->err};
                return piq_xapi_refuse_member(&in, "id",
                                              "the id is there twice");
            }
    return true;
}

static bool check_patterns(const piq_xapi_at *at, const json_t *v)
{
    return piq_xapi_each(at, v, piq_xapi_check_string);
}

/* Which lists of components a type of interaction may have. */
typedef struct interaction {
    const char *type;
    const char *lists[2];
} interaction;

static const interaction interactions[] = {{"true-false", {0}},
                                           {"choice", {"choices", NULL}},
                                           {"fill-in", {0}},
                                           {"long-fill-in", {0}},
                                           {"matching", {"source", "target"}},
                                           {"performance", {"steps", NULL}},
                                           {"sequencing", {"choices", NULL}},
                                           {"likert", {"scale", NULL}},
                                           {"numeric", {0}},
                                           {"other", {0}}};

static const interaction *find_interaction(piq_str type)
{
    for (size_t i = 0; i < sizeof interactions / sizeof interactions[0]; i++)
        if (piq_str_eq(type, piq_str_of(interactions[i].type)))
            return &interactions[i];
    return NULL;
}

static bool check_interaction_type(const piq_xapi_at *at, const json_t *v)
{
    return piq_xapi_check_string(at, v) &&
           (find_interaction(piq_xapi_str(v)) ||
            piq_xapi_refuse(at, "no type of interaction: \"%.40s\"",
                            json_string_value(v)));
}

static bool may_have(const interaction *i, const char *list)
{
    for (int k = 0; k < 2; k++)
        if (i->lists[k] && strcmp(i->lists[k], list) == 0)
            return true;
    return false;
}

static bool check_interaction(const piq_xapi_at *at, const json_t *v)
{
    static const char *const lists[] = {"choices", "scale", "source", "target",
                                        "steps"};
    const json_t *type = json_object_get(v, "interactionType");
    if (!type && json_object_get(v, "correctResponsesPattern"))
        return piq_xapi_refuse_member(at, "interactionType",
                                      "an interaction names its type");
    for (size_t i = 0; i < 5; i++) {
        if (!json_object_get(v, lists[i]))
            continue;
        if (!type)
            return piq_xapi_refuse_member(at, "interactionType",
                                          "an interaction names its type");
        if (!may_have(find_interaction(piq_xapi_str(type)), lists[i]))
            return piq_xapi_refuse_member(
                at, lists[i], "an interaction of type %.20s has no \"%s\"",
                json_string_value(type), lists[i]);
    }
    return true;
}

static bool check_definition(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member definition[] = {
        {"name", piq_xapi_check_language_map, false},
        {"description", piq_xapi_check_language_map, false},
        {"type", piq_xapi_check_iri, false},
        {"moreInfo", piq_xapi_check_iri, false},
        {"extensions", piq_xapi_check_extensions, false},
        {"interactionType", check_interaction_type, false},
        {"correctResponsesPattern", check_patterns, false},
        {"choices", check_components, false},
        {"scale", check_components, false},
        {"source", check_components, false},
        {"target", check_components, false},
        {"steps", check_components, false},
        {0}};
    return piq_xapi_members(at, v, definition) && check_interaction(at, v);
}

bool piq_xapi_check_activity(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member activity[] = {
        {"objectType", piq_xapi_check_string, false},
        {"id", piq_xapi_check_iri, true},
        {"definition", check_definition, false},
        {0}};
    if (!piq_xapi_members(at, v, activity))
        return false;
    return !json_object_get(v, "objectType") ||
           piq_xapi_is(v, "objectType", "Activity") ||
           piq_xapi_refuse_member(at, "objectType",
                                  "\"Activity\" is expected here");
}

bool piq_xapi_check_ref(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member ref[] = {
        {"objectType", piq_xapi_check_string, true},
        {"id", piq_xapi_check_uuid, true},
        {0}};
    return piq_xapi_members(at, v, ref) &&
           (piq_xapi_is(v, "objectType", "StatementRef") ||
            piq_xapi_refuse_member(at, "objectType",
                                   "\"StatementRef\" is expected here"));
}

/* ---- results ------------------------------------------------------------ */

static bool number_of(const json_t *v, const char *member, double *out)
{
    const json_t *n = json_object_get(v, member);
    if (n)
        *out = json_number_value(n);
    return n != NULL;
}

static bool check_score(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member score[] = {
        {"scaled", piq_xapi_check_number, false},
        {"raw", piq_xapi_check_number, false},
        {"min", piq_xapi_check_number, false},
        {"max", piq_xapi_check_number, false},
        {0}};
    double scaled, raw, min, max;
    if (!piq_xapi_members(at, v, score))
        return false;
    if (number_of(v, "scaled", &scaled) && !(scaled >= -1 && scaled <= 1))
        return piq_xapi_refuse_member(at, "scaled", "%.17g is not within -1..1",
                                      scaled);
    bool has_raw = number_of(v, "raw", &raw);
    bool has_min = number_of(v, "min", &min);
    bool has_max = number_of(v, "max", &max);
    if (has_min && has_max && !(min < max))
        return piq_xapi_refuse_member(at, "min", "%g is not below the max, %g",
                                      min, max);
    if (has_raw && has_min && raw < min)
        return piq_xapi_refuse_member(at, "raw", "%g is below the min, %g", raw,
                                      min);
    if (has_raw && has_max && raw > max)
        return piq_xapi_refuse_member(at, "raw", "%g is above the max, %g", raw,
                                      max);
    return true;
}

bool piq_xapi_check_result(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member result[] = {
        {"score", check_score, false},
        {"success", piq_xapi_check_boolean, false},
        {"completion", piq_xapi_check_boolean, false},
        {"response", piq_xapi_check_string, false},
        {"duration", piq_xapi_check_duration, false},
        {"extensions", piq_xapi_check_extensions, false},
        {0}};
    return piq_xapi_members(at, v, result);
}

/* ---- contexts ----------------------------------------------------------- */

/* One activity, or an array of them. */
static bool check_activities(const piq_xapi_at *at, const json_t *v)
{
    return json_is_array(v) ? piq_xapi_each(at, v, piq_xapi_check_activity)
                            : piq_xapi_check_activity(at, v);
}

static bool check_context_activities(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member kinds[] = {
        {"parent", check_activities, false},
        {"grouping", check_activities, false},
        {"category", check_activities, false},
        {"other", check_activities, false},
        {0}};
    return piq_xapi_members(at, v, kinds);
}

static bool check_types(const piq_xapi_at *at, const json_t *v)
{
    if (json_is_array(v) && json_array_size(v) == 0)
        return piq_xapi_refuse(at, "an empty array is not allowed here");
    return piq_xapi_each(at, v, piq_xapi_check_iri);
}

static bool check_object_type(const piq_xapi_at *at, const json_t *v,
                              const char *word)
{
    return piq_xapi_is(v, "objectType", word) ||
           piq_xapi_refuse_member(at, "objectType", "\"%s\" is expected here",
                                  word);
}

static bool check_context_agent(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member agent[] = {
        {"objectType", piq_xapi_check_string, true},
        {"agent", piq_xapi_check_agent, true},
        {"relevantTypes", check_types, false},
        {0}};
    return piq_xapi_members(at, v, agent) &&
           check_object_type(at, v, "contextAgent");
}

static bool check_context_group(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member group[] = {
        {"objectType", piq_xapi_check_string, true},
        {"group", piq_xapi_check_group, true},
        {"relevantTypes", check_types, false},
        {0}};
    return piq_xapi_members(at, v, group) &&
           check_object_type(at, v, "contextGroup");
}

static bool check_context_agents(const piq_xapi_at *at, const json_t *v)
{
    return piq_xapi_each(at, v, check_context_agent);
}

static bool check_context_groups(const piq_xapi_at *at, const json_t *v)
{
    return piq_xapi_each(at, v, check_context_group);
}

bool piq_xapi_check_context(const piq_xapi_at *at, const json_t *v)
{
    static const piq_xapi_member context[] = {
        {"registration", piq_xapi_check_uuid, false},
        {"instructor", piq_xapi_check_actor, false},
        {"team", piq_xapi_check_group, false},
        {"contextActivities", check_context_activities, false},
        {"contextAgents", check_context_agents, false},
        {"contextGroups", check_context_groups, false},
        {"revision", piq_xapi_check_string, false},
        {"platform", piq_xapi_check_string, false},
        {"language", piq_xapi_check_language, false},
        {"statement", piq_xapi_check_ref, false},
        {"extensions", piq_xapi_check_extensions, false},
        {0}};
    return piq_xapi_members(at, v, context);
}

/* ---- attachments -------------------------------------------------------- */

bool piq_xapi_check_attachment(const piq_xapi_at *at, const json_t *v)
{
    /* The standard lets fileUrl be left out where the bytes come along; they
     * never do here. */
    static const piq_xapi_member attachment[] = {
        {"usageType", piq_xapi_check_iri, true},
        {"display", piq_xapi_check_language_map, true},
        {"description", piq_xapi_check_language_map, false},
        {"contentType", piq_xapi_check_media_type, true},
        {"length", piq_xapi_check_count, true},
        {"sha2", piq_xapi_check_sha2, true},
        {"fileUrl", piq_xapi_check_iri, true},
        {0}};
    return piq_xapi_members(at, v, attachment);
}
