/* prediction_json.c - predictions as JSON. Shape: api/openapi.yaml. */
#include "domain/prediction.h"

#include "base/calendar.h"
#include "domain/profile.h"

static void put_date(piq_json_writer *w, const char *key, int32_t day)
{
    char date[16];
    if (day != INT32_MAX)
        piq_date_format(day, date);
    piq_json_put_z(w, key, day == INT32_MAX ? NULL : date);
}

static void write_point(const piq_forecast_point *p, piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_time(w, "at", p->at_us);
    piq_json_put_fixed(w, "mastery", p->mastery, 4);
    piq_json_put_fixed(w, "low_80", p->low80, 4);
    piq_json_put_fixed(w, "high_80", p->high80, 4);
    piq_json_put_fixed(w, "low_90", p->low90, 4);
    piq_json_put_fixed(w, "high_90", p->high90, 4);
    piq_json_object_end(w);
}

/* `missing` answers until a forecast can be made. */
static void write_evidence(unsigned missing, piq_json_writer *w)
{
    piq_json_put_bool(w, "enough_evidence", missing == 0);
    piq_json_put_int(w, "answers_missing", missing);
}

/* The members of one forecast; the caller has opened the object. */
static void write_forecast(const piq_area_forecast *f, piq_json_writer *w)
{
    const piq_forecast_point *now = &f->points[0];
    const piq_forecast_point *then = &f->points[PIQ_FORECAST_POINTS - 1];
    write_evidence(f->answers_missing, w);
    piq_json_put_fixed(w, "mastery_now", f->mastery_now, 4);
    piq_json_key(w, "predicted");
    write_point(then, w);
    piq_json_put_fixed(w, "change", then->mastery - now->mastery, 4);
    piq_json_key(w, "series");
    piq_json_array(w);
    for (int i = 0; i < PIQ_FORECAST_POINTS; i++)
        write_point(&f->points[i], w);
    piq_json_array_end(w);
    piq_json_put_z(w, "why", f->why);
}

static void write_assumptions(const piq_prediction *p, piq_json_writer *w)
{
    piq_json_key(w, "assumptions");
    piq_json_object(w);
    piq_json_put_fixed(w, "minutes_per_week", p->minutes_per_week, 1);
    piq_json_put_fixed(w, "minutes_per_week_practised", p->minutes_practised,
                       1);
    piq_json_put_z(w, "minutes_source",
                   p->minutes_asked ? "asked"
                                    : piq_source_name(p->minutes_source));
    piq_json_put_fixed(w, "hours_until_then", p->hours, 2);
    piq_json_key(w, "learning_rate");
    piq_json_object(w);
    piq_json_put_fixed(w, "mastery_per_hour", p->rate.value, 4);
    piq_json_put_fixed(w, "low", p->rate.low, 4);
    piq_json_put_fixed(w, "high", p->rate.high, 4);
    piq_json_put_fixed(w, "hours_behind_it", p->rate.n, 2);
    piq_json_put_fixed(w, "curriculum_pace", p->rate_prior, 4);
    piq_json_object_end(w);
    piq_json_put_fixed(w, "review_minutes_per_week", p->review_minutes, 1);
    piq_json_put_fixed(w, "review_share_covered", p->review_share, 3);
    piq_json_key(w, "text");
    piq_json_array(w);
    for (size_t i = 0; i < p->n_assumptions; i++)
        piq_json_z(w, p->assumptions[i]);
    piq_json_array_end(w);
    piq_json_object_end(w);
}

static void write_goal(const piq_prediction *p, piq_json_writer *w)
{
    const piq_goal_forecast *g = p->goal;
    piq_json_key(w, "goal");
    if (!g) {
        piq_json_null(w);
        return;
    }
    piq_json_object(w);
    piq_json_put_z(w, "target_skill_level",
                   piq_level_name(p->stated->target_skill_level));
    put_date(w, "timeline", g->deadline_day);
    piq_json_put_int(w, "concepts", (int64_t)g->n_concepts);
    piq_json_put_int(w, "concepts_mastered", (int64_t)g->n_mastered);
    write_evidence(g->answers_missing, w);
    piq_json_put_fixed(w, "mastery_now", g->mastery_now, 4);
    piq_json_key(w, "predicted");
    write_point(&g->then, w);
    piq_json_put_fixed(w, "probability", g->probability, 4);
    piq_json_put_fixed(w, "probability_at_requested_date", g->probability_at,
                       4);
    piq_json_put_fixed(w, "minutes_per_week_planned", p->minutes_per_week, 1);
    piq_json_put_fixed(w, "minutes_per_week_needed", g->minutes_needed, 0);
    put_date(w, "likely_by", g->likely_day);
    put_date(w, "fairly_sure_by", g->sure_day);
    piq_json_put_z(w, "why", g->why);
    piq_json_object_end(w);
}

static void write_what_if(const piq_prediction *p, piq_json_writer *w)
{
    piq_json_key(w, "what_if");
    piq_json_array(w);
    for (size_t i = 0; i < p->n_what_if; i++) {
        const piq_what_if *x = &p->what_if[i];
        piq_json_object(w);
        piq_json_put_z(w, "name", x->name);
        piq_json_put_fixed(w, "minutes_per_week", x->minutes_per_week, 1);
        piq_json_put_fixed(w, "hours_until_then", x->hours, 2);
        piq_json_key(w, "overall");
        write_point(&x->overall, w);
        piq_json_key(w, "goal");
        if (p->goal)
            write_point(&x->goal, w);
        else
            piq_json_null(w);
        piq_json_put_fixed(w, "probability", x->probability, 4);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

void piq_prediction_write(const piq_prediction *p, const piq_catalogue *c,
                          piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_id(w, "userId", piq_user_outer(p->user));
    piq_json_put_int(w, "version", p->version);
    piq_json_put_time(w, "as_of", p->as_of_us);
    piq_json_put_time(w, "at", p->at_us);
    piq_json_put_fixed(w, "days",
                       (double)(p->at_us - p->as_of_us) / PIQ_US_PER_DAY, 2);
    write_assumptions(p, w);
    piq_json_key(w, "overall");
    piq_json_object(w);
    write_forecast(&p->overall, w);
    piq_json_object_end(w);
    piq_json_key(w, "areas");
    piq_json_array(w);
    for (size_t i = 0; i < p->n_areas; i++) {
        piq_json_object(w);
        piq_json_put_str(w, "area", c->areas[p->areas[i].area.v].id);
        write_forecast(&p->areas[i], w);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    write_goal(p, w);
    write_what_if(p, w);
    piq_json_object_end(w);
}
