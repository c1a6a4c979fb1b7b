/* lists.c - learners of a tenant, what a learner was recommended, versions of
 * the rules: a page at a time. */
#include "api/page.h"
#include "engine/rules.h"

enum {
    USUAL = 50,
    USUAL_LEARNERS = 100,
    FIRST_ROWS = 256,
    /* The store reads the newest only: a history that is longer ends here. */
    MOST_ROWS = 8192
};

static piq_store *store_of(const piq_exchange *c)
{
    return piq_engine_store(c->api->engine);
}

static void no_memory(piq_exchange *c)
{
    piq_fail(&c->err, PIQ_ENOMEM, "no memory for the list");
    piq_exchange_fail(c);
}

/* ---- learners -------------------------------------------------------------
 */

static void reply_learners(piq_exchange *c, const piq_page *page,
                           const piq_user_id *list, size_t n)
{
    piq_buf b;
    piq_json_writer w;
    size_t shown = n < (size_t)page->limit ? n : (size_t)page->limit;
    if (n > shown)
        piq_page_link(c, page,
                      &(piq_cursor){.at = piq_user_outer(list[shown - 1])});
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_key(&w, "users");
    piq_json_array(&w);
    for (size_t i = 0; i < shown; i++)
        piq_json_id(&w, piq_user_outer(list[i]));
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, -1);
}

void piq_get_users(piq_exchange *c)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    piq_page page;
    piq_user_id *list;
    size_t n;
    if (!piq_exchange_known_query(c, known) ||
        !piq_page_read(c, PIQ_CURSOR_LEARNERS, c->caller.tenant, USUAL_LEARNERS,
                       &page))
        return;
    if (piq_page_learners(c, &page, &list, &n)) {
        piq_exchange_fail(c);
        return;
    }
    reply_learners(c, &page, list, n);
}

/* ---- what was recommended -------------------------------------------------
 */

static void write_shown(const piq_recommendation_row *r,
                        const piq_catalogue *cat, piq_json_writer *w)
{
    piq_content_ix at;
    bool there = piq_catalogue_find_content(cat, r->content, &at);
    piq_json_object(w);
    piq_json_put_int(w, "id", r->id);
    piq_json_put_z(w, "content_type", piq_content_type_name(r->type));
    piq_json_put_int(w, "content_id", r->content.v);
    piq_json_key(w, "title");
    if (there)
        piq_json_str(w, cat->contents[at.v].title);
    else
        piq_json_null(w);
    piq_json_put_fixed(w, "recommendation_score", r->score, 2);
    piq_json_put_time(w, "recommended_at", r->recommended_us);
    piq_json_put_z(
        w, "user_action",
        r->action == PIQ_ACTION_NONE ? NULL : piq_user_action_name(r->action));
    piq_json_key(w, "feedback_score");
    if (r->feedback_score)
        piq_json_int(w, r->feedback_score);
    else
        piq_json_null(w);
    piq_json_object_end(w);
}

/* The newest with ids below `below`: list[*first .. *n). */
static piq_status read_shown(piq_exchange *c, int64_t below, size_t wanted,
                             piq_recommendation_row **list, size_t *first,
                             size_t *n)
{
    for (size_t rows = FIRST_ROWS;; rows *= 4) {
        piq_status status = store_of(c)->ops->recommendations(
            store_of(c), &c->arena, c->user, rows, list, n, &c->err);
        if (status)
            return status;
        *first = 0;
        while (*first < *n && (*list)[*first].id >= below)
            ++*first;
        if (*n < rows || *n - *first >= wanted || rows >= MOST_ROWS)
            return PIQ_OK;
    }
}

static void reply_history(piq_exchange *c, const piq_page *page,
                          const piq_catalogue *cat, int64_t version)
{
    piq_recommendation_row *list;
    size_t first, n, limit = (size_t)page->limit;
    piq_buf b;
    piq_json_writer w;
    if (read_shown(c, page->goes_on ? page->after.at : INT64_MAX, limit + 1,
                   &list, &first, &n)) {
        piq_exchange_fail(c);
        return;
    }
    size_t end = n - first > limit ? first + limit : n;
    if (end < n)
        piq_page_link(c, page, &(piq_cursor){.at = list[end - 1].id});
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_key(&w, "recommendations");
    piq_json_array(&w);
    for (size_t i = first; i < end; i++)
        write_shown(&list[i], cat, &w);
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, version);
}

void piq_get_history(piq_exchange *c)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    const piq_catalogue *cat;
    piq_learner_ref ref;
    piq_page page;
    if (!piq_exchange_known_query(c, known) ||
        !piq_page_read(c, PIQ_CURSOR_HISTORY, c->user.v, USUAL, &page) ||
        !piq_exchange_catalogue(c, &cat) || !piq_exchange_learner(c, &ref))
        return;
    int64_t version = ref.learner->version;
    piq_learner_ref_release(&ref);
    reply_history(c, &page, cat, version);
}

/* ---- versions of the rules ------------------------------------------------
 */

void piq_get_rule_versions(piq_exchange *c)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    piq_page page;
    piq_rules_row *list;
    uint32_t newest = piq_engine_rules_version(c->api->engine);
    size_t n, at = 0;
    piq_buf b;
    piq_json_writer w;
    if (!piq_exchange_known_query(c, known) ||
        !piq_page_read(c, PIQ_CURSOR_RULES, 0, USUAL, &page))
        return;
    /* Versions are 1, 2, ..: how many lie before the page is known. */
    int64_t below = page.goes_on ? page.after.at : (int64_t)newest + 1;
    int64_t rows = (int64_t)newest + 1 - below + page.limit + 64;
    if (below < 0 || rows < 0 ||
        store_of(c)->ops->rule_versions(store_of(c), &c->arena, (size_t)rows,
                                        &list, &n, &c->err)) {
        if (!c->err.status)
            no_memory(c);
        else
            piq_exchange_fail(c);
        return;
    }
    while (at < n && list[at].version >= below)
        at++;
    size_t end = n - at > (size_t)page.limit ? at + (size_t)page.limit : n;
    if (end < n)
        piq_page_link(c, &page, &(piq_cursor){.at = list[end - 1].version});
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    piq_json_object(&w);
    piq_json_key(&w, "versions");
    piq_json_array(&w);
    for (; at < end; at++) {
        piq_json_object(&w);
        piq_json_put_int(&w, "version", list[at].version);
        piq_json_put_time(&w, "made_at", list[at].made_us);
        piq_json_object_end(&w);
    }
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    piq_exchange_json(c, 200, &b, newest);
}
