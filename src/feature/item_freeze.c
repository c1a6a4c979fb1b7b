/* Freezing: from a fit, keyed by positions, to a table, keyed by its own
 * numbers. Only what was answered gets a number; numbers follow the order of
 * the outside ids, so the same answers give the same table whatever the
 * positions were. */
#include "feature/item_table.h"

#include "feature/item_fit.h"
#include "num/logistic.h"

#include <stdlib.h>

/* A raw rate starts as if so many answers had come out as the level above. */
static const double RATE_STARTS_WITH = 5.0;

/* Beyond so many effects (about 40 MB written) pairs seen once, then twice,
 * four times, .. are left out. Up to there even one seen once tells more than
 * its eight bytes cost: without them the AUC of the trees on 2009 falls by
 * .003. */
enum { MOST_EFFECTS = 4000000, MOST_LEAST_N = 1 << 20 };

typedef struct tally {
    double n, right;
} tally;

typedef struct numbering {
    uint32_t *of; /* [n_positions] number; PIQ_NO_IX32: not met */
    uint32_t *at; /* [n] position of a number */
    size_t n;
} numbering;

typedef struct freezing {
    const piq_item_builder *b;
    piq_item_fit fit;
    tally all;
    tally cases[PIQ_N_CASES];
    tally *concepts; /* [n_concepts] */
    tally *items;    /* [n_items] */
    tally *by_case;  /* [n_items * PIQ_N_CASES] */
    bool *concept_met;
    bool *item_met;
    numbering of_items, of_concepts;
    uint32_t least_n; /* pairs seen less often are not kept */
    piq_item_table *table;
    piq_arena arena;
} freezing;

/* --- counting --------------------------------------------------------------
 */

static void add_to(tally *t, float score)
{
    t->n += 1.0;
    t->right += (double)score;
}

static void tally_one(freezing *f, const piq_built_answer *x)
{
    f->concept_met[x->concept] = true;
    if (x->item != PIQ_NO_IX32)
        f->item_met[x->item] = true;
    if (piq_built_is_repeat(x))
        return;
    add_to(&f->all, x->score);
    add_to(&f->cases[x->at], x->score);
    add_to(&f->concepts[x->concept], x->score);
    if (x->item == PIQ_NO_IX32)
        return;
    add_to(&f->items[x->item], x->score);
    add_to(&f->by_case[(size_t)x->item * PIQ_N_CASES + x->at], x->score);
}

static piq_status tally_all(freezing *f)
{
    size_t n_items = f->b->names->n_items;
    size_t n_concepts = f->b->names->n_concepts;
    f->concepts = piq_new(&f->arena, tally, n_concepts);
    f->items = piq_new(&f->arena, tally, n_items);
    f->by_case = piq_new(&f->arena, tally, n_items * PIQ_N_CASES);
    f->concept_met = piq_new(&f->arena, bool, n_concepts);
    f->item_met = piq_new(&f->arena, bool, n_items);
    if (!f->concepts || !f->items || !f->by_case || !f->concept_met ||
        !f->item_met)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < f->b->n; i++) {
        if (!piq_fit_leaves_out(&f->fit, &f->b->answers[i]))
            tally_one(f, &f->b->answers[i]);
    }
    return PIQ_OK;
}

/* --- numbering -------------------------------------------------------------
 */

static int by_item_id(const void *a, const void *b, void *names)
{
    const int64_t *ids = ((const piq_item_names *)names)->items;
    int64_t x = ids[*(const uint32_t *)a], y = ids[*(const uint32_t *)b];
    return (x > y) - (x < y);
}

static int by_concept_id(const void *a, const void *b, void *names)
{
    const piq_str *ids = ((const piq_item_names *)names)->concepts;
    return piq_str_cmp(ids[*(const uint32_t *)a], ids[*(const uint32_t *)b]);
}

static piq_status number(freezing *f, const bool *met, size_t n_positions,
                         int (*order)(const void *, const void *, void *),
                         numbering *out)
{
    piq_item_names names = *f->b->names;
    out->of = piq_new(&f->arena, uint32_t, n_positions);
    out->at = piq_new(&f->arena, uint32_t, n_positions);
    if (!out->of || !out->at)
        return PIQ_ENOMEM;
    for (uint32_t i = 0; i < n_positions; i++) {
        out->of[i] = PIQ_NO_IX32;
        if (met[i])
            out->at[out->n++] = i;
    }
    qsort_r(out->at, out->n, sizeof *out->at, order, &names);
    for (uint32_t i = 0; i < out->n; i++)
        out->of[out->at[i]] = i;
    return PIQ_OK;
}

/* --- keys by number --------------------------------------------------------
 */

/* Whose numbers a key's second part is, if it is one: an item's or a concept's
 * that came before. */
static const numbering *second_of(const freezing *f, unsigned kind)
{
    if (kind == PIQ_EFFECT_PAIR || kind == PIQ_EFFECT_PAIR_OUTCOME ||
        kind == PIQ_EFFECT_FAR_PAIR)
        return &f->of_items;
    bool concept_pair = kind == PIQ_EFFECT_CONCEPT_PAIR ||
                        kind == PIQ_EFFECT_TOPIC ||
                        kind == PIQ_EFFECT_FAR_TOPIC;
    return concept_pair ? &f->of_concepts : NULL;
}

/* A key by positions as one by numbers; PIQ_NO_EFFECT when what it names was
 * not met. */
static uint64_t renumbered(const freezing *f, uint64_t key)
{
    piq_effect_parts p = piq_effect_parts_of(key);
    if (p.kind == PIQ_EFFECT_CASE)
        return key;
    const numbering *first =
        piq_effect_is_of_concepts(p.kind) ? &f->of_concepts : &f->of_items;
    const numbering *second = second_of(f, p.kind);
    p.a = first->of[p.a];
    if (second && p.b != 0) {
        uint32_t before = second->of[p.b - 1];
        if (before == PIQ_NO_IX32)
            return PIQ_NO_EFFECT;
        p.b = before + 1;
    }
    return p.a == PIQ_NO_IX32 ? PIQ_NO_EFFECT : piq_effect_key(p);
}

/* What is rarely seen and could be many. */
static bool is_numerous(size_t kind)
{
    return kind == PIQ_EFFECT_PAIR || kind == PIQ_EFFECT_PAIR_OUTCOME ||
           kind == PIQ_EFFECT_FAR_PAIR || kind == PIQ_EFFECT_FORM;
}

static bool is_kept(const freezing *f, size_t kind, size_t e)
{
    uint32_t n = f->fit.kinds[kind].count[e];
    return n > 0 && (n >= f->least_n || !is_numerous(kind));
}

static size_t n_kept(const freezing *f)
{
    /* Every item has at most a rate, a slope, and a rate by case. */
    size_t n = f->of_items.n * 2 + 1;
    for (size_t kind = 0; kind < PIQ_N_EFFECTS; kind++) {
        const piq_fitted_kind *k = &f->fit.kinds[kind];
        for (size_t e = 0; e < k->n; e++)
            n += is_kept(f, kind, e);
    }
    return n + f->fit.kinds[PIQ_EFFECT_ITEM_CASE].n;
}

static void put_effects(freezing *f)
{
    for (size_t kind = 0; kind < PIQ_N_EFFECTS; kind++) {
        const piq_fitted_kind *k = &f->fit.kinds[kind];
        for (size_t e = 0; e < k->n; e++) {
            uint64_t key = PIQ_NO_EFFECT;
            if (is_kept(f, kind, e))
                key = renumbered(f, f->b->effects[kind].keys[e]);
            if (key != PIQ_NO_EFFECT)
                piq_item_table_put(
                    f->table,
                    (piq_effect){key, (float)k->value[e], (float)k->count[e]});
        }
    }
}

/* --- raw rates -------------------------------------------------------------
 */

static double shrunk(const tally *t, double above)
{
    return (t->right + RATE_STARTS_WITH * above) / (t->n + RATE_STARTS_WITH);
}

static void put_kind(freezing *f, unsigned kind, size_t item, unsigned c,
                     double value, double n)
{
    uint64_t key =
        piq_effect_key((piq_effect_parts){kind, (uint32_t)item, 0, c});
    piq_item_table_put(f->table, (piq_effect){key, (float)value, (float)n});
}

/* An item's rate leans on its concept's, in a case on what the case does to
 * everything. */
static void put_rates(freezing *f, size_t item, size_t concept)
{
    size_t at = f->of_items.at[item];
    double all = shrunk(&f->all, 0.5);
    double rate = shrunk(&f->items[at], shrunk(&f->concepts[concept], all));
    put_kind(f, PIQ_KIND_ITEM_RATE, item, 0, piq_logit(rate), f->items[at].n);
    for (unsigned c = 0; c < PIQ_N_CASES; c++) {
        const tally *t = &f->by_case[at * PIQ_N_CASES + c];
        if (t->n == 0.0)
            continue;
        double shift = piq_logit(shrunk(&f->cases[c], all)) - piq_logit(all);
        double above = piq_sigmoid(piq_logit(rate) + shift);
        put_kind(f, PIQ_KIND_CASE_RATE, item, c, piq_logit(shrunk(t, above)),
                 t->n);
    }
    put_kind(f, PIQ_KIND_SLOPE, item, 0, piq_item_fit_slope(&f->fit, at),
             f->items[at].n);
}

/* The concept that an item was met under, the last one told. */
static piq_status put_items(freezing *f)
{
    uint16_t *concept_of = piq_new(&f->arena, uint16_t, f->b->names->n_items);
    if (!concept_of)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < f->b->n; i++) {
        const piq_built_answer *x = &f->b->answers[i];
        if (x->item != PIQ_NO_IX32 && !piq_fit_leaves_out(&f->fit, x))
        concept_of[x->item] = x->concept;
    }
    for (size_t i = 0; i < f->of_items.n; i++)
        put_rates(f, i, concept_of[f->of_items.at[i]]);
    return PIQ_OK;
}

static piq_status put_names(freezing *f)
{
    piq_item_table *t = f->table;
    const piq_item_names *names = f->b->names;
    for (size_t i = 0; i < t->n_items; i++)
        t->item_ids[i] = names->items[f->of_items.at[i]];
    for (size_t i = 0; i < t->n_concepts; i++) {
        piq_str id = names->concepts[f->of_concepts.at[i]];
        char *copy = piq_arena_strndup(&t->arena, id.ptr, id.len);
        if (!copy)
            return PIQ_ENOMEM;
        t->concept_ids[i] = (piq_str){copy, id.len};
    }
    return PIQ_OK;
}

static piq_status freeze(freezing *f, unsigned without)
{
    const piq_item_names *names = f->b->names;
    piq_status status = piq_item_fit_run(&f->fit, f->b, without, &f->arena);
    if (status == PIQ_OK)
        status = tally_all(f);
    if (status == PIQ_OK)
        status =
            number(f, f->item_met, names->n_items, by_item_id, &f->of_items);
    if (status == PIQ_OK)
        status = number(f, f->concept_met, names->n_concepts, by_concept_id,
                        &f->of_concepts);
    f->least_n = 1;
    while (status == PIQ_OK && f->least_n < MOST_LEAST_N &&
           n_kept(f) > MOST_EFFECTS)
        f->least_n *= 2;
    if (status == PIQ_OK)
        status = piq_item_table_new(f->of_items.n, f->of_concepts.n, n_kept(f),
                                    &f->table);
    if (status == PIQ_OK)
        status = put_names(f);
    if (status != PIQ_OK)
        return status;
    put_effects(f);
    put_kind(f, PIQ_KIND_NEAR_SHARE, 0, 0, f->fit.near_share,
             (double)f->of_items.n);
    return put_items(f);
}

piq_status piq_item_builder_freeze(const piq_item_builder *b, unsigned without,
                                   piq_item_table **out)
{
    freezing f = {.b = b};
    piq_arena_init(&f.arena, (size_t)4 << 30);
    piq_status status = freeze(&f, without);
    piq_arena_release(&f.arena);
    if (status != PIQ_OK) {
        piq_item_table_free(f.table);
        return status;
    }
    *out = f.table;
    return PIQ_OK;
}
