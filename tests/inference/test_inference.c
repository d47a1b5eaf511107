/* Networks inside a simulation: the bits of `rollout` for one state and for many, in one thread and in eight; states that lie
 * anyhow; what is refused. */
#include <pthread.h>
#include <stdlib.h>

#include "inference/examples.h"

enum { STEPS = 3, THREADS = 8 };

static tx_parallel *parallel;
static char initial_path[64], rolled_path[64];

/* ---- files ---- */

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
    check(tx_rollout(parallel, registry, network_path, initial_path, STEPS, NULL, &output, &error), &error);
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
    CU_ASSERT_EQUAL(tx_inference_vjp(one, STATES, &from, &from, &first, NULL, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_inference_vjp(many, STATES, &from, &from, &second, NULL, NULL), TX_OK);
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

static void refused_states(tx_inference *inference)
{
    float x[160] = {0};
    const tx_field field = tx_inference_field(inference, x, TX_FLOAT32), nowhere = tx_inference_field(inference, NULL, TX_FLOAT32);
    tx_field strange = field;
    strange.precision = (tx_precision)7;
    const tx_field *const fields[] = {&strange, &nowhere, NULL};
    for (int k = 0; k < 3; k++) {
        tx_error error = {0};
        CU_ASSERT_EQUAL(tx_inference_step_many(inference, 1, fields[k], &field, &error), TX_INVALID);
        CU_ASSERT(strstr(error.message, "a field was not given, has no data, or a precision that is none") != NULL);
        CU_ASSERT_EQUAL(tx_inference_step_many(inference, 1, &field, fields[k], NULL), TX_INVALID);
        CU_ASSERT_EQUAL(tx_inference_set_parameters(inference, fields[k], NULL), TX_INVALID);
        CU_ASSERT_EQUAL(tx_inference_get_parameters(inference, fields[k], NULL), TX_INVALID);
    }
    tx_error error = {0};
    CU_ASSERT_EQUAL(tx_inference_step_many(inference, -1, &field, &field, &error), TX_INVALID);
    CU_ASSERT(strstr(error.message, "-1 states") != NULL);
    CU_ASSERT_EQUAL(tx_inference_step_many(NULL, 1, &field, &field, NULL), TX_INVALID);
    CU_ASSERT_EQUAL(tx_inference_step_many(inference, 0, &nowhere, &nowhere, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_inference_step(inference, NULL, x, NULL), TX_INVALID);
    CU_ASSERT_EQUAL(tx_inference_step(NULL, x, x, NULL), TX_INVALID);
    CU_ASSERT_EQUAL(tx_inference_vjp(inference, 1, &field, &field, &field, NULL, NULL), TX_INVALID);
}

static void refused(void)
{
    tx_error error = {0};
    tx_inference *inference = NULL;
    put_network(&examples[0]);
    CU_ASSERT_EQUAL(tx_inference_open(registry, network_path, (tx_shape){2, 1, {160}}, NULL, &error, &inference), TX_INVALID);
    CU_ASSERT(strstr(error.message, "layers.0.weight has another shape than the network's") != NULL);
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_inference_open(registry, "/nowhere.h5", (tx_shape){0}, NULL, &error, &inference), TX_BAD_DATA);
    error = (tx_error){0};
    CU_ASSERT_EQUAL(tx_inference_open(registry, NULL, (tx_shape){0}, NULL, &error, &inference), TX_INVALID);
    static const tx_shape bad[] = {{-1, 1, {160}}, {1, 4, {160}}, {1, -1, {160}}, {1, 1, {0}}, {1, 2, {1 << 30, 1 << 30}}};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        error = (tx_error){0};
        CU_ASSERT_EQUAL(tx_inference_open(registry, network_path, bad[k], NULL, &error, &inference), TX_INVALID);
        CU_ASSERT(strstr(error.message, "the shape of a state needs channels") != NULL);
    }
    CU_ASSERT_PTR_NULL(inference);
    error = (tx_error){0};
    check(tx_inference_open(registry, network_path, (tx_shape){0}, NULL, &error, &inference), &error);
    refused_states(inference);
    tx_inference_destroy(inference);
}

static void refused_exported(void)
{
    static const tx_exported_node unknown = {.operation = "none"};
    static const float leaf[1];
    const tx_exported good = {.version = TX_EXPORTED_VERSION,
                              .state = {1, 0, {0}},
                              .num_nodes = 1,
                              .nodes = &unknown,
                              .num_parameters = 1,
                              .parameters = leaf};
    tx_exported bad[] = {good, good, good, good, good, good, good, good};
    static const char *const why[] = {"exported in version 1 of that form",
                                      "is damaged",
                                      "is damaged",
                                      "is damaged",
                                      "is damaged",
                                      "is damaged",
                                      "is damaged",
                                      "node 0 of an exported network is damaged"};
    tx_inference *inference = NULL;
    bad[0].version = 1;
    bad[1].nodes = NULL;
    bad[2].output = 1;
    bad[3].state.axes = 4;
    bad[4].parameters = NULL;
    bad[5].precision = (tx_precision)7;
    bad[6].num_constants = 1;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        tx_error error = {0};
        CU_ASSERT_EQUAL(tx_inference_create(&bad[k], NULL, &error, &inference), TX_INVALID);
        CU_ASSERT(strstr(error.message, why[k]) != NULL);
    }
    const tx_inference_options few = {.states = -4};
    CU_ASSERT_EQUAL(tx_inference_create(&good, &few, NULL, &inference), TX_INVALID);
    CU_ASSERT_EQUAL(tx_inference_create(NULL, NULL, NULL, &inference), TX_INVALID);
    CU_ASSERT_EQUAL(tx_inference_create(&good, NULL, NULL, NULL), TX_INVALID);
    CU_ASSERT_PTR_NULL(inference);
}

/* An instruction set that there is not. */
static void refused_isa(void)
{
    tx_error error = {0};
    tx_inference *inference = NULL;
    const char *before = getenv("TRAINAX_ISA");
    char kept[64] = "";
    snprintf(kept, sizeof kept, "%s", before ? before : "");
    setenv("TRAINAX_ISA", "bogus", 1);
    put_network(&examples[1]);
    CU_ASSERT_EQUAL(tx_inference_open(registry, network_path, (tx_shape){0}, NULL, &error, &inference), TX_INVALID);
    CU_ASSERT(strstr(error.message, "TRAINAX_ISA is 'bogus'") != NULL);
    if (before) {
        setenv("TRAINAX_ISA", kept, 1);
    } else {
        unsetenv("TRAINAX_ISA");
    }
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

                                                           {"one alone as among many", alone},
                                                           {"refused", refused},
                                                           {"refused exported", refused_exported},
                                                           {"refused isa", refused_isa},
                                                           {"no memory", no_memory},
                                                           {0}});
    unlink(network_path);
    unlink(initial_path);
    unlink(rolled_path);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
