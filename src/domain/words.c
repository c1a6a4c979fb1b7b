#include "domain/words.h"

#include "base/status.h"

static const char *const levels[PIQ_N_LEVELS] = {"beginner", "intermediate",
                                                 "advanced", "expert"};
static const char *const content_types[PIQ_N_CONTENT_TYPES] = {
    "course", "lesson", "assessment", "character", "review"};
static const char *const modalities[PIQ_N_MODALITIES] = {"visual", "analytical",
                                                         "interactive"};
static const char *const motivations[PIQ_N_MOTIVATIONS] = {
    "achievement", "mastery", "social", "competitive"};
static const char *const event_types[PIQ_N_EVENT_TYPES] = {
    "answer",
    "content_started",
    "content_completed",
    "content_abandoned",
    "assessment_completed",
    "character_session",
    "review",
    "recommendation_feedback",
    "goal_set",
    "profile_stated",
    "path_controlled",
    "memory_fitted",
    "voided"};
static const char *const user_actions[PIQ_N_USER_ACTIONS] = {
    "none", "accepted", "dismissed", "completed"};

static const char *word_at(const char *const *words, int n, int at)
{
    PIQ_ASSERT(at >= 0 && at < n);
    return words[at];
}

static bool word_find(const char *const *words, int n, piq_str s, int *at)
{
    for (int i = 0; i < n; i++)
        if (piq_str_eq(s, piq_str_of(words[i]))) {
            *at = i;
            return true;
        }
    return false;
}

const char *piq_level_name(piq_level v)
{
    return word_at(levels, PIQ_N_LEVELS, (int)v);
}

const char *piq_content_type_name(piq_content_type v)
{
    return word_at(content_types, PIQ_N_CONTENT_TYPES, (int)v);
}

const char *piq_modality_name(piq_modality v)
{
    return word_at(modalities, PIQ_N_MODALITIES, (int)v);
}

const char *piq_motivation_name(piq_motivation v)
{
    return word_at(motivations, PIQ_N_MOTIVATIONS, (int)v);
}

const char *piq_event_type_name(piq_event_type v)
{
    return word_at(event_types, PIQ_N_EVENT_TYPES, (int)v);
}

const char *piq_user_action_name(piq_user_action v)
{
    return word_at(user_actions, PIQ_N_USER_ACTIONS, (int)v);
}

bool piq_level_of(piq_str s, piq_level *out)
{
    int at;
    if (!word_find(levels, PIQ_N_LEVELS, s, &at))
        return false;
    *out = (piq_level)at;
    return true;
}

bool piq_content_type_of(piq_str s, piq_content_type *out)
{
    int at;
    if (!word_find(content_types, PIQ_N_CONTENT_TYPES, s, &at))
        return false;
    *out = (piq_content_type)at;
    return true;
}

bool piq_modality_of(piq_str s, piq_modality *out)
{
    int at;
    if (!word_find(modalities, PIQ_N_MODALITIES, s, &at))
        return false;
    *out = (piq_modality)at;
    return true;
}

bool piq_motivation_of(piq_str s, piq_motivation *out)
{
    int at;
    if (!word_find(motivations, PIQ_N_MOTIVATIONS, s, &at))
        return false;
    *out = (piq_motivation)at;
    return true;
}

bool piq_event_type_of(piq_str s, piq_event_type *out)
{
    int at;
    if (!word_find(event_types, PIQ_N_EVENT_TYPES, s, &at))
        return false;
    *out = (piq_event_type)at;
    return true;
}

bool piq_user_action_of(piq_str s, piq_user_action *out)
{
    int at;
    if (!word_find(user_actions, PIQ_N_USER_ACTIONS, s, &at))
        return false;
    *out = (piq_user_action)at;
    return true;
}
