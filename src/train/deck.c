#include "train/deck.h"

#include "domain/json_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_RESPONSE_MS = 86400000 };

bool piq_deck_name_ok(piq_str name)
{
    if (name.len < 1 || name.len > PIQ_MAX_DECK_BYTES)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '.' &&
            c != '-')
            return false;
    }
    return true;
}

size_t piq_deck_concept_id(piq_str name, int64_t card, char out[64])
{
    return (size_t)snprintf(out, 64, "%.*s.%" PRId64, PIQ_STR_ARG(name), card);
}

/* ---- reviews --------------------------------------------------------------
 */

static bool is_learning(const piq_revlog_row *r)
{
    return r->state <= 1;
}

/* Where the last run of learning reviews begins among rows[from, to); `to`:
 * there is none. Manual reschedules neither make nor break one. */
static size_t last_beginning(const piq_revlog_row *rows, size_t from, size_t to)
{
    size_t begins = to;
    bool in_run = false;
    for (size_t i = from; i < to; i++) {
        if (rows[i].rating == 0)
            continue;
        if (is_learning(&rows[i]) && !in_run)
            begins = i;
        in_run = is_learning(&rows[i]);
    }
    return begins;
}

static piq_status add_review(piq_arena *a, piq_str name,
                             const piq_revlog_row *r, piq_deck *d)
{
    char id[PIQ_MAX_EVENT_ID_BYTES];
    /* Of one width, so that ids sort as times do. */
    int len = snprintf(id, sizeof id, "%.*s-%015" PRId64 "-%" PRId64,
                       PIQ_STR_ARG(name), r->at_ms, r->card_id);
    char *kept = piq_arena_strndup(a, id, (size_t)len);
    int64_t took = r->duration_ms;
    if (!kept)
        return PIQ_ENOMEM;
    d->reviews[d->n++] = (piq_deck_review){
        .card_id = r->card_id,
        .at_us = r->at_ms * 1000,
        .rating = r->rating,
        .response_ms = took < 0                 ? 0
                       : took > MAX_RESPONSE_MS ? MAX_RESPONSE_MS
                                                : (uint32_t)took,
        .event_id = {kept, (size_t)len}};
    return PIQ_OK;
}

static piq_status add_card(piq_arena *a, piq_str name, const piq_revlog *log,
                           size_t from, size_t to, piq_deck *d)
{
    size_t begins = log->cleaned ? from : last_beginning(log->rows, from, to);
    const piq_revlog_row *before = NULL;
    for (size_t i = from; i < to; i++) {
        const piq_revlog_row *r = &log->rows[i];
        if (r->rating == 0) {
            d->manual++;
        } else if (begins == to) {
            d->no_beginning++;
        } else if (i < begins) {
            d->before_reset++;
        } else if (before && before->at_ms == r->at_ms) {
            d->repeated++;
        } else if (add_review(a, name, r, d)) {
            return PIQ_ENOMEM;
        } else {
            before = r;
        }
    }
    if (before)
        d->cards[d->n_cards++] = before->card_id;
    return PIQ_OK;
}

static int by_event(const void *x, const void *y)
{
    const piq_deck_review *a = x, *b = y;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    return piq_str_cmp(a->event_id, b->event_id);
}

static int by_number(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

piq_status piq_deck_of(piq_arena *a, const piq_revlog *log, piq_str name,
                       piq_deck *out, piq_err *err)
{
    piq_deck d = {.reviews = piq_new(a, piq_deck_review, log->n),
                  .cards = piq_new(a, int64_t, log->n),
                  .read = log->n};
    piq_status status = d.reviews && d.cards ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0, end; i < log->n && status == PIQ_OK; i = end) {
        for (end = i + 1; end < log->n && !log->rows[end].begins;)
            end++;
        status = add_card(a, name, log, i, end, &d);
    }
    if (status)
        return piq_fail(err, status, "no memory for %zu reviews", log->n);
    if (d.n)
        qsort(d.reviews, d.n, sizeof *d.reviews, by_event);
    if (d.n_cards)
        qsort(d.cards, d.n_cards, sizeof *d.cards, by_number);
    *out = d;
    return PIQ_OK;
}

/* ---- a curriculum with them ------------------------------------------------
 */

static json_t *empty_curriculum(void)
{
    return json_pack("{s:s, s:f, s:[], s:[], s:[], s:[], s:[]}", "subject",
                     "Imported cards", "new_learner_ability", 0.5, "areas",
                     "concepts", "characters", "contents", "items");
}

/* As stored, so that nothing of it is changed; NULL: no memory. */
static json_t *as_json(const piq_catalogue *c, piq_err *err)
{
    piq_buf text;
    piq_json_writer w;
    json_t *json = NULL;
    piq_buf_init(&text, (size_t)1 << 30);
    piq_json_init(&w, &text);
    piq_catalogue_write(c, &w);
    if (text.status == PIQ_OK &&
        piq_json_parse((piq_str){text.ptr, text.len}, &json, err))
        json = NULL;
    piq_buf_release(&text);
    return json;
}

static bool add_area(json_t *doc, piq_str name)
{
    json_t *area =
        json_pack("{s:s%, s:s%, s:s}", "id", name.ptr, name.len, "name",
                  name.ptr, name.len, "summary", "Imported cards.");
    return json_array_append_new(json_object_get(doc, "areas"), area) == 0;
}

static bool add_concept(json_t *concepts, piq_str name, int64_t card)
{
    char id[64], title[64];
    piq_deck_concept_id(name, card, id);
    snprintf(title, sizeof title, "Card %" PRId64, card);
    json_t *concept =
        json_pack("{s:s, s:s%, s:s, s:s, s:s, s:f}", "id", id, "area", name.ptr,
                  name.len, "level", "intermediate", "name", title, "can_do",
                  "", "difficulty", 0.5);
    return json_array_append_new(concepts, concept) == 0;
}

typedef enum presence { ABSENT, RETIRED, PRESENT } presence;

static presence presence_of(const piq_catalogue *c, piq_str name, int64_t card,
                            piq_concept_ix *ix)
{
    char id[64];
    size_t len = piq_deck_concept_id(name, card, id);
    if (!c || !piq_catalogue_find_concept(c, (piq_str){id, len}, ix))
        return ABSENT;
    return c->concepts[ix->v].retired ? RETIRED : PRESENT;
}

/* The stored form has positions in order. */
static void revive(json_t *list, size_t at)
{
    json_object_del(json_array_get(list, at), "retired");
}

/* False: no memory. */
static bool add_all(json_t *doc, const piq_catalogue *c, piq_str name,
                    const piq_deck *deck)
{
    piq_area_ix area;
    piq_concept_ix ix;
    json_t *concepts = json_object_get(doc, "concepts");
    bool ok = true;
    if (c && piq_catalogue_find_area(c, name, &area))
        revive(json_object_get(doc, "areas"), area.v);
    else
        ok = add_area(doc, name);
    for (size_t i = 0; i < deck->n_cards && ok; i++) {
        presence is = presence_of(c, name, deck->cards[i], &ix);
        if (is == RETIRED)
            revive(concepts, ix.v);
        if (is == ABSENT)
            ok = add_concept(concepts, name, deck->cards[i]);
    }
    return ok;
}

piq_status piq_deck_curriculum(const piq_catalogue *in_force, piq_str name,
                               const piq_deck *deck, piq_buf *out,
                               size_t *n_new, piq_err *err)
{
    piq_concept_ix ix;
    size_t n = in_force ? in_force->n_concepts : 0;
    *n_new = 0;
    for (size_t i = 0; i < deck->n_cards; i++) {
        presence is = presence_of(in_force, name, deck->cards[i], &ix);
        *n_new += is != PRESENT;
        n += is == ABSENT;
    }
    if (!*n_new)
        return PIQ_OK;
    if (n > PIQ_MAX_CONCEPTS)
        return piq_fail(err, PIQ_ELIMIT,
                        "%zu concepts with the cards, %d are allowed", n,
                        PIQ_MAX_CONCEPTS);
    json_t *doc = in_force ? as_json(in_force, err) : empty_curriculum();
    char *text = NULL;
    if (doc && add_all(doc, in_force, name, deck))
        text = json_dumps(doc, JSON_COMPACT);
    json_decref(doc);
    if (text)
        piq_buf_add_z(out, text);
    free(text);
    if (!text || out->status)
        return piq_fail(err, PIQ_ENOMEM, "no memory for a curriculum");
    return PIQ_OK;
}
