/* Every stepper and residuum beside its formula, written out; and a program that applies one to states A u and B v, where A
 * and B mix the channels and are the parameters: so its derivative with respect to the states can be tested. */
#pragma once

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/bound.h"
#include "suite.h"
#include "trainax/physics.h"

enum { MAX_STATE = 2052, MAX_CHANNELS = 4, BLOCK = 3 };

extern const tx_component *const tx_physics_components[];

static inline tx_registry *physics_registry(void)
{
    tx_registry *registry = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create(NULL, &registry), TX_OK);
    for (const tx_component *const *component = tx_physics_components; *component; component++) {
        CU_ASSERT_EQUAL(tx_registry_add(registry, *component, NULL), TX_OK);
    }
    return registry;
}

/* y from the state a; of residua, a is the later state and b the earlier one. */
typedef void formula(const double *constants, const tx_shape *shape, const double *a, const double *b, double *y);

static inline int64_t size_of(const tx_shape *shape)
{
    return shape->channels * tx_shape_points(shape);
}
/* Element i (any integer, periodic) of the line that element k lies on. */
static inline double on_line(const tx_shape *shape, const double *a, int64_t k, int64_t i)
{
    const int64_t n = shape->n[0];
    return a[k / n * n + ((k % n + i) % n + n) % n];
}

static inline void upwind(const double *constants, const tx_shape *shape, const double *a, const double *b, double *y)
{
    (void)b;
    const double cfl = constants[0];
    for (int64_t k = 0; k < size_of(shape); k++) {
        y[k] = cfl < 0 ? (1 + cfl) * a[k] - cfl * on_line(shape, a, k, 1) : (1 - cfl) * a[k] + cfl * on_line(shape, a, k, -1);
    }
}

/* Discrete Fourier transform of each line, every mode turned, and back; of the mode N/2 the real part remains. */
static inline void spectral_line(double cfl, int64_t n, const double *a, double *y)
{
    memset(y, 0, (size_t)n * sizeof *y);
    for (int64_t mode = 0; 2 * mode <= n; mode++) {
        const double share = (mode == 0 || 2 * mode == n ? 1 : 2) / (double)n, wave = 2 * M_PI / (double)n;
        double re = 0, im = 0;
        for (int64_t j = 0; j < n; j++) {
            re += a[j] * cos(wave * (double)(mode * j % n));
            im -= a[j] * sin(wave * (double)(mode * j % n));
        }
        const double c = cos(wave * (double)mode * cfl), s = -sin(wave * (double)mode * cfl);
        const double turned_re = re * c - im * s, turned_im = 2 * mode == n ? 0 : re * s + im * c;
        for (int64_t j = 0; j < n; j++) {
            y[j] += share * (turned_re * cos(wave * (double)(mode * j % n)) - turned_im * sin(wave * (double)(mode * j % n)));
        }
    }
}
static inline void spectral(const double *constants, const tx_shape *shape, const double *a, const double *b, double *y)
{
    (void)b;
    for (int64_t k = 0; k < size_of(shape); k += shape->n[0]) {
        spectral_line(constants[0], shape->n[0], a + k, y + k);
    }
}

static inline void lorenz_slope(const double *constants, const double *u, double *f)
{
    f[0] = constants[1] * (u[1] - u[0]);
    f[1] = u[0] * (constants[2] - u[2]) - u[1];
    f[2] = u[0] * u[1] - constants[3] * u[2];
}

static inline void lorenz(const double *constants, const tx_shape *shape, const double *a, const double *b, double *y)
{
    (void)shape, (void)b;
    static const double part[] = {0, 0.5, 0.5, 1}, share[] = {1, 2, 2, 1};
    double slope[3] = {0}, u[3], sum[3] = {0};
    for (int stage = 0; stage < 4; stage++) {
        for (int k = 0; k < 3; k++) {
            u[k] = a[k] + part[stage] * constants[0] * slope[k];
        }
        lorenz_slope(constants, u, slope);
        for (int k = 0; k < 3; k++) {
            sum[k] += share[stage] * slope[k];
        }
    }
    for (int k = 0; k < 3; k++) {
        y[k] = a[k] + constants[0] / 6 * sum[k];
    }
}

static inline void upwind_residuum(const double *constants, const tx_shape *shape, const double *a, const double *b, double *y)
{
    upwind(constants, shape, b, NULL, y);
    for (int64_t k = 0; k < size_of(shape); k++) {
        y[k] = a[k] - y[k];
    }
}

static inline void implicit_residuum(const double *constants, const tx_shape *shape, const double *a, const double *b, double *y)
{
    const double cfl = constants[0];
    for (int64_t k = 0; k < size_of(shape); k++) {
        const double slope = cfl < 0 ? on_line(shape, a, k, 1) - a[k] : a[k] - on_line(shape, a, k, -1);
        y[k] = a[k] - b[k] + cfl * slope;
    }
}

typedef struct scheme {
    const char *name;
    tx_kind kind;
    formula *formula;
} scheme;

static const scheme line_schemes[] = {
    {"fou_advection_1d", TX_KIND_STEPPER, upwind},
    {"advection_1d_spectral", TX_KIND_STEPPER, spectral},
    {"fou_advection_1d", TX_KIND_RESIDUUM, upwind_residuum},
    {"btcs_upwind_advection_1d", TX_KIND_RESIDUUM, implicit_residuum},
};
enum { NUM_LINE_SCHEMES = sizeof line_schemes / sizeof *line_schemes };
static const scheme lorenz_scheme = {"lorenz_rk4", TX_KIND_STEPPER, lorenz};

/* One scheme on states of one shape. */
typedef struct trial {
    tx_registry *registry;
    tx_config *config;
    tx_shape shape;
    tx_stepper *stepper; /* the scheme: one of these */
    tx_residuum *residuum;
    tx_graph *graph;
    tx_node value, loss; /* of the scheme; the sum of value * the third window level */
} trial;

static inline tx_node mixed(tx_graph *graph, tx_shape shape, int level)
{
    const tx_convolution mix = {.out_channels = shape.channels, .kernel = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1};
    const int64_t size = shape.channels * shape.channels;
    return tx_convolve(graph, tx_window(graph, level, shape), &mix, tx_parameter(graph, level * size, size), TX_NONE);
}

static inline void trial_make(const scheme *scheme, const char *text, tx_shape shape, trial *out)
{
    tx_error error = {0};
    *out = (trial){.registry = physics_registry(), .shape = shape};
    CU_ASSERT_EQUAL_FATAL(tx_section_read(out->registry, scheme->kind, "physics.yaml", text, &error, &out->config), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &out->graph), TX_OK);
    const tx_section *section = tx_config_root(out->config);
    const tx_node a = mixed(out->graph, shape, 0), b = mixed(out->graph, shape, 1);
    if (scheme->kind == TX_KIND_STEPPER) {
        CU_ASSERT_EQUAL_FATAL(tx_stepper_create(section, shape, &error, &out->stepper), TX_OK);
        out->value = tx_stepper_apply(out->stepper, out->graph, a);
    } else {
        CU_ASSERT_EQUAL_FATAL(tx_residuum_create(section, shape, &error, &out->residuum), TX_OK);
        out->value = tx_residuum_apply(out->residuum, out->graph, a, b);
    }
    out->loss = tx_sum(out->graph, tx_multiply(out->graph, out->value, tx_window(out->graph, 2, shape)));
    CU_ASSERT_EQUAL(tx_graph_status(out->graph, &error), TX_OK);
    const tx_shape found = tx_node_shape(out->graph, out->value);
    CU_ASSERT(tx_shape_equal(&found, &shape));
}

static inline void trial_free(trial *t)
{
    tx_graph_destroy(t->graph);
    tx_stepper_destroy(t->stepper);
    tx_residuum_destroy(t->residuum);
    tx_config_destroy(t->config);
    tx_registry_destroy(t->registry);
}

static inline void put(tx_precision precision, void *reals, int64_t k, double x)
{
    precision == TX_FLOAT32 ? (void)(((float *)reals)[k] = (float)x) : (void)(((double *)reals)[k] = x);
}
static inline double get(tx_precision precision, const void *reals, int64_t k)
{
    return precision == TX_FLOAT32 ? (double)((const float *)reals)[k] : ((const double *)reals)[k];
}

/* windows: BLOCK samples of three levels; a and b of the parameters. value: BLOCK results; gradient: of the parameters. */
static inline void trial_run(const trial *t, int isa, tx_precision precision, const double *windows, const double *parameters,
                             double *value, double *gradient)
{
    static double data[3 * BLOCK * MAX_STATE], out[BLOCK * MAX_STATE], p[2 * MAX_CHANNELS * MAX_CHANNELS],
        dp[2 * MAX_CHANNELS * MAX_CHANNELS];
    const int64_t size = size_of(&t->shape), count = 2 * t->shape.channels * t->shape.channels;
    const size_t real = tx_real_bytes(precision);
    const void *from[BLOCK];
    void *to[BLOCK];
    bound *program = NULL;
    tx_workspace *workspace = NULL;
    const tx_plan_options options = {.precision = precision,
                                     .isa = isa,
                                     .block = BLOCK,
                                     .num_parameters = count,
                                     .loss = t->loss,
                                     .gradient = true,
                                     .outputs = &t->value,
                                     .num_outputs = 1};
    CU_ASSERT_EQUAL_FATAL(bound_create(t->graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    for (int64_t k = 0; k < 3 * BLOCK * size; k++) {
        put(precision, data, k, windows[k]);
    }
    for (int64_t k = 0; k < count; k++) {
        put(precision, p, k, parameters[k]);
    }
    for (int64_t k = 0; k < BLOCK; k++) {
        from[k] = (char *)data + (size_t)(3 * k * size) * real;
        to[k] = (char *)out + (size_t)(k * size) * real;
    }
    bound_set(program, p);
    void *const *const outputs[] = {to};
    CU_ASSERT(bound_run(program, workspace, &(tx_run_input){.windows = from, .count = BLOCK, .batch_size = 1}, NULL, dp, outputs));
    for (int64_t k = 0; k < BLOCK * size; k++) {
        value[k] = get(precision, out, k);
    }
    for (int64_t k = 0; k < count; k++) {
        gradient[k] = get(precision, dp, k);
    }
    tx_workspace_destroy(workspace);
    bound_destroy(program);
}

/* mix (channels, channels) applied to the channels of x. */
static inline void mix_channels(const tx_shape *shape, const double *mix, const double *x, double *y)
{
    const int64_t points = tx_shape_points(shape);
    for (int64_t k = 0; k < size_of(shape); k++) {
        y[k] = 0;
        for (int64_t c = 0; c < shape->channels; c++) {
            y[k] += mix[k / points * shape->channels + c] * x[c * points + k % points];
        }
    }
}

/* The same by the formula; returns the sum over the block of value * third level. */
static inline double by_formula(formula *formula, const double *constants, const tx_shape *shape, const double *windows,
                                const double *parameters, double *value)
{
    double a[MAX_STATE], b[MAX_STATE], sum = 0;
    const int64_t size = size_of(shape);
    for (int sample = 0; sample < BLOCK; sample++) {
        const double *window = windows + 3 * sample * size;
        mix_channels(shape, parameters, window, a);
        mix_channels(shape, parameters + shape->channels * shape->channels, window + size, b);
        formula(constants, shape, a, b, value + sample * size);
        for (int64_t k = 0; k < size; k++) {
            sum += value[sample * size + k] * window[2 * size + k];
        }
    }
    return sum;
}
