#include "path_checker.h"

#include "base/calendar.h"
#include "near.h"
#include "track/gain.h"

#include <stdlib.h>
#include <string.h>

/* What a check brings beside a repetition (path/apply.c). */
#define CHECK_SHARE 0.5

typedef struct checker {
    const piq_path_input *in;
    const piq_plan *plan;
    piq_belief *b;
    bool *done;
    bool *claimed;
} checker;

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    assert_non_null(p);
    return p;
}

static bool is_content(const piq_plan_step *s)
{
    return s->content.v != PIQ_NO_IX32;
}

/* ---- days -------------------------------------------------------------- */

static bool is_off(const piq_path_input *in, int32_t day)
{
    for (size_t i = 0; i < in->n_days_off; i++)
        if (in->days_off[i] == day)
            return true;
    return false;
}

static double minutes_of(const piq_path_input *in, int32_t day)
{
    double minutes = in->minutes_per_weekday[piq_weekday_of(day)];
    double frozen = 0;
    if (day != in->from_day || minutes <= 0)
        return minutes;
    for (size_t i = 0; in->wishes.freeze_today && i < in->wishes.n_frozen; i++)
        frozen += in->wishes.frozen[i].minutes;
    return fmax(fmax(0, minutes - in->minutes_spent_today), frozen);
}

static void check_days(const checker *k)
{
    const piq_plan *p = k->plan;
    bool dated = k->in->deadline_day >= k->in->from_day;
    double minutes = 0, total = 0;
    int session = 0;
    for (size_t i = 0; i < p->n_steps; i++) {
        const piq_plan_step *s = &p->steps[i];
        bool first = i == 0 || s->day != p->steps[i - 1].day;
        assert_true(i == 0 || s->day >= p->steps[i - 1].day);
        assert_true(s->day >= k->in->from_day);
        assert_true(!dated || s->day <= k->in->deadline_day);
        assert_false(is_off(k->in, s->day));
        assert_true(s->minutes > 0);
        minutes = first ? s->minutes : minutes + s->minutes;
        session = first ? 1 : session;
        assert_true(minutes <= minutes_of(k->in, s->day) + 1e-6);
        assert_true(s->session >= session);
        session = s->session;
        total += s->minutes;
    }
    assert_near(total, p->minutes_total, 1e-6);
}

/* ---- steps ------------------------------------------------------------- */

static bool ready(const checker *k, piq_concept_ix c)
{
    return k->b[c.v].mastery >= PIQ_READY ||
           k->in->catalogue->concepts[c.v].retired;
}

static bool concept_open(const checker *k, piq_concept_ix c)
{
    const piq_concept *x = &k->in->catalogue->concepts[c.v];
    for (size_t i = 0; i < x->n_prerequisites; i++)
        if (!ready(k, x->prerequisites[i]))
            return false;
    return true;
}

static bool content_met(const checker *k, piq_content_ix c)
{
    const piq_content *x = &k->in->catalogue->contents[c.v];
    bool met = true;
    for (size_t i = 0; i < x->n_concepts; i++)
        met &= k->b[x->concepts[i].concept.v].mastery >= PIQ_READY;
    return met || k->done[c.v] || x->retired || !x->published;
}

static bool content_open(const checker *k, piq_content_ix c)
{
    const piq_content *x = &k->in->catalogue->contents[c.v];
    bool open = true;
    for (size_t i = 0; i < x->n_prerequisites; i++)
        open &= content_met(k, x->prerequisites[i]);
    for (size_t i = 0; i < x->n_concepts; i++)
        open &= concept_open(k, x->concepts[i].concept);
    return open;
}

static bool is_wanted(const checker *k, piq_content_ix c)
{
    const piq_path_wishes *w = &k->in->wishes;
    bool wanted = false;
    for (size_t i = 0; i < w->n_pins; i++)
        wanted |= w->pins[i].content.v == c.v;
    for (size_t i = 0; i < w->n_order; i++)
        wanted |= w->order[i].v == c.v;
    for (size_t i = 0; w->freeze_today && i < w->n_frozen; i++)
        wanted |= w->frozen[i].content.v == c.v;
    return wanted;
}

static void check_content(const checker *k, const piq_plan_step *s)
{
    const piq_content *x = &k->in->catalogue->contents[s->content.v];
    assert_true(x->published && !x->retired && x->type != PIQ_COURSE);
    assert_false(k->done[s->content.v]); /* neither before nor twice */
    for (size_t i = 0; i < k->in->wishes.n_skip; i++)
        assert_int_not_equal(k->in->wishes.skip[i].v, s->content.v);
    assert_true(content_open(k, s->content));
    if (!is_wanted(k, s->content))
        assert_false(k->claimed[s->concept.v]);
}

static bool is_other_wish(const checker *k, const piq_plan_step *s,
                          const piq_plan_step *next)
{
    return next->content.v != s->content.v && is_wanted(k, next->content);
}

/* The next part of a content is the next thing of content that the plan has,
 * wishes apart, unless it ends; nothing is learned before the last. */
static void check_part(const checker *k, size_t i)
{
    const piq_plan *p = k->plan;
    const piq_plan_step *s = &p->steps[i];
    size_t next = i + 1;
    assert_true(1 <= s->part && s->part <= s->parts);
    if (s->part == s->parts)
        return;
    assert_true(s->mastery_after == s->mastery_before);
    while (next < p->n_steps && (!is_content(&p->steps[next]) ||
                                 is_other_wish(k, s, &p->steps[next])))
        next++;
    if (next == p->n_steps)
        return;
    assert_int_equal(p->steps[next].content.v, s->content.v);
    assert_int_equal(p->steps[next].part, s->part + 1);
    assert_int_equal(p->steps[next].parts, s->parts);
    assert_true(p->steps[next].day > s->day);
}

static void apply(checker *k, const piq_plan_step *s)
{
    piq_belief *main = &k->b[s->concept.v];
    if (is_content(s)) {
        if (s->part < s->parts)
            return;
        k->done[s->content.v] = true;
        piq_gain_apply(&k->in->catalogue->contents[s->content.v], k->b,
                       k->in->pace);
        return;
    }
    if (k->claimed[s->concept.v] && main->mastery < PIQ_MASTERED)
        main->mastery = PIQ_MASTERED;
    k->claimed[s->concept.v] = false;
    piq_gain_apply_review(main, s->kind == PIQ_STEP_CHECK
                                    ? CHECK_SHARE * k->in->pace
                                    : k->in->pace);
}

static void check_step(checker *k, size_t i)
{
    const piq_plan_step *s = &k->plan->steps[i];
    const piq_belief *main = &k->b[s->concept.v];
    assert_true(s->mastery_before == main->mastery);
    assert_true(s->success > 0 && s->success <= 1);
    assert_non_null(s->why);
    assert_non_null(s->now);
    assert_true(strlen(s->why) > 10 && strlen(s->now) > 10);
    if (is_content(s)) {
        check_content(k, s);
        check_part(k, i);
    } else {
        assert_true(s->kind == PIQ_STEP_REVIEW || s->kind == PIQ_STEP_CHECK);
    }
    apply(k, s);
    assert_true(s->mastery_after == main->mastery);
    assert_true(s->mastery_after >= s->mastery_before);
    for (size_t j = 0; j < s->n_unlocks; j++)
        assert_true(concept_open(k, s->unlocks[j]));
}

/* ---- frozen ------------------------------------------------------------ */

static bool may_still_be_done(const checker *k, const piq_plan_step *s)
{
    const piq_content *x = &k->in->catalogue->contents[s->content.v];
    if (!is_content(s))
        return !k->in->catalogue->concepts[s->concept.v].retired;
    for (size_t i = 0; i < k->in->wishes.n_skip; i++)
        if (k->in->wishes.skip[i].v == s->content.v)
            return false;
    return !k->done[s->content.v] && x->published && !x->retired &&
           content_open(k, s->content);
}

/* Today is a sub-list of what was frozen, in order; what is not in it may not
 * be done any more. */
static void check_frozen(checker *k)
{
    const piq_path_wishes *w = &k->in->wishes;
    size_t at = 0;
    for (size_t i = 0; i < w->n_frozen; i++) {
        const piq_plan_step *old = &w->frozen[i];
        const piq_plan_step *s = &k->plan->steps[at];
        bool there = at < k->plan->n_steps && s->day == k->in->from_day &&
                     s->kind == old->kind && s->content.v == old->content.v &&
                     (is_content(s) || s->concept.v == old->concept.v);
        assert_true(there || !may_still_be_done(k, old));
        if (there)
            apply(k, s);
        at += there;
    }
    assert_true(at == k->plan->n_steps ||
                k->plan->steps[at].day > k->in->from_day);
}

/* ---- all of it --------------------------------------------------------- */

/* A prerequisite is planned up to a tenth past the bar. */
static bool in_order(const piq_path_input *in, piq_concept_ix concept)
{
    const piq_belief *b = &in->beliefs[concept.v];
    for (size_t i = 0; i < in->n_targets; i++)
        if (in->targets[i].v == concept.v)
            return b->mastery >= PIQ_MASTERED &&
                   b->evidence >= PIQ_MASTERED_EVIDENCE;
    return b->mastery >= PIQ_READY + 0.1;
}

static checker checker_of(const piq_path_input *in, const piq_plan *plan)
{
    const piq_catalogue *c = in->catalogue;
    checker k = {.in = in,
                 .plan = plan,
                 .b = zeroed(c->n_concepts, sizeof *k.b),
                 .done = zeroed(c->n_contents, sizeof *k.done),
                 .claimed = zeroed(c->n_concepts, sizeof *k.claimed)};
    memcpy(k.b, in->beliefs, c->n_concepts * sizeof *k.b);
    for (size_t x = 0; x < c->n_contents; x++)
        k.done[x] = in->history[x].progress == PIQ_COMPLETED;
    for (size_t i = 0; i < in->wishes.n_known; i++)
        k.claimed[in->wishes.known[i].v] = !in_order(in, in->wishes.known[i]);
    return k;
}

static void release(checker *k)
{
    free(k->b);
    free(k->done);
    free(k->claimed);
}

void path_check(const piq_path_input *in, const piq_plan *plan)
{
    checker k = checker_of(in, plan), today = checker_of(in, plan);
    check_days(&k);
    if (in->wishes.freeze_today && !is_off(in, in->from_day) &&
        in->minutes_per_weekday[piq_weekday_of(in->from_day)] > 0)
        check_frozen(&today);
    for (size_t i = 0; i < plan->n_steps; i++)
        check_step(&k, i);
    release(&k);
    release(&today);
}

bool path_open_now(const piq_path_input *in, piq_content_ix content)
{
    checker k = checker_of(in, NULL);
    bool open = content_open(&k, content);
    release(&k);
    return open;
}
