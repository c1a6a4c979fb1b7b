/* words.h - the closed vocabularies, and their spelling in JSON and SQL. */
#ifndef PIQ_DOMAIN_WORDS_H
#define PIQ_DOMAIN_WORDS_H

#include "base/str.h"

#include <stdbool.h>

typedef enum piq_level {
    PIQ_BEGINNER,
    PIQ_INTERMEDIATE,
    PIQ_ADVANCED,
    PIQ_EXPERT
} piq_level;
enum { PIQ_N_LEVELS = 4 };

typedef enum piq_content_type {
    PIQ_COURSE,
    PIQ_LESSON,
    PIQ_ASSESSMENT,
    PIQ_CHARACTER, /* a session against an AI character */
    PIQ_REVIEW
} piq_content_type;
enum { PIQ_N_CONTENT_TYPES = 5 };

typedef enum piq_modality {
    PIQ_VISUAL,
    PIQ_ANALYTICAL,
    PIQ_INTERACTIVE
} piq_modality;
enum { PIQ_N_MODALITIES = 3 };

typedef enum piq_motivation {
    PIQ_ACHIEVEMENT,
    PIQ_MASTERY,
    PIQ_SOCIAL,
    PIQ_COMPETITIVE
} piq_motivation;
enum { PIQ_N_MOTIVATIONS = 4 };

typedef enum piq_event_type {
    PIQ_EV_ANSWER,
    PIQ_EV_CONTENT_STARTED,
    PIQ_EV_CONTENT_COMPLETED,
    PIQ_EV_CONTENT_ABANDONED,
    PIQ_EV_ASSESSMENT_COMPLETED,
    PIQ_EV_CHARACTER_SESSION,
    PIQ_EV_REVIEW,
    PIQ_EV_RECOMMENDATION_FEEDBACK,
    PIQ_EV_GOAL_SET,
    PIQ_EV_PROFILE_STATED,
    PIQ_EV_PATH_CONTROLLED,
    PIQ_EV_MEMORY_FITTED, /* by the engine alone */
    PIQ_EV_VOIDED         /* takes another one back */
} piq_event_type;
enum { PIQ_N_EVENT_TYPES = 13 };

typedef enum piq_user_action {
    PIQ_ACTION_NONE,
    PIQ_ACTION_ACCEPTED,
    PIQ_ACTION_DISMISSED,
    PIQ_ACTION_COMPLETED
} piq_user_action;
enum { PIQ_N_USER_ACTIONS = 4 };

/* Spelling; static, never NULL. */
const char *piq_level_name(piq_level v);
const char *piq_content_type_name(piq_content_type v);
const char *piq_modality_name(piq_modality v);
const char *piq_motivation_name(piq_motivation v);
const char *piq_event_type_name(piq_event_type v);
const char *piq_user_action_name(piq_user_action v); /* NONE: "none" */

/* The other way; false when the word is none of them. */
bool piq_level_of(piq_str s, piq_level *out);
bool piq_content_type_of(piq_str s, piq_content_type *out);
bool piq_modality_of(piq_str s, piq_modality *out);
bool piq_motivation_of(piq_str s, piq_motivation *out);
bool piq_event_type_of(piq_str s, piq_event_type *out);
bool piq_user_action_of(piq_str s, piq_user_action *out);

#endif
