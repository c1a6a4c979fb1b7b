/* routes.c - the table of api/openapi.yaml, and who may call what.
 *
 * A test compares the table with the contract, and another one tries every
 * route as every kind of caller.
 */
#include "api/routes.h"

#include <stdio.h>
#include <string.h>

enum {
    PLATFORM = 1u << PIQ_ROLE_PLATFORM,
    LEARNER = 1u << PIQ_ROLE_LEARNER,
    COACH = 1u << PIQ_ROLE_COACH,
    THEMSELVES = PLATFORM | LEARNER, /* changes: a coach only reads */
    READERS = PLATFORM | LEARNER | COACH,

    WRITE = PIQ_SCOPE_EVENTS_WRITE,
    PROFILE = PIQ_SCOPE_PROFILE_READ,
    OFFERS = PIQ_SCOPE_RECOMMENDATIONS_READ,
    CURRICULUM = PIQ_SCOPE_CATALOGUE_WRITE,
    ADMIN = PIQ_SCOPE_ADMIN,
    ANY = PIQ_SCOPE_ANY,
    OPEN = PIQ_SCOPE_NONE
};
#define USER           "/api/users/{userId}"
#define RECOMMENDATION USER "/recommendations/{recommendationId}"

/* A change that replies what may be read elsewhere asks for the scope of the
 * reading too. What is about all tenants is the installation's. */
static const piq_route routes[] = {
    {{"GET", USER "/profile", PROFILE, READERS, false}, piq_get_profile},
    {{"PUT", USER "/profile", WRITE | PROFILE, THEMSELVES, false},
     piq_put_profile},
    {{"POST", USER "/profile/analyze", PROFILE, THEMSELVES, false},
     piq_analyze_profile},
    {{"GET", USER "/stream", PROFILE | OFFERS, READERS, false}, piq_get_stream},
    {{"GET", USER "/recommendations", OFFERS, READERS, false},
     piq_get_recommendations},
    {{"POST", RECOMMENDATION "/feedback", WRITE, THEMSELVES, false},
     piq_post_feedback},
    {{"GET", RECOMMENDATION "/explanation", OFFERS, READERS, false},
     piq_get_explanation},
    {{"GET", USER "/learning-path", OFFERS, READERS, false}, piq_get_path},
    {{"PUT", USER "/learning-path/update", WRITE | OFFERS, THEMSELVES, false},
     piq_update_path},
    {{"POST", USER "/learning-path/controls", WRITE | OFFERS, THEMSELVES,
      false},
     piq_control_path},
    {{"GET", USER "/reviews", PROFILE, READERS, false}, piq_get_reviews},
    {{"GET", USER "/progress-analytics", PROFILE, READERS, false},
     piq_get_analytics},
    {{"GET", USER "/skill-predictions", PROFILE, READERS, false},
     piq_get_predictions},
    {{"GET", USER "/answer-prediction", PROFILE, READERS, false},
     piq_get_answer_prediction},
    {{"POST", USER "/goals", WRITE, THEMSELVES, false}, piq_post_goals},
    {{"POST", USER "/events", WRITE, THEMSELVES, false}, piq_post_events},
    {{"POST", "/api/events", WRITE, PLATFORM, false}, piq_post_ndjson},
    {{"GET", "/api/catalogue", ANY, READERS, false}, piq_get_catalogue},
    {{"GET", USER "/recommendations/why-not", OFFERS, READERS, false},
     piq_get_why_not},
    {{"GET", "/api/rules", CURRICULUM, PLATFORM, true}, piq_get_rules},
    {{"PUT", "/api/rules", CURRICULUM, PLATFORM, true}, piq_put_rules},
    {{"GET", "/api/experiments", ADMIN, PLATFORM, true}, piq_get_experiments},
    {{"POST", "/api/experiments", ADMIN, PLATFORM, true}, piq_post_experiment},
    {{"GET", "/api/experiments/{name}", ADMIN, PLATFORM, true},
     piq_get_experiment},
    {{"POST", "/api/experiments/{name}/stop", ADMIN, PLATFORM, true},
     piq_stop_experiment},
    {{"GET", "/api/users", PROFILE, PLATFORM, false}, piq_get_users},
    {{"GET", "/api/coaches/{coach}/learners", PROFILE | OFFERS,
      PLATFORM | COACH, false},
     piq_get_coached},
    {{"GET", USER "/events", PROFILE, READERS, false}, piq_get_events},
    {{"GET", USER "/recommendations/history", OFFERS, READERS, false},
     piq_get_history},
    {{"GET", "/api/rules/versions", CURRICULUM, PLATFORM, true},
     piq_get_rule_versions},
    {{"GET", "/api/webhooks", ADMIN, PLATFORM, false}, piq_get_webhooks},
    {{"POST", "/api/webhooks", ADMIN, PLATFORM, false}, piq_post_webhook},
    {{"DELETE", "/api/webhooks/{webhookId}", ADMIN, PLATFORM, false},
     piq_drop_webhook},
    {{"POST", "/api/webhooks/{webhookId}/revive", ADMIN, PLATFORM, false},
     piq_revive_webhook},
    {{"GET", USER "/export", PROFILE | OFFERS, THEMSELVES, false},
     piq_get_export},
    {{"DELETE", USER, ADMIN, THEMSELVES | PIQ_API_OWN, false},
     piq_erase_learner},
    {{"GET", USER "/profiling", PROFILE, READERS, false}, piq_get_profiling},
    {{"PUT", USER "/profiling", WRITE, THEMSELVES, false}, piq_put_profiling},
    {{"GET", USER "/audit", ADMIN, THEMSELVES | PIQ_API_OWN, false},
     piq_get_audit},
    {{"GET", "/api/caller", ANY, READERS, false}, piq_get_caller},
    {{"GET", "/", OPEN, 0, false}, piq_get_front},
    {{"GET", "/session", OPEN, 0, false}, piq_begin_session},
    {{"DELETE", "/session", ANY, READERS, false}, piq_end_session},
    {{"POST", "/xapi/statements", WRITE, PLATFORM, false}, piq_post_statements},
    {{"PUT", "/xapi/statements", WRITE, PLATFORM, false}, piq_put_statement},
    {{"GET", "/xapi/statements", PROFILE, PLATFORM, false}, piq_get_statements},
    {{"GET", "/xapi/about", ANY, READERS, false}, piq_get_about},
    {{"GET", "/healthz", OPEN, 0, false}, piq_get_health},
    {{"GET", "/readyz", OPEN, 0, false}, piq_get_ready},
    {{"GET", "/metrics", ADMIN, PLATFORM, true}, piq_get_metrics},
    {{"GET", "/api/openapi.json", ANY, READERS, false}, piq_get_contract},
};
enum { N_ROUTES = sizeof routes / sizeof routes[0] };
_Static_assert((int)N_ROUTES <= (int)PIQ_API_MAX_ROUTES,
               "a time is kept of each route");

const piq_api_route *piq_api_route_at(size_t i)
{
    return i < N_ROUTES ? &routes[i].is : NULL;
}

size_t piq_route_number(const piq_route *r)
{
    return (size_t)(r - routes);
}

static piq_str next_segment(piq_str *rest)
{
    if (rest->len && rest->ptr[0] == '/')
        *rest = (piq_str){rest->ptr + 1, rest->len - 1};
    const char *slash = rest->len ? memchr(rest->ptr, '/', rest->len) : NULL;
    piq_str s = {rest->ptr, slash ? (size_t)(slash - rest->ptr) : rest->len};
    *rest = (piq_str){rest->ptr + s.len, rest->len - s.len};
    return s;
}

static bool match_pattern(const char *pattern, piq_str path, piq_matched *m)
{
    piq_str want = piq_str_of(pattern);
    size_t n = 0;
    while (want.len && path.len) {
        piq_str w = next_segment(&want), p = next_segment(&path);
        if (w.len && w.ptr[0] == '{')
            m->values[n++] = p;
        else if (!piq_str_eq(w, p))
            return false;
    }
    m->n_values = n;
    return !want.len && !path.len;
}

void piq_route_match(const char *method, piq_str path, piq_matched *out)
{
    piq_matched m = {0};
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    for (size_t i = 0; i < N_ROUTES; i++) {
        piq_matched one = {0};
        if (!match_pattern(routes[i].is.pattern, path, &one))
            continue;
        m.path_known = true;
        const char *name = routes[i].is.method;
        size_t used = strlen(m.allow);
        snprintf(m.allow + used, sizeof m.allow - used, "%s%s%s",
                 used ? ", " : "", name,
                 strcmp(name, "GET") == 0 ? ", HEAD" : "");
        if (strcmp(method, name) == 0) {
            memcpy(m.values, one.values, sizeof m.values);
            m.n_values = one.n_values;
            m.route = &routes[i];
        }
    }
    *out = m;
}

const char *piq_api_pattern_of(piq_str path)
{
    piq_matched m;
    for (size_t i = 0; i < N_ROUTES; i++)
        if (match_pattern(routes[i].is.pattern, path, &m))
            return routes[i].is.pattern;
    return "other";
}
