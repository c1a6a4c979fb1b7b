/* buf.h - a growing byte buffer with a limit and a sticky error.
 *
 * Appending after a failure does nothing, so a writer checks once, at the
 * end. The bytes are always NUL-terminated, the NUL not counted in len.
 */
#ifndef PIQ_BASE_BUF_H
#define PIQ_BASE_BUF_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

typedef struct piq_buf {
    char *ptr; /* NULL until the first append */
    size_t len;
    size_t cap_bytes;
    size_t max_bytes;
    piq_status status; /* PIQ_OK, PIQ_ENOMEM or PIQ_ELIMIT */
} piq_buf;

/* Allocates nothing. max_bytes 0 means 64 MiB. */
void piq_buf_init(piq_buf *b, size_t max_bytes);
void piq_buf_release(piq_buf *b);
/* Empty again, error forgotten, memory kept. */
void piq_buf_clear(piq_buf *b);
/* The caller owns the bytes (free()); the buffer is empty again. May be NULL
 * when nothing was written. */
char *piq_buf_take(piq_buf *b, size_t *len);

/* A copy of what was written, in `a`; the buffer is empty again. ptr is NULL
 * when the buffer had failed or the arena is full. */
piq_str piq_buf_keep(piq_buf *b, piq_arena *a);

void piq_buf_add(piq_buf *b, const void *bytes, size_t len);
void piq_buf_add_str(piq_buf *b, piq_str s);
void piq_buf_add_z(piq_buf *b, const char *z);
void piq_buf_add_char(piq_buf *b, char c);
/* Writing in place: where `len` more bytes fit (NULL after a failure), then how
 * many of them were written, at most `len`. */
char *piq_buf_room(piq_buf *b, size_t len);
void piq_buf_wrote(piq_buf *b, size_t len);
/* Numbers in %f and %g follow the process's locale: json_writer.h does not. */
void piq_buf_printf(piq_buf *b, const char *fmt, ...) PIQ_PRINTF(2, 3);

/* Little-endian binary, the form in which state is stored. Floats keep every
 * bit. Varints are LEB128 of the value (signed ones zigzag first). */
void piq_buf_put_u8(piq_buf *b, uint8_t v);
void piq_buf_put_u32(piq_buf *b, uint32_t v);
void piq_buf_put_f32(piq_buf *b, float v);
void piq_buf_put_f64(piq_buf *b, double v);
void piq_buf_put_varint(piq_buf *b, uint64_t v);
void piq_buf_put_svarint(piq_buf *b, int64_t v);
void piq_buf_put_str(piq_buf *b, piq_str s); /* varint length, then bytes */

/* The reading side. Reading past the end or a malformed varint sets `bad`
 * and gives zeros from then on. Slices point into the bytes read. */
typedef struct piq_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
} piq_reader;

void piq_reader_init(piq_reader *r, const void *bytes, size_t len);
uint8_t piq_reader_u8(piq_reader *r);
uint32_t piq_reader_u32(piq_reader *r);
float piq_reader_f32(piq_reader *r);
double piq_reader_f64(piq_reader *r);
uint64_t piq_reader_varint(piq_reader *r);
int64_t piq_reader_svarint(piq_reader *r);
piq_str piq_reader_str(piq_reader *r);

#endif
