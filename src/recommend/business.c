/* business.c - rules compiled to bitsets, and looked up with them. */
#include "recommend/business.h"

#include "base/calendar.h"

#define NO_LIMIT UINT16_MAX

/* ---- compiled ---------------------------------------------------------- */

static int64_t span_us(double days)
{
    return (int64_t)(days * (double)PIQ_US_PER_DAY);
}

/* How far back a rule looks at what was shown. */
static int64_t memory_of(const piq_rule *r)
{
    switch (r->kind) {
    case PIQ_RULE_CAP:
        return r->per == PIQ_PER_DAY ? PIQ_US_PER_DAY : 0;
    case PIQ_RULE_COOL_DOWN:
        return r->after == PIQ_AFTER_SHOWN ? span_us(r->days) : 0;
    case PIQ_RULE_WINDOW:
        return span_us(r->days);
    case PIQ_RULE_EXCLUDE:
    case PIQ_RULE_INCLUDE:
    case PIQ_RULE_PIN:
    case PIQ_RULE_PROMOTE:
        break;
    }
    return 0;
}

static const uint64_t *bits_of(const piq_business *b, size_t rule)
{
    return b->matches + rule * b->n_words;
}

static bool has_bit(const uint64_t *bits, uint32_t at)
{
    return bits[at / 64] >> (at % 64) & 1;
}

static void set_bit(uint64_t *bits, uint32_t at)
{
    bits[at / 64] |= UINT64_C(1) << (at % 64);
}

piq_status piq_business_compile(piq_arena *a, const piq_rule_set *set,
                                const piq_catalogue *c, piq_business **out)
{
    piq_business *b = piq_new(a, piq_business, 1);
    size_t n_words = (c->n_contents + 63) / 64;
    uint64_t *bits = piq_new(a, uint64_t, set->n_rules * n_words);
    if (!b || !bits)
        return PIQ_ENOMEM;
    *b = (piq_business){
        .set = set, .catalogue = c, .n_words = n_words, .matches = bits};
    for (size_t i = 0; i < set->n_rules; i++) {
        const piq_rule *r = &set->rules[i];
        int64_t memory_us = memory_of(r);
        if (memory_us > b->memory_us)
            b->memory_us = memory_us;
        for (uint32_t k = 0; k < c->n_contents; k++)
            if (piq_rule_matches(r, c, (piq_content_ix){k}))
                set_bit(bits + i * n_words, k);
    }
    *out = b;
    return PIQ_OK;
}

size_t piq_business_n_matches(const piq_business *b, size_t rule)
{
    const piq_catalogue *c = b->catalogue;
    size_t n = 0;
    for (uint32_t k = 0; k < c->n_contents; k++)
        n += has_bit(bits_of(b, rule), k) && c->contents[k].published &&
             !c->contents[k].retired;
    return n;
}

/* ---- looking ----------------------------------------------------------- */

static void add_all(uint64_t *to, const uint64_t *bits, size_t n_words)
{
    for (size_t i = 0; i < n_words; i++)
        to[i] |= bits[i];
}

/* The rule matches what was shown as the i-th, at or after `since_us`. */
static bool was_shown(const piq_business_view *v, size_t rule, size_t i,
                      int64_t since_us)
{
    uint32_t at = v->shown_at[i].v;
    return v->question.shown[i].at_us >= since_us && at != PIQ_NO_IX32 &&
           has_bit(bits_of(v->rules, rule), at);
}

/* When a learner last did that with a content; 0: never. */
static int64_t happened(const piq_content_history *h, piq_rule_after after)
{
    if (after == PIQ_AFTER_DISMISSED)
        return h->dismissed_s * PIQ_US_PER_SECOND;
    return h->progress == PIQ_COMPLETED ? h->last_s * PIQ_US_PER_SECOND : 0;
}

/* When it last happened to one thing that the rule matches; INT64_MIN: never,
 * or longer ago than the rule looks back. */
static int64_t last_of(const piq_business_view *v, size_t rule)
{
    const piq_business *b = v->rules;
    const piq_rule *r = &b->set->rules[rule];
    const piq_business_question *q = &v->question;
    int64_t since_us = q->now_us - span_us(r->days), last_us = INT64_MIN;
    if (r->after == PIQ_AFTER_SHOWN) {
        for (size_t i = 0; i < q->n_shown; i++)
            if (q->shown[i].at_us > last_us &&
                was_shown(v, rule, i, since_us + 1))
                last_us = q->shown[i].at_us;
        return last_us;
    }
    for (uint32_t k = 0; k < b->catalogue->n_contents; k++) {
        int64_t at_us = happened(&q->history[k], r->after);
        if (at_us > since_us && at_us > last_us && has_bit(bits_of(b, rule), k))
            last_us = at_us;
    }
    return last_us;
}

/* When the content was last shown within the rule's window; INT64_MIN: not. */
static int64_t last_shown(const piq_business_view *v, size_t rule,
                          piq_content_ix content)
{
    const piq_business_question *q = &v->question;
    int64_t since_us = q->now_us - span_us(v->rules->set->rules[rule].days) + 1;
    int64_t last_us = INT64_MIN;
    for (size_t i = 0; i < q->n_shown; i++)
        if (q->shown[i].at_us > last_us && was_shown(v, rule, i, since_us) &&
            v->shown_at[i].v == content.v)
            last_us = q->shown[i].at_us;
    return last_us;
}

/* Of a cap a day: how many more; *oldest_us: when the next place comes free is
 * a day after that. */
static uint16_t room_today(const piq_business_view *v, size_t rule,
                           int64_t *oldest_us)
{
    const piq_rule *r = &v->rules->set->rules[rule];
    const piq_business_question *q = &v->question;
    int64_t since_us = q->now_us - PIQ_US_PER_DAY + 1;
    size_t n = 0;
    *oldest_us = INT64_MAX;
    for (size_t i = 0; i < q->n_shown; i++)
        if (was_shown(v, rule, i, since_us)) {
            n++;
            if (q->shown[i].at_us < *oldest_us)
                *oldest_us = q->shown[i].at_us;
        }
    return n >= r->at_most ? 0 : (uint16_t)(r->at_most - n);
}

static void exclude_shown(const piq_business_view *v, size_t rule,
                          uint64_t *excluded)
{
    const piq_business_question *q = &v->question;
    int64_t since_us = q->now_us - span_us(v->rules->set->rules[rule].days) + 1;
    for (size_t i = 0; i < q->n_shown; i++)
        if (was_shown(v, rule, i, since_us))
            set_bit(excluded, v->shown_at[i].v);
}

static void look_at_cap(piq_business_view *v, size_t i, uint16_t *room,
                        uint64_t *excluded)
{
    const piq_rule *r = &v->rules->set->rules[i];
    int64_t oldest_us;
    room[i] = r->per == PIQ_PER_DAY ? room_today(v, i, &oldest_us)
                                    : (uint16_t)r->at_most;
    v->has_caps = true;
    if (room[i] == 0)
        add_all(excluded, bits_of(v->rules, i), v->rules->n_words);
}

typedef struct marks {
    uint64_t *excluded, *promoted, *included;
    bool any_include;
    uint16_t *room;
} marks;

static void look_at(piq_business_view *v, size_t i, marks *m)
{
    const piq_business *b = v->rules;
    const uint64_t *bits = bits_of(b, i);
    switch (b->set->rules[i].kind) {
    case PIQ_RULE_EXCLUDE:
        add_all(m->excluded, bits, b->n_words);
        break;
    case PIQ_RULE_INCLUDE:
        add_all(m->included, bits, b->n_words);
        m->any_include = true;
        break;
    case PIQ_RULE_PIN:
        v->has_pins = true;
        break;
    case PIQ_RULE_PROMOTE:
        add_all(m->promoted, bits, b->n_words);
        break;
    case PIQ_RULE_CAP:
        look_at_cap(v, i, m->room, m->excluded);
        break;
    case PIQ_RULE_COOL_DOWN:
        if (last_of(v, i) != INT64_MIN)
            add_all(m->excluded, bits, b->n_words);
        break;
    case PIQ_RULE_WINDOW:
        exclude_shown(v, i, m->excluded);
        break;
    }
}

/* NULL: no memory. */
static const piq_content_ix *find_shown(piq_arena *a, const piq_catalogue *c,
                                        const piq_business_question *q)
{
    piq_content_ix *at = piq_new(a, piq_content_ix, q->n_shown);
    for (size_t i = 0; at && i < q->n_shown; i++)
        if (!piq_catalogue_find_content(c, q->shown[i].content, &at[i]))
            at[i].v = PIQ_NO_IX32;
    return at;
}

piq_status piq_business_look(piq_arena *a, const piq_business *b,
                             const piq_business_question *q,
                             piq_business_view *out)
{
    size_t n = b->set->n_rules;
    marks m = {.excluded = piq_new(a, uint64_t, b->n_words),
               .promoted = piq_new(a, uint64_t, b->n_words),
               .included = piq_new(a, uint64_t, b->n_words),
               .room = piq_new(a, uint16_t, n)};
    bool *applies = piq_new(a, bool, n);
    const piq_content_ix *shown_at = find_shown(a, b->catalogue, q);
    if (!m.excluded || !m.promoted || !m.included || !m.room || !applies ||
        !shown_at)
        return PIQ_ENOMEM;
    piq_business_view v = {.rules = b,
                           .question = *q,
                           .excluded = m.excluded,
                           .promoted = m.promoted,
                           .applies = applies,
                           .room = m.room,
                           .shown_at = shown_at};
    for (size_t i = 0; i < n; i++) {
        m.room[i] = NO_LIMIT;
        applies[i] =
            piq_rule_applies(b->set, &b->set->rules[i], q->user, q->now_us);
        if (applies[i])
            look_at(&v, i, &m);
    }
    for (size_t i = 0; m.any_include && i < b->n_words; i++)
        m.excluded[i] |= ~m.included[i];
    *out = v;
    return PIQ_OK;
}

/* ---- of one content ---------------------------------------------------- */

/* Whether this rule alone keeps the content out; *until_us as of
 * piq_business_why. What no include rule matches is no rule's alone. */
static bool keeps_out(const piq_business_view *v, size_t i, piq_content_ix x,
                      int64_t *until_us)
{
    const piq_rule *r = &v->rules->set->rules[i];
    int64_t at_us = INT64_MIN, span = span_us(r->days);
    if (!v->applies[i] || !has_bit(bits_of(v->rules, i), x.v))
        return false;
    *until_us = r->until_us;
    switch (r->kind) {
    case PIQ_RULE_EXCLUDE:
        return true;
    case PIQ_RULE_INCLUDE:
    case PIQ_RULE_PIN:
    case PIQ_RULE_PROMOTE:
        return false;
    case PIQ_RULE_CAP:
        if (v->room[i] > 0)
            return false;
        if (r->per == PIQ_PER_SLATE || r->at_most == 0)
            return true;
        room_today(v, i, &at_us);
        span = PIQ_US_PER_DAY;
        break;
    case PIQ_RULE_COOL_DOWN:
        at_us = last_of(v, i);
        break;
    case PIQ_RULE_WINDOW:
        at_us = last_shown(v, i, x);
        break;
    }
    if (at_us == INT64_MIN)
        return false;
    if (at_us + span < *until_us)
        *until_us = at_us + span;
    return true;
}

static const piq_rule *first_include(const piq_business_view *v)
{
    for (size_t i = 0; i < v->rules->set->n_rules; i++)
        if (v->applies[i] && v->rules->set->rules[i].kind == PIQ_RULE_INCLUDE)
            return &v->rules->set->rules[i];
    return NULL;
}

const piq_rule *piq_business_why(const piq_business_view *v, piq_content_ix x,
                                 int64_t *until_us)
{
    if (!piq_business_excluded(v, x))
        return NULL;
    for (size_t i = 0; i < v->rules->set->n_rules; i++)
        if (keeps_out(v, i, x, until_us))
            return &v->rules->set->rules[i];
    const piq_rule *r = first_include(v);
    PIQ_ASSERT(r != NULL);
    *until_us = r->until_us;
    return r;
}

double piq_business_boost(const piq_business_view *v, piq_content_ix x,
                          const piq_rule **by)
{
    double sum = 0;
    const piq_rule *greatest = NULL;
    if (v && has_bit(v->promoted, x.v))
        for (size_t i = 0; i < v->rules->set->n_rules; i++) {
            const piq_rule *r = &v->rules->set->rules[i];
            if (r->kind != PIQ_RULE_PROMOTE || !v->applies[i] ||
                !has_bit(bits_of(v->rules, i), x.v))
                continue;
            sum += r->boost;
            if (!greatest || r->boost > greatest->boost)
                greatest = r;
        }
    if (by)
        *by = greatest;
    return sum;
}

/* ---- of a slate -------------------------------------------------------- */

static bool pins(const piq_business_view *v, size_t i, size_t slot)
{
    const piq_rule *r = &v->rules->set->rules[i];
    return v->applies[i] && r->kind == PIQ_RULE_PIN && r->position == slot + 1;
}

bool piq_business_pinned_slot(const piq_business_view *v, size_t slot)
{
    if (v && v->has_pins)
        for (size_t i = 0; i < v->rules->set->n_rules; i++)
            if (pins(v, i, slot))
                return true;
    return false;
}

const piq_rule *piq_business_pin(const piq_business_view *v, size_t slot,
                                 piq_content_ix x)
{
    if (v && v->has_pins)
        for (size_t i = 0; i < v->rules->set->n_rules; i++)
            if (pins(v, i, slot) && has_bit(bits_of(v->rules, i), x.v))
                return &v->rules->set->rules[i];
    return NULL;
}

const piq_rule *piq_business_full(const piq_business_view *v,
                                  const piq_content_ix *chosen, size_t n,
                                  piq_content_ix x)
{
    if (!v || !v->has_caps)
        return NULL;
    for (size_t i = 0; i < v->rules->set->n_rules; i++) {
        const uint64_t *bits = bits_of(v->rules, i);
        size_t have = 0;
        if (v->room[i] == NO_LIMIT || !has_bit(bits, x.v))
            continue;
        for (size_t k = 0; k < n; k++)
            have += has_bit(bits, chosen[k].v);
        if (have >= v->room[i])
            return &v->rules->set->rules[i];
    }
    return NULL;
}
