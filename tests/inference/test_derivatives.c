/* Cotangents of a step's states and parameters against differences; states before the data's `normalize`. */
#include "inference/examples.h"

/* ---- the adjoint ---- */

/* <w, J v> by central differences against <J' w, v>, in double: their error is about h^2 and 1e-16 / h. */
static void compare_adjoint(const example *e, tx_inference *inference)
{
    static char x[2 * MOST * sizeof(double)], y[2][2 * MOST * sizeof(double)], moved[2 * MOST * sizeof(double)];
    const double h = 1e-5;
    const int64_t numbers = 2 * (int64_t)numbers_of(e);
    const tx_field from = tx_inference_field(inference, x, e->precision), to = tx_inference_field(inference, y[0], e->precision);
    double differences = 0, adjoint = 0, size = 0;
    fill(e, 2, x);
    for (int sign = 0; sign < 2; sign++) {
        for (int64_t k = 0; k < numbers; k++) {
            tx_real_put(e->precision, moved, k, tx_real_get(e->precision, x, k) + (sign ? -h : h) * cos((double)k));
        }
        const tx_field at = tx_inference_field(inference, moved, e->precision),
                       result = tx_inference_field(inference, y[sign], e->precision);
        CU_ASSERT_EQUAL(tx_inference_step_many(inference, 2, &at, &result, NULL), TX_OK);
    }
    for (int64_t k = 0; k < numbers; k++) {
        const double w = sin(0.7 * (double)k);
        differences += w * (tx_real_get(e->precision, y[0], k) - tx_real_get(e->precision, y[1], k)) / (2 * h);
        tx_real_put(e->precision, moved, k, w);
    }
    const tx_field w = tx_inference_field(inference, moved, e->precision);
    CU_ASSERT_EQUAL(tx_inference_vjp(inference, 2, &from, &w, &to, NULL, NULL), TX_OK);
    for (int64_t k = 0; k < numbers; k++) {
        const double term = tx_real_get(e->precision, y[0], k) * cos((double)k);
        adjoint += term;
        size += fabs(term);
    }
    CU_ASSERT_DOUBLE_EQUAL(adjoint, differences, 1e-8 * size);
}

enum { MOST_PARAMETERS = 1 << 16 };
static char states[STATES * MOST * sizeof(double)], results[2][STATES * MOST * sizeof(double)];
static double parameters[3][MOST_PARAMETERS], gradient[MOST_PARAMETERS];
static float narrow[MOST_PARAMETERS];

static void set_parameters(tx_inference *inference, const double *to)
{
    const tx_field field = {.data = (void *)to, .precision = TX_FLOAT64};
    CU_ASSERT_EQUAL(tx_inference_set_parameters(inference, &field, NULL), TX_OK);
}

/* <w, J v> of the parameters by central differences, v = cos k, w = sin 0.7 k, which results[0] are then. */
static double differ_by_parameters(const example *e, tx_inference *inference)
{
    const double h = 1e-6;
    const int64_t count = tx_inference_num_parameters(inference);
    const tx_field from = tx_inference_field(inference, states, e->precision),
                   own = {.data = parameters[0], .precision = TX_FLOAT64};
    double sum = 0;
    CU_ASSERT_FATAL(count <= MOST_PARAMETERS);
    CU_ASSERT_EQUAL(tx_inference_get_parameters(inference, &own, NULL), TX_OK);
    for (int sign = 0; sign < 2; sign++) {
        const tx_field to = tx_inference_field(inference, results[sign], e->precision);
        for (int64_t k = 0; k < count; k++) {
            parameters[1 + sign][k] = parameters[0][k] + (sign ? -h : h) * cos((double)k);
        }
        set_parameters(inference, parameters[1 + sign]);
        CU_ASSERT_EQUAL(tx_inference_step_many(inference, STATES, &from, &to, NULL), TX_OK);
    }
    set_parameters(inference, parameters[0]);
    for (int64_t k = 0; k < STATES * (int64_t)numbers_of(e); k++) {
        const double w = sin(0.7 * (double)k);
        sum += w * (tx_real_get(e->precision, results[0], k) - tx_real_get(e->precision, results[1], k)) / (2 * h);
        tx_real_put(e->precision, results[0], k, w);
    }
    return sum;
}

/* That against <J' w, v>. In single, number by number backwards, the gradient has the same numbers, rounded once; the cotangent of
 * the states is as without it, and may stand where that of the results stood. */
static void compare_gradient(const example *e, tx_inference *inference)
{
    const int64_t count = tx_inference_num_parameters(inference);
    const tx_field from = tx_inference_field(inference, states, e->precision),
                   w = tx_inference_field(inference, results[0], e->precision),
                   to = tx_inference_field(inference, results[1], e->precision), wide = {.data = gradient, .precision = TX_FLOAT64},
                   single = {.data = narrow + count - 1, .precision = TX_FLOAT32, .stride = {-1}};
    double sum = 0, size = 0;
    fill(e, STATES, states);
    const double differences = differ_by_parameters(e, inference);
    CU_ASSERT_EQUAL(tx_inference_vjp(inference, STATES, &from, &w, NULL, &wide, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_inference_vjp(inference, STATES, &from, &w, &to, NULL, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_inference_vjp(inference, STATES, &from, &w, &w, &single, NULL), TX_OK);
    CU_ASSERT_EQUAL(memcmp(results[0], results[1], STATES * numbers_of(e) * tx_real_bytes(e->precision)), 0);
    for (int64_t k = 0; k < count; k++) {
        sum += gradient[k] * cos((double)k);
        size += fabs(gradient[k] * cos((double)k));
        CU_ASSERT_EQUAL(narrow[count - 1 - k], (float)gradient[k]);
    }
    /* Some of ten thousands of relus have their kink between the two. */
    CU_ASSERT_DOUBLE_EQUAL(sum, differences, (strstr(e->network, "type: conv_net") ? 1e-5 : 1e-8) * size);
    CU_ASSERT_EQUAL(tx_inference_vjp(inference, 0, &from, &w, NULL, &wide, NULL), TX_OK);
    CU_ASSERT(gradient[0] == 0 && gradient[count - 1] == 0);
}

static void adjoints(void)
{
    for (const example *e = examples; e < examples + NUM_EXAMPLES; e++) {
        const tx_inference_options options[] = {{.states = STATES, .vjp = true}, {.states = 3, .vjp = true, .gradient = true}};
        tx_error error = {0};
        example wide = *e;
        wide.precision = TX_FLOAT64;
        put_network(&wide);
        for (int k = 0; k < 2; k++) {
            tx_inference *inference;
            check(tx_inference_open(registry, network_path, e->state, &options[k], &error, &inference), &error);
            compare_adjoint(&wide, inference);
            if (k) {
                compare_gradient(&wide, inference);
            }
            tx_inference_destroy(inference);
        }
    }
}

/* ---- states before the data's `normalize` ---- */

/* Number k of a state to the network's units, or back: rounded after each operation, as data are. */
static double converted(const example *e, int64_t k, bool cotangent, bool back, double x)
{
    const int64_t channel = k / tx_shape_points(&e->state) % e->state.channels;
    const double std = normalization[e->state.channels + channel], mean = cotangent ? 0 : normalization[channel];
    return back == cotangent ? tx_real_round(e->precision, tx_real_round(e->precision, x - mean) / std)
                             : tx_real_round(e->precision, tx_real_round(e->precision, x * std) + mean);
}

static void convert(const example *e, int count, bool cotangent, bool back, void *states)
{
    for (int64_t k = 0; k < count * (int64_t)numbers_of(e); k++) {
        tx_real_put(e->precision, states, k, converted(e, k, cotangent, back, tx_real_get(e->precision, states, k)));
    }
}

/* As rollout has the bits of as many. */
static void step(tx_inference *inference, int count, const tx_field *x, const tx_field *y)
{
    CU_ASSERT_EQUAL(count > 1 ? tx_inference_step_many(inference, count, x, y, NULL)
                              : tx_inference_step(inference, x->data, y->data, NULL),
                    TX_OK);
}

static void compare_physical(const example *e, tx_inference *plain, tx_inference *physical, int count)
{
    static char x[STATES * MOST * sizeof(double)], y[2][STATES * MOST * sizeof(double)];
    const size_t bytes = (size_t)count * numbers_of(e) * tx_real_bytes(e->precision);
    const tx_field from = tx_inference_field(plain, x, e->precision),
                   to[] = {tx_inference_field(plain, y[0], e->precision), tx_inference_field(plain, y[1], e->precision)};
    fill(e, count, x);
    fill(e, count, y[0]);
    fill(e, count, y[1]);
    CU_ASSERT_EQUAL(tx_inference_vjp(physical, count, &from, &to[0], &to[0], NULL, NULL), TX_OK);
    convert(e, count, false, false, x);
    convert(e, count, true, false, y[1]);
    CU_ASSERT_EQUAL(tx_inference_vjp(plain, count, &from, &to[1], &to[1], NULL, NULL), TX_OK);
    convert(e, count, true, true, y[1]);
    CU_ASSERT_EQUAL(memcmp(y[0], y[1], bytes), 0);
    step(plain, count, &from, &to[1]);
    convert(e, count, false, true, y[1]);
    fill(e, count, x);
    step(physical, count, &from, &to[0]);
    CU_ASSERT_EQUAL(memcmp(y[0], y[1], bytes), 0);
}

static void physical(void)
{
    static const double numbers[] = {0.3, -2, 1.7, 0.25}; /* of two channels */
    for (const example *e = examples; e < examples + NUM_EXAMPLES; e++) {
        const tx_inference_options options[] = {{.states = STATES, .vjp = true}, {.states = STATES, .vjp = true, .physical = true}};
        tx_inference *inference[2];
        tx_error error = {0};
        if (e->state.channels != 2) {
            continue;
        }
        put_network(e);
        CU_ASSERT_EQUAL(tx_inference_open(registry, network_path, e->state, &options[1], &error, &inference[1]), TX_INVALID);
        CU_ASSERT(strstr(error.message, "had no `normalize`") != NULL);
        normalization = numbers;
        put_network(e);
        for (int k = 0; k < 2; k++) {
            check(tx_inference_open(registry, network_path, e->state, &options[k], NULL, &inference[k]), &error);
            CU_ASSERT_EQUAL(memcmp(tx_inference_normalization(inference[k]), numbers, sizeof numbers), 0);
        }
        compare_physical(e, inference[0], inference[1], 1);
        compare_physical(e, inference[0], inference[1], STATES);
        normalization = NULL;
        tx_inference_destroy(inference[0]);
        tx_inference_destroy(inference[1]);
    }
}

int main(void)
{
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK) {
        return 1;
    }
    snprintf(network_path, sizeof network_path, "/tmp/trainax-derivatives-%d.net.h5", (int)getpid());
    const int code = suite_run("derivatives", (suite_test[]){{"adjoints", adjoints}, {"physical states", physical}, {0}});
    unlink(network_path);
    tx_registry_destroy(registry);
    return code;
}
