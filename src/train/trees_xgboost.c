#include "train/trees_xgboost.h"

#include "domain/json_reader.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>

static void ignore(const char *message)
{
    (void)message;
}

piq_status piq_xgboost_open(piq_xgboost *out, piq_err *err)
{
    /* Its threads may outlive what it is used for: never unloaded. */
    piq_xgboost x = {.library = dlopen("libxgboost.so.0",
                                       RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)};
    if (!x.library) {
        piq_status status =
            piq_fail(err, PIQ_ENOTFOUND, "libxgboost is not installed");
        piq_err_hint(err, "install the package libxgboost0");
        return status;
    }
    const char *missing = NULL;
    void *at;
/* POSIX has a function's address fit into a void pointer. */
#define PIQ_XGBOOST_FIND(call)                                                 \
    at = dlsym(x.library, #call);                                              \
    memcpy(&x.call, &at, sizeof at);                                           \
    missing = at ? missing : #call;
    PIQ_XGBOOST_CALLS(PIQ_XGBOOST_FIND)
#undef PIQ_XGBOOST_FIND
    if (missing) {
        dlclose(x.library);
        return piq_fail(err, PIQ_ENOTFOUND,
                        "the installed libxgboost has no %s: 1.7 is needed",
                        missing);
    }
    x.XGBRegisterLogCallback(ignore);
    x.XGBSetGlobalConfig("{\"verbosity\":0}");
    *out = x;
    return PIQ_OK;
}

void piq_xgboost_close(piq_xgboost *x)
{
    dlclose(x->library);
    x->library = NULL;
}

piq_status piq_xgboost_fail(const piq_xgboost *x, const char *what,
                            piq_err *err)
{
    return piq_fail(err, PIQ_EINTERNAL, "XGBoost could not %s: %s", what,
                    x->XGBGetLastError());
}

/* --- the model ------------------------------------------------------------ */

/* The arrays of one tree of the file, [n]. */
typedef struct tree_arrays {
    const json_t *left, *right, *column, *split, *nan_left, *cover;
    size_t n;
} tree_arrays;

static piq_status not_expected(piq_err *err)
{
    return piq_fail(err, PIQ_EINTERNAL,
                    "XGBoost saved a model in a form that is not known");
}

static bool find_array(const json_t *tree, const char *key, size_t n,
                       const json_t **out)
{
    *out = json_object_get(tree, key);
    return json_is_array(*out) && json_array_size(*out) == n;
}

static bool find_arrays(const json_t *tree, tree_arrays *out)
{
    out->n = json_array_size(json_object_get(tree, "left_children"));
    return out->n > 0 &&
           find_array(tree, "left_children", out->n, &out->left) &&
           find_array(tree, "right_children", out->n, &out->right) &&
           find_array(tree, "split_indices", out->n, &out->column) &&
           find_array(tree, "split_conditions", out->n, &out->split) &&
           find_array(tree, "default_left", out->n, &out->nan_left) &&
           find_array(tree, "sum_hessian", out->n, &out->cover);
}

static double number_at(const json_t *array, size_t i)
{
    return json_number_value(json_array_get(array, i));
}

/* 1 and true are both in use. */
static bool is_set(const json_t *array, size_t i)
{
    const json_t *v = json_array_get(array, i);
    return json_is_true(v) || json_integer_value(v) != 0;
}

/* Their node `from` as ours; children are numbered by the caller. */
static bool convert_node(const tree_arrays *a, size_t from, size_t n_features,
                         piq_tree_node *out)
{
    bool leaf = number_at(a->left, from) < 0.0;
    double column = number_at(a->column, from);
    double cover = number_at(a->cover, from);
    if (!leaf && !(column >= 0.0 && column < (double)n_features))
        return false;
    unsigned feature = leaf ? PIQ_TREE_LEAF : (unsigned)column;
    *out = (piq_tree_node){
        .split = (float)number_at(a->split, from),
        .feature = feature & 0x7fff,
        .nan_left = !leaf && is_set(a->nan_left, from),
        .cover = (float)cover,
    };
    return isfinite(out->split) && isfinite(out->cover) && out->cover > 0.0f;
}

/* Level by level, at the end of t->nodes, where there is room; `theirs` holds,
 * for each of our nodes, the number it has with them. */
static piq_status convert_tree(const tree_arrays *a, piq_trees *t,
                               uint32_t *theirs, piq_err *err)
{
    size_t root = t->n_nodes, n = 1;
    theirs[0] = 0;
    for (size_t i = 0; i < n; i++) {
        piq_tree_node *node = &t->nodes[root + i];
        size_t from = theirs[i];
        if (!convert_node(a, from, t->n_features, node))
            return not_expected(err);
        if (node->feature == PIQ_TREE_LEAF)
            continue;
        double left = number_at(a->left, from);
        double right = number_at(a->right, from);
        double end = (double)a->n;
        if (!(left > 0.0 && left < end && right > 0.0 && right < end) ||
            n + 2 > a->n)
            return not_expected(err);
        node->left = (uint32_t)(root + n);
        theirs[n++] = (uint32_t)left;
        theirs[n++] = (uint32_t)right;
    }
    t->roots[t->n_trees++] = (uint32_t)root;
    t->n_nodes += n;
    return PIQ_OK;
}

/* Room for `need` in a list; NULL, and the list as it was, when there is none.
 */
static void *grown(void *list, size_t *cap, size_t need, size_t size)
{
    size_t n = *cap ? *cap : 64;
    if (need <= *cap)
        return list;
    while (n < need)
        n *= 2;
    void *bigger = piq_alloc_should_fail() ? NULL : realloc(list, n * size);
    if (bigger)
        *cap = n;
    return bigger;
}

static bool make_room(piq_trees_growing *g, size_t more_nodes)
{
    void *nodes = grown(g->t.nodes, &g->cap_nodes, g->t.n_nodes + more_nodes,
                        sizeof *g->t.nodes);
    if (!nodes)
        return false;
    g->t.nodes = nodes;
    void *roots =
        grown(g->t.roots, &g->cap_trees, g->t.n_trees + 1, sizeof *g->t.roots);
    if (!roots)
        return false;
    g->t.roots = roots;
    return true;
}

static piq_status add_tree(const json_t *tree, piq_trees_growing *g,
                           piq_err *err)
{
    tree_arrays a;
    if (!find_arrays(tree, &a))
        return not_expected(err);
    if (g->t.n_nodes + a.n >= UINT32_MAX)
        return piq_fail(err, PIQ_ELIMIT, "too many tree nodes");
    uint32_t *theirs =
        piq_alloc_should_fail() ? NULL : calloc(a.n, sizeof *theirs);
    piq_status status =
        theirs && make_room(g, a.n)
            ? convert_tree(&a, &g->t, theirs, err)
            : piq_fail(err, PIQ_ENOMEM, "no memory for the trees");
    free(theirs);
    return status;
}

/* In floats, as XGBoost does it. */
static bool read_base(const json_t *learner, float *logit)
{
    const json_t *params = json_object_get(learner, "learner_model_param");
    const char *text = json_string_value(json_object_get(params, "base_score"));
    double base;
    if (!text || !piq_str_to_double(piq_str_of(text), &base))
        return false;
    *logit = -logf(1.0f / (float)base - 1.0f);
    return isfinite(*logit);
}

piq_status piq_xgboost_add_trees(piq_str json, piq_trees_growing *g,
                                 piq_err *err)
{
    json_t *root = NULL;
    piq_status parsed = piq_json_parse_own(json, &root);
    const json_t *learner = json_object_get(root, "learner");
    const json_t *booster = json_object_get(learner, "gradient_booster");
    const json_t *trees =
        json_object_get(json_object_get(booster, "model"), "trees");
    size_t n_trees = g->t.n_trees, n_nodes = g->t.n_nodes;
    float base = 0.0f;
    piq_status status = PIQ_OK;
    if (parsed == PIQ_ENOMEM)
        status = piq_fail(err, parsed, "no memory to read the trees");
    else if (!json_is_array(trees) || !read_base(learner, &base))
        status = not_expected(err);
    for (size_t i = 0; i < json_array_size(trees) && status == PIQ_OK; i++)
        status = add_tree(json_array_get(trees, i), g, err);
    json_decref(root);
    if (status == PIQ_OK) {
        g->t.base_logit = base;
        return PIQ_OK;
    }
    g->t.n_trees = n_trees;
    g->t.n_nodes = n_nodes;
    return status;
}
