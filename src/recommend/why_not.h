/* why_not.h - why a content is not in a slate: the rule that keeps it out, or
 * the terms on which it lost.
 *
 * Pure. What a result points to is borrowed from input and slate, or lives in
 * the arena that is given.
 */
#ifndef PIQ_RECOMMEND_WHY_NOT_H
#define PIQ_RECOMMEND_WHY_NOT_H

#include "base/json_writer.h"
#include "recommend/recommend.h"

typedef enum piq_why_not_verdict {
    PIQ_WHY_SHOWN,     /* it is in the slate */
    PIQ_WHY_HARD_RULE, /* `hard` says which */
    PIQ_WHY_RULE,      /* of the business: `rule` */
    PIQ_WHY_CAP,       /* a cap of the business: the slate has its fill */
    PIQ_WHY_PIN,       /* the last place is pinned for another */
    PIQ_WHY_CHANCE,    /* the last place went to a worse one by chance */
    PIQ_WHY_QUOTA,     /* scores more, but too many of its type or concept */
    PIQ_WHY_OUTRANKED  /* scores less than the last of the slate */
} piq_why_not_verdict;

/* A condition that is not met: a concept to be known better, of a content to
 * be completed (PIQ_NO_IX32: the concept is asked for by itself). */
typedef struct piq_missing {
    piq_concept_ix concept;
    piq_content_ix content;
    double mastery; /* of the concept, now */
    double needed;
} piq_missing;
enum { PIQ_MAX_MISSING = 8 };

/* One term of this content and of the last of the slate. */
typedef struct piq_term_duel {
    piq_term term;
    double value, other_value; /* the features */
    double difference;         /* weighted: this one's less the other's */
} piq_term_duel;

typedef struct piq_why_not {
    piq_content_ix content;
    piq_why_not_verdict verdict;
    piq_excluded hard;
    piq_missing missing[PIQ_MAX_MISSING]; /* least mastered first */
    size_t n_missing;
    int64_t until_us; /* until when it is kept out; INT64_MAX: no end known */
    const piq_rule *rule; /* NULL: none */
    size_t position;      /* SHOWN: from 1 */
    /* Of a candidate, else 0 and NULL. */
    size_t rank; /* from 1, by score before variety */
    size_t n_candidates;
    piq_content_ix against; /* last of the slate; PIQ_NO_IX32: none */
    double score;           /* this one's, in the place of the other */
    double other_score;
    piq_term_duel terms[PIQ_N_TERMS]; /* sum of differences = score -
                                         other_score, to 1e-6 */
} piq_why_not;

/* `slate` is what piq_recommend made of the same input and request. */
void piq_recommend_why_not(const piq_recommend_input *in,
                           const piq_recommend_request *req,
                           const piq_slate *slate, piq_content_ix content,
                           piq_why_not *out);

/* The members of an object that the caller has opened; among them a sentence.
 */
void piq_why_not_write(const piq_why_not *w, const piq_recommend_input *in,
                       piq_json_writer *to);

#endif
