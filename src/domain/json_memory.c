#include "domain/json_memory.h"

#include "base/arena.h"

#include <jansson.h>
#include <stdlib.h>

/* jansson hands nothing through to its allocator, so what belongs to one parse
 * can only be kept by the thread that is in it. */
static _Thread_local bool parsing, ran_out;

static void *take(size_t n)
{
    if (parsing && ran_out)
        return NULL;
    void *p = piq_alloc_should_fail() ? NULL : malloc(n);
    ran_out = parsing && p == NULL;
    return p;
}

void piq_json_memory_install(void)
{
    json_set_alloc_funcs(take, free);
}

void piq_json_memory_begin(void)
{
    parsing = true;
    ran_out = false;
}

bool piq_json_memory_end(void)
{
    parsing = false;
    return ran_out;
}
