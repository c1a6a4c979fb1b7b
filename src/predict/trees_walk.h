/* trees_walk.h - many walks down trees at once.
 *
 * A step waits for memory, so PIQ_WALKS walks go side by side; on x86-64 with
 * AVX2 eight of them are one vector. Only comparisons are made, so every way
 * ends at the same leaves. Private to trees.c. Pure; any thread.
 */
#ifndef PIQ_PREDICT_TREES_WALK_H
#define PIQ_PREDICT_TREES_WALK_H

#include "predict/trees.h"

enum { PIQ_WALKS = 32 };

/* at[PIQ_WALKS]: roots, then leaves. Walk k sees the row at x + row[k]. */
typedef void (*piq_trees_walker)(const piq_tree_node *nodes, const float *x,
                                 const uint32_t row[PIQ_WALKS],
                                 uint32_t at[PIQ_WALKS]);

/* The fastest one for so many nodes on this machine. */
piq_trees_walker piq_trees_walker_here(size_t n_nodes);
/* The one that runs anywhere. */
void piq_trees_walk_plain(const piq_tree_node *nodes, const float *x,
                          const uint32_t row[PIQ_WALKS],
                          uint32_t at[PIQ_WALKS]);

#endif
