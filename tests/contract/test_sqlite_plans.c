/* How SQLite goes about each statement of the store: none sorts rows that an
 * index gives in order. */
#include "contract/store_contract.h"
#include "store/sqlite/handle.h"

/* Times that the plan sorts rows in a tree of their own; but not those of one
 * instant among themselves (the right part of an order). */
static int n_temporary(sqlite3 *db, const char *sql, char *how, size_t size)
{
    char *text = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *plan = NULL;
    int n = 0;
    assert_non_null(text);
    if (sqlite3_prepare_v2(db, text, -1, &plan, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sqlite3_errmsg(db), sql);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(plan, 3);
        if (step == NULL || strstr(step, "TEMP B-TREE FOR ORDER BY") == NULL)
            continue;
        n++;
        snprintf(how, size, "%s", step);
    }
    sqlite3_finalize(plan);
    sqlite3_free(text);
    return n;
}

static void test_sqlite_plans__nothing_is_sorted_that_is_in_order(void **state)
{
    store_fixture *f = *state;
    piq_sqlite *s = piq_sqlite_of(f->s);
    piq_sqlite_conn *c = piq_sqlite_readers_borrow(&s->readers);
    int n_sorted = 0;
    for (int sql = 0; sql < PIQ_SQL_N; sql++) {
        piq_sqlite_call q;
        char how[200];
        piq_sqlite_begin(c, (piq_sqlite_sql)sql, &q);
        assert_non_null(q.stmt);
        if (n_temporary(c->db, sqlite3_sql(q.stmt), how, sizeof how) == 0)
            continue;
        fprintf(stderr, "%s: %s\n", how, sqlite3_sql(q.stmt));
        n_sorted++;
    }
    piq_sqlite_readers_return(&s->readers, c);
    assert_int_equal(n_sorted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_sqlite_plans__nothing_is_sorted_that_is_in_order),
    };
    return store_run_tests_on(&store_kinds[0], tests,
                              sizeof tests / sizeof tests[0]);
}
