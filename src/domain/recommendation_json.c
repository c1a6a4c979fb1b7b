/* recommendation_json.c - a recommendation as JSON.
 *
 * Written on every recommendation reply, so kept short: about 1 KiB. The
 * contributions have eight decimals, so that what is read adds up to the score
 * to 1e-6.
 */
#include "domain/recommendation.h"

enum { SUM_DECIMALS = 8, SHOWN_DECIMALS = 4, SCORE_DECIMALS = 2 };

static const char *const term_names[PIQ_N_TERMS] = {
    [PIQ_TERM_LEARNING_GAIN] = "learning_gain",
    [PIQ_TERM_RECALL_AT_RISK] = "recall_at_risk",
    [PIQ_TERM_DIFFICULTY_FIT] = "difficulty_fit",
    [PIQ_TERM_FORMAT_PREFERENCE] = "format_preference",
    [PIQ_TERM_CHARACTER_AFFINITY] = "character_affinity",
    [PIQ_TERM_NOVELTY] = "novelty",
    [PIQ_TERM_SESSION_FIT] = "session_fit",
    [PIQ_TERM_DIVERSITY] = "diversity",
    [PIQ_TERM_TASTE] = "taste",
    [PIQ_TERM_POPULARITY] = "popularity",
    [PIQ_TERM_GOAL_MATCH] = "goal_match",
    [PIQ_TERM_PATH_POSITION] = "path_position",
    [PIQ_TERM_TIME_OF_DAY] = "time_of_day",
    [PIQ_TERM_FRESHNESS] = "freshness",
    [PIQ_TERM_STREAK] = "streak",
    [PIQ_TERM_CARRY_ON] = "carry_on",
    [PIQ_TERM_THREAD] = "thread",
    [PIQ_TERM_TYPE_AFFINITY] = "type_affinity",
    [PIQ_TERM_BREVITY] = "brevity",
    [PIQ_TERM_PRACTICE] = "practice",
    [PIQ_TERM_TYPE] = "type",
    [PIQ_TERM_PROMOTION] = "promotion",
};

static const char *const cause_names[] = {
    [PIQ_CAUSE_SCORE] = "score",
    [PIQ_CAUSE_EXPLORATION] = "exploration",
    [PIQ_CAUSE_PIN] = "pin",
};

const char *piq_term_name(piq_term t)
{
    PIQ_ASSERT((unsigned)t < PIQ_N_TERMS);
    return term_names[t];
}

const char *piq_cause_name(piq_cause c)
{
    PIQ_ASSERT((unsigned)c <= PIQ_CAUSE_PIN);
    return cause_names[c];
}

/* Before anything was learned most terms weigh nothing. */
static bool says_nothing(const piq_contribution *x)
{
    return (x->weight == 0 || x->term == PIQ_TERM_PROMOTION) &&
           x->contribution == 0;
}

static void put_because(piq_json_writer *w, const piq_recommendation *r,
                        const piq_catalogue *c)
{
    piq_json_key(w, "because");
    piq_json_array(w);
    for (size_t i = 0; i < r->n_because; i++) {
        const piq_taste_reason *x = &r->because[i];
        piq_json_object(w);
        piq_json_put_int(w, "content_id", c->contents[x->content.v].id.v);
        piq_json_put_fixed(w, "contribution", x->contribution, SUM_DECIMALS);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

static void put_concept(piq_json_writer *w, const char *key,
                        const piq_catalogue *c, piq_concept_ix concept)
{
    if (concept.v == PIQ_NO_IX16)
        piq_json_put_z(w, key, NULL);
    else
        piq_json_put_str(w, key, c->concepts[concept.v].id);
}

void piq_recommendation_write_reasoning(const piq_recommendation *r,
                                        const piq_catalogue *c,
                                        piq_json_writer *w)
{
    piq_json_object(w);
    piq_json_put_fixed(w, "score", r->score, SUM_DECIMALS);
    piq_json_put_fixed(w, "baseline", r->baseline, SUM_DECIMALS);
    piq_json_key(w, "contributions");
    piq_json_array(w);
    for (int t = 0; t < PIQ_N_TERMS; t++) {
        const piq_contribution *x = &r->terms[t];
        if (says_nothing(x))
            continue;
        piq_json_object(w);
        piq_json_put_z(w, "term", piq_term_name(x->term));
        piq_json_put_fixed(w, "value", x->value, SHOWN_DECIMALS);
        piq_json_put_fixed(w, "weight", x->weight, SHOWN_DECIMALS);
        piq_json_put_fixed(w, "contribution", x->contribution, SUM_DECIMALS);
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_put_z(w, "sentence", r->reason);
    put_concept(w, "concept", c, r->concept);
    piq_json_put_z(w, "cause", piq_cause_name(r->cause));
    piq_json_put_z(w, "rule", r->rule);
    put_because(w, r, c);
    piq_json_object_end(w);
}

static void put_character(piq_json_writer *w, const piq_catalogue *c,
                          piq_character_ix character)
{
    if (character.v == PIQ_NO_IX16)
        piq_json_put_z(w, "character", NULL);
    else
        piq_json_put_str(w, "character", c->characters[character.v].id);
}

void piq_recommendation_write(const piq_recommendation *r,
                              const piq_catalogue *c, piq_json_writer *w)
{
    const piq_content *x = &c->contents[r->content.v];
    piq_json_object(w);
    piq_json_put_int(w, "id", r->id);
    piq_json_put_z(w, "content_type", piq_content_type_name(x->type));
    piq_json_put_int(w, "content_id", x->id.v);
    piq_json_put_str(w, "title", x->title);
    piq_json_put_fixed(w, "minutes", x->minutes, 1);
    piq_json_put_fixed(w, "difficulty", x->difficulty, 2);
    piq_json_put_z(w, "modality", piq_modality_name(x->modality));
    put_character(w, c, x->character);
    put_concept(w, "concept", c, r->concept);
    piq_json_put_fixed(w, "recommendation_score", r->score, SCORE_DECIMALS);
    piq_json_put_fixed(w, "propensity", r->propensity, SHOWN_DECIMALS);
    piq_json_put_fixed(w, "predicted_success", r->success, SHOWN_DECIMALS);
    piq_json_key(w, "reasoning");
    piq_recommendation_write_reasoning(r, c, w);
    piq_json_put_time(w, "recommended_at", r->recommended_us);
    piq_json_put_z(w, "user_action",
                   r->user_action == PIQ_ACTION_NONE
                       ? NULL
                       : piq_user_action_name(r->user_action));
    piq_json_key(w, "feedback_score");
    if (r->feedback_score == 0)
        piq_json_null(w);
    else
        piq_json_int(w, r->feedback_score);
    piq_json_object_end(w);
}
