/* xapi_statements.h - statements for tests, and small changes to them. */
#ifndef PIQ_TESTS_XAPI_STATEMENTS_H
#define PIQ_TESTS_XAPI_STATEMENTS_H

#include <jansson.h>

/* Nearly everything that a statement may hold. */
extern const char xapi_rich[];
/* Learner 7 answered item 1; a few members only. */
extern const char xapi_plain[];

/* Single quotes stand for double ones. Fails the test when it is no JSON. */
json_t *xapi_parse(const char *text);
/* `text` (as above) is put at the JSON pointer, whose parents are there; NULL:
 * what is there goes. Members of arrays are replaced, or appended at "-". */
void xapi_edit(json_t *statement, const char *pointer, const char *text);

#endif
