/* What all optimizers have in common: refused steps, state that says all, clipping by a norm that every rank finds alike. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "optimizer/registry.h"
#include "optimizer/stage.h"

enum { N = 37, LEAVES = 4, STEPS = 12 };
static const int64_t leaf_sizes[LEAVES] = {1, 17, 8, 11};

/* The same with a matrix among them. */
static const tx_leaf leaves_of_all[LEAVES] = {{.name = "a", .rank = 1, .shape = {1}, .size = 1},
                                              {.name = "b", .rank = 1, .shape = {17}, .offset = 1, .size = 17},
                                              {.name = "c", .rank = 2, .shape = {2, 4}, .offset = 18, .size = 8},
                                              {.name = "d", .rank = 1, .shape = {11}, .offset = 26, .size = 11}};
#define FACTORED "{type: adafactor, learning_rate: 0.01, min_dim_size_to_factor: 2, momentum: 0.9}"

enum { TEXT = 400 };

static void make_text(const tx_component *component, const char *more, char *text, size_t size)
{
    const char *options = strcmp(component->name, "chain")
                              ? "learning_rate: 0.01"
                              : "transforms: [scale_by_adam, {type: trace, decay: 0.5}, {type: ema, decay: 0.5}, "
                                "{type: chain, transforms: [scale_by_adam, {type: scale, step_size: -0.01}]}]";
    snprintf(text, size, "{type: %s, %s%s}", component->name, options, more);
}

/* A chain of the transform, what it requires being 0.5, and a step downhill. */
static void make_chain(const tx_component *transform, char *text, size_t size)
{
    int used = snprintf(text, size, "{type: chain, transforms: [{type: %s", transform->name);
    for (const tx_option *option = transform->options; option && option->name; option++) {
        used += option->initial ? 0 : snprintf(text + used, size - (size_t)used, ", %s: 0.5", option->name);
    }
    snprintf(text + used, size - (size_t)used, "}, {type: scale, step_size: -0.01}]}");
}

static void fill(double *values, int seed)
{
    for (int i = 0; i < N; i++) {
        values[i] = sin(1.7 * i + 0.3 * seed) * (1 + i % 5);
    }
}

/* STEPS steps; after `change` of them in a new optimizer that got the arrays of the old one, as a resumed run does. */
static void run(const tx_registry *registry, const char *text, int change, double *parameters)
{
    made m = make_shaped(registry, TX_FLOAT64, LEAVES, leaves_of_all, text);
    double gradient[N], next[N];
    fill(parameters, 0);
    for (int step = 0; step < STEPS; step++) {
        if (step == change) {
            made fresh = make_shaped(registry, TX_FLOAT64, LEAVES, leaves_of_all, text);
            for (int k = 0; k < tx_optimizer_num_arrays(m.optimizer); k++) {
                const tx_state_array *array = tx_optimizer_array(m.optimizer, k);
                memcpy(tx_optimizer_array(fresh.optimizer, k)->values, array->values, tx_state_array_bytes(array, TX_FLOAT64));
            }
            unmake(&m);
            m = fresh;
        }
        fill(gradient, step + 1);
        CU_ASSERT_TRUE(take_step(&m, gradient, parameters, next));
        memcpy(parameters, next, sizeof next);
    }
    unmake(&m);
}

static void check_resumed(const tx_registry *registry, const char *text)
{
    double straight[N], resumed[N], begun[N];
    fill(begun, 0);
    run(registry, text, STEPS, straight);
    run(registry, text, 5, resumed);
    CU_ASSERT(!memcmp(straight, resumed, sizeof straight));
    CU_ASSERT(memcmp(straight, begun, sizeof straight));
}

static void arrays_are_all(void)
{
    tx_registry *registry = make_registry();
    char text[TEXT];
    for (int k = 0; k < tx_registry_count(registry, TX_KIND_OPTIMIZER); k++) {
        make_text(tx_registry_at(registry, TX_KIND_OPTIMIZER, k), ", clip: 3, add_decayed_weights: 0.1", text, sizeof text);
        check_resumed(registry, text);
    }
    for (int k = 0; k < tx_registry_count(registry, TX_KIND_TRANSFORM); k++) {
        make_chain(tx_registry_at(registry, TX_KIND_TRANSFORM, k), text, sizeof text);
        check_resumed(registry, text);
    }
    check_resumed(registry, FACTORED);
    tx_registry_destroy(registry);
}

/* Names of arrays are names of datasets. */
static void arrays_have_names(void)
{
    tx_registry *registry = make_registry();
    for (int k = 0; k < tx_registry_count(registry, TX_KIND_OPTIMIZER); k++) {
        char text[TEXT];
        make_text(tx_registry_at(registry, TX_KIND_OPTIMIZER, k), "", text, sizeof text);
        made m = make(registry, TX_FLOAT32, LEAVES, leaf_sizes, text);
        CU_ASSERT_STRING_EQUAL(tx_optimizer_array(m.optimizer, 0)->name, "count");
        for (int i = 0; i < tx_optimizer_num_arrays(m.optimizer); i++) {
            const char *name = tx_optimizer_array(m.optimizer, i)->name;
            CU_ASSERT(name[0] && strlen(name) < TX_STATE_ARRAY_NAME - 1);
            for (int j = 0; j < i; j++) {
                CU_ASSERT(strcmp(name, tx_optimizer_array(m.optimizer, j)->name));
            }
        }
        unmake(&m);
    }
    tx_registry_destroy(registry);
}

static void arrays_of_a_chain(void)
{
    static const char *const names[] = {"count", "0.mu", "0.nu", "1.trace", "4.nu", "4.trace"};
    tx_registry *registry = make_registry();
    made m = make(registry, TX_FLOAT32, LEAVES, leaf_sizes,
                  "{type: chain, transforms: [scale_by_adam, {type: trace, decay: 0.5}, {type: chain, transforms: [scale_by_sign, "
                  "{type: rmsprop, learning_rate: 1, momentum: 0.9}]}]}");
    CU_ASSERT_EQUAL(tx_optimizer_num_arrays(m.optimizer), 6);
    for (int k = 0; k < 6; k++) {
        CU_ASSERT_STRING_EQUAL(tx_optimizer_array(m.optimizer, k)->name, names[k]);
    }
    unmake(&m);
    tx_registry_destroy(registry);
}

static void arrays_of_a_matrix(void)
{
    static const struct {
        const char *name;
        int64_t size;
    } expected[] = {{"count", 1}, {"v/a", 1}, {"v/b", 17}, {"v_row/c", 2}, {"v_col/c", 4}, {"v/d", 11}, {"ema", N}};
    tx_registry *registry = make_registry();
    made m = make_shaped(registry, TX_FLOAT64, LEAVES, leaves_of_all, FACTORED);
    size_t bytes = N * sizeof(double); /* between stages */
    CU_ASSERT_EQUAL_FATAL(tx_optimizer_num_arrays(m.optimizer), 7);
    for (int k = 0; k < 7; k++) {
        const tx_state_array *array = tx_optimizer_array(m.optimizer, k);
        CU_ASSERT_STRING_EQUAL(array->name, expected[k].name);
        CU_ASSERT(array->rank == (k > 0) && (k == 0 || array->shape[0] == expected[k].size));
        CU_ASSERT_EQUAL(tx_state_array_bytes(array, TX_FLOAT64), (size_t)expected[k].size * sizeof(double));
        bytes += 2 * (size_t)expected[k].size * sizeof(double);
    }
    CU_ASSERT_EQUAL(tx_optimizer_bytes(m.optimizer, 1), bytes);
    unmake(&m);
    tx_registry_destroy(registry);
}

/* A chain of a whole optimizer's transforms is that optimizer, to the bit: Optax defines them so. */
static void chains_of_optimizers(void)
{
#define RATE "{type: scale_by_learning_rate, learning_rate: {type: cosine_decay, init_value: 0.02, decay_steps: 20}}"
    static const char *const pairs[][2] = {
        {"{type: adamw, learning_rate: 0.01, weight_decay: 0.1, clip_by_global_norm: 3}",
         "[{type: clip_by_global_norm, max_norm: 3}, scale_by_adam, {type: add_decayed_weights, weight_decay: 0.1}, "
         "{type: scale_by_learning_rate, learning_rate: 0.01}]"},
        {"{type: sgd, learning_rate: {type: cosine_decay, init_value: 0.02, decay_steps: 20}, momentum: 0.5, clip: 2}",
         "[{type: clip, max_delta: 2}, {type: trace, decay: 0.5}, " RATE "]"},
        {"{type: lamb, learning_rate: 0.01, weight_decay: 0.1}",
         "[identity, {type: scale_by_adam, eps: 1e-6}, {type: add_decayed_weights, weight_decay: 0.1}, scale_by_trust_ratio, "
         "{type: scale, step_size: -0.01}, identity]"},
        {"{type: lars, learning_rate: 0.1, add_decayed_weights: 0.1}",
         "[{type: add_decayed_weights, weight_decay: 0.1}, add_decayed_weights, {type: chain, transforms: [{type: "
         "scale_by_trust_ratio, trust_coefficient: 0.001}, {type: scale, step_size: -0.1}]}, {type: trace, decay: 0.9}]"},
        {"{type: rprop, learning_rate: 0.01}", "[{type: scale_by_rprop, learning_rate: 0.01}, {type: scale, step_size: -1}]"},
        {"{type: adan, learning_rate: 0.01}", "[{type: adan, learning_rate: 0.01}]"},
    };
    tx_registry *registry = make_registry();
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        double whole[N], chained[N];
        char text[TEXT];
        snprintf(text, sizeof text, "{type: chain, transforms: %s}", pairs[k][1]);
        run(registry, pairs[k][0], STEPS, whole);
        run(registry, text, STEPS, chained);
        CU_ASSERT(!memcmp(whole, chained, sizeof whole));
    }
    tx_registry_destroy(registry);
}

/* What is taken is what was predicted, to a cache line an allocation; whichever allocation fails, nothing is left behind. */
static void check_memory(const tx_registry *registry, const char *text)
{
    tx_config *config;
    tx_optimizer *optimizer;
    tx_status status = TX_FAILURE;
    static const tx_leaf leaves[2] = {{.name = "a", .rank = 1, .shape = {50}, .size = 50},
                                      {.name = "b", .rank = 3, .shape = {40, 30, 2}, .offset = 50, .size = 2400}};
    const tx_task task = silent_task(TX_FLOAT64, 2, leaves);
    CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_OPTIMIZER, "x.yaml", text, NULL, &config), TX_OK);
    const size_t before = tx_memory_live();
    int failures = 0;
    for (; status != TX_OK && failures < 1000; failures += status != TX_OK) {
        tx_memory_fail_after(failures);
        status = tx_optimizer_create(tx_config_root(config), &task, NULL, &optimizer);
        tx_memory_fail_after(-1);
        CU_ASSERT(status == TX_OK || (status == TX_FAILURE && tx_memory_live() == before));
    }
    CU_ASSERT_EQUAL_FATAL(status, TX_OK);
    CU_ASSERT(failures > 10);
    tx_optimizer_destroy(optimizer);
    CU_ASSERT_EQUAL_FATAL(tx_optimizer_plan(tx_config_root(config), &task, NULL, &optimizer), TX_OK);
    const size_t planned = tx_memory_live();
    CU_ASSERT_EQUAL(tx_optimizer_allocate(optimizer, &task, NULL), TX_OK);
    const size_t taken = tx_memory_live() - planned, predicted = tx_optimizer_bytes(optimizer, 1);
    CU_ASSERT(taken >= predicted && taken <= predicted + (size_t)failures * 2 * 64);
    tx_optimizer_destroy(optimizer);
    CU_ASSERT_EQUAL(tx_memory_live(), before);
    tx_config_destroy(config);
}

static void memory(void)
{
    static const char *const texts[] = {
        "{type: chain, transforms: [{type: adaptive_grad_clip, clipping: 1}, identity, {type: lamb, learning_rate: 1}, "
        "{type: chain, transforms: [{type: trace, decay: 0.5}]}]}",
        "{type: soap, learning_rate: 1, clip: 1}", "{type: muon, learning_rate: 1}"};
    tx_registry *registry = make_registry();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        check_memory(registry, texts[k]);
    }
    tx_registry_destroy(registry);
}

/* The rate that is reported is the last one; and whether a chain goes downhill. */
static void rates_of_chains(void)
{
    static const struct {
        const char *transforms;
        double rate;
        bool descends;
    } cases[] = {
        {"[{type: adam, learning_rate: 0.5}, {type: scale_by_learning_rate, learning_rate: 0.25}, {type: clip, max_delta: 1}]",
         0.25, true},
        {"[{type: scale_by_learning_rate, learning_rate: 0.25, flip_sign: false}, {type: scale, step_size: -1}]", 0.25, true},
        {"[{type: scale_by_learning_rate, learning_rate: 0.25, flip_sign: false}]", 0.25, false},
        {"[scale_by_adam, {type: scale, step_size: -0.1}]", (double)NAN, true},
        {"[scale_by_adam, {type: scale_by_schedule, step_size_fn: {type: constant, value: -0.1}}]", (double)NAN, true},
        {"[scale_by_adam, {type: trace, decay: 0.5}]", (double)NAN, false},
        {"[{type: scale_by_rprop, learning_rate: 0.25}]", (double)NAN, false},
        {"[{type: rprop, learning_rate: 0.25}]", (double)NAN, true},
    };
    tx_registry *registry = make_registry();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char text[TEXT];
        snprintf(text, sizeof text, "{type: chain, transforms: %s}", cases[k].transforms);
        made m = make(registry, TX_FLOAT64, LEAVES, leaf_sizes, text);
        const double rate = tx_optimizer_rate(m.optimizer);
        CU_ASSERT(isnan(cases[k].rate) ? isnan(rate) : rate == cases[k].rate);
        CU_ASSERT_EQUAL(tx_optimizer_descends(m.optimizer), cases[k].descends);
        unmake(&m);
    }
    tx_registry_destroy(registry);
}

/* An update that overflows is refused and leaves everything as it was, whatever follows the rule. */
static void refusals(void)
{
    static const char *const texts[] = {
        "{type: sgd, learning_rate: 1e21, momentum: 0.5}",
        "{type: lars, learning_rate: 1e30}",
        "{type: rmsprop, learning_rate: 1e38, momentum: 0.9}",
        "{type: sgd, learning_rate: 1e21, momentum: 0.5, add_decayed_weights: 1e38}",
        "{type: chain, transforms: [{type: trace, decay: 0.5}, {type: scale, step_size: -1e21}, {type: trace, decay: 0.5}]}",
    };
    const float good[2] = {1, 1}, large[2] = {1, 1e18f};
    const int64_t one_leaf = 2;
    tx_registry *registry = make_registry();
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        made m = make(registry, TX_FLOAT32, 1, &one_leaf, texts[k]);
        const float parameters[2] = {1, 2}, far[2] = {1e30f, -3e38f};
        float first[2], before[2], next[2];
        const bool moved = take_step(&m, good, parameters, first);
        memcpy(before, tx_optimizer_array(m.optimizer, 1)->values, sizeof before);
        CU_ASSERT_FALSE(take_step(&m, large, far, next));
        CU_ASSERT_EQUAL(tx_optimizer_count(m.optimizer), moved);
        CU_ASSERT(!memcmp(before, tx_optimizer_array(m.optimizer, 1)->values, sizeof before));
        unmake(&m);
    }
    tx_registry_destroy(registry);
}

static void refused_step_is_undone(void)
{
    const float parameters[2] = {1, 2}, good[2] = {1, 1}, large[2] = {1, 3e38f};
    const int64_t one_leaf = 2;
    float first[2], again[2], next[2];
    tx_registry *registry = make_registry();
    made m = make(registry, TX_FLOAT32, 1, &one_leaf, "{type: sgd, learning_rate: 10, momentum: 0.5}");
    CU_ASSERT_TRUE(take_step(&m, good, parameters, first));
    CU_ASSERT_FALSE(take_step(&m, large, first, next));
    CU_ASSERT_TRUE(take_step(&m, good, first, again));
    CU_ASSERT_EQUAL(again[1], first[1] - 15); /* 10 * (1 + 0.5) */
    unmake(&m);
    tx_registry_destroy(registry);
}

/* The order of the chain: clipped first, then the weights, then the rule. */
static void chain_order(void)
{
    const int64_t sizes[2] = {1, 1};
    const double gradient[2] = {30, 40}, parameters[2] = {2, -1};
    double next[2];
    tx_registry *registry = make_registry();
    made m =
        make(registry, TX_FLOAT64, 2, sizes, "{type: sgd, learning_rate: 1, clip_by_global_norm: 5, add_decayed_weights: 0.5}");
    CU_ASSERT_TRUE(take_step(&m, gradient, parameters, next));
    CU_ASSERT(next[0] == 2 - (3 + 1) && next[1] == -1 - (4 - 0.5));
    unmake(&m);
    m = make(registry, TX_FLOAT64, 2, sizes, "{type: sgd, learning_rate: 1, clip: 35, add_decayed_weights: 0.5}");
    CU_ASSERT_TRUE(take_step(&m, gradient, parameters, next));
    CU_ASSERT(next[0] == 2 - (30 + 1) && next[1] == -1 - (35 - 0.5));
    unmake(&m);
    tx_registry_destroy(registry);
}

static void norms(void)
{
    enum { MANY = 1000 };
    static float narrow[MANY + 1];
    static double wide[MANY + 1];
    for (int i = 0; i <= MANY; i++) {
        wide[i] = cos(0.7 * i) * exp(0.01 * i);
        narrow[i] = (float)wide[i];
    }
    for (int count = 0; count < MANY; count += 1 + count / 7) {
        long double of_wide = 0, of_narrow = 0;
        for (int i = 1; i <= count; i++) {
            of_wide += (long double)wide[i] * wide[i];
            of_narrow += (long double)narrow[i] * narrow[i];
        }
        const double expected = (double)sqrtl(of_wide), expected_narrow = (double)sqrtl(of_narrow);
        CU_ASSERT_DOUBLE_EQUAL(tx_stage_norm(TX_FLOAT64, wide, 1, count), expected, 1e-14 * expected);
        CU_ASSERT_DOUBLE_EQUAL(tx_stage_norm(TX_FLOAT32, narrow, 1, count), expected_narrow, 1e-7 * expected_narrow);
    }
}

/* The count of updates drives the schedule; the rate is a number of the run's precision. */
static void rates(void)
{
    const int64_t one = 1;
    const double zero = 0;
    double next;
    tx_registry *registry = make_registry();
    const char *text = "{type: sgd, learning_rate: {type: piecewise_constant, init_value: 0.1, boundaries_and_scales: {2: 0.5}}}";
    made m = make(registry, TX_FLOAT64, 1, &one, text);
    for (int step = 0; step < 4; step++) {
        CU_ASSERT_EQUAL(tx_optimizer_count(m.optimizer), step);
        CU_ASSERT_EQUAL(tx_optimizer_rate(m.optimizer), step < 2 ? 0.1 : 0.05);
        CU_ASSERT_TRUE(take_step(&m, &zero, &zero, &next));
    }
    unmake(&m);
    m = make(registry, TX_FLOAT32, 1, &one, text);
    CU_ASSERT_EQUAL(tx_optimizer_rate(m.optimizer), (double)0.1f);
    unmake(&m);
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {
        {"arrays are the whole state", arrays_are_all},
        {"arrays have names of their own", arrays_have_names},
        {"arrays of a chain", arrays_of_a_chain},
        {"arrays of a matrix", arrays_of_a_matrix},
        {"chains of optimizers", chains_of_optimizers},
        {"rates of chains", rates_of_chains},
        {"memory", memory},
        {"refusals", refusals},
        {"a refused step is undone", refused_step_is_undone},
        {"order of the chain", chain_order},
        {"norms", norms},
        {"rates", rates},
        {0},
    };
    return suite_run("steps", tests);
}
