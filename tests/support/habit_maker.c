#include "support/habit_maker.h"

#include "support/random_catalogue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

piq_catalogue *habit_catalogue(void)
{
    piq_catalogue *c =
        catalogue_from_file("tests/golden/curriculum-music.json");
    if (!c) {
        fprintf(stderr, "no tests/golden/curriculum-music.json\n");
        abort();
    }
    return c;
}

void habit_begin(habit_world *w)
{
    *w = (habit_world){.catalogue = habit_catalogue()};
    piq_arena_init(&w->arena, 0);
    if (piq_learner_new((piq_user_id){7}, w->catalogue, &w->l))
        abort();
}

void habit_end(habit_world *w)
{
    json_decref(w->json);
    piq_arena_release(&w->arena);
    free(w->beliefs);
    piq_learner_free(w->l);
    piq_catalogue_free(w->catalogue);
}

piq_json_writer *habit_writer(habit_world *w)
{
    piq_buf_init(&w->text, 0);
    piq_json_init(&w->writer, &w->text);
    return &w->writer;
}

void habit_read_back(habit_world *w)
{
    json_decref(w->json);
    w->json = habit_json(&w->text);
    piq_buf_release(&w->text);
}

static piq_behaviour_note blank(const piq_event *e)
{
    return (piq_behaviour_note){.event = e,
                                .predicted = NAN,
                                .score = NAN,
                                .modality = -1,
                                .content_type = -1,
                                .character = {PIQ_NO_IX16},
                                .difficulty = NAN,
                                .nominal_minutes = NAN};
}

static void fold(piq_learner *l, piq_behaviour_note *n)
{
    n->utc_offset_min = piq_learner_offset_min(l);
    piq_behaviour_note_event(&l->behaviour, n);
    if (n->event->at_us < l->first_us)
        l->first_us = n->event->at_us;
    l->last_us = n->event->at_us;
    l->n_events++;
}

static piq_event answer_event(int64_t at_us, uint32_t response_ms)
{
    piq_event e = {.at_us = at_us, .type = PIQ_EV_ANSWER};
    e.u.answer.response_ms = response_ms;
    return e;
}

void habit_answer(piq_learner *l, int64_t at_us, double score, double predicted,
                  uint32_t response_ms)
{
    piq_event e = answer_event(at_us, response_ms);
    piq_behaviour_note n = blank(&e);
    n.is_answer = true;
    n.score = score;
    n.predicted = predicted;
    fold(l, &n);
}

void habit_answer_in(piq_learner *l, int64_t at_us, double score,
                     double predicted, int modality)
{
    piq_event e = answer_event(at_us, 5000);
    piq_behaviour_note n = blank(&e);
    n.is_answer = true;
    n.score = score;
    n.predicted = predicted;
    n.modality = modality;
    fold(l, &n);
}

void habit_mastery(piq_learner *l, int64_t at_us, const double *mastery,
                   double gained)
{
    piq_event e = answer_event(at_us, 5000);
    piq_behaviour_note n = blank(&e);
    n.is_answer = true;
    n.score = 1;
    n.predicted = 0.5;
    n.area_mastery = mastery;
    n.mastery_gained = gained;
    fold(l, &n);
}

void habit_content(piq_learner *l, int64_t at_us, piq_event_type what,
                   piq_content_type type, uint32_t seconds)
{
    piq_event e = {.at_us = at_us, .type = what};
    if (what == PIQ_EV_ASSESSMENT_COMPLETED)
        e.u.assessment.seconds = seconds;
    else
        e.u.content.seconds = seconds;
    piq_behaviour_note n = blank(&e);
    n.content_type = (int)type;
    n.nominal_minutes = 12;
    fold(l, &n);
}

void habit_character(piq_learner *l, int64_t at_us, uint16_t character,
                     uint32_t seconds)
{
    piq_event e = {.at_us = at_us, .type = PIQ_EV_CHARACTER_SESSION};
    e.u.character = (piq_character_event){.character = {character},
                                          .content = {PIQ_NO_IX32},
                                          .hands = 40,
                                          .score = 0.5f,
                                          .seconds = seconds};
    piq_behaviour_note n = blank(&e);
    n.character.v = character;
    fold(l, &n);
}

piq_belief *habit_beliefs(const piq_catalogue *c, double mastery, double sd,
                          float evidence)
{
    piq_belief *b = calloc(c->n_concepts, sizeof *b);
    if (!b)
        abort();
    for (size_t i = 0; i < c->n_concepts; i++)
        b[i] = (piq_belief){.sd_logit = 1.5,
                            .mastery = mastery,
                            .mastery_low = mastery - 1.6448536269514722 * sd,
                            .mastery_high = mastery + 1.6448536269514722 * sd,
                            .recall = NAN,
                            .stability_days = NAN,
                            .due_us = INT64_MAX,
                            .last_us = INT64_MIN,
                            .evidence = evidence};
    return b;
}

json_t *habit_json(const piq_buf *b)
{
    json_error_t error;
    json_t *root = json_loadb(b->ptr, b->len, JSON_REJECT_DUPLICATES, &error);
    if (!root || b->status != PIQ_OK) {
        fprintf(stderr, "not JSON: %s at byte %d\n", error.text,
                error.position);
        abort();
    }
    return root;
}

const json_t *habit_at(const json_t *root, const char *path)
{
    char step[64];
    while (root && *path) {
        size_t len = strcspn(path, "/");
        snprintf(step, sizeof step, "%.*s", (int)len, path);
        root = json_is_array(root)
                   ? json_array_get(root, (size_t)strtoul(step, NULL, 10))
                   : json_object_get(root, step);
        path += len + (path[len] == '/');
    }
    return root;
}

double habit_number(const json_t *root, const char *path)
{
    const json_t *v = habit_at(root, path);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

const char *habit_text(const json_t *root, const char *path)
{
    const char *z = json_string_value(habit_at(root, path));
    return z ? z : "";
}

bool habit_near(double x, double y, double tolerance)
{
    bool near = fabs(x - y) <= tolerance;
    if (!near)
        fprintf(stderr, "%.12g is not within %g of %.12g\n", x, tolerance, y);
    return near;
}
