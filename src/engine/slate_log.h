/* slate_log.h - what is logged of a slate beside its row: what it was made
 * from, who could have been shown, and with which chance. Private to engine/,
 * but for the reading, which evaluation needs.
 *
 * All that a slate depends on is the learner's events (the row says how many),
 * stored models (their versions are here) and this: so a slate can be made
 * again, and its log be compared byte for byte.
 *
 * Little-endian. Format 2:
 *
 *     u8 2; varints n_events, calibration, model, policy, taste, rules,
 *         n_terms
 *     u8 explores; f64 gamma, delta, floor, diversity; u64 seed
 *     varint n; each: varint content id                  the plan's next
 *     varint n; each: varint content id, f32 score       candidates
 *     varint slot, n; each: varint content id, f64 value, f64 chance,
 *         f32 term[n_terms]                              of the explored place
 *     varint n; each: varint content id, u8 cause, f64 propensity, f64 score,
 *         f32 term[n_terms]                              shown, in order
 *
 * Format 1, of slates before anything was left to chance: u8 1; varint n, each:
 * varint content id, f32 score, f32 term[8]; varint n shown, each: varint
 * content id, f64 propensity.
 */
#ifndef PIQ_ENGINE_SLATE_LOG_H
#define PIQ_ENGINE_SLATE_LOG_H

#include "base/buf.h"
#include "recommend/recommend.h"

/* What a slate was made from. */
typedef struct piq_slate_origin {
    uint32_t n_events;    /* of the learner's state, first by seq */
    uint32_t calibration; /* versions of what judged and weighed; 0: none */
    uint32_t model, policy, taste, rules;
    bool explores;
    piq_explore_rule explore;
    double diversity;
    uint64_t seed;
    const piq_content_id *plan; /* next on the learner's plan */
    size_t n_plan;
} piq_slate_origin;

typedef struct piq_logged_candidate {
    piq_content_id content;
    float score;
} piq_logged_candidate;

typedef struct piq_logged_choice {
    piq_content_id content;
    piq_cause cause;
    double value;  /* explored: at its place; shown: its score */
    double chance; /* of standing there */
    float terms[PIQ_N_TERMS];
} piq_logged_choice;

typedef struct piq_slate_log {
    unsigned format;
    piq_slate_origin origin; /* format 1: all 0 */
    piq_logged_candidate *candidates;
    size_t n_candidates;
    size_t slot; /* explored; n_shown: none */
    piq_logged_choice *explored;
    size_t n_explored;
    piq_logged_choice *shown; /* in order of places */
    size_t n_shown;
} piq_slate_log;

void piq_slate_log_write(const piq_slate_origin *o, const piq_slate *s,
                         const piq_catalogue *c, piq_buf *out);
/* Into `a`. Terms that are younger than the row are 0. PIQ_ECORRUPT,
 * PIQ_ENOMEM. */
PIQ_MUST_USE piq_status piq_slate_log_read(piq_arena *a, piq_str bytes,
                                           piq_slate_log *out);

#endif
