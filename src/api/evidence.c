/* evidence.c - GET /api/users/{userId}/events: what the profile stands on,
 * newest first.
 *
 * The store reads events upwards only. So a page is looked for in windows of
 * time that reach further and further back, each read to its end, and the last
 * rows that fit are kept: a learner's events lie close together, so one or two
 * windows do. What is read for one page is bounded; a page may be short, or
 * empty, and still have a next one.
 */
#include "api/page.h"
#include "base/calendar.h"
#include "domain/json_reader.h"
#include "engine/voids.h"

#include <stdlib.h>

enum {
    USUAL = 50,
    PIECE = 256,        /* rows read at once */
    MAX_LOOKED = 20000, /* rows looked at for one page */
    FIRST_DAYS = 7,     /* of the first window; each is four times the last */
    LAST_DAYS = 1 << 20 /* beyond every calendar */
};

typedef struct wanted {
    piq_page page;
    int64_t from_us, to_us; /* [from, to) */
    bool one_type;
    piq_event_type type;
    bool one_concept;
    piq_concept_ix concept;
    const piq_catalogue *catalogue;
    piq_voids voids; /* the profile does not stand on these */
} wanted;

/* The newest so far, at most page.limit + 1, in a ring. */
typedef struct gathered {
    piq_event_row *ring; /* [room] */
    size_t room, n, next;
} gathered;

/* ---- what is wanted ------------------------------------------------------ */

static bool refuse_word(piq_exchange *c, const char *name, const char *what)
{
    piq_fail(&c->err, PIQ_EINVAL, "%s", what);
    piq_err_at(&c->err, "%s", name);
    piq_exchange_fail(c);
    return false;
}

/* Others tell nothing of the learner. */
static bool is_listed(piq_event_type type)
{
    return type != PIQ_EV_MEMORY_FITTED && type != PIQ_EV_VOIDED;
}

static bool read_filters(piq_exchange *c, wanted *w)
{
    piq_str type, concept;
    if (!piq_exchange_query(c, "type", &type, &w->one_type) ||
        !piq_exchange_query(c, "concept", &concept, &w->one_concept) ||
        !piq_exchange_query_time(c, "from", &w->from_us) ||
        !piq_exchange_query_time(c, "to", &w->to_us))
        return false;
    if (w->one_type &&
        (!piq_event_type_of(type, &w->type) || !is_listed(w->type)))
        return refuse_word(c, "type", "there is no such type of event");
    if (w->one_concept &&
        !piq_catalogue_find_concept(w->catalogue, concept, &w->concept))
        return refuse_word(c, "concept", "the curriculum has no such concept");
    if (w->from_us > w->to_us)
        return refuse_word(c, "from", "from lies after to");
    return true;
}

/* ---- what an event is about ---------------------------------------------- */

static bool among(const piq_concept_weight *list, size_t n, piq_concept_ix x)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].concept.v == x.v)
            return true;
    return false;
}

static bool content_has(const piq_catalogue *cat, piq_content_ix at,
                        piq_concept_ix x)
{
    if (at.v == PIQ_NO_IX32)
        return false;
    const piq_content *content = &cat->contents[at.v];
    return among(content->concepts, content->n_concepts, x);
}

/* As the fold has it: concepts go before the item's, those before the
 * content's. */
static bool answer_has(const piq_catalogue *cat, const piq_answer *a,
                       piq_concept_ix x)
{
    if (a->n_concepts)
        return among(a->concepts, a->n_concepts, x);
    if (a->item.v != PIQ_NO_IX32 && cat->items[a->item.v].n_concepts) {
        const piq_item *item = &cat->items[a->item.v];
        return among(item->concepts, item->n_concepts, x);
    }
    return content_has(cat, a->content, x);
}

static bool assessment_has(const piq_catalogue *cat,
                           const piq_assessment_event *a, piq_concept_ix x)
{
    for (size_t i = 0; i < a->n_concepts; i++)
        if (a->concepts[i].concept.v == x.v)
            return true;
    return content_has(cat, a->content, x);
}

static bool is_about(const piq_catalogue *cat, const piq_event *e,
                     piq_concept_ix x)
{
    switch (e->type) {
    case PIQ_EV_ANSWER:
        return answer_has(cat, &e->u.answer, x);
    case PIQ_EV_CONTENT_STARTED:
    case PIQ_EV_CONTENT_COMPLETED:
    case PIQ_EV_CONTENT_ABANDONED:
        return content_has(cat, e->u.content.content, x);
    case PIQ_EV_ASSESSMENT_COMPLETED:
        return assessment_has(cat, &e->u.assessment, x);
    case PIQ_EV_CHARACTER_SESSION:
        return content_has(cat, e->u.character.content, x);
    case PIQ_EV_REVIEW:
        return e->u.review.concept
        .v == x.v;
    case PIQ_EV_RECOMMENDATION_FEEDBACK:
        return content_has(cat, e->u.feedback.content, x);
    case PIQ_EV_GOAL_SET:
    case PIQ_EV_PROFILE_STATED:
    case PIQ_EV_PATH_CONTROLLED:
    case PIQ_EV_MEMORY_FITTED:
    case PIQ_EV_VOIDED:
        return false;
    }
    return false;
}

static bool is_wanted(const wanted *w, piq_arena *a, const piq_event_row *row)
{
    piq_event event;
    json_t *json = NULL;
    piq_err err = {0};
    if (!is_listed(row->type) || (w->one_type && row->type != w->type) ||
        piq_voids_has(&w->voids, row->user, row->event_id))
        return false;
    if (!w->one_concept)
        return true;
    /* Stored events are sound; one that cannot be read is about nothing. */
    bool is =
        piq_json_parse(row->body, &json, &err) == PIQ_OK &&
        piq_event_read(a, json, "", false, w->catalogue,
                       row->at_us + PIQ_US_PER_DAY, &event, &err) == PIQ_OK &&
        is_about(w->catalogue, &event, w->concept);
    json_decref(json);
    return is;
}

/* ---- looking --------------------------------------------------------------
 */

/* Whether it stands behind the cursor: older, and among those of the same
 * instant lower. */
static bool is_behind(const wanted *w, const piq_event_row *row)
{
    const piq_cursor *after = &w->page.after;
    if (!w->page.goes_on || row->at_us < after->at)
        return true;
    piq_str id = piq_str_of(after->name);
    size_t len = row->event_id.len < id.len ? row->event_id.len : id.len;
    int order = len ? memcmp(row->event_id.ptr, id.ptr, len) : 0;
    return row->at_us == after->at &&
           (order < 0 || (order == 0 && row->event_id.len < id.len));
}

static void keep(gathered *g, const piq_event_row *row)
{
    g->ring[g->next] = *row;
    g->next = (g->next + 1) % g->room;
    if (g->n < g->room)
        g->n++;
}

/* Of events in [from, to), ascending, the last that are wanted. */
static piq_status read_window(piq_exchange *c, const wanted *w, int64_t from_us,
                              int64_t to_us, gathered *g, size_t *looked)
{
    piq_store *store = piq_engine_store(c->api->engine);
    piq_event_range range = {
        .user = c->user,
        .after_us = from_us == INT64_MIN ? INT64_MIN : from_us - 1,
        .after_id = PIQ_STR("\xf4\x8f\xbf\xbf"), /* behind every id */
        .until_us = to_us,
        .limit = PIECE};
    size_t n = PIECE;
    while (n == PIECE) {
        piq_event_row *rows;
        piq_status status =
            store->ops->events(store, &c->arena, &range, &rows, &n, &c->err);
        if (status)
            return status;
        for (size_t i = 0; i < n; i++)
            if (is_behind(w, &rows[i]) && is_wanted(w, &c->arena, &rows[i]))
                keep(g, &rows[i]);
        *looked += n;
        if (n) {
            range.after_us = rows[n - 1].at_us;
            range.after_id = rows[n - 1].event_id;
        }
    }
    return PIQ_OK;
}

/* Newest first into list [room]; *rest_us: what lies before was not looked at,
 * INT64_MIN: everything was. */
static piq_status look(piq_exchange *c, const wanted *w, piq_event_row *list,
                       size_t *n, int64_t *rest_us)
{
    size_t room = (size_t)w->page.limit + 1, looked = 0;
    gathered g = {.ring = piq_new(&c->arena, piq_event_row, room)};
    int64_t to_us = w->to_us, days = FIRST_DAYS;
    if (w->page.goes_on && w->page.after.at < to_us)
        to_us = w->page.after.at + 1;
    *n = 0;
    *rest_us = to_us;
    while (*n<room && * rest_us> w->from_us && looked < MAX_LOOKED) {
        g.room = room - *n;
        g.n = g.next = 0;
        int64_t from_us =
            days >= LAST_DAYS || to_us < INT64_MIN + days * PIQ_US_PER_DAY
                ? INT64_MIN
                : to_us - days * PIQ_US_PER_DAY;
        if (from_us < w->from_us)
            from_us = w->from_us;
        if (!g.ring)
            return piq_fail(&c->err, PIQ_ENOMEM, "no memory for the events");
        piq_status status = read_window(c, w, from_us, to_us, &g, &looked);
        if (status)
            return status;
        for (size_t i = 0; i < g.n; i++)
            list[(*n)++] = g.ring[(g.next + g.room - 1 - i) % g.room];
        to_us = *rest_us = from_us;
        days *= 4;
    }
    if (*rest_us <= w->from_us)
        *rest_us = INT64_MIN;
    return PIQ_OK;
}

/* ---- the reply ------------------------------------------------------------
 */

static void write_row(const piq_event_row *row, piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_key(w, "event");
    piq_json_raw(w, row->body);
    piq_json_put_time(w, "received_at", row->received_us);
    piq_json_put_int(w, "catalogue_version", row->catalogue_version);
    piq_json_put_int(w, "calibration", row->calibration);
    piq_json_key(w, "predicted");
    if (row->predicted >= 0 && row->predicted <= 1)
        piq_json_fixed(w, (double)row->predicted, 4);
    else
        piq_json_null(w);
    piq_json_object_end(w);
}

static void link_next(piq_exchange *c, const wanted *w,
                      const piq_event_row *list, size_t n, int64_t rest_us)
{
    piq_cursor last = {.at = rest_us};
    size_t limit = (size_t)w->page.limit;
    if (n > limit) {
        const piq_event_row *row = &list[limit - 1];
        size_t len = row->event_id.len;
        last.at = row->at_us;
        memcpy(last.name, row->event_id.ptr,
               len < sizeof last.name ? len : sizeof last.name - 1);
    } else if (rest_us == INT64_MIN) {
        return;
    }
    piq_page_link(c, &w->page, &last);
}

static void reply(piq_exchange *c, const wanted *w, int64_t version)
{
    size_t n;
    int64_t rest_us;
    piq_buf b;
    piq_json_writer writer;
    piq_event_row *list =
        piq_new(&c->arena, piq_event_row, (size_t)w->page.limit + 1);
    if (!list)
        piq_fail(&c->err, PIQ_ENOMEM, "no memory for the events");
    if (!list || look(c, w, list, &n, &rest_us)) {
        piq_exchange_fail(c);
        return;
    }
    link_next(c, w, list, n, rest_us);
    piq_buf_init(&b, 0);
    piq_json_init(&writer, &b);
    piq_json_object(&writer);
    piq_json_key(&writer, "events");
    piq_json_array(&writer);
    for (size_t i = 0; i < n && i < (size_t)w->page.limit; i++)
        write_row(&list[i], &writer);
    piq_json_array_end(&writer);
    piq_json_object_end(&writer);
    piq_exchange_json(c, 200, &b, version);
}

void piq_get_events(piq_exchange *c)
{
    static const char *const known[] = {"limit", "cursor", "type", "concept",
                                        "from",  "to",     NULL};
    piq_learner_ref ref;
    /* Nothing is later than that: ids are given minutes ahead at most. */
    wanted w = {.from_us = INT64_MIN, .to_us = c->now_us + PIQ_US_PER_DAY};
    if (!piq_exchange_known_query(c, known) ||
        !piq_exchange_catalogue(c, &w.catalogue) || !read_filters(c, &w) ||
        !piq_page_read(c, PIQ_CURSOR_EVENTS, c->user.v, USUAL, &w.page) ||
        !piq_exchange_learner(c, &ref))
        return;
    int64_t version = ref.learner->version;
    piq_learner_ref_release(&ref);
    if (piq_exchange_not_modified(c, version))
        return;
    if (piq_voids_read(c->api->engine, &c->arena, c->user, INT64_MIN, &w.voids,
                       &c->err)) {
        piq_exchange_fail(c);
        return;
    }
    reply(c, &w, version);
}
