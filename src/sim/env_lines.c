#include "sim/env_lines.h"

#include "base/json_writer.h"

#include <math.h>
#include <stdio.h>

static void write_items(piq_json_writer *w, const piq_env *e)
{
    piq_json_key(w, "items");
    piq_json_array(w);
    for (size_t i = 0; i < e->n_items; i++) {
        piq_json_object(w);
        piq_json_put_int(w, "id", (int64_t)i);
        piq_json_key(w, "concepts");
        piq_json_array(w);
        piq_json_int(w, e->items[i].concept);
        piq_json_array_end(w);
        piq_json_put_double(w, "minutes", e->items[i].minutes);
        piq_json_put_z(w, "kind", e->delay > 0.0 ? "review" : "practice");
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
}

void piq_env_hello(const piq_env *e, bool plan, uint64_t seed, piq_buf *b)
{
    piq_json_writer w;
    piq_buf_clear(b);
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_z(&w, "type", "hello");
    piq_json_put_int(&w, "protocol", 1);
    piq_json_put_int(&w, "seed", (int64_t)seed);
    piq_json_put_z(&w, "mode", plan ? "plan" : "adapt");
    piq_json_put_z(&w, "env", e->family->name);
    write_items(&w, e);
    piq_json_key(&w, "concepts");
    piq_json_array(&w);
    for (size_t i = 0; i < e->n_concepts; i++)
        piq_json_int(&w, (int64_t)i);
    piq_json_array_end(&w);
    piq_json_key(&w, "prerequisites");
    piq_json_array(&w);
    for (size_t i = 0; i < e->told.n_edges; i++) {
        piq_json_array(&w);
        piq_json_int(&w, e->told.edges[i].from);
        piq_json_int(&w, e->told.edges[i].to);
        piq_json_array_end(&w);
    }
    piq_json_array_end(&w);
    /* A budget that differs from the steps is in minutes. */
    double mean = 0.0;
    for (size_t i = 0; i < e->n_items; i++)
        mean += e->items[i].minutes / (double)e->n_items;
    piq_json_put_double(&w, "steps",
                        e->minutes ? floor(e->steps / mean) : e->steps);
    if (e->delay > 0.0)
        piq_json_put_double(&w, "delay", e->delay);
    piq_json_object_end(&w);
}

void piq_env_reset(piq_env *e, uint64_t episode, piq_buf *b)
{
    piq_json_writer w;
    char id[24];
    piq_buf_clear(b);
    piq_json_init(&w, b);
    piq_json_object(&w);
    piq_json_put_z(&w, "type", "reset");
    piq_json_put_int(&w, "episode", (int64_t)episode);
    piq_json_put_double(&w, "budget", e->steps);
    piq_json_key(&w, "log");
    piq_json_array(&w);
    for (size_t i = 0; i < e->n_log; i++) {
        piq_json_array(&w);
        piq_json_int(&w, e->log[i].item);
        piq_json_int(&w, e->log[i].right);
        piq_json_array_end(&w);
    }
    piq_json_array_end(&w);
    piq_json_key(&w, "targets");
    piq_json_array(&w);
    for (size_t i = 0; i < e->n_targets; i++)
        piq_json_int(&w, e->targets[i]);
    piq_json_array_end(&w);
    piq_json_key(&w, "exam");
    piq_json_object(&w);
    for (size_t i = 0; i < e->n_targets; i++) {
        snprintf(id, sizeof id, "%u", e->asked[i]);
        piq_json_put_int(&w, id, piq_env_exam_answer(e, i));
    }
    piq_json_object_end(&w);
    piq_json_object_end(&w);
}
