/* The stored form of an item table, little-endian: version; items, each as the
 * step from the id before; concepts' ids; effects in the order of their keys,
 * each as the step from the key before, value, answers. Same table, same
 * bytes. */
#include "feature/item_table.h"

#include "feature/item_effects.h"

#include <math.h>
#include <stdlib.h>

enum { VERSION = 1, LEAST_EFFECT_BYTES = 6 };

/* --- writing ---------------------------------------------------------------
 */

static int by_key(const void *a, const void *b)
{
    uint64_t x = ((const piq_effect *)a)->key;
    uint64_t y = ((const piq_effect *)b)->key;
    return (x > y) - (x < y);
}

static void put_effects(const piq_effect *list, size_t n, piq_buf *out)
{
    uint64_t before = 0;
    for (size_t i = 0; i < n; i++) {
        piq_buf_put_varint(out, list[i].key - before);
        piq_buf_put_f32(out, list[i].value);
        piq_buf_put_varint(out, (uint64_t)list[i].n);
        before = list[i].key;
    }
}

void piq_item_table_encode(const piq_item_table *t, piq_buf *out)
{
    piq_arena scratch;
    piq_arena_init(&scratch, (size_t)1 << 30);
    piq_effect *list = piq_new(&scratch, piq_effect, t->n_effects);
    if (!list && out->status == PIQ_OK)
        out->status = PIQ_ENOMEM;
    size_t n = 0;
    for (size_t i = 0; list && i < t->n_slots; i++) {
        if (t->slots[i].key != PIQ_NO_EFFECT)
            list[n++] = t->slots[i];
    }
    if (n > 1)
        qsort(list, n, sizeof *list, by_key);
    piq_buf_put_u8(out, VERSION);
    piq_buf_put_varint(out, t->n_items);
    uint64_t before = 0;
    for (size_t i = 0; i < t->n_items; i++) {
        piq_buf_put_varint(out, (uint64_t)t->item_ids[i] - before);
        before = (uint64_t)t->item_ids[i];
    }
    piq_buf_put_varint(out, t->n_concepts);
    for (size_t i = 0; i < t->n_concepts; i++)
        piq_buf_put_str(out, t->concept_ids[i]);
    piq_buf_put_varint(out, n);
    put_effects(list, n, out);
    piq_arena_release(&scratch);
}

/* --- reading ---------------------------------------------------------------
 */

/* A count of things of at least `least` bytes each. */
static size_t get_count(piq_reader *in, uint64_t most, size_t least)
{
    uint64_t n = piq_reader_varint(in);
    if (n > most || n > (uint64_t)(in->end - in->at) / least)
        in->bad = true;
    return in->bad ? 0 : (size_t)n;
}

/* Positive and ascending. */
static bool get_items(piq_reader *in, int64_t *ids, size_t n)
{
    uint64_t id = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t step = piq_reader_varint(in);
        if (in->bad || step == 0 || step > INT64_MAX - id)
            return false;
        id += step;
        ids[i] = (int64_t)id;
    }
    return true;
}

static bool get_concepts(piq_reader *in, piq_str *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ids[i] = piq_reader_str(in);
        if (in->bad || (i > 0 && piq_str_cmp(ids[i - 1], ids[i]) >= 0))
            return false;
    }
    return true;
}

/* A key that names what the table has. */
static bool is_sound(const piq_item_table *t, uint64_t key)
{
    piq_effect_parts p = piq_effect_parts_of(key);
    if (p.kind >= PIQ_N_KINDS_KEPT || p.c >= PIQ_N_PATTERNS)
        return false;
    if (p.kind == PIQ_EFFECT_CASE || p.kind == PIQ_KIND_NEAR_SHARE)
        return p.a == 0 && p.b == 0;
    size_t n = piq_effect_is_of_concepts(p.kind) ? t->n_concepts : t->n_items;
    return p.a < n && p.b <= n;
}

static bool get_effects(piq_reader *in, piq_item_table *t, size_t n)
{
    uint64_t key = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t step = piq_reader_varint(in);
        float value = piq_reader_f32(in);
        uint64_t count = piq_reader_varint(in);
        if (in->bad || (i > 0 && step == 0) || step > UINT64_MAX - key)
            return false;
        key += step;
        if (!is_sound(t, key) || !isfinite(value) || count > UINT32_MAX)
            return false;
        piq_item_table_put(t, (piq_effect){key, value, (float)count});
    }
    return true;
}

/* Ids point into the bytes read: they must live as long as the table. */
static piq_status own_concepts(piq_item_table *t)
{
    for (size_t i = 0; i < t->n_concepts; i++) {
        piq_str id = t->concept_ids[i];
        char *copy = piq_arena_strndup(&t->arena, id.ptr, id.len);
        if (!copy)
            return PIQ_ENOMEM;
        t->concept_ids[i].ptr = copy;
    }
    return PIQ_OK;
}

/* The counts are read ahead, so that the table is made once. */
typedef struct counts {
    size_t items, concepts, effects;
} counts;

static bool get_counts(piq_reader in, counts *out)
{
    out->items = get_count(&in, PIQ_MAX_ITEMS, 1);
    for (size_t i = 0; !in.bad && i < out->items; i++)
        (void)piq_reader_varint(&in);
    out->concepts = get_count(&in, PIQ_MAX_CONCEPTS, 1);
    for (size_t i = 0; !in.bad && i < out->concepts; i++)
        (void)piq_reader_str(&in);
    out->effects = get_count(&in, UINT32_MAX, LEAST_EFFECT_BYTES);
    return !in.bad;
}

static piq_status read_table(piq_reader *in, const counts *n, piq_item_table *t)
{
    (void)piq_reader_varint(in);
    if (!get_items(in, t->item_ids, n->items))
        return PIQ_ECORRUPT;
    (void)piq_reader_varint(in);
    if (!get_concepts(in, t->concept_ids, n->concepts))
        return PIQ_ECORRUPT;
    (void)piq_reader_varint(in);
    if (!get_effects(in, t, n->effects))
        return PIQ_ECORRUPT;
    return own_concepts(t);
}

piq_status piq_item_table_decode(piq_reader *in, piq_item_table **out,
                                 piq_err *err)
{
    static const char damaged[] = "the item table is damaged";
    counts n;
    piq_item_table *t = NULL;
    if (piq_reader_u8(in) != VERSION || !get_counts(*in, &n))
        return piq_fail(err, PIQ_ECORRUPT, damaged);
    if (piq_item_table_new(n.items, n.concepts, n.effects, &t) != PIQ_OK)
        return piq_fail(err, PIQ_ENOMEM, "no memory for an item table");
    piq_status status = read_table(in, &n, t);
    if (status != PIQ_OK) {
        piq_item_table_free(t);
        return piq_fail(err, status, "%s",
                        status == PIQ_ENOMEM ? "no memory for an item table"
                                             : damaged);
    }
    *out = t;
    return PIQ_OK;
}
