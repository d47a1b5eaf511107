/* Every optimizer follows the path that the real Optax takes (optax.txt), over hundreds of steps, and every schedule its
 * values (schedules.txt). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "optimizer/registry.h"

enum { N = 6, LEAVES = 3 };
static const int64_t leaf_sizes[LEAVES] = {2, 1, 3};
static const double curvature[N] = {1, 10, 0.01, 2, 0.5, 5};
static const double start[N] = {3.1234567, -2.0345678, 0.5123456, 1.3456789, -0.7654321, 0.0567891};

typedef struct path {
    made made;
    char text[512];
    double wide[2][N];
    float narrow[2][N];
    int now;
    int64_t step;
} path;

static void path_open(path *p, const tx_registry *registry, tx_precision precision, const char *text)
{
    memset(p, 0, sizeof *p);
    snprintf(p->text, sizeof p->text, "%.*s", (int)strcspn(text, "\n"), text);
    p->made = make(registry, precision, LEAVES, leaf_sizes, text);
    for (int i = 0; i < N; i++) {
        p->wide[0][i] = start[i];
        p->narrow[0][i] = (float)start[i];
    }
}

static void path_step(path *p)
{
    double g[N];
    float h[N];
    const int now = p->now, next = !now, target = (int)(p->step % 7) - 3;
    for (int i = 0; i < N; i++) {
        g[i] = curvature[i] * (p->wide[now][i] - target);
        h[i] = (float)curvature[i] * (p->narrow[now][i] - (float)target);
    }
    CU_ASSERT(p->made.optimizer->precision == TX_FLOAT64
                  ? tx_optimizer_step(p->made.optimizer, g, p->wide[now], p->wide[next])
                  : tx_optimizer_step(p->made.optimizer, h, p->narrow[now], p->narrow[next]));
    p->now = next;
    p->step++;
}

/* The same arithmetic, contracted in other places: some ulps a step, of which the quadratic forgets the old ones. */
static void compare(path *p, const double *expected)
{
    const bool wide = p->made.optimizer->precision == TX_FLOAT64;
    const double tolerance = wide ? 1e-13 : 2e-6;
    bool good = true;
    for (int i = 0; i < N; i++) {
        const double value = wide ? p->wide[p->now][i] : (double)p->narrow[p->now][i];
        const bool near = fabs(value - expected[i]) <= tolerance * fmax(1, fabs(expected[i]));
        CU_ASSERT(near);
        if (!near && good) {
            fprintf(stderr, "\n  %s: %.17g, not %.17g, after step %d", p->text, value, expected[i], (int)p->step);
        }
        good = good && near;
    }
}

static bool read_numbers(char *line, int count, double *out)
{
    char *end;
    for (int k = 0; k < count; k++, line = end) {
        out[k] = strtod(line, &end);
        if (end == line) {
            return false;
        }
    }
    return true;
}

static void test_paths(void)
{
    FILE *file = fopen(TESTS_DIR "/optimizer/optax.txt", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    tx_registry *registry = make_registry();
    path p = {0};
    char line[512];
    double numbers[1 + N];
    int cases = 0;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "float", 5) == 0) {
            unmake(&p.made);
            path_open(&p, registry, strncmp(line, "float64", 7) == 0 ? TX_FLOAT64 : TX_FLOAT32, line + 8);
            cases++;
        } else if (read_numbers(line, 1 + N, numbers)) {
            while (p.step < (int64_t)numbers[0]) {
                path_step(&p);
            }
            compare(&p, numbers + 1);
        }
    }
    CU_ASSERT(cases >= 120);
    unmake(&p.made);
    tx_registry_destroy(registry);
    fclose(file);
}

static tx_config *open_schedule(const tx_registry *registry, const char *text)
{
    tx_error error = {0};
    tx_config *config = NULL;
    const tx_status status = tx_section_read(registry, TX_KIND_SCHEDULE, "case", text, &error, &config);
    if (status != TX_OK) {
        fprintf(stderr, "\n  %s\n", error.message);
    }
    CU_ASSERT_EQUAL_FATAL(status, TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_rate_check((tx_rate){.schedule = tx_config_root(config)}, &error), TX_OK);
    return config;
}

/* Some ulps of the numbers of about 1 that they are made of. */
static void test_schedules(void)
{
    FILE *file = fopen(TESTS_DIR "/optimizer/schedules.txt", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    tx_registry *registry = make_registry();
    tx_config *config = NULL;
    char line[512], text[512] = "";
    double numbers[2];
    int cases = 0;
    while (fgets(line, sizeof line, file)) {
        if (*line == '{') {
            tx_config_destroy(config);
            config = open_schedule(registry, strcpy(text, line));
            cases++;
        } else if (read_numbers(line, 2, numbers)) {
            const double value = tx_rate_at((tx_rate){.schedule = tx_config_root(config)}, (int64_t)numbers[0]);
            const bool near = fabs(value - numbers[1]) <= 1e-15 * fmax(1, numbers[1]);
            CU_ASSERT(near);
            if (!near) {
                fprintf(stderr, "\n  %.17g, not %.17g, at %d of %s", value, numbers[1], (int)numbers[0], text);
            }
        }
    }
    CU_ASSERT(cases >= 30);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    fclose(file);
}

int main(void)
{
    static const suite_test tests[] = {{"paths", test_paths}, {"schedules", test_schedules}, {0}};
    return suite_run("optax", tests);
}
