/* What spectral steppers are made of: Fourier transforms over all axes, products with tables, products in space, as programs:
 * values against numpy's definitions, gradients and tangents against finite differences, on every instruction set and precision.
 * guard: alone */
#include <stdio.h>

#include "base/memory.h"
#include "naive.h"
#include "run.h"

enum { BLOCK = 3, MAX_PARAMETERS = 8, MAX_STATE = 128 };

static const tx_shape cases[] = {{2, 1, {16}},      {1, 1, {15}},      {2, 1, {1}},      {2, 1, {2}},
                                 {1, 2, {6, 8}},    {2, 2, {5, 7}},    {1, 2, {4, 5}},   {1, 2, {1, 6}},
                                 {1, 3, {4, 3, 6}}, {2, 3, {3, 2, 5}}, {1, 3, {2, 4, 4}}};
enum { NUM_CASES = sizeof cases / sizeof *cases };

typedef struct problem {
    tx_graph *graph;
    tx_node loss, last;
    int64_t parameters, state;
    double window[BLOCK][2 * MAX_STATE], parameter[MAX_PARAMETERS];
} problem;

/* A table of any complex numbers: what it makes of the modes of a real field are not those of another. */
static tx_node table(tx_graph *graph, int64_t count)
{
    double *values = calloc((size_t)count, 2 * sizeof *values);
    for (int64_t k = 0; k < 2 * count; k++) {
        values[k] = (double)(float)uniform();
    }
    const tx_node node = tx_constant(graph, values, 2 * count);
    free(values);
    return node;
}

/* h = A F(x); u = F^-1 (h), v = F^-1 (B h + F(u x) / 2), B another table for each channel: each kind reads each. */
static void build(problem *p, tx_shape state)
{
    tx_graph *g = p->graph;
    const int64_t modes = tx_rfftn_modes(state);
    const tx_convolution mix = {.out_channels = state.channels, .kernel = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1};
    p->parameters = state.channels * state.channels;
    const tx_node x = tx_convolve(g, tx_window(g, 0, state), &mix, tx_parameter(g, 0, p->parameters), TX_NONE);
    const tx_node h = tx_multiply_modes(g, tx_rfftn(g, x), table(g, modes));
    const tx_node u = tx_irfftn(g, h, state);
    const tx_node product = tx_scale(g, tx_rfftn(g, tx_multiply(g, u, x)), 0.5);
    p->last = tx_irfftn(g, tx_add(g, tx_multiply_modes(g, h, table(g, state.channels * modes)), product), state);
    p->loss = tx_add(g, tx_square_error(g, p->last, tx_window(g, 1, state)), tx_sum_square(g, u));
}

static problem *problem_create(tx_shape state)
{
    problem *p = calloc(1, sizeof *p);
    tx_error error = {0};
    tx_graph_create(NULL, &p->graph);
    build(p, state);
    CU_ASSERT_EQUAL_FATAL(tx_graph_status(p->graph, &error), TX_OK);
    p->state = naive_size(&state);
    for (int64_t k = 0; k < BLOCK * 2 * p->state; k++) {
        p->window[k / (2 * p->state)][k % (2 * p->state)] = (double)(float)uniform();
    }
    for (int64_t k = 0; k < p->parameters; k++) {
        p->parameter[k] = (double)(float)uniform();
    }
    return p;
}

static void problem_destroy(problem *p)
{
    tx_graph_destroy(p->graph);
    free(p);
}

static void run_block(const problem *p, int isa, tx_precision precision, double *loss, double *gradient, double (*last)[MAX_STATE])
{
    block_run r = {.graph = p->graph,
                   .loss = p->loss,
                   .last = p->last,
                   .block = BLOCK,
                   .count = BLOCK - 1, /* a padding lane */
                   .num_parameters = p->parameters,
                   .window = 2 * p->state,
                   .state = p->state,
                   .parameters = p->parameter,
                   .loss_of = loss,
                   .gradient = gradient};
    for (int k = 0; k < r.count; k++) {
        r.windows[k] = p->window[k];
        r.last_of[k] = last[k];
    }
    run_program(&r, isa, precision);
}

/* Four-point differences along a parameter of what the program tells: the loss over the batch, and the last states. */
static double differences(const problem *p, int64_t i, double (*last)[MAX_STATE])
{
    static const double at[] = {-2, -1, 1, 2}, factor[] = {1, -8, 8, -1};
    double shifted[MAX_PARAMETERS], value[MAX_STATE], sum = 0;
    const double h = 1e-3;
    memset(last, 0, (BLOCK - 1) * sizeof *last);
    for (int k = 0; k < 4 * (BLOCK - 1); k++) {
        memcpy(shifted, p->parameter, sizeof shifted);
        shifted[i] += at[k % 4] * h;
        sum += factor[k % 4] * naive_evaluate(p->graph, p->window[k / 4], NULL, shifted, p->loss, p->last, value) / NAIVE_BATCH;
        for (int64_t j = 0; j < p->state; j++) {
            last[k / 4][j] += factor[k % 4] * value[j] / (12 * h);
        }
    }
    return sum / (12 * h);
}

/* The tangents of the last states along one parameter. */
static void run_tangents(const problem *p, int64_t i, double (*tangent)[MAX_STATE])
{
    const tx_plan_options options = {.precision = TX_FLOAT64,
                                     .isa = -1,
                                     .block = BLOCK,
                                     .num_parameters = p->parameters,
                                     .loss = TX_NONE,
                                     .outputs = &p->last,
                                     .num_outputs = 1,
                                     .tangents = true};
    double direction[MAX_PARAMETERS] = {0}, value[BLOCK][MAX_STATE];
    bound *program = NULL;
    tx_workspace *workspace = NULL;
    direction[i] = 1;
    const tx_parameters along = {.reals = direction, .version = 1};
    CU_ASSERT_EQUAL_FATAL(bound_create(p->graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    bound_set(program, p->parameter);
    tx_values_set_tangent(program->values, &along);
    const void *windows[] = {p->window[0], p->window[1]};
    void *values[] = {value[0], value[1]}, *tangents[] = {tangent[0], tangent[1]};
    void *const *const outputs[] = {values, tangents};
    CU_ASSERT(bound_run(program, workspace, &(tx_run_input){.windows = windows, .count = 2, .batch_size = 2}, NULL, NULL, outputs));
    tx_workspace_destroy(workspace);
    bound_destroy(program);
}

static void check_derivatives(const problem *p, const double *gradient)
{
    for (int64_t i = 0; i < p->parameters; i++) {
        double expected[BLOCK][MAX_STATE], tangent[BLOCK][MAX_STATE];
        const double difference = differences(p, i, expected);
        CU_ASSERT_DOUBLE_EQUAL(gradient[i], difference, 1e-8 * (1 + fabs(difference)));
        run_tangents(p, i, tangent);
        for (int64_t j = 0; j < (BLOCK - 1) * p->state; j++) {
            CU_ASSERT_DOUBLE_EQUAL(tangent[j / p->state][j % p->state], expected[j / p->state][j % p->state], 1e-8);
        }
    }
}

static void check_values(const problem *p, int isa, tx_precision precision, const double *reference)
{
    const double tolerance = precision == TX_FLOAT64 ? 1e-12 : 2e-4; /* sums of some hundred terms of size one */
    double expected[MAX_STATE], loss[BLOCK], gradient[MAX_PARAMETERS], last[BLOCK][MAX_STATE];
    run_block(p, isa, precision, loss, gradient, last);
    for (int k = 0; k < BLOCK - 1; k++) {
        const double wanted = naive_evaluate(p->graph, p->window[k], NULL, p->parameter, p->loss, p->last, expected);
        CU_ASSERT_DOUBLE_EQUAL(loss[k], wanted, tolerance * (1 + fabs(wanted)));
        for (int64_t j = 0; j < p->state; j++) {
            CU_ASSERT_DOUBLE_EQUAL(last[k][j], expected[j], tolerance * (1 + fabs(expected[j])));
        }
    }
    for (int64_t i = 0; i < p->parameters; i++) {
        CU_ASSERT_DOUBLE_EQUAL(gradient[i], reference[i], tolerance * (10 + fabs(reference[i])));
    }
}

static void programs_agree(void)
{
    for (int c = 0; c < NUM_CASES; c++) {
        double loss[BLOCK], gradient[MAX_PARAMETERS], last[BLOCK][MAX_STATE];
        problem *p = problem_create(cases[c]);
        run_block(p, -1, TX_FLOAT64, loss, gradient, last);
        check_derivatives(p, gradient);
        for (int isa = 0; isa < tx_isa_count(); isa++) {
            check_values(p, isa, TX_FLOAT32, gradient);
            check_values(p, isa, TX_FLOAT64, gradient);
        }
        problem_destroy(p);
    }
}

static tx_node wrong_table(tx_graph *g, int64_t numbers)
{
    const tx_node h = tx_rfftn(g, tx_window(g, 0, (tx_shape){3, 1, {8}}));
    return tx_multiply_modes(g, h, numbers ? table(g, numbers) : tx_parameter(g, 0, 10));
}

/* Told when the graph is built. */
static void wrong_operands(void)
{
    for (int k = 0; k < 6; k++) {
        tx_graph *g;
        tx_graph_create(NULL, &g);
        const tx_node h = tx_rfftn(g, tx_window(g, 0, (tx_shape){1, 2, {4, 6}})); /* 16 modes */
        const tx_node wrong = k == 0   ? tx_rfftn(g, tx_window(g, 0, (tx_shape){.channels = 2}))
                              : k == 1 ? tx_irfftn(g, h, (tx_shape){1, 2, {6, 4}})
                              : k == 2 ? tx_irfftn(g, h, (tx_shape){.channels = 1})
                              : k == 3 ? wrong_table(g, 4)
                              : k == 4 ? wrong_table(g, 10)
                                       : wrong_table(g, 0);
        CU_ASSERT_EQUAL(wrong, TX_NONE);
        CU_ASSERT_EQUAL(tx_graph_status(g, NULL), TX_INVALID);
        tx_graph_destroy(g);
    }
}

int main(void)
{
    return suite_run("fourier", (suite_test[]){{"values and derivatives on every ISA and precision", programs_agree},
                                               {"wrong operands", wrong_operands},
                                               {0}});
}
