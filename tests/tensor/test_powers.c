/* Powers and the size of the batch as losses use them, on whole tensors and on lane scalars: programs against the naive
 * reference, their gradients against finite differences of it, on every instruction set and precision. */
#include <stdio.h>

#include "naive.h"
#include "tensor/bound.h"
#include "suite.h"

enum { BLOCK = 5, LEVELS = 2, MOST = 128, MOST_CHANNELS = 3 };

static double number(int k)
{
    return (double)(float)(0.9 + 0.4 * sin(1 + 1.7 * k));
}

/* w u, over channels. */
static tx_node mix(tx_graph *graph, tx_node u)
{
    const int64_t channels = tx_node_shape(graph, u).channels;
    const tx_convolution conv = {.out_channels = channels, .kernel = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1};
    return tx_convolve(graph, u, &conv, tx_parameter(graph, 0, channels * channels), TX_NONE);
}

static tx_node sum_power(tx_graph *graph, tx_node x, double p)
{
    return tx_sum(graph, tx_power(graph, x, p));
}

/* Every kind of use, each with a weight that keeps it visible beside the others. */
static tx_node build(tx_graph *graph, tx_shape shape)
{
    const tx_node x = mix(graph, tx_window(graph, 0, shape)), target = tx_window(graph, 1, shape),
                  d = tx_subtract(graph, x, target);
    const tx_node moving = mix(graph, target), size = tx_power(graph, tx_sum_square(graph, moving), -1);
    const tx_node terms[] = {
        sum_power(graph, d, 1),
        tx_power(graph, sum_power(graph, d, 3), 1.0 / 3),
        tx_multiply(graph, sum_power(graph, d, 2.5), size), /* both depend on w */
        tx_multiply(graph, tx_power(graph, tx_square_error(graph, x, moving), 0.5), tx_batch_size(graph)),
        tx_sum(graph, tx_multiply(graph, tx_multiply(graph, tx_power(graph, x, 1.5), x), size)),
        sum_power(graph, x, -1),
        sum_power(graph, tx_power(graph, x, 2), -0.5),
        tx_power(graph, tx_scale(graph, sum_power(graph, x, 2), 0.1), 2),
        tx_scale(graph, tx_batch_size(graph), 0.5),
    };
    tx_node loss = terms[0];
    for (size_t k = 1; k < sizeof terms / sizeof *terms; k++) {
        loss = tx_add(graph, loss, tx_scale(graph, terms[k], 0.3 + 0.1 * (double)k));
    }
    return loss;
}

typedef struct powers {
    tx_graph *graph;
    tx_node loss;
    int64_t size, parameters;
    double window[BLOCK][LEVELS * MOST], w[MOST_CHANNELS * MOST_CHANNELS];
} powers;

static void powers_make(tx_shape shape, powers *out)
{
    *out = (powers){.size = naive_size(&shape), .parameters = shape.channels * shape.channels};
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &out->graph), TX_OK);
    out->loss = build(out->graph, shape);
    for (int k = 0; k < BLOCK * LEVELS * (int)out->size; k++) {
        out->window[k / (LEVELS * (int)out->size)][k % (LEVELS * (int)out->size)] = number(k);
    }
    for (int64_t k = 0; k < out->parameters; k++) {
        out->w[k] = k % (shape.channels + 1) ? 0.125 : 3; /* x stays positive and away from the target */
    }
}

static double naive_loss(const powers *p, int sample, const double *w)
{
    double *values[128] = {0};
    CU_ASSERT_FATAL(p->graph->count <= 128);
    const double loss = naive_run(p->graph, p->window[sample], w, p->loss, values);
    naive_free(p->graph, values);
    return loss;
}

static void run(const powers *p, int isa, tx_precision precision, int count, double *loss, double *gradient)
{
    const size_t real = tx_real_bytes(precision);
    float narrow[BLOCK][LEVELS * MOST], w[MOST_CHANNELS * MOST_CHANNELS], g[MOST_CHANNELS * MOST_CHANNELS];
    const void *windows[BLOCK];
    bound *program = NULL;
    tx_workspace *workspace = NULL;
    const tx_plan_options options = {
        .precision = precision, .isa = isa, .block = BLOCK, .num_parameters = p->parameters, .loss = p->loss, .gradient = true};
    CU_ASSERT_EQUAL_FATAL(bound_create(p->graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    for (int k = 0; k < BLOCK; k++) {
        for (int64_t i = 0; i < LEVELS * p->size; i++) {
            narrow[k][i] = (float)p->window[k][i];
        }
        windows[k] = real == 4 ? (const void *)narrow[k] : (const void *)p->window[k];
    }
    for (int64_t k = 0; k < p->parameters; k++) {
        w[k] = (float)p->w[k];
    }
    bound_set(program, real == 4 ? (const void *)w : (const void *)p->w);
    const tx_run_input input = {.windows = windows, .count = count, .batch_size = NAIVE_BATCH};
    for (int repeat = 0; repeat < 2; repeat++) { /* the second run finds a used arena */
        CU_ASSERT(bound_run(program, workspace, &input, loss, real == 4 ? (void *)g : (void *)gradient, NULL));
    }
    for (int64_t k = 0; real == 4 && k < p->parameters; k++) {
        gradient[k] = g[k];
    }
    tx_workspace_destroy(workspace);
    bound_destroy(program);
}

static double mean_loss(const powers *p, int count, const double *w)
{
    double sum = 0;
    for (int k = 0; k < count; k++) {
        sum += naive_loss(p, k, w) / NAIVE_BATCH;
    }
    return sum;
}

/* Fourth-order differences of the naive loss. */
static double difference(const powers *p, int count, int64_t parameter)
{
    static const double at[] = {-2, -1, 1, 2}, share[] = {1, -8, 8, -1};
    const double h = 1e-3;
    double w[MOST_CHANNELS * MOST_CHANNELS], sum = 0;
    for (int k = 0; k < 4; k++) {
        memcpy(w, p->w, sizeof w);
        w[parameter] += at[k] * h;
        sum += share[k] * mean_loss(p, count, w);
    }
    return sum / (12 * h);
}

static void check(const powers *p, int isa, tx_precision precision, int count)
{
    /* some hundred roundings of sums of numbers around 1 */
    const double tolerance = precision == TX_FLOAT64 ? 1e-13 : 2e-5;
    double loss[BLOCK], gradient[MOST_CHANNELS * MOST_CHANNELS];
    run(p, isa, precision, count, loss, gradient);
    for (int k = 0; k < count; k++) {
        const double expected = naive_loss(p, k, p->w);
        CU_ASSERT(fabs(loss[k] - expected) <= tolerance * fabs(expected));
    }
    for (int64_t k = 0; k < p->parameters; k++) {
        const double expected = difference(p, count, k);
        const bool right = fabs(gradient[k] - expected) <= (1e-8 + 10 * tolerance) * (1 + fabs(expected));
        if (!right) {
            printf("\n%s: gradient %ld is %.10g, by differences %.10g\n", tx_isa_name(isa), (long)k, gradient[k], expected);
        }
        CU_ASSERT(right);
    }
}

static void powers_agree(void)
{
    static const tx_shape shapes[] = {{1, 1, {30}}, {3, 0, {0}}, {2, 1, {7}}, {3, 2, {4, 5}}, {2, 3, {2, 3, 5}}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        powers p;
        powers_make(shapes[s], &p);
        for (int isa = 0; isa < tx_isa_count(); isa++) {
            for (int precision = TX_FLOAT32; precision <= TX_FLOAT64; precision++) {
                check(&p, isa, (tx_precision)precision, BLOCK);
                check(&p, isa, (tx_precision)precision, BLOCK - 2); /* with padding lanes */
            }
        }
        tx_graph_destroy(p.graph);
    }
}

int main(void)
{
    return suite_run("powers", (suite_test[]){{"powers and batch sizes on every ISA and precision", powers_agree}, {0}});
}
