/* Spectral convolutions in small networks, unrolled twice: values against the naive reference, gradients against finite
 * differences, in one to three dimensions, even and odd, on every instruction set and precision.
 * guard: alone */
#include <stdio.h>

#include "base/memory.h"
#include "naive.h"
#include "run.h"

enum { BLOCK = 3, LEVELS = 3, MAX_PARAMETERS = 1024, MAX_STATE = 128 };

typedef struct net_case {
    const char *name;
    tx_shape state;
    int64_t hidden, modes[TX_MAX_AXES];
    bool residual; /* the state is added to what it becomes */
    bool twice;    /* two spectral convolutions read one value */
} net_case;

static const net_case cases[] = {
    {"1D, a multiple of 4", {2, 1, {12}}, 3, {4}, true, false},
    {"1D, even, all modes", {1, 1, {10}}, 2, {6}, false, true},
    {"1D, odd, all modes", {2, 1, {9}}, 3, {5}, false, false},
    {"2D", {2, 2, {6, 5}}, 3, {2, 3}, true, false},
    {"2D, all modes of the last axis", {1, 2, {5, 8}}, 2, {2, 5}, false, true},
    {"2D, overlapping blocks", {1, 2, {4, 6}}, 2, {3, 2}, false, false},
    {"3D", {1, 3, {4, 5, 6}}, 2, {2, 1, 3}, true, false},
    {"3D, overlapping blocks", {1, 3, {3, 2, 5}}, 2, {2, 1, 2}, false, true},
};
enum { NUM_CASES = sizeof cases / sizeof *cases };

static tx_node spectral(tx_graph *graph, const net_case *c, tx_node x, int64_t channels, int64_t *offset)
{
    int64_t size = tx_node_shape(graph, x).channels * channels << (c->state.axes - 1);
    for (int d = 0; d < c->state.axes; d++) {
        size *= c->modes[d];
    }
    const tx_node real = tx_parameter(graph, *offset, size), imag = tx_parameter(graph, *offset + size, size);
    *offset += 2 * size;
    return tx_spectral_convolve(graph, x, real, imag, c->modes, channels);
}

static tx_node pointwise(tx_graph *graph, tx_node x, int64_t channels, int64_t *offset)
{
    tx_convolution conv = {.out_channels = channels, .kernel = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1};
    const int64_t size = tx_node_shape(graph, x).channels * channels;
    const tx_node w = tx_parameter(graph, *offset, size), bias = tx_parameter(graph, *offset + size, channels);
    *offset += size + channels;
    return tx_convolve(graph, x, &conv, w, bias);
}

typedef struct problem {
    tx_graph *graph;
    tx_node loss, last;
    int64_t parameters, state;
    double window[BLOCK][LEVELS * MAX_STATE], parameter[MAX_PARAMETERS];
} problem;

static tx_node apply(tx_graph *graph, const net_case *c, tx_node x, int64_t *parameters)
{
    int64_t offset = 0;
    tx_node h = tx_add(graph, spectral(graph, c, x, c->hidden, &offset), pointwise(graph, x, c->hidden, &offset));
    h = tx_activate(graph, h, TX_GELU);
    tx_node y = spectral(graph, c, h, c->state.channels, &offset);
    if (c->twice) {
        y = tx_add(graph, y, tx_activate(graph, spectral(graph, c, h, c->state.channels, &offset), TX_TANH));
    }
    *parameters = offset;
    return c->residual ? tx_add(graph, x, y) : y;
}

static void build(problem *p, const net_case *c)
{
    tx_node x = tx_window(p->graph, 0, c->state);
    p->loss = TX_NONE;
    for (int t = 1; t < LEVELS; t++) {
        x = apply(p->graph, c, x, &p->parameters);
        const tx_node error = tx_square_error(p->graph, x, tx_window(p->graph, t, c->state));
        p->loss = t == 1 ? error : tx_add(p->graph, p->loss, tx_scale(p->graph, error, 0.5));
    }
    p->last = x;
}

static problem *problem_create(const net_case *c)
{
    problem *p = calloc(1, sizeof *p);
    tx_graph_create(NULL, &p->graph);
    build(p, c);
    CU_ASSERT_EQUAL_FATAL(tx_graph_status(p->graph, NULL), TX_OK);
    p->state = naive_size(&c->state);
    CU_ASSERT_FATAL(p->parameters <= MAX_PARAMETERS && p->state <= MAX_STATE);
    for (int64_t k = 0; k < BLOCK * LEVELS * p->state; k++) {
        p->window[k / (LEVELS * p->state)][k % (LEVELS * p->state)] = (double)(float)uniform();
    }
    for (int64_t k = 0; k < p->parameters; k++) {
        p->parameter[k] = (double)(float)(0.3 * uniform());
    }
    return p;
}

static void problem_destroy(problem *p)
{
    tx_graph_destroy(p->graph);
    free(p);
}

static double naive_loss(const problem *p, int sample, const double *parameter, double *last)
{
    return naive_evaluate(p->graph, p->window[sample], NULL, parameter, p->loss, p->last, last);
}

/* One block of `count` real samples: losses, the gradient and the last states, in double. */
static void run_block(const problem *p, int isa, tx_precision precision, int count, double *loss, double *gradient,
                      double (*last)[MAX_STATE])
{
    block_run r = {.graph = p->graph,
                   .loss = p->loss,
                   .last = p->last,
                   .block = BLOCK,
                   .count = count,
                   .num_parameters = p->parameters,
                   .window = LEVELS * p->state,
                   .state = p->state,
                   .parameters = p->parameter,
                   .loss_of = loss,
                   .gradient = gradient};
    for (int k = 0; k < count; k++) {
        r.windows[k] = p->window[k];
        r.last_of[k] = last[k];
    }
    run_program(&r, isa, precision);
}

/* Sums of a few hundred terms of size one. */
static double tolerance(tx_precision precision)
{
    return precision == TX_FLOAT64 ? 1e-12 : 2e-4;
}

static void check_values(const char *name, const problem *p, int count, tx_precision precision, const double *loss,
                         double (*last)[MAX_STATE])
{
    double expected[MAX_STATE];
    for (int k = 0; k < count; k++) {
        const double reference = naive_loss(p, k, p->parameter, expected);
        bool ok = fabs(loss[k] - reference) <= tolerance(precision) * (1 + fabs(reference));
        for (int64_t i = 0; i < p->state; i++) {
            ok = ok && fabs(last[k][i] - expected[i]) <= tolerance(precision) * (1 + fabs(expected[i]));
        }
        if (!ok) {
            printf("%s: sample %d: loss %.17g, reference %.17g\n", name, k, loss[k], reference);
            CU_FAIL("values differ from the naive reference");
        }
    }
}

static double total_loss(const problem *p, int count, const double *parameter)
{
    double sum = 0;
    for (int k = 0; k < count; k++) {
        sum += 0.5 * naive_loss(p, k, parameter, NULL);
    }
    return sum;
}

/* Four-point differences of the naive loss, about 25 parameters evenly spread. */
static void check_gradient(const char *name, const problem *p, int count, const double *gradient)
{
    static const double at[] = {-2, -1, 1, 2};
    double shifted[MAX_PARAMETERS];
    const double h = 1e-3;
    for (int64_t i = 0; i < p->parameters; i += 1 + p->parameters / 25) {
        double f[4];
        for (int k = 0; k < 4; k++) {
            memcpy(shifted, p->parameter, sizeof shifted);
            shifted[i] += at[k] * h;
            f[k] = total_loss(p, count, shifted);
        }
        const double difference = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
        if (!(fabs(difference - gradient[i]) <= 1e-8 * (1 + fabs(difference)))) {
            printf("%s: parameter %ld: gradient %.10g, difference %.10g\n", name, (long)i, gradient[i], difference);
            CU_FAIL("gradient differs from finite differences");
        }
    }
}

static void check_case(const net_case *c, const problem *p, int count)
{
    double reference[MAX_PARAMETERS], gradient[MAX_PARAMETERS], loss[BLOCK], last[BLOCK][MAX_STATE];
    run_block(p, 0, TX_FLOAT64, count, loss, reference, last);
    check_gradient(c->name, p, count, reference);
    for (int isa = 0; isa < tx_isa_count(); isa++) {
        for (int precision = TX_FLOAT32; precision <= TX_FLOAT64; precision++) {
            run_block(p, isa, (tx_precision)precision, count, loss, gradient, last);
            check_values(c->name, p, count, (tx_precision)precision, loss, last);
            double scale = 0, error = 0;
            for (int64_t i = 0; i < p->parameters; i++) {
                scale = fmax(scale, fabs(reference[i]));
                error = fmax(error, fabs(reference[i] - gradient[i]));
            }
            CU_ASSERT(error <= tolerance((tx_precision)precision) * scale);
        }
    }
}

static void programs_agree(void)
{
    for (int c = 0; c < NUM_CASES; c++) {
        problem *p = problem_create(&cases[c]);
        check_case(&cases[c], p, BLOCK);
        check_case(&cases[c], p, BLOCK - 1); /* a padding lane */
        problem_destroy(p);
    }
}

/* Two convolutions of one value share its transform, forward and (their cotangents added first) backward; and the sum of a
 * spectral and another convolution needs no step of its own. */
static void transforms_are_shared(void)
{
    tx_graph *graph;
    tx_graph_create(NULL, &graph);
    const net_case c = {.state = {2, 1, {8}}, .modes = {3}};
    int64_t offset = 0;
    const tx_node x = pointwise(graph, tx_window(graph, 0, c.state), 2, &offset);
    const tx_node y = tx_add(graph, spectral(graph, &c, x, 2, &offset), pointwise(graph, x, 2, &offset));
    const tx_node z = tx_multiply(graph, spectral(graph, &c, x, 2, &offset), y);
    const tx_plan_options options = {.precision = TX_FLOAT64,
                                     .isa = -1,
                                     .block = 2,
                                     .num_parameters = offset,
                                     .loss = tx_sum_square(graph, z),
                                     .gradient = true};
    bound *program = NULL;
    char *text;
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_plan_describe(program->plan, NULL, &text), TX_OK);
    int analyses = 0, syntheses = 0;
    for (const char *at = text; (at = strstr(at, "spectral_")); at++) {
        analyses += !strncmp(at, "spectral_analyse", 16);
        syntheses += !strncmp(at, "spectral_synthesise", 19);
    }
    CU_ASSERT_EQUAL(analyses, 3);  /* of x, and of the cotangents of both results */
    CU_ASSERT_EQUAL(syntheses, 3); /* of both results, and of x's cotangent */
    tx_free(text);
    bound_destroy(program);
    tx_graph_destroy(graph);
}

static void too_many_modes(void)
{
    static const struct {
        tx_shape state;
        int64_t modes[3];
    } wrong[] = {{{1, 1, {8}}, {6}}, {{1, 1, {7}}, {5}}, {{1, 2, {4, 6}}, {5, 2}}, {{1, 1, {8}}, {0}}, {{1, 0, {0}}, {1}}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        tx_graph *graph;
        tx_graph_create(NULL, &graph);
        const tx_node w = tx_parameter(graph, 0, 6);
        tx_spectral_convolve(graph, tx_window(graph, 0, wrong[k].state), w, w, wrong[k].modes, 1);
        CU_ASSERT_EQUAL(tx_graph_status(graph, NULL), TX_INVALID);
        tx_graph_destroy(graph);
    }
}

int main(void)
{
    return suite_run("spectral", (suite_test[]){{"values and gradients on every ISA and precision", programs_agree},
                                                {"transforms are shared", transforms_are_shared},
                                                {"too many modes", too_many_modes},
                                                {0}});
}
