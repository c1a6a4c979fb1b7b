/* profile_json.c - the profile as JSON. Shapes: profile.h, api/openapi.yaml. */
#include "domain/profile.h"

#include "base/calendar.h"

#include <math.h>

static const char *const WEEKDAYS[7] = {"monday",   "tuesday", "wednesday",
                                        "thursday", "friday",  "saturday",
                                        "sunday"};

const char *piq_source_name(piq_source s)
{
    switch (s) {
    case PIQ_STATED:
        return "stated";
    case PIQ_INFERRED:
        return "inferred";
    case PIQ_DEFAULT:
        break;
    }
    return "default";
}

const char *piq_claim_name(piq_claim k)
{
    static const char *const names[PIQ_N_CLAIMS] = {
        "current_levels",
        "improvement_trajectory",
        "weak_areas",
        "mastered_concepts",
        "learning_velocity",
        "preferred_content_type",
        "optimal_session_length",
        "difficulty_progression_rate",
        "motivation_factors",
        "engagement_patterns",
        "completion_rates",
        "preferred_characters",
        "optimal_study_times"};
    return names[k];
}

static const char *weakness_name(piq_weakness k)
{
    static const char *const names[PIQ_N_WEAKNESSES] = {
        "low_mastery", "falling_recall", "needed_by_goal"};
    return names[k];
}

/* ---- skillProfile ----------------------------------------------------- */

/* A slice as a key; no area id comes near the limit. */
static void key_of_area(piq_str id, piq_json_writer *w)
{
    char key[256];
    size_t len = id.len < sizeof key ? id.len : sizeof key - 1;
    memcpy(key, id.ptr, len);
    key[len] = '\0';
    piq_json_key(w, key);
}

static void write_levels(const piq_profile *p, const piq_catalogue *c,
                         piq_json_writer *w)
{
    piq_json_key(w, "current_levels");
    piq_json_object(w);
    for (size_t i = 0; i < p->n_levels; i++) {
        const piq_area_level *l = &p->levels[i];
        key_of_area(c->areas[l->area.v].id, w);
        piq_json_object(w);
        piq_json_put_z(w, "level", piq_level_name(l->level));
        piq_json_put_fixed(w, "mastery", l->mastery.value, 4);
        piq_json_put_fixed(w, "mastery_low", l->mastery.low, 4);
        piq_json_put_fixed(w, "mastery_high", l->mastery.high, 4);
        piq_json_put_fixed(w, "evidence", l->mastery.n, 1);
        piq_json_put_fixed(w, "movement", l->movement, 4);
        piq_json_object_end(w);
    }
    piq_json_object_end(w);
}

static void write_trends(const piq_profile *p, const piq_catalogue *c,
                         piq_json_writer *w)
{
    piq_json_key(w, "improvement_trajectory");
    piq_json_array(w);
    for (size_t i = 0; i < p->n_trends; i++) {
        const piq_skill_trend *t = &p->trends[i];
        piq_json_object(w);
        piq_json_put_str(w, "area", c->areas[t->area.v].id);
        piq_json_put_fixed(w, "slope_per_week", t->slope.value, 5);
        piq_json_put_fixed(w, "low", t->slope.low, 5);
        piq_json_put_fixed(w, "high", t->slope.high, 5);
        piq_json_put_int(w, "weeks", t->weeks);
        const char *direction = t->slope.low > 0    ? "up"
                                : t->slope.high < 0 ? "down"
                                                    : "unclear";
        piq_json_put_z(w, "direction", direction);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void write_weak(const piq_profile *p, const piq_catalogue *c,
                       piq_json_writer *w)
{
    piq_json_key(w, "weak_areas");
    piq_json_array(w);
    for (size_t i = 0; i < p->n_weak; i++) {
        const piq_weak_area *x = &p->weak[i];
        piq_json_object(w);
        piq_json_put_str(w, "area", c->areas[x->area.v].id);
        piq_json_put_fixed(w, "mastery", x->mastery, 4);
        piq_json_put_z(w, "why", x->why);
        piq_json_key(w, "reasons");
        piq_json_array(w);
        for (int k = 0; k < PIQ_N_WEAKNESSES; k++) {
            if (!x->is[k])
                continue;
            piq_json_object(w);
            piq_json_put_z(w, "kind", weakness_name((piq_weakness)k));
            piq_json_put_fixed(w, "value", x->value[k], 4);
            piq_json_put_fixed(w, "bar", x->bar[k], 4);
            piq_json_object_end(w);
        }
        piq_json_array_end(w);
        piq_json_key(w, "concepts");
        piq_json_array(w);
        for (size_t k = 0; k < x->n_concepts; k++)
            piq_json_str(w, c->concepts[x->concepts[k].v].id);
        piq_json_array_end(w);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

void piq_profile_write_skill(const piq_profile *p, const piq_catalogue *c,
                             piq_json_writer *w)
{
    piq_json_object(w);
    write_levels(p, c, w);
    write_trends(p, c, w);
    write_weak(p, c, w);
    piq_json_key(w, "mastered_concepts");
    piq_json_array(w);
    for (size_t i = 0; i < p->n_mastered; i++)
        piq_json_str(w, c->concepts[p->mastered[i].v].id);
    piq_json_array_end(w);
    piq_json_put_fixed(w, "learning_velocity", p->velocity.value, 4);
    piq_json_object_end(w);
}

/* ---- learningStyle ---------------------------------------------------- */

static void write_motivation(const piq_profile *p, piq_json_writer *w)
{
    piq_json_key(w, "motivation_factors");
    piq_json_array(w);
    for (size_t i = 0; i < p->n_motivation; i++) {
        const piq_motivation_factor *f = &p->motivation[i];
        piq_json_object(w);
        piq_json_put_z(w, "factor", f->factor);
        piq_json_put_z(w, "source", piq_source_name(f->source));
        piq_json_put_fixed(w, "weight", f->weight.value, 3);
        piq_json_put_fixed(w, "low", f->weight.low, 3);
        piq_json_put_fixed(w, "high", f->weight.high, 3);
        piq_json_put_fixed(w, "n", f->weight.n, 0);
        piq_json_put_z(w, "why", f->why);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

void piq_profile_write_style(const piq_profile *p, piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_z(
        w, "preferred_content_type",
        p->preferred_content_type < PIQ_N_MODALITIES
            ? piq_modality_name((piq_modality)p->preferred_content_type)
            : "mixed");
    piq_json_put_fixed(w, "optimal_session_length", p->session_minutes, 1);
    piq_json_put_z(w, "difficulty_progression_rate", piq_pace_name(p->pace));
    write_motivation(p, w);
    piq_json_object_end(w);
}

/* ---- behavioralMetrics ------------------------------------------------ */

static void write_pattern(piq_json_writer *w, const char *pattern, double value,
                          const char *unit)
{
    piq_json_object(w);
    piq_json_put_z(w, "pattern", pattern);
    piq_json_put_fixed(w, "value", value, 2);
    piq_json_put_z(w, "unit", unit);
    piq_json_object_end(w);
}

static void write_weekdays(const double *share, piq_json_writer *w)
{
    double active = 0;
    for (int d = 0; d < 7; d++)
        active += share[d] > 0;
    piq_json_object(w);
    piq_json_put_z(w, "pattern", "active_weekdays");
    piq_json_put_fixed(w, "value", active, 0);
    piq_json_put_z(w, "unit", "weekdays");
    piq_json_key(w, "share_of_answers");
    piq_json_object(w);
    for (int d = 0; d < 7; d++)
        piq_json_put_fixed(w, WEEKDAYS[d], share[d], 3);
    piq_json_object_end(w);
    piq_json_object_end(w);
}

static void write_engagement(const piq_engagement *e, piq_json_writer *w)
{
    piq_json_key(w, "engagement_patterns");
    piq_json_array(w);
    if (e->n_sessions) {
        write_pattern(w, "sessions_per_week", e->sessions_per_week,
                      "sessions a week");
        write_pattern(w, "mean_session_length", e->mean_session_minutes,
                      "minutes");
        write_pattern(w, "active_days_per_week", e->active_days_per_week,
                      "days a week");
        write_weekdays(e->weekday_share, w);
        write_pattern(w, "streak", e->streak_days, "days");
        write_pattern(w, "longest_streak", e->longest_streak_days, "days");
        write_pattern(w, "practice_per_week", e->minutes_per_week,
                      "minutes a week");
        write_pattern(w, "practice_trend",
                      e->minutes_per_week - e->minutes_per_week_before,
                      "minutes a week more than in the 28 days before");
    }
    piq_json_array_end(w);
}

static void write_completion(piq_json_writer *w, const char *key,
                             const piq_completion *x)
{
    piq_json_key(w, key);
    piq_json_object(w);
    piq_json_put_fixed(w, "rate", x->rate.value, 4);
    piq_json_put_fixed(w, "low", x->rate.low, 4);
    piq_json_put_fixed(w, "high", x->rate.high, 4);
    piq_json_put_int(w, "started", x->started);
    piq_json_put_int(w, "completed", x->completed);
    piq_json_put_int(w, "abandoned", x->abandoned);
    piq_json_object_end(w);
}

static void write_slots(const piq_profile *p, piq_json_writer *w)
{
    piq_json_key(w, "optimal_study_times");
    piq_json_array(w);
    for (size_t i = 0; i < p->n_slots; i++) {
        const piq_study_slot *s = &p->slots[i];
        piq_json_object(w);
        piq_json_put_int(w, "from_hour", s->from_hour);
        piq_json_put_int(w, "to_hour", s->to_hour);
        piq_json_put_fixed(w, "effect", s->effect.value, 4);
        piq_json_put_fixed(w, "low", s->effect.low, 4);
        piq_json_put_fixed(w, "high", s->effect.high, 4);
        piq_json_put_fixed(w, "n", s->effect.n, 0);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

void piq_profile_write_behaviour(const piq_profile *p, const piq_catalogue *c,
                                 piq_json_writer *w)
{
    piq_json_object(w);
    write_engagement(&p->engagement, w);
    piq_json_key(w, "completion_rates");
    piq_json_object(w);
    write_completion(w, "overall", &p->completion_overall);
    for (int t = 0; t < PIQ_N_CONTENT_TYPES; t++)
        write_completion(w, piq_content_type_name((piq_content_type)t),
                         &p->completion[t]);
    piq_json_object_end(w);
    piq_json_key(w, "preferred_characters");
    piq_json_array(w);
    for (size_t i = 0; i < p->n_characters; i++)
        piq_json_str(w, c->characters[p->characters[i].v].id);
    piq_json_array_end(w);
    write_slots(p, w);
    piq_json_object_end(w);
}

/* ---- goals, stated, evidence ------------------------------------------ */

void piq_profile_write_goals(const piq_profile *p, const piq_catalogue *c,
                             piq_json_writer *w)
{
    const piq_goal *g = p->goal;
    char date[16];
    piq_json_object(w);
    piq_json_put_z(w, "target_skill_level",
                   g->set ? piq_level_name(g->target_skill_level) : NULL);
    bool dated = g->set && g->timeline_day != INT32_MAX;
    if (dated)
        piq_date_format(g->timeline_day, date);
    piq_json_put_z(w, "timeline", dated ? date : NULL);
    piq_json_key(w, "priority_areas");
    if (g->set) {
        piq_json_array(w);
        for (size_t i = 0; i < g->n_priority_areas; i++)
            piq_json_str(w, c->areas[g->priority_areas[i].v].id);
        piq_json_array_end(w);
    } else {
        piq_json_null(w);
    }
    piq_json_put_z(w, "motivation_type",
                   g->set ? piq_motivation_name(g->motivation_type) : NULL);
    if (g->set && g->n_target_concepts) {
        piq_json_key(w, "target_concepts");
        piq_json_array(w);
        for (size_t i = 0; i < g->n_target_concepts; i++)
            piq_json_str(w, c->concepts[g->target_concepts[i].v].id);
        piq_json_array_end(w);
    }
    if (g->set && g->desired_retention > 0)
        piq_json_put_float(w, "desired_retention", g->desired_retention);
    piq_json_object_end(w);
}

static void write_effects(const piq_profile *p, piq_json_writer *w)
{
    piq_json_key(w, "format_effects");
    piq_json_object(w);
    for (int m = 0; m < PIQ_N_MODALITIES; m++) {
        const piq_estimate *e = &p->format_effects[m];
        piq_json_key(w, piq_modality_name((piq_modality)m));
        piq_json_object(w);
        piq_json_put_fixed(w, "effect", e->value, 4);
        piq_json_put_fixed(w, "low", e->low, 4);
        piq_json_put_fixed(w, "high", e->high, 4);
        piq_json_put_fixed(w, "n", e->n, 0);
        piq_json_object_end(w);
    }
    piq_json_object_end(w);
}

static void write_evidence(const piq_profile *p, piq_json_writer *w)
{
    piq_json_key(w, "evidence");
    piq_json_object(w);
    for (int k = 0; k < PIQ_N_CLAIMS; k++) {
        const piq_evidence *e = &p->evidence[k];
        piq_json_key(w, piq_claim_name((piq_claim)k));
        piq_json_object(w);
        piq_json_put_z(w, "source", piq_source_name(e->source));
        piq_json_put_fixed(w, "n", e->n, 1);
        piq_json_put_z(w, "unit", e->unit);
        piq_json_put_z(w, "status", e->missing ? e->missing : "enough");
        if (e->note)
            piq_json_put_z(w, "note", e->note);
        if (k == PIQ_CLAIM_FORMAT)
            write_effects(p, w);
        if (k == PIQ_CLAIM_VELOCITY) {
            piq_json_put_fixed(w, "low", p->velocity.low, 4);
            piq_json_put_fixed(w, "high", p->velocity.high, 4);
        }
        piq_json_object_end(w);
    }
    piq_json_object_end(w);
}

void piq_profile_write(const piq_profile *p, const piq_catalogue *c,
                       piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_id(w, "userId", piq_user_outer(p->user));
    piq_json_put_int(w, "version", p->version);
    piq_json_put_time(w, "as_of", p->as_of_us);
    piq_json_key(w, "skillProfile");
    piq_profile_write_skill(p, c, w);
    piq_json_key(w, "learningStyle");
    piq_profile_write_style(p, w);
    piq_json_key(w, "behavioralMetrics");
    piq_profile_write_behaviour(p, c, w);
    piq_json_key(w, "goals");
    piq_profile_write_goals(p, c, w);
    piq_json_key(w, "stated");
    piq_json_object(w);
    piq_stated_write(p->stated, w);
    piq_json_object_end(w);
    write_evidence(p, w);
    piq_json_object_end(w);
}
