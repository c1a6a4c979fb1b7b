#include "agent/world.h"

#include "agent/fields.h"

#include <string.h>

static piq_status full(piq_err *err)
{
    return piq_fail(err, PIQ_ENOMEM, "no memory for what hello describes");
}

bool piq_agent_find_concept(const piq_agent_world *w, int64_t id, uint32_t *out)
{
    uint64_t at;
    if (!piq_map_get(&w->concept_at, (uint64_t)id, &at))
        return false;
    *out = (uint32_t)at;
    return true;
}

bool piq_agent_find_item(const piq_agent_world *w, int64_t id, uint32_t *out)
{
    uint64_t at;
    if (!piq_map_get(&w->item_at, (uint64_t)id, &at))
        return false;
    *out = (uint32_t)at;
    return true;
}

/* --- concepts and items ------------------------------------------------- */

/* An id alone, or an object that has one. */
static bool id_of(const json_t *v, int64_t *out)
{
    return piq_agent_is_int(json_is_object(v) ? json_object_get(v, "id") : v,
                            out);
}

static piq_status read_concepts(piq_arena *a, const json_t *hello,
                                piq_agent_world *w, piq_err *err)
{
    const json_t *list;
    piq_status status = piq_agent_array(
        hello, "concepts", PIQ_AGENT_MAX_CONCEPTS, true, &list, err);
    if (status)
        return status;
    size_t n = json_array_size(list);
    if (n == 0)
        return piq_fail(err, PIQ_EINVAL, "\"concepts\" is empty");
    w->concept_id = piq_new(a, int64_t, n);
    if (!w->concept_id)
        return full(err);
    for (size_t i = 0; i < n; i++) {
        uint32_t known;
        int64_t id;
        if (!id_of(json_array_get(list, i), &id))
            return piq_fail(err, PIQ_EINVAL,
                            "\"concepts\"[%zu] is no integer id", i);
        if (piq_agent_find_concept(w, id, &known))
            return piq_fail(err, PIQ_EINVAL, "concept %lld is there twice",
                            (long long)id);
        if (piq_map_put(&w->concept_at, (uint64_t)id, i))
            return full(err);
        w->concept_id[w->n_concepts++] = id;
    }
    return PIQ_OK;
}

static piq_status read_item_concepts(const json_t *json,
                                     const piq_agent_world *w,
                                     piq_agent_item *x, piq_err *err)
{
    const json_t *list;
    piq_status status = piq_agent_array(
        json, "concepts", PIQ_AGENT_MAX_ITEM_CONCEPTS, true, &list, err);
    if (status)
        return status;
    if (json_array_size(list) == 0)
        return piq_fail(err, PIQ_EINVAL, "\"concepts\" is empty");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        int64_t id;
        if (!piq_agent_is_int(v, &id) ||
            !piq_agent_find_concept(w, id, &x->concepts[x->n_concepts]))
            return piq_fail(err, PIQ_EINVAL,
                            "\"concepts\"[%zu] is no concept of hello", i);
        x->n_concepts++;
    }
    return PIQ_OK;
}

static piq_status read_item(const json_t *json, const piq_agent_world *w,
                            piq_agent_item *x, piq_err *err)
{
    uint32_t known;
    x->minutes = 1.0;
    if (!json_is_object(json))
        return piq_fail(err, PIQ_EINVAL, "an item must be an object");
    piq_status status =
        piq_agent_int(json, "id", INT64_MIN, INT64_MAX, &x->id, err);
    if (status)
        return status;
    if (piq_agent_find_item(w, x->id, &known))
        return piq_fail(err, PIQ_EINVAL, "item %lld is there twice",
                        (long long)x->id);
    status = piq_agent_number(json, "minutes", 1e-6, 1e6, &x->minutes, err);
    return status ? status : read_item_concepts(json, w, x, err);
}

/* Puts the place before the message. */
static piq_status of_item(piq_err *err, size_t i, piq_status status)
{
    piq_err inner = *err;
    return piq_fail(err, status, "\"items\"[%zu]: %s", i, inner.message);
}

static piq_status read_items(piq_arena *a, const json_t *hello,
                             piq_agent_world *w, piq_err *err)
{
    const json_t *list;
    double minutes = 0.0;
    piq_status status =
        piq_agent_array(hello, "items", PIQ_AGENT_MAX_ITEMS, true, &list, err);
    if (status)
        return status;
    size_t n = json_array_size(list);
    if (n == 0)
        return piq_fail(err, PIQ_EINVAL, "\"items\" is empty");
    w->items = piq_new(a, piq_agent_item, n);
    if (!w->items)
        return full(err);
    for (size_t i = 0; i < n; i++) {
        piq_err inner = {0};
        status = read_item(json_array_get(list, i), w, &w->items[i], &inner);
        if (status) {
            *err = inner;
            return of_item(err, i, status);
        }
        if (piq_map_put(&w->item_at, (uint64_t)w->items[i].id, i))
            return full(err);
        minutes += w->items[i].minutes;
        w->n_items++;
    }
    w->mean_minutes = minutes / (double)n;
    return PIQ_OK;
}

/* --- the graph ------------------------------------------------------------ */

static piq_status read_edge(const json_t *v, const piq_agent_world *w, size_t i,
                            piq_agent_edge *out, piq_err *err)
{
    int64_t from, to;
    if (!json_is_array(v) || json_array_size(v) != 2 ||
        !piq_agent_is_int(json_array_get(v, 0), &from) ||
        !piq_agent_is_int(json_array_get(v, 1), &to))
        return piq_fail(err, PIQ_EINVAL,
                        "\"prerequisites\"[%zu] is no pair of concepts", i);
    if (!piq_agent_find_concept(w, from, &out->from) ||
        !piq_agent_find_concept(w, to, &out->to))
        return piq_fail(err, PIQ_EINVAL,
                        "\"prerequisites\"[%zu] names a concept that hello "
                        "does not have",
                        i);
    return PIQ_OK;
}

/* Lists[at[k] .. at[k+1]) of the positions of those whose key is k. */
static piq_status group(piq_arena *a, const uint32_t *key,
                        const uint32_t *value, size_t n, size_t n_keys,
                        uint32_t **list, uint32_t **at)
{
    uint32_t *l = piq_new(a, uint32_t, n);
    uint32_t *p = piq_new(a, uint32_t, n_keys + 2);
    if (!l || !p)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        p[key[i] + 2]++;
    for (size_t k = 2; k < n_keys + 2; k++)
        p[k] += p[k - 1];
    for (size_t i = 0; i < n; i++)
        l[p[key[i] + 1]++] = value[i];
    *list = l;
    *at = p;
    return PIQ_OK;
}

static piq_status group_edges(piq_arena *a, piq_agent_world *w)
{
    uint32_t *from = piq_new(a, uint32_t, w->n_edges);
    uint32_t *to = piq_new(a, uint32_t, w->n_edges);
    uint32_t *self = piq_new(a, uint32_t, w->n_edges);
    if (!from || !to || !self)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < w->n_edges; i++) {
        from[i] = w->edges[i].from;
        to[i] = w->edges[i].to;
        self[i] = (uint32_t)i;
    }
    piq_status status =
        group(a, to, self, w->n_edges, w->n_concepts, &w->into, &w->into_at);
    if (status)
        return status;
    return group(a, from, self, w->n_edges, w->n_concepts, &w->out_of,
                 &w->out_of_at);
}

static piq_status group_items(piq_arena *a, piq_agent_world *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_items; i++)
        n += w->items[i].n_concepts;
    uint32_t *key = piq_new(a, uint32_t, n);
    uint32_t *value = piq_new(a, uint32_t, n);
    if (!key || !value)
        return PIQ_ENOMEM;
    n = 0;
    for (size_t i = 0; i < w->n_items; i++)
        for (size_t k = 0; k < w->items[i].n_concepts; k++) {
            key[n] = w->items[i].concepts[k];
            value[n++] = (uint32_t)i;
        }
    return group(a, key, value, n, w->n_concepts, &w->by_concept,
                 &w->by_concept_at);
}

/* Kahn's order, lowest position first among those that are free. When only
 * cycles are left, the lowest concept goes next and the edges that still wait
 * for it are marked: they close the cycles. */
static piq_status put_in_order(piq_arena *a, piq_agent_world *w, bool *closes)
{
    size_t n = w->n_concepts;
    uint32_t *waits = piq_new(a, uint32_t, n);
    bool *done = piq_new(a, bool, n);
    w->order = piq_new(a, uint32_t, n);
    w->rank = piq_new(a, uint32_t, n);
    w->depth = piq_new(a, uint32_t, n);
    if (!waits || !done || !w->order || !w->rank || !w->depth)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < w->n_edges; i++)
        waits[w->edges[i].to]++;
    for (size_t placed = 0; placed < n; placed++) {
        size_t k = n;
        for (size_t i = 0; i < n; i++)
            if (!done[i] && (k == n || waits[i] < waits[k]))
                k = i;
        for (uint32_t i = w->into_at[k]; i < w->into_at[k + 1]; i++) {
            uint32_t from = w->edges[w->into[i]].from;
            if (!done[from])
                closes[w->into[i]] = true;
            else if (w->depth[from] + 1 > w->depth[k])
                w->depth[k] = w->depth[from] + 1;
        }
        for (uint32_t i = w->out_of_at[k]; i < w->out_of_at[k + 1]; i++)
            if (!done[w->edges[w->out_of[i]].to])
                waits[w->edges[w->out_of[i]].to]--;
        done[k] = true;
        w->order[placed] = (uint32_t)k;
        w->rank[k] = (uint32_t)placed;
    }
    return PIQ_OK;
}

static bool edge_known(const piq_map *seen, piq_agent_edge e)
{
    uint64_t v;
    return piq_map_get(seen, ((uint64_t)e.from << 32) | e.to, &v);
}

static piq_status collect_edges(piq_arena *a, const json_t *list,
                                piq_agent_world *w, piq_map *seen, piq_err *err)
{
    size_t n = json_array_size(list);
    w->edges = piq_new(a, piq_agent_edge, n);
    if (!w->edges)
        return full(err);
    for (size_t i = 0; i < n; i++) {
        piq_agent_edge e;
        piq_status status = read_edge(json_array_get(list, i), w, i, &e, err);
        if (status)
            return status;
        if (e.from == e.to || edge_known(seen, e))
            continue;
        if (piq_map_put(seen, ((uint64_t)e.from << 32) | e.to, i))
            return full(err);
        w->edges[w->n_edges++] = e;
    }
    return PIQ_OK;
}

static piq_status read_edges(piq_arena *a, const json_t *hello,
                             piq_agent_world *w, piq_err *err)
{
    const json_t *list;
    piq_map seen;
    piq_status status = piq_agent_array(hello, "prerequisites",
                                        PIQ_AGENT_MAX_EDGES, false, &list, err);
    if (status)
        return status;
    piq_map_init(&seen);
    status = collect_edges(a, list, w, &seen, err);
    piq_map_release(&seen);
    if (status)
        return status;
    bool *closes = piq_new(a, bool, w->n_edges);
    if (!closes || group_edges(a, w) || put_in_order(a, w, closes))
        return full(err);
    size_t kept = 0;
    for (size_t i = 0; i < w->n_edges; i++)
        if (!closes[i])
            w->edges[kept++] = w->edges[i];
    w->n_edges = kept;
    return group_edges(a, w) ? full(err) : PIQ_OK;
}

/* --- hello ------------------------------------------------------------------
 */

static piq_status read_mode(const json_t *hello, piq_agent_world *w,
                            piq_err *err)
{
    int64_t protocol = 1;
    const json_t *mode = json_object_get(hello, "mode");
    const char *name = json_string_value(mode);
    piq_status status =
        piq_agent_int(hello, "protocol", INT64_MIN, INT64_MAX, &protocol, err);
    if (status)
        return status;
    if (protocol != 1)
        return piq_fail(err, PIQ_EINVAL,
                        "protocol %lld is not spoken here, only 1",
                        (long long)protocol);
    if (mode && (!name || (strcmp(name, "adapt") && strcmp(name, "plan"))))
        return piq_fail(err, PIQ_EINVAL,
                        "\"mode\" must be \"adapt\" or \"plan\"");
    w->plan_mode = name && strcmp(name, "plan") == 0;
    return PIQ_OK;
}

static piq_status read_scalars(const json_t *hello, piq_agent_world *w,
                               piq_err *err)
{
    int64_t seed = 0;
    piq_status status = PIQ_OK;
    if (json_object_get(hello, "seed"))
        status = piq_agent_int(hello, "seed", INT64_MIN, INT64_MAX, &seed, err);
    w->seed = (uint64_t)seed;
    w->delay = -1.0;
    if (status == PIQ_OK)
        status = piq_agent_number(hello, "delay", 0.0, 1e12, &w->delay, err);
    if (status == PIQ_OK)
        status = piq_agent_number(hello, "steps", 0.0, 1e9, &w->steps, err);
    w->timed = w->delay > 0.0;
    if (!w->timed)
        w->delay = 1.0;
    return status;
}

piq_status piq_agent_world_read(piq_arena *a, const json_t *hello,
                                piq_agent_world *out, piq_err *err)
{
    *out = (piq_agent_world){0};
    piq_map_init(&out->concept_at);
    piq_map_init(&out->item_at);
    piq_status status = read_mode(hello, out, err);
    if (status == PIQ_OK)
        status = read_scalars(hello, out, err);
    if (status == PIQ_OK)
        status = read_concepts(a, hello, out, err);
    if (status == PIQ_OK)
        status = read_items(a, hello, out, err);
    if (status == PIQ_OK)
        status = read_edges(a, hello, out, err);
    if (status == PIQ_OK && group_items(a, out))
        status = full(err);
    return status;
}

void piq_agent_world_release(piq_agent_world *w)
{
    piq_map_release(&w->concept_at);
    piq_map_release(&w->item_at);
}
