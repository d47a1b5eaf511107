/* Names as users write them: of components, words and keys. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* One rule for all, so that names from Python are taken as they are: `name` is written for `meant` when they are equal without
 * case and underscores, once some of `endings` (words separated by spaces, lower case: "trainer configuration") are taken off
 * the end of `name`: none, one, or several, while something is left. A call without arguments, MSELoss(), is its name. */
bool tx_same_name(const char *name, const char *meant, const char *endings);
/* The same for all names that are the same, whichever of two is written for the other. */
uint32_t tx_name_hash(const char *name, const char *endings);

bool tx_same_word(const char *a, const char *b); /* but for case */
static inline bool tx_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool tx_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *tx_name_after_module(const char *name); /* what follows the last dot: jax.nn.relu is relu, optax.adam(0.1) adam(0.1) */

/* The nearest of `count` names, compared by the same rule: one with a letter wrong, else the first in which `name` stands as
 * whole words, else the nearest by edit distance that begins alike, else one that holds `name` or most of which `name` is; NULL
 * when none is close enough to be meant. */
const char *tx_nearest_name(const char *name, const char *const *names, int count);
const char *tx_nearest_name_of(const char *name, const char *endings, const char *const *names, int count);
