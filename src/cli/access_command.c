/* access_command.c - a keeper for one command. */
#include "cli/access_command.h"

#include "base/calendar.h"

int piq_with_access(const piq_arguments *args, piq_access_work *work, void *ctx)
{
    piq_store *store;
    piq_access *k = NULL;
    piq_err err = {0};
    if (piq_open_existing_store(args->db, &store, &err))
        return piq_could_not(&err);
    piq_status status = piq_access_open(store, NULL, &k, &err);
    if (!status)
        status = work(k, ctx, &err);
    piq_access_close(k);
    store->ops->close(store);
    return status ? piq_could_not(&err) : PIQ_DONE;
}

piq_status piq_print_json(void (*fill)(piq_json_writer *w, const void *ctx),
                          const void *ctx, piq_err *err)
{
    piq_buf b;
    piq_json_writer w;
    piq_buf_init(&b, 0);
    piq_json_init(&w, &b);
    fill(&w, ctx);
    piq_status status = b.status;
    if (status)
        piq_fail(err, status, "no memory to print");
    else
        printf("%.*s\n", (int)b.len, b.ptr);
    piq_buf_release(&b);
    return status;
}

void piq_time_cell(int64_t at_us, char out[32])
{
    if (at_us == INT64_MAX)
        snprintf(out, 32, "never");
    else
        piq_time_format(at_us, out);
}
