/* The Fourier transforms of the generators against plain sums, for lengths of all kinds. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "data/fourier.h"
#include "suite.h"

typedef double _Complex number;

static const struct {
    int axes;
    int64_t n[3];
} cases[] = {{1, {1}},    {1, {2}},    {1, {30}},   {1, {31}},      {1, {64}},      {1, {1009}},
             {2, {6, 8}}, {2, {5, 7}}, {2, {9, 4}}, {3, {4, 6, 5}}, {3, {3, 2, 8}}, {3, {7, 1, 6}}};
enum { CASES = sizeof cases / sizeof *cases };

static double noise(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / (double)(1ull << 53) - 0.5;
}

/* One axis of a complex array, (before, n, after) in C order, by the definition. */
static void naive_axis(number *values, int64_t before, int64_t n, int64_t after, int sign)
{
    number *line = malloc((size_t)n * sizeof *line);
    for (int64_t at = 0; at < before * after; at++) {
        number *first = values + at / after * n * after + at % after;
        for (int64_t k = 0; k < n; k++) {
            number sum = 0;
            for (int64_t j = 0; j < n; j++) {
                sum += first[j * after] * cexp(sign * 2.0 * M_PI * I * (double)(j * k % n) / (double)n);
            }
            line[k] = sum;
        }
        for (int64_t k = 0; k < n; k++) {
            first[k * after] = line[k];
        }
    }
    free(line);
}

/* All axes of a case, the last one last. */
static void naive(int which, number *values, int sign)
{
    int64_t before = 1, points = 1;
    for (int d = 0; d < cases[which].axes; d++) {
        points *= cases[which].n[d];
    }
    for (int d = 0; d < cases[which].axes; d++) {
        const int64_t n = cases[which].n[d];
        naive_axis(values, before, n, points / before / n, sign);
        before *= n;
    }
}

static void forward_is_the_sum(void)
{
    for (int which = 0; which < CASES; which++) {
        tx_fourier *fourier;
        CU_ASSERT_EQUAL_FATAL(tx_fourier_create(cases[which].axes, cases[which].n, NULL, &fourier), TX_OK);
        const int64_t last = cases[which].n[cases[which].axes - 1], half = last / 2 + 1;
        number *values = malloc((size_t)fourier->num_points * sizeof *values);
        for (int64_t j = 0; j < fourier->num_points; j++) {
            values[j] = fourier->signal[j] = noise();
        }
        naive(which, values, -1);
        tx_fourier_forward(fourier);
        double worst = 0.0;
        for (int64_t k = 0; k < fourier->num_modes; k++) {
            const number got = fourier->modes[k].re + I * fourier->modes[k].im;
            worst = fmax(worst, cabs(got - values[k / half * last + k % half]));
        }
        CU_ASSERT(worst < 1e-13 * (double)fourier->num_points); /* the sum's own rounding */
        free(values);
        tx_fourier_destroy(fourier);
    }
}

/* Arbitrary modes, not those of a real field: complex transforms along the other axes, then what numpy.fft.irfft makes of a line,
 * whose missing half mirrors the other and whose modes 0 and n / 2 count by their real parts. */
static void backward_is_the_sum(void)
{
    for (int which = 0; which < CASES; which++) {
        tx_fourier *fourier;
        CU_ASSERT_EQUAL_FATAL(tx_fourier_create(cases[which].axes, cases[which].n, NULL, &fourier), TX_OK);
        const int64_t last = cases[which].n[cases[which].axes - 1], half = last / 2 + 1, rows = fourier->num_points / last;
        number *lines = malloc((size_t)fourier->num_modes * sizeof *lines), *line = malloc((size_t)last * sizeof *line);
        for (int64_t k = 0; k < fourier->num_modes; k++) {
            fourier->modes[k] = (tx_complex){noise(), noise()};
            lines[k] = fourier->modes[k].re + I * fourier->modes[k].im;
        }
        int64_t before = 1;
        for (int d = 0; d < cases[which].axes - 1; d++) {
            naive_axis(lines, before, cases[which].n[d], fourier->num_modes / before / cases[which].n[d], 1);
            before *= cases[which].n[d];
        }
        tx_fourier_backward(fourier);
        double worst = 0.0;
        for (int64_t row = 0; row < rows; row++) {
            for (int64_t k = 0; k < last; k++) {
                const int64_t mirror = 2 * k > last ? last - k : k;
                line[k] = lines[row * half + mirror];
                line[k] = k != mirror ? conj(line[k]) : k == 0 || 2 * k == last ? creal(line[k]) : line[k];
            }
            naive_axis(line, 1, last, 1, 1);
            for (int64_t j = 0; j < last; j++) {
                worst = fmax(worst, cabs(fourier->signal[row * last + j] - line[j] / (double)fourier->num_points));
            }
        }
        CU_ASSERT(worst < 1e-13);
        free(lines);
        free(line);
        tx_fourier_destroy(fourier);
    }
}

static void no_memory(void)
{
    const int64_t n[] = {4, 6};
    const size_t before = tx_memory_live();
    tx_fourier *fourier = NULL;
    tx_status status = TX_FAILURE;
    for (long k = 0; k < 10 && status != TX_OK; k++) {
        tx_memory_fail_after(k);
        status = tx_fourier_create(2, n, NULL, &fourier);
        tx_memory_fail_after(-1);
        CU_ASSERT(status == TX_OK || (status == TX_FAILURE && tx_memory_live() == before));
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    tx_fourier_destroy(fourier);
}

int main(void)
{
    return suite_run(
        "fourier",
        (suite_test[]){{"forward", forward_is_the_sum}, {"backward", backward_is_the_sum}, {"no memory", no_memory}, {0}});
}
