/* str.h - string slices: a pointer and a length, not NUL-terminated. */
#ifndef PIQ_BASE_STR_H
#define PIQ_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct piq_str {
    const char *ptr; /* may be NULL when len is 0 */
    size_t len;
} piq_str;

#define PIQ_STR(literal) ((piq_str){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". */
#define PIQ_STR_ARG(s)   (int)(s).len, (s).ptr

static inline piq_str piq_str_of(const char *z)
{
    return (piq_str){z, z ? strlen(z) : 0};
}

static inline bool piq_str_eq(piq_str a, piq_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Without the blanks and tabs at both its ends (RFC 9110, 5.6.3: OWS). */
piq_str piq_str_trim(piq_str s);

/* Byte order, shorter first when one is a prefix: <0, 0, >0. */
int piq_str_cmp(piq_str a, piq_str b);

/* True when the bytes are well-formed UTF-8 without NUL. */
bool piq_str_is_utf8(piq_str s);

/* Bytes of the well-formed UTF-8 character at `at`, 1 to 4; 0 when the `left`
 * bytes do not begin with one. */
size_t piq_utf8_len(const char *at, size_t left);

/* Makes a NUL-terminated text UTF-8 where it stands: a run of bytes that are
 * none, such as half a character where a format cut one, becomes one "?". */
void piq_utf8_mend(char *text);

/* Whole slice as a decimal integer; false on anything else or overflow. */
bool piq_str_to_i64(piq_str s, int64_t *out);

/* Whole slice as a finite decimal number ("-1", ".5", "2e-3"; no "+1", hex or
 * blanks), correctly rounded in any locale; false on anything else. */
bool piq_str_to_double(piq_str s, double *out);

/* 64-bit FNV-1a, mixed; stable across versions and machines. */
uint64_t piq_hash_bytes(const void *p, size_t len);
/* One round of splitmix64: spreads consecutive integers. */
uint64_t piq_hash_u64(uint64_t x);

#endif
