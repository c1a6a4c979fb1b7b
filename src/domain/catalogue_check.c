/* What concerns several things at once: prerequisites of a higher level, what
 * is published needing what is not, cycles, and the order of the concepts. */
#include "domain/catalogue_build.h"

#include <stdio.h>

static void check_levels(piq_build *b, size_t at)
{
    const piq_catalogue *c = b->c;
    const piq_concept *x = &c->concepts[at];
    for (size_t i = 0; i < x->n_prerequisites && !x->retired; i++) {
        uint16_t needed = x->prerequisites[i].v;
        if (needed == PIQ_NO_IX16 || c->concepts[needed].level <= x->level)
            continue;
        piq_place place = piq_place_member(
            piq_build_place(b, PIQ_KIND_CONCEPT, at), "prerequisites");
        piq_report_add(&b->report, piq_place_index(place, i),
                       "%s is %s, above %s, which is %s",
                       c->concepts[needed].id.ptr,
                       piq_level_name(c->concepts[needed].level), x->id.ptr,
                       piq_level_name(x->level));
    }
}

static void check_listed_published(piq_build *b, size_t at, const char *member,
                                   const piq_content_ix *list, size_t n)
{
    const piq_catalogue *c = b->c;
    for (size_t i = 0; i < n; i++) {
        if (list[i].v == PIQ_NO_IX32 || c->contents[list[i].v].published)
            continue;
        piq_place place =
            piq_place_member(piq_build_place(b, PIQ_KIND_CONTENT, at), member);
        piq_report_add(&b->report, piq_place_index(place, i),
                       "content %lld is not published, and content %lld, "
                       "which is, cannot be finished without it",
                       (long long)c->contents[list[i].v].id.v,
                       (long long)c->contents[at].id.v);
    }
}

static void check_published(piq_build *b, size_t at)
{
    const piq_content *x = &b->c->contents[at];
    if (!x->published || x->retired)
        return;
    check_listed_published(b, at, "prerequisites", x->prerequisites,
                           x->n_prerequisites);
    check_listed_published(b, at, "contains", x->contains, x->n_contains);
}

/* A directed graph over the positions of one kind: node `v` has the edges
 * from[v] .. from[v+1], in the order of the document. */
typedef struct graph {
    piq_kind kind;
    size_t n;
    size_t *from;     /* [n+1] */
    uint32_t *target; /* [from[n]]; PIQ_NO_IX32 leads nowhere */
} graph;

static bool graph_make(graph *g, piq_arena *a, piq_kind kind, size_t n,
                       size_t n_edges)
{
    g->kind = kind;
    g->n = n;
    g->from = piq_new(a, size_t, n + 1);
    g->target = piq_new(a, uint32_t, n_edges);
    return g->from && g->target;
}

static bool graph_of_concepts(graph *g, piq_arena *a, const piq_catalogue *c)
{
    size_t edges = 0;
    for (size_t v = 0; v < c->n_concepts; v++)
        edges += c->concepts[v].n_prerequisites;
    if (!graph_make(g, a, PIQ_KIND_CONCEPT, c->n_concepts, edges))
        return false;
    edges = 0;
    for (size_t v = 0; v < c->n_concepts; v++) {
        const piq_concept *x = &c->concepts[v];
        for (size_t i = 0; i < x->n_prerequisites; i++) {
            uint16_t to = x->prerequisites[i].v;
            g->target[edges++] = to == PIQ_NO_IX16 ? PIQ_NO_IX32 : to;
        }
        g->from[v + 1] = edges;
    }
    return true;
}

/* Both kinds of edges: a course needs what it contains. */
static bool graph_of_contents(graph *g, piq_arena *a, const piq_catalogue *c)
{
    size_t edges = 0;
    for (size_t v = 0; v < c->n_contents; v++)
        edges += c->contents[v].n_prerequisites + c->contents[v].n_contains;
    if (!graph_make(g, a, PIQ_KIND_CONTENT, c->n_contents, edges))
        return false;
    edges = 0;
    for (size_t v = 0; v < c->n_contents; v++) {
        const piq_content *x = &c->contents[v];
        for (size_t i = 0; i < x->n_prerequisites; i++)
            g->target[edges++] = x->prerequisites[i].v;
        for (size_t i = 0; i < x->n_contains; i++)
            g->target[edges++] = x->contains[i].v;
        g->from[v + 1] = edges;
    }
    return true;
}

/* Place in the document of edge number `e` of node `v`. */
static piq_place edge_place(const piq_build *b, const graph *g, size_t v,
                            size_t e)
{
    piq_place place = piq_build_place(b, g->kind, v);
    size_t needs = g->kind == PIQ_KIND_CONTENT
                       ? b->c->contents[v].n_prerequisites
                       : b->c->concepts[v].n_prerequisites;
    if (e < needs)
        return piq_place_index(piq_place_member(place, "prerequisites"), e);
    return piq_place_index(piq_place_member(place, "contains"), e - needs);
}

/* A depth-first walk: the nodes on the way from its root, each with the next
 * edge to follow. Its own stack, since a chain may be 100,000 long. */
typedef struct walk {
    uint32_t *node;
    size_t *next; /* offset from the node's first edge */
    size_t depth;
    uint8_t *colour; /* 0 new, 1 on the way, 2 done */
    uint32_t *done;  /* nodes in the order in which they were done */
    size_t n_done;
} walk;

static bool walk_make(walk *w, piq_arena *a, size_t n)
{
    *w = (walk){.node = piq_new(a, uint32_t, n),
                .next = piq_new(a, size_t, n),
                .colour = piq_new(a, uint8_t, n),
                .done = piq_new(a, uint32_t, n)};
    return w->node && w->next && w->colour && w->done;
}

static void walk_enter(walk *w, uint32_t v)
{
    w->colour[v] = 1;
    w->node[w->depth] = v;
    w->next[w->depth++] = 0;
}

/* Adds "`link` name" to a message, or "..." when it is nearly full. */
static size_t add_name(char *out, size_t len, size_t size, const char *link,
                       piq_outside_id id)
{
    char name[80];
    piq_kind_spell(id, name, sizeof name);
    if (len + strlen(link) + strlen(name) + 1 > size)
        return len;
    return len + (size_t)snprintf(out + len, size - len, "%s%s", link, name);
}

/* The edge just followed from the top of the walk leads back to `to`. */
static void report_cycle(piq_build *b, const graph *g, const walk *w,
                         uint32_t to)
{
    enum { ROOM_FOR_END = 90 }; /* " needs .. needs " and the first again */
    char text[220];
    size_t len = 0, from = w->depth;
    while (from > 0 && w->node[from - 1] != to)
        from--;
    size_t first = from - 1;
    bool cut = false;
    text[0] = '\0';
    for (size_t i = first; i < w->depth && !cut; i++) {
        size_t before = len;
        len = add_name(text, len, sizeof text - ROOM_FOR_END,
                       i == first ? "" : " needs ",
                       piq_kind_id(b->c, g->kind, w->node[i]));
        cut = len == before;
    }
    add_name(text, len, sizeof text, cut ? " needs .. needs " : " needs ",
             piq_kind_id(b->c, g->kind, to));
    uint32_t top = w->node[w->depth - 1];
    piq_report_add(&b->report, edge_place(b, g, top, w->next[w->depth - 1] - 1),
                   "cycle: %s", text);
}

static void walk_from(piq_build *b, const graph *g, walk *w, uint32_t root)
{
    if (w->colour[root])
        return;
    walk_enter(w, root);
    while (w->depth > 0) {
        uint32_t v = w->node[w->depth - 1];
        size_t e = g->from[v] + w->next[w->depth - 1]++;
        if (e >= g->from[v + 1]) {
            w->colour[v] = 2;
            w->done[w->n_done++] = v;
            w->depth--;
            continue;
        }
        uint32_t to = g->target[e];
        if (to == PIQ_NO_IX32)
            continue;
        if (w->colour[to] == 0)
            walk_enter(w, to);
        else if (w->colour[to] == 1)
            report_cycle(b, g, w, to);
    }
}

static void walk_all(piq_build *b, const graph *g, walk *w)
{
    for (size_t v = 0; v < g->n; v++)
        walk_from(b, g, w, (uint32_t)v);
}

/* A node is done after all it needs: that order is the concepts' order. */
static piq_status check_concept_graph(piq_build *b)
{
    piq_catalogue *c = b->c;
    graph g;
    walk w;
    c->order = piq_new(&c->arena, piq_concept_ix, c->n_concepts);
    if (!c->order || !graph_of_concepts(&g, b->scratch, c) ||
        !walk_make(&w, b->scratch, g.n))
        return PIQ_ENOMEM;
    walk_all(b, &g, &w);
    for (size_t i = 0; i < g.n; i++)
        c->order[i].v = (uint16_t)w.done[i];
    return PIQ_OK;
}

static piq_status check_content_graph(piq_build *b)
{
    graph g;
    walk w;
    if (!graph_of_contents(&g, b->scratch, b->c) ||
        !walk_make(&w, b->scratch, g.n))
        return PIQ_ENOMEM;
    walk_all(b, &g, &w);
    return PIQ_OK;
}

piq_status piq_build_check(piq_build *b)
{
    for (size_t i = 0; i < b->c->n_concepts; i++)
        check_levels(b, i);
    for (size_t i = 0; i < b->c->n_contents; i++)
        check_published(b, i);
    piq_status status = check_concept_graph(b);
    return status ? status : check_content_graph(b);
}
