#include "support/memory_store_data.h"

/* ---- memory ---------------------------------------------------------- */

void *memory_zeroed(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        abort();
    return p;
}

piq_str memory_kept(piq_str s)
{
    char *p = memory_zeroed(s.len + 1);
    if (s.len)
        memcpy(p, s.ptr, s.len);
    return (piq_str){p, s.len};
}

static void drop(piq_str s)
{
    free((void *)(uintptr_t)s.ptr);
}

static void list_insert(memory_list *l, size_t at, void *what)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 16;
        l->at = realloc(l->at, l->cap * sizeof *l->at);
        if (!l->at)
            abort();
    }
    memmove(l->at + at + 1, l->at + at, (l->n - at) * sizeof *l->at);
    l->at[at] = what;
    l->n++;
}

void memory_list_add(memory_list *l, void *what)
{
    list_insert(l, l->n, what);
}

void memory_list_remove(memory_list *l, size_t at)
{
    l->n--;
    memmove(l->at + at, l->at + at + 1, (l->n - at) * sizeof *l->at);
}

int memory_cmp_place(int64_t at_us, piq_str id, int64_t other_us,
                     piq_str other_id)
{
    if (at_us != other_us)
        return at_us < other_us ? -1 : 1;
    return piq_str_cmp(id, other_id);
}

/* ---- data ------------------------------------------------------------ */

memory_data *memory_data_new(void)
{
    memory_data *d = memory_zeroed(sizeof *d);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    return d;
}

static void free_path(piq_path_row *p)
{
    drop(p->path_config);
    drop(p->adaptation_history);
}

static void free_profile(piq_profile_row *p)
{
    drop(p->skill_profile);
    drop(p->learning_style);
    drop(p->behavioral_metrics);
    drop(p->goals);
}

static void free_snapshot(piq_snapshot_row *s)
{
    drop(s->event_id);
    drop(s->body);
    free(s);
}

void memory_free_learner(memory_learner *l)
{
    for (size_t i = 0; i < l->snapshots.n; i++)
        free_snapshot(l->snapshots.at[i]);
    free(l->snapshots.at);
    free(l->events.at);
    drop(l->body);
    free_path(&l->path);
    free_profile(&l->profile);
    free(l);
}

void memory_data_free(memory_data *d)
{
    for (size_t i = 0; i < d->learners.n; i++)
        memory_free_learner(d->learners.at[i]);
    for (size_t i = 0; i < d->events.n; i++) {
        piq_event_row *e = d->events.at[i];
        drop(e->event_id);
        drop(e->body);
        free(e);
    }
    for (size_t i = 0; i < d->offers.n; i++) {
        piq_recommendation_row *r = d->offers.at[i];
        drop(r->reasoning);
        free(r);
    }
    for (size_t i = 0; i < d->documents.n; i++) {
        memory_document *x = d->documents.at[i];
        drop(x->text);
        free(x);
    }
    for (size_t i = 0; i < d->estimates.n; i++)
        free(d->estimates.at[i]);
    free(d->learners.at);
    free(d->events.at);
    free(d->offers.at);
    free(d->documents.at);
    free(d->estimates.at);
    memory_free_models(d);
    memory_free_policies(d);
    memory_free_slates(d);
    memory_free_records(d);
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

memory_learner *memory_learner_of(const memory_data *d, piq_user_id user)
{
    for (size_t i = 0; i < d->learners.n; i++) {
        memory_learner *l = d->learners.at[i];
        if (l->user.v == user.v)
            return l;
    }
    return NULL;
}

static memory_learner *find_or_add(memory_data *d, piq_user_id user)
{
    memory_learner *l = memory_learner_of(d, user);
    size_t at = 0;
    if (l)
        return l;
    l = memory_zeroed(sizeof *l);
    l->user = user;
    while (at < d->learners.n &&
           ((memory_learner *)d->learners.at[at])->user.v < user.v)
        at++;
    list_insert(&d->learners, at, l);
    return l;
}

const piq_event_row *memory_event_of(const memory_learner *l, piq_str id)
{
    for (size_t i = 0; l && i < l->events.n; i++) {
        const piq_event_row *e = l->events.at[i];
        if (piq_str_eq(e->event_id, id))
            return e;
    }
    return NULL;
}

/* ---- faults ---------------------------------------------------------- */

static void set_fault(memory_data *d, memory_fault *f, memory_fault to)
{
    pthread_mutex_lock(&d->lock);
    *f = to;
    d->failed = false;
    pthread_mutex_unlock(&d->lock);
}

void memory_fail_commit(memory_data *d, long nth, long more, piq_status status)
{
    set_fault(d, &d->on_commit, (memory_fault){nth, more, status});
}

void memory_fail_read(memory_data *d, long nth, long more, piq_status status)
{
    set_fault(d, &d->on_read, (memory_fault){nth, more, status});
}

void memory_fail_model(memory_data *d, long nth, long more, piq_status status)
{
    set_fault(d, &d->on_model, (memory_fault){nth, more, status});
}

bool memory_has_failed(const memory_data *d)
{
    memory_data *m = (memory_data *)(uintptr_t)d;
    pthread_mutex_lock(&m->lock);
    bool failed = m->failed;
    pthread_mutex_unlock(&m->lock);
    return failed;
}

/* Called with the lock held. */
piq_status memory_strike(memory_data *d, memory_fault *f, const char *what,
                         piq_err *err)
{
    if (f->countdown == 0 || --f->countdown > 0)
        return PIQ_OK;
    d->failed = true;
    if (f->more > 0) {
        f->more--;
        f->countdown = 1;
    }
    return piq_fail(err, f->status, "a %s was made to fail", what);
}

static piq_status begin(memory_data *d, memory_fault *f, const char *what,
                        piq_err *err)
{
    pthread_mutex_lock(&d->lock);
    piq_status status = memory_strike(d, f, what, err);
    if (status)
        pthread_mutex_unlock(&d->lock);
    return status;
}

piq_status memory_begin(piq_store *s, memory_data **out, piq_err *err)
{
    *out = ((memory_handle *)s)->data;
    return begin(*out, &(*out)->on_read, "read", err);
}

piq_status memory_begin_models(piq_store *s, memory_data **out, piq_err *err)
{
    *out = ((memory_handle *)s)->data;
    return begin(*out, &(*out)->on_model, "call for models", err);
}

piq_status memory_begin_quietly(piq_store *s, memory_data **out)
{
    *out = ((memory_handle *)s)->data;
    pthread_mutex_lock(&(*out)->lock);
    return PIQ_OK;
}

piq_status memory_end(memory_data *d, piq_status status, piq_err *err)
{
    pthread_mutex_unlock(&d->lock);
    return status ? piq_fail(err, status, "%s", piq_status_text(status))
                  : PIQ_OK;
}

piq_status memory_give(piq_arena *a, piq_str *const list[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        list[i]->ptr = piq_arena_strndup(a, list[i]->ptr, list[i]->len);
        if (!list[i]->ptr)
            return PIQ_ENOMEM;
    }
    return PIQ_OK;
}

void memory_hold_commits(memory_data *d, bool hold)
{
    pthread_mutex_lock(&d->lock);
    d->hold = hold;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

void memory_await_commit(memory_data *d)
{
    pthread_mutex_lock(&d->lock);
    while (!d->n_waiting)
        pthread_cond_wait(&d->changed, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

void memory_before_commit(memory_data *d,
                          void (*run)(void *ctx, const piq_commit *c),
                          void *ctx)
{
    pthread_mutex_lock(&d->lock);
    d->before = run;
    d->before_ctx = ctx;
    pthread_mutex_unlock(&d->lock);
}

static size_t read_size(memory_data *d, const size_t *n)
{
    pthread_mutex_lock(&d->lock);
    size_t value = *n;
    pthread_mutex_unlock(&d->lock);
    return value;
}

size_t memory_n_commits(memory_data *d)
{
    return read_size(d, &d->n_commits);
}

size_t memory_n_events(memory_data *d)
{
    return read_size(d, &d->events.n);
}

size_t memory_n_paths(memory_data *d)
{
    return read_size(d, &d->n_paths);
}

size_t memory_n_slates(memory_data *d)
{
    return read_size(d, &d->n_slates);
}

size_t memory_n_snapshots(memory_data *d, int64_t user)
{
    pthread_mutex_lock(&d->lock);
    const memory_learner *l = memory_learner_of(d, (piq_user_id){user});
    size_t n = l ? l->snapshots.n : 0;
    pthread_mutex_unlock(&d->lock);
    return n;
}

/* ---- commit: first all that can be refused, then all that is done ---- */

static piq_status check_events(const memory_data *d, const piq_commit *c,
                               piq_err *err)
{
    for (size_t i = 0; i < c->n_events; i++) {
        const piq_event_row *e = &c->events[i];
        bool there =
            memory_event_of(memory_learner_of(d, e->user), e->event_id) != NULL;
        for (size_t k = 0; k < i && !there; k++)
            there = c->events[k].user.v == e->user.v &&
                    piq_str_eq(c->events[k].event_id, e->event_id);
        if (there)
            return piq_fail(err, PIQ_ECONFLICT, "event %.*s is there",
                            PIQ_STR_ARG(e->event_id));
    }
    return PIQ_OK;
}

static piq_status check_versions(const memory_data *d, const piq_commit *c,
                                 piq_err *err)
{
    for (size_t i = 0; i < c->n_states; i++) {
        const memory_learner *l = memory_learner_of(d, c->states[i].user);
        if ((l ? l->version : 0) != c->states[i].from_version)
            return piq_fail(err, PIQ_ESTALE, "another version is stored");
        if (!c->states[i].from_version &&
            c->states[i].version <= memory_floor(d))
            return piq_fail(err, PIQ_ESTALE, "such a version was erased");
    }
    for (size_t i = 0; i < c->n_calibrations; i++)
        if (c->calibrations[i].number != d->calibration + 1 + i)
            return piq_fail(err, PIQ_ESTALE, "another calibration is stored");
    return PIQ_OK;
}

const piq_recommendation_row *memory_offer_of(const memory_data *d,
                                              piq_user_id user, int64_t id)
{
    if (id < 1 || (uint64_t)id > d->offers.n)
        return NULL;
    const piq_recommendation_row *r = d->offers.at[id - 1];
    return r->user.v == user.v ? r : NULL;
}

static piq_status check_ids(const memory_data *d, const piq_commit *c,
                            piq_err *err)
{
    for (size_t i = 0; i < c->n_feedback; i++)
        if (!memory_offer_of(d, c->feedback[i].user,
                             c->feedback[i].recommendation_id))
            return piq_fail(err, PIQ_ENOTFOUND, "no such recommendation");
    for (size_t i = 0; i < c->n_paths; i++) {
        const memory_learner *l = memory_learner_of(d, c->paths[i].user);
        bool there = l && l->has_path && l->path.id == c->paths[i].id;
        if (c->paths[i].id && !there)
            return piq_fail(err, PIQ_ENOTFOUND, "no such path");
    }
    return PIQ_OK;
}

/* States of this commit come first: they may be new. */
static bool is_of_living(const memory_data *d, const piq_commit *c,
                         piq_user_id user, int64_t state_version)
{
    for (size_t i = 0; i < c->n_states; i++)
        if (c->states[i].user.v == user.v && !c->states[i].from_version)
            return !memory_floor(d) || state_version >= c->states[i].version;
    return memory_is_alive(d, user, state_version);
}

static piq_status check_living(const memory_data *d, const piq_commit *c,
                               piq_err *err)
{
    bool alive = true;
    for (size_t i = 0; i < c->n_slates; i++)
        alive = alive && is_of_living(d, c, c->slates[i].user,
                                      c->slates[i].state_version);
    for (size_t i = 0; i < c->n_paths; i++)
        alive = alive &&
                is_of_living(d, c, c->paths[i].user, c->paths[i].state_version);
    return alive ? PIQ_OK : piq_fail(err, PIQ_ESTALE, "it was erased");
}

static void put_event(memory_data *d, piq_event_row *given)
{
    piq_event_row *e = memory_zeroed(sizeof *e);
    memory_learner *l = find_or_add(d, given->user);
    size_t at = l->events.n;
    given->seq = (int64_t)d->events.n + 1;
    *e = *given;
    e->event_id = memory_kept(given->event_id);
    e->body = memory_kept(given->body);
    memory_list_add(&d->events, e);
    while (at > 0) {
        const piq_event_row *before = l->events.at[at - 1];
        if (memory_cmp_place(before->at_us, before->event_id, e->at_us,
                             e->event_id) < 0)
            break;
        at--;
    }
    list_insert(&l->events, at, e);
}

static void put_state(memory_data *d, const piq_state_row *s)
{
    memory_learner *l = find_or_add(d, s->user);
    drop(l->body);
    if (!s->from_version)
        l->born = memory_floor(d) ? s->version : 0;
    l->body = memory_kept(s->body);
    l->version = s->version;
}

static void drop_stale(memory_data *d, const piq_snapshot_row *s)
{
    memory_learner *l = find_or_add(d, s->user);
    while (l->snapshots.n) {
        piq_snapshot_row *last = l->snapshots.at[l->snapshots.n - 1];
        if (memory_cmp_place(last->at_us, last->event_id, s->at_us,
                             s->event_id) <= 0)
            break;
        free_snapshot(last);
        l->snapshots.n--;
    }
}

static void put_snapshot(memory_data *d, const piq_snapshot_row *given)
{
    memory_learner *l = find_or_add(d, given->user);
    size_t at = 0;
    int order = -1;
    for (; at < l->snapshots.n; at++) {
        const piq_snapshot_row *x = l->snapshots.at[at];
        order = memory_cmp_place(given->at_us, given->event_id, x->at_us,
                                 x->event_id);
        if (order <= 0)
            break;
    }
    piq_snapshot_row *s = memory_zeroed(sizeof *s);
    *s = *given;
    s->event_id = memory_kept(given->event_id);
    s->body = memory_kept(given->body);
    if (at < l->snapshots.n && order == 0) {
        free_snapshot(l->snapshots.at[at]);
        l->snapshots.at[at] = s;
    } else {
        list_insert(&l->snapshots, at, s);
    }
}

static void put_offers(memory_data *d, piq_commit *c)
{
    int64_t first = (int64_t)d->offers.n + 1;
    for (size_t i = 0; i < c->n_recommendations; i++) {
        piq_recommendation_row *r = memory_zeroed(sizeof *r);
        c->recommendations[i].id = (int64_t)d->offers.n + 1;
        *r = c->recommendations[i];
        r->reasoning = memory_kept(r->reasoning);
        memory_list_add(&d->offers, r);
    }
    d->n_slates += c->n_slates;
    memory_put_slates(d, c, first);
    memory_put_exposures(d, c, first);
    for (size_t i = 0; i < c->n_feedback; i++) {
        const piq_feedback_row *f = &c->feedback[i];
        piq_recommendation_row *r = d->offers.at[f->recommendation_id - 1];
        if (f->exact || f->action != PIQ_ACTION_NONE)
            r->action = f->action;
        if (f->exact || f->feedback_score)
            r->feedback_score = f->feedback_score;
    }
}

static void put_path(memory_data *d, piq_path_row *given)
{
    memory_learner *l = find_or_add(d, given->user);
    int64_t created_us = l->has_path ? l->path.created_us : given->created_us;
    if (!given->id) {
        given->id = (int64_t)++d->n_paths;
        created_us = given->created_us;
    }
    free_path(&l->path);
    l->path = *given;
    l->path.created_us = created_us;
    l->path.path_config = memory_kept(given->path_config);
    l->path.adaptation_history = memory_kept(given->adaptation_history);
    l->has_path = true;
}

static void put_profile(memory_data *d, const piq_profile_row *given)
{
    if (!memory_is_alive(d, given->user, given->state_version))
        return;
    memory_learner *l = find_or_add(d, given->user);
    if (l->has_profile && l->profile.state_version > given->state_version)
        return;
    free_profile(&l->profile);
    l->profile = *given;
    l->profile.skill_profile = memory_kept(given->skill_profile);
    l->profile.learning_style = memory_kept(given->learning_style);
    l->profile.behavioral_metrics = memory_kept(given->behavioral_metrics);
    l->profile.goals = memory_kept(given->goals);
    l->has_profile = true;
}

static void put_calibration(memory_data *d, const piq_calibration_row *c)
{
    d->calibration = c->number;
    d->through_seq = c->through_seq;
    for (size_t i = 0; i < c->n_items; i++) {
        piq_calibration_entry *e = memory_zeroed(sizeof *e);
        size_t at = 0;
        *e = (piq_calibration_entry){c->number, c->items[i]};
        while (at < d->estimates.n &&
               ((piq_calibration_entry *)d->estimates.at[at])->item.item.v <=
                   e->item.item.v)
            at++;
        list_insert(&d->estimates, at, e);
    }
}

static void apply(memory_data *d, piq_commit *c)
{
    for (size_t i = 0; i < c->n_events; i++)
        put_event(d, &c->events[i]);
    for (size_t i = 0; i < c->n_states; i++)
        put_state(d, &c->states[i]);
    for (size_t i = 0; i < c->n_stale_snapshots; i++)
        drop_stale(d, &c->stale_snapshots[i]);
    for (size_t i = 0; i < c->n_snapshots; i++)
        put_snapshot(d, &c->snapshots[i]);
    put_offers(d, c);
    for (size_t i = 0; i < c->n_paths; i++)
        put_path(d, &c->paths[i]);
    for (size_t i = 0; i < c->n_profiles; i++)
        put_profile(d, &c->profiles[i]);
    for (size_t i = 0; i < c->n_calibrations; i++)
        put_calibration(d, &c->calibrations[i]);
    memory_apply_records(d, c->records, c->n_records,
                         (int64_t)(d->offers.n - c->n_recommendations) + 1);
    memory_note_changes(d, c);
    d->n_commits++;
}

static void wait_while_held(memory_data *d)
{
    d->n_waiting++;
    pthread_cond_broadcast(&d->changed);
    while (d->hold)
        pthread_cond_wait(&d->changed, &d->lock);
    d->n_waiting--;
}

piq_status memory_commit(piq_store *s, piq_commit *c, piq_err *err)
{
    memory_data *d = ((memory_handle *)s)->data;
    pthread_mutex_lock(&d->lock);
    if (d->hold)
        wait_while_held(d);
    void (*before)(void *, const piq_commit *) = d->before;
    void *ctx = d->before_ctx;
    pthread_mutex_unlock(&d->lock);
    if (before)
        before(ctx, c);
    pthread_mutex_lock(&d->lock);
    piq_status status = memory_strike(d, &d->on_commit, "commit", err);
    if (status == PIQ_OK)
        status = check_events(d, c, err);
    if (status == PIQ_OK)
        status = check_versions(d, c, err);
    if (status == PIQ_OK)
        status = check_ids(d, c, err);
    if (status == PIQ_OK)
        status = check_living(d, c, err);
    if (status == PIQ_OK)
        status = memory_check_records(d, c->records, c->n_records, err);
    if (status == PIQ_OK)
        apply(d, c);
    pthread_mutex_unlock(&d->lock);
    return status;
}
