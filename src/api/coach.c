/* coach.c - GET /api/coaches/{coach}/learners: whom a coach has, and how each
 * of them stands.
 *
 * One request instead of three for each learner. "me" is whoever calls: a
 * coach's own learners, or all of a platform's. A coach asks for nobody else.
 */
#include "api/page.h"
#include "base/calendar.h"
#include "base/log.h"
#include "insight/standing.h"

enum {
    USUAL = 50,
    /* Of a plan's steps that are not done, so many are looked at: who is far
     * behind has more, and it makes no difference. */
    STEPS_SEEN = 12
};

/* Whose learners are asked for. */
typedef struct whose {
    bool all; /* of the tenant */
    piq_str coach;
    int64_t owner; /* of the list's cursors */
} whose;

/* A learner's entry, and what it takes to make one. */
typedef struct entry {
    piq_exchange *c;
    piq_arena scratch; /* cleared for each learner */
    piq_json_writer *w;
    piq_user_id user;
    piq_learner_ref ref;
    piq_standing is;
} entry;

/* ---- whose ----------------------------------------------------------------
 */

static bool read_whose(piq_exchange *c, whose *out)
{
    const piq_caller *k = &c->caller;
    piq_str own = piq_str_of(k->coach);
    bool coach = k->role == PIQ_ROLE_COACH;
    bool me = piq_str_eq(c->name, PIQ_STR("me"));
    if (coach && !me && !piq_str_eq(c->name, own)) {
        piq_fail(&c->err, PIQ_ENOTFOUND, "the coach was never heard of");
        piq_exchange_fail(c);
        return false;
    }
    *out = (whose){.all = me && !coach, .coach = coach ? own : c->name};
    uint64_t named = piq_hash_bytes(out->coach.ptr, out->coach.len);
    out->owner = (int64_t)(named >> 16 << 13 | k->tenant);
    return true;
}

static piq_status list_learners(piq_exchange *c, const whose *of,
                                const piq_page *page, piq_user_id **out,
                                size_t *n)
{
    int64_t first = (int64_t)c->caller.tenant << PIQ_TENANT_SHIFT;
    *n = 0;
    if (of->all)
        return piq_page_learners(c, page, out, n);
    if (!c->api->access) /* an embedding program's: it has no coaches */
        return PIQ_OK;
    const piq_coached_range range = {
        .tenant = c->caller.tenant,
        .coach = of->coach,
        .after = {first + (page->goes_on ? page->after.at : 0)},
        .limit = (size_t)page->limit + 1};
    piq_status status = piq_access_coached(c->api->access, &c->arena, &range,
                                           c->now_us, out, n, &c->err);
    if (status == PIQ_EINVAL)
        piq_err_at(&c->err, "coach");
    return status;
}

/* ---- how one stands -------------------------------------------------------
 */

/* Neither INT32_MAX nor INT32_MIN is a day: null. */
static void put_day(piq_json_writer *w, const char *key, int32_t day)
{
    char text[16];
    bool none = day == INT32_MAX || day == PIQ_NO_DAY;
    if (!none)
        piq_date_format(day, text);
    piq_json_put_z(w, key, none ? NULL : text);
}

static void write_goal(const entry *e)
{
    piq_json_writer *w = e->w;
    const piq_standing *s = &e->is;
    piq_json_key(w, "goal");
    if (!s->goal.set) {
        piq_json_null(w);
        return;
    }
    piq_json_object(w);
    piq_json_put_z(w, "target_skill_level",
                   piq_level_name(e->ref.learner->goal.target_skill_level));
    put_day(w, "timeline", s->goal.deadline_day);
    piq_json_put_fixed(w, "mastery_now", s->goal.mastery, 4);
    piq_json_put_int(w, "answers_missing", s->goal.answers_missing);
    piq_json_put_fixed(w, "probability", s->goal.probability, 4);
    piq_json_object_end(w);
}

static void write_trend(const entry *e)
{
    piq_json_writer *w = e->w;
    const piq_standing *s = &e->is;
    piq_json_key(w, "trend");
    piq_json_object(w);
    piq_json_put_int(w, "days", PIQ_STANDING_TREND_DAYS);
    piq_json_put_fixed(w, "minutes", s->recent.minutes, 1);
    piq_json_put_fixed(w, "minutes_before", s->before.minutes, 1);
    piq_json_put_int(w, "answers", s->recent.answers);
    piq_json_put_int(w, "answers_before", s->before.answers);
    piq_json_put_fixed(w, "accuracy", s->recent.accuracy, 4);
    piq_json_put_fixed(w, "accuracy_before", s->before.accuracy, 4);
    piq_json_put_fixed(w, "mastery_gained", s->gained, 4);
    piq_json_object_end(w);
}

static void write_facts(const entry *e)
{
    piq_json_writer *w = e->w;
    const piq_standing *s = &e->is;
    piq_json_put_int(w, "version", s->version);
    put_day(w, "today", s->today);
    piq_json_key(w, "last_active_at");
    if (s->last_us == INT64_MIN)
        piq_json_null(w);
    else
        piq_json_time(w, s->last_us);
    put_day(w, "last_active", s->last_day);
    piq_json_put_int(w, "active_days", s->active_days);
    piq_json_key(w, "reviews");
    piq_json_object(w);
    piq_json_put_int(w, "due", s->due);
    piq_json_put_int(w, "overdue", s->overdue);
    put_day(w, "backlog_cleared", s->cleared_day);
    piq_json_object_end(w);
    piq_json_key(w, "minutes_per_week");
    piq_json_object(w);
    piq_json_put_fixed(w, "planned", s->planned_minutes, 1);
    piq_json_put_fixed(w, "practised", s->practised_minutes, 1);
    piq_json_object_end(w);
    write_trend(e);
    write_goal(e);
}

/* ---- the plan as it was stored ---------------------------------------------
 */

static void put_plan(const entry *e, const piq_plan *plan)
{
    piq_json_writer *w = e->w;
    int32_t since;
    size_t n =
        piq_standing_overdue_steps(e->ref.learner, plan, e->is.today, &since);
    piq_json_object(w);
    put_day(w, "from_day", plan->from_day);
    put_day(w, "completion_day", plan->completion_day);
    piq_json_put_int(w, "overdue_steps", (int64_t)n);
    put_day(w, "overdue_since", since);
    piq_json_object_end(w);
}

/* One that cannot be read is told to the log, and as none: it is planned anew
 * when somebody asks for it. */
static piq_status write_plan(entry *e)
{
    piq_store *store = piq_engine_store(e->c->api->engine);
    piq_str head;
    piq_plan plan;
    piq_err err = {0};
    piq_json_key(e->w, "plan");
    piq_status status = store->ops->path_head(store, &e->scratch, e->user,
                                              STEPS_SEEN, &head, &err);
    if (status == PIQ_OK)
        status =
            piq_plan_read(&e->scratch, head, e->ref.catalogue, &plan, &err);
    if (status == PIQ_OK) {
        put_plan(e, &plan);
        return PIQ_OK;
    }
    piq_json_null(e->w);
    if (status == PIQ_ECORRUPT)
        piq_log_err(e->c->in->id, "a stored plan cannot be read", &err);
    else if (status != PIQ_ENOTFOUND)
        e->c->err = err;
    return status == PIQ_ECORRUPT || status == PIQ_ENOTFOUND ? PIQ_OK : status;
}

/* ---- the list -------------------------------------------------------------
 */

static piq_status find_standing(entry *e)
{
    const piq_learner *l = e->ref.learner;
    const piq_catalogue *cat = e->ref.catalogue;
    piq_judge by = piq_engine_judge(e->c->api->engine, e->ref.model);
    piq_belief *beliefs = piq_new(&e->scratch, piq_belief, cat->n_concepts);
    piq_status status =
        beliefs ? piq_learner_judged(l, &by, cat, e->c->now_us, beliefs)
                : PIQ_ENOMEM;
    if (status == PIQ_OK)
        status = piq_standing_make(&e->scratch, l, cat, beliefs, e->c->now_us,
                                   &e->is);
    return status ? piq_fail(&e->c->err, status, "no memory for the list")
                  : PIQ_OK;
}

/* Who looked is in each learner's audit. */
static piq_status write_seen(entry *e)
{
    piq_status status = find_standing(e);
    if (status)
        return status;
    piq_json_put_z(e->w, "state", "seen");
    piq_json_key(e->w, "standing");
    piq_json_object(e->w);
    write_facts(e);
    status = write_plan(e);
    piq_json_object_end(e->w);
    if (status == PIQ_OK)
        piq_exchange_record(e->c, e->user, 200);
    return status;
}

/* Assigned before the first event, or kept in a state that cannot be read: the
 * others are listed all the same. */
static piq_status write_unseen(entry *e, piq_status why, const piq_err *err)
{
    if (why == PIQ_ECORRUPT)
        piq_log_err(e->c->in->id, "a learner of a list cannot be read", err);
    piq_json_put_z(e->w, "state", why == PIQ_ECORRUPT ? "unreadable" : "new");
    piq_json_key(e->w, "standing");
    piq_json_null(e->w);
    return PIQ_OK;
}

static piq_status write_entry(entry *e)
{
    piq_err err = {0};
    piq_status status =
        piq_engine_learner(e->c->api->engine, e->user, &e->ref, &err);
    if (status && status != PIQ_ENOTFOUND && status != PIQ_ECORRUPT) {
        e->c->err = err;
        return status;
    }
    piq_json_object(e->w);
    piq_json_put_id(e->w, "userId", piq_user_outer(e->user));
    if (status) {
        status = write_unseen(e, status, &err);
    } else {
        status = write_seen(e);
        piq_learner_ref_release(&e->ref);
    }
    piq_json_object_end(e->w);
    piq_arena_clear(&e->scratch);
    return status;
}

static piq_status write_list(piq_exchange *c, const piq_user_id *list, size_t n,
                             piq_buf *b)
{
    piq_json_writer w;
    entry e = {.c = c, .w = &w};
    piq_status status = PIQ_OK;
    piq_json_init(&w, b);
    piq_arena_init(&e.scratch, 0);
    piq_json_object(&w);
    piq_json_key(&w, "learners");
    piq_json_array(&w);
    for (size_t i = 0; i < n && !status; i++) {
        e.user = list[i];
        status = write_entry(&e);
    }
    piq_json_array_end(&w);
    piq_json_object_end(&w);
    piq_arena_release(&e.scratch);
    return status;
}

void piq_get_coached(piq_exchange *c)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    const piq_catalogue *unused;
    piq_page page;
    whose of;
    piq_user_id *list = NULL;
    size_t n;
    piq_buf b;
    if (!piq_exchange_known_query(c, known) || !read_whose(c, &of) ||
        !piq_page_read(c, PIQ_CURSOR_COACHED, of.owner, USUAL, &page) ||
        !piq_exchange_catalogue(c, &unused))
        return;
    if (list_learners(c, &of, &page, &list, &n)) {
        piq_exchange_fail(c);
        return;
    }
    size_t shown = n < (size_t)page.limit ? n : (size_t)page.limit;
    piq_buf_init(&b, 0);
    if (write_list(c, list, shown, &b)) {
        piq_buf_release(&b);
        piq_exchange_fail(c);
        return;
    }
    if (n > shown)
        piq_page_link(c, &page,
                      &(piq_cursor){.at = piq_user_outer(list[shown - 1])});
    piq_exchange_json(c, 200, &b, -1);
}
