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

/* ---- lists --------------------------------------------------------------- */

typedef struct entries {
    const piq_access_list *of;
    const char *list;
    size_t n;
} entries;

static const void *entry_at(const entries *e, size_t i)
{
    return e->list + i * e->of->size;
}

static void fill_list(piq_json_writer *w, const void *ctx)
{
    const entries *e = ctx;
    piq_json_object(w);
    piq_json_key(w, e->of->member);
    piq_json_array(w);
    for (size_t i = 0; i < e->n; i++) {
        piq_json_object(w);
        e->of->put(w, entry_at(e, i));
        piq_json_object_end(w);
    }
    piq_json_array_end(w);
    piq_json_object_end(w);
}

static void print_table(const entries *e)
{
    piq_text_table *t = piq_text_table_new(e->of->heads, e->of->n_heads);
    for (size_t i = 0; i < e->n; i++)
        e->of->row(t, entry_at(e, i));
    piq_text_table_print(t);
}

piq_status piq_print_access(piq_access *k, const piq_arguments *args,
                            const piq_access_list *list, piq_err *err)
{
    entries e = {.of = list};
    const void *first;
    piq_arena a;
    piq_arena_init(&a, 0);
    piq_status status = list->read(k, &a, &first, &e.n, err);
    e.list = status ? NULL : first;
    if (!status && args->json)
        status = piq_print_json(fill_list, &e, err);
    else if (!status)
        print_table(&e);
    piq_arena_release(&a);
    return status;
}

void piq_time_cell(int64_t at_us, char out[32])
{
    if (at_us == INT64_MAX)
        snprintf(out, 32, "never");
    else
        piq_time_format(at_us, out);
}
