/* Initial states, trajectories of steppers and interpolation against Exponax's.
 * guard: alone */
#include <inttypes.h>

#include "base/memory.h"
#include "data/initial.h"
#include "data/section.h"
#include "data/table.h"
#include "suite.h"
#include "trainax/tensor.h"

/* Reads "SxCxNxN…"; returns the number of samples. */
static int64_t read_shape(const char *text, tx_shape *state)
{
    int64_t sizes[8] = {0};
    int count = 0;
    for (const char *word = text; word; word = strchr(word, 'x') ? strchr(word, 'x') + 1 : NULL) {
        sizes[count++] = atoll(word);
    }
    *state = (tx_shape){.channels = sizes[1], .axes = count - 2};
    for (int d = 0; d < state->axes; d++) {
        state->n[d] = sizes[2 + d];
    }
    return sizes[0];
}

/* In parts of the largest value. Normal numbers: XLA's to the bit; a standard deviation it merges with another factor. Series: the
 * draws are equal, the sums are rounded otherwise (found: 5e-16 and 1e-6). */
static double initial_tolerance(tx_random random, const char *text)
{
    if (strstr(text, "normal")) {
        return strstr(text, "std: 1.0") ? 0.0 : random.precision == TX_FLOAT32 ? 2e-7 : 4e-16;
    }
    return random.precision == TX_FLOAT32 ? 2e-6 : 1e-14;
}

static void check_initial(char **fields)
{
    const tx_random random = table_random(fields[1], fields[2]);
    data_section section;
    tx_initial *initial;
    tx_shape state;
    const int64_t samples = read_shape(fields[4], &state);
    char text[512]; /* APEBench's are no mappings */
    snprintf(text, sizeof text, *fields[3] == '"' ? "{type: scaled_ic_generator, scale: 1.0, ic_gen: %s}" : "%s", fields[3]);
    CU_ASSERT_EQUAL_FATAL(kind_section_open(TX_KIND_INITIAL_CONDITION, text, NULL, &section), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_initial_create(section.section, random, tx_key_make(random, 3), state, NULL, &initial), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_initial_prepare(initial, NULL), TX_OK);
    const size_t bytes = (size_t)(state.channels * tx_shape_points(&state)) * tx_real_bytes(random.precision);
    char *values = malloc((size_t)samples * bytes);
    for (int64_t k = samples - 1; k >= 0; k--) { /* backwards: the order must not matter */
        CU_ASSERT_EQUAL(tx_initial_draw(initial, k, values + (size_t)k * bytes, NULL), TX_OK);
    }
    table_compare(fields, fields[6], random, values, initial_tolerance(random, fields[3]) * strtod(fields[5], NULL));
    free(values);
    tx_initial_destroy(initial);
    data_section_close(&section);
}

static void initial_states_of_exponax(void)
{
    CU_ASSERT_EQUAL(table_each("initial", check_initial), 4 * 13);
    CU_ASSERT_EQUAL(table_each_of(TESTS_DIR "/data/exponax.txt", "initial", check_initial), 4 * 29);
}

/* In parts of the largest value; rounding of up to 50 steps (found: 1e-14 and 3.5e-6), spread by the Lorenz system. */
static double rollout_tolerance(tx_random random)
{
    return random.precision == TX_FLOAT32 ? 1e-5 : 1e-13;
}

static tx_data_source *open_source(const char *text, tx_random random, data_section *section)
{
    tx_error error = {0};
    tx_data_source *source = NULL;
    if (data_section_open(text, &error, section) != TX_OK ||
        tx_data_source_create(section->section, (tx_data_setup){.random = random}, &error, &source) != TX_OK) {
        fprintf(stderr, "%s\n", error.message);
        CU_FAIL_FATAL("no source");
    }
    return source;
}

static void check_rollout(char **fields)
{
    const tx_random random = table_random(fields[1], fields[2]);
    data_section section;
    tx_data_source *source = open_source(fields[3], random, &section);
    char shape[128], *end = shape;
    end += sprintf(end, "%" PRId64 "x%" PRId64 "x%" PRId64, source->shape.num_trajectories, source->shape.num_levels,
                   source->shape.state.channels);
    for (int d = 0; d < source->shape.state.axes; d++) {
        end += sprintf(end, "x%" PRId64, source->shape.state.n[d]);
    }
    CU_ASSERT_STRING_EQUAL(shape, fields[4]);
    const int64_t levels = source->shape.num_trajectories * source->shape.num_levels;
    void *values = malloc((size_t)(levels * tx_data_level_size(&source->shape)) * tx_real_bytes(random.precision));
    CU_ASSERT_EQUAL(tx_data_source_read(source, 0, levels, values, NULL), TX_OK);
    table_compare(fields, fields[6], random, values, rollout_tolerance(random) * strtod(fields[5], NULL));
    free(values);
    tx_data_source_destroy(source);
    data_section_close(&section);
}

static void rollouts_of_exponax(void)
{
    CU_ASSERT_EQUAL(table_each("rollout", check_rollout), 4 * 5);
}

static void levels_on_other_grids(void)
{
    CU_ASSERT_EQUAL(table_each_of(TESTS_DIR "/data/exponax.txt", "source", check_rollout), 16);
}

#define SERIES "initial_condition: random_truncated_fourier_series"
#define SPECTRAL "{type: rollout, key: 1, stepper: {type: advection_1d_spectral, cfl: 0.3}, " SERIES

static void any_range_has_the_same_bits(void)
{
    static const struct {
        const char *text;
        int64_t levels;
    } cases[] = {
        {SPECTRAL ", num_points: 12, num_samples: 5, temporal_horizon: 6, num_warmup_steps: 3}", 30},
        {SPECTRAL ", num_points: 1100, num_samples: 3, temporal_horizon: 5}", 15},
        {"{type: rollout, key: 1, stepper: lorenz_rk4, initial_condition: normal, num_samples: 40, temporal_horizon: 2}", 80},
        {"{type: map_between_resolutions, new_num_points: 9, source: " SPECTRAL
         ", num_points: 12, num_samples: 5, temporal_horizon: 6}}",
         30}};
    enum { CASES = sizeof cases / sizeof *cases };
    for (int isa = 0; isa < tx_isa_count(); isa++) {
        for (int k = 0; k < 2 * CASES; k++) {
            const tx_random random = {TX_STREAM_PARTITIONABLE, k / CASES ? TX_FLOAT64 : TX_FLOAT32};
            for (int threads = 1; threads <= 3; threads++) {
                any_range_is_the_same(cases[k % CASES].text, (tx_data_setup){.random = random, .isa = isa}, threads,
                                      cases[k % CASES].levels);
            }
        }
    }
}

/* After k warm-up steps a rollout begins where another has its level k. */
static void warm_up_is_steps(void)
{
    data_section section, later;
    tx_data_source *source =
        open_source(SPECTRAL ", num_points: 12, num_samples: 1, temporal_horizon: 9}", (tx_random){0}, &section);
    tx_data_source *warm =
        open_source(SPECTRAL ", num_points: 12, num_samples: 1, temporal_horizon: 2, num_warmup_steps: 7}", (tx_random){0}, &later);
    float all[9 * 12], last[2 * 12];
    CU_ASSERT_EQUAL(tx_data_source_read(source, 0, 9, all, NULL), TX_OK);
    CU_ASSERT_EQUAL(tx_data_source_read(warm, 0, 2, last, NULL), TX_OK);
    CU_ASSERT_EQUAL(memcmp(all + 7 * 12, last, sizeof last), 0);
    tx_data_source_destroy(source);
    tx_data_source_destroy(warm);
    data_section_close(&section);
    data_section_close(&later);
}

static void spacing_of_levels(void)
{
    static const struct {
        const char *text;
        double dt;
    } cases[] = {{SPECTRAL ", num_points: 8}", 0.0},
                 {SPECTRAL ", num_points: 8, dt: 0.25}", 0.25},
                 {"{type: rollout, key: 1, stepper: {type: lorenz_rk4, dt: 0.02}, initial_condition: normal}", 0.02},
                 {"{type: rollout, key: 1, dt: 1.0, stepper: lorenz_rk4, num_points: 30, initial_condition: normal}", 1.0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        data_section section;
        tx_data_source *source = open_source(cases[k].text, (tx_random){0}, &section);
        CU_ASSERT_EQUAL(source->shape.dt, cases[k].dt);
        CU_ASSERT_EQUAL(source->shape.num_levels, 100);
        tx_data_source_destroy(source);
        data_section_close(&section);
    }
}

#define START "{type: rollout, key: 0, stepper: {type: fou_advection_1d, cfl: 1}, num_points: 4, initial_condition: "

/* What cannot be; where the message must point. */
static void wrong_options(void)
{
    static const char *const cases[][2] = {
        {SPECTRAL "}", "num_points: missing"},
        {SPECTRAL ", num_points: 0}", "num_points"},
        {SPECTRAL ", num_points: [4, 4]}", "one spatial axis"},
        {SPECTRAL ", num_points: [4, 4], num_spatial_dims: 1}", "num_points: 2 numbers"},
        {SPECTRAL ", num_points: [4, 4, 4, 4]}", "num_points: 4 numbers"},
        {SPECTRAL ", num_points: 4, num_spatial_dims: 2}", "one spatial axis"},
        {SPECTRAL ", num_points: 4, num_samples: 0}", "num_samples"},
        {"{type: rollout, key: 0, initial_condition: normal, num_points: 4}", "stepper"},
        {"{type: rollout, key: 0, stepper: {type: fou_advection_1d, cfl: 1}, num_points: 4}", "initial_condition"},
        {"{type: rollout, key: 0, stepper: lorenz_rk4, " SERIES "}", "these have none"},
        {"{type: rollout, key: 0, stepper: lorenz_rk4, initial_condition: normal, num_channels: 2}", "three numbers"},
        {"{type: rollout, key: 0, stepper: lorenz_rk4, initial_condition: {type: normal, std: -1}}", "std"},
        {"{type: rollout, key: 0, stepper: lorenz_rk4, initial_condition: gaussian}", "unknown initial condition 'gaussian'"},
        {"{type: rollout, key: 0, stepper: {type: fou_advection_1d, cfl: 1}, num_points: 4, initial_condition: {type: "
         "random_truncated_fourier_series, offset_range: [1, 0]}}",
         "offset_range"},
        {"{type: rollout, key: 0, stepper: {type: fou_advection_1d, cfl: 1}, num_points: 4, initial_condition: {type: "
         "random_truncated_fourier_series, angle_range: [1, 2, 3]}}",
         "angle_range"},
        {"{type: rollout, key: 0, stepper: {type: fou_advection_1d, cfl: 1}, num_points: 4, initial_condition: {type: "
         "random_truncated_fourier_series, max_one: true, std_one: true}}",
         "max_one"},
        {START "\"wave;5;true;true\"}", "unknown initial condition 'wave'"},
        {START "\"fourier;5.5;true;true\"}", "'5.5' is no integer"},
        {START "\"grf;3;true;yes\"}", "'yes' is neither true nor false"},
        {START "\"diffused;0.1;true\"}", "diffused;INTENSITY;ZERO_MEAN;MAX_ONE"},
        {START "\"clamp;0;x;grf;3;true;true\"}", "'x' is no number"},
        {START "\"clamp;0;1;clamp;0;1;grf;3;true;true\"}", "unknown initial condition 'clamp'"},
        {START "\"clamp;0\"}", "clamp;LOW;HIGH;FORM"},
        {START "{type: random_multi_channel_ic_generator, ic_generators: [normal, normal]}, num_channels: 1}",
         "2 generators, but the states have 1"},
        {START "{type: gaussian_blobs, blob_list: [{position: [0.1, 0.2], covariance: 1}]}}", "blob_list.0.position: 2 numbers"},
        {START "{type: gaussian_blobs, blob_list: [{position: 0.1, covariance: 0}]}}", "blob_list.0.covariance: the matrix"},
        {START "{type: gaussian_blobs, blob_list: [{position: 0.1, covariance: [[1, 0], [0, 1]]}]}}",
         "covariance: for 1 spatial axis"},
        {START "{type: discontinuities, discontinuity_list: [{lower_limits: 0, upper_limits: [1, 2], value: 1}]}}",
         "upper_limits: 2"},
        {START "{type: sine_waves_1d, domain_extent: 1, amplitudes: [1, 2], wavenumbers: 1, phases: 0}}", "wavenumbers: 1 number,"},
        {START "{type: clamping_ic_generator, limits: [0, 1, 2], ic_gen: normal}}", "limits"},
        {START "{type: scaled_ic_generator, scale: 2, ic_gen: {type: diffused_noise, std_one: true, max_one: true}}}",
         "ic_gen.max_one"},
        {"{type: rollout, stepper: {type: fou_advection_1d, cfl: 1}, num_points: 4, initial_condition: normal}",
         "key: is required"},
        {"{type: map_between_resolutions, new_num_points: 4, source: {type: lorenz_rk4, key: 0}}", "source: its states"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        data_section section;
        tx_data_source *source;
        tx_error error = {0};
        const size_t before = tx_memory_live();
        tx_status status = data_section_open(cases[k][0], &error, &section);
        if (status == TX_OK) {
            status = tx_data_source_create(section.section, (tx_data_setup){0}, &error, &source);
        }
        CU_ASSERT_EQUAL(status, TX_INVALID);
        if (!strstr(error.message, cases[k][1])) {
            fprintf(stderr, "%s: %s\n", cases[k][1], error.message);
            CU_FAIL("another message");
        }
        data_section_close(&section);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
}

/* Unstable: found, with its place. */
static void non_finite_data(void)
{
    data_section section;
    tx_error error = {0};
    tx_data_source *source = open_source("{type: rollout, key: 1, stepper: {type: lorenz_rk4, dt: 1.0}, initial_condition: normal, "
                                         "num_samples: 2, temporal_horizon: 20}",
                                         (tx_random){0}, &section);
    float values[120];
    CU_ASSERT_EQUAL(tx_data_source_read(source, 0, 40, values, &error), TX_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "trajectory 0, level "));
    tx_data_source_destroy(source);
    data_section_close(&section);
}

static void rollouts_without_memory(void)
{
    data_section section;
    tx_data_source *source;
    CU_ASSERT_EQUAL_FATAL(data_section_open(SPECTRAL ", num_points: 8}", NULL, &section), TX_OK);
    const size_t before = tx_memory_live();
    tx_status status = TX_FAILURE;
    float values[20 * 100 * 8];
    for (long n = 0; n < 2000 && status != TX_OK; n++) {
        tx_memory_fail_after(n);
        status = tx_data_source_create(section.section, (tx_data_setup){.threads = 2}, NULL, &source);
        if (status == TX_OK) {
            status = tx_data_source_read(source, 0, 2000, values, NULL);
            tx_data_source_destroy(source);
        }
        tx_memory_fail_after(-1);
        CU_ASSERT_EQUAL(tx_memory_live(), before);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    data_section_close(&section);
}

int main(void)
{
    return suite_run("stepper", (suite_test[]){{"initial states are Exponax's", initial_states_of_exponax},
                                               {"rollouts are Exponax's", rollouts_of_exponax},
                                               {"levels on other grids are Exponax's", levels_on_other_grids},
                                               {"any range has the same bits", any_range_has_the_same_bits},
                                               {"warm-up is steps", warm_up_is_steps},
                                               {"spacing of levels", spacing_of_levels},
                                               {"wrong options", wrong_options},
                                               {"data that are not finite", non_finite_data},
                                               {"no memory", rollouts_without_memory},
                                               {0}});
}
