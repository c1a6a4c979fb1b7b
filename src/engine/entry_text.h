/* entry_text.h - members of a JSON object, found in its text. Private to
 * engine/.
 *
 * The entries of adaptation_history are looked at for every reply: parsing them
 * would cost more than all the rest. The text is ours; a store may have laid it
 * out anew, with blanks and in another order. What is no JSON has no members.
 * Slices are of the text.
 */
#ifndef PIQ_ENGINE_ENTRY_TEXT_H
#define PIQ_ENGINE_ENTRY_TEXT_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

/* The value of an object's own member; empty: it has none of this name. */
piq_str piq_text_member(piq_str object, const char *name);

/* Appends the object without what it has of these members. */
void piq_text_without(piq_str object, const char *const *names, size_t n_names,
                      piq_buf *out);

/* The elements of a list one by one: `*at` begins as the list, and is then what
 * is left of it. False: no more. */
bool piq_text_next(piq_str *at, piq_str *element);

#endif
