/* Real Fourier transforms over all axes by lines, as many at once as a vector has lanes. */
#pragma once

#include "kernel/vector/variant.h"

typedef struct tx_lines tx_lines;

bool VARIANT(lines_exist)(const tx_shape *shape);
tx_status VARIANT(lines_create)(const tx_layout *x, tx_error *error, tx_lines **out);
void VARIANT(lines_destroy)(tx_lines *lines);
size_t VARIANT(lines_work)(const tx_lines *lines); /* reals that a call needs */
/* As rfftn.h's. */
void VARIANT(lines_to_modes)(const tx_lines *lines, const real *x, real *modes, void *work);
void VARIANT(lines_from_modes)(const tx_lines *lines, real *modes, real *x, void *work);
