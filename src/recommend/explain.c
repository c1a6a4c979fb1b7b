/* explain.c - reasons: templates filled with the numbers of the score.
 *
 * Whole numbers only, so that no locale can change how they look. */
#include "recommend/explain.h"

#include "base/calendar.h"
#include "recommend/rules.h"
#include "track/gain.h"

#include <math.h>
#include <stdio.h>

enum { SENTENCE_BYTES = 500, WORTH_SAYING_POINTS = 1 };

/* From here on a concept's worth means that the goal asks for it. */
#define GOAL_VALUE 0.5

typedef struct sentence {
    char text[SENTENCE_BYTES];
} sentence;

static int percent(double share)
{
    return (int)lround(100 * share);
}

static int minutes_of(const piq_content *x)
{
    return (int)lround(x->minutes);
}

/* Points of mastery that the content is expected to add to the concept. */
static int points(const piq_recommend_input *in, const piq_recommendation *r)
{
    const piq_content *x = &in->catalogue->contents[r->content.v];
    double dose = piq_gain_dose(x, r->success, 1);
    double before = in->beliefs[r->concept.v].mastery;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (x->concepts[i].concept.v == r->concept.v)
            return percent(
                piq_gain_mastery(before, dose * x->concepts[i].weight) -
                before);
    return 0;
}

static void say_gain(const piq_recommend_input *in, const piq_recommendation *r,
                     sentence *s)
{
    const piq_content *x = &in->catalogue->contents[r->content.v];
    const piq_concept *k = &in->catalogue->concepts[r->concept.v];
    const piq_belief *b = &in->beliefs[r->concept.v];
    const char *goal = in->goal_stated && in->value[r->concept.v] >= GOAL_VALUE
                           ? ", which your goal needs"
                           : "";
    int gain = points(in, r), at = percent(b->mastery);
    char where[160];
    if (b->n_answers == 0)
        snprintf(where, sizeof where,
                 "No answer of yours on %.*s yet, about %d %% is expected",
                 PIQ_STR_ARG(k->name), at);
    else
        snprintf(where, sizeof where, "You are at %d %% on %.*s", at,
                 PIQ_STR_ARG(k->name));
    snprintf(s->text, sizeof s->text,
             "%s (range %d-%d %%)%s; expected gain %d point%s in %d minutes.",
             where, percent(b->mastery_low), percent(b->mastery_high), goal,
             gain, gain == 1 ? "" : "s", minutes_of(x));
}

static void say_recall(const piq_recommend_input *in,
                       const piq_recommendation *r, sentence *s)
{
    const piq_content *x = &in->catalogue->contents[r->content.v];
    const piq_concept *k = &in->catalogue->concepts[r->concept.v];
    const piq_belief *b = &in->beliefs[r->concept.v];
    char when[48] = "and still falling";
    if (piq_recommend_due(in, r->concept)) {
        int64_t late = (in->now_us - b->due_us) / PIQ_US_PER_DAY;
        if (b->due_us > in->now_us || late < 1)
            snprintf(when, sizeof when, "and due today");
        else
            snprintf(when, sizeof when, "and %d day%s overdue", (int)late,
                     late == 1 ? "" : "s");
    }
    snprintf(s->text, sizeof s->text,
             "Recall of %.*s is %d %% %s; %d minutes bring it back above "
             "%d %%.",
             PIQ_STR_ARG(k->name), percent(b->recall), when, minutes_of(x),
             percent(in->desired_retention));
}

static void say_fit(const piq_recommend_input *in, const piq_recommendation *r,
                    sentence *s)
{
    const piq_concept *k = &in->catalogue->concepts[r->concept.v];
    const char *how = "hard enough to learn from, easy enough to succeed";
    if (r->success < 0.7)
        how = "demanding, but nearer to what you can do than most";
    else if (r->success > 0.9)
        how = "easy, but nearer to your level than most";
    snprintf(s->text, sizeof s->text,
             "You would get about %d %% of it right: %s; you are at %d %% on "
             "%.*s.",
             percent(r->success), how,
             percent(in->beliefs[r->concept.v].mastery), PIQ_STR_ARG(k->name));
}

static void say_format(const piq_recommend_input *in,
                       const piq_recommendation *r, sentence *s)
{
    const piq_content *x = &in->catalogue->contents[r->content.v];
    const piq_concept *k = &in->catalogue->concepts[r->concept.v];
    const piq_affinity *f = &in->modality[x->modality];
    snprintf(s->text, sizeof s->text,
             "Among %s content your results stand at %d of 100, 50 being "
             "usual (%d so far); this is on %.*s, where you are at %d %%.",
             piq_modality_name(x->modality), percent(f->value),
             (int)lround(f->n), PIQ_STR_ARG(k->name),
             percent(in->beliefs[r->concept.v].mastery));
}

static void say_character(const piq_recommend_input *in,
                          const piq_recommendation *r, sentence *s)
{
    const piq_content *x = &in->catalogue->contents[r->content.v];
    const piq_concept *k = &in->catalogue->concepts[r->concept.v];
    const piq_character *who = &in->catalogue->characters[x->character.v];
    const piq_affinity *f = &in->characters[x->character.v];
    snprintf(s->text, sizeof s->text,
             "Sessions with %.*s suit you: %d of 100, 50 being usual (%d so "
             "far); this one is on %.*s, where you are at %d %%.",
             PIQ_STR_ARG(who->name), percent(f->value), (int)lround(f->n),
             PIQ_STR_ARG(k->name), percent(in->beliefs[r->concept.v].mastery));
}

static void say_novelty(const piq_recommend_input *in,
                        const piq_recommendation *r, sentence *s)
{
    const piq_concept *k = &in->catalogue->concepts[r->concept.v];
    bool untouched = in->history[r->content.v].progress == PIQ_UNTOUCHED;
    snprintf(s->text, sizeof s->text,
             "%s on %.*s, where you are at %d %% (range %d-%d %%).",
             untouched ? "New to you: content"
                       : "Not seen for a while: content",
             PIQ_STR_ARG(k->name), percent(in->beliefs[r->concept.v].mastery),
             percent(in->beliefs[r->concept.v].mastery_low),
             percent(in->beliefs[r->concept.v].mastery_high));
}

static void say_session(const piq_recommend_input *in,
                        const piq_recommendation *r, sentence *s)
{
    const piq_content *x = &in->catalogue->contents[r->content.v];
    const piq_concept *k = &in->catalogue->concepts[r->concept.v];
    snprintf(s->text, sizeof s->text,
             "%d minutes%s beside your usual session of %d; you are at %d %% "
             "on %.*s.",
             minutes_of(x), x->type == PIQ_COURSE ? " in parts" : "",
             (int)lround(in->session_minutes),
             percent(in->beliefs[r->concept.v].mastery), PIQ_STR_ARG(k->name));
}

/* What a term says that needs no more than the content and its value; NULL:
 * it says nothing by itself. */
static const char *plainly(const piq_recommend_input *in,
                           const piq_recommendation *r, piq_term term,
                           sentence *s)
{
    const piq_content *x = &in->catalogue->contents[r->content.v];
    int value = percent(r->terms[term].value), minutes = minutes_of(x);
    char *to = s->text;
    size_t room = sizeof s->text;
    switch (term) {
    case PIQ_TERM_TASTE:
        if (r->n_because)
            snprintf(
                to, room, "It goes with \"%.*s\", which you took to",
                PIQ_STR_ARG(
                    in->catalogue->contents[r->because[0].content.v].title));
        else
            snprintf(to, room, "To your taste: %d of 100, 50 being usual",
                     value);
        return to;
    case PIQ_TERM_POPULARITY:
        snprintf(to, room, "Learners make %d of 100 of it", value);
        return to;
    case PIQ_TERM_GOAL_MATCH:
        snprintf(to, room, "It is worth %d of 100 to your goal", value);
        return to;
    case PIQ_TERM_PATH_POSITION:
        snprintf(to, room, "It is number %d of what your plan has next",
                 (int)lround(1 / fmax(r->terms[term].value, 0.01)));
        return to;
    case PIQ_TERM_TIME_OF_DAY:
        snprintf(to, room, "It suits your results at this hour, %d of 100",
                 value);
        return to;
    case PIQ_TERM_FRESHNESS:
        snprintf(to, room, "%d minutes, after %d in this session", minutes,
                 (int)lround(in->habits.session_spent_min));
        return to;
    case PIQ_TERM_STREAK:
        snprintf(to, room, "%d minutes keep your %d days in a row going",
                 minutes, (int)lround(in->habits.streak_days));
        return to;
    case PIQ_TERM_CARRY_ON:
        snprintf(to, room, "You have begun it; %d minutes in all", minutes);
        return to;
    case PIQ_TERM_THREAD:
        snprintf(to, room, "It goes on with what you practised last");
        return to;
    case PIQ_TERM_TYPE_AFFINITY:
        snprintf(to, room,
                 "You finish what you begin of %s content: %d of 100, 50 "
                 "being usual",
                 piq_content_type_name(x->type), value);
        return to;
    case PIQ_TERM_BREVITY:
        snprintf(to, room, "It takes %d minutes", minutes);
        return to;
    case PIQ_TERM_LEARNING_GAIN:
    case PIQ_TERM_RECALL_AT_RISK:
    case PIQ_TERM_DIFFICULTY_FIT:
    case PIQ_TERM_FORMAT_PREFERENCE:
    case PIQ_TERM_CHARACTER_AFFINITY:
    case PIQ_TERM_NOVELTY:
    case PIQ_TERM_SESSION_FIT:
    case PIQ_TERM_DIVERSITY:
    case PIQ_TERM_PRACTICE:
    case PIQ_TERM_TYPE:
    case PIQ_TERM_PROMOTION:
        break;
    }
    return NULL;
}

static void say_plainly(const piq_recommend_input *in,
                        const piq_recommendation *r, piq_term term, sentence *s)
{
    const piq_concept *k = &in->catalogue->concepts[r->concept.v];
    if (!plainly(in, r, term, s))
        return;
    size_t used = strlen(s->text);
    snprintf(s->text + used, sizeof s->text - used,
             "; you are at %d %% on %.*s.",
             percent(in->beliefs[r->concept.v].mastery), PIQ_STR_ARG(k->name));
}

static bool is_silent(const piq_recommend_input *in,
                      const piq_recommendation *r, piq_term t)
{
    const piq_content *x = &in->catalogue->contents[r->content.v];
    switch (t) {
    case PIQ_TERM_DIVERSITY:
    case PIQ_TERM_PRACTICE:
    case PIQ_TERM_TYPE:
    case PIQ_TERM_PROMOTION:
        return true;
    case PIQ_TERM_CHARACTER_AFFINITY:
        return !in->characters || x->character.v == PIQ_NO_IX16;
    case PIQ_TERM_RECALL_AT_RISK:
        return !piq_recommend_repeats(x) ||
               isnan(in->beliefs[r->concept.v].recall);
    case PIQ_TERM_LEARNING_GAIN:
        return points(in, r) < WORTH_SAYING_POINTS;
    case PIQ_TERM_DIFFICULTY_FIT:
    case PIQ_TERM_FORMAT_PREFERENCE:
    case PIQ_TERM_NOVELTY:
    case PIQ_TERM_SESSION_FIT:
        return false;
    case PIQ_TERM_TASTE:
    case PIQ_TERM_POPULARITY:
    case PIQ_TERM_GOAL_MATCH:
    case PIQ_TERM_PATH_POSITION:
    case PIQ_TERM_TIME_OF_DAY:
    case PIQ_TERM_FRESHNESS:
    case PIQ_TERM_STREAK:
    case PIQ_TERM_CARRY_ON:
    case PIQ_TERM_THREAD:
    case PIQ_TERM_TYPE_AFFINITY:
    case PIQ_TERM_BREVITY:
        /* A weight below 0 speaks for the lack of it. */
        return r->terms[t].weight <= 0 || r->terms[t].value <= 0;
    }
    return true;
}

/* The largest contribution about which there is something to say. */
static piq_term leading_term(const piq_recommend_input *in,
                             const piq_recommendation *r)
{
    piq_term best = PIQ_TERM_LEARNING_GAIN;
    double most = -1;
    for (int t = 0; t < PIQ_N_TERMS; t++)
        if (r->terms[t].contribution > most && !is_silent(in, r, (piq_term)t)) {
            most = r->terms[t].contribution;
            best = (piq_term)t;
        }
    return best;
}

static void say_leading(const piq_recommend_input *in,
                        const piq_recommendation *r, sentence *s)
{
    piq_term leading = leading_term(in, r);
    switch (leading) {
    case PIQ_TERM_LEARNING_GAIN:
        say_gain(in, r, s);
        break;
    case PIQ_TERM_RECALL_AT_RISK:
        say_recall(in, r, s);
        break;
    case PIQ_TERM_DIFFICULTY_FIT:
        say_fit(in, r, s);
        break;
    case PIQ_TERM_FORMAT_PREFERENCE:
        say_format(in, r, s);
        break;
    case PIQ_TERM_CHARACTER_AFFINITY:
        say_character(in, r, s);
        break;
    case PIQ_TERM_SESSION_FIT:
        say_session(in, r, s);
        break;
    case PIQ_TERM_NOVELTY:
        say_novelty(in, r, s);
        break;
    case PIQ_TERM_TASTE:
    case PIQ_TERM_POPULARITY:
    case PIQ_TERM_GOAL_MATCH:
    case PIQ_TERM_PATH_POSITION:
    case PIQ_TERM_TIME_OF_DAY:
    case PIQ_TERM_FRESHNESS:
    case PIQ_TERM_STREAK:
    case PIQ_TERM_CARRY_ON:
    case PIQ_TERM_THREAD:
    case PIQ_TERM_TYPE_AFFINITY:
    case PIQ_TERM_BREVITY:
        say_plainly(in, r, leading, s);
        break;
    case PIQ_TERM_DIVERSITY:
    case PIQ_TERM_PRACTICE:
    case PIQ_TERM_TYPE:
    case PIQ_TERM_PROMOTION: /* silent */
        break;
    }
}

/* What stands there for another reason than its score says so. */
static void say_cause(const piq_recommendation *r, sentence *s)
{
    size_t used = strlen(s->text), room = sizeof s->text - used;
    char *to = s->text + used;
    if (r->cause == PIQ_CAUSE_EXPLORATION)
        snprintf(to, room,
                 " It was drawn by chance, %.1f %%, among what is nearly as "
                 "good.",
                 100 * r->propensity);
    else if (r->rule)
        snprintf(to, room, " The rule %.64s %s: %.120s.", r->rule,
                 r->cause == PIQ_CAUSE_PIN ? "puts it here" : "promotes it",
                 r->rule_reason);
}

const char *piq_recommend_reason(piq_arena *a, const piq_recommend_input *in,
                                 const piq_recommendation *r)
{
    sentence s = {{0}};
    if (r->concept.v == PIQ_NO_IX16)
        snprintf(s.text, sizeof s.text, "It is open to you now.");
    else
        say_leading(in, r, &s);
    say_cause(r, &s);
    return piq_arena_strndup(a, s.text, strlen(s.text));
}
