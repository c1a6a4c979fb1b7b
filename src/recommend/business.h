/* business.h - rules (domain/rule.h) at work on one slate.
 *
 * A rule set is compiled against a catalogue once: a bitset over the contents
 * for each rule. For each slate `look` says which rules speak of this learner
 * now and ors their bitsets: 64 contents a step. Who asks why a content was
 * left out pays for the answer only then.
 *
 * How a slate uses a view, in this order:
 *   1. candidates: not piq_business_excluded;
 *   2. score: + piq_business_boost (0 where nothing promotes it);
 *   3. place `slot`: if piq_business_pinned_slot(v, slot), the best-scored
 *      candidate with piq_business_pin(v, slot, it), when there is one; it has
 *      propensity 1 and is no exploration;
 *   4. whatever joins a slate: piq_business_full(..) is NULL. Caps hold for
 *      pins too, and are never given up to fill a slate.
 * The version for the slate's log: view->rules->set->version.
 *
 * Pure; time is an argument. Compiled rules may be shared by any threads, a
 * view belongs to one.
 */
#ifndef PIQ_RECOMMEND_BUSINESS_H
#define PIQ_RECOMMEND_BUSINESS_H

#include "base/arena.h"
#include "domain/catalogue.h"
#include "domain/history.h"
#include "domain/rule.h"

typedef struct piq_business {
    const piq_rule_set *set;
    const piq_catalogue *catalogue;
    size_t n_words;          /* of a bitset: (n_contents + 63) / 64 */
    const uint64_t *matches; /* [n_rules][n_words] */
    int64_t memory_us;       /* how far back `shown` has to go; 0: not needed */
} piq_business;

/* What a slate is asked for. */
typedef struct piq_business_question {
    piq_user_id user;
    int64_t now_us;
    const piq_content_history *history; /* [n_contents] */
    const piq_shown *shown;             /* [n_shown], any order; since
                                           now_us - memory_us at least */
    size_t n_shown;
} piq_business_question;

typedef struct piq_business_view {
    const piq_business *rules;
    piq_business_question question;
    const uint64_t *excluded; /* [n_words] */
    const uint64_t *promoted; /* [n_words] */
    const bool *applies;      /* [n_rules] */
    const uint16_t *room; /* [n_rules] CAP: that so many may join this slate */
    const piq_content_ix *shown_at; /* [n_shown] PIQ_NO_IX32: not there now */
    bool has_caps, has_pins;
} piq_business_view;

/* Lives in `a`, with set and catalogue borrowed. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_business_compile(piq_arena *a,
                                             const piq_rule_set *set,
                                             const piq_catalogue *c,
                                             piq_business **out);
/* How many contents that are offered (published, not retired) a rule matches.
 */
size_t piq_business_n_matches(const piq_business *b, size_t rule);

/* Lives in `a`; what the question points to is borrowed. PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_business_look(piq_arena *a, const piq_business *b,
                                          const piq_business_question *q,
                                          piq_business_view *out);

/* ---- of one content; `v` may be NULL: no rules ------------------------ */

static inline bool piq_business_excluded(const piq_business_view *v,
                                         piq_content_ix x)
{
    return v && (v->excluded[x.v / 64] >> (x.v % 64) & 1);
}

/* Why not: the first rule of the document that excludes it, and until when it
 * does (INT64_MAX: no end known). NULL: none does. */
const piq_rule *piq_business_why(const piq_business_view *v, piq_content_ix x,
                                 int64_t *until_us);

/* Sum of the boosts; *by (may be NULL): the rule with the greatest, NULL when
 * none. */
double piq_business_boost(const piq_business_view *v, piq_content_ix x,
                          const piq_rule **by);

/* ---- of a slate ------------------------------------------------------- */

/* Whether any rule pins something at `slot` (from 0). */
bool piq_business_pinned_slot(const piq_business_view *v, size_t slot);
/* The rule that pins this content at this slot; NULL: none. */
const piq_rule *piq_business_pin(const piq_business_view *v, size_t slot,
                                 piq_content_ix x);
/* The cap that keeps the content out of a slate that has chosen[n] already;
 * NULL: it may join. */
const piq_rule *piq_business_full(const piq_business_view *v,
                                  const piq_content_ix *chosen, size_t n,
                                  piq_content_ix x);

#endif
