/* Every stepper and residuum against its formula on every instruction set and precision, its derivative against finite
 * differences of the formula, and exact solutions. */
#include "physics/schemes.h"

static double noise(int64_t k)
{
    return sin(1 + 12.9898 * (double)k + 0.3 * (double)(k % 7));
}

/* Four-point differences of the formula, whose error is of the order h^4 (and 1e-15 / h from rounding); the scheme is linear
 * or of degree 16 in the state. */
static void check_gradient(const char *text, formula *formula, const double *constants, const tx_shape *shape,
                           const double *windows, const double *parameters, const double *gradient)
{
    static const double at[] = {-2, -1, 1, 2};
    const int64_t count = 2 * shape->channels * shape->channels;
    double shifted[2 * MAX_CHANNELS * MAX_CHANNELS], value[BLOCK * MAX_STATE], f[4];
    const double h = 1e-3;
    for (int64_t i = 0; i < count; i++) {
        for (int k = 0; k < 4; k++) {
            memcpy(shifted, parameters, (size_t)count * sizeof *shifted);
            shifted[i] += at[k] * h;
            f[k] = by_formula(formula, constants, shape, windows, shifted, value);
        }
        const double difference = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
        if (!(fabs(difference - gradient[i]) <= 1e-9 * (1 + fabs(difference)))) {
            printf("\n%s: derivative %ld is %.12g, by differences %.12g\n", text, (long)i, gradient[i], difference);
            CU_FAIL("a derivative differs from finite differences");
        }
    }
}

static void compare(const scheme *scheme, const char *text, const double *constants, tx_shape shape)
{
    double windows[3 * BLOCK * MAX_STATE], parameters[2 * MAX_CHANNELS * MAX_CHANNELS], expected[BLOCK * MAX_STATE],
        found[BLOCK * MAX_STATE];
    double gradient[2 * MAX_CHANNELS * MAX_CHANNELS];
    const int64_t size = BLOCK * size_of(&shape), channels = shape.channels;
    for (int64_t k = 0; k < 3 * size; k++) {
        windows[k] = noise(k);
    }
    for (int64_t k = 0; k < 2 * channels * channels; k++) {
        parameters[k] = k / channels % channels == k % channels ? 1 : 0.25 * noise(k);
    }
    trial t;
    trial_make(scheme, text, shape, &t);
    by_formula(scheme->formula, constants, &shape, windows, parameters, expected);
    for (int isa = 0; isa < tx_isa_count(); isa++) {
        for (int precision = TX_FLOAT32; precision <= TX_FLOAT64; precision++) {
            /* about 100 roundings of sums of numbers below 10, in the formula's own sums too */
            const double tolerance = 100 * (precision == TX_FLOAT32 ? 0x1p-23 : 0x1p-52);
            double worst = 0;
            trial_run(&t, isa, (tx_precision)precision, windows, parameters, found, gradient);
            for (int64_t k = 0; k < size; k++) {
                worst = fmax(worst, fabs(found[k] - expected[k]) / (1 + fabs(expected[k])));
            }
            if (!(worst <= tolerance)) {
                printf("\n%s, %ld points, %s: differs by %g\n", text, (long)shape.n[0], tx_isa_name(isa), worst);
                CU_FAIL("a scheme differs from its formula");
            }
            if (precision == TX_FLOAT64) {
                check_gradient(text, scheme->formula, constants, &shape, windows, parameters, gradient);
            }
        }
    }
    trial_free(&t);
}

/* Winds from both sides, none, whole cells, and more than the stability limit; even and odd numbers of points. */
static void lines(void)
{
    static const double numbers[] = {-0.75, 0.45, 0, 1, -1, 2.3};
    static const tx_shape shapes[] = {{1, 1, {30}}, {3, 1, {13}}, {2, 1, {1}},  {1, 1, {2}},
                                      {1, 1, {3}},  {2, 1, {64}}, {1, 1, {101}}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (int k = 0; k < NUM_LINE_SCHEMES; k++) {
            for (size_t c = 0; c < sizeof numbers / sizeof *numbers; c++) {
                char text[128];
                snprintf(text, sizeof text, "{type: %s, cfl: %g}", line_schemes[k].name, numbers[c]);
                compare(&line_schemes[k], text, &numbers[c], shapes[s]);
            }
        }
    }
}

static void lorenz_system(void)
{
    const tx_shape state = {.channels = 3};
    compare(&lorenz_scheme, "{type: lorenz_rk4}", (const double[]){0.01, 10, 28, 8.0 / 3}, state);
    compare(&lorenz_scheme, "{type: lorenz_rk4, dt: 0.05, sigma: 8, rho: 20.5, beta: 2}", (const double[]){0.05, 8, 20.5, 2},
            state);
    compare(&lorenz_scheme, "{type: lorenz_rk4, dt: -0.02}", (const double[]){-0.02, 10, 28, 8.0 / 3}, state);
}

/* One step of a scheme on a wave of one channel, with a and b as they are. */
static void step_wave(const scheme *scheme, const char *text, int64_t n, double (*wave)(double x, int64_t n, int64_t mode),
                      int64_t mode, double *value)
{
    static const double identity[] = {1, 1};
    double windows[3 * BLOCK * MAX_STATE], gradient[2];
    trial t;
    for (int64_t k = 0; k < 3 * BLOCK * n; k++) {
        windows[k] = wave((double)(k % n), n, mode);
    }
    trial_make(scheme, text, (tx_shape){.channels = 1, .axes = 1, .n = {n}}, &t);
    trial_run(&t, -1, TX_FLOAT64, windows, identity, value, gradient);
    trial_free(&t);
}

static double wave_of(double x, int64_t n, int64_t mode)
{
    return cos(2 * M_PI * (double)mode * x / (double)n + 0.4);
}

/* The wave moves by cfl cells. At mode N/2, which a grid sees as alternating signs, it is damped by cos(pi cfl) instead. */
static void exact_waves(void)
{
    static const int64_t sizes[] = {2, 3, 12, 13, 40};
    double value[BLOCK * MAX_STATE];
    for (int s = 0; s < 5; s++) {
        const int64_t n = sizes[s];
        for (int64_t mode = 0; 2 * mode <= n; mode++) {
            step_wave(&line_schemes[1], "{type: advection_1d_spectral, cfl: 0.3}", n, wave_of, mode, value);
            for (int64_t i = 0; i < n; i++) {
                const double moved =
                    2 * mode == n ? cos(0.3 * M_PI) * wave_of((double)i, n, mode) : wave_of((double)i - 0.3, n, mode);
                CU_ASSERT_DOUBLE_EQUAL(value[i], moved, 1e-13); /* N products of numbers below 1 */
            }
        }
    }
}

/* Lines that are too long for a kernel, two channels with a wave each. The gradient of sum v_i (S A u)_i by A_ij is v_i S u_j. */
static void long_lines(void)
{
    static const double identity[] = {1, 0, 0, 1, 1, 0, 0, 1};
    double windows[3 * BLOCK * MAX_STATE], value[BLOCK * MAX_STATE], gradient[8];
    for (int64_t n = 1025; n <= 1026; n++) {
        const tx_shape shape = {.channels = 2, .axes = 1, .n = {n}};
        double expected[2 * 2] = {0};
        trial t;
        for (int64_t k = 0; k < 3 * BLOCK * 2 * n; k++) {
            windows[k] = wave_of((double)(k % n), n, k / n % 2 ? 500 : 7);
        }
        trial_make(&line_schemes[1], "{type: advection_1d_spectral, cfl: 0.3}", shape, &t);
        trial_run(&t, -1, TX_FLOAT64, windows, identity, value, gradient);
        trial_free(&t);
        for (int64_t k = 0; k < BLOCK * 2 * n; k++) {
            const double moved = wave_of((double)(k % n) - 0.3, n, k / n % 2 ? 500 : 7);
            CU_ASSERT_DOUBLE_EQUAL(value[k], moved, 1e-12);
            for (int i = 0; i < 2; i++) {
                expected[2 * i + k / n % 2] += wave_of((double)(k % n), n, i ? 500 : 7) * moved;
            }
        }
        for (int k = 0; k < 4; k++) {
            CU_ASSERT_DOUBLE_EQUAL(gradient[k], expected[k], 1e-9); /* sums of thousands */
        }
    }
}

/* At cfl 1 and -1 the explicit scheme moves everything by one cell, exactly. */
static void whole_cells(void)
{
    double value[BLOCK * MAX_STATE];
    step_wave(&line_schemes[0], "{type: fou_advection_1d, cfl: 1}", 9, wave_of, 2, value);
    for (int64_t i = 0; i < 9; i++) {
        CU_ASSERT_EQUAL(value[i], wave_of((double)((i + 8) % 9), 9, 2));
    }
    step_wave(&line_schemes[0], "{type: fou_advection_1d, cfl: -1}", 9, wave_of, 2, value);
    for (int64_t i = 0; i < 9; i++) {
        CU_ASSERT_EQUAL(value[i], wave_of((double)((i + 1) % 9), 9, 2));
    }
}

/* One step of the Lorenz system against a thousand tiny ones: the error falls with the fifth power of the step. */
static void lorenz_order(void)
{
    const tx_shape state = {.channels = 3};
    double error[2];
    for (int halved = 0; halved < 2; halved++) {
        const double dt = halved ? 0.01 : 0.02, constants[] = {dt / 1000, 10, 28, 8.0 / 3};
        double windows[9 * BLOCK], parameters[18] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, value[3 * BLOCK], gradient[18], u[3] = {1, 2, 20},
                                   v[3];
        char text[64];
        for (int k = 0; k < 9 * BLOCK; k++) {
            windows[k] = u[k % 3];
        }
        snprintf(text, sizeof text, "{type: lorenz_rk4, dt: %g}", dt);
        trial t;
        trial_make(&lorenz_scheme, text, state, &t);
        trial_run(&t, -1, TX_FLOAT64, windows, parameters, value, gradient);
        trial_free(&t);
        for (int step = 0; step < 1000; step++) {
            lorenz(constants, &state, u, NULL, v);
            memcpy(u, v, sizeof u);
        }
        error[halved] = fabs(value[0] - u[0]) + fabs(value[1] - u[1]) + fabs(value[2] - u[2]);
    }
    CU_ASSERT(error[0] < 1e-4);
    CU_ASSERT(error[0] / error[1] > 28 && error[0] / error[1] < 36);
}

int main(void)
{
    static const suite_test tests[] = {{"schemes on a line", lines},
                                       {"the Lorenz system", lorenz_system},
                                       {"exact waves", exact_waves},
                                       {"long lines", long_lines},
                                       {"whole cells", whole_cells},
                                       {"order of the Lorenz steps", lorenz_order},
                                       {NULL, NULL}};
    return suite_run("physics/schemes", tests);
}
