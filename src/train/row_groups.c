#include "train/row_groups.h"

#include <stdlib.h>

typedef struct entry {
    uint32_t group, row;
} entry;

static int by_group(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

piq_status piq_row_groups_make(piq_arena *a, const uint32_t *group, size_t n,
                               piq_row_groups *out)
{
    PIQ_ASSERT(n <= UINT32_MAX);
    entry *list = piq_new(a, entry, n);
    uint32_t *member = piq_new(a, uint32_t, n);
    size_t *start = piq_new(a, size_t, n + 1), n_groups = 0;
    if (!list || !member || !start)
        return PIQ_ENOMEM;
    for (size_t i = 0; i < n; i++)
        list[i] = (entry){group ? group[i] : (uint32_t)i, (uint32_t)i};
    if (group)
        qsort(list, n, sizeof *list, by_group);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || list[i].group != list[i - 1].group)
            start[n_groups++] = i;
        member[i] = list[i].row;
    }
    start[n_groups] = n;
    *out = (piq_row_groups){n_groups, member, start};
    return PIQ_OK;
}
