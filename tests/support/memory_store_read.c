#include "domain/plan.h"
#include "support/memory_store_data.h"

static void store_close(piq_store *s)
{
    free(s);
}

static piq_status store_catalogue(piq_store *s, piq_arena *a, uint32_t version,
                                  uint32_t *found, piq_str *text, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    size_t at = version ? version : d->documents.n;
    status = PIQ_ENOTFOUND;
    if (at && at <= d->documents.n) {
        const memory_document *x = d->documents.at[at - 1];
        *found = x->version;
        *text = x->text;
        status = memory_give(a, (piq_str *[]){text}, 1);
    }
    return memory_end(d, status, err);
}

static piq_status store_put_catalogue(piq_store *s, uint32_t version,
                                      piq_str text, int64_t at_us, piq_err *err)
{
    memory_data *d = ((memory_handle *)s)->data;
    piq_status status = PIQ_ESTALE;
    (void)at_us;
    pthread_mutex_lock(&d->lock);
    if (version == d->documents.n + 1) {
        memory_document *x = memory_zeroed(sizeof *x);
        *x = (memory_document){version, memory_kept(text)};
        memory_list_add(&d->documents, x);
        status = PIQ_OK;
    }
    return memory_end(d, status, err);
}

static piq_status store_state(piq_store *s, piq_arena *a, piq_user_id user,
                              int64_t *version, piq_str *body, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    const memory_learner *l = memory_learner_of(d, user);
    status = PIQ_ENOTFOUND;
    if (l && l->version) {
        *version = l->version;
        *body = l->body;
        status = memory_give(a, (piq_str *[]){body}, 1);
    }
    return memory_end(d, status, err);
}

static piq_status store_snapshot(piq_store *s, piq_arena *a, piq_user_id user,
                                 int64_t at_us, piq_str event_id,
                                 piq_snapshot_row *out, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    const memory_learner *l = memory_learner_of(d, user);
    status = PIQ_ENOTFOUND;
    for (size_t i = 0; l && i < l->snapshots.n; i++) {
        const piq_snapshot_row *x = l->snapshots.at[i];
        if (memory_cmp_place(x->at_us, x->event_id, at_us, event_id) > 0)
            break;
        *out = *x;
        status = PIQ_OK;
    }
    if (status == PIQ_OK)
        status = memory_give(a, (piq_str *[]){&out->event_id, &out->body}, 2);
    return memory_end(d, status, err);
}

static piq_status give_event(piq_arena *a, const piq_event_row *e,
                             piq_event_row *out)
{
    *out = *e;
    return memory_give(a, (piq_str *[]){&out->event_id, &out->body}, 2);
}

static piq_status store_event(piq_store *s, piq_arena *a, piq_user_id user,
                              piq_str event_id, piq_event_row *out,
                              piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    const piq_event_row *e =
        memory_event_of(memory_learner_of(d, user), event_id);
    status = e ? give_event(a, e, out) : PIQ_ENOTFOUND;
    return memory_end(d, status, err);
}

static piq_status store_events(piq_store *s, piq_arena *a,
                               const piq_event_range *range,
                               piq_event_row **out, size_t *n, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    const memory_learner *l = memory_learner_of(d, range->user);
    size_t max = l ? l->events.n : 0;
    *n = 0;
    *out = piq_new(a, piq_event_row, max);
    status = *out ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = 0; i < max && *n < range->limit && status == PIQ_OK; i++) {
        const piq_event_row *e = l->events.at[i];
        bool after = range->after_us == INT64_MIN ||
                     memory_cmp_place(e->at_us, e->event_id, range->after_us,
                                      range->after_id) > 0;
        if (!after || e->at_us >= range->until_us)
            continue;
        status = give_event(a, e, &(*out)[(*n)++]);
    }
    return memory_end(d, status, err);
}

static piq_status store_answers_after(piq_store *s, piq_arena *a, int64_t seq,
                                      size_t limit, piq_event_row **out,
                                      size_t *n, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    size_t max = d->events.n > (size_t)seq ? d->events.n - (size_t)seq : 0;
    *n = 0;
    *out = piq_new(a, piq_event_row, max < limit ? max : limit);
    status = *out ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = (size_t)seq; status == PIQ_OK && i < d->events.n; i++) {
        const piq_event_row *e = d->events.at[i];
        if (e->item.v == PIQ_NO_IX32 || *n == limit)
            continue;
        (*out)[*n] = *e;
        (*out)[*n].event_id = (*out)[*n].body = (piq_str){"", 0};
        ++*n;
    }
    return memory_end(d, status, err);
}

static piq_status give_offer(piq_arena *a, const piq_recommendation_row *r,
                             piq_recommendation_row *out)
{
    *out = *r;
    return memory_give(a, (piq_str *[]){&out->reasoning}, 1);
}

static piq_status store_recommendation(piq_store *s, piq_arena *a,
                                       piq_user_id user, int64_t id,
                                       piq_recommendation_row *out,
                                       piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    const piq_recommendation_row *r = memory_offer_of(d, user, id);
    status = r ? give_offer(a, r, out) : PIQ_ENOTFOUND;
    return memory_end(d, status, err);
}

static piq_status store_recommendations(piq_store *s, piq_arena *a,
                                        piq_user_id user, size_t limit,
                                        piq_recommendation_row **out, size_t *n,
                                        piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    *n = 0;
    *out = piq_new(a, piq_recommendation_row, d->offers.n);
    status = *out ? PIQ_OK : PIQ_ENOMEM;
    for (size_t i = d->offers.n; i-- > 0 && *n < limit && status == PIQ_OK;) {
        const piq_recommendation_row *r = d->offers.at[i];
        if (r->user.v != user.v)
            continue;
        status = give_offer(a, r, &(*out)[(*n)++]);
    }
    return memory_end(d, status, err);
}

static piq_status store_path(piq_store *s, piq_arena *a, piq_user_id user,
                             piq_path_row *out, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    const memory_learner *l = memory_learner_of(d, user);
    status = PIQ_ENOTFOUND;
    if (l && l->has_path) {
        *out = l->path;
        status = memory_give(
            a, (piq_str *[]){&out->path_config, &out->adaptation_history}, 2);
    }
    return memory_end(d, status, err);
}

static piq_status store_path_head(piq_store *s, piq_arena *a, piq_user_id user,
                                  size_t n_steps, piq_str *path_config,
                                  piq_err *err)
{
    piq_buf head;
    piq_path_row row;
    piq_status status = store_path(s, a, user, &row, err);
    if (status)
        return status;
    piq_buf_init(&head, 0);
    if (!piq_plan_cut_start(row.path_config, true, n_steps, &head))
        abort(); /* it is whole */
    *path_config = piq_buf_keep(&head, a);
    piq_buf_release(&head);
    return path_config->ptr ? PIQ_OK : PIQ_ENOMEM;
}

static piq_status store_profile(piq_store *s, piq_arena *a, piq_user_id user,
                                piq_profile_row *out, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    const memory_learner *l = memory_learner_of(d, user);
    status = PIQ_ENOTFOUND;
    if (l && l->has_profile) {
        *out = l->profile;
        status =
            memory_give(a,
                        (piq_str *[]){&out->skill_profile, &out->learning_style,
                                      &out->behavioral_metrics, &out->goals},
                        4);
    }
    return memory_end(d, status, err);
}

static piq_status store_calibration(piq_store *s, uint32_t *number,
                                    int64_t *through_seq, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    *number = d->calibration;
    *through_seq = d->through_seq;
    return memory_end(d, PIQ_OK, err);
}

static piq_status store_calibrations(piq_store *s, piq_arena *a,
                                     piq_calibration_entry **out, size_t *n,
                                     piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    *n = d->estimates.n;
    *out = piq_new(a, piq_calibration_entry, *n);
    for (size_t i = 0; *out && i < *n; i++)
        (*out)[i] = *(const piq_calibration_entry *)d->estimates.at[i];
    return memory_end(d, *out ? PIQ_OK : PIQ_ENOMEM, err);
}

static piq_status store_users(piq_store *s, piq_arena *a, piq_user_id after,
                              size_t limit, piq_user_id **out, size_t *n,
                              piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    *n = 0;
    *out = piq_new(a, piq_user_id, d->learners.n);
    for (size_t i = 0; *out && i < d->learners.n && *n < limit; i++) {
        const memory_learner *l = d->learners.at[i];
        if (l->version && l->user.v > after.v)
            (*out)[(*n)++] = l->user;
    }
    return memory_end(d, *out ? PIQ_OK : PIQ_ENOMEM, err);
}

static piq_status store_catalogue_version(piq_store *s, uint32_t *version,
                                          piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    *version = (uint32_t)d->documents.n;
    return memory_end(d, PIQ_OK, err);
}

static piq_status store_counts(piq_store *s, piq_store_counts *out,
                               piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin(s, &d, err);
    if (status)
        return status;
    *out =
        (piq_store_counts){.learners = d->learners.n,
                           .events = d->events.n - d->n_erased_events,
                           .recommendations = d->offers.n - d->n_erased_offers,
                           .catalogue_version = (uint32_t)d->documents.n,
                           .calibration = d->calibration};
    return memory_end(d, PIQ_OK, err);
}

static piq_status store_ping(piq_store *s, piq_err *err)
{
    memory_data *d;
    piq_status status = memory_begin_quietly(s, &d);
    return status ? status : memory_end(d, PIQ_OK, err);
}

static const piq_store_ops memory_ops = {
    .name = "memory",
    .close = store_close,
    .commit = memory_commit,
    .catalogue = store_catalogue,
    .put_catalogue = store_put_catalogue,
    .state = store_state,
    .snapshot = store_snapshot,
    .event = store_event,
    .events = store_events,
    .answers_after = store_answers_after,
    .recommendation = store_recommendation,
    .recommendations = store_recommendations,
    .path = store_path,
    .path_head = store_path_head,
    .profile = store_profile,
    .calibration = store_calibration,
    .calibrations = store_calibrations,
    .put_model = memory_put_model,
    .models = memory_models,
    .model = memory_model,
    .drop_model = memory_drop_model,
    .promote = memory_promote,
    .champions = memory_champions,
    .champion = memory_champion,
    .slates_after = memory_slates_after,
    .slate_of = memory_slate_of,
    .shown = memory_shown,
    .put_rules = memory_put_rules,
    .rules = memory_rules,
    .rule_versions = memory_rule_versions,
    .put_experiment = memory_put_experiment,
    .stop_experiment = memory_stop_experiment,
    .experiments = memory_experiments,
    .exposures = memory_exposures,
    .policy_marks = memory_policy_marks,
    .record = memory_record,
    .records = memory_records,
    .put_records = memory_put_records,
    .changes = memory_changes,
    .last_change = memory_last_change,
    .erase = memory_erase,
    .tidy = memory_tidy,
    .forget_log = memory_forget_log,
    .users = store_users,
    .catalogue_version = store_catalogue_version,
    .counts = store_counts,
    .ping = store_ping,
};

piq_store *memory_store_open(memory_data *d)
{
    memory_handle *h = memory_zeroed(sizeof *h);
    h->base.ops = &memory_ops;
    h->data = d;
    return &h->base;
}
