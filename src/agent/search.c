#include "agent/search.h"

#include <math.h>
#include <string.h>

/* States along the best path are kept while they take no more than this. */
enum { MOST_KEPT = 1 << 14 };

/* A path takes the place of the best when it is better by so many standard
 * errors of the difference over the scenes. */
static const double CAUTION = 1.0;

typedef struct search {
    const piq_search_input *in;
    const piq_scenes *s;
    size_t most;      /* steps of a path */
    piq_lanes *state; /* of the path being tried */
    piq_lanes *kept;  /* [most + 1] states along the best; NULL: none */
    uint32_t *trial;  /* [most] */
    size_t n_trial;
    piq_path_try best;
    piq_lanes worth; /* of the best, scene by scene */
    uint64_t spent;
    piq_rng rng;
} search;

/* --- trying ---------------------------------------------------------------
 */

static size_t block(const search *x)
{
    return x->s->block;
}

/* Puts what leads there before each practice that would not count, as most
 * coherent scenes have it; what is pushed out at the end is lost. Returns
 * the first position that changed. */
static size_t connect(search *x)
{
    const piq_view *v = x->s->view;
    uint32_t last = x->s->last;
    size_t changed = x->n_trial;
    for (size_t i = 0; i < x->n_trial; i++) {
        uint32_t k = v->actions[x->trial[i]].concepts[0];
        uint32_t via = last == PIQ_VIEW_NONE ? k : v->hop[last * v->n + k];
        if (via != k && v->first_action[via] != PIQ_VIEW_NONE) {
            size_t grown = x->n_trial < x->most ? x->n_trial + 1 : x->most;
            memmove(x->trial + i + 1, x->trial + i,
                    (grown - 1 - i) * sizeof *x->trial);
            x->n_trial = grown;
            x->trial[i] = v->first_action[via];
            changed = i < changed ? i : changed;
            k = via;
        }
        last = k;
    }
    return changed;
}

/* Cuts the trial where the budget ends. */
static void cut(search *x)
{
    double left = x->in->budget;
    size_t n = 0;
    while (n < x->n_trial && n < x->most) {
        left -= x->s->view->actions[x->trial[n]].cost;
        if (left < -1e-9)
            break;
        n++;
    }
    x->n_trial = n;
}

/* Runs the trial from position `from`, up to which it is the best path. */
static void run(search *x, size_t from, bool keep, piq_lanes *worth)
{
    size_t bytes = block(x) * sizeof(piq_lanes);
    if (!x->kept)
        from = 0;
    memcpy(x->state, x->kept ? x->kept + from * block(x) : x->s->start, bytes);
    for (size_t i = from; i < x->n_trial; i++) {
        piq_scenes_practise(x->s, x->state, x->trial[i], i);
        if (keep)
            memcpy(x->kept + (i + 1) * block(x), x->state, bytes);
    }
    x->spent += x->n_trial - from + 1;
    piq_scenes_worth(x->s, x->state, x->n_trial, worth);
}

bool piq_search_better(const piq_lanes *now, const piq_lanes *was)
{
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < PIQ_SCENES; i++) {
        double d = (double)piq_lane_get(now, i) - (double)piq_lane_get(was, i);
        sum += d;
        squares += d * d;
    }
    double mean = sum / PIQ_SCENES;
    double var = squares / PIQ_SCENES - mean * mean;
    return mean >= CAUTION * sqrt(fmax(var, 0.0) / PIQ_SCENES);
}

static void adopt(search *x, const piq_lanes *worth, size_t from)
{
    piq_lanes again;
    memcpy(x->best.actions, x->trial, x->n_trial * sizeof *x->trial);
    x->best.n = x->n_trial;
    x->worth = *worth;
    x->best.worth = piq_lanes_sum(worth) / PIQ_SCENES;
    if (x->kept)
        run(x, from, true, &again);
}

static void try_as_it_is(search *x)
{
    piq_lanes worth;
    cut(x);
    if (x->n_trial == 0)
        return;
    run(x, 0, false, &worth);
    if (x->best.n == 0 || piq_search_better(&worth, &x->worth))
        adopt(x, &worth, 0);
}

static void try_whole(search *x)
{
    try_as_it_is(x);
    if (x->s->coherent > 0.0 && connect(x) < x->n_trial)
        try_as_it_is(x);
}

/* --- simple paths ---------------------------------------------------------
 */

/* The first action of each concept that is needed, in the graph's order. */
static size_t first_actions(const piq_view *v, uint32_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_actions; i++) {
        uint32_t k = v->actions[i].concepts[0];
        if (v->needed[k] && (n == 0 || v->actions[out[n - 1]].concepts[0] != k))
            out[n++] = (uint32_t)i;
    }
    return n;
}

/* Each so many times, then again from the front, until the path is full. */
static void repeat_in_order(search *x, const uint32_t *list, size_t n,
                            size_t times)
{
    x->n_trial = 0;
    while (n > 0 && x->n_trial < x->most) {
        size_t i = x->n_trial / times;
        x->trial[x->n_trial++] = list[i % n];
    }
    try_whole(x);
}

/* Only what still has something to learn, by the scenes' mean level. */
static size_t leave_known(const search *x, const uint32_t *list, size_t n,
                          double lack, uint32_t *out)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t k = x->s->view->actions[list[i]].concepts[0];
        if (piq_scenes_lack(x->s, k) > lack)
            out[left++] = list[i];
    }
    return left;
}

static size_t target_actions(const piq_view *v, const uint32_t *list, size_t n,
                             uint32_t *out)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < v->n_targets; t++)
            if (v->targets[t].concept == v->actions[list[i]].concepts[0]) {
                out[left++] = list[i];
                break;
            }
    return left;
}

/* Always the target that would be answered worst just then. */
static void try_weakest(search *x)
{
    const piq_view *v = x->s->view;
    memcpy(x->state, x->s->start, block(x) * sizeof(piq_lanes));
    x->n_trial = 0;
    while (x->n_trial < x->most) {
        uint32_t worst = PIQ_VIEW_NONE;
        double least = INFINITY;
        for (size_t j = 0; j < v->n_targets; j++) {
            uint32_t act = v->first_action[v->targets[j].concept];
            double right = piq_scenes_right(x->s, x->state, j, x->n_trial);
            if (act == PIQ_VIEW_NONE || right >= least)
                continue;
            least = right;
            worst = act;
        }
        if (worst == PIQ_VIEW_NONE)
            break;
        piq_scenes_practise(x->s, x->state, worst, x->n_trial);
        x->trial[x->n_trial++] = worst;
    }
    x->spent += x->n_trial * (1 + v->n_targets / 3);
    try_whole(x);
}

static void try_simple(search *x)
{
    uint32_t all[PIQ_VIEW_MAX], some[PIQ_VIEW_MAX];
    const piq_view *v = x->s->view;
    size_t n_all = first_actions(v, all);
    if (x->in->n_go_on > 0) {
        x->n_trial = x->in->n_go_on < x->most ? x->in->n_go_on : x->most;
        memcpy(x->trial, x->in->go_on, x->n_trial * sizeof *x->trial);
        while (n_all > 0 && x->n_trial < x->most) {
            x->trial[x->n_trial] = x->trial[x->n_trial - 1];
            x->n_trial++;
        }
        try_whole(x);
    }
    if (x->s->n_memory > 0)
        try_weakest(x);
    size_t n = leave_known(x, all, n_all, 0.1, some);
    for (size_t times = 1; times <= 5; times++)
        repeat_in_order(x, some, n, times);
    n = leave_known(x, all, n_all, 0.3, some);
    for (size_t times = 1; times <= 3; times++)
        repeat_in_order(x, some, n, times);
    n = target_actions(v, all, n_all, some);
    for (size_t times = 1; times <= 3; times++)
        repeat_in_order(x, some, n, times);
}

/* --- neighbours -----------------------------------------------------------
 */

static size_t below(search *x, size_t n)
{
    return (size_t)piq_rng_below(&x->rng, n);
}

static size_t replace_one(search *x)
{
    size_t i = below(x, x->n_trial);
    x->trial[i] = (uint32_t)below(x, x->s->view->n_actions);
    return i;
}

static size_t copy_one(search *x)
{
    size_t i = below(x, x->n_trial);
    x->trial[i] = x->trial[below(x, x->n_trial)];
    return i;
}

static size_t swap_two(search *x)
{
    size_t i = below(x, x->n_trial), j = below(x, x->n_trial);
    uint32_t held = x->trial[i];
    x->trial[i] = x->trial[j];
    x->trial[j] = held;
    return i < j ? i : j;
}

/* Takes one out and puts `action` in elsewhere. */
static size_t shift(search *x, size_t i, size_t j, uint32_t action)
{
    if (i < j)
        memmove(x->trial + i, x->trial + i + 1, (j - i) * sizeof *x->trial);
    else
        memmove(x->trial + j + 1, x->trial + j, (i - j) * sizeof *x->trial);
    x->trial[j] = action;
    return i < j ? i : j;
}

static size_t move_one(search *x)
{
    size_t i = below(x, x->n_trial), j = below(x, x->n_trial);
    return shift(x, i, j, x->trial[i]);
}

static size_t insert_one(search *x)
{
    size_t i = below(x, x->n_trial), j = below(x, x->n_trial);
    return shift(x, i, j, (uint32_t)below(x, x->s->view->n_actions));
}

static size_t repeat_one(search *x)
{
    size_t i = below(x, x->n_trial), j = below(x, x->n_trial);
    return shift(x, i, j, x->trial[j]);
}

static size_t make_stretch(search *x)
{
    size_t i = below(x, x->n_trial), len = 2 + below(x, 3);
    uint32_t action = (uint32_t)below(x, x->s->view->n_actions);
    for (size_t j = i; j < i + len && j < x->n_trial; j++)
        x->trial[j] = action;
    return i;
}

static size_t change(search *x)
{
    static size_t (*const ways[])(search *) = {
        replace_one, replace_one, copy_one,   swap_two,    move_one,
        insert_one,  insert_one,  repeat_one, make_stretch};
    size_t way = below(x, sizeof ways / sizeof *ways);
    return ways[way](x);
}

/* Fills what a cheaper item has left open. */
static void fill(search *x)
{
    double left = x->in->budget;
    for (size_t i = 0; i < x->n_trial; i++)
        left -= x->s->view->actions[x->trial[i]].cost;
    while (x->n_trial > 0 && x->n_trial < x->most) {
        uint32_t action = (uint32_t)below(x, x->s->view->n_actions);
        left -= x->s->view->actions[action].cost;
        if (left < 0.0)
            return;
        x->trial[x->n_trial++] = action;
    }
}

static void climb(search *x)
{
    while (x->best.n > 0 && x->spent < x->in->effort) {
        memcpy(x->trial, x->best.actions, x->best.n * sizeof *x->trial);
        x->n_trial = x->best.n;
        size_t from = change(x);
        if (piq_rng_uniform(&x->rng) < x->s->coherent) {
            size_t changed = connect(x);
            from = changed < from ? changed : from;
        }
        cut(x);
        if (x->n_trial == 0)
            continue;
        fill(x);
        from = from < x->n_trial ? from : x->n_trial;
        from = from < x->best.n ? from : x->best.n;
        piq_lanes worth;
        run(x, from, false, &worth);
        if (piq_search_better(&worth, &x->worth))
            adopt(x, &worth, from);
    }
}

piq_status piq_search_path(piq_arena *a, const piq_search_input *in,
                           piq_path_try *out)
{
    const piq_scenes *s = in->scenes;
    search x = {.in = in, .s = s, .most = in->most_steps};
    *out = (piq_path_try){0};
    if (x.most == 0 || s->view->n_actions == 0)
        return PIQ_OK;
    x.state = piq_new(a, piq_lanes, block(&x));
    x.trial = piq_new(a, uint32_t, x.most + 1);
    x.best.actions = piq_new(a, uint32_t, x.most + 1);
    if (!x.state || !x.trial || !x.best.actions)
        return PIQ_ENOMEM;
    if ((x.most + 1) * block(&x) <= MOST_KEPT) {
        x.kept = piq_new(a, piq_lanes, (x.most + 1) * block(&x));
        if (!x.kept)
            return PIQ_ENOMEM;
        memcpy(x.kept, s->start, block(&x) * sizeof(piq_lanes));
    }
    piq_rng_seed(&x.rng, in->seed);
    try_simple(&x);
    if (piq_view_apart(s->view))
        piq_search_apart(s, &x.rng, 3 * in->effort / 2, x.state, &x.best);
    else
        climb(&x);
    *out = x.best;
    return PIQ_OK;
}
