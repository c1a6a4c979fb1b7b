#include "access/records.h"

#include <stdio.h>

/* Documents may have a mebibyte each. */
enum { PAGE = 16, KEY_BYTES = 257 };

static bool is_over(const bool *stop)
{
    return stop && *stop;
}

piq_status piq_access_each_record(piq_store *s, piq_str kind, int64_t since_us,
                                  piq_on_record *fn, void *ctx,
                                  const bool *stop, piq_err *err)
{
    char after[KEY_BYTES] = "";
    piq_record_range range = {.kind = kind,
                              .now_us = INT64_MIN,
                              .after_us = since_us > INT64_MIN ? since_us - 1
                                                               : INT64_MIN,
                              .until_us = INT64_MAX,
                              .limit = PAGE};
    piq_arena a;
    piq_status status = PIQ_OK;
    size_t n = PAGE;
    piq_arena_init(&a, 0);
    while (!status && !is_over(stop) && n == PAGE) {
        piq_record *rows;
        piq_arena_clear(&a);
        n = 0;
        status = s->ops->records(s, &a, &range, &rows, &n, err);
        for (size_t i = 0; !status && !is_over(stop) && i < n; i++)
            status = fn(ctx, &a, &rows[i], err);
        if (status || !n)
            break;
        snprintf(after, sizeof after, "%.*s", PIQ_STR_ARG(rows[n - 1].key));
        range.after_us = rows[n - 1].at_us;
        range.after_key = piq_str_of(after);
    }
    piq_arena_release(&a);
    return status;
}
