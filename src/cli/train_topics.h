/* train_topics.h - what `piq train` fits beside kt. Private to cli/. */
#ifndef PIQ_CLI_TRAIN_TOPICS_H
#define PIQ_CLI_TRAIN_TOPICS_H

#include "cli/command.h"

extern const piq_command piq_train_topic_memory, piq_train_topic_taste,
    piq_train_topic_policy;

#endif
