/* Discrete Fourier transforms of a real field on 1 to 3 periodic axes, in double; for generators, not for training steps. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/status.h"

void tx_fourier_library(char *text, size_t size); /* the version of FFTW */

typedef struct tx_complex {
    double re, im;
} tx_complex;

/* A transform and the two arrays between which it works, both in C order. */
typedef struct tx_fourier {
    int64_t num_points, num_modes; /* n[0] … n[axes - 1], and the same with n / 2 + 1 on the last axis */
    double *signal;
    tx_complex *modes;
    struct tx_fourier_plans *plans;
} tx_fourier;

tx_status tx_fourier_create(int axes, const int64_t *n, tx_error *error, tx_fourier **out);
size_t tx_fourier_bytes(int axes, const int64_t *n); /* that one takes; both arguments as there */
void tx_fourier_destroy(tx_fourier *fourier);
/* numpy.fft.rfftn: fills modes. */
void tx_fourier_forward(tx_fourier *fourier);
/* numpy.fft.irfftn: fills signal, spoils modes. Ignores, after the other axes, imaginary parts at the last one's wavenumbers
 * 0 and n / 2: modes need not be those of a real field. */
void tx_fourier_backward(tx_fourier *fourier);

/* Wavenumbers of a mode: 0 … n / 2 on the last axis, on the others those from (n + 1) / 2 on are negative, -n / 2 first. */
void tx_fourier_wavenumbers(int axes, const int64_t *n, int64_t mode, int64_t *k);
/* What turns a wave's amplitude into its coefficient ("coef_extraction" of Exponax): a product over the axes, of n where the wave
 * is its own conjugate (wavenumbers 0 and n / 2), else n / 2. */
double tx_fourier_scaling(int axes, const int64_t *n, const int64_t *k);
double tx_fourier_square(int axes, const int64_t *n, int64_t mode, double extent); /* |2 pi k / extent|^2 */
