/* Fourier transforms of lines, as many at a time as a vector has lanes, each by itself: whatever else is transformed with it, a
 * line's bits are the same. For lengths with factors 2, 3 and 5. */
#pragma once

#include "kernel/vector/variant.h"

typedef struct tx_line tx_line;

/* Are there transforms of lines of n points? */
bool VARIANT(line_exists)(int64_t n);
/* of_reals: of real lines and back, else of complex ones. */
tx_status VARIANT(line_create)(int64_t n, bool of_reals, tx_error *error, tx_line **out);
void VARIANT(line_destroy)(tx_line *line);
/* Vectors that work and spare below have each. */
int64_t VARIANT(line_room)(int64_t n);

/* work: point j of all lines as work[j]. Returns the modes 0 … n / 2, their parts [mode][re, im], in work or in spare; both are
 * overwritten. */
vec *VARIANT(line_to_modes)(const tx_line *line, vec *work, vec *spare);
/* The other way: modes with a mirror image count twice; imaginary parts of those without are not looked at. */
vec *VARIANT(line_from_modes)(const tx_line *line, vec *work, vec *spare);
/* Complex, in place as seen by the caller: [point][re, im]; backward: with the conjugates. */
vec *VARIANT(line_complex)(const tx_line *line, bool backward, vec *work, vec *spare);
