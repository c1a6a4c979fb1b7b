#include "cli/import_anki.h"

#include "base/calendar.h"
#include "cli/command.h"

#include <stdio.h>

static piq_status load_cards(piq_engine *e, piq_anki_import *x, piq_err *err)
{
    piq_buf document;
    piq_buf_init(&document, (size_t)1 << 30);
    piq_status status =
        piq_deck_curriculum(piq_engine_catalogue(e), x->deck, &x->read,
                            &document, &x->new_cards, err);
    if (status == PIQ_OK && x->new_cards)
        status =
            piq_load_curriculum(e, (piq_str){document.ptr, document.len},
                                "curriculum with the cards", true, false, err);
    piq_buf_release(&document);
    return status;
}

/* Before the first review, so that its days are the learner's own. */
static piq_status add_offset(piq_bulk *bulk, const piq_anki_import *x,
                             piq_err *err)
{
    char id[PIQ_MAX_EVENT_ID_BYTES];
    int len = snprintf(id, sizeof id, "%.*s-offset", PIQ_STR_ARG(x->deck));
    piq_event event = {.user = x->user,
                       .event_id = {id, (size_t)len},
                       .at_us = x->read.reviews[0].at_us - PIQ_US_PER_SECOND,
                       .type = PIQ_EV_PROFILE_STATED};
    event.u.stated = (piq_stated){.has = PIQ_STATED_OFFSET,
                                  .utc_offset_min = (int16_t)x->utc_offset_min};
    return piq_bulk_add(bulk, &event, err);
}

static piq_status add_review(piq_bulk *bulk, const piq_catalogue *c,
                             const piq_anki_import *x, const piq_deck_review *r,
                             piq_err *err)
{
    char id[64];
    size_t len = piq_deck_concept_id(x->deck, r->card_id, id);
    piq_event event = {.user = x->user,
                       .event_id = r->event_id,
                       .at_us = r->at_us,
                       .type = PIQ_EV_REVIEW};
    event.u.review =
        (piq_review_event){.rating = r->rating, .response_ms = r->response_ms};
    if (!piq_catalogue_find_concept(c, (piq_str){id, len},
                                    &event.u.review.concept))
        return piq_fail(err, PIQ_EINTERNAL, "card %s is not in the curriculum",
                        id);
    return piq_bulk_add(bulk, &event, err);
}

static piq_status add_reviews(piq_engine *e, piq_bulk *bulk,
                              const piq_anki_import *x, piq_err *err)
{
    const piq_catalogue *c = piq_engine_catalogue(e);
    piq_meter meter;
    piq_status status = PIQ_OK;
    if (x->has_offset && x->read.n)
        status = add_offset(bulk, x, err);
    piq_meter_begin(&meter, "importing reviews", x->read.n);
    for (size_t i = 0; i < x->read.n && status == PIQ_OK; i++) {
        status = add_review(bulk, c, x, &x->read.reviews[i], err);
        if (i % 256 == 0)
            piq_meter_at(&meter, i);
    }
    if (status == PIQ_OK)
        piq_meter_end(&meter, x->read.n);
    return status;
}

piq_status piq_import_anki(piq_engine *e, piq_str file, piq_anki_import *x,
                           piq_bulk_totals *totals, piq_err *err)
{
    piq_arena a;
    piq_revlog log;
    piq_bulk *bulk = NULL;
    piq_arena_init(&a, (size_t)4 << 30);
    piq_status status = piq_revlog_read(&a, file, &log, err);
    if (status == PIQ_OK)
        status = piq_deck_of(&a, &log, x->deck, &x->read, err);
    if (status == PIQ_OK)
        status = load_cards(e, x, err);
    if (status == PIQ_OK)
        status = piq_bulk_begin(e, NULL, NULL, &bulk, err);
    if (status == PIQ_OK) {
        status = add_reviews(e, bulk, x, err);
        piq_status ended =
            piq_bulk_end(bulk, totals, status == PIQ_OK ? err : NULL);
        status = status ? status : ended;
    }
    x->read.reviews = NULL;
    x->read.cards = NULL;
    piq_arena_release(&a);
    return status;
}
