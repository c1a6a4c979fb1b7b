/* explain.c - sentences for each step, with the plan's own numbers: what it is
 * for, and why it stands where it does.
 *
 * Whole numbers only, so that no locale can change how they look. */
#include "path/state.h"

#include <math.h>
#include <stdio.h>

enum { SENTENCE_BYTES = 320 };

static int percent(double share)
{
    return (int)lround(100 * share);
}

/* What of the plan needs this concept: how many, and the first of them. */
static size_t needed_by(const piq_path_state *s, piq_concept_ix k,
                        piq_concept_ix *first)
{
    size_t n = 0;
    for (uint32_t i = s->dependants_at[k.v]; i < s->dependants_at[k.v + 1];
         i++) {
        piq_concept_ix d = s->dependants[i];
        if (s->needs[d.v].aim <= 0 || s->needs[d.v].known)
            continue;
        if (n++ == 0)
            *first = d;
    }
    return n;
}

static void say_what_for(const piq_path_state *s, const piq_plan_step *step,
                         char *out, size_t size)
{
    piq_concept_ix first = {PIQ_NO_IX16};
    size_t n = needed_by(s, step->concept, &first);
    const char *own =
        s->needs[step->concept.v].target ? "; a target of yours" : "";
    out[0] = 0;
    if (n == 0) {
        snprintf(out, size, "%s", own);
        return;
    }
    piq_str name = s->c->concepts[first.v].name;
    if (n == 1)
        snprintf(out, size, "; %.*s needs it", PIQ_STR_ARG(name));
    else
        snprintf(out, size, "; %.*s and %zu more need it", PIQ_STR_ARG(name),
                 n - 1);
}

static void say_review(const piq_path_state *s, const piq_plan_step *step,
                       double recall, char *out, size_t size)
{
    piq_str name = s->c->concepts[step->concept.v].name;
    double aim = s->needs[step->concept.v].aim;
    if (isnan(recall) && step->mastery_before >= aim)
        snprintf(out, size,
                 "%.*s is believed to be at %d %% but not shown yet; a few "
                 "answers settle it.",
                 PIQ_STR_ARG(name), percent(step->mastery_before));
    else if (isnan(recall))
        snprintf(out, size,
                 "%.*s has no new content left: practice takes it from %d %% "
                 "to %d %%.",
                 PIQ_STR_ARG(name), percent(step->mastery_before),
                 percent(step->mastery_after));
    else
        snprintf(out, size,
                 "By this day recall of %.*s falls to %d %%; %d minutes keep "
                 "it.",
                 PIQ_STR_ARG(name), percent(recall),
                 (int)lround(step->minutes));
}

static void say_check(const piq_path_state *s, const piq_plan_step *step,
                      char *out, size_t size)
{
    piq_str name = s->c->concepts[step->concept.v].name;
    snprintf(
        out, size,
        "%.*s may be known already (%d %% believed): %d minutes of answers "
        "tell, and can save its lessons.",
        PIQ_STR_ARG(name), percent(step->mastery_before),
        (int)lround(step->minutes));
}

static void say_assessment(const piq_path_state *s, const piq_plan_step *step,
                           char *out, size_t size)
{
    const piq_content *x = &s->c->contents[step->content.v];
    const piq_concept *k = &s->c->concepts[step->concept.v];
    piq_str area = s->c->areas[k->area.v].name;
    size_t n = 0;
    for (size_t i = 0; i < x->n_concepts; i++)
        n += s->needs[x->concepts[i].concept.v].aim > 0;
    snprintf(out, size,
             "Checks %zu concept%s of this path, %.*s among %s, now that %s "
             "been worked on.",
             n, n == 1 ? "" : "s", PIQ_STR_ARG(area), n == 1 ? "it" : "them",
             n == 1 ? "it has" : "they have");
}

/* A part after which there is more to come: nothing is learned for sure. */
static void say_part(const piq_path_state *s, const piq_plan_step *step,
                     char *out, size_t size)
{
    piq_str title = s->c->contents[step->content.v].title;
    snprintf(out, size,
             step->part == 1 ? "Begins \"%.*s\", which is longer than this day "
                               "has minutes; what it teaches counts with its "
                               "last part."
                             : "Goes on with \"%.*s\"; what it teaches counts "
                               "with its last part.",
             PIQ_STR_ARG(title));
}

static void say_content(const piq_path_state *s, const piq_plan_step *step,
                        char *out, size_t size)
{
    const piq_content *x = &s->c->contents[step->content.v];
    piq_str name = s->c->concepts[step->concept.v].name;
    const char *verb = step->kind == PIQ_STEP_LESSON ? "Explains" : "Practises";
    char what_for[160], with[96] = "";
    say_what_for(s, step, what_for, sizeof what_for);
    if (step->kind == PIQ_STEP_CHARACTER && x->character.v != PIQ_NO_IX16) {
        piq_str who = s->c->characters[x->character.v].name;
        snprintf(with, sizeof with, " with %.*s", PIQ_STR_ARG(who));
    }
    snprintf(out, size, "%s %.*s%s: from %d %% to %d %% expected%s.", verb,
             PIQ_STR_ARG(name), with, percent(step->mastery_before),
             percent(step->mastery_after), what_for);
}

const char *piq_path_why(piq_arena *a, const piq_path_state *s,
                         const piq_plan_step *step, double recall)
{
    char text[SENTENCE_BYTES];
    if (step->part < step->parts) {
        say_part(s, step, text, sizeof text);
        return piq_arena_strndup(a, text, strlen(text));
    }
    switch (step->kind) {
    case PIQ_STEP_REVIEW:
        say_review(s, step, recall, text, sizeof text);
        break;
    case PIQ_STEP_ASSESSMENT:
        say_assessment(s, step, text, sizeof text);
        break;
    case PIQ_STEP_CHECK:
        say_check(s, step, text, sizeof text);
        break;
    case PIQ_STEP_LESSON:
    case PIQ_STEP_PRACTICE:
    case PIQ_STEP_CHARACTER:
        say_content(s, step, text, sizeof text);
        break;
    }
    return piq_arena_strndup(a, text, strlen(text));
}

const char *piq_path_now(piq_path_reason reason)
{
    switch (reason) {
    case PIQ_NOW_FIRST:
        return "It needs nothing that comes before.";
    case PIQ_NOW_OPENED:
        return "What it needs has come before.";
    case PIQ_NOW_FOLLOWS:
        return "It goes on where the last step ends.";
    case PIQ_NOW_MIXED:
        return "Mixed with what came before, to be told apart.";
    case PIQ_NOW_DUE:
        return "It fades by this day.";
    case PIQ_NOW_SPACED:
        return "Some days after the last time.";
    case PIQ_NOW_WANTED:
        return "You want it early.";
    case PIQ_NOW_FROZEN:
        return "You want this day as it is.";
    case PIQ_NOW_CHECK:
        return "Before minutes go into what may be known.";
    case PIQ_NOW_CLOSES:
        return "What it covers has been worked on.";
    case PIQ_NOW_PART:
        return "It was begun before.";
    }
    return "";
}
