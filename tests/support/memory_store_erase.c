#include "support/memory_store_data.h"

#include <stdio.h>

static const piq_user_id NOBODY = {0};

int64_t memory_floor(const memory_data *d)
{
    const piq_record *r =
        memory_record_of(d, NOBODY, PIQ_RECORD_ERASED, PIQ_RECORD_FLOOR);
    int64_t floor = 0;
    if (r && !piq_str_to_i64(r->document, &floor))
        abort();
    return floor;
}

bool memory_is_alive(const memory_data *d, piq_user_id user,
                     int64_t state_version)
{
    const memory_learner *l = memory_learner_of(d, user);
    int64_t floor = memory_floor(d);
    if (!floor)
        return true;
    return l && l->version ? l->born <= state_version : state_version > floor;
}

static void blank(piq_str *s)
{
    free((void *)(uintptr_t)s->ptr);
    *s = memory_kept(PIQ_STR(""));
}

/* Rows whose position is their number stay, as nobody's. */
static void blank_events(memory_data *d, piq_user_id user, piq_erased *gone)
{
    for (size_t i = 0; i < d->events.n; i++) {
        piq_event_row *e = d->events.at[i];
        if (e->user.v != user.v)
            continue;
        blank(&e->event_id);
        blank(&e->body);
        e->user = NOBODY;
        e->item.v = PIQ_NO_IX32;
        gone->events++;
    }
    d->n_erased_events += (size_t)gone->events;
}

static void blank_offers(memory_data *d, piq_user_id user, piq_erased *gone)
{
    for (size_t i = 0; i < d->offers.n; i++) {
        piq_recommendation_row *r = d->offers.at[i];
        if (r->user.v != user.v)
            continue;
        blank(&r->reasoning);
        r->user = NOBODY;
        gone->recommendations++;
    }
    d->n_erased_offers += (size_t)gone->recommendations;
}

static void blank_log(memory_data *d, piq_user_id user, piq_erased *gone)
{
    for (size_t i = 0; i < d->slates.n; i++) {
        piq_slate_record *r = d->slates.at[i];
        if (r->row.user.v != user.v)
            continue;
        blank(&r->row.candidates);
        r->row.user = NOBODY;
        gone->others++;
    }
    for (size_t i = 0; i < d->exposures.n; i++) {
        piq_exposure_row *x = d->exposures.at[i];
        if (x->user.v != user.v)
            continue;
        x->user = NOBODY;
        x->experiment = -1;
        gone->others++;
    }
}

static void drop_records(memory_data *d, piq_user_id user, piq_erased *gone)
{
    for (size_t i = d->records.n; i-- > 0;) {
        const piq_record *r = d->records.at[i];
        if (r->user.v != user.v)
            continue;
        piq_record name = *r;
        name.from_version = PIQ_RECORD_ANY;
        name.document.len = 0;
        memory_apply_records(d, &name, 1, 0);
        gone->others++;
    }
}

/* The version of the state that was there. */
static int64_t drop_learner(memory_data *d, piq_user_id user, piq_erased *gone)
{
    memory_learner *l = memory_learner_of(d, user);
    size_t at = 0;
    if (!l)
        return 0;
    int64_t version = l->version;
    gone->others += l->snapshots.n;
    gone->others += version > 0;
    gone->others += l->has_path;
    gone->others += l->has_profile;
    while (d->learners.at[at] != l)
        at++;
    memory_list_remove(&d->learners, at);
    memory_free_learner(l);
    return version;
}

static void raise_floor(memory_data *d, int64_t version)
{
    char text[24];
    int64_t floor = memory_floor(d);
    int len = snprintf(text, sizeof text, "%lld",
                       (long long)(version > floor ? version : floor));
    piq_record r = {.kind = PIQ_RECORD_ERASED,
                    .key = PIQ_RECORD_FLOOR,
                    .from_version = PIQ_RECORD_ANY,
                    .expires_us = INT64_MAX,
                    .document = {text, (size_t)len}};
    memory_apply_records(d, &r, 1, 0);
}

piq_status memory_erase(piq_store *s, piq_user_id user, piq_erased *out,
                        piq_err *err)
{
    memory_data *d;
    piq_erased gone = {0};
    piq_status status = memory_begin_quietly(s, &d);
    if (status)
        return status;
    if (user.v <= 0)
        return memory_end(d, PIQ_ENOTFOUND, err);
    blank_events(d, user, &gone);
    blank_offers(d, user, &gone);
    blank_log(d, user, &gone);
    drop_records(d, user, &gone);
    int64_t version = drop_learner(d, user, &gone);
    if (!gone.events && !gone.recommendations && !gone.others)
        return memory_end(d, PIQ_ENOTFOUND, err);
    raise_floor(d, version);
    memory_note_change(d, user, PIQ_CHANGED_ERASED, 0);
    *out = gone;
    return memory_end(d, PIQ_OK, err);
}
