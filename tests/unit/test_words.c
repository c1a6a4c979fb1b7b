/* Closed vocabularies: each word reads back to its value, and nothing else. */
#include "domain/words.h"

#include "domain/goal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CHECK_BOTH_WAYS(type, n, name, of)                                     \
    for (int i = 0; i < (n); i++) {                                            \
        type back;                                                             \
        piq_str s = piq_str_of(name((type)i));                                 \
        assert_true(of(s, &back));                                             \
        assert_int_equal((int)back, i);                                        \
        s.len--;                                                               \
        assert_false(of(s, &back));                                            \
    }

static void test_words__each_reads_back_to_its_value(void **state)
{
    (void)state;
    CHECK_BOTH_WAYS(piq_level, PIQ_N_LEVELS, piq_level_name, piq_level_of)
    CHECK_BOTH_WAYS(piq_content_type, PIQ_N_CONTENT_TYPES,
                    piq_content_type_name, piq_content_type_of)
    CHECK_BOTH_WAYS(piq_modality, PIQ_N_MODALITIES, piq_modality_name,
                    piq_modality_of)
    CHECK_BOTH_WAYS(piq_motivation, PIQ_N_MOTIVATIONS, piq_motivation_name,
                    piq_motivation_of)
    CHECK_BOTH_WAYS(piq_event_type, PIQ_N_EVENT_TYPES, piq_event_type_name,
                    piq_event_type_of)
    CHECK_BOTH_WAYS(piq_user_action, PIQ_N_USER_ACTIONS, piq_user_action_name,
                    piq_user_action_of)
    CHECK_BOTH_WAYS(piq_pace, 3, piq_pace_name, piq_pace_of)
}

static void test_words__case_and_blanks_matter(void **state)
{
    (void)state;
    piq_level level = PIQ_EXPERT;
    assert_false(piq_level_of(PIQ_STR("Beginner"), &level));
    assert_false(piq_level_of(PIQ_STR("beginner "), &level));
    assert_false(piq_level_of(PIQ_STR(""), &level));
    assert_false(piq_level_of((piq_str){NULL, 0}, &level));
    assert_int_equal(level, PIQ_EXPERT); /* left alone */
}

/* They are in databases and in other people's programs. */
static void test_words__spelling_is_the_contract(void **state)
{
    (void)state;
    assert_string_equal(piq_event_type_name(PIQ_EV_RECOMMENDATION_FEEDBACK),
                        "recommendation_feedback");
    assert_string_equal(piq_event_type_name(PIQ_EV_PROFILE_STATED),
                        "profile_stated");
    assert_string_equal(piq_event_type_name(PIQ_EV_PATH_CONTROLLED),
                        "path_controlled");
    assert_string_equal(piq_content_type_name(PIQ_CHARACTER), "character");
    assert_string_equal(piq_user_action_name(PIQ_ACTION_NONE), "none");
    assert_string_equal(piq_modality_name(PIQ_INTERACTIVE), "interactive");
    assert_string_equal(piq_motivation_name(PIQ_COMPETITIVE), "competitive");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words__each_reads_back_to_its_value),
        cmocka_unit_test(test_words__case_and_blanks_matter),
        cmocka_unit_test(test_words__spelling_is_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
