/* A learner's state in words: counts, beliefs, memories, habits. */
#include "base/calendar.h"
#include "domain/profile.h"
#include "engine/export.h"
#include "insight/profile.h"

static void write_counts(const piq_learner_ref *ref, piq_json_writer *w)
{
    const piq_learner *l = ref->learner;
    piq_json_key(w, "learner");
    piq_json_object(w);
    piq_json_put_int(w, "version", l->version);
    piq_json_put_int(w, "events", l->n_events);
    if (piq_learner_has_begun(l))
        piq_json_put_time(w, "first_event", l->first_us);
    if (l->n_events)
        piq_json_put_time(w, "last_event", l->last_us);
    piq_json_put_int(w, "catalogue_version", l->catalogue_version);
    piq_json_put_int(w, "model_version", l->trace_model);
    piq_json_object_end(w);
}

static void write_skill(const piq_concept *c, const piq_belief *b,
                        piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_str(w, "concept", c->id);
    piq_json_put_str(w, "name", c->name);
    piq_json_put_fixed(w, "mastery", b->mastery, 6);
    piq_json_put_fixed(w, "mastery_low", b->mastery_low, 6);
    piq_json_put_fixed(w, "mastery_high", b->mastery_high, 6);
    piq_json_put_fixed(w, "ability_logit", b->ability_logit, 6);
    piq_json_put_fixed(w, "sd_logit", b->sd_logit, 6);
    piq_json_put_fixed(w, "evidence", (double)b->evidence, 3);
    piq_json_put_int(w, "answers", b->n_answers);
    piq_json_object_end(w);
}

/* Of every concept of which there is something: the others are as for all. */
static void write_skills(const piq_learner_ref *ref, const piq_belief *beliefs,
                         piq_json_writer *w)
{
    const piq_catalogue *c = ref->catalogue;
    piq_json_key(w, "skills");
    piq_json_array(w);
    for (size_t i = 0; i < c->n_concepts; i++)
        if (beliefs[i].evidence > 0 || beliefs[i].n_answers)
            write_skill(&c->concepts[i], &beliefs[i], w);
    piq_json_array_end(w);
}

static void put_seconds(piq_json_writer *w, const char *key, uint32_t at_s)
{
    piq_json_put_time(w, key, (int64_t)at_s * PIQ_US_PER_SECOND);
}

static void put_day(piq_json_writer *w, const char *key, int32_t day)
{
    char text[16];
    size_t len = piq_date_format(day, text);
    piq_json_put_str(w, key, (piq_str){text, len});
}

static void write_memory(const piq_learner_ref *ref, piq_json_writer *w)
{
    const piq_memory *m = &ref->learner->memory;
    piq_json_key(w, "memory");
    piq_json_array(w);
    for (size_t i = 0; i < m->n_concepts; i++) {
        const piq_memory_cell *x = &m->concepts[i];
        if (!(x->state.stability_days > 0))
            continue;
        piq_json_object(w);
        piq_json_put_str(w, "concept", ref->catalogue->concepts[i].id);
        piq_json_put_fixed(w, "stability_days", x->state.stability_days, 6);
        piq_json_put_fixed(w, "difficulty", x->state.difficulty, 6);
        piq_json_put_int(w, "reviews", x->reviews);
        piq_json_put_int(w, "lapses", x->lapses);
        put_seconds(w, "last_at", x->last_s);
        put_day(w, "due", x->due_day);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static const char *progress_name(piq_progress p)
{
    switch (p) {
    case PIQ_UNTOUCHED:
        return "untouched";
    case PIQ_STARTED:
        return "started";
    case PIQ_ABANDONED:
        return "abandoned";
    case PIQ_COMPLETED:
        return "completed";
    }
    return NULL;
}

static void write_habit(const piq_content *c, const piq_content_history *h,
                        piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_id(w, "contentId", c->id.v);
    piq_json_put_str(w, "title", c->title);
    piq_json_put_z(w, "progress", progress_name(h->progress));
    piq_json_put_int(w, "completions", h->completions);
    piq_json_put_int(w, "seconds", h->seconds);
    piq_json_put_float(w, "score", h->score);
    if (h->last_s)
        put_seconds(w, "last_at", h->last_s);
    if (h->dismissed_s)
        put_seconds(w, "dismissed_at", h->dismissed_s);
    if (h->rating)
        piq_json_put_int(w, "rating", h->rating);
    piq_json_object_end(w);
}

static void write_habits(const piq_learner_ref *ref, piq_json_writer *w)
{
    const piq_learner *l = ref->learner;
    const piq_behaviour *b = &l->behaviour;
    piq_json_key(w, "habits");
    piq_json_object(w);
    piq_json_put_fixed(w, "practice_seconds", (double)b->spent_ms / 1000, 3);
    piq_json_put_fixed(w, "mastery_gained", (double)b->gained, 6);
    piq_json_key(w, "contents");
    piq_json_array(w);
    for (size_t i = 0; i < l->n_contents; i++) {
        const piq_content_history *h = &l->history[i];
        if (h->last_s || h->dismissed_s || h->rating)
            write_habit(&ref->catalogue->contents[i], h, w);
    }
    piq_json_array_end(w);
    piq_json_object_end(w);
}

piq_status piq_export_state(piq_engine *e, const piq_learner_ref *ref,
                            int64_t now_us, piq_json_writer *w)
{
    piq_arena a;
    piq_arena_init(&a, 0);
    const piq_catalogue *c = ref->catalogue;
    piq_belief *beliefs = piq_new(&a, piq_belief, c->n_concepts);
    piq_profile *p = piq_new(&a, piq_profile, 1);
    piq_judge by = piq_engine_judge(e, ref->model);
    piq_status status = PIQ_ENOMEM;
    if (beliefs && p)
        status = piq_learner_judged(ref->learner, &by, c, now_us, beliefs);
    if (status == PIQ_OK)
        status = piq_profile_make(&a, ref->learner, c, beliefs, now_us, p);
    if (status == PIQ_OK) {
        write_counts(ref, w);
        piq_json_key(w, "profile");
        piq_profile_write(p, c, w);
        write_skills(ref, beliefs, w);
        write_memory(ref, w);
        write_habits(ref, w);
    }
    piq_arena_release(&a);
    return status;
}
