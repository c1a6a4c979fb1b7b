/* check.h - checking a statement's JSON by tables. Private to xapi/.
 *
 * A check gets a place and the value there, and returns false after it has
 * refused it: PIQ_EINVAL with the JSON pointer of what is wrong. The first
 * refusal ends it all.
 */
#ifndef PIQ_XAPI_CHECK_H
#define PIQ_XAPI_CHECK_H

#include "base/status.h"
#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Where we are in the document: a chain on the stack. */
typedef struct piq_xapi_at {
    const struct piq_xapi_at *up; /* NULL: the beginning */
    const char *name;             /* a member; NULL: element `index` */
    size_t index;
    piq_err *err;
} piq_xapi_at;

typedef bool piq_xapi_check_fn(const piq_xapi_at *at, const json_t *v);

typedef struct piq_xapi_member {
    const char *name; /* NULL ends a table */
    piq_xapi_check_fn *check;
    bool required;
} piq_xapi_member;

/* Refuses; always false. */
bool piq_xapi_refuse(const piq_xapi_at *at, const char *fmt, ...)
    PIQ_PRINTF(2, 3);
/* The same at a member of what is at `at`. */
bool piq_xapi_refuse_member(const piq_xapi_at *at, const char *member,
                            const char *fmt, ...) PIQ_PRINTF(3, 4);

/* An object of these members and no others, each as its check wants it. */
bool piq_xapi_members(const piq_xapi_at *at, const json_t *v,
                      const piq_xapi_member *table);
/* An array, each element as `check` wants it. */
bool piq_xapi_each(const piq_xapi_at *at, const json_t *v,
                   piq_xapi_check_fn *check);

/* The string at a member; empty where there is none. */
piq_str piq_xapi_text(const json_t *object, const char *member);
piq_str piq_xapi_str(const json_t *v);
/* That member is this very word. */
bool piq_xapi_is(const json_t *object, const char *member, const char *word);

/* values.c: the kinds of value */
piq_xapi_check_fn piq_xapi_check_string, piq_xapi_check_boolean;
piq_xapi_check_fn piq_xapi_check_number, piq_xapi_check_count;
piq_xapi_check_fn piq_xapi_check_uuid, piq_xapi_check_iri;
piq_xapi_check_fn piq_xapi_check_mailbox, piq_xapi_check_sha1;
piq_xapi_check_fn piq_xapi_check_sha2, piq_xapi_check_media_type;
piq_xapi_check_fn piq_xapi_check_language, piq_xapi_check_language_map;
piq_xapi_check_fn piq_xapi_check_instant, piq_xapi_check_duration;
piq_xapi_check_fn piq_xapi_check_version, piq_xapi_check_extensions;
piq_xapi_check_fn piq_xapi_check_name;
bool piq_xapi_is_version(piq_str s); /* the same of a header's words */

/* actors.c */
piq_xapi_check_fn piq_xapi_check_actor;     /* Agent or Group */
piq_xapi_check_fn piq_xapi_check_agent;     /* Agent only */
piq_xapi_check_fn piq_xapi_check_group;     /* Group only */
piq_xapi_check_fn piq_xapi_check_authority; /* Agent, or Group of two */

/* parts.c */
piq_xapi_check_fn piq_xapi_check_activity, piq_xapi_check_ref;
piq_xapi_check_fn piq_xapi_check_result, piq_xapi_check_context;
piq_xapi_check_fn piq_xapi_check_attachment;

#endif
