/* fuzz_driver.h - drives a fuzz harness where libFuzzer does not: each file of
 * its corpus as it is, then as many damaged ones as asked for, the same ones
 * for the same seed.
 *
 * A harness is tests/fuzz/fuzz_NAME.c with LLVMFuzzerTestOneInput; its corpus
 * is tests/fuzz/corpus/NAME, words that may hurt are in
 * tests/fuzz/words/NAME.dict (libFuzzer's form) where there is one. `make fuzz`
 * builds it for libFuzzer, with -DPIQ_LIBFUZZER: then main() is libFuzzer's.
 * Run from the project's folder.
 */
#ifndef PIQ_TESTS_FUZZ_DRIVER_H
#define PIQ_TESTS_FUZZ_DRIVER_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fuzz_plan {
    const char *name;
    int (*one)(const uint8_t *bytes, size_t len);
    long rounds;       /* damaged inputs; the first argument, else
                          PIQ_FUZZ_ROUNDS, says otherwise; the second argument
                          is the seed, else 1 */
    void (*end)(void); /* frees what the harness kept; NULL: nothing */
    /* Writes the i-th input that the harness makes itself, for one without a
     * folder; false: there are no more. NULL: they are in the folder. */
    bool (*seed)(size_t i, piq_buf *out);
} fuzz_plan;

/* Runs it as one cmocka test: the number of failures. */
int fuzz_drive(const fuzz_plan *plan, int argc, char **argv);

/* Both, one after the other, in as many bytes as they have, so that reading
 * past the end is seen; free() it. */
char *fuzz_joined(piq_str head, piq_str rest);

/* A broken law ends the program as the sanitizers do. */
void fuzz_law(bool kept, const char *law);

#endif
