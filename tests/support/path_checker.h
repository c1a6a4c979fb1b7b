/* path_checker.h - the laws of a plan, checked from the outside: a plan is
 * replayed with the shared law of practice alone. */
#ifndef PIQ_TESTS_PATH_CHECKER_H
#define PIQ_TESTS_PATH_CHECKER_H

#include "path/path.h"

/* Fails the test unless
 *   days go up from today to the deadline, none is off, none over its minutes
 *       (what is frozen brings its own);
 *   content is in force, not skipped, not done, not planned twice; its parts
 *       are counted up and follow one another;
 *   prerequisites, of concepts and of content, are ready when a step comes;
 *   mastery is told as the law of practice says;
 *   nothing teaches what is said to be known before its check;
 *   what is frozen comes first and in order, as far as it may still be done.
 */
void path_check(const piq_path_input *in, const piq_plan *plan);

/* Whether a content may be done before anything of a plan is. */
bool path_open_now(const piq_path_input *in, piq_content_ix content);

#endif
