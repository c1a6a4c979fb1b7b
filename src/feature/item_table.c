#include "feature/item_table.h"

#include "feature/item_effects.h"

#include <stdlib.h>

/* The curriculum's word on an item that the table does not know counts by so
 * much: difficulties that authors state spread wider than those that answers
 * show. Judgement, no data behind it. */
static const double CURRICULUM_TRUST = 0.5;

/* --- keys ---------------------------------------------------------------- */

uint64_t piq_effect_key(piq_effect_parts p)
{
    return (uint64_t)p.kind << 59 | (uint64_t)p.a << 36 | (uint64_t)p.b << 12 |
           p.c;
}

piq_effect_parts piq_effect_parts_of(uint64_t key)
{
    return (piq_effect_parts){
        .kind = (unsigned)(key >> 59),
        .a = (uint32_t)(key >> 36) & 0x7FFFFF,
        .b = (uint32_t)(key >> 12) & 0xFFFFFF,
        .c = (uint32_t)key & 0xFFF,
    };
}

bool piq_effect_is_of_concepts(unsigned kind)
{
    return kind == PIQ_EFFECT_CONCEPT || kind == PIQ_EFFECT_CONCEPT_CASE ||
           kind == PIQ_EFFECT_CONCEPT_PAIR || kind == PIQ_EFFECT_TOPIC ||
           kind == PIQ_EFFECT_FAR_TOPIC || kind == PIQ_EFFECT_CURVE ||
           kind == PIQ_EFFECT_PATTERN;
}

static uint64_t key_of(unsigned kind, uint32_t a, uint32_t b, uint32_t c)
{
    return piq_effect_key((piq_effect_parts){kind, a, b, c});
}

static void concept_keys(const piq_situation *s, const piq_effect_place *at,
                         uint64_t *out)
{
    uint32_t k = at->concept;
    if (k == PIQ_NO_IX32)
        return;
    out[PIQ_EFFECT_CONCEPT] = key_of(PIQ_EFFECT_CONCEPT, k, 0, 0);
    out[PIQ_EFFECT_CURVE] = key_of(PIQ_EFFECT_CURVE, k, 0, s->practice);
    out[PIQ_EFFECT_PATTERN] = key_of(PIQ_EFFECT_PATTERN, k, 0, s->pattern);
    if (at->topic != PIQ_NO_IX32)
        out[PIQ_EFFECT_TOPIC] =
            key_of(PIQ_EFFECT_TOPIC, k, at->topic + 1, s->topic_end);
    if (at->topic_2 != PIQ_NO_IX32)
        out[PIQ_EFFECT_FAR_TOPIC] =
            key_of(PIQ_EFFECT_FAR_TOPIC, k, at->topic_2 + 1, s->topic_2_end);
    bool known = at->before_concept != PIQ_NO_IX32;
    if (known || at->no_before_concept) {
        uint32_t before = known ? at->before_concept + 1 : 0;
        out[PIQ_EFFECT_CONCEPT_PAIR] =
            key_of(PIQ_EFFECT_CONCEPT_PAIR, k, before, s->last_end);
    }
}

static bool in_a_run(uint8_t c)
{
    return c >= PIQ_CASE_WRONG_1 && c <= PIQ_CASE_RIGHT;
}

static void item_keys(const piq_situation *s, const piq_effect_place *at,
                      uint64_t *out)
{
    uint32_t i = at->item;
    if (i == PIQ_NO_IX32)
        return;
    out[PIQ_EFFECT_ITEM] = key_of(PIQ_EFFECT_ITEM, i, 0, 0);
    out[PIQ_EFFECT_ITEM_CASE] = key_of(PIQ_EFFECT_ITEM_CASE, i, 0, s->at);
    out[PIQ_EFFECT_FORM] = key_of(PIQ_EFFECT_FORM, i, 0, s->form);
    out[PIQ_KIND_ITEM_RATE] = key_of(PIQ_KIND_ITEM_RATE, i, 0, 0);
    out[PIQ_KIND_CASE_RATE] = key_of(PIQ_KIND_CASE_RATE, i, 0, s->at);
    out[PIQ_KIND_SLOPE] = key_of(PIQ_KIND_SLOPE, i, 0, 0);
    bool known = at->before != PIQ_NO_IX32;
    if ((known || at->no_before) && !in_a_run(s->at)) {
        uint32_t before = known ? at->before + 1 : 0;
        out[PIQ_EFFECT_PAIR] = key_of(PIQ_EFFECT_PAIR, i, before, 0);
        out[PIQ_EFFECT_PAIR_OUTCOME] =
            key_of(PIQ_EFFECT_PAIR_OUTCOME, i, before, s->before_end);
        if (at->before_2 != PIQ_NO_IX32)
            out[PIQ_EFFECT_FAR_PAIR] = key_of(
                PIQ_EFFECT_FAR_PAIR, i, at->before_2 + 1, s->before_2_end);
    }
}

void piq_effect_keys(const piq_situation *s, const piq_effect_place *at,
                     uint64_t out[PIQ_N_KINDS_KEPT])
{
    for (size_t i = 0; i < PIQ_N_KINDS_KEPT; i++)
        out[i] = PIQ_NO_EFFECT;
    out[PIQ_EFFECT_CASE] = key_of(PIQ_EFFECT_CASE, 0, 0, s->at);
    if (at->concept != PIQ_NO_IX32)
        out[PIQ_EFFECT_CONCEPT_CASE] =
            key_of(PIQ_EFFECT_CONCEPT_CASE, at->concept, 0, s->at);
    /* The answer is known already: nothing else bears on it. */
    if (s->at == PIQ_CASE_REPEAT_WRONG || s->at == PIQ_CASE_REPEAT_RIGHT)
        return;
    concept_keys(s, at, out);
    item_keys(s, at, out);
}

/* --- neighbours ------------------------------------------------------------
 */

/* So many positions away still count; the mean starts with so much weight. */
enum { NEAR_ITEMS = 12 };
static const double NEAR_STARTS_WITH = 0.5;

double piq_effect_near_mean(const double *value, const double *weight, size_t n,
                            size_t i)
{
    double sum = 0.0, all = NEAR_STARTS_WITH;
    size_t from = i > NEAR_ITEMS ? i - NEAR_ITEMS : 0;
    for (size_t j = from; j <= i + NEAR_ITEMS && j < n; j++) {
        double w = j == i  ? 0.0
                   : j > i ? weight[j] / (double)(j - i)
                           : weight[j] / (double)(i - j);
        sum += w * value[j];
        all += w;
    }
    return sum / all;
}

double piq_effect_near_weight(double n_answers)
{
    return n_answers / (n_answers + 5.0);
}

/* --- the table ------------------------------------------------------------ */

piq_status piq_item_table_new(size_t n_items, size_t n_concepts,
                              size_t n_effects, piq_item_table **out)
{
    piq_item_table *t = NULL;
    if (!piq_alloc_should_fail())
        t = calloc(1, sizeof *t);
    if (!t)
        return PIQ_ENOMEM;
    size_t n_slots = 16;
    while (n_slots * 5 / 8 < n_effects)
        n_slots *= 2;
    piq_arena_init(&t->arena, (size_t)1 << 30);
    t->item_ids = piq_new(&t->arena, int64_t, n_items);
    t->concept_ids = piq_new(&t->arena, piq_str, n_concepts);
    t->slots = piq_new(&t->arena, piq_effect, n_slots);
    if (!t->item_ids || !t->concept_ids || !t->slots) {
        piq_item_table_free(t);
        return PIQ_ENOMEM;
    }
    t->n_items = n_items;
    t->n_concepts = n_concepts;
    t->n_slots = n_slots;
    for (size_t i = 0; i < n_slots; i++)
        t->slots[i].key = PIQ_NO_EFFECT;
    *out = t;
    return PIQ_OK;
}

void piq_item_table_free(piq_item_table *t)
{
    if (!t)
        return;
    piq_arena_release(&t->arena);
    free(t);
}

/* Where the key stands, or the empty slot where it would. */
static size_t slot_of(const piq_item_table *t, uint64_t key)
{
    size_t at = piq_hash_u64(key) & (t->n_slots - 1);
    while (t->slots[at].key != key && t->slots[at].key != PIQ_NO_EFFECT)
        at = (at + 1) & (t->n_slots - 1);
    return at;
}

void piq_item_table_put(piq_item_table *t, piq_effect e)
{
    PIQ_ASSERT(t->n_effects < t->n_slots * 5 / 8 + 1);
    t->slots[slot_of(t, e.key)] = e;
    t->n_effects++;
}

/* NULL when there is none. */
static const piq_effect *find_effect(const piq_item_table *t, uint64_t key)
{
    const piq_effect *e = &t->slots[slot_of(t, key)];
    return e->key == PIQ_NO_EFFECT ? NULL : e;
}

size_t piq_item_table_n_items(const piq_item_table *t)
{
    return t->n_items;
}

size_t piq_item_table_n_concepts(const piq_item_table *t)
{
    return t->n_concepts;
}

/* --- binding ---------------------------------------------------------------
 */

struct piq_item_binding {
    const piq_item_table *table;
    size_t n_items;
    size_t n_concepts;
    uint32_t *item_of;    /* [n_items] number; table's n_items: unknown */
    uint16_t *concept_of; /* [n_concepts] likewise */
    /* Logits to add where the item or the concept is unknown. */
    float *item_shift;    /* [n_items] */
    float *concept_shift; /* [n_concepts] */
    piq_arena arena;
};

void piq_item_binding_free(piq_item_binding *b)
{
    if (!b)
        return;
    piq_arena_release(&b->arena);
    free(b);
}

static piq_status new_binding(const piq_item_table *t, size_t n_items,
                              size_t n_concepts, piq_item_binding **out)
{
    piq_item_binding *b = NULL;
    if (!piq_alloc_should_fail())
        b = calloc(1, sizeof *b);
    if (!b)
        return PIQ_ENOMEM;
    piq_arena_init(&b->arena, (size_t)1 << 30);
    b->table = t;
    b->n_items = n_items;
    b->n_concepts = n_concepts;
    b->item_of = piq_new(&b->arena, uint32_t, n_items);
    b->concept_of = piq_new(&b->arena, uint16_t, n_concepts);
    b->item_shift = piq_new(&b->arena, float, n_items);
    b->concept_shift = piq_new(&b->arena, float, n_concepts);
    if (!b->item_of || !b->concept_of || !b->item_shift || !b->concept_shift) {
        piq_item_binding_free(b);
        return PIQ_ENOMEM;
    }
    *out = b;
    return PIQ_OK;
}

static uint32_t number_of_item(const piq_item_table *t, int64_t id)
{
    size_t low = 0, high = t->n_items;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->item_ids[mid] < id)
            low = mid + 1;
        else
            high = mid;
    }
    bool found = low < t->n_items && t->item_ids[low] == id;
    return (uint32_t)(found ? low : t->n_items);
}

static uint16_t number_of_concept(const piq_item_table *t, piq_str id)
{
    size_t low = 0, high = t->n_concepts;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (piq_str_cmp(t->concept_ids[mid], id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    bool found = low < t->n_concepts && piq_str_eq(t->concept_ids[low], id);
    return (uint16_t)(found ? low : t->n_concepts);
}

/* An item that the table does not know leans on its neighbours as much as
 * known ones turned out to. */
static piq_status lean_on_neighbours(piq_item_binding *b)
{
    piq_arena scratch;
    piq_arena_init(&scratch, (size_t)1 << 30);
    double *value = piq_new(&scratch, double, b->n_items);
    double *weight = piq_new(&scratch, double, b->n_items);
    const piq_effect *share =
        find_effect(b->table, key_of(PIQ_KIND_NEAR_SHARE, 0, 0, 0));
    for (size_t i = 0; value && weight && i < b->n_items; i++) {
        const piq_effect *e = NULL;
        if (b->item_of[i] < b->table->n_items)
            e = find_effect(b->table,
                            key_of(PIQ_EFFECT_ITEM, b->item_of[i], 0, 0));
        value[i] = e ? (double)e->value : 0.0;
        weight[i] = e ? piq_effect_near_weight((double)e->n) : 0.0;
    }
    for (size_t i = 0; value && weight && i < b->n_items; i++) {
        if (!share || b->item_of[i] != b->table->n_items)
            continue;
        double near = piq_effect_near_mean(value, weight, b->n_items, i);
        b->item_shift[i] += (float)(near * (double)share->value);
    }
    piq_arena_release(&scratch);
    return value && weight ? PIQ_OK : PIQ_ENOMEM;
}

static piq_status bound(piq_item_binding *b, piq_item_binding **out)
{
    piq_status status = lean_on_neighbours(b);
    if (status != PIQ_OK)
        piq_item_binding_free(b);
    else
        *out = b;
    return status;
}

piq_status piq_item_bind_names(const piq_item_table *t,
                               const piq_item_names *names,
                               piq_item_binding **out)
{
    piq_item_binding *b;
    piq_status status = new_binding(t, names->n_items, names->n_concepts, &b);
    if (status != PIQ_OK)
        return status;
    for (size_t i = 0; i < names->n_items; i++)
        b->item_of[i] = number_of_item(t, names->items[i]);
    for (size_t i = 0; i < names->n_concepts; i++)
        b->concept_of[i] = number_of_concept(t, names->concepts[i]);
    return bound(b, out);
}

/* An item of a concept stands by its own difficulty less the concept's. */
static double item_shift_of(const piq_catalogue *c, const piq_item *x)
{
    double usual = 0.0;
    for (size_t k = 0; k < x->n_concepts; k++)
        usual += x->concepts[k].weight *
                 c->concepts[x->concepts[k].concept.v].difficulty;
    return CURRICULUM_TRUST *
           (piq_difficulty_logit(usual) - piq_difficulty_logit(x->difficulty));
}

piq_status piq_item_bind(const piq_item_table *t, const piq_catalogue *c,
                         piq_item_binding **out)
{
    piq_item_binding *b;
    piq_status status = new_binding(t, c->n_items, c->n_concepts, &b);
    if (status != PIQ_OK)
        return status;
    for (size_t i = 0; i < c->n_items; i++) {
        b->item_of[i] = number_of_item(t, c->items[i].id.v);
        if (b->item_of[i] == t->n_items)
            b->item_shift[i] = (float)item_shift_of(c, &c->items[i]);
    }
    for (size_t i = 0; i < c->n_concepts; i++) {
        b->concept_of[i] = number_of_concept(t, c->concepts[i].id);
        if (b->concept_of[i] == t->n_concepts)
            b->concept_shift[i] =
                (float)(-CURRICULUM_TRUST *
                        piq_difficulty_logit(c->concepts[i].difficulty));
    }
    return bound(b, out);
}

uint32_t piq_item_binding_item(const piq_item_binding *b, piq_item_ix item)
{
    return item.v < b->n_items ? b->item_of[item.v]
                               : (uint32_t)b->table->n_items;
}

uint16_t piq_item_binding_concept(const piq_item_binding *b,
                                  piq_concept_ix concept)
{
    return concept.v < b->n_concepts ? b->concept_of[concept.v]
                                     : (uint16_t)b->table->n_concepts;
}

/* A position as the table's number, or PIQ_NO_IX32. */
static uint32_t item_known(const piq_item_binding *b, uint32_t position)
{
    uint32_t at = piq_item_binding_item(b, (piq_item_ix){position});
    return at < b->table->n_items ? at : PIQ_NO_IX32;
}

static uint32_t concept_known(const piq_item_binding *b, uint16_t position)
{
    uint16_t at = piq_item_binding_concept(b, (piq_concept_ix){position});
    return at < b->table->n_concepts ? at : PIQ_NO_IX32;
}

static piq_effect_place place_of(const piq_item_binding *b,
                                 const piq_situation *s)
{
    return (piq_effect_place){
        .item = item_known(b, s->item),
        .before = item_known(b, s->before),
        .before_2 = item_known(b, s->before_2),
        .concept = concept_known(b, s->concept),
        .before_concept = concept_known(b, s->before_concept),
        .topic = concept_known(b, s->topic),
        .topic_2 = concept_known(b, s->topic_2),
        .no_before = s->before == PIQ_NO_IX32,
        .no_before_concept = s->before_concept == PIQ_NO_IX16,
    };
}

void piq_item_binding_look(const piq_item_binding *b, const piq_situation *s,
                           piq_item_view *out)
{
    piq_effect_place at = place_of(b, s);
    uint64_t keys[PIQ_N_KINDS_KEPT];
    float value[PIQ_N_KINDS_KEPT], n[PIQ_N_KINDS_KEPT];
    piq_effect_keys(s, &at, keys);
    for (size_t i = 0; i <= PIQ_KIND_SLOPE; i++) {
        const piq_effect *e =
            keys[i] == PIQ_NO_EFFECT ? NULL : find_effect(b->table, keys[i]);
        value[i] = e ? e->value : 0.0f;
        n[i] = e ? e->n : 0.0f;
    }
    if (at.item == PIQ_NO_IX32 && s->item < b->n_items)
        value[PIQ_EFFECT_ITEM] += b->item_shift[s->item];
    if (at.concept == PIQ_NO_IX32 && s->concept < b->n_concepts)
        value[PIQ_EFFECT_CONCEPT] += b->concept_shift[s->concept];
    out->logit = 0.0f;
    for (size_t i = 0; i < PIQ_N_EFFECTS; i++) {
        out->effect[i] = value[i];
        out->n[i] = n[i];
        out->logit += value[i];
    }
    float level = value[PIQ_EFFECT_CASE] + value[PIQ_EFFECT_CONCEPT];
    out->item_rate =
        n[PIQ_KIND_ITEM_RATE] > 0.0f ? value[PIQ_KIND_ITEM_RATE] : level;
    out->case_rate = n[PIQ_KIND_CASE_RATE] > 0.0f ? value[PIQ_KIND_CASE_RATE]
                                                  : out->item_rate;
    out->slope = value[PIQ_KIND_SLOPE];
}
