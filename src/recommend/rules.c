/* rules.c - what may be offered at all. */
#include "recommend/rules.h"

#include "base/calendar.h"

bool piq_recommend_due(const piq_recommend_input *in, piq_concept_ix concept)
{
    const piq_belief *b = &in->beliefs[concept.v];
    /* A concept never practised has INT64_MAX here; recall of one practised
     * today is 1, and nothing can be said of it. */
    return b->due_us <= in->now_us + PIQ_US_PER_DAY && b->recall < 1;
}

bool piq_recommend_repeats(const piq_content *content)
{
    switch (content->type) {
    case PIQ_REVIEW:
    case PIQ_ASSESSMENT:
    case PIQ_CHARACTER:
        return true;
    case PIQ_LESSON:
        return content->practice;
    case PIQ_COURSE:
        return false;
    }
    return false;
}

static bool anything_due(const piq_recommend_input *in,
                         const piq_content *content)
{
    for (size_t i = 0; i < content->n_concepts; i++)
        if (piq_recommend_due(in, content->concepts[i].concept))
            return true;
    return false;
}

static bool concept_open(const piq_recommend_input *in, piq_concept_ix concept)
{
    const piq_concept *k = &in->catalogue->concepts[concept.v];
    for (size_t i = 0; i < k->n_prerequisites; i++) {
        size_t p = k->prerequisites[i].v;
        if (in->beliefs[p].mastery < PIQ_READY &&
            !in->catalogue->concepts[p].retired)
            return false;
    }
    return true;
}

static bool content_met(const piq_recommend_input *in, piq_content_ix content)
{
    const piq_content *x = &in->catalogue->contents[content.v];
    if (in->history[content.v].progress == PIQ_COMPLETED || x->retired ||
        !x->published)
        return true;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (in->beliefs[x->concepts[i].concept.v].mastery < PIQ_READY)
            return false;
    return true;
}

static bool contents_met(const piq_recommend_input *in, const piq_content *x)
{
    for (size_t i = 0; i < x->n_prerequisites; i++)
        if (!content_met(in, x->prerequisites[i]))
            return false;
    return true;
}

static bool rests(const piq_recommend_input *in, piq_content_ix content)
{
    int64_t dismissed_s = in->history[content.v].dismissed_s;
    if (dismissed_s == 0)
        return false;
    int64_t since_us = in->now_us - dismissed_s * PIQ_US_PER_SECOND;
    return since_us < PIQ_COOL_DOWN_DAYS * PIQ_US_PER_DAY;
}

/* Everything but what a course is made of. */
static piq_excluded rule_of_one(const piq_recommend_input *in,
                                piq_content_ix content)
{
    const piq_content *x = &in->catalogue->contents[content.v];
    if (x->retired)
        return PIQ_EX_RETIRED;
    if (!x->published)
        return PIQ_EX_UNPUBLISHED;
    if (x->type == PIQ_REVIEW) {
        if (!anything_due(in, x))
            return PIQ_EX_NOTHING_DUE;
    } else if (in->history[content.v].progress == PIQ_COMPLETED &&
               !(piq_recommend_repeats(x) && anything_due(in, x))) {
        return PIQ_EX_COMPLETED;
    }
    if (in->skipped && in->skipped[content.v])
        return PIQ_EX_SKIPPED;
    if (rests(in, content))
        return PIQ_EX_COOL_DOWN;
    if (!contents_met(in, x))
        return PIQ_EX_PREREQUISITE;
    /* A course's concepts open one after the other, through its parts. */
    if (x->type == PIQ_COURSE && x->n_contains > 0)
        return PIQ_CANDIDATE;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (!concept_open(in, x->concepts[i].concept))
            return PIQ_EX_PREREQUISITE;
    return PIQ_CANDIDATE;
}

piq_content_ix piq_recommend_open_part(const piq_recommend_input *in,
                                       const piq_content *course)
{
    for (size_t i = 0; i < course->n_contains; i++) {
        piq_content_ix part = course->contains[i];
        /* Repeating a finished part does not carry the course on. */
        if (in->history[part.v].progress != PIQ_COMPLETED &&
            rule_of_one(in, part) == PIQ_CANDIDATE)
            return part;
    }
    return (piq_content_ix){PIQ_NO_IX32};
}

piq_excluded piq_recommend_rule(const piq_recommend_input *in,
                                piq_content_ix content)
{
    const piq_content *x = &in->catalogue->contents[content.v];
    piq_excluded rule = rule_of_one(in, content);
    if (rule != PIQ_CANDIDATE || x->type != PIQ_COURSE || x->n_contains == 0)
        return rule;
    if (piq_recommend_open_part(in, x).v == PIQ_NO_IX32)
        return PIQ_EX_PREREQUISITE;
    return PIQ_CANDIDATE;
}
