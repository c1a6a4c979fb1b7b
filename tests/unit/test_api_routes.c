/* The routes of the program are those of the contract that it carries. */
#include "api/api.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

extern const unsigned char piq_openapi_json[];
extern const size_t piq_openapi_json_len;

static json_t *paths_of(json_t **contract)
{
    *contract = json_loadb((const char *)piq_openapi_json, piq_openapi_json_len,
                           JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(*contract);
    json_t *paths = json_object_get(*contract, "paths");
    assert_true(json_is_object(paths));
    return paths;
}

static void test_api_routes__each_is_in_the_contract(void **state)
{
    (void)state;
    json_t *contract, *paths = paths_of(&contract);
    for (size_t i = 0; piq_api_route_at(i); i++) {
        const piq_api_route *r = piq_api_route_at(i);
        char method[8] = "";
        for (size_t k = 0; k + 1 < sizeof method && r->method[k]; k++)
            method[k] = (char)(r->method[k] | 0x20);
        const json_t *path = json_object_get(paths, r->pattern);
        if (!json_object_get(path, method))
            fail_msg("%s %s is not in the contract", r->method, r->pattern);
    }
    json_decref(contract);
}

static bool list_has(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
            return true;
    return false;
}

static void assert_scopes(const piq_api_route *r, const json_t *operation)
{
    const json_t *list = json_object_get(operation, "x-scope");
    size_t n = 0;
    assert_true(json_is_array(list));
    for (uint32_t scope = 1; scope <= PIQ_SCOPE_ANY; scope <<= 1) {
        if (!(r->scopes & scope))
            continue;
        n++;
        if (!list_has(list, piq_scope_name(scope)))
            fail_msg("%s %s: no %s in the contract", r->method, r->pattern,
                     piq_scope_name(scope));
    }
    if (n != json_array_size(list))
        fail_msg("%s %s: the contract has another scope", r->method,
                 r->pattern);
}

static void assert_callers(const piq_api_route *r, const json_t *operation)
{
    const json_t *list = json_object_get(operation, "x-roles");
    assert_true(json_is_array(list));
    for (int role = PIQ_ROLE_PLATFORM; role <= PIQ_ROLE_COACH; role++)
        if (list_has(list, piq_role_name((piq_role)role)) !=
            ((r->callers & 1u << role) != 0))
            fail_msg("%s %s: %s, or not?", r->method, r->pattern,
                     piq_role_name((piq_role)role));
    const json_t *self = json_object_get(operation, "x-scope-self");
    bool read = strcmp(r->method, "GET") == 0;
    if ((self != NULL) != ((r->callers & PIQ_API_OWN) != 0) ||
        (self && !list_has(self, read ? "profile:read" : "events:write")))
        fail_msg("%s %s: x-scope-self", r->method, r->pattern);
    bool all = json_is_true(json_object_get(operation, "x-installation"));
    if (all != r->installation)
        fail_msg("%s %s: x-installation", r->method, r->pattern);
}

static void test_api_routes__ask_for_what_the_contract_says(void **state)
{
    (void)state;
    json_t *contract, *paths = paths_of(&contract);
    for (size_t i = 0; piq_api_route_at(i); i++) {
        const piq_api_route *r = piq_api_route_at(i);
        char method[8] = "";
        for (size_t k = 0; k + 1 < sizeof method && r->method[k]; k++)
            method[k] = (char)(r->method[k] | 0x20);
        const json_t *operation =
            json_object_get(json_object_get(paths, r->pattern), method);
        assert_scopes(r, operation);
        assert_callers(r, operation);
    }
    json_decref(contract);
}

static void test_api_routes__a_log_names_patterns_only(void **state)
{
    (void)state;
    static const char profile[] = "/api/users/{userId}/profile";
    assert_string_equal(piq_api_pattern_of(PIQ_STR("/api/users/7/profile")),
                        profile);
    assert_string_equal(piq_api_pattern_of(PIQ_STR("/api/users/x%20/profile")),
                        profile);
    assert_string_equal(piq_api_pattern_of(PIQ_STR("/api/users/7/nothing")),
                        "other");
    assert_string_equal(piq_api_pattern_of(PIQ_STR("/")), "/");
    assert_string_equal(piq_api_pattern_of(PIQ_STR("")), "other");
    assert_string_equal(piq_api_pattern_of(PIQ_STR("//")), "other");
}

static bool has_route(const char *method, const char *pattern)
{
    for (size_t i = 0; piq_api_route_at(i); i++) {
        const piq_api_route *r = piq_api_route_at(i);
        if (strcasecmp(r->method, method) == 0 &&
            strcmp(r->pattern, pattern) == 0)
            return true;
    }
    return false;
}

static void test_api_routes__the_contract_has_no_others(void **state)
{
    (void)state;
    json_t *contract, *paths = paths_of(&contract);
    const char *pattern, *method;
    json_t *path, *operation;
    json_object_foreach(paths, pattern, path)
    {
        json_object_foreach(path, method, operation)
        {
            if (strcmp(method, "parameters") != 0 &&
                !has_route(method, pattern))
                fail_msg("no route for %s %s", method, pattern);
        }
    }
    json_decref(contract);
}

static void test_api_routes__none_is_there_twice(void **state)
{
    (void)state;
    for (size_t i = 0; piq_api_route_at(i); i++)
        for (size_t k = 0; k < i; k++)
            assert_false(strcmp(piq_api_route_at(i)->method,
                                piq_api_route_at(k)->method) == 0 &&
                         strcmp(piq_api_route_at(i)->pattern,
                                piq_api_route_at(k)->pattern) == 0);
}

static void test_api_routes__end_with_null(void **state)
{
    (void)state;
    assert_non_null(piq_api_route_at(0));
    assert_null(piq_api_route_at(SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_api_routes__each_is_in_the_contract),
        cmocka_unit_test(test_api_routes__the_contract_has_no_others),
        cmocka_unit_test(test_api_routes__ask_for_what_the_contract_says),
        cmocka_unit_test(test_api_routes__a_log_names_patterns_only),
        cmocka_unit_test(test_api_routes__none_is_there_twice),
        cmocka_unit_test(test_api_routes__end_with_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
