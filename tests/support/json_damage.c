#include "support/json_damage.h"

#include "base/rng.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- finding ------------------------------------------------------------- */

static size_t count(const json_t *v)
{
    size_t n = 1, i;
    const char *key;
    json_t *child;
    if (json_is_array(v)) {
        json_array_foreach(v, i, child) n += count(child);
    } else if (json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key, child) n +=
            count(child);
    }
    return n;
}

/* The *at-th value of a tree, itself first; borrowed. */
static json_t *nth(json_t *v, size_t *at)
{
    size_t i;
    const char *key;
    json_t *child, *found = NULL;
    if ((*at)-- == 0)
        return v;
    if (json_is_array(v)) {
        json_array_foreach(v, i, child) if (!found) found = nth(child, at);
    } else if (json_is_object(v)) {
        json_object_foreach(v, key, child) if (!found) found = nth(child, at);
    }
    return found;
}

static json_t *some(json_t *root, piq_rng *rng)
{
    size_t at = (size_t)piq_rng_below(rng, count(root));
    return nth(root, &at);
}

/* ---- changing ------------------------------------------------------------ */

static json_t *number_near(json_t *v, piq_rng *rng)
{
    static const double steps[] = {-1, 1, -0.5, 0.5, 1e-9, 1e15};
    uint64_t i = piq_rng_below(rng, 6);
    if (json_is_integer(v)) /* unsigned: it may wrap round */
        return json_integer(
            (json_int_t)((uint64_t)json_integer_value(v) + i - 2));
    return json_real(json_real_value(v) + steps[i]);
}

/* A new value in the place of `v`, which is only read. */
static json_t *another(json_t *root, json_t *v, piq_rng *rng)
{
    static const char *const words[] = {"",  "a", "k1",       "\xc3\xa9",
                                        "~", "/", "beginner", "\x01"};
    switch (piq_rng_below(rng, 8)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(piq_rng_below(rng, 2));
    case 2:
        return json_integer((json_int_t)piq_rng_below(rng, 4) - 1);
    case 3:
        return json_string(words[piq_rng_below(rng, 8)]);
    case 4:
        return piq_rng_below(rng, 2) ? json_array() : json_object();
    case 5:
        if (json_is_number(v))
            return number_near(v, rng);
        /* fall through */
    default:
        return json_deep_copy(some(root, rng));
    }
}

static void change_array(json_t *root, json_t *in, piq_rng *rng)
{
    size_t at = (size_t)piq_rng_below(rng, json_array_size(in));
    json_t *v = json_array_get(in, at);
    uint64_t what = piq_rng_below(rng, 6);
    if (what == 0)
        json_array_remove(in, at);
    else if (what == 1)
        json_array_append_new(in, json_deep_copy(v));
    else
        json_array_set_new(in, at, another(root, v, rng));
}

static void change_object(json_t *root, json_t *in, piq_rng *rng)
{
    void *it = json_object_iter(in);
    for (uint64_t at = piq_rng_below(rng, json_object_size(in)); at > 0; at--)
        it = json_object_iter_next(in, it);
    if (piq_rng_below(rng, 5) == 0)
        json_object_del(in, json_object_iter_key(it));
    else
        json_object_iter_set_new(
            in, it, another(root, json_object_iter_value(it), rng));
}

/* ---- the text ------------------------------------------------------------ */

static size_t put(const json_t *root, uint8_t *bytes, size_t room)
{
    size_t need = json_dumpb(root, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    return need > 0 && need <= room ? json_dumpb(root, (char *)bytes, room,
                                                 JSON_COMPACT | JSON_ENCODE_ANY)
                                    : 0;
}

size_t json_damage(uint8_t *bytes, size_t len, size_t room, unsigned seed)
{
    size_t space = len > 0 && bytes[0] == ' ';
    piq_rng rng;
    json_t *root = json_loadb((const char *)bytes, len, 0, NULL);
    if (!root)
        return 0;
    piq_rng_seed(&rng, seed);
    for (uint64_t n = 1 + piq_rng_below(&rng, 3); n > 0; n--) {
        json_t *in = some(root, &rng);
        if (json_array_size(in) > 0)
            change_array(root, in, &rng);
        else if (json_object_size(in) > 0)
            change_object(root, in, &rng);
    }
    size_t written = put(root, bytes + space, room - space);
    json_decref(root);
    return written ? written + space : 0;
}
