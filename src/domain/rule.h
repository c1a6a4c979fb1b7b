/* rule.h - what the business wants of recommendations: a set of named rules.
 *
 * A document (JSON), stored whole and versioned; the newest is in force.
 *
 *     {"tenants": {"club": [[1000, 1999]]},
 *      "rules": [
 *       {"name": "no-live", "kind": "exclude", "match": {"tags": ["live"]},
 *        "reason": "live play starts in spring"},
 *       {"name": "members", "kind": "exclude", "match": {"tags": ["members"]},
 *        "not_tenant": "club", "reason": "for club members"},
 *       {"name": "spring", "kind": "promote", "match": {"tags": ["spring"]},
 *        "boost": 0.1, "from": "2026-03-01T00:00:00Z", "reason": "spring"}]}
 *
 * Members of every rule: `name` (once in the set, [a-z0-9_.-]), `kind`,
 * `reason` (a learner reads it), `match`; optional `tenant` or `not_tenant`
 * (of which learners it speaks; all), `from`, `until` (from <= now < until).
 * By kind:
 *
 *   exclude    what matches is not shown
 *   include    only what matches is shown; of several, one has to match.
 *              exclude is stronger
 *   pin        `position` (1 is the first): the best candidate that matches
 *              stands there, if there is one
 *   promote    `boost`: added to the score of what matches
 *   cap        `at_most`, `per` slate or day (the last 24 hours)
 *   cool_down  `days`, `after` shown, dismissed or completed: once that
 *              happened to one thing that matches, all that match rest so long
 *   window     `days`: each thing that matches is not shown again so long
 *
 * `match`: `tags`, `types`, `levels` (of the concept that a content is mainly
 * for), `contents`; all that are given have to hold, of each list one entry.
 * {} is everything.
 *
 * A tenant, here, is a group of learners: ranges of ids, both ends in it. It is
 * not the tenant of a credential (access/access.h); docs/GLOSSARY.md says why
 * both have the word. Ids are those of piq_user_id, with that tenant's number
 * in the bits from 40 on.
 */
#ifndef PIQ_DOMAIN_RULE_H
#define PIQ_DOMAIN_RULE_H

#include "base/arena.h"
#include "base/json_writer.h"
#include "domain/catalogue.h"

#include <jansson.h>

typedef enum piq_rule_kind {
    PIQ_RULE_EXCLUDE,
    PIQ_RULE_INCLUDE,
    PIQ_RULE_PIN,
    PIQ_RULE_PROMOTE,
    PIQ_RULE_CAP,
    PIQ_RULE_COOL_DOWN,
    PIQ_RULE_WINDOW
} piq_rule_kind;
enum { PIQ_N_RULE_KINDS = 7 };

typedef enum piq_rule_per { PIQ_PER_SLATE, PIQ_PER_DAY } piq_rule_per;
typedef enum piq_rule_after {
    PIQ_AFTER_SHOWN,
    PIQ_AFTER_DISMISSED,
    PIQ_AFTER_COMPLETED
} piq_rule_after;

enum {
    PIQ_MAX_RULES = 256,
    PIQ_MAX_TENANTS = 256,
    PIQ_MAX_TENANT_RANGES = 1024,
    PIQ_MAX_MATCH_LIST = 1000, /* tags or contents of one rule */
    PIQ_MAX_RULE_POSITION = 50,
    PIQ_MAX_RULE_DAYS = 366
};
#define PIQ_MAX_RULE_BOOST 1.0

typedef struct piq_match {
    const piq_str *tags;
    size_t n_tags; /* 0: any; the same for the others */
    const piq_content_id *contents;
    size_t n_contents;
    uint8_t types;  /* bit 1 << piq_content_type; 0: any */
    uint8_t levels; /* bit 1 << piq_level; 0: any */
} piq_match;

typedef struct piq_rule {
    piq_str name;
    piq_str reason;
    piq_rule_kind kind;
    piq_match match;
    int tenant;           /* position in the set's tenants; -1: of everybody */
    bool not_tenant;      /* of everybody but those */
    int64_t from_us;      /* INT64_MIN: always */
    int64_t until_us;     /* INT64_MAX: for ever */
    unsigned position;    /* PIN: 1 .. PIQ_MAX_RULE_POSITION */
    double boost;         /* PROMOTE: (0, PIQ_MAX_RULE_BOOST] */
    unsigned at_most;     /* CAP: 0 .. PIQ_MAX_RULE_POSITION */
    piq_rule_per per;     /* CAP */
    piq_rule_after after; /* COOL_DOWN */
    double days;          /* COOL_DOWN, WINDOW: (0, PIQ_MAX_RULE_DAYS] */
} piq_rule;

typedef struct piq_user_range {
    piq_user_id first, last; /* both in it */
} piq_user_range;

typedef struct piq_tenant {
    piq_str name;
    const piq_user_range *ranges;
    size_t n_ranges;
} piq_tenant;

typedef struct piq_rule_set {
    uint32_t version; /* given by the store, 1, 2, ..; 0 before that */
    int64_t made_us;  /* when it was stored */
    const piq_tenant *tenants;
    size_t n_tenants;
    const piq_rule *rules; /* in the document's order */
    size_t n_rules;
} piq_rule_set;

const char *piq_rule_kind_name(piq_rule_kind k); /* "cool_down" */
bool piq_rule_kind_of(piq_str s, piq_rule_kind *out);

/* JSON -> set, in `a`; copies. Refuses unknown members and values out of
 * range, and names the JSON pointer of what is wrong. Contents that `c` (may be
 * NULL) does not know are refused; tags nobody has are taken. PIQ_EINVAL,
 * PIQ_ENOMEM. On failure *out is untouched. */
PIQ_MUST_USE piq_status piq_rule_set_read(piq_arena *a, const json_t *json,
                                          const piq_catalogue *c,
                                          piq_rule_set *out, piq_err *err);

/* {"tenants":..,"rules":..}: the stored form. Reading it back gives the same
 * set. */
void piq_rule_set_write(const piq_rule_set *s, piq_json_writer *w);

/* Whether the rule speaks of this learner now. */
bool piq_rule_applies(const piq_rule_set *s, const piq_rule *r,
                      piq_user_id user, int64_t now_us);
/* Whether the rule speaks of this content. Its level is that of the concept
 * that it is mainly for: the heaviest, of equal ones the first. */
bool piq_rule_matches(const piq_rule *r, const piq_catalogue *c,
                      piq_content_ix content);

#endif
