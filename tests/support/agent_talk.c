#include "support/agent_talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

static void say(agent_talk *t)
{
    bool bye;
    piq_err err = {0};
    piq_buf_clear(&t->reply);
    assert_int_equal(t->line.status, PIQ_OK);
    if (piq_agent_hear(t->agent, (piq_str){t->line.ptr, t->line.len}, &t->reply,
                       &bye, &err))
        fail_msg("refused: %s", err.message);
}

void agent_talk_begin(agent_talk *t, const piq_env_family *f, bool plan,
                      uint64_t seed)
{
    *t = (agent_talk){.plan = plan};
    piq_arena_init(&t->arena, 0);
    piq_buf_init(&t->line, 0);
    piq_buf_init(&t->reply, 0);
    piq_buf_init(&t->said, 0);
    assert_int_equal(piq_agent_new(&t->agent), PIQ_OK);
    assert_int_equal(piq_env_make(&t->arena, f, seed, &t->env), PIQ_OK);
    piq_env_hello(t->env, plan, seed, &t->line);
    say(t);
}

void agent_talk_end(agent_talk *t)
{
    piq_agent_free(t->agent);
    piq_buf_release(&t->line);
    piq_buf_release(&t->reply);
    piq_buf_release(&t->said);
    piq_arena_release(&t->arena);
}

static double cost_of(const piq_env *e, uint32_t item)
{
    return e->minutes ? e->items[item].minutes : 1.0;
}

static uint32_t take(agent_talk *t, const json_t *id, double *left)
{
    json_int_t item = json_integer_value(id);
    assert_true(json_is_integer(id) && item >= 0);
    assert_true((size_t)item < t->env->n_items);
    *left -= cost_of(t->env, (uint32_t)item);
    assert_true(*left >= -1e-9);
    return (uint32_t)item;
}

static json_t *ask(agent_talk *t, double left)
{
    piq_buf_clear(&t->line);
    piq_buf_printf(&t->line, "{\"type\":\"next\",\"left\":%g}", left);
    say(t);
    piq_buf_add(&t->said, t->reply.ptr, t->reply.len);
    piq_buf_add_char(&t->said, '\n');
    json_t *reply = json_loadb(t->reply.ptr, t->reply.len, 0, NULL);
    assert_non_null(reply);
    return reply;
}

static void adapt(agent_talk *t, double left)
{
    for (bool stop = false; !stop && left > 0.0;) {
        json_t *reply = ask(t, left);
        stop = json_object_get(reply, "stop") != NULL;
        if (!stop) {
            uint32_t item = take(t, json_object_get(reply, "item"), &left);
            bool right = piq_env_practise(t->env, item);
            piq_buf_clear(&t->line);
            piq_buf_printf(&t->line,
                           "{\"type\":\"outcome\",\"left\":%g,\"item\":%u,"
                           "\"correct\":%d,\"done\":false}",
                           left, item, right);
            say(t);
        }
        json_decref(reply);
    }
}

static void follow(agent_talk *t, double left)
{
    json_t *reply = ask(t, left);
    const json_t *items = json_object_get(reply, "items");
    for (size_t i = 0; i < json_array_size(items); i++)
        piq_env_practise(t->env, take(t, json_array_get(items, i), &left));
    json_decref(reply);
}

static double promotion(const piq_env *e, double start)
{
    return (piq_env_score(e) - start) / (piq_env_full(e) - start);
}

double agent_talk_episode(agent_talk *t, uint64_t learner)
{
    piq_env_begin(t->env, learner);
    double start = piq_env_score(t->env);
    piq_env_reset(t->env, learner, &t->line);
    say(t);
    if (t->plan)
        follow(t, t->env->steps);
    else
        adapt(t, t->env->steps);
    piq_buf_clear(&t->line);
    piq_buf_add_z(&t->line, "{\"type\":\"end\"}");
    say(t);
    return promotion(t->env, start);
}

double agent_talk_simple(agent_talk *t, piq_teacher_kind kind, uint64_t learner)
{
    piq_teacher teacher;
    piq_env_begin(t->env, learner);
    double start = piq_env_score(t->env), left = t->env->steps;
    piq_teacher_begin(&teacher, kind, t->env, learner);
    for (;;) {
        uint32_t item = piq_teacher_choose(&teacher);
        left -= cost_of(t->env, item);
        if (left < -1e-9)
            return promotion(t->env, start);
        bool right = piq_env_practise(t->env, item);
        piq_teacher_see(&teacher, item, t->plan || right);
    }
}
