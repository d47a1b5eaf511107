/* The generators against Trainax's sample data. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "data/section.h"
#include "data/table.h"
#include "suite.h"

/* How far a value may be from Trainax's, in parts of the largest one. The Lorenz system must agree to the bit (it is chaotic).
 * Advection is computed through another Fourier transform: rounding errors of the original's, grown over up to 100 steps; in
 * single precision ours are smaller than those, as we transform in double. Found: 7e-15 and 3e-6. */
static double tolerance(tx_random random, const char *text)
{
    return strstr(text, "lorenz") ? 0.0 : random.precision == TX_FLOAT32 ? 1e-5 : 3e-14;
}

static void shape_text(const tx_data_shape *shape, char *text)
{
    text += sprintf(text, "%" PRId64 "x%" PRId64 "x%" PRId64, shape->num_trajectories, shape->num_levels, shape->state.channels);
    for (int d = 0; d < shape->state.axes; d++) {
        text += sprintf(text, "x%" PRId64, shape->state.n[d]);
    }
}

static void check_source(char **fields)
{
    const tx_random random = table_random(fields[1], fields[2]);
    data_section section;
    tx_data_source *source = NULL;
    tx_error error = {0};
    if (data_section_open(fields[3], &error, &section) != TX_OK ||
        tx_data_source_create(section.section, (tx_data_setup){.random = random}, &error, &source) != TX_OK) {
        fprintf(stderr, "%s\n", error.message);
        CU_FAIL_FATAL("no source");
    }
    char shape[128];
    shape_text(&source->shape, shape);
    CU_ASSERT_STRING_EQUAL(shape, fields[4]);
    const int64_t levels = source->shape.num_trajectories * source->shape.num_levels, size = tx_data_level_size(&source->shape);
    void *values = malloc((size_t)(levels * size) * tx_real_bytes(random.precision));
    CU_ASSERT_EQUAL_FATAL(tx_data_source_read(source, 0, levels, values, &error), TX_OK);
    table_compare(fields, fields[6], random, values, tolerance(random, fields[3]) * strtod(fields[5], NULL));
    free(values);
    tx_data_source_destroy(source);
    data_section_close(&section);
}

static void sources_of_trainax(void)
{
    CU_ASSERT_EQUAL(table_each("source", check_source), 32);
}

static void any_range_has_the_same_bits(void)
{
    static const char *const texts[] = {"{type: advection_1d_periodic, num_samples: 3, temporal_horizon: 7, key: 1}",
                                        "{type: lorenz_rk4, num_samples: 3, temporal_horizon: 7, num_warmup_steps: 4, key: 1}"};
    for (int t = 0; t < 4; t++) {
        const tx_random random = {TX_STREAM_PARTITIONABLE, t / 2 ? TX_FLOAT64 : TX_FLOAT32};
        for (int threads = 1; threads <= 4; threads++) {
            any_range_is_the_same(texts[t % 2], (tx_data_setup){.random = random}, threads, 21);
        }
    }
}

static void spacing_of_levels(void)
{
    static const struct {
        const char *text;
        double dt;
    } cases[] = {{"{type: advection_1d_periodic, key: 0}", 0.0},
                 {"{type: advection_1d_periodic, key: 0, dt: 0.25}", 0.25},
                 {"{type: lorenz_rk4, key: 0}", 0.01},
                 {"{type: lorenz_rk4, key: 0, dt: 0.02}", 0.02}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        data_section section;
        tx_data_source *source;
        CU_ASSERT_EQUAL_FATAL(data_section_open(cases[k].text, NULL, &section), TX_OK);
        CU_ASSERT_EQUAL_FATAL(tx_data_source_create(section.section, (tx_data_setup){0}, NULL, &source), TX_OK);
        CU_ASSERT_EQUAL(source->shape.dt, cases[k].dt);
        tx_data_source_destroy(source);
        data_section_close(&section);
    }
}

/* Options that cannot be; where the message must point. */
static void wrong_options(void)
{
    static const char *const cases[][2] = {{"{type: advection_1d_periodic}", "key"},
                                           {"{type: advection_1d_periodic, key: 0, num_points: 0}", "num_points"},
                                           {"{type: advection_1d_periodic, key: 0, highest_init_mode: 0}", "highest_init_mode"},
                                           {"{type: advection_1d_periodic, key: 0, num_samples: 2.5}", "num_samples"},
                                           {"{type: lorenz_rk4, key: 0, temporal_horizon: 0}", "temporal_horizon"},
                                           {"{type: lorenz_rk4, key: 0, num_warmup_steps: -1}", "num_warmup_steps"},
                                           {"{type: lorenz_rk4, key: 0, dt: 0}", "dt must be above 0"},
                                           {"{type: advection_1d_periodic, key: 0, dt: -0.1}", "dt must be above 0"},
                                           {"{type: file, path: x.h5, dt: .nan}", "dt must be a number"},
                                           {"{type: file}", "path"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        data_section section;
        tx_error error = {0};
        CU_ASSERT_EQUAL(data_section_open(cases[k][0], &error, &section), TX_INVALID);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, cases[k][1]));
        data_section_close(&section);
    }
}

/* An unstable step size: found, with its place. */
static void non_finite_data(void)
{
    data_section section;
    tx_data_source *source;
    tx_error error = {0};
    const char *text = "{type: lorenz_rk4, key: 0, dt: 1.0, num_warmup_steps: 0, num_samples: 2, temporal_horizon: 20}";
    CU_ASSERT_EQUAL_FATAL(data_section_open(text, NULL, &section), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_data_source_create(section.section, (tx_data_setup){0}, NULL, &source), TX_OK);
    float values[120];
    CU_ASSERT_EQUAL(tx_data_source_read(source, 0, 40, values, &error), TX_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "trajectory 0, level "));
    tx_data_source_destroy(source);
    data_section_close(&section);
}

static void sources_without_memory(void)
{
    static const char *const texts[] = {"{type: advection_1d_periodic, key: 0}", "{type: lorenz_rk4, key: 0}"};
    for (int t = 0; t < 2; t++) {
        data_section section;
        tx_data_source *source;
        CU_ASSERT_EQUAL_FATAL(data_section_open(texts[t], NULL, &section), TX_OK);
        const size_t before = tx_memory_live();
        tx_status status = TX_FAILURE;
        float level[30];
        for (long n = 0; n < 40 && status != TX_OK; n++) {
            tx_memory_fail_after(n);
            status = tx_data_source_create(section.section, (tx_data_setup){.threads = 3}, NULL, &source);
            if (status == TX_OK) {
                status = tx_data_source_read(source, 0, 1, level, NULL);
                tx_data_source_destroy(source);
            }
            tx_memory_fail_after(-1);
            CU_ASSERT((status == TX_OK || status == TX_FAILURE) && tx_memory_live() == before);
        }
        CU_ASSERT_EQUAL(status, TX_OK);
        data_section_close(&section);
    }
}

int main(void)
{
    return suite_run("sources", (suite_test[]){{"generators are Trainax's", sources_of_trainax},
                                               {"any range has the same bits", any_range_has_the_same_bits},
                                               {"spacing of levels", spacing_of_levels},
                                               {"wrong options", wrong_options},
                                               {"data that are not finite", non_finite_data},
                                               {"no memory", sources_without_memory},
                                               {0}});
}
