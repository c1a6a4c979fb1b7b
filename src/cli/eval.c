/* eval.c - piq eval TOPIC: measures the models on data, each in its own way. */
#include "cli/eval_topics.h"

#include <string.h>

static const piq_command *const topics[] = {
    &piq_eval_topic_kt,         &piq_eval_topic_track,
    &piq_eval_topic_forecast,   &piq_eval_topic_memory,
    &piq_eval_topic_policy,     &piq_eval_topic_agent,
    &piq_eval_topic_simulation, &piq_eval_topic_recommend};
enum { N_TOPICS = sizeof topics / sizeof topics[0] };

static const char *topic_name(const piq_command *topic)
{
    return strchr(topic->name, ' ') + 1;
}

static void show_topics(FILE *to)
{
    fprintf(to, "usage: piq eval TOPIC [options] (piq eval TOPIC --help)\n\n");
    for (size_t i = 0; i < N_TOPICS; i++)
        fprintf(to, "  %-10s %s\n", topic_name(topics[i]), topics[i]->summary);
}

static int eval(const piq_command *self, int argc, char **argv)
{
    (void)self;
    if (argc < 2) {
        show_topics(stderr);
        return PIQ_WRONG_USE;
    }
    if (strcmp(argv[1], "--help") == 0) {
        show_topics(stdout);
        return PIQ_DONE;
    }
    for (size_t i = 0; i < N_TOPICS; i++)
        if (strcmp(argv[1], topic_name(topics[i])) == 0)
            return topics[i]->run(topics[i], argc - 1, argv + 1);
    fprintf(stderr, "piq eval: there is no topic \"%s\"\n", argv[1]);
    show_topics(stderr);
    return PIQ_WRONG_USE;
}

const piq_command piq_cmd_eval = {
    "eval", "TOPIC", "Measures the models on data (piq eval --help).", "",
    eval};
