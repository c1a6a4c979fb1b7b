/* agent_talk.h - teaching a simulated learner through the agent's lines. */
#ifndef PIQ_TESTS_AGENT_TALK_H
#define PIQ_TESTS_AGENT_TALK_H

#include "agent/agent.h"
#include "sim/env_lines.h"
#include "sim/teacher.h"

typedef struct agent_talk {
    piq_agent *agent;
    piq_env *env;
    bool plan;
    piq_arena arena;
    piq_buf line, reply;
    piq_buf said; /* all replies, a line each */
} agent_talk;

/* A world, and an agent greeted with it. */
void agent_talk_begin(agent_talk *t, const piq_env_family *f, bool plan,
                      uint64_t seed);
void agent_talk_end(agent_talk *t);
/* Promotion of one learner. Fails the test at an item nobody knows, or one
 * beyond what is left. */
double agent_talk_episode(agent_talk *t, uint64_t learner);
/* The same learner, taught by a simple policy. */
double agent_talk_simple(agent_talk *t, piq_teacher_kind kind,
                         uint64_t learner);

#endif
