/* analytics_json.c - the analytics as JSON. Shape: api/openapi.yaml. */
#include "domain/analytics.h"

#include "base/calendar.h"

#include <math.h>

static void put_date(piq_json_writer *w, const char *key, int32_t day)
{
    char date[16];
    piq_date_format(day, date);
    piq_json_put_z(w, key, date);
}

static void put_kept(piq_json_writer *w, const char *key, int32_t day)
{
    if (day == PIQ_NOTHING_LOST)
        piq_json_put_z(w, key, NULL);
    else
        put_date(w, key, day);
}

static double share(uint32_t part, uint32_t of)
{
    return of ? (double)part / of : NAN;
}

/* The members that days, weeks and sums have in common. */
static void put_activity(piq_json_writer *w, const piq_activity *x)
{
    piq_json_put_fixed(w, "minutes", x->minutes, 2);
    piq_json_put_int(w, "answers", x->answers);
    piq_json_put_int(w, "right", x->right);
    piq_json_put_fixed(w, "accuracy", share(x->right, x->answers), 4);
}

static void write_window(const piq_analytics *x, piq_json_writer *w)
{
    piq_json_key(w, "window");
    piq_json_object(w);
    put_date(w, "from", x->from_day);
    put_date(w, "to", x->to_day);
    piq_json_put_int(w, "active_days", x->window_days);
    put_activity(w, &x->window);
    piq_json_put_fixed(w, "accuracy_low", x->accuracy.low, 4);
    piq_json_put_fixed(w, "accuracy_high", x->accuracy.high, 4);
    piq_json_object_end(w);
    piq_json_key(w, "kept_from");
    piq_json_object(w);
    put_kept(w, "daily", x->daily_from_day);
    put_kept(w, "weekly", x->weekly_from_day);
    piq_json_put_z(w, "note",
                   "days and weeks before these dates are kept in the totals "
                   "only; null: nothing was let go");
    piq_json_object_end(w);
}

static void write_totals(const piq_analytics *x, piq_json_writer *w)
{
    piq_json_key(w, "totals");
    piq_json_object(w);
    if (x->totals.first_us == INT64_MAX)
        piq_json_put_z(w, "since", NULL);
    else
        piq_json_put_time(w, "since", x->totals.first_us);
    piq_json_put_int(w, "answers", x->totals.answers);
    piq_json_put_int(w, "right", x->totals.right);
    piq_json_put_fixed(w, "accuracy", share(x->totals.right, x->totals.answers),
                       4);
    piq_json_put_fixed(w, "minutes", x->totals.minutes, 2);
    piq_json_put_int(w, "sessions", x->totals.sessions);
    piq_json_put_int(w, "active_days", x->totals.active_days);
    piq_json_put_int(w, "completed", x->totals.completed);
    piq_json_object_end(w);
}

static void write_trends(const piq_analytics *x, const piq_catalogue *c,
                         piq_json_writer *w)
{
    piq_json_key(w, "trends");
    piq_json_array(w);
    for (size_t a = 0; a < x->n_areas; a++) {
        bool measured = false;
        for (size_t i = 0; i < x->n_weeks && !measured; i++)
            measured = isfinite(x->weeks[i].mastery[a]);
        if (!measured || c->areas[a].retired)
            continue;
        piq_json_object(w);
        piq_json_put_str(w, "area", c->areas[a].id);
        piq_json_key(w, "mastery");
        piq_json_array(w);
        for (size_t i = 0; i < x->n_weeks; i++) {
            if (!isfinite(x->weeks[i].mastery[a]))
                continue;
            piq_json_object(w);
            put_date(w, "week", x->weeks[i].activity.day);
            piq_json_put_fixed(w, "value", x->weeks[i].mastery[a], 3);
            piq_json_object_end(w);
        }
        piq_json_array_end(w);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void write_time(const piq_analytics *x, piq_json_writer *w)
{
    piq_json_key(w, "time_on_task");
    piq_json_object(w);
    piq_json_key(w, "by_day");
    piq_json_array(w);
    for (size_t i = 0; i < x->n_days; i++) {
        piq_json_object(w);
        put_date(w, "date", x->days[i].day);
        put_activity(w, &x->days[i]);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_key(w, "by_week");
    piq_json_array(w);
    for (size_t i = 0; i < x->n_weeks; i++) {
        piq_json_object(w);
        put_date(w, "week", x->weeks[i].activity.day);
        put_activity(w, &x->weeks[i].activity);
        piq_json_put_int(w, "completed", x->weeks[i].completed);
        piq_json_put_fixed(w, "mastery_gained", x->weeks[i].mastery_gained, 4);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_object_end(w);
}

static void write_completion(const piq_analytics *x, piq_json_writer *w)
{
    piq_json_key(w, "completion");
    piq_json_object(w);
    for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++) {
        const piq_completion *k = &x->completion[t];
        piq_json_key(w, piq_content_type_name((piq_content_type)t));
        piq_json_object(w);
        piq_json_put_fixed(w, "rate", k->rate.value, 4);
        piq_json_put_int(w, "started", k->started);
        piq_json_put_int(w, "completed", k->completed);
        piq_json_put_int(w, "abandoned", k->abandoned);
        piq_json_object_end(w);
    }
    piq_json_object_end(w);
    piq_json_key(w, "streaks");
    piq_json_object(w);
    piq_json_put_int(w, "current_days", x->streak_days);
    piq_json_put_int(w, "longest_days", x->longest_streak_days);
    piq_json_put_bool(w, "active_today", x->active_today);
    piq_json_object_end(w);
}

static void write_due(const piq_analytics *x, int32_t today, piq_json_writer *w)
{
    piq_json_put_int(w, "overdue", x->overdue);
    piq_json_put_int(w, "due_today", (int64_t)x->overdue + x->due[0]);
    piq_json_key(w, "due");
    piq_json_array(w);
    for (int d = 0; d < PIQ_DUE_DAYS; d++) {
        piq_json_object(w);
        put_date(w, "date", today + d);
        piq_json_put_int(w, "reviews", x->due[d]);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void write_retention(const piq_analytics *x, piq_json_writer *w)
{
    piq_json_key(w, "retention");
    piq_json_object(w);
    piq_json_put_int(w, "concepts", x->practised);
    piq_json_put_fixed(w, "mean_recall", x->mean_recall, 4);
    piq_json_put_fixed(w, "wanted", x->retention_wanted, 3);
    piq_json_key(w, "distribution");
    piq_json_array(w);
    for (int k = 0; k < PIQ_RECALL_BINS; k++) {
        piq_json_object(w);
        piq_json_put_fixed(w, "from", k / 10.0, 1);
        piq_json_put_fixed(w, "to", (k + 1) / 10.0, 1);
        piq_json_put_int(w, "concepts", x->recall_bins[k]);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_key(w, "without_practice");
    piq_json_array(w);
    for (int k = 0; k < PIQ_RETENTION_POINTS; k++) {
        piq_json_object(w);
        piq_json_put_int(w, "days", x->retention[k].days);
        piq_json_put_fixed(w, "mean_recall", x->retention[k].mean_recall, 4);
        piq_json_put_int(w, "below_wanted", x->retention[k].below);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    write_due(x, x->today, w);
    piq_json_object_end(w);
}

static void write_calibration(const piq_reliability *r, piq_json_writer *w)
{
    double n = (double)r->n;
    bool any = r->n > 0;
    piq_json_key(w, "calibration");
    piq_json_object(w);
    piq_json_put_int(w, "n", (int64_t)r->n);
    piq_json_put_fixed(w, "brier", any ? r->brier_sum / n : NAN, 5);
    piq_json_put_fixed(w, "log_loss", any ? r->logloss_sum / n : NAN, 5);
    piq_json_put_fixed(w, "ece", any ? piq_reliability_ece(r) : NAN, 5);
    piq_json_key(w, "bins");
    piq_json_array(w);
    for (int k = 0; k < PIQ_RELIABILITY_BINS; k++) {
        double m = (double)r->bin_n[k];
        piq_json_object(w);
        piq_json_put_fixed(w, "from", k / 10.0, 1);
        piq_json_put_fixed(w, "to", (k + 1) / 10.0, 1);
        piq_json_put_int(w, "n", (int64_t)r->bin_n[k]);
        piq_json_put_fixed(w, "predicted", m > 0 ? r->bin_p[k] / m : NAN, 4);
        piq_json_put_fixed(w, "observed", m > 0 ? r->bin_y[k] / m : NAN, 4);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_object_end(w);
}

void piq_analytics_write(const piq_analytics *x, const piq_catalogue *c,
                         piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_id(w, "userId", piq_user_outer(x->user));
    piq_json_put_int(w, "version", x->version);
    piq_json_put_time(w, "as_of", x->as_of_us);
    write_window(x, w);
    write_totals(x, w);
    write_trends(x, c, w);
    write_time(x, w);
    write_completion(x, w);
    write_retention(x, w);
    write_calibration(&x->predictions, w);
    piq_json_object_end(w);
}
