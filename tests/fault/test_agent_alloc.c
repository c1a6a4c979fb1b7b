/* The agent without memory: each allocation fails once; it is said, and
 * nothing is lost. */
#include "agent/agent.h"
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MOST_ALLOCATIONS = 1000 };

#define HELLO                                                                  \
    "{\"type\":\"hello\",\"protocol\":1,\"seed\":3,\"mode\":\"adapt\","        \
    "\"delay\":1,\"items\":[{\"id\":10,\"concepts\":[7]},"                     \
    "{\"id\":11,\"concepts\":[7,8]}],\"concepts\":[7,8],"                      \
    "\"prerequisites\":[[7,8]],\"steps\":4}"
#define RESET                                                                  \
    "{\"type\":\"reset\",\"budget\":4,\"log\":[[10,0]],\"targets\":[8],"       \
    "\"exam\":{\"11\":0}}"
#define OUTCOME "{\"type\":\"outcome\",\"left\":3,\"item\":10,\"correct\":1}"

static const char *const LINES[] = {HELLO, RESET,
                                    "{\"type\":\"next\",\"left\":4}", OUTCOME,
                                    "{\"type\":\"next\",\"left\":3}"};
enum { N_LINES = sizeof LINES / sizeof *LINES };

/* The status of the first line that fails, from the k-th allocation on. */
static piq_status talk(long k)
{
    piq_agent *agent = NULL;
    piq_buf reply;
    bool bye;
    piq_buf_init(&reply, 0);
    piq_alloc_fail_after(k, 0);
    piq_status status = piq_agent_new(&agent);
    for (size_t i = 0; status == PIQ_OK && i < N_LINES; i++)
        status =
            piq_agent_hear(agent, piq_str_of(LINES[i]), &reply, &bye, NULL);
    piq_alloc_fail_after(0, 0);
    piq_agent_free(agent);
    piq_buf_release(&reply);
    return status;
}

static void test_agent_alloc__no_memory_is_said(void **state)
{
    (void)state;
    for (long k = 1;; k++) {
        piq_status status = talk(k);
        if (status == PIQ_OK) {
            assert_true(k > 20);
            return;
        }
        assert_int_equal(status, PIQ_ENOMEM);
        assert_true(k < MOST_ALLOCATIONS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agent_alloc__no_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
