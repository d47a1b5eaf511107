/* Every optimizer follows the path that the real Optax takes (optax.txt), over thousands of steps. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "trainax/training.h"
#include "trainax/optimizer.h"

enum { N = 3 };
static const double curvature[N] = {1, 10, 0.01}, start[N] = {3, -2, 0.5};

typedef struct path {
    tx_config *config;
    tx_optimizer *optimizer;
    double wide[2][N];
    float narrow[2][N];
    int now;
    int64_t step;
} path;

static void path_open(path *p, const tx_registry *registry, tx_precision precision, const char *text)
{
    tx_error error = {0};
    memset(p, 0, sizeof *p);
    CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_OPTIMIZER, "case", text, &error, &p->config), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_optimizer_create(tx_config_root(p->config), precision, N, &error, &p->optimizer), TX_OK);
    for (int i = 0; i < N; i++) {
        p->wide[0][i] = start[i];
        p->narrow[0][i] = (float)start[i];
    }
}

static void path_close(path *p)
{
    tx_optimizer_destroy(p->optimizer);
    tx_config_destroy(p->config);
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
    CU_ASSERT(p->optimizer->precision == TX_FLOAT64 ? tx_optimizer_step(p->optimizer, g, p->wide[now], p->wide[next])
                                                    : tx_optimizer_step(p->optimizer, h, p->narrow[now], p->narrow[next]));
    p->now = next;
    p->step++;
}

/* The same arithmetic, contracted in other places: some ulps a step, of which the quadratic forgets the old ones. */
static void compare(const path *p, const double *expected)
{
    const bool wide = p->optimizer->precision == TX_FLOAT64;
    const double tolerance = wide ? 1e-14 : 2e-6;
    for (int i = 0; i < N; i++) {
        const double value = wide ? p->wide[p->now][i] : (double)p->narrow[p->now][i];
        CU_ASSERT_DOUBLE_EQUAL(value, expected[i], tolerance * fmax(1, fabs(expected[i])));
    }
}

static void test_optax(void)
{
    FILE *file = fopen(TESTS_DIR "/optimizer/optax.txt", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    tx_registry *registry;
    path p = {0};
    char line[512];
    int cases = 0;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create_builtin(NULL, &registry), TX_OK);
    while (fgets(line, sizeof line, file)) {
        double expected[N];
        long step;
        if (strncmp(line, "float", 5) == 0) {
            path_close(&p);
            path_open(&p, registry, strncmp(line, "float64", 7) == 0 ? TX_FLOAT64 : TX_FLOAT32, line + 8);
            cases++;
        } else if (sscanf(line, "%ld %lf %lf %lf", &step, &expected[0], &expected[1], &expected[2]) == 4) {
            while (p.step < step) {
                path_step(&p);
            }
            compare(&p, expected);
        }
    }
    CU_ASSERT(cases >= 20);
    path_close(&p);
    tx_registry_destroy(registry);
    fclose(file);
}

/* An update that overflows is refused and leaves everything as it was. */
static void test_refusal(void)
{
    const float parameters[2] = {1, 2}, good[2] = {1, 1}, large[2] = {1, 3e38f};
    float first[2], again[2], next[2];
    tx_registry *registry;
    tx_config *config;
    tx_optimizer *optimizer;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create_builtin(NULL, &registry), TX_OK);
    CU_ASSERT_EQUAL_FATAL(
        tx_section_read(registry, TX_KIND_OPTIMIZER, "case", "{type: sgd, learning_rate: 10, momentum: 0.5}", NULL, &config),
        TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_optimizer_create(tx_config_root(config), TX_FLOAT32, 2, NULL, &optimizer), TX_OK);
    CU_ASSERT_TRUE(tx_optimizer_step(optimizer, good, parameters, first));
    CU_ASSERT_FALSE(tx_optimizer_step(optimizer, large, first, next));
    CU_ASSERT_EQUAL(optimizer->count, 1);
    CU_ASSERT_EQUAL(((const float *)optimizer->slots[0])[1], 1);
    CU_ASSERT_TRUE(tx_optimizer_step(optimizer, good, first, again));
    CU_ASSERT_EQUAL(again[1], first[1] - 15); /* 10 * (1 + 0.5) */
    tx_optimizer_destroy(optimizer);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {{"Optax's paths", test_optax}, {"refusal", test_refusal}, {0}};
    return suite_run("optimizer", tests);
}
