/* Programs against the naive reference (values) and finite differences (gradients), for every instruction set of this
 * machine, in double and in float: unrolled networks with every padding mode, dimension, activation and cut.
 * guard: alone */
#include <stdio.h>

#include "base/memory.h"
#include "naive.h"
#include "run.h"

enum { BLOCK = 6, LEVELS = 4, MAX_PARAMETERS = 4096 };

typedef struct layer {
    int64_t channels, kernel, dilation;
    tx_padding_mode mode;
    tx_activation activation;
    int groups;
    bool bias;
    int norm;     /* groups of a group norm before the convolution; -groups: after it */
    int residual; /* the input is added: 1 before the activation, 2 after it */
} layer;

typedef struct net_case {
    const char *name;
    tx_shape state;
    layer layers[4];
    bool cut;     /* stop_gradient between steps */
    bool both;    /* the same value padded in two modes */
    bool flatten; /* the first step goes through flatten and a dense layer */
} net_case;

static tx_node apply_norm(tx_graph *graph, tx_node x, int groups, int64_t *offset)
{
    const int64_t channels = tx_node_shape(graph, x).channels, at = *offset;
    *offset += 2 * channels;
    return tx_group_norm(graph, x, groups, 0.25, tx_parameter(graph, at + channels, channels), tx_parameter(graph, at, channels));
}

static tx_node apply_layer(tx_graph *graph, tx_node input, const layer *l, int64_t *offset)
{
    const tx_node x = l->norm > 0 ? apply_norm(graph, input, l->norm, offset) : input;
    const tx_shape shape = tx_node_shape(graph, x);
    tx_convolution conv = {.out_channels = l->channels, .groups = l->groups ? l->groups : 1};
    int64_t low[3], high[3], size = shape.channels / conv.groups * l->channels;
    for (int d = 0; d < shape.axes; d++) {
        const int64_t reach = (l->kernel - 1) * l->dilation;
        conv.kernel[d] = l->kernel;
        conv.dilation[d] = l->dilation;
        low[d] = reach / 2;
        high[d] = reach - reach / 2;
        size *= l->kernel;
    }
    const tx_node weight = tx_parameter(graph, *offset, size), padded = tx_pad(graph, x, l->mode, low, high);
    *offset += size;
    tx_node bias = TX_NONE;
    if (l->bias) {
        bias = tx_parameter(graph, *offset, l->channels);
        *offset += l->channels;
    }
    tx_node y = tx_convolve(graph, padded, &conv, weight, bias);
    y = l->norm < 0 ? apply_norm(graph, y, -l->norm, offset) : y;
    y = l->residual == 1 ? tx_add(graph, y, input) : y;
    y = tx_activate(graph, y, l->activation);
    return l->residual == 2 ? tx_add(graph, y, input) : y;
}

static tx_node apply_net(tx_graph *graph, const net_case *c, tx_node x, int64_t *parameters)
{
    int64_t offset = 0;
    tx_node y = x;
    if (c->flatten) {
        const layer dense = {.channels = naive_size(&c->state), .activation = TX_TANH, .bias = true};
        y = tx_unflatten(graph, apply_layer(graph, tx_flatten(graph, y), &dense, &offset), c->state);
    }
    for (const layer *l = c->layers; l < c->layers + 4 && l->channels; l++) {
        y = apply_layer(graph, y, l, &offset);
    }
    if (c->both) { /* x again, padded otherwise */
        layer other = c->layers[0];
        other.channels = c->state.channels;
        other.mode = other.mode == TX_PAD_CIRCULAR ? TX_PAD_ZEROS : TX_PAD_CIRCULAR;
        y = tx_add(graph, y, apply_layer(graph, x, &other, &offset));
    }
    *parameters = offset;
    return tx_add(graph, y, tx_scale(graph, x, 0.5));
}

/* Sum over steps of a weighted mean square error, plus terms that use the other operations. */
static tx_node build(tx_graph *graph, const net_case *c, int64_t *parameters, tx_node *last)
{
    tx_node p = tx_window(graph, 0, c->state), loss = TX_NONE;
    for (int t = 1; t < LEVELS; t++) {
        p = apply_net(graph, c, p, parameters);
        const tx_node error = tx_scale(graph, tx_square_error(graph, p, tx_window(graph, t, c->state)), 0.5 / t);
        loss = loss < 0 ? error : tx_add(graph, loss, error);
        if (c->cut && t == 2) {
            p = tx_stop_gradient(graph, p);
        }
    }
    const tx_node norm = tx_sum_square(graph, p), sum = tx_sum(graph, tx_multiply(graph, p, tx_window(graph, 1, c->state)));
    loss = tx_add(graph, loss, tx_scale(graph, tx_sum(graph, tx_multiply(graph, tx_multiply(graph, p, p), sum)), 0.01));
    *last = p;
    return tx_subtract(graph, loss, tx_scale(graph, norm, 0.125));
}

/* clang-format off */
static const net_case cases[] = {
    {"one circular stencil", {1, 1, {30}}, {{1, 2, 1, TX_PAD_CIRCULAR, TX_IDENTITY, 1, false, 0, 0}}, false, false, false},
    {"two circular layers, relu", {2, 1, {13}}, {{5, 3, 1, TX_PAD_CIRCULAR, TX_RELU, 1, true, 0, 0}, {2, 3, 1, TX_PAD_CIRCULAR, TX_IDENTITY, 1, true, 0, 0}}, false, false, false},
    {"zeros, dilated, gelu", {3, 1, {17}}, {{7, 3, 2, TX_PAD_ZEROS, TX_GELU, 1, true, 0, 0}, {3, 4, 1, TX_PAD_ZEROS, TX_TANH, 1, true, 0, 0}}, true, false, false},
    {"reflect, silu, groups", {4, 1, {11}}, {{6, 5, 1, TX_PAD_REFLECT, TX_SILU, 2, true, 0, 0}, {4, 2, 2, TX_PAD_REFLECT, TX_SIGMOID, 2, false, 0, 0}}, false, false, false},
    {"replicate, elu", {2, 1, {9}}, {{3, 3, 2, TX_PAD_REPLICATE, TX_ELU, 1, true, 0, 0}, {2, 3, 1, TX_PAD_REPLICATE, TX_SOFTPLUS, 1, true, 0, 0}}, false, false, false},
    {"relu after reflect", {2, 1, {9}}, {{3, 3, 1, TX_PAD_REFLECT, TX_RELU, 1, true, 0, 0}, {3, 3, 1, TX_PAD_CIRCULAR, TX_RELU, 1, true, 0, 0}, {2, 3, 1, TX_PAD_ZEROS, TX_LEAKY_RELU, 1, true, 0, 0}}, false, false, false},
    {"two modes of one value", {2, 1, {9}}, {{3, 3, 1, TX_PAD_ZEROS, TX_RELU, 1, true, 0, 0}, {2, 3, 1, TX_PAD_ZEROS, TX_IDENTITY, 1, true, 0, 0}}, false, true, false},
    {"2D circular", {2, 2, {6, 7}}, {{5, 3, 1, TX_PAD_CIRCULAR, TX_RELU, 1, true, 0, 0}, {2, 3, 1, TX_PAD_CIRCULAR, TX_IDENTITY, 1, true, 0, 0}}, true, false, false},
    {"2D reflect and zeros", {1, 2, {5, 6}}, {{4, 3, 2, TX_PAD_REFLECT, TX_TANH, 1, true, 0, 0}, {1, 2, 1, TX_PAD_ZEROS, TX_IDENTITY, 1, true, 0, 0}}, false, true, false},
    {"3D circular", {1, 3, {4, 3, 5}}, {{3, 3, 1, TX_PAD_CIRCULAR, TX_RELU, 1, true, 0, 0}, {1, 3, 1, TX_PAD_CIRCULAR, TX_IDENTITY, 1, true, 0, 0}}, false, false, false},
    {"3D replicate", {2, 3, {3, 4, 3}}, {{2, 2, 1, TX_PAD_REPLICATE, TX_GELU, 1, true, 0, 0}}, false, false, false},
    {"dense on a vector", {3, 0, {0}}, {{20, 1, 1, TX_PAD_ZEROS, TX_RELU, 1, true, 0, 0}, {3, 1, 1, TX_PAD_ZEROS, TX_IDENTITY, 1, true, 0, 0}}, true, false, false},
    {"flatten and dense", {2, 1, {5}}, {{2, 3, 1, TX_PAD_CIRCULAR, TX_IDENTITY, 1, false, 0, 0}}, false, false, true},
    {"norms before convolutions", {2, 1, {11}}, {{6, 3, 1, TX_PAD_CIRCULAR, TX_TANH, 1, true, 1, 0}, {2, 3, 2, TX_PAD_CIRCULAR, TX_GELU, 1, true, 3, 0}}, false, false, false},
    {"norms after convolutions", {4, 1, {9}}, {{4, 3, 1, TX_PAD_CIRCULAR, TX_TANH, 1, true, -2, 1}, {4, 3, 1, TX_PAD_REFLECT, TX_SILU, 1, true, -1, 2}}, false, false, false},
    {"2D norms and skips", {3, 2, {5, 4}}, {{3, 3, 1, TX_PAD_ZEROS, TX_SIGMOID, 1, true, 1, 2}, {3, 3, 1, TX_PAD_CIRCULAR, TX_IDENTITY, 1, true, -3, 1}}, false, false, false},
    {"3D norm", {2, 3, {3, 2, 3}}, {{4, 3, 1, TX_PAD_CIRCULAR, TX_TANH, 1, true, 1, 0}, {2, 1, 1, TX_PAD_ZEROS, TX_IDENTITY, 1, true, -2, 0}}, true, false, false},
    {"relu, norms and skips as in a dilated block", {4, 1, {12}}, {{4, 3, 1, TX_PAD_CIRCULAR, TX_RELU, 1, true, 1, 0}, {4, 3, 2, TX_PAD_CIRCULAR, TX_RELU, 1, true, 1, 2}}, false, false, false},
    {"relu and skips as in a classic block", {3, 1, {10}}, {{3, 3, 1, TX_PAD_CIRCULAR, TX_RELU, 1, true, 0, 0}, {3, 3, 1, TX_PAD_CIRCULAR, TX_RELU, 1, true, 0, 1}, {3, 3, 1, TX_PAD_REFLECT, TX_RELU, 1, true, -1, 1}}, false, false, false},
    {"relu after norms as in a modern block", {3, 1, {10}}, {{6, 3, 1, TX_PAD_CIRCULAR, TX_RELU, 1, true, -2, 0}, {6, 3, 1, TX_PAD_ZEROS, TX_IDENTITY, 1, true, -1, 1}, {3, 3, 1, TX_PAD_CIRCULAR, TX_IDENTITY, 1, true, 0, 0}}, false, false, false},
    {"dense with a norm", {6, 0, {0}}, {{6, 1, 1, TX_PAD_ZEROS, TX_TANH, 1, true, 2, 2}}, false, false, false},
    {"a wrap around more than the domain", {1, 1, {3}}, {{2, 5, 2, TX_PAD_CIRCULAR, TX_TANH, 1, true, 0, 0}, {1, 3, 1, TX_PAD_CIRCULAR, TX_IDENTITY, 1, false, 0, 0}}, false, false, false},
};
/* clang-format on */
enum { NUM_CASES = sizeof cases / sizeof *cases };

typedef struct problem {
    tx_graph *graph;
    tx_node loss, last;
    int64_t parameters, state;
    double window[BLOCK][LEVELS * 128], parameter[MAX_PARAMETERS];
} problem;

static problem *problem_create(const net_case *c)
{
    problem *p = calloc(1, sizeof *p);
    tx_graph_create(NULL, &p->graph);
    p->loss = build(p->graph, c, &p->parameters, &p->last);
    p->state = naive_size(&c->state);
    for (int k = 0; k < BLOCK; k++) {
        for (int64_t i = 0; i < LEVELS * p->state; i++) {
            p->window[k][i] = (double)(float)uniform();
        }
    }
    for (int64_t i = 0; i < p->parameters; i++) {
        p->parameter[i] = (double)(float)(0.4 * uniform());
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

/* Runs one block of `count` real samples, everything converted from and to double. */
static void run_block(problem *p, int isa, tx_precision precision, int count, double *loss, double *gradient, double *last)
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
        r.last_of[k] = last + k * p->state;
    }
    run_program(&r, isa, precision);
}

/* Sums of a few hundred terms of size one: 1e-12 in double, 2e-4 in float (the unrolled values grow to about ten). */
static double tolerance(tx_precision precision)
{
    return precision == TX_FLOAT64 ? 1e-12 : 2e-4;
}

static void check_values(const char *name, problem *p, int count, tx_precision precision, const double *loss, const double *last)
{
    double expected[128];
    for (int k = 0; k < count; k++) {
        const double reference = naive_loss(p, k, p->parameter, expected);
        if (!(fabs(loss[k] - reference) <= tolerance(precision) * (1 + fabs(reference)))) {
            printf("%s: sample %d: loss %.17g, reference %.17g\n", name, k, loss[k], reference);
            CU_FAIL("loss differs from the naive reference");
        }
        for (int64_t i = 0; i < p->state; i++) {
            CU_ASSERT(fabs(last[k * p->state + i] - expected[i]) <= tolerance(precision) * (1 + fabs(expected[i])));
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

/* Four-point differences of the naive loss, every parameter (at most 150 of them, evenly spread). Without cuts only: the
 * naive loss knows no stop_gradient. */
static void check_gradient(const char *name, const problem *p, int count, const double *gradient)
{
    double shifted[MAX_PARAMETERS];
    const double h = 1e-3;
    const int64_t stride = 1 + p->parameters / 40;
    for (int64_t i = 0; i < p->parameters; i += stride) {
        double f[4];
        for (int k = 0; k < 4; k++) {
            static const double at[] = {-2, -1, 1, 2};
            memcpy(shifted, p->parameter, sizeof shifted);
            shifted[i] += at[k] * h;
            f[k] = total_loss(p, count, shifted);
        }
        const double difference = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
        if (!(fabs(difference - gradient[i]) <= 1e-7 * (1 + fabs(difference)))) {
            printf("%s: parameter %ld: gradient %.10g, difference %.10g\n", name, (long)i, gradient[i], difference);
            CU_FAIL("gradient differs from finite differences");
        }
    }
}

/* The kinks of relu (and of elu's derivative) spoil differences where a value passes zero: the difference is then only first-order.
 */
static bool smooth(const net_case *c)
{
    for (const layer *l = c->layers; l < c->layers + 4; l++) {
        if (l->activation == TX_RELU || l->activation == TX_LEAKY_RELU || l->activation == TX_ELU) {
            return false;
        }
    }
    return !c->cut;
}

static void programs_agree(void)
{
    for (int c = 0; c < NUM_CASES; c++) {
        problem *p = problem_create(&cases[c]);
        double reference[MAX_PARAMETERS], gradient[MAX_PARAMETERS], loss[BLOCK], last[BLOCK * 128];
        CU_ASSERT_FATAL(p->parameters <= MAX_PARAMETERS);
        for (int count = BLOCK; count >= BLOCK - 1; count--) { /* a full block and one with a padding lane */
            for (int isa = 0; isa < tx_isa_count(); isa++) {
                run_block(p, isa, TX_FLOAT64, count, loss, gradient, last);
                check_values(cases[c].name, p, count, TX_FLOAT64, loss, last);
                if (isa == 0) {
                    memcpy(reference, gradient, sizeof reference);
                    if (smooth(&cases[c])) {
                        check_gradient(cases[c].name, p, count, gradient);
                    }
                }
                for (int precision = TX_FLOAT64; precision >= TX_FLOAT32; precision--) {
                    run_block(p, isa, (tx_precision)precision, count, loss, gradient, last);
                    check_values(cases[c].name, p, count, (tx_precision)precision, loss, last);
                    double scale = 0, error = 0;
                    for (int64_t i = 0; i < p->parameters; i++) {
                        scale = fmax(scale, fabs(reference[i]));
                        error = fmax(error, fabs(reference[i] - gradient[i]));
                    }
                    if (!(error <= tolerance((tx_precision)precision) * scale)) {
                        printf("%s: %s precision %d: gradients differ by %g of %g\n", cases[c].name, tx_isa_name(isa), precision,
                               error, scale);
                        CU_FAIL("gradients of instruction sets or precisions differ");
                    }
                }
            }
        }
        problem_destroy(p);
    }
}

/* With a relu the gradient is checked where the kinks are far away: against tiny steps, more loosely. */
static void kinked_gradients(void)
{
    for (int c = 0; c < NUM_CASES; c++) {
        if (smooth(&cases[c]) || cases[c].cut) {
            continue;
        }
        problem *p = problem_create(&cases[c]);
        double gradient[MAX_PARAMETERS], loss[BLOCK], last[BLOCK * 128], shifted[MAX_PARAMETERS], worst = 0;
        run_block(p, -1, TX_FLOAT64, BLOCK, loss, gradient, last);
        for (int64_t i = 0; i < p->parameters; i += 1 + p->parameters / 20) {
            double f[2];
            for (int k = 0; k < 2; k++) {
                memcpy(shifted, p->parameter, sizeof shifted);
                shifted[i] += k ? 1e-7 : -1e-7;
                f[k] = total_loss(p, BLOCK, shifted);
            }
            worst = fmax(worst, fabs((f[1] - f[0]) / 2e-7 - gradient[i]) / (1 + fabs(gradient[i])));
        }
        CU_ASSERT(worst < 1e-5); /* rounding of the loss over the step: 1e-14 / 1e-7 */
        problem_destroy(p);
    }
}

/* A cut removes the gradient through the state: the same as a network whose earlier parameters are another copy. */
static void cuts_stop_gradients(void)
{
    tx_graph *graph;
    tx_graph_create(NULL, &graph);
    const tx_shape state = {.channels = 1};
    const tx_convolution dense = {.out_channels = 1, .groups = 1};
    const tx_node w = tx_parameter(graph, 0, 1);
    tx_node p = tx_convolve(graph, tx_window(graph, 0, state), &dense, w, TX_NONE);
    p = tx_convolve(graph, tx_stop_gradient(graph, p), &dense, w, TX_NONE);
    const tx_node loss = tx_sum_square(graph, p); /* (w (w u))^2, inner w constant: d/dw = 2 w^3 u^2 */
    bound *program = NULL;
    tx_workspace *workspace;
    const tx_plan_options options = {
        .precision = TX_FLOAT64, .isa = -1, .block = 1, .num_parameters = 1, .loss = loss, .gradient = true};
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    const double u = 3, weight = 2;
    double gradient, value;
    const void *windows[] = {&u};
    bound_set(program, &weight);
    bound_run(program, workspace, &(tx_run_input){.windows = windows, .count = 1, .batch_size = 1}, &value, &gradient, NULL);
    CU_ASSERT_EQUAL(value, 144);
    CU_ASSERT_EQUAL(gradient, 144);
    tx_workspace_destroy(workspace);
    bound_destroy(program);
    tx_graph_destroy(graph);
}

/* Every allocation of making a program fails once: a clean error each time, nothing lost. */
static void out_of_memory(void)
{
    problem *p = problem_create(&cases[5]);
    const tx_plan_options options = {
        .precision = TX_FLOAT32, .isa = -1, .block = BLOCK, .num_parameters = p->parameters, .loss = p->loss, .gradient = true};
    const size_t before = tx_memory_live();
    for (long n = 1;; n++) {
        bound *program = NULL;
        tx_error error = {0};
        tx_memory_fail_after(n);
        const tx_status status = bound_create(p->graph, &options, &error, &program);
        tx_memory_fail_after(-1);
        if (status == TX_OK) {
            bound_destroy(program);
            break;
        }
        CU_ASSERT_EQUAL(status, TX_FAILURE);
        CU_ASSERT(strstr(error.message, "out of memory") != NULL);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    problem_destroy(p);
}

/* Another direction is another vector, though it may have been changed as often as the one before; so are other parameters. */
static void another_tangent(void)
{
    const tx_shape state = {.channels = 1, .axes = 1, .n = {2}};
    const tx_convolution conv = {.out_channels = 1, .kernel = {1}, .dilation = {1}, .groups = 1};
    const double u[] = {3, -1}, weight = 5, directions[] = {1, 4};
    double y[2], dy[2];
    tx_graph *graph;
    bound *program = NULL;
    tx_workspace *workspace;
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node out = tx_convolve(graph, tx_window(graph, 0, state), &conv, tx_parameter(graph, 0, 1), TX_NONE);
    const tx_plan_options options = {.precision = TX_FLOAT64,
                                     .isa = -1,
                                     .block = 1,
                                     .num_parameters = 1,
                                     .loss = -1,
                                     .outputs = &out,
                                     .num_outputs = 1,
                                     .tangents = true};
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    bound_set(program, &weight);
    for (int k = 0; k < 2; k++) {
        tx_parameters tangent = {0};
        tx_parameters_set(&tangent, &directions[k]);
        tx_values_set_tangent(program->values, &tangent);
        const void *windows[] = {u};
        void *const values[] = {y}, *const tangents[] = {dy}, *const *const outputs[] = {values, tangents};
        CU_ASSERT(
            bound_run(program, workspace, &(tx_run_input){.windows = windows, .count = 1, .batch_size = 1}, NULL, NULL, outputs));
        for (int p = 0; p < 2; p++) {
            CU_ASSERT_EQUAL(y[p], weight * u[p]);
            CU_ASSERT_EQUAL(dy[p], directions[k] * u[p]);
        }
    }
    tx_workspace_destroy(workspace);
    bound_destroy(program);
    tx_graph_destroy(graph);
}

/* Any number of outputs of several blocks, the last of them in part. */
static void many_outputs(void)
{
    enum { OUTPUTS = 70, SAMPLES = 5, NUMBERS = 2 };
    tx_graph *graph;
    tx_node outputs[OUTPUTS];
    double u[SAMPLES][NUMBERS], y[OUTPUTS][SAMPLES][NUMBERS] = {{{0}}};
    void *of_samples[OUTPUTS][SAMPLES], *const *wanted[OUTPUTS];
    const void *windows[SAMPLES];
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node x = tx_window(graph, 0, (tx_shape){.channels = 1, .axes = 1, .n = {NUMBERS}});
    for (int k = 0; k < OUTPUTS; k++) {
        outputs[k] = tx_scale(graph, x, k + 2);
        for (int s = 0; s < SAMPLES; s++) {
            of_samples[k][s] = y[k][s];
        }
        wanted[k] = k % 7 == 3 ? NULL : of_samples[k];
    }
    for (int k = 0; k < SAMPLES * NUMBERS; k++) {
        u[k / NUMBERS][k % NUMBERS] = k + 1;
        windows[k / NUMBERS] = u[k / NUMBERS];
    }
    const tx_plan_options options = {
        .precision = TX_FLOAT64, .isa = -1, .block = 2, .loss = TX_NONE, .outputs = outputs, .num_outputs = OUTPUTS};
    bound *program = NULL;
    tx_workspace *workspace;
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, tx_plan_blocks_at_once(program->plan, 3), NULL, &workspace), TX_OK);
    CU_ASSERT(bound_run(program, workspace, &(tx_run_input){.windows = windows, .count = SAMPLES, .batch_size = SAMPLES}, NULL,
                        NULL, wanted));
    for (int k = 0; k < OUTPUTS * SAMPLES * NUMBERS; k++) {
        const int output = k / (SAMPLES * NUMBERS), number = k % (SAMPLES * NUMBERS);
        CU_ASSERT_EQUAL(y[output][number / NUMBERS][number % NUMBERS], output % 7 == 3 ? 0 : (output + 2) * (number + 1));
    }
    tx_workspace_destroy(workspace);
    bound_destroy(program);
    tx_graph_destroy(graph);
}

int main(void)
{
    return suite_run("program", (suite_test[]){{"values and gradients on every ISA and precision", programs_agree},
                                               {"gradients through relu", kinked_gradients},
                                               {"cuts stop gradients", cuts_stop_gradients},
                                               {"out of memory", out_of_memory},
                                               {"another tangent", another_tangent},
                                               {"many outputs", many_outputs},
                                               {0}});
}
