#include "domain/goal.h"

#include "base/calendar.h"
#include "domain/json_reader.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const paces[] = {"slow", "moderate", "fast"};

const char *piq_pace_name(piq_pace v)
{
    PIQ_ASSERT(v <= PIQ_FAST);
    return paces[v];
}

bool piq_pace_of(piq_str s, piq_pace *out)
{
    for (int i = 0; i < 3; i++)
        if (piq_str_eq(s, piq_str_of(paces[i]))) {
            *out = (piq_pace)i;
            return true;
        }
    return false;
}

/* ---- goal ------------------------------------------------------------ */

static void read_areas(piq_json_reader *r, const piq_catalogue *c,
                       piq_goal *out)
{
    const json_t *list =
        piq_json_array_in(r, "priority_areas", PIQ_MAX_PRIORITY_AREAS);
    size_t n = list ? json_array_size(list) : 0;
    for (size_t i = 0; i < n && !r->status; i++) {
        const json_t *v = json_array_get(list, i);
        char member[48];
        snprintf(member, sizeof member, "priority_areas/%zu", i);
        piq_area_ix area = {0};
        piq_str id = {json_string_value(v), json_string_length(v)};
        if (!json_is_string(v) || !piq_catalogue_find_area(c, id, &area) ||
            c->areas[area.v].retired) {
            piq_json_refuse(r, member, "no area of the curriculum: \"%.40s\"",
                            json_is_string(v) ? id.ptr : "(not a string)");
            return;
        }
        for (size_t k = 0; k < out->n_priority_areas; k++)
            if (out->priority_areas[k].v == area.v)
                piq_json_refuse(r, member, "area \"%.40s\" is named twice",
                                id.ptr);
        out->priority_areas[out->n_priority_areas++] = area;
    }
}

static void read_concepts(piq_json_reader *r, const piq_catalogue *c,
                          piq_goal *out)
{
    const json_t *list =
        piq_json_array_in(r, "target_concepts", PIQ_MAX_TARGET_CONCEPTS);
    size_t n = list ? json_array_size(list) : 0;
    for (size_t i = 0; i < n && !r->status; i++) {
        const json_t *v = json_array_get(list, i);
        char member[48];
        snprintf(member, sizeof member, "target_concepts/%zu", i);
        piq_concept_ix concept = {0};
        piq_str id = {json_string_value(v), json_string_length(v)};
        if (!json_is_string(v) ||
            !piq_catalogue_find_concept(c, id, &concept) ||
            c->concepts[concept.v].retired) {
            piq_json_refuse(r, member,
                            "no concept of the curriculum: \"%.40s\"",
                            json_is_string(v) ? id.ptr : "(not a string)");
            return;
        }
        for (size_t k = 0; k < out->n_target_concepts; k++)
            if (out->target_concepts[k].v == concept.v)
                piq_json_refuse(r, member, "concept \"%.40s\" is named twice",
                                id.ptr);
        out->target_concepts[out->n_target_concepts++] = concept;
    }
}

static int32_t read_day(piq_json_reader *r, const char *member)
{
    piq_str s = piq_json_string(r, member, 1, 64);
    int32_t day = 0;
    int64_t at_us = 0;
    if (r->status || piq_date_parse(s, &day))
        return day;
    /* The profile shape calls it a Date: a full instant is taken too. */
    if (piq_time_parse(s, &at_us))
        return piq_day_of(at_us, 0, 0);
    piq_json_refuse(r, member,
                    "a date such as 2026-12-31 is expected, not \"%.40s\"",
                    s.ptr);
    return 0;
}

piq_status piq_goal_read(const json_t *json, const char *where,
                         const piq_catalogue *c, piq_goal *out, piq_err *err)
{
    static const char *const known[] = {"target_skill_level",
                                        "timeline",
                                        "motivation_type",
                                        "priority_areas",
                                        "target_concepts",
                                        "desired_retention",
                                        NULL};
    piq_json_reader r;
    piq_goal g = {.set = true,
                  .target_skill_level = PIQ_EXPERT,
                  .timeline_day = INT32_MAX,
                  .motivation_type = PIQ_MASTERY};
    piq_json_begin(&r, json, where, known, err);
    if (piq_json_has(&r, "target_skill_level") &&
        !piq_level_of(piq_json_string(&r, "target_skill_level", 1, 32),
                      &g.target_skill_level))
        piq_json_refuse(&r, "target_skill_level",
                        "beginner, intermediate, advanced or expert is "
                        "expected");
    if (piq_json_has(&r, "motivation_type") &&
        !piq_motivation_of(piq_json_string(&r, "motivation_type", 1, 32),
                           &g.motivation_type))
        piq_json_refuse(&r, "motivation_type",
                        "achievement, mastery, social or competitive is "
                        "expected");
    if (piq_json_has(&r, "timeline"))
        g.timeline_day = read_day(&r, "timeline");
    if (piq_json_has(&r, "priority_areas"))
        read_areas(&r, c, &g);
    if (piq_json_has(&r, "target_concepts"))
        read_concepts(&r, c, &g);
    if (piq_json_has(&r, "desired_retention"))
        g.desired_retention =
            (float)piq_json_number_in(&r, "desired_retention", 0.7, 0.97);
    if (!r.status && json_object_size(json) == 0)
        piq_json_refuse(&r, NULL, "a goal needs at least one member");
    piq_status status = piq_json_end(&r);
    if (status == PIQ_OK)
        *out = g;
    return status;
}

bool piq_goal_is_retired(const piq_goal *g, const piq_catalogue *c)
{
    for (size_t i = 0; i < g->n_priority_areas; i++)
        if (c->areas[g->priority_areas[i].v].retired)
            return true;
    for (size_t i = 0; i < g->n_target_concepts; i++)
        if (c->concepts[g->target_concepts[i].v].retired)
            return true;
    return false;
}

void piq_goal_write(const piq_goal *g, const piq_catalogue *c,
                    piq_json_writer *w)
{
    char date[16];
    piq_json_put_z(w, "target_skill_level",
                   piq_level_name(g->target_skill_level));
    if (g->timeline_day != INT32_MAX) {
        piq_date_format(g->timeline_day, date);
        piq_json_put_z(w, "timeline", date);
    }
    piq_json_put_z(w, "motivation_type",
                   piq_motivation_name(g->motivation_type));
    piq_json_key(w, "priority_areas");
    piq_json_array(w);
    for (size_t i = 0; i < g->n_priority_areas; i++)
        piq_json_str(w, c->areas[g->priority_areas[i].v].id);
    piq_json_array_end(w);
    piq_json_key(w, "target_concepts");
    piq_json_array(w);
    for (size_t i = 0; i < g->n_target_concepts; i++)
        piq_json_str(w, c->concepts[g->target_concepts[i].v].id);
    piq_json_array_end(w);
    if (g->desired_retention > 0)
        piq_json_put_float(w, "desired_retention", g->desired_retention);
}

/* ---- what is stated -------------------------------------------------- */

static void read_minutes(piq_json_reader *r, piq_stated *out)
{
    const json_t *list = piq_json_array_in(r, "minutes_per_weekday", 7);
    if (!list)
        return;
    if (json_array_size(list) != 7) {
        piq_json_refuse(r, "minutes_per_weekday",
                        "seven numbers are expected, Monday first");
        return;
    }
    for (size_t i = 0; i < 7; i++) {
        const json_t *v = json_array_get(list, i);
        json_int_t minutes = json_integer_value(v);
        if (!json_is_integer(v) || minutes < 0 || minutes > 1440) {
            char member[48];
            snprintf(member, sizeof member, "minutes_per_weekday/%zu", i);
            piq_json_refuse(r, member, "minutes within 0..1440 are expected");
            return;
        }
        out->minutes_per_weekday[i] = (uint16_t)minutes;
    }
}

static int cmp_day(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void read_days_off(piq_json_reader *r, piq_stated *out)
{
    const json_t *list = piq_json_array_in(r, "days_off", PIQ_MAX_DAYS_OFF);
    size_t n = list ? json_array_size(list) : 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        piq_str s = {json_string_value(v), json_string_length(v)};
        if (!json_is_string(v) || !piq_date_parse(s, &out->days_off[i])) {
            char member[48];
            snprintf(member, sizeof member, "days_off/%zu", i);
            piq_json_refuse(r, member, "a date such as 2026-12-31 is expected");
            return;
        }
    }
    qsort(out->days_off, n, sizeof out->days_off[0], cmp_day);
    out->n_days_off = 0; /* each day once */
    for (size_t i = 0; i < n; i++)
        if (!i || out->days_off[i] != out->days_off[out->n_days_off - 1])
            out->days_off[out->n_days_off++] = out->days_off[i];
    for (size_t i = out->n_days_off; i < n; i++)
        out->days_off[i] = 0;
}

static void read_content_type(piq_json_reader *r, piq_stated *out)
{
    piq_modality m;
    piq_str s = piq_json_string(r, "preferred_content_type", 1, 32);
    if (r->status)
        return;
    if (piq_str_eq(s, PIQ_STR("mixed")))
        out->preferred_content_type = PIQ_N_MODALITIES;
    else if (piq_modality_of(s, &m))
        out->preferred_content_type = (uint8_t)m;
    else
        piq_json_refuse(r, "preferred_content_type",
                        "visual, analytical, interactive or mixed is "
                        "expected");
}

/* Members that are one word or number; each sets its bit. */
static void read_scalars(piq_json_reader *r, piq_stated *s)
{
    if (piq_json_has(r, "preferred_content_type")) {
        read_content_type(r, s);
        s->has |= PIQ_STATED_CONTENT_TYPE;
    }
    if (piq_json_has(r, "session_minutes")) {
        s->session_minutes =
            (uint16_t)piq_json_int_in(r, "session_minutes", 5, 480);
        s->has |= PIQ_STATED_SESSION;
    }
    if (piq_json_has(r, "utc_offset_minutes")) {
        s->utc_offset_min =
            (int16_t)piq_json_int_in(r, "utc_offset_minutes", -840, 840);
        s->has |= PIQ_STATED_OFFSET;
    }
    if (piq_json_has(r, "difficulty_progression_rate")) {
        if (!piq_pace_of(
                piq_json_string(r, "difficulty_progression_rate", 1, 32),
                &s->difficulty_progression_rate))
            piq_json_refuse(r, "difficulty_progression_rate",
                            "slow, moderate or fast is expected");
        s->has |= PIQ_STATED_PACE;
    }
    if (piq_json_has(r, "self_level")) {
        if (!piq_level_of(piq_json_string(r, "self_level", 1, 32),
                          &s->self_level))
            piq_json_refuse(r, "self_level",
                            "beginner, intermediate, advanced or expert is "
                            "expected");
        s->has |= PIQ_STATED_LEVEL;
    }
    if (piq_json_has(r, "desired_retention")) {
        s->desired_retention =
            (float)piq_json_number_in(r, "desired_retention", 0.7, 0.97);
        s->has |= PIQ_STATED_RETENTION;
    }
}

piq_status piq_stated_read(const json_t *json, const char *where,
                           const piq_catalogue *c, piq_stated *out,
                           piq_err *err)
{
    static const char *const known[] = {"preferred_content_type",
                                        "session_minutes",
                                        "minutes_per_weekday",
                                        "days_off",
                                        "utc_offset_minutes",
                                        "difficulty_progression_rate",
                                        "self_level",
                                        "desired_retention",
                                        NULL};
    (void)c;
    piq_json_reader r;
    piq_stated s = {0};
    piq_json_begin(&r, json, where, known, err);
    if (!r.status && json_object_size(json) == 0)
        piq_json_refuse(&r, NULL, "at least one member must be stated");
    read_scalars(&r, &s);
    if (piq_json_has(&r, "minutes_per_weekday")) {
        read_minutes(&r, &s);
        s.has |= PIQ_STATED_MINUTES;
    }
    if (piq_json_has(&r, "days_off")) {
        read_days_off(&r, &s);
        s.has |= PIQ_STATED_DAYS_OFF;
    }
    piq_status status = piq_json_end(&r);
    if (status == PIQ_OK)
        *out = s;
    return status;
}

static void write_lists(const piq_stated *s, piq_json_writer *w)
{
    if (s->has & PIQ_STATED_MINUTES) {
        piq_json_key(w, "minutes_per_weekday");
        piq_json_array(w);
        for (int i = 0; i < 7; i++)
            piq_json_int(w, s->minutes_per_weekday[i]);
        piq_json_array_end(w);
    }
    if (s->has & PIQ_STATED_DAYS_OFF) {
        piq_json_key(w, "days_off");
        piq_json_array(w);
        for (size_t i = 0; i < s->n_days_off; i++) {
            char date[16];
            piq_date_format(s->days_off[i], date);
            piq_json_z(w, date);
        }
        piq_json_array_end(w);
    }
}

void piq_stated_write(const piq_stated *s, piq_json_writer *w)
{
    if (s->has & PIQ_STATED_CONTENT_TYPE)
        piq_json_put_z(
            w, "preferred_content_type",
            s->preferred_content_type < PIQ_N_MODALITIES
                ? piq_modality_name((piq_modality)s->preferred_content_type)
                : "mixed");
    if (s->has & PIQ_STATED_SESSION)
        piq_json_put_int(w, "session_minutes", s->session_minutes);
    write_lists(s, w);
    if (s->has & PIQ_STATED_OFFSET)
        piq_json_put_int(w, "utc_offset_minutes", s->utc_offset_min);
    if (s->has & PIQ_STATED_PACE)
        piq_json_put_z(w, "difficulty_progression_rate",
                       piq_pace_name(s->difficulty_progression_rate));
    if (s->has & PIQ_STATED_LEVEL)
        piq_json_put_z(w, "self_level", piq_level_name(s->self_level));
    if (s->has & PIQ_STATED_RETENTION)
        piq_json_put_float(w, "desired_retention", s->desired_retention);
}

void piq_stated_merge(piq_stated *before, const piq_stated *news)
{
    if (news->has & PIQ_STATED_CONTENT_TYPE)
        before->preferred_content_type = news->preferred_content_type;
    if (news->has & PIQ_STATED_SESSION)
        before->session_minutes = news->session_minutes;
    if (news->has & PIQ_STATED_MINUTES)
        memcpy(before->minutes_per_weekday, news->minutes_per_weekday,
               sizeof before->minutes_per_weekday);
    if (news->has & PIQ_STATED_DAYS_OFF) {
        memcpy(before->days_off, news->days_off, sizeof before->days_off);
        before->n_days_off = news->n_days_off;
    }
    if (news->has & PIQ_STATED_OFFSET)
        before->utc_offset_min = news->utc_offset_min;
    if (news->has & PIQ_STATED_PACE)
        before->difficulty_progression_rate = news->difficulty_progression_rate;
    if (news->has & PIQ_STATED_LEVEL)
        before->self_level = news->self_level;
    if (news->has & PIQ_STATED_RETENTION)
        before->desired_retention = news->desired_retention;
    before->has |= news->has;
}
