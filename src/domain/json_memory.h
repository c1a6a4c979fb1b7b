/* json_memory.h - where jansson's memory comes from, and whether it sufficed.
 *
 * jansson (2.14, load.c and strbuffer.c) does not look whether the text of a
 * word could grow: where memory ran out in the middle of one it drops
 * characters, may read and write past what it has, and calls what is left a
 * syntax error. So from the first allocation that fails in a parse on all of
 * its others fail: it then stops at that word, and whoever asked for the parse
 * is told why.
 *
 * Threads: each parse is told apart by its thread.
 */
#ifndef PIQ_DOMAIN_JSON_MEMORY_H
#define PIQ_DOMAIN_JSON_MEMORY_H

#include <stdbool.h>

/* For a program, once, before it has any JSON: jansson's own malloc() is
 * replaced in the whole process, so a library must leave it to its host. It is
 * malloc() still, by way of the seam of base/arena.h. Not installed, a parse
 * that ran out of memory is told by what jansson says of it. */
void piq_json_memory_install(void);

/* Around one parse, for json_reader.c: `end` says whether memory ran out. */
void piq_json_memory_begin(void);
bool piq_json_memory_end(void);

#endif
