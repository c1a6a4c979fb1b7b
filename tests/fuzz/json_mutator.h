/* json_mutator.h - libFuzzer's mutator for harnesses that read JSON: three of
 * four inputs stay JSON, or hardly any would be looked at further. Included
 * once, by the harness: libFuzzer asks for the function by its name. */
#ifndef PIQ_TESTS_JSON_MUTATOR_H
#define PIQ_TESTS_JSON_MUTATOR_H

#ifdef PIQ_LIBFUZZER

#include "support/json_damage.h"

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room,
                               unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room,
                               unsigned seed)
{
    size_t made = seed % 4 ? json_damage(bytes, len, room, seed / 4) : 0;
    return made ? made : LLVMFuzzerMutate(bytes, len, room);
}

#endif
#endif
