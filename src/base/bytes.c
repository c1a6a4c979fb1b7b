#include "base/bytes.h"

#include <stdatomic.h>
#include <stdlib.h>

struct piq_bytes {
    atomic_uint references;
    char *ptr;
    size_t len;
};

piq_bytes *piq_bytes_take(char *bytes, size_t len)
{
    piq_bytes *b = malloc(sizeof *b);
    if (!b) {
        free(bytes);
        return NULL;
    }
    atomic_init(&b->references, 1);
    b->ptr = bytes;
    b->len = len;
    return b;
}

piq_bytes *piq_bytes_retain(piq_bytes *b)
{
    if (b)
        atomic_fetch_add_explicit(&b->references, 1, memory_order_relaxed);
    return b;
}

void piq_bytes_release(piq_bytes *b)
{
    if (!b ||
        atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) != 1)
        return;
    free(b->ptr);
    free(b);
}

piq_str piq_bytes_str(const piq_bytes *b)
{
    return b ? (piq_str){b->ptr, b->len} : (piq_str){"", 0};
}
