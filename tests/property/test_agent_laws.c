/* Laws of the agent, in every family of simulated learners: it names what it
 * was told, keeps the budget, says the same to the same, and teaches better
 * than simple policies do. The figures of src/agent/README.md come from
 * `piq eval agent`, with many more learners. */
#include "support/agent_talk.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Enough that what holds over hundreds of learners shows; the budgets of two
 * families are three times as long. */
enum { LEARNERS = 5 };

/* Items known and budgets kept: agent_talk asserts it of each reply. */
static void test_agent_laws__replies_are_known_items_within_budget(void **state)
{
    (void)state;
    for (size_t f = 0; piq_env_family_at(f); f++)
        for (int plan = 0; plan < 2; plan++) {
            agent_talk t;
            agent_talk_begin(&t, piq_env_family_at(f), plan == 1, 11 + f);
            assert_true(isfinite(agent_talk_episode(&t, 0)));
            agent_talk_end(&t);
        }
}

static void test_agent_laws__the_same_lines_give_the_same_replies(void **state)
{
    (void)state;
    for (size_t f = 0; piq_env_family_at(f); f++) {
        /* Whole paths, where they are many; item by item in the first. */
        agent_talk a, b;
        agent_talk_begin(&a, piq_env_family_at(f), f > 0, 5);
        agent_talk_begin(&b, piq_env_family_at(f), f > 0, 5);
        for (uint64_t learner = 0; learner < 2; learner++) {
            agent_talk_episode(&a, learner);
            agent_talk_episode(&b, learner);
        }
        assert_int_equal(a.said.len, b.said.len);
        assert_memory_equal(a.said.ptr, b.said.ptr, a.said.len);
        agent_talk_end(&a);
        agent_talk_end(&b);
    }
}

/* Mean promotion over the learners: of the agent, and of each policy. */
typedef struct outcome {
    double agent, simple[PIQ_N_TEACHERS];
} outcome;

static outcome compare(const piq_env_family *f, uint64_t seed)
{
    outcome o = {0};
    agent_talk t;
    agent_talk_begin(&t, f, false, seed);
    for (uint64_t i = 0; i < LEARNERS; i++) {
        o.agent += agent_talk_episode(&t, i) / LEARNERS;
        for (int k = 0; k < PIQ_N_TEACHERS; k++)
            o.simple[k] +=
                agent_talk_simple(&t, (piq_teacher_kind)k, i) / LEARNERS;
    }
    agent_talk_end(&t);
    return o;
}

/* By so much at least. Facts that only want repeating leave little between
 * the best and going round and round: there the agent must be level. */
static double margin(const piq_env_family *f)
{
    return strcmp(f->name, "memory") == 0 ? -0.03 : 0.0;
}

static void test_agent_laws__teaches_better_than_simple_policies(void **state)
{
    static const piq_teacher_kind against[] = {
        PIQ_TEACH_RANDOM, PIQ_TEACH_ORDER, PIQ_TEACH_WEAKEST,
        PIQ_TEACH_LEITNER};
    (void)state;
    for (size_t f = 0; piq_env_family_at(f); f++) {
        const piq_env_family *family = piq_env_family_at(f);
        outcome o = compare(family, 21);
        for (size_t i = 0; i < sizeof against / sizeof *against; i++)
            if (o.agent < o.simple[against[i]] + margin(family))
                fail_msg("%s: agent %.3f, %s %.3f", family->name, o.agent,
                         piq_teacher_name(against[i]), o.simple[against[i]]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_agent_laws__replies_are_known_items_within_budget),
        cmocka_unit_test(test_agent_laws__the_same_lines_give_the_same_replies),
        cmocka_unit_test(test_agent_laws__teaches_better_than_simple_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
