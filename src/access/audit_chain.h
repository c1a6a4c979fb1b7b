/* audit_chain.h - the form of the audit's pieces. Private to access/.
 *
 *     {"chain": 32 hex, "piece": 0.., "first": number of its first entry,
 *      "before": hash before it, "entries": [[at_us, caller, action, learner,
 *      status, request, model, policy, start of hash], ..], "hash": last hash}
 *
 *     hash[-1] = SHA-256("piq-audit-1" chain)
 *     hash[n]  = SHA-256(hash[n-1] canonical(entry n))
 *
 * canonical() is binary and of our own, since a store may lay JSON out anew.
 * The start of its hash beside each entry says which one of a piece is wrong;
 * what proves it is the hash at the end of the piece.
 */
#ifndef PIQ_ACCESS_AUDIT_CHAIN_H
#define PIQ_ACCESS_AUDIT_CHAIN_H

#include "access/audit.h"
#include "access/crypto.h"
#include "base/json_writer.h"

#include <jansson.h>

#define PIQ_RECORD_AUDIT     PIQ_STR("audit")
#define PIQ_RECORD_AUDIT_KEY PIQ_STR("audit_key")

enum {
    PIQ_AUDIT_CHAIN_BYTES = 33, /* 128 bits in hex, with the NUL */
    PIQ_AUDIT_NAME_BYTES = 33,  /* a learner's: as long */
    PIQ_AUDIT_KEY_BYTES = 48,   /* of a piece's record */
    PIQ_AUDIT_CALLER_BYTES = 80
};

/* An entry as it is stored; strings are borrowed. */
typedef struct piq_audit_line {
    int64_t at_us;
    piq_str caller, action, learner; /* learner: pseudonym, or empty */
    int64_t status;
    uint64_t request;
    int64_t model, policy;
} piq_audit_line;

typedef struct piq_audit_chain {
    char name[PIQ_AUDIT_CHAIN_BYTES];
    uint64_t pieces, entries; /* so far */
    uint64_t trimmed;         /* of the entries: gone on purpose */
    uint8_t hash[PIQ_SHA256_BYTES];
} piq_audit_chain;

void piq_audit_chain_begin(piq_audit_chain *c, piq_str name);
/* Moves the hash on by one entry. `scratch` is a buffer to work in. */
PIQ_MUST_USE piq_status piq_audit_chain_add(piq_audit_chain *c,
                                            const piq_audit_line *line,
                                            piq_buf *scratch);

/* The record's key of the chain's next piece. */
void piq_audit_chain_key(const piq_audit_chain *c,
                         char key[PIQ_AUDIT_KEY_BYTES]);
void piq_audit_piece_begin(piq_json_writer *w, const piq_audit_chain *c);
/* `c` has moved on over the line. */
void piq_audit_piece_line(piq_json_writer *w, const piq_audit_chain *c,
                          const piq_audit_line *line);
/* Ends the document and counts the piece. */
void piq_audit_piece_end(piq_json_writer *w, piq_audit_chain *c);

/* An entry of a piece; false: it has not that form. *hash: the start of it, 16
 * hexadecimal digits. */
bool piq_audit_line_read(const json_t *entry, piq_audit_line *out,
                         piq_str *hash);

/* What a learner is called under a key. */
void piq_audit_name_of(const uint8_t key[PIQ_SHA256_BYTES], piq_user_id user,
                       char name[PIQ_AUDIT_NAME_BYTES]);
/* The key in a record of kind "audit_key"; false: it is none. */
bool piq_audit_key_read(piq_str document, uint8_t key[PIQ_SHA256_BYTES]);

#endif
