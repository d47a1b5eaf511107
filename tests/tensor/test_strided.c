/* Strided and transposed convolutions and concatenation in one small U-net, down and up again: values against the naive
 * reference, gradients against finite differences, in one to three dimensions, with every padding mode, even and odd numbers
 * of points, on every instruction set and precision.
 * guard: alone */
#include <stdio.h>

#include "base/memory.h"
#include "naive.h"
#include "run.h"

enum { BLOCK = 5, MAX_PARAMETERS = 4096, MAX_STATE = 512 };

typedef struct net_case {
    const char *name;
    tx_shape state;
    int64_t hidden, kernel, stride, dilation;
    int groups;
    tx_padding_mode mode;
    int64_t pad[2]; /* around what the transposed convolution reads, before it is spread */
    int64_t low;    /* zeros before the spread cells; as many after as give the number of points back */
    tx_activation activation;
    bool bias, twice; /* twice: the result of the transposed convolution is read again */
} net_case;

static const net_case cases[] = {
    {"1D circular", {2, 1, {12}}, 4, 3, 2, 1, 1, TX_PAD_CIRCULAR, {1, 1}, -1, TX_TANH, true, false},
    {"1D zeros", {2, 1, {12}}, 4, 3, 2, 1, 1, TX_PAD_ZEROS, {0, 0}, 1, TX_TANH, true, false},
    {"1D reflect", {3, 1, {16}}, 6, 3, 2, 1, 1, TX_PAD_REFLECT, {1, 1}, -1, TX_GELU, true, true},
    {"1D replicate, odd", {1, 1, {13}}, 4, 3, 2, 1, 1, TX_PAD_REPLICATE, {1, 2}, -1, TX_TANH, false, false},
    {"1D relu", {2, 1, {20}}, 4, 3, 2, 1, 1, TX_PAD_CIRCULAR, {1, 1}, -1, TX_RELU, true, false},
    {"1D relu, zeros, read twice", {2, 1, {11}}, 4, 4, 2, 1, 1, TX_PAD_ZEROS, {0, 0}, 2, TX_RELU, true, true},
    {"1D stride 3", {2, 1, {14}}, 3, 5, 3, 1, 1, TX_PAD_CIRCULAR, {2, 2}, -2, TX_SILU, true, false},
    {"1D stride 3, kernel 2", {2, 1, {14}}, 3, 2, 3, 1, 1, TX_PAD_CIRCULAR, {1, 1}, 0, TX_TANH, true, false},
    {"1D stride 4, pointwise", {2, 1, {9}}, 3, 1, 4, 1, 1, TX_PAD_ZEROS, {0, 0}, 0, TX_TANH, true, true},
    {"1D dilated", {2, 1, {15}}, 4, 3, 2, 2, 1, TX_PAD_REFLECT, {2, 1}, -1, TX_TANH, true, false},
    {"1D dilated by the stride", {2, 1, {15}}, 4, 3, 3, 3, 1, TX_PAD_CIRCULAR, {2, 3}, -4, TX_TANH, true, false},
    {"1D groups", {2, 1, {10}}, 4, 3, 2, 1, 2, TX_PAD_CIRCULAR, {1, 1}, -1, TX_TANH, true, false},
    {"1D far outside", {1, 1, {7}}, 2, 2, 2, 1, 1, TX_PAD_CIRCULAR, {4, 3}, 5, TX_TANH, true, false},
    {"2D circular", {1, 2, {6, 8}}, 3, 3, 2, 1, 1, TX_PAD_CIRCULAR, {1, 1}, -1, TX_TANH, true, false},
    {"2D zeros, odd", {2, 2, {5, 7}}, 2, 3, 2, 1, 1, TX_PAD_ZEROS, {0, 0}, 1, TX_TANH, true, false},
    {"2D reflect, relu", {1, 2, {8, 6}}, 3, 3, 2, 1, 1, TX_PAD_REFLECT, {1, 1}, -1, TX_RELU, true, false},
    {"2D stride 3", {1, 2, {7, 5}}, 2, 4, 3, 1, 1, TX_PAD_REPLICATE, {1, 2}, -1, TX_TANH, false, true},
    {"3D circular", {1, 3, {4, 6, 4}}, 2, 3, 2, 1, 1, TX_PAD_CIRCULAR, {1, 1}, -1, TX_TANH, true, false},
    {"3D zeros, odd", {1, 3, {3, 5, 4}}, 2, 2, 2, 1, 1, TX_PAD_ZEROS, {0, 0}, 1, TX_TANH, true, false},
    {"3D reflect", {1, 3, {4, 4, 4}}, 2, 3, 2, 1, 1, TX_PAD_REFLECT, {1, 1}, -1, TX_GELU, true, false},
};
enum { NUM_CASES = sizeof cases / sizeof *cases };

static tx_convolution convolution_of(const net_case *c, int axes, int64_t channels, int64_t kernel, int64_t stride)
{
    tx_convolution conv = {.out_channels = channels, .groups = c->groups};
    for (int d = 0; d < axes; d++) {
        conv.kernel[d] = kernel;
        conv.dilation[d] = stride > 1 ? c->dilation : 1;
        conv.stride[d] = stride;
    }
    return conv;
}

/* The next leaves: weights and (or TX_NONE) a bias. */
static tx_node weights_of(tx_graph *graph, tx_node x, const tx_convolution *conv, bool bias, int64_t *offset, tx_node *b)
{
    const tx_shape shape = tx_node_shape(graph, x);
    int64_t size = shape.channels / conv->groups * conv->out_channels;
    for (int d = 0; d < shape.axes; d++) {
        size *= conv->kernel[d];
    }
    const tx_node w = tx_parameter(graph, *offset, size);
    *offset += size;
    *b = bias ? tx_parameter(graph, *offset, conv->out_channels) : TX_NONE;
    *offset += bias ? conv->out_channels : 0;
    return w;
}

static tx_node convolve(tx_graph *graph, const net_case *c, tx_node x, int64_t channels, int64_t stride, int64_t *offset)
{
    const int axes = tx_node_shape(graph, x).axes;
    const tx_convolution conv = convolution_of(c, axes, channels, stride > 1 ? c->kernel : 3, stride);
    int64_t low[3], high[3];
    for (int d = 0; d < axes; d++) {
        const int64_t reach = (conv.kernel[d] - 1) * conv.dilation[d];
        low[d] = reach / 2;
        high[d] = reach - low[d];
    }
    tx_node bias;
    const tx_node padded = tx_pad(graph, x, c->mode, low, high), w = weights_of(graph, padded, &conv, c->bias, offset, &bias);
    return tx_convolve(graph, padded, &conv, w, bias);
}

static tx_node go_up(tx_graph *graph, const net_case *c, tx_node x, const tx_shape *to, int64_t *offset)
{
    const int axes = to->axes;
    const tx_convolution conv = convolution_of(c, axes, to->channels, c->kernel, c->stride);
    int64_t before[3], after[3], low[3], high[3];
    for (int d = 0; d < axes; d++) {
        before[d] = c->pad[0];
        after[d] = c->pad[1];
    }
    const tx_node padded = tx_pad(graph, x, c->mode, before, after);
    const tx_shape shape = tx_node_shape(graph, padded);
    for (int d = 0; d < axes; d++) {
        low[d] = c->low;
        high[d] = to->n[d] - (c->stride * (shape.n[d] - 1) + 1 + low[d] - (c->kernel - 1) * c->dilation);
    }
    tx_node bias;
    const tx_node w = weights_of(graph, padded, &conv, c->bias, offset, &bias);
    return tx_convolve_transposed(graph, padded, &conv, low, high, w, bias);
}

typedef struct problem {
    tx_graph *graph;
    tx_node loss, last;
    int64_t parameters, state;
    double window[BLOCK][2 * MAX_STATE], parameter[MAX_PARAMETERS];
} problem;

static void build(problem *p, const net_case *c)
{
    tx_graph *graph = p->graph;
    const tx_node x = tx_window(graph, 0, c->state);
    int64_t offset = 0;
    const tx_node skip = tx_activate(graph, convolve(graph, c, x, c->hidden, 1, &offset), c->activation);
    const tx_shape wide = tx_node_shape(graph, skip);
    const tx_node down = tx_activate(graph, convolve(graph, c, skip, c->hidden, c->stride, &offset), c->activation);
    const tx_node coarse = tx_activate(graph, convolve(graph, c, down, 2 * c->hidden, 1, &offset), c->activation);
    const tx_node up = go_up(graph, c, coarse, &wide, &offset);
    p->last = convolve(graph, c, tx_concatenate(graph, skip, up), c->state.channels, 1, &offset);
    p->loss = tx_square_error(graph, p->last, tx_window(graph, 1, c->state));
    if (c->twice) {
        p->loss = tx_add(graph, p->loss, tx_scale(graph, tx_sum_square(graph, up), 0.25));
    }
    p->parameters = offset;
}

static problem *problem_create(const net_case *c)
{
    problem *p = calloc(1, sizeof *p);
    tx_error error = {0};
    tx_graph_create(NULL, &p->graph);
    build(p, c);
    if (tx_graph_status(p->graph, &error) != TX_OK) {
        printf("%s: %s\n", c->name, error.message);
        CU_FAIL_FATAL("the graph is not built");
    }
    p->state = naive_size(&c->state);
    CU_ASSERT_FATAL(p->parameters <= MAX_PARAMETERS && p->state <= MAX_STATE);
    for (int k = 0; k < BLOCK; k++) {
        for (int64_t i = 0; i < 2 * p->state; i++) {
            p->window[k][i] = (double)(float)uniform();
        }
    }
    for (int64_t i = 0; i < p->parameters; i++) {
        p->parameter[i] = (double)(float)(0.5 * uniform());
    }
    return p;
}

static double naive_loss(const problem *p, int sample, const double *parameter, double *last)
{
    return naive_evaluate(p->graph, p->window[sample], NULL, parameter, p->loss, p->last, last);
}

typedef struct result {
    double loss[BLOCK], gradient[MAX_PARAMETERS], last[BLOCK][MAX_STATE];
} result;

static void run_block(const problem *p, int isa, tx_precision precision, int count, result *out)
{
    block_run r = {.graph = p->graph,
                   .loss = p->loss,
                   .last = p->last,
                   .block = BLOCK,
                   .count = count,
                   .num_parameters = p->parameters,
                   .window = 2 * p->state,
                   .state = p->state,
                   .parameters = p->parameter,
                   .loss_of = out->loss,
                   .gradient = out->gradient};
    for (int k = 0; k < count; k++) {
        r.windows[k] = p->window[k];
        r.last_of[k] = out->last[k];
    }
    run_program(&r, isa, precision);
}

/* Differences of the naive loss for at most 60 parameters, evenly spread: four points where all is smooth, else two close ones. */
static double difference_error(const net_case *c, const problem *p, int count, const double *gradient)
{
    const bool smooth = c->activation != TX_RELU;
    const double h = smooth ? 1e-3 : 1e-7;
    double shifted[MAX_PARAMETERS], worst = 0;
    for (int64_t i = 0; i < p->parameters; i += 1 + p->parameters / 60) {
        double f[4] = {0};
        for (int k = 0; k < 4; k++) {
            static const double at[] = {-2, -1, 1, 2};
            memcpy(shifted, p->parameter, sizeof shifted);
            shifted[i] += at[k] * h;
            for (int j = 0; j < count; j++) {
                f[k] += 0.5 * naive_loss(p, j, shifted, NULL);
            }
        }
        const double difference = smooth ? (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h) : (f[2] - f[1]) / (2 * h);
        worst = fmax(worst, fabs(difference - gradient[i]) / (1 + fabs(difference)));
    }
    return worst;
}

static void gradients(void)
{
    static result r;
    for (const net_case *c = cases; c < cases + NUM_CASES; c++) {
        problem *p = problem_create(c);
        for (int count = BLOCK; count >= BLOCK - 1; count--) { /* a full block and one with a padding lane */
            run_block(p, -1, TX_FLOAT64, count, &r);
            const double error = difference_error(c, p, count, r.gradient);
            if (!(error < (c->activation == TX_RELU ? 1e-5 : 1e-8))) { /* rounding over the step: 1e-13 / 1e-7; h^4 = 1e-12 */
                printf("%s: gradients differ by %g from differences\n", c->name, error);
                CU_FAIL("gradient differs from finite differences");
            }
        }
        tx_graph_destroy(p->graph);
        free(p);
    }
}

/* The gradients' own scale: a leaf's largest. Sums of some hundred terms of size one. */
static double gradient_distance(const problem *p, const double *a, const double *b)
{
    double scale = 0, error = 0;
    for (int64_t i = 0; i < p->parameters; i++) {
        scale = fmax(scale, fabs(b[i]));
        error = fmax(error, isnan(a[i]) ? INFINITY : fabs(a[i] - b[i]));
    }
    return error / scale;
}

static void check_values(const char *name, const problem *p, double tolerance, const result *r)
{
    double expected[MAX_STATE];
    for (int k = 0; k < BLOCK; k++) {
        const double loss = naive_loss(p, k, p->parameter, expected);
        bool good = fabs(r->loss[k] - loss) <= tolerance * (1 + fabs(loss));
        for (int64_t i = 0; i < p->state; i++) {
            good = good && fabs(r->last[k][i] - expected[i]) <= tolerance * (1 + fabs(expected[i]));
        }
        if (!good) {
            printf("%s: sample %d: loss %.17g, reference %.17g\n", name, k, r->loss[k], loss);
            CU_FAIL("values differ from the naive reference");
        }
    }
}

static void values(void)
{
    static result r, reference;
    for (const net_case *c = cases; c < cases + NUM_CASES; c++) {
        problem *p = problem_create(c);
        run_block(p, -1, TX_FLOAT64, BLOCK, &reference);
        for (int isa = 0; isa < tx_isa_count(); isa++) {
            for (int precision = TX_FLOAT32; precision <= TX_FLOAT64; precision++) {
                const double tolerance = precision == TX_FLOAT64 ? 1e-12 : 1e-4;
                run_block(p, isa, (tx_precision)precision, BLOCK, &r);
                check_values(c->name, p, tolerance, &r);
                CU_ASSERT(gradient_distance(p, r.gradient, reference.gradient) <= tolerance);
            }
        }
        tx_graph_destroy(p->graph);
        free(p);
    }
}

/* What lax computes: x spread by its stride with zeros between, cut or padded, then correlated. */
static void transposed_by_hand(void)
{
    const double x[] = {2, 3, 5}, w[] = {1, 10, 100};
    static const struct {
        int64_t low, high, points;
        double y[9];
    } wanted[] = {
        {0, 0, 3, {302, 30, 503}}, /* 2 0 3 0 5 */
        {1, 1, 5, {20, 302, 30, 503, 50}},
        {-1, 2, 4, {30, 503, 50, 5}}, /* 0 3 0 5 0 0 */
    };
    for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
        tx_graph *graph = NULL;
        tx_graph_create(NULL, &graph);
        const tx_convolution conv = {.out_channels = 1, .kernel = {3}, .dilation = {1}, .stride = {2}, .groups = 1};
        const tx_node y = tx_convolve_transposed(graph, tx_window(graph, 0, (tx_shape){1, 1, {3}}), &conv, &wanted[k].low,
                                                 &wanted[k].high, tx_parameter(graph, 0, 3), TX_NONE);
        CU_ASSERT_EQUAL(tx_node_shape(graph, y).n[0], wanted[k].points);
        const tx_plan_options options = {
            .precision = TX_FLOAT64, .isa = -1, .block = 1, .num_parameters = 3, .loss = -1, .outputs = &y, .num_outputs = 1};
        bound *program = NULL;
        tx_workspace *workspace = NULL;
        CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
        double got[9] = {0};
        const void *windows[] = {x};
        void *const out[] = {got};
        void *const *outputs[] = {out};
        bound_set(program, w);
        bound_run(program, workspace, &(tx_run_input){.windows = windows, .count = 1, .batch_size = 1}, NULL, NULL, outputs);
        for (int64_t i = 0; i < wanted[k].points; i++) {
            CU_ASSERT_EQUAL(got[i], wanted[k].y[i]);
        }
        tx_workspace_destroy(workspace);
        bound_destroy(program);
        tx_graph_destroy(graph);
    }
}

static void mistakes(void)
{
    tx_graph *graph = NULL;
    tx_error error = {0};
    tx_graph_create(NULL, &graph);
    tx_concatenate(graph, tx_window(graph, 0, (tx_shape){1, 1, {8}}), tx_window(graph, 0, (tx_shape){1, 1, {9}}));
    CU_ASSERT_EQUAL(tx_graph_status(graph, &error), TX_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "different points (8 and 9"));
    tx_graph_destroy(graph);
    tx_graph_create(NULL, &graph);
    error = (tx_error){0};
    const tx_convolution conv = {.out_channels = 1, .kernel = {3}, .dilation = {1}, .stride = {2}, .groups = 1};
    tx_convolve_transposed(graph, tx_window(graph, 0, (tx_shape){1, 1, {1}}), &conv, &(int64_t){0}, &(int64_t){0},
                           tx_parameter(graph, 0, 3), TX_NONE);
    CU_ASSERT_EQUAL(tx_graph_status(graph, &error), TX_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "leaves no points"));
    tx_graph_destroy(graph);
}

/* Every allocation of making a program fails once: a clean error each time, nothing lost. */
static void out_of_memory(void)
{
    problem *p = problem_create(&cases[0]);
    const tx_plan_options options = {
        .precision = TX_FLOAT32, .isa = -1, .block = BLOCK, .num_parameters = p->parameters, .loss = p->loss, .gradient = true};
    const size_t before = tx_memory_live();
    for (long n = 1;; n++) {
        bound *program = NULL;
        tx_memory_fail_after(n);
        const tx_status status = bound_create(p->graph, &options, NULL, &program);
        tx_memory_fail_after(-1);
        bound_destroy(program);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
        if (status == TX_OK) {
            break;
        }
    }
    tx_graph_destroy(p->graph);
    free(p);
}

int main(void)
{
    return suite_run("strided", (suite_test[]){{"a transposed convolution by hand", transposed_by_hand},
                                               {"values on every ISA and precision", values},
                                               {"gradients against differences", gradients},
                                               {"wrong shapes", mistakes},
                                               {"out of memory", out_of_memory},
                                               {0}});
}
