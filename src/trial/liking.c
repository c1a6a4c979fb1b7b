#include "trial/liking.h"

#include "train/taste_fit.h"

static float weight_of(const piq_trial_row *row)
{
    bool finished = row->action == PIQ_ACTION_COMPLETED;
    bool taken = finished || row->action == PIQ_ACTION_ACCEPTED;
    bool waved_away = row->action == PIQ_ACTION_DISMISSED;
    return (float)piq_taste_reward(taken, finished, waved_away, row->score);
}

/* --- fitting ---------------------------------------------------------------
 */

static piq_status write_log(piq_classroom *r, piq_taste_log *out)
{
    const piq_trial_log *log = &r->log;
    piq_taste_event *list = piq_new(&r->scratch, piq_taste_event, log->n);
    uint32_t learners = 0;
    if (!list)
        return PIQ_ENOMEM;
    *out = (piq_taste_log){.list = list, .n_items = (uint32_t)r->c->n_contents};
    for (size_t i = 0; i < log->n; i++) {
        const piq_trial_row *row = &log->rows[i];
        float weight = weight_of(row);
        if (weight <= 0)
            continue;
        list[out->n++] =
            (piq_taste_event){row->at_us, row->learner, row->content.v, weight};
        learners = row->learner < learners ? learners : row->learner + 1;
    }
    out->n_learners = learners;
    return PIQ_OK;
}

static piq_status write_concepts(piq_classroom *r, piq_taste_concepts *out)
{
    const piq_catalogue *c = r->c;
    size_t n = 0, all = 0;
    for (size_t i = 0; i < c->n_contents; i++)
        all += c->contents[i].n_concepts;
    size_t *first = piq_new(&r->scratch, size_t, c->n_contents + 1);
    uint32_t *concept = piq_new(&r->scratch, uint32_t, all);
    float *weight = piq_new(&r->scratch, float, all);
    if (!first || !concept || !weight)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < c->n_contents; i++) {
        const piq_content *x = &c->contents[i];
        for (size_t k = 0; k < x->n_concepts; k++) {
            concept[n] = x->concepts[k].concept.v;
            weight[n++] = (float)x->concepts[k].weight;
        }
        first[i + 1] = n;
    }
    *out = (piq_taste_concepts){first, concept, weight};
    return PIQ_OK;
}

static piq_status move_history(piq_seat *seat, const piq_taste *model)
{
    piq_taste_state *state;
    piq_status status = piq_taste_state_new(model, &state);
    if (status)
        return status;
    size_t n = 0;
    const piq_taste_entry *e =
        seat->likes ? piq_taste_history(seat->likes, &n) : NULL;
    for (size_t i = 0; i < n; i++)
        (void)piq_taste_add(state, e[i]);
    piq_taste_state_free(seat->likes);
    seat->likes = state;
    return PIQ_OK;
}

piq_status piq_liking_refit(piq_classroom *r)
{
    piq_taste_options o = piq_taste_option_defaults();
    piq_taste_concepts concepts;
    piq_taste_log log;
    piq_taste *model;
    o.threads = 1;
    piq_arena_clear(&r->scratch);
    piq_status status = write_log(r, &log);
    if (status == PIQ_OK)
        status = write_concepts(r, &concepts);
    if (status)
        return status;
    log.concepts = &concepts;
    if (log.n == 0)
        return PIQ_OK;
    status = piq_taste_fit(&log, &o, &model, NULL);
    if (status)
        return status;
    for (size_t i = 0; i < r->n_seats && status == PIQ_OK; i++)
        status = move_history(&r->seats[i], model);
    if (status) { /* some seats know the new one: all let go of theirs */
        piq_liking_release(r);
        piq_taste_free(model);
        return status;
    }
    piq_taste_free(r->likes);
    r->likes = model;
    return PIQ_OK;
}

/* --- one learner -----------------------------------------------------------
 */

void piq_liking_add(piq_seat *seat, const piq_trial_row *row)
{
    float weight = weight_of(row);
    if (seat->likes && weight > 0)
        (void)piq_taste_add(
            seat->likes, (piq_taste_entry){row->at_us, row->content.v, weight});
}

piq_status piq_liking_of(piq_classroom *r, const piq_seat *seat,
                         const piq_recommend_taste **out)
{
    *out = NULL;
    if (!seat->likes)
        return PIQ_OK;
    size_t n = r->c->n_contents;
    piq_recommend_taste *view = piq_new(&r->scratch, piq_recommend_taste, 1);
    float *score = piq_new(&r->scratch, float, piq_taste_stride(r->likes));
    double *term = piq_new(&r->scratch, double, n);
    uint32_t *item = piq_new(&r->scratch, uint32_t, n);
    piq_content_ix *content = piq_new(&r->scratch, piq_content_ix, n);
    if (!view || !score || !term || !item || !content)
        return PIQ_ENOMEM;
    piq_taste_scores(seat->likes, score);
    for (uint32_t i = 0; i < n; i++) {
        term[i] = piq_taste_term((double)score[i]);
        item[i] = i;
        content[i].v = i;
    }
    *view = (piq_recommend_taste){term, seat->likes, item, content};
    *out = view;
    return PIQ_OK;
}

void piq_liking_release(piq_classroom *r)
{
    for (size_t i = 0; i < r->n_seats; i++) {
        piq_taste_state_free(r->seats[i].likes);
        r->seats[i].likes = NULL;
    }
    piq_taste_free(r->likes);
    r->likes = NULL;
}
