/* The modes of pairs (x, y) with G = sum x x'/M = Q diag(lambda) Q' and B = sum y x'/M: all linear emulators that are fitted by
 * least squares are
 *
 *     A = sum over modes of weight_i B q_i q_i'
 *
 * Where there are fewer pairs than numbers of a state, the eigenvalues are those of K = X X'/M, q_i = X'v_i / |X'v_i|, and
 * B q_i = |X'v_i| Y'v_i / M: nothing has the square of a state's numbers then. */
#pragma once

#include "baseline/pairs.h"

typedef struct tx_modes {
    tx_parallel *parallel;
    int64_t size, count; /* numbers of a state; modes */
    int64_t pairs;       /* that they are of */
    double *lambda;      /* [count], descending */
    double *inward;      /* [count][size]: q_i */
    double *outward;     /* [count][size]: B q_i */
    const double *mean;  /* of x, then of y: what was taken off; the pairs'; NULL: nothing */
} tx_modes;

size_t tx_modes_bytes(int64_t size, int64_t pairs, int num_ranks); /* that finding them takes, on each rank */
/* The same on all ranks. pairs must outlive it. Collective. TX_FAILURE: there is no eigensystem. */
tx_status tx_modes_find(tx_pairs *pairs, tx_error *error, tx_modes *out);
void tx_modes_free(tx_modes *modes); /* takes a zeroed one */

/* Coefficients [rows][count] of states [rows][size] in the modes; and the sum of modes, `inward` or `outward`, times these. */
void tx_modes_analyse(const tx_modes *modes, int64_t rows, const double *states, double *coefficients);
void tx_modes_synthesise(const tx_modes *modes, const double *vectors, int64_t rows, const double *coefficients, double *states);
