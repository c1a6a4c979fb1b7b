/* rule.c - of whom and of what a rule speaks. */
#include "domain/rule.h"

static const char *const kinds[PIQ_N_RULE_KINDS] = {
    [PIQ_RULE_EXCLUDE] = "exclude", [PIQ_RULE_INCLUDE] = "include",
    [PIQ_RULE_PIN] = "pin",         [PIQ_RULE_PROMOTE] = "promote",
    [PIQ_RULE_CAP] = "cap",         [PIQ_RULE_COOL_DOWN] = "cool_down",
    [PIQ_RULE_WINDOW] = "window",
};

const char *piq_rule_kind_name(piq_rule_kind k)
{
    return kinds[k];
}

bool piq_rule_kind_of(piq_str s, piq_rule_kind *out)
{
    for (int k = 0; k < PIQ_N_RULE_KINDS; k++)
        if (piq_str_eq(s, piq_str_of(kinds[k]))) {
            *out = (piq_rule_kind)k;
            return true;
        }
    return false;
}

static bool tenant_has(const piq_tenant *t, piq_user_id user)
{
    for (size_t i = 0; i < t->n_ranges; i++)
        if (user.v >= t->ranges[i].first.v && user.v <= t->ranges[i].last.v)
            return true;
    return false;
}

bool piq_rule_applies(const piq_rule_set *s, const piq_rule *r,
                      piq_user_id user, int64_t now_us)
{
    if (now_us < r->from_us || now_us >= r->until_us)
        return false;
    return r->tenant < 0 ||
           tenant_has(&s->tenants[r->tenant], user) != r->not_tenant;
}

static piq_level level_of(const piq_catalogue *c, piq_content_ix content)
{
    const piq_content *x = &c->contents[content.v];
    piq_level level = PIQ_BEGINNER;
    double most = 0;
    for (size_t i = 0; i < x->n_concepts; i++)
        if (x->concepts[i].weight > most) {
            most = x->concepts[i].weight;
            level = c->concepts[x->concepts[i].concept.v].level;
        }
    return level;
}

static bool has_tag(const piq_content *x, piq_str tag)
{
    for (size_t i = 0; i < x->n_tags; i++)
        if (piq_str_eq(x->tags[i], tag))
            return true;
    return false;
}

static bool any_tag(const piq_match *m, const piq_content *x)
{
    for (size_t i = 0; i < m->n_tags; i++)
        if (has_tag(x, m->tags[i]))
            return true;
    return m->n_tags == 0;
}

static bool any_content(const piq_match *m, const piq_content *x)
{
    for (size_t i = 0; i < m->n_contents; i++)
        if (m->contents[i].v == x->id.v)
            return true;
    return m->n_contents == 0;
}

bool piq_rule_matches(const piq_rule *r, const piq_catalogue *c,
                      piq_content_ix content)
{
    const piq_match *m = &r->match;
    const piq_content *x = &c->contents[content.v];
    if (m->types && !(m->types >> x->type & 1))
        return false;
    if (m->levels && !(m->levels >> level_of(c, content) & 1))
        return false;
    return any_content(m, x) && any_tag(m, x);
}
