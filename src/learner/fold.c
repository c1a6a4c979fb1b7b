#include "learner/fold.h"

#include "base/calendar.h"
#include "track/calibrate.h"

#include <math.h>

/* How much of an ordinary answer's evidence each kind of event carries. */
static const double HINTED = 0.5;     /* right with help shows less */
static const double SELF_RATED = 0.5; /* a review's rating is one's own word */
static const double FULL_HANDS = 50;  /* a session of so many hands is one */
static const double LESSON_REPEATS = 0.5; /* reading repeats by half */

typedef struct fold_state {
    piq_learner *learner;
    const piq_catalogue *catalogue;
    piq_calibration_book *book;
    const piq_tracing *tracing; /* NULL: no trained model */
    const piq_event *event;
    piq_learner_calendar calendar; /* made when first asked for */
    bool has_calendar;
    piq_fold_effect *effect;
    piq_behaviour_note note;
    double mastery_before; /* summed over the concepts concerned */
    double area_mastery[PIQ_MAX_AREAS];
    piq_concept_weight weights[PIQ_MAX_CONTENT_CONCEPTS];
    size_t n_weights;
} fold_state;

/* Copies weights so that they sum to 1. */
static size_t normalised(const piq_concept_weight *from, size_t n,
                         piq_concept_weight *to)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += from[i].weight;
    for (size_t i = 0; i < n; i++)
        to[i] = (piq_concept_weight){from[i].concept, from[i].weight / sum};
    return n;
}

/* Those given, else the item's, else the content's; how many. */
static size_t concepts_of(const piq_answer *a, const piq_catalogue *c,
                          piq_concept_weight *weights)
{
    if (a->n_concepts)
        return normalised(a->concepts, a->n_concepts, weights);
    if (a->item.v != PIQ_NO_IX32 && c->items[a->item.v].n_concepts) {
        const piq_item *item = &c->items[a->item.v];
        return normalised(item->concepts, item->n_concepts, weights);
    }
    if (a->content.v != PIQ_NO_IX32) {
        const piq_content *content = &c->contents[a->content.v];
        return normalised(content->concepts, content->n_concepts, weights);
    }
    return 0;
}

bool piq_ask_of_answer(const piq_answer *a, const piq_catalogue *c,
                       int64_t at_us, piq_concept_weight *weights, piq_ask *out)
{
    *out = (piq_ask){.item = a->item,
                     .concepts = weights,
                     .n_concepts = concepts_of(a, c, weights),
                     .at_us = at_us};
    return out->n_concepts > 0;
}

bool piq_task_of_answer(const piq_answer *a, const piq_catalogue *c,
                        piq_calibration_book *book, uint32_t calibration,
                        piq_concept_weight *weights, piq_task *out)
{
    const piq_item *item =
        a->item.v != PIQ_NO_IX32 ? &c->items[a->item.v] : NULL;
    const piq_content *content =
        a->content.v != PIQ_NO_IX32 ? &c->contents[a->content.v] : NULL;
    *out = (piq_task){.concepts = weights,
                      .n_concepts = concepts_of(a, c, weights),
                      .discrimination = 1};
    if (!out->n_concepts)
        return false;
    if (item) {
        piq_item_estimate e =
            piq_calibration_book_at(book, c, a->item, calibration);
        out->difficulty_logit = (double)e.difficulty_logit;
        out->difficulty_variance = (double)e.variance;
        out->discrimination = item->discrimination;
        out->guess = item->guess;
        return true;
    }
    out->difficulty_variance = piq_item_prior_variance();
    if (content) {
        out->difficulty_logit = piq_difficulty_logit(content->difficulty);
        return true;
    }
    for (size_t i = 0; i < out->n_concepts; i++)
        out->difficulty_logit +=
            weights[i].weight *
            piq_difficulty_logit(c->concepts[weights[i].concept.v].difficulty);
    return true;
}

/* ---- history --------------------------------------------------------- */

static uint32_t seconds_of(int64_t at_us)
{
    return (uint32_t)(at_us / PIQ_US_PER_SECOND);
}

static piq_content_history *touch(fold_state *s, piq_content_ix ix,
                                  uint32_t seconds)
{
    if (ix.v == PIQ_NO_IX32)
        return NULL;
    const piq_content *content = &s->catalogue->contents[ix.v];
    piq_content_history *h = &s->learner->history[ix.v];
    h->last_s = seconds_of(s->event->at_us);
    h->seconds += seconds;
    if (h->progress == PIQ_UNTOUCHED || h->progress == PIQ_ABANDONED)
        h->progress = PIQ_STARTED;
    s->note.modality = (int)content->modality;
    s->note.content_type = (int)content->type;
    s->note.nominal_minutes = content->minutes;
    if (content->character.v != PIQ_NO_IX16)
        s->note.character = content->character;
    if (isnan(s->note.difficulty))
        s->note.difficulty = content->difficulty;
    return h;
}

static void complete(piq_content_history *h, float score)
{
    if (!h)
        return;
    h->progress = PIQ_COMPLETED;
    if (h->completions < UINT16_MAX)
        h->completions++;
    h->score = score;
}

/* ---- mastery gained -------------------------------------------------- */

static double mastery_of(const fold_state *s, piq_concept_ix concept)
{
    piq_belief b;
    piq_track_belief(&s->learner->track, piq_track_defaults(), s->catalogue,
                     concept, s->event->at_us, &b);
    return b.mastery;
}

static double mastery_sum(const fold_state *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n_weights; i++)
        sum += mastery_of(s, s->weights[i].concept);
    return sum;
}

/* ---- memory ----------------------------------------------------------- */

static const piq_review_calendar *calendar_of(fold_state *s)
{
    if (!s->has_calendar)
        piq_learner_calendar_of(s->learner, s->event->at_us, &s->calendar);
    s->has_calendar = true;
    return &s->calendar.ask;
}

static void review(fold_state *s, const piq_memory_answer *x)
{
    piq_fold_effect *e = s->effect;
    piq_memory_step step =
        piq_memory_review(&s->learner->memory, s->catalogue, x, calendar_of(s));
    bool whole = step.share >= 1 && !x->read;
    if ((whole || step.is_first) && e->n_reviews < PIQ_MAX_CONTENT_CONCEPTS)
        e->reviews[e->n_reviews++] =
            (piq_fold_review){x->concept, (uint8_t)x->rating, step.day};
}

/* The due days follow what the learner asks. */
static void reschedule(fold_state *s, double retention_before)
{
    piq_learner *l = s->learner;
    s->has_calendar = false;
    piq_memory_reschedule(&l->memory, s->event->at_us, calendar_of(s),
                          piq_learner_retention(l) != retention_before);
}

/* ---- one function a kind of evidence --------------------------------- */

/* An answer, or what counts as one, to the task in s->weights. */
static void fold_answer(fold_state *s, const piq_task *task, double score,
                        double strength, bool hint, uint32_t response_ms,
                        piq_track_outcome *out)
{
    piq_learner *l = s->learner;
    const piq_event *e = s->event;
    double slowness = piq_behaviour_slowness(&l->behaviour, response_ms);
    s->mastery_before = mastery_sum(s);
    piq_track_answer(&l->track, piq_track_defaults(), s->catalogue, task, score,
                     strength, response_ms, e->at_us, out);
    int rating = piq_memory_rating_of(score, hint, slowness, out->predicted);
    double heaviest = 0;
    for (size_t i = 0; i < s->n_weights; i++)
        heaviest = fmax(heaviest, s->weights[i].weight);
    for (size_t i = 0; i < s->n_weights; i++)
        review(s,
               &(piq_memory_answer){.concept = s->weights[i].concept,
                                    .rating = rating,
                                    .weight = s->weights[i].weight / heaviest,
                                    .at_us = e->at_us});
    s->note.is_answer = true;
    s->note.predicted = out->predicted;
    s->note.score = score;
    s->note.mastery_gained = mastery_sum(s) - s->mastery_before;
}

/* What the trained model foresaw. */
static double trace_answer(fold_state *s, const piq_answer *a,
                           const piq_task *task)
{
    piq_kt_prediction before;
    piq_ask ask = {.item = a->item,
                   .concepts = task->concepts,
                   .n_concepts = task->n_concepts,
                   .at_us = s->event->at_us};
    piq_response response = {
        .score = a->score, .response_ms = a->response_ms, .hint = a->hint};
    piq_kt_state_answer(s->learner->trace, s->tracing->binding, &ask, &response,
                        &before);
    return before.p;
}

static void fold_item_answer(fold_state *s, piq_fold_effect *effect)
{
    const piq_answer *a = &s->event->u.answer;
    piq_task task;
    piq_content_ix content = a->content;
    if (content.v == PIQ_NO_IX32 && a->item.v != PIQ_NO_IX32)
        content = s->catalogue->items[a->item.v].content;
    if (a->item.v != PIQ_NO_IX32)
        s->note.difficulty = s->catalogue->items[a->item.v].difficulty;
    touch(s, content, (a->response_ms + 500) / 1000);
    if (!piq_task_of_answer(a, s->catalogue, s->book, s->event->calibration,
                            s->weights, &task))
        return;
    s->n_weights = task.n_concepts;
    if (s->tracing)
        effect->traced = trace_answer(s, a, &task);
    fold_answer(s, &task, (double)a->score, a->hint ? HINTED : 1.0, a->hint,
                a->response_ms, &effect->outcome);
    effect->is_item_answer = a->item.v != PIQ_NO_IX32;
}

/* A score on a whole content: one answer at the content's own difficulty. */
static void fold_content_score(fold_state *s, piq_content_ix ix, double score,
                               double strength)
{
    piq_answer as_answer = {
        .item = {PIQ_NO_IX32}, .content = ix, .score = (float)score};
    piq_task task;
    piq_track_outcome out;
    if (!piq_task_of_answer(&as_answer, s->catalogue, s->book,
                            s->event->calibration, s->weights, &task))
        return;
    s->n_weights = task.n_concepts;
    fold_answer(s, &task, score, strength, false, 0, &out);
}

static void fold_exposure(fold_state *s, piq_content_ix ix, double minutes)
{
    const piq_content *content = &s->catalogue->contents[ix.v];
    piq_learner *l = s->learner;
    s->n_weights =
        normalised(content->concepts, content->n_concepts, s->weights);
    s->mastery_before = mastery_sum(s);
    piq_track_exposure(&l->track, piq_track_defaults(), s->catalogue,
                       s->weights, s->n_weights, minutes, s->event->at_us);
    for (size_t i = 0; i < s->n_weights; i++) {
        piq_concept_ix k = s->weights[i].concept;
        bool first = l->memory.concepts[k.v].state.stability_days <= 0;
        review(s, &(piq_memory_answer){
                      .concept = k,
                      .rating = 3,
                      .weight =
                          first ? 1.0 : LESSON_REPEATS * s->weights[i].weight,
                      .read = true,
                      .at_us = s->event->at_us});
    }
    s->note.mastery_gained = mastery_sum(s) - s->mastery_before;
}

static void fold_content(fold_state *s)
{
    const piq_content_event *e = &s->event->u.content;
    const piq_content *content = &s->catalogue->contents[e->content.v];
    piq_content_history *h = touch(s, e->content, e->seconds);
    if (s->event->type == PIQ_EV_CONTENT_ABANDONED) {
        if (h->progress != PIQ_COMPLETED)
            h->progress = PIQ_ABANDONED;
        return;
    }
    if (s->event->type == PIQ_EV_CONTENT_STARTED)
        return;
    complete(h, e->score);
    /* A course is its parts, which tell for themselves; a drill's answers
     * came as answers. Reading a lesson is an exposure. */
    if (content->type == PIQ_LESSON && !content->practice)
        fold_exposure(s, e->content,
                      e->seconds ? e->seconds / 60.0 : content->minutes);
    if (!isnan(e->score))
        fold_content_score(s, e->content, (double)e->score, 1.0);
}

static void fold_assessment(fold_state *s)
{
    const piq_assessment_event *e = &s->event->u.assessment;
    piq_content_history *h = touch(s, e->content, e->seconds);
    complete(h, e->score);
    if (!e->n_concepts) {
        fold_content_score(s, e->content, (double)e->score, 1.0);
        return;
    }
    double gained = 0;
    for (size_t i = 0; i < e->n_concepts; i++) {
        piq_answer one = {.item = {PIQ_NO_IX32},
                          .content = {PIQ_NO_IX32},
                          .concepts = {{e->concepts[i].concept, 1.0}},
                          .n_concepts = 1};
        piq_task task;
        piq_track_outcome out;
        if (!piq_task_of_answer(&one, s->catalogue, s->book,
                                s->event->calibration, s->weights, &task))
            continue;
        s->n_weights = 1;
        fold_answer(s, &task, (double)e->concepts[i].score, 1.0, false, 0,
                    &out);
        gained += s->note.mastery_gained;
    }
    s->note.mastery_gained = gained;
}

static void fold_character(fold_state *s)
{
    const piq_character_event *e = &s->event->u.character;
    piq_content_history *h = touch(s, e->content, e->seconds);
    s->note.score = (double)e->score;
    s->note.character = e->character;
    complete(h, e->score);
    if (e->content.v != PIQ_NO_IX32) {
        double strength = e->hands ? fmin(1.0, e->hands / FULL_HANDS) : 0.5;
        fold_content_score(s, e->content, (double)e->score, strength);
        s->note.is_answer = false;
    }
}

static void fold_review(fold_state *s)
{
    const piq_review_event *e = &s->event->u.review;
    piq_learner *l = s->learner;
    piq_answer one = {.item = {PIQ_NO_IX32},
                      .content = {PIQ_NO_IX32},
                      .concepts = {{e->concept, 1.0}},
                      .n_concepts = 1};
    piq_task task;
    piq_track_outcome out;
    if (!piq_task_of_answer(&one, s->catalogue, s->book, s->event->calibration,
                            s->weights, &task))
        return;
    s->n_weights = 1;
    s->mastery_before = mastery_sum(s);
    piq_track_answer(&l->track, piq_track_defaults(), s->catalogue, &task,
                     e->rating > 1 ? 1.0 : 0.0, SELF_RATED, e->response_ms,
                     s->event->at_us, &out);
    review(s, &(piq_memory_answer){.concept = e->concept,
                                   .rating = e->rating,
                                   .weight = 1,
                                   .deliberate = true,
                                   .at_us = s->event->at_us});
    s->note.mastery_gained = mastery_sum(s) - s->mastery_before;
}

static void fold_feedback(fold_state *s)
{
    const piq_feedback_event *e = &s->event->u.feedback;
    if (e->content.v == PIQ_NO_IX32)
        return;
    const piq_content *content = &s->catalogue->contents[e->content.v];
    s->note.modality = (int)content->modality;
    s->note.content_type = (int)content->type;
    s->note.character = content->character;
    if (e->action == PIQ_ACTION_DISMISSED)
        s->learner->history[e->content.v].dismissed_s =
            seconds_of(s->event->at_us);
    if (e->action == PIQ_ACTION_ACCEPTED)
        s->learner->history[e->content.v].dismissed_s = 0;
    if (e->feedback_score)
        s->learner->history[e->content.v].rating = e->feedback_score;
}

static void fold_stated(fold_state *s)
{
    const piq_stated *news = &s->event->u.stated;
    double retention = piq_learner_retention(s->learner);
    piq_stated_merge(&s->learner->stated, news);
    if (news->has & PIQ_STATED_DAYS_OFF)
        piq_controls_end_days_off(&s->learner->controls);
    if (news->has & PIQ_STATED_LEVEL)
        piq_track_state_level(&s->learner->track, piq_track_defaults(),
                              s->catalogue, news->self_level);
    if (news->has &
        (PIQ_STATED_RETENTION | PIQ_STATED_DAYS_OFF | PIQ_STATED_MINUTES))
        reschedule(s, retention);
}

static void fold_goal(fold_state *s)
{
    piq_learner *l = s->learner;
    double retention = piq_learner_retention(l);
    l->goal = s->event->u.goal;
    l->goal_us = s->event->at_us;
    if (piq_learner_retention(l) != retention)
        reschedule(s, retention);
}

static void fold_control(fold_state *s, piq_fold_effect *effect)
{
    piq_learner *l = s->learner;
    int32_t day = piq_day_of(s->event->at_us, piq_learner_offset_min(l),
                             PIQ_DAY_ROLLOVER_H);
    effect->control = piq_controls_fold(&l->controls, &s->event->u.control,
                                        s->event->at_us, day);
    reschedule(s, piq_learner_retention(l));
}

/* Mean mastery of the areas that the event bore on, for the weekly record;
 * NaN elsewhere. NULL when it bore on none. */
static const double *touched_areas(fold_state *s)
{
    const piq_catalogue *c = s->catalogue;
    double n[PIQ_MAX_AREAS] = {0};
    if (!s->n_weights ||
        !piq_behaviour_wants_mastery(&s->learner->behaviour, s->event->at_us,
                                     s->note.utc_offset_min))
        return NULL;
    /* All of them: the learner may have room for more than `c` has. */
    for (size_t a = 0; a < PIQ_MAX_AREAS; a++)
        s->area_mastery[a] = NAN;
    for (size_t i = 0; i < s->n_weights; i++)
        s->area_mastery[c->concepts[s->weights[i].concept.v].area.v] = 0;
    for (size_t i = 0; i < c->n_concepts; i++) {
        const piq_concept *k = &c->concepts[i];
        if (k->retired || isnan(s->area_mastery[k->area.v]))
            continue;
        s->area_mastery[k->area.v] +=
            mastery_of(s, (piq_concept_ix){(uint16_t)i});
        n[k->area.v] += 1;
    }
    for (size_t a = 0; a < c->n_areas; a++)
        if (n[a] > 0)
            s->area_mastery[a] /= n[a];
    return s->area_mastery;
}

static void fold_by_type(fold_state *s, piq_fold_effect *effect)
{
    switch (s->event->type) {
    case PIQ_EV_ANSWER:
        fold_item_answer(s, effect);
        break;
    case PIQ_EV_CONTENT_STARTED:
    case PIQ_EV_CONTENT_COMPLETED:
    case PIQ_EV_CONTENT_ABANDONED:
        fold_content(s);
        break;
    case PIQ_EV_ASSESSMENT_COMPLETED:
        fold_assessment(s);
        break;
    case PIQ_EV_CHARACTER_SESSION:
        fold_character(s);
        break;
    case PIQ_EV_REVIEW:
        fold_review(s);
        break;
    case PIQ_EV_RECOMMENDATION_FEEDBACK:
        fold_feedback(s);
        break;
    case PIQ_EV_GOAL_SET:
        fold_goal(s);
        break;
    case PIQ_EV_PROFILE_STATED:
        fold_stated(s);
        break;
    case PIQ_EV_PATH_CONTROLLED:
        fold_control(s, effect);
        break;
    case PIQ_EV_MEMORY_FITTED:
        /* Numbers that FSRS does not take leave it as it is. */
        (void)piq_memory_adopt(&s->learner->memory, &s->event->u.fitted,
                               s->event->at_us, calendar_of(s));
        break;
    case PIQ_EV_VOIDED:
        break;
    }
}

/* Where in the learner's events the fold has come to. */
static void move_on(piq_learner *l, const piq_event *e)
{
    l->last_us = e->at_us;
    memcpy(l->last_event_id, e->event_id.ptr, e->event_id.len);
    l->last_event_id[e->event_id.len] = 0;
    l->n_events++;
}

void piq_fold(piq_learner *l, const piq_catalogue *c,
              piq_calibration_book *book, const piq_tracing *t,
              const piq_event *e, piq_fold_effect *effect)
{
    PIQ_ASSERT(e->event_id.len <= PIQ_MAX_EVENT_ID_BYTES);
    PIQ_ASSERT(piq_learner_is_traced(l, t));
    fold_state s = {.learner = l,
                    .catalogue = c,
                    .book = book,
                    .tracing = t,
                    .event = e,
                    .effect = effect};
    s.note = (piq_behaviour_note){.event = e,
                                  .utc_offset_min = piq_learner_offset_min(l),
                                  .predicted = NAN,
                                  .score = NAN,
                                  .modality = -1,
                                  .content_type = -1,
                                  .character = {PIQ_NO_IX16},
                                  .difficulty = NAN,
                                  .nominal_minutes = NAN};
    *effect = (piq_fold_effect){.outcome = {.predicted = NAN}, .traced = NAN};
    if (e->type == PIQ_EV_VOIDED) {
        move_on(l, e);
        return;
    }
    fold_by_type(&s, effect);
    s.note.area_mastery = touched_areas(&s);
    piq_behaviour_note_event(&l->behaviour, &s.note);
    if (e->at_us < l->first_us)
        l->first_us = e->at_us;
    move_on(l, e);
}
