/* catalogue_document.h - a small valid curriculum document for the catalogue's
 * tests, and changing it. */
#ifndef PIQ_TESTS_CATALOGUE_DOCUMENT_H
#define PIQ_TESTS_CATALOGUE_DOCUMENT_H

#include <stddef.h>

/* Line numbers in the tests are of this text. */
extern const char catalogue_document[];

/* `text` with the first `from` replaced; heap. Aborts when there is none: a
 * test that changes nothing proves nothing. */
char *document_with(const char *text, const char *from, const char *to);

/* A file, whole and NUL-terminated; NULL when it cannot be read. Heap. */
char *read_whole(const char *path, size_t *len);

#endif
