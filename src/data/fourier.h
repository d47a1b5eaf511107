/* Discrete Fourier transforms of one real signal of any length, in double; for generators, not for training steps. */
#pragma once

#include <stdint.h>

#include "trainax/status.h"

typedef struct tx_complex {
    double re, im;
} tx_complex;

typedef struct tx_fourier tx_fourier;
tx_status tx_fourier_create(int64_t n, tx_error *error, tx_fourier **out);
void tx_fourier_destroy(tx_fourier *fourier);
/* numpy.fft.rfft: n / 2 + 1 modes. */
void tx_fourier_forward(tx_fourier *fourier, const double *signal, tx_complex *modes);
/* numpy.fft.irfft: ignores the imaginary parts of modes 0 and n / 2. */
void tx_fourier_backward(tx_fourier *fourier, const tx_complex *modes, double *signal);
