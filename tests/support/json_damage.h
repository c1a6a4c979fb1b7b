/* json_damage.h - changes a JSON text into another one: what a parser lets
 * pass reaches what is behind it, where damage to bytes seldom does. */
#ifndef PIQ_TESTS_JSON_DAMAGE_H
#define PIQ_TESTS_JSON_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

/* One to three changes: a value becomes another, one of elsewhere in the text,
 * or goes; an element is there twice. In place; a space before the text stays.
 * The new length; 0 when it is no JSON, or would have more than `room` bytes:
 * then nothing has changed. The same for the same seed. */
size_t json_damage(uint8_t *bytes, size_t len, size_t room, unsigned seed);

#endif
