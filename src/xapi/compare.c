/* compare.c - whether two statements of one id say the same.
 *
 * Both are brought into one form, then compared as JSON. Left out, as the
 * standard has it: what an LRS sets itself (id, authority, stored, version, a
 * timestamp that was not given), words for people (display of verbs, definition
 * of activities), an objectType that is the default, the order of a Group's
 * members and of attachments, one activity or an array of one, the case of
 * UUIDs, the spelling of instants, of numbers, and of durations beyond a
 * hundredth of a second.
 */
#include "xapi/xapi.h"

#include "xapi/check.h"
#include "xapi/syntax.h"

#include <math.h>
#include <stdlib.h>

typedef struct forming {
    bool no_memory;
} forming;

static void put(forming *f, json_t *object, const char *member, json_t *v)
{
    if (!v || json_object_set_new(object, member, v))
        f->no_memory = true;
}

/* jansson's keys are read from the object itself: fetch, then replace. */
static void lower(forming *f, json_t *object, const char *member)
{
    char text[129];
    piq_str s = piq_xapi_text(object, member);
    if (!s.len || s.len >= sizeof text)
        return;
    for (size_t i = 0; i < s.len; i++)
        text[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] | 0x20)
                                                     : s.ptr[i];
    put(f, object, member, json_stringn(text, s.len));
}

static void drop_type(json_t *object, const char *word)
{
    if (piq_xapi_is(object, "objectType", word))
        json_object_del(object, "objectType");
}

/* ---- order that does not matter ----------------------------------------- */

typedef struct sortable {
    char *text;
    json_t *value;
} sortable;

static int by_text(const void *x, const void *y)
{
    return strcmp(((const sortable *)x)->text, ((const sortable *)y)->text);
}

static void sort(forming *f, json_t *array)
{
    size_t n = json_array_size(array);
    sortable *list = n > 1 ? calloc(n, sizeof *list) : NULL;
    if (n > 1 && !list)
        f->no_memory = true;
    if (!list)
        return;
    for (size_t i = 0; i < n; i++) {
        list[i].value = json_incref(json_array_get(array, i));
        list[i].text = json_dumps(list[i].value, JSON_SORT_KEYS);
        if (!list[i].text)
            f->no_memory = true;
    }
    if (!f->no_memory)
        qsort(list, n, sizeof *list, by_text);
    for (size_t i = 0; i < n; i++) {
        free(list[i].text);
        if (json_array_set_new(array, i, list[i].value))
            f->no_memory = true;
    }
    free(list);
}

/* ---- parts ----------------------------------------------------------------
 */

static void form_actor(forming *f, json_t *v)
{
    json_t *members = json_object_get(v, "member");
    drop_type(v, "Agent");
    lower(f, v, "mbox_sha1sum");
    for (size_t i = 0; i < json_array_size(members); i++)
        form_actor(f, json_array_get(members, i));
    sort(f, members);
}

static void form_activity(json_t *v)
{
    drop_type(v, "Activity");
    json_object_del(v, "definition");
}

static void form_activities(forming *f, json_t *all)
{
    static const char *const kinds[] = {"parent", "grouping", "category",
                                        "other"};
    for (int k = 0; k < 4; k++) {
        json_t *v = json_object_get(all, kinds[k]);
        if (json_is_object(v)) {
            put(f, all, kinds[k], json_pack("[O]", v));
            v = json_object_get(all, kinds[k]);
        }
        for (size_t i = 0; i < json_array_size(v); i++)
            form_activity(json_array_get(v, i));
    }
}

static void form_context(forming *f, json_t *v)
{
    json_t *agents = json_object_get(v, "contextAgents");
    json_t *groups = json_object_get(v, "contextGroups");
    lower(f, v, "registration");
    lower(f, json_object_get(v, "statement"), "id");
    form_actor(f, json_object_get(v, "instructor"));
    form_actor(f, json_object_get(v, "team"));
    form_activities(f, json_object_get(v, "contextActivities"));
    for (size_t i = 0; i < json_array_size(agents); i++)
        form_actor(f, json_object_get(json_array_get(agents, i), "agent"));
    for (size_t i = 0; i < json_array_size(groups); i++)
        form_actor(f, json_object_get(json_array_get(groups, i), "group"));
}

static void form_instant(forming *f, json_t *v)
{
    int64_t at_us;
    if (piq_xapi_is_instant(piq_xapi_text(v, "timestamp"), &at_us))
        put(f, v, "timestamp", json_integer(at_us));
}

static void form_attachments(forming *f, json_t *v)
{
    for (size_t i = 0; i < json_array_size(v); i++) {
        json_t *one = json_array_get(v, i);
        json_object_del(one, "fileUrl");
        lower(f, one, "sha2");
    }
    sort(f, v);
}

static void form_duration(forming *f, json_t *result)
{
    double ms;
    if (piq_xapi_is_duration(piq_xapi_text(result, "duration"), &ms))
        put(f, result, "duration", json_real(floor(ms / 10 + 1e-6)));
}

static void form_statement(forming *f, json_t *v)
{
    json_t *object = json_object_get(v, "object");
    json_object_del(json_object_get(v, "verb"), "display");
    form_actor(f, json_object_get(v, "actor"));
    form_context(f, json_object_get(v, "context"));
    form_duration(f, json_object_get(v, "result"));
    form_instant(f, v);
    form_attachments(f, json_object_get(v, "attachments"));
    if (piq_xapi_is(object, "objectType", "SubStatement"))
        form_statement(f, object);
    else if (piq_xapi_is(object, "objectType", "StatementRef"))
        lower(f, object, "id");
    else if (piq_xapi_is(object, "objectType", "Agent") ||
             piq_xapi_is(object, "objectType", "Group"))
        form_actor(f, object); /* an Agent is none without its type .. */
    else
        form_activity(object);
    /* .. so that stays told apart from an Activity by "id". */
}

/* 1 and 1.0 are one number. Called on a tree of our own. */
static void form_numbers(forming *f, json_t *v)
{
    const char *key;
    json_t *in;
    size_t i;
    void *safe;
    if (json_is_object(v)) {
        json_object_foreach_safe(v, safe, key, in)
        {
            if (json_is_integer(in))
                put(f, v, key, json_real((double)json_integer_value(in)));
            else
                form_numbers(f, in);
        }
        return;
    }
    json_array_foreach(v, i, in)
    {
        if (!json_is_integer(in)) {
            form_numbers(f, in);
            continue;
        }
        json_t *real = json_real((double)json_integer_value(in));
        if (!real || json_array_set_new(v, i, real))
            f->no_memory = true;
    }
}

static json_t *form(forming *f, const json_t *statement, bool with_timestamp)
{
    static const char *const not_said[] = {"id", "authority", "stored",
                                           "version"};
    json_t *v = json_deep_copy(statement);
    if (!v) {
        f->no_memory = true;
        return NULL;
    }
    for (int i = 0; i < 4; i++)
        json_object_del(v, not_said[i]);
    if (!with_timestamp)
        json_object_del(v, "timestamp");
    form_statement(f, v);
    form_numbers(f, v);
    return v;
}

piq_status piq_xapi_same(const json_t *stored, const json_t *given, bool *same)
{
    forming f = {0};
    bool timed = json_object_get(given, "timestamp") != NULL;
    json_t *x = form(&f, stored, timed), *y = form(&f, given, timed);
    if (!f.no_memory)
        *same = json_equal(x, y);
    json_decref(x);
    json_decref(y);
    return f.no_memory ? PIQ_ENOMEM : PIQ_OK;
}
