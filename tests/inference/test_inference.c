/* Networks inside a simulation: the bits of `rollout` for one state and for many, in one thread and in eight; states that lie
 * anyhow; the adjoint against differences. */
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/real.h"
#include "problem/network_file.h"
#include "suite.h"
#include "trainax/trainax.h"

enum { STATES = 7, STEPS = 3, THREADS = 8, MOST = 1024 };

typedef struct example {
    tx_precision precision;
    tx_shape state;
    const char *network;
} example;

static const example examples[] = {
    {TX_FLOAT32, {1, 1, {160}}, "{type: conv_net, hidden_channels: 34, depth: 10, key: 0}"},
    {TX_FLOAT32, {3, 0, {0}}, "{type: mlp, num_spatial_dims: 0, width_size: 60, depth: 6, activation: tanh, key: 1}"},
    {TX_FLOAT64, {2, 1, {24}}, "{type: modern_u_net, hidden_channels: 5, num_levels: 2, activation: gelu, key: 2}"},
    {TX_FLOAT32, {2, 2, {12, 8}}, "{type: classic_u_net, hidden_channels: 5, num_levels: 2, boundary_mode: neumann, key: 3}"},
    {TX_FLOAT64, {1, 2, {8, 9}}, "{type: classic_fno, hidden_channels: 3, num_modes: [3, 4], num_blocks: 2, key: 4}"},
    {TX_FLOAT32, {1, 1, {320}}, "{type: classic_fno, hidden_channels: 2, num_modes: 120, num_blocks: 1, key: 4}"}, /* by FFTW */
    {TX_FLOAT64, {2, 3, {4, 5, 6}}, "{type: dilated_res_net, hidden_channels: 4, dilation_rates: [1, 2], key: 5}"},
    {TX_FLOAT32, {2, 1, {20}}, "{type: mlp, num_points: 20, width_size: 11, depth: 2, key: 6}"},
};
enum { NUM_EXAMPLES = sizeof examples / sizeof *examples };

static tx_parallel *parallel;
static tx_registry *registry;
static char network_path[64], initial_path[64], rolled_path[64];

static size_t numbers_of(const example *e)
{
    return (size_t)(e->state.channels * tx_shape_points(&e->state));
}

/* ---- files ---- */

static void check(tx_status status, const tx_error *error)
{
    CU_ASSERT_EQUAL(status, TX_OK);
    if (status != TX_OK) {
        printf("\n%s\n", error->message);
    }
}

static void put_network(const example *e)
{
    const tx_random random = {.precision = e->precision};
    tx_error error = {0};
    tx_config *section;
    tx_network *network;
    tx_file *file;
    void *parameters;
    check(tx_section_read(registry, TX_KIND_NETWORK, "net.yaml", e->network, &error, &section), &error);
    check(tx_network_create(tx_config_root(section), e->state, &error, &network), &error);
    check(tx_allocate_array((size_t)network->num_parameters, 8, &error, &parameters), &error);
    check(tx_network_initialise(network, random, parameters, &error), &error);
    check(tx_file_create(&error, &file), &error);
    check(tx_network_file_put(file, network, e->precision, parameters, &error), &error);
    check(tx_file_save(file, network_path, NULL, &error), &error);
    tx_file_close(file);
    tx_free(parameters);
    tx_network_destroy(network);
    tx_config_destroy(section);
}

static void fill(const example *e, int count, void *states)
{
    for (size_t k = 0; k < (size_t)count * numbers_of(e); k++) {
        const double value = sin(1.7 * (double)k) + 0.3 * cos(0.11 * (double)(k * k));
        if (e->precision == TX_FLOAT32) {
            ((float *)states)[k] = (float)value;
        } else {
            ((double *)states)[k] = value;
        }
    }
}

/* What `rollout` makes of the first `count` states: (count, STEPS + 1, C, *N). */
static void roll_out(const example *e, int count, void *rolled)
{
    const int rank = 3 + e->state.axes;
    int64_t size[TX_FILE_MAX_RANK] = {count, 1, e->state.channels};
    char states[STATES * MOST * sizeof(double)];
    tx_error error = {0};
    tx_file *file;
    memcpy(size + 3, e->state.n, (size_t)e->state.axes * sizeof *size);
    fill(e, count, states);
    check(tx_file_create(&error, &file), &error);
    check(tx_file_write_reals(file, "/trajectories", rank, size, e->precision, states, &error), &error);
    check(tx_file_save(file, initial_path, NULL, &error), &error);
    tx_file_close(file);
    const tx_output output = {.path = rolled_path, .overwrite = true};
    check(tx_rollout(parallel, registry, network_path, initial_path, STEPS, &output, &error), &error);
    size[1] = STEPS + 1;
    check(tx_file_open(rolled_path, &error, &file), &error);
    check(tx_file_read_reals(file, "/trajectories", rank, size, e->precision, rolled, &error), &error);
    tx_file_close(file);
}

/* ---- bits ---- */

/* Steps `count` states that lie in C order, and compares with what was rolled out. */
static bool steps_alike(const example *e, tx_inference *inference, int count, const char *rolled)
{
    const size_t bytes = numbers_of(e) * tx_real_bytes(e->precision);
    char states[STATES * MOST * sizeof(double)];
    bool same = true;
    fill(e, count, states);
    const tx_field field = tx_inference_field(inference, states, e->precision);
    for (int step = 1; step <= STEPS; step++) {
        same = same && (count == 1 ? tx_inference_step(inference, states, states, NULL)
                                   : tx_inference_step_many(inference, count, &field, &field, NULL)) == TX_OK;
        for (int k = 0; k < count; k++) {
            same = same && !memcmp(states + (size_t)k * bytes, rolled + (size_t)(k * (STEPS + 1) + step) * bytes, bytes);
        }
    }
    return same;
}

static void as_rollout(void)
{
    static char one[(STEPS + 1) * MOST * sizeof(double)], many[STATES * (STEPS + 1) * MOST * sizeof(double)];
    for (const example *e = examples; e < examples + NUM_EXAMPLES; e++) {
        const tx_inference_options options = {.states = STATES};
        tx_error error = {0};
        tx_inference *inference;
        put_network(e);
        roll_out(e, 1, one);
        roll_out(e, STATES, many);
        check(tx_inference_open(registry, network_path, (tx_shape){0}, &options, &error, &inference), &error);
        const tx_shape state = tx_inference_state(inference);
        CU_ASSERT(tx_shape_equal(&state, &e->state) && tx_inference_precision(inference) == e->precision);
        CU_ASSERT(steps_alike(e, inference, 1, one));
        CU_ASSERT(steps_alike(e, inference, STATES, many));
        const size_t before = tx_memory_live();
        tx_memory_fail_after(0); /* whoever allocates now, fails */
        CU_ASSERT(steps_alike(e, inference, STATES, many));
        tx_memory_fail_after(-1);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
        tx_inference_destroy(inference);
    }
}

typedef struct helper {
    tx_inference *inference;
    const char *rolled;
    bool same;
} helper;

static void *step_alone(void *user)
{
    helper *h = user;
    h->same = true;
    for (int k = 0; k < 20; k++) {
        h->same = steps_alike(&examples[0], h->inference, STATES, h->rolled) && h->same;
    }
    return NULL;
}

static void in_threads(void)
{
    static char many[STATES * (STEPS + 1) * MOST * sizeof(double)];
    const tx_inference_options options = {.states = STATES};
    helper helpers[THREADS];
    pthread_t threads[THREADS];
    tx_error error = {0};
    put_network(&examples[0]);
    roll_out(&examples[0], STATES, many);
    for (int k = 0; k < THREADS; k++) {
        helpers[k].rolled = many;
        check(tx_inference_open(registry, network_path, examples[0].state, &options, &error, &helpers[k].inference), &error);
    }
    for (int k = 0; k < THREADS; k++) {
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[k], NULL, step_alone, &helpers[k]), 0);
    }
    for (int k = 0; k < THREADS; k++) {
        pthread_join(threads[k], NULL);
        CU_ASSERT(helpers[k].same);
        tx_inference_destroy(helpers[k].inference);
    }
}

/* ---- states that lie anyhow ---- */

/* Where number k of a state lies, from its first. */
static int64_t place(const tx_field *field, const tx_shape *shape, int64_t k)
{
    int64_t at = 0;
    for (int d = shape->axes - 1; d >= 0; k /= shape->n[d--]) {
        at += k % shape->n[d] * field->stride[2 + d];
    }
    return at + k * field->stride[1];
}

/* Number k of state s. */
static double get(const tx_field *field, const tx_shape *shape, int64_t s, int64_t k)
{
    return tx_real_get(field->precision, field->data, s * field->stride[0] + place(field, shape, k));
}
static void put(const tx_field *field, const tx_shape *shape, int64_t s, int64_t k, double value)
{
    tx_real_put(field->precision, field->data, s * field->stride[0] + place(field, shape, k), value);
}

/* The first axis fastest, as in Fortran, channels last, everything backwards and with gaps, in the other precision. */
static tx_field odd_field(const example *e, double *room)
{
    tx_field field = {.precision = e->precision == TX_FLOAT32 ? TX_FLOAT64 : TX_FLOAT32};
    int64_t stride = 3;
    for (int d = 0; d < e->state.axes; stride *= e->state.n[d++]) {
        field.stride[2 + d] = -stride;
    }
    field.stride[1] = -stride;
    field.stride[0] = stride * e->state.channels;
    field.data = (char *)room + (size_t)field.stride[0] * tx_real_bytes(field.precision); /* state 0's numbers lie before it */
    return field;
}

static void compare_anyhow(const example *e, tx_inference *inference)
{
    static double plain_room[STATES * MOST], room[2][3 * (STATES + 1) * MOST];
    const tx_field plain = tx_inference_field(inference, plain_room, e->precision), x = odd_field(e, room[0]),
                   y = odd_field(e, room[1]);
    const int64_t numbers = (int64_t)numbers_of(e);
    fill(e, STATES, plain_room);
    for (int64_t k = 0; k < STATES * numbers; k++) { /* what both precisions hold */
        const double value = (double)(float)get(&plain, &e->state, k / numbers, k % numbers);
        put(&plain, &e->state, k / numbers, k % numbers, value);
        put(&x, &e->state, k / numbers, k % numbers, value);
    }
    CU_ASSERT_EQUAL(tx_inference_step_many(inference, STATES, &plain, &plain, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_inference_step_many(inference, STATES, &x, &y, NULL), TX_OK);
    for (int64_t k = 0; k < STATES * numbers; k++) {
        const double value = get(&plain, &e->state, k / numbers, k % numbers);
        CU_ASSERT_EQUAL(get(&y, &e->state, k / numbers, k % numbers), tx_real_round(y.precision, value));
    }
}

static void anyhow(void)
{
    for (const example *e = examples; e < examples + NUM_EXAMPLES; e++) {
        tx_error error = {0};
        tx_inference *inference;
        put_network(e);
        check(tx_inference_open(registry, network_path, e->state, NULL, &error, &inference), &error);
        compare_anyhow(e, inference);
        tx_inference_destroy(inference);
    }
}

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
    CU_ASSERT_EQUAL(tx_inference_vjp(inference, 2, &from, &w, &to, NULL), TX_OK);
    for (int64_t k = 0; k < numbers; k++) {
        const double term = tx_real_get(e->precision, y[0], k) * cos((double)k);
        adjoint += term;
        size += fabs(term);
    }
    CU_ASSERT_DOUBLE_EQUAL(adjoint, differences, 1e-8 * size);
}

static void adjoints(void)
{
    for (const example *e = examples; e < examples + NUM_EXAMPLES; e++) {
        const tx_inference_options options = {.states = STATES, .vjp = true};
        tx_error error = {0};
        tx_inference *inference;
        example wide = *e;
        wide.precision = TX_FLOAT64;
        put_network(&wide);
        check(tx_inference_open(registry, network_path, e->state, &options, &error, &inference), &error);
        compare_adjoint(&wide, inference);
        tx_inference_destroy(inference);
    }
}

/* ---- one alone as among many ---- */

/* Networks whose sums run over channels and taps alone: whatever lies side by side in vectors (points, samples, or a dense layer's
 * outputs), a state's next one has the same bits, and so has a cotangent. */
static void compare_blocks(const example *e, tx_inference *one, tx_inference *many)
{
    static char x[STATES * MOST * sizeof(double)], y[2][STATES * MOST * sizeof(double)];
    const size_t bytes = numbers_of(e) * tx_real_bytes(e->precision);
    const tx_field from = tx_inference_field(one, x, e->precision), first = tx_inference_field(one, y[0], e->precision),
                   second = tx_inference_field(one, y[1], e->precision);
    fill(e, STATES, x);
    CU_ASSERT_EQUAL(tx_inference_step_many(one, STATES, &from, &first, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_inference_step_many(many, STATES, &from, &second, NULL), TX_OK);
    CU_ASSERT_EQUAL(memcmp(y[0], y[1], STATES * bytes), 0);
    CU_ASSERT_EQUAL(tx_inference_vjp(one, STATES, &from, &from, &first, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_inference_vjp(many, STATES, &from, &from, &second, NULL), TX_OK);
    CU_ASSERT_EQUAL(memcmp(y[0], y[1], STATES * bytes), 0);
}

static void alone(void)
{
    static const example examples_alone[] = {
        {TX_FLOAT32, {1, 1, {160}}, "{type: conv_net, hidden_channels: 34, depth: 3, activation: gelu, key: 0}"},
        {TX_FLOAT64, {2, 2, {7, 9}}, "{type: conv_net, hidden_channels: 13, depth: 2, key: 0}"},
        {TX_FLOAT32, {3, 0, {0}}, "{type: mlp, num_spatial_dims: 0, width_size: 60, depth: 6, activation: tanh, key: 1}"},
        {TX_FLOAT64, {5, 0, {0}}, "{type: mlp, num_spatial_dims: 0, width_size: 150, depth: 2, activation: relu, key: 1}"},
        {TX_FLOAT32, {2, 1, {20}}, "{type: mlp, num_points: 20, width_size: 129, depth: 2, use_bias: false, key: 6}"},
    };
    for (size_t k = 0; k < sizeof examples_alone / sizeof *examples_alone; k++) {
        const tx_inference_options options[] = {{.states = 1, .vjp = true}, {.states = TX_LARGEST_BLOCK, .vjp = true}};
        tx_inference *inference[2];
        tx_error error = {0};
        put_network(&examples_alone[k]);
        for (int many = 0; many < 2; many++) {
            check(tx_inference_open(registry, network_path, (tx_shape){0}, &options[many], &error, &inference[many]), &error);
        }
        compare_blocks(&examples_alone[k], inference[0], inference[1]);
        tx_inference_destroy(inference[0]);
        tx_inference_destroy(inference[1]);
    }
}

/* ---- what cannot be ---- */

static void refused(void)
{
    tx_error error = {0};
    tx_inference *inference = NULL;
    float x[160] = {0};
    put_network(&examples[0]);
    CU_ASSERT_EQUAL(tx_inference_open(registry, network_path, (tx_shape){2, 1, {160}}, NULL, &error, &inference), TX_INVALID);
    CU_ASSERT(strstr(error.message, "layers.0.weight has another shape than the network's") != NULL);
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_inference_open(registry, "/nowhere.h5", (tx_shape){0}, NULL, &error, &inference), TX_BAD_DATA);
    error = (tx_error){0};
    const tx_exported other = {.version = TX_EXPORTED_VERSION + 1, .num_nodes = 1};
    CU_ASSERT_EQUAL(tx_inference_create(&other, NULL, &error, &inference), TX_INVALID);
    CU_ASSERT(strstr(error.message, "export it again") != NULL);
    error = (tx_error){0};
    const tx_exported_node unknown = {.operation = "none"};
    const tx_exported damaged = {.version = TX_EXPORTED_VERSION, .num_nodes = 1, .nodes = &unknown};
    CU_ASSERT_EQUAL(tx_inference_create(&damaged, NULL, &error, &inference), TX_INVALID);
    CU_ASSERT(strstr(error.message, "node 0 of an exported network is damaged") != NULL);
    CU_ASSERT_PTR_NULL(inference);
    error = (tx_error){0};
    check(tx_inference_open(registry, network_path, (tx_shape){0}, NULL, &error, &inference), &error);
    const tx_field field = tx_inference_field(inference, x, TX_FLOAT32);
    CU_ASSERT_EQUAL(tx_inference_vjp(inference, 1, &field, &field, &field, &error), TX_INVALID);
    tx_inference_destroy(inference);
}

/* Every allocation of opening fails once: an error, and nothing stays. */
static void no_memory(void)
{
    const tx_inference_options options = {.states = STATES, .vjp = true};
    tx_inference *inference = NULL;
    tx_status status = TX_FAILURE;
    put_network(&examples[1]);
    const size_t before = tx_memory_live();
    for (long n = 0; status != TX_OK && n < 100000; n++) {
        tx_error error = {0};
        tx_memory_fail_after(n);
        status = tx_inference_open(registry, network_path, (tx_shape){0}, &options, &error, &inference);
        tx_memory_fail_after(-1);
        CU_ASSERT(status == TX_OK || (status == TX_FAILURE && !inference));
        CU_ASSERT(status == TX_OK || tx_memory_live() == before);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    tx_inference_destroy(inference);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
}

int main(void)
{
    if (tx_registry_create_builtin(NULL, &registry) != TX_OK || tx_parallel_create(NULL, NULL, &parallel) != TX_OK) {
        return 1;
    }
    snprintf(network_path, sizeof network_path, "/tmp/trainax-inference-%d.net.h5", (int)getpid());
    snprintf(initial_path, sizeof initial_path, "/tmp/trainax-inference-%d.0.h5", (int)getpid());
    snprintf(rolled_path, sizeof rolled_path, "/tmp/trainax-inference-%d.1.h5", (int)getpid());
    const int code = suite_run("inference", (suite_test[]){{"as rollout", as_rollout},
                                                           {"in eight threads", in_threads},
                                                           {"states that lie anyhow", anyhow},
                                                           {"adjoints", adjoints},
                                                           {"one alone as among many", alone},
                                                           {"refused", refused},
                                                           {"no memory", no_memory},
                                                           {0}});
    unlink(network_path);
    unlink(initial_path);
    unlink(rolled_path);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
