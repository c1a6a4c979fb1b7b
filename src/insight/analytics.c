/* analytics.c - see analytics.h. */
#include "insight/analytics.h"

#include "base/calendar.h"
#include "insight/estimate.h"

#include <math.h>

static piq_activity activity(int32_t day, uint32_t spent_ms, uint32_t answers,
                             uint32_t right)
{
    return (piq_activity){day, spent_ms / 60000.0, answers, right};
}

static piq_status tell_days(piq_arena *a, const piq_behaviour *b,
                            piq_analytics *out)
{
    out->days = piq_new(a, piq_activity, b->n_days);
    if (!out->days)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < b->n_days; i++) {
        const piq_day_record *d = &b->days[i];
        if (d->day < out->from_day || d->day > out->to_day)
            continue;
        out->days[out->n_days++] =
            activity(d->day, d->spent_ms, d->answers, d->right);
        out->window.minutes += d->spent_ms / 60000.0;
        out->window.answers += d->answers;
        out->window.right += d->right;
        out->window_days++;
    }
    out->window.day = out->from_day;
    out->accuracy = piq_estimate_share(out->window.right, out->window.answers);
    out->daily_from_day =
        b->n_active_days > b->n_days ? b->days[0].day : PIQ_NOTHING_LOST;
    return PIQ_OK;
}

static piq_status tell_weeks(piq_arena *a, const piq_behaviour *b,
                             piq_analytics *out)
{
    double *mastery = piq_new(a, double, b->n_areas * b->n_weeks);
    out->weeks = piq_new(a, piq_week_trend, b->n_weeks);
    if (!out->weeks || !mastery)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < b->n_weeks; i++) {
        const piq_week_record *w = &b->weeks[i];
        const uint16_t *row = b->area_mastery + i * b->n_areas;
        int32_t monday = piq_week_start_day(w->week);
        if (monday + 6 < out->from_day || monday > out->to_day)
            continue;
        for (size_t k = 0; k < b->n_areas; k++)
            mastery[k] = row[k] == PIQ_NO_MASTERY
                             ? NAN
                             : (double)row[k] / PIQ_MASTERY_STEPS;
        out->weeks[out->n_weeks++] = (piq_week_trend){
            activity(monday, w->spent_ms, w->answers, w->right), w->completed,
            (double)w->gained, mastery};
        mastery += b->n_areas;
    }
    /* A full ring may have let go of weeks; fewer never have. */
    out->weekly_from_day = b->n_weeks == PIQ_TRAJECTORY_WEEKS
                               ? piq_week_start_day(b->weeks[0].week)
                               : PIQ_NOTHING_LOST;
    out->n_areas = b->n_areas;
    return PIQ_OK;
}

static void tell_totals(const piq_learner *l, int32_t today, piq_analytics *out)
{
    const piq_behaviour *b = &l->behaviour;
    out->totals.answers = b->answers;
    out->totals.right = b->right;
    out->totals.sessions = b->n_sessions + (b->last_us != INT64_MIN);
    out->totals.active_days = b->n_active_days;
    out->totals.minutes = (double)b->spent_ms / 60000.0;
    out->totals.first_us = l->first_us;
    for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++) {
        const piq_progress_counts *n = &b->by_type[t];
        uint32_t ended = n->completed + n->abandoned;
        uint32_t begun = n->started > ended ? n->started : ended;
        out->completion[t] =
            (piq_completion){begun, n->completed, n->abandoned,
                             piq_estimate_share(n->completed, begun)};
        out->totals.completed += n->completed;
    }
    int32_t newest = b->n_days ? b->days[b->n_days - 1].day : PIQ_NO_DAY;
    out->active_today = newest >= today;
    out->streak_days = b->n_days && newest >= today - 1 ? b->streak : 0;
    out->longest_streak_days = b->longest_streak;
    out->predictions = b->predictions;
}

static void count_due(const piq_learner *l, const piq_belief *b, int32_t today,
                      piq_analytics *out)
{
    int32_t day = piq_learner_day(l, b->due_us);
    if (day < today)
        out->overdue++;
    else if (day < today + PIQ_DUE_DAYS)
        out->due[day - today]++;
}

static void tell_recall(const piq_learner *l, const piq_catalogue *c,
                        const piq_belief *beliefs, int32_t today,
                        piq_analytics *out)
{
    double sum = 0;
    for (size_t i = 0; i < c->n_concepts; i++) {
        const piq_belief *b = &beliefs[i];
        if (c->concepts[i].retired || !isfinite(b->recall))
            continue;
        out->practised++;
        sum += b->recall;
        int k = (int)(b->recall * PIQ_RECALL_BINS);
        out->recall_bins[k < 0                  ? 0
                         : k >= PIQ_RECALL_BINS ? PIQ_RECALL_BINS - 1
                                                : k]++;
        if (b->due_us != INT64_MAX)
            count_due(l, b, today, out);
    }
    out->mean_recall = out->practised ? sum / out->practised : NAN;
    out->retention_wanted = piq_learner_retention(l);
}

static void tell_forgetting(const piq_learner *l, const piq_catalogue *c,
                            const piq_belief *beliefs, int64_t now_us,
                            piq_analytics *out)
{
    static const int days[PIQ_RETENTION_POINTS] = {0,  1,  2,  3,  5,  7,
                                                   10, 14, 18, 22, 26, 30};
    int32_t offset = piq_learner_offset_min(l);
    for (int k = 0; k < PIQ_RETENTION_POINTS; k++) {
        piq_retention_point *p = &out->retention[k];
        double sum = 0;
        p->days = days[k];
        for (size_t i = 0; i < c->n_concepts; i++) {
            piq_belief b = beliefs[i];
            if (c->concepts[i].retired || !isfinite(b.recall))
                continue;
            piq_memory_belief(&l->memory, (piq_concept_ix){(uint16_t)i},
                              now_us + days[k] * PIQ_US_PER_DAY, offset, &b);
            sum += b.recall;
            p->below += b.recall < out->retention_wanted;
        }
        p->mean_recall = out->practised ? sum / out->practised : NAN;
    }
}

piq_status piq_analytics_make(piq_arena *a, const piq_learner *l,
                              const piq_catalogue *c, const piq_belief *beliefs,
                              int64_t now_us, int64_t from_us, int64_t to_us,
                              piq_analytics *out)
{
    if (from_us > to_us)
        return PIQ_EINVAL;
    if (now_us < l->last_us)
        now_us = l->last_us;
    int32_t today = piq_learner_day(l, now_us);
    int32_t offset = piq_learner_offset_min(l);
    int64_t first_us = piq_learner_has_begun(l) ? l->first_us : now_us;
    *out = (piq_analytics){
        .user = l->user,
        .version = l->version,
        .as_of_us = now_us,
        .today = today,
        .from_day = from_us == INT64_MIN ? piq_learner_day(l, first_us)
                                         : piq_day_of(from_us, offset, 0),
        .to_day = to_us == INT64_MAX ? today : piq_day_of(to_us, offset, 0)};
    piq_status status = tell_days(a, &l->behaviour, out);
    if (status == PIQ_OK)
        status = tell_weeks(a, &l->behaviour, out);
    if (status != PIQ_OK)
        return status;
    tell_totals(l, today, out);
    tell_recall(l, c, beliefs, today, out);
    tell_forgetting(l, c, beliefs, now_us, out);
    return PIQ_OK;
}
