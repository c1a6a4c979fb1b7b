#include "insight/foresight_words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* Room for a fact; two names of a curriculum and some words. */
enum { FACT_BYTES = 320, MAX_NAME_BYTES = 80 };

/* Logits from which a reason counts much, or at least not little: about 22
 * and 7 points of a hundred at an even chance. */
static const double MUCH = 1.0, SOME = 0.3;

static piq_str name_of(piq_str s)
{
    while (s.len > MAX_NAME_BYTES || (s.len && !piq_str_is_utf8(s)))
        s.len--;
    return s;
}

static const char *plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

/* What a logit does to the chance. */
static const char *effect(double logit)
{
    double size = fabs(logit);
    switch (piq_direction_of(logit)) {
    case PIQ_HARDLY_CHANGES:
        break;
    case PIQ_RAISES:
        return size >= MUCH   ? "raises your chance a lot"
               : size >= SOME ? "raises your chance"
                              : "raises your chance a little";
    case PIQ_LOWERS:
        return size >= MUCH   ? "lowers your chance a lot"
               : size >= SOME ? "lowers your chance"
                              : "lowers your chance a little";
    }
    return "hardly changes your chance";
}

/* One of three words for a logit. */
static const char *either(double logit, const char *lower, const char *same,
                          const char *higher)
{
    switch (piq_direction_of(logit)) {
    case PIQ_LOWERS:
        return lower;
    case PIQ_HARDLY_CHANGES:
        return same;
    case PIQ_RAISES:
        return higher;
    }
    return same;
}

/* ---- facts: one function a reason; each writes half a sentence ---------- */

typedef struct fact {
    char text[FACT_BYTES];
    const piq_facts *f;
    double logit;
} fact;

static void put(fact *t, const char *fmt, ...) PIQ_PRINTF(2, 3);
static void put(fact *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(t->text, sizeof t->text, fmt, args);
    va_end(args);
}

static void say_item(fact *t)
{
    const piq_facts *f = t->f;
    piq_str k = name_of(f->concept);
    if (!f->has_item)
        put(t,
            "No question in particular was asked about, so one on %.*s is "
            "assumed",
            PIQ_STR_ARG(k));
    else if (f->everybody)
        put(t,
            "About %d %% of everybody's answers to this question were right "
            "(%u answer%s)",
            piq_percent(f->item_rate), f->everybody, plural(f->everybody));
    else
        put(t,
            "This question is new to the model, which goes by others on "
            "%.*s",
            PIQ_STR_ARG(k));
}

static void say_attempt(fact *t)
{
    const piq_facts *f = t->f;
    unsigned n = f->tries.n;
    if (!f->has_item)
        put(t, "A question that you have not met before is assumed");
    else if (!n)
        put(t, "You have not met this question before, or long ago");
    else if (n == 1)
        put(t, "You have met this question once and got it %s",
            f->last_try_right ? "right" : "wrong");
    else
        put(t,
            "You have met this question %u times and got it right %u time%s,"
            " the last try was %s",
            n, f->tries.right, plural(f->tries.right),
            f->last_try_right ? "right" : "wrong");
}

static void say_concept(fact *t)
{
    const piq_facts *f = t->f;
    piq_str k = name_of(f->concept);
    piq_count c = f->concept_latest;
    if (!c.n)
        put(t, "You have not answered a question on %.*s yet", PIQ_STR_ARG(k));
    else if (c.n == 1)
        put(t, "Your only answer on %.*s so far was %s", PIQ_STR_ARG(k),
            c.right ? "right" : "wrong");
    else if (c.n == f->on_concept)
        put(t, "You have answered %u of %u questions on %.*s right", c.right,
            c.n, PIQ_STR_ARG(k));
    else
        put(t,
            "You have answered %u of your last %u questions on %.*s right, "
            "%u in all",
            c.right, c.n, PIQ_STR_ARG(k), f->on_concept);
}

static void say_learner(fact *t)
{
    piq_count all = t->f->all;
    if (!all.n)
        put(t, "You have not answered anything yet");
    else
        put(t, "Over everything you have answered, %u of %u answer%s %s right",
            all.right, all.n, plural(all.n), all.right == 1 ? "was" : "were");
}

static void say_recent(fact *t)
{
    piq_count c = t->f->latest;
    if (!c.n)
        put(t, "There are no answers yet that would show your form");
    else if (c.n == 1)
        put(t, "Your last answer was %s", c.right ? "right" : "wrong");
    else
        put(t, "Of your last %u answers %u %s right", c.n, c.right,
            c.right == 1 ? "was" : "were");
}

static void say_time(fact *t)
{
    const piq_facts *f = t->f;
    piq_str k = name_of(f->concept);
    unsigned days = isfinite(f->days_since) ? (unsigned)f->days_since : 0;
    if (!f->on_concept)
        put(t, "You have not practised %.*s yet, so there is nothing to forget",
            PIQ_STR_ARG(k));
    else if (isnan(f->days_since) || isnan(f->recall))
        put(t, "It is not known when you last practised %.*s", PIQ_STR_ARG(k));
    else if (days < 1)
        put(t,
            "You practised %.*s within the last day, so there was little time "
            "to forget it",
            PIQ_STR_ARG(k));
    else
        put(t,
            "You last practised %.*s %u day%s ago, and the chance that you "
            "still remember it is about %d %%",
            PIQ_STR_ARG(k), days, plural(days), piq_percent(f->recall));
}

static void say_belief(fact *t)
{
    put(t,
        "A simpler estimate, which follows your answers one by one, gives "
        "%d %% here",
        piq_percent(t->f->stepwise));
}

/* How many answers is told by say_learner, from a wider count. */
static void say_sequence(fact *t)
{
    if (t->f->traced)
        put(t, "What you answered in which order, and how it went, was looked "
               "at as a whole");
    else
        put(t, "There are no answers yet whose order could say something");
}

static void say_calibration(fact *t)
{
    put(t, "%s",
        either(t->logit, "Predictions like this one turned out too high before",
               "Predictions like this one turned out true before",
               "Predictions like this one turned out too low before"));
}

static void say_layer_learner(fact *t)
{
    const piq_facts *f = t->f;
    unsigned n = f->all.n;
    if (!n)
        put(t, "%s",
            f->stated ? "You said how advanced you are, and there are no "
                        "answers of yours yet"
                      : "There are no answers of yours yet");
    else
        put(t,
            "Your %u answer%s so far put%s you %s where a new learner starts",
            n, plural(n), n == 1 ? "s" : "",
            either(t->logit, "below", "about", "above"));
}

static void say_layer_area(fact *t)
{
    const piq_facts *f = t->f;
    piq_str a = f->one_area ? name_of(f->area)
                            : PIQ_STR("the areas that this is about");
    unsigned n = f->in_areas;
    if (!n)
        put(t, "You have not answered anything in %.*s yet", PIQ_STR_ARG(a));
    else
        put(t, "In %.*s (%u answer%s) you do %s", PIQ_STR_ARG(a), n, plural(n),
            either(t->logit, "less well than you do overall",
                   "about as well as you do overall",
                   "better than you do overall"));
}

static void say_layer_concept(fact *t)
{
    const piq_facts *f = t->f;
    piq_str k = name_of(f->concept);
    unsigned n = f->on_concept;
    if (!n && piq_direction_of(t->logit) == PIQ_HARDLY_CHANGES)
        put(t, "You have not answered anything on %.*s yet", PIQ_STR_ARG(k));
    else if (!n)
        put(t,
            "You have not answered anything on %.*s yet, but what you "
            "learned and answered around it says something",
            PIQ_STR_ARG(k));
    else
        put(t, "On %.*s (%u answer%s) you do %s", PIQ_STR_ARG(k), n, plural(n),
            either(t->logit, "less well than elsewhere in its area",
                   "about as well as elsewhere in its area",
                   "better than elsewhere in its area"));
}

static void say_form(fact *t)
{
    if (!t->f->today)
        put(t, "There are no answers yet that would show your form");
    else
        put(t, "%s",
            either(t->logit,
                   "Your latest answers went less well than expected, which "
                   "fades within hours",
                   "Your latest answers went as expected, or some time ago",
                   "Your latest answers went better than expected, which fades "
                   "within hours"));
}

static void say_difficulty(fact *t)
{
    const piq_facts *f = t->f;
    piq_str k = name_of(f->concept);
    const char *is =
        either(t->logit, "harder than", "about as hard as", "easier than");
    if (!f->has_item)
        put(t, "A typical question on %.*s is assumed", PIQ_STR_ARG(k));
    else if (f->everybody)
        put(t,
            "Everybody's answers show that this question is %s a typical "
            "one on %.*s (%u answer%s)",
            is, PIQ_STR_ARG(k), f->everybody, plural(f->everybody));
    else
        put(t,
            "The curriculum says that this question is %s a typical one on "
            "%.*s",
            is, PIQ_STR_ARG(k));
}

static void say_uncertainty(fact *t)
{
    double guess = t->f->guess;
    if (guess > 0.0)
        put(t,
            "What is not known about you or the question keeps the chance "
            "nearer to 50 %%, and a blind guess is right in %d %% of cases",
            piq_percent(guess));
    else
        put(t, "What is not known about you or the question keeps the chance "
               "nearer to 50 %%");
}

/* ---- reasons ------------------------------------------------------------ */

static const struct {
    const char *group, *name;
    void (*say)(fact *t);
} reasons[PIQ_N_WHYS] = {
    [PIQ_WHY_ITEM] = {"item", "The question", say_item},
    [PIQ_WHY_ATTEMPT] = {"attempt", "Your earlier tries", say_attempt},
    [PIQ_WHY_CONCEPT] = {"concept", "You on this concept", say_concept},
    [PIQ_WHY_LEARNER] = {"learner", "You overall", say_learner},
    [PIQ_WHY_RECENT] = {"recent", "Your latest answers", say_recent},
    [PIQ_WHY_TIME] = {"time", "Time and memory", say_time},
    [PIQ_WHY_BELIEF] = {"belief", "A simpler estimate", say_belief},
    [PIQ_WHY_SEQUENCE] = {"sequence", "The order of your answers",
                          say_sequence},
    [PIQ_WHY_CALIBRATION] = {"calibration", "How true predictions were",
                             say_calibration},
    [PIQ_WHY_LAYER_LEARNER] = {"learner", "You overall", say_layer_learner},
    [PIQ_WHY_LAYER_AREA] = {"area", "You in this area", say_layer_area},
    [PIQ_WHY_LAYER_CONCEPT] = {"concept", "You on this concept",
                               say_layer_concept},
    [PIQ_WHY_FORM] = {"form", "Your form today", say_form},
    [PIQ_WHY_DIFFICULTY] = {"item", "The question", say_difficulty},
    [PIQ_WHY_UNCERTAINTY] = {"uncertainty", "What is not known",
                             say_uncertainty},
};

piq_reason piq_foresight_reason(piq_teller *t, const piq_facts *f, piq_why why,
                                double logit)
{
    fact told = {.f = f, .logit = logit};
    reasons[why].say(&told);
    return (piq_reason){
        .group = reasons[why].group,
        .name = reasons[why].name,
        .logit = logit,
        .text = piq_sentence(t, "%s; this %s.", told.text, effect(logit)),
    };
}

const char *piq_foresight_base(piq_teller *t, const piq_facts *f, bool trained,
                               double base)
{
    int chance = piq_percent(1.0 / (1.0 + exp(-base)));
    piq_str k = name_of(f->concept);
    if (trained)
        return piq_sentence(t,
                            "Starting point, before anything about you and "
                            "the question is counted: about %d %%.",
                            chance);
    return piq_sentence(t,
                        "Starting point, a new learner at a typical question "
                        "on %.*s: about %d %%.",
                        PIQ_STR_ARG(k), chance);
}
