/* write.c - statements as they are told. */
#include "xapi/xapi.h"

#include "xapi/check.h"

void piq_xapi_write(piq_json_writer *w, const json_t *v)
{
    size_t i;
    json_t *in;
    const char *key;
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        piq_json_object(w);
        json_object_foreach((json_t *)(uintptr_t)v, key, in)
        {
            piq_json_key(w, key);
            piq_xapi_write(w, in);
        }
        piq_json_object_end(w);
        break;
    case JSON_ARRAY:
        piq_json_array(w);
        json_array_foreach(v, i, in) piq_xapi_write(w, in);
        piq_json_array_end(w);
        break;
    case JSON_STRING:
        piq_json_str(w, piq_xapi_str(v));
        break;
    case JSON_INTEGER:
        piq_json_int(w, json_integer_value(v));
        break;
    case JSON_REAL:
        piq_json_double(w, json_real_value(v));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        piq_json_bool(w, json_is_true(v));
        break;
    case JSON_NULL:
        piq_json_null(w);
        break;
    }
}

/* ---- ids only ---------------------------------------------------------------
 */

static void write_object(piq_json_writer *w, const json_t *v);

static void put_if(piq_json_writer *w, const json_t *v, const char *member)
{
    const json_t *in = json_object_get(v, member);
    if (!in)
        return;
    piq_json_key(w, member);
    piq_xapi_write(w, in);
}

/* A Group without an identifier is who is in it. */
static void write_actor(piq_json_writer *w, const json_t *v)
{
    static const char *const names[] = {"objectType", "mbox", "mbox_sha1sum",
                                        "openid", "account"};
    const json_t *members = json_object_get(v, "member");
    bool named = false;
    piq_json_object(w);
    for (int i = 0; i < 5; i++) {
        put_if(w, v, names[i]);
        named |= i > 0 && json_object_get(v, names[i]);
    }
    if (!named && members) {
        piq_json_key(w, "member");
        piq_json_array(w);
        for (size_t i = 0; i < json_array_size(members); i++)
            write_actor(w, json_array_get(members, i));
        piq_json_array_end(w);
    }
    piq_json_object_end(w);
}

static void write_activity(piq_json_writer *w, const json_t *v)
{
    piq_json_object(w);
    put_if(w, v, "objectType");
    put_if(w, v, "id");
    piq_json_object_end(w);
}

static void write_activities(piq_json_writer *w, const json_t *all)
{
    const char *kind;
    json_t *v, *in;
    size_t i;
    piq_json_object(w);
    json_object_foreach((json_t *)(uintptr_t)all, kind, v)
    {
        piq_json_key(w, kind);
        if (!json_is_array(v)) {
            write_activity(w, v);
            continue;
        }
        piq_json_array(w);
        json_array_foreach(v, i, in) write_activity(w, in);
        piq_json_array_end(w);
    }
    piq_json_object_end(w);
}

static void write_context_actors(piq_json_writer *w, const json_t *list,
                                 const char *member)
{
    size_t i;
    json_t *in;
    piq_json_array(w);
    json_array_foreach(list, i, in)
    {
        piq_json_object(w);
        put_if(w, in, "objectType");
        piq_json_key(w, member);
        write_actor(w, json_object_get(in, member));
        put_if(w, in, "relevantTypes");
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void write_context(piq_json_writer *w, const json_t *context)
{
    const char *key;
    json_t *v;
    piq_json_object(w);
    json_object_foreach((json_t *)(uintptr_t)context, key, v)
    {
        piq_json_key(w, key);
        if (strcmp(key, "instructor") == 0 || strcmp(key, "team") == 0)
            write_actor(w, v);
        else if (strcmp(key, "contextActivities") == 0)
            write_activities(w, v);
        else if (strcmp(key, "contextAgents") == 0)
            write_context_actors(w, v, "agent");
        else if (strcmp(key, "contextGroups") == 0)
            write_context_actors(w, v, "group");
        else
            piq_xapi_write(w, v);
    }
    piq_json_object_end(w);
}

void piq_xapi_write_ids(piq_json_writer *w, const json_t *statement)
{
    const char *key;
    json_t *v;
    piq_json_object(w);
    json_object_foreach((json_t *)(uintptr_t)statement, key, v)
    {
        piq_json_key(w, key);
        if (strcmp(key, "actor") == 0 || strcmp(key, "authority") == 0) {
            write_actor(w, v);
        } else if (strcmp(key, "verb") == 0) {
            piq_json_object(w);
            put_if(w, v, "id");
            piq_json_object_end(w);
        } else if (strcmp(key, "object") == 0) {
            write_object(w, v);
        } else if (strcmp(key, "context") == 0) {
            write_context(w, v);
        } else {
            piq_xapi_write(w, v);
        }
    }
    piq_json_object_end(w);
}

static void write_object(piq_json_writer *w, const json_t *v)
{
    if (piq_xapi_is(v, "objectType", "SubStatement"))
        piq_xapi_write_ids(w, v);
    else if (piq_xapi_is(v, "objectType", "Agent") ||
             piq_xapi_is(v, "objectType", "Group"))
        write_actor(w, v);
    else if (piq_xapi_is(v, "objectType", "StatementRef"))
        piq_xapi_write(w, v);
    else
        write_activity(w, v);
}
