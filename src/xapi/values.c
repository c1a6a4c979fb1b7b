/* values.c - the kinds of value that a statement is made of. */
#include "xapi/check.h"
#include "xapi/syntax.h"

#include <math.h>

static bool is_null(const piq_xapi_at *at, const json_t *v)
{
    if (json_is_null(v))
        piq_xapi_refuse(at, "null is allowed in extensions only");
    return json_is_null(v);
}

bool piq_xapi_check_string(const piq_xapi_at *at, const json_t *v)
{
    if (is_null(at, v))
        return false;
    return json_is_string(v) || piq_xapi_refuse(at, "a string is expected");
}

bool piq_xapi_check_name(const piq_xapi_at *at, const json_t *v)
{
    return piq_xapi_check_string(at, v) &&
           (json_string_length(v) > 0 ||
            piq_xapi_refuse(at, "an empty string is not allowed here"));
}

bool piq_xapi_check_boolean(const piq_xapi_at *at, const json_t *v)
{
    if (is_null(at, v))
        return false;
    return json_is_boolean(v) ||
           piq_xapi_refuse(at, "true or false is expected");
}

bool piq_xapi_check_number(const piq_xapi_at *at, const json_t *v)
{
    if (is_null(at, v))
        return false;
    return (json_is_number(v) && isfinite(json_number_value(v))) ||
           piq_xapi_refuse(at, "a number is expected");
}

bool piq_xapi_check_count(const piq_xapi_at *at, const json_t *v)
{
    if (is_null(at, v))
        return false;
    return (json_is_integer(v) && json_integer_value(v) >= 0) ||
           piq_xapi_refuse(at, "an integer from 0 on is expected");
}

typedef bool grammar(piq_str s);

static bool check_word(const piq_xapi_at *at, const json_t *v, grammar *is,
                       const char *expected)
{
    if (!piq_xapi_check_string(at, v))
        return false;
    return is(piq_xapi_str(v)) ||
           piq_xapi_refuse(at, "%s is expected, not \"%.60s\"", expected,
                           json_string_value(v));
}

bool piq_xapi_check_uuid(const piq_xapi_at *at, const json_t *v)
{
    return check_word(at, v, piq_xapi_is_uuid, "a UUID");
}

bool piq_xapi_check_iri(const piq_xapi_at *at, const json_t *v)
{
    return check_word(at, v, piq_xapi_is_iri, "an absolute IRI");
}

bool piq_xapi_check_mailbox(const piq_xapi_at *at, const json_t *v)
{
    return check_word(at, v, piq_xapi_is_mailbox, "mailto: and an address");
}

bool piq_xapi_check_language(const piq_xapi_at *at, const json_t *v)
{
    return check_word(at, v, piq_xapi_is_language, "a language tag");
}

bool piq_xapi_check_media_type(const piq_xapi_at *at, const json_t *v)
{
    return check_word(at, v, piq_xapi_is_media_type, "a media type");
}

static bool is_sha1(piq_str s)
{
    return piq_xapi_is_hex(s, 40);
}

bool piq_xapi_check_sha1(const piq_xapi_at *at, const json_t *v)
{
    return check_word(at, v, is_sha1, "40 hexadecimal digits");
}

/* SHA-224, 256, 384 and 512. */
static bool is_sha2(piq_str s)
{
    return piq_xapi_is_hex(s, 56) || piq_xapi_is_hex(s, 64) ||
           piq_xapi_is_hex(s, 96) || piq_xapi_is_hex(s, 128);
}

bool piq_xapi_check_sha2(const piq_xapi_at *at, const json_t *v)
{
    return check_word(at, v, is_sha2, "a SHA-2 digest in hexadecimal");
}

static bool is_instant(piq_str s)
{
    return piq_xapi_is_instant(s, NULL);
}

bool piq_xapi_check_instant(const piq_xapi_at *at, const json_t *v)
{
    return check_word(at, v, is_instant, "an RFC 3339 instant from 1970 on");
}

static bool is_duration(piq_str s)
{
    return piq_xapi_is_duration(s, NULL);
}

bool piq_xapi_check_duration(const piq_xapi_at *at, const json_t *v)
{
    return check_word(at, v, is_duration, "an ISO 8601 duration");
}

/* "1.0", "1.0.x" or "2.0.x", x digits. */
bool piq_xapi_is_version(piq_str s)
{
    if (piq_str_eq(s, PIQ_STR("1.0")))
        return true;
    if (s.len < 5 ||
        (memcmp(s.ptr, "1.0.", 4) != 0 && memcmp(s.ptr, "2.0.", 4) != 0))
        return false;
    for (size_t i = 4; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return true;
}

bool piq_xapi_check_version(const piq_xapi_at *at, const json_t *v)
{
    return check_word(at, v, piq_xapi_is_version, "version 1.0.x or 2.0.x");
}

bool piq_xapi_check_language_map(const piq_xapi_at *at, const json_t *v)
{
    if (!json_is_object(v))
        return piq_xapi_refuse(at, "a language map is expected");
    void *i = json_object_iter((json_t *)(uintptr_t)v);
    for (; i; i = json_object_iter_next((json_t *)(uintptr_t)v, i)) {
        const char *tag = json_object_iter_key(i);
        const piq_xapi_at in = {.up = at, .name = tag, .err = at->err};
        if (!piq_xapi_is_language(piq_str_of(tag)))
            return piq_xapi_refuse(&in, "no language tag: \"%.60s\"", tag);
        if (!piq_xapi_check_string(&in, json_object_iter_value(i)))
            return false;
    }
    return true;
}

/* Values are anything at all. */
bool piq_xapi_check_extensions(const piq_xapi_at *at, const json_t *v)
{
    if (!json_is_object(v))
        return piq_xapi_refuse(at, "an object of extensions is expected");
    void *i = json_object_iter((json_t *)(uintptr_t)v);
    for (; i; i = json_object_iter_next((json_t *)(uintptr_t)v, i)) {
        const char *key = json_object_iter_key(i);
        const piq_xapi_at in = {.up = at, .name = key, .err = at->err};
        if (!piq_xapi_is_iri(piq_str_of(key)))
            return piq_xapi_refuse(&in,
                                   "an extension's name is an IRI, "
                                   "not \"%.60s\"",
                                   key);
    }
    return true;
}
