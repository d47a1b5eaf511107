/* Every optimizer follows the path that the real Optax takes (optax.txt), over hundreds of steps, every transform that of a chain
 * with it (chains.txt), what keeps means of rows and columns on matrices (matrices.txt), SOAP that of one in NumPy (soap.txt), and
 * every schedule its values (schedules.txt). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "optimizer/registry.h"

enum { MOST = 104 };
typedef struct problem { /* as scripts/generate_optimizer_tables.py has it */
    const char *file;
    int count, num_leaves;
    tx_leaf leaves[MOST_LEAVES];
    double start[MOST], curvature[MOST];
    double slack; /* 0: 1 */
} problem;

static const problem of_optimizers = {
    .file = TESTS_DIR "/optimizer/optax.txt",
    .count = 6,
    .num_leaves = 3,
    .leaves = {{.rank = 1, .shape = {2}, .offset = 0, .size = 2},
               {.rank = 1, .shape = {1}, .offset = 2, .size = 1},
               {.rank = 1, .shape = {3}, .offset = 3, .size = 3}},
    .start = {3.1234567, -2.0345678, 0.5123456, 1.3456789, -0.7654321, 0.0567891},
    .curvature = {1, 10, 0.01, 2, 0.5, 5},
};

static problem of_shapes(const char *file, int num_leaves, const tx_leaf *shapes)
{
    problem out = {.file = file, .num_leaves = num_leaves};
    for (int k = 0; k < num_leaves; k++) {
        tx_leaf *leaf = &out.leaves[k];
        *leaf = shapes[k];
        leaf->offset = out.count;
        leaf->size = 1;
        for (int a = 0; a < leaf->rank; a++) {
            leaf->size *= leaf->shape[a];
        }
        out.count += (int)leaf->size;
    }
    for (int i = 0; i < out.count; i++) {
        out.start[i] = (37 * i % 61 - 30) * 0.1 + 0.0123456;
        out.curvature[i] = of_optimizers.curvature[i % 6];
    }
    return out;
}

typedef struct path {
    const problem *problem;
    made made;
    char text[512];
    double wide[2][MOST];
    float narrow[2][MOST];
    int now;
    int64_t step;
} path;

static void path_open(path *p, const problem *of, const tx_registry *registry, tx_precision precision, const char *text)
{
    *p = (path){.problem = of};
    snprintf(p->text, sizeof p->text, "%.*s", (int)strcspn(text, "\n"), text);
    p->made = make_shaped(registry, precision, of->num_leaves, of->leaves, text);
    for (int i = 0; i < of->count; i++) {
        p->wide[0][i] = of->start[i];
        p->narrow[0][i] = (float)of->start[i];
    }
}

static void path_step(path *p)
{
    double g[MOST];
    float h[MOST];
    const int now = p->now, next = !now, target = (int)(p->step % 7) - 3;
    for (int i = 0; i < p->problem->count; i++) {
        g[i] = p->problem->curvature[i] * (p->wide[now][i] - target);
        h[i] = (float)p->problem->curvature[i] * (p->narrow[now][i] - (float)target);
    }
    CU_ASSERT(p->made.optimizer->precision == TX_FLOAT64 ? take_step(&p->made, g, p->wide[now], p->wide[next])
                                                         : take_step(&p->made, h, p->narrow[now], p->narrow[next]));
    p->now = next;
    p->step++;
}

/* The same arithmetic, contracted in other places: some ulps a step, of which the quadratic forgets the old ones. */
static void compare(path *p, const double *expected)
{
    const bool wide = p->made.optimizer->precision == TX_FLOAT64;
    const double tolerance = (wide ? 1e-13 : 2e-6) * fmax(1, p->problem->slack);
    bool good = true;
    for (int i = 0; i < p->problem->count; i++) {
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

static void follow(const problem *of, int least_cases)
{
    FILE *file = fopen(of->file, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    tx_registry *registry = make_registry();
    path p = {0};
    char line[4096];
    double numbers[1 + MOST];
    int cases = 0;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "float", 5) == 0) {
            unmake(&p.made);
            path_open(&p, of, registry, strncmp(line, "float64", 7) == 0 ? TX_FLOAT64 : TX_FLOAT32, line + 8);
            cases++;
        } else if (read_numbers(line, 1 + of->count, numbers)) {
            while (p.step < (int64_t)numbers[0]) {
                path_step(&p);
            }
            compare(&p, numbers + 1);
        }
    }
    CU_ASSERT(cases >= least_cases);
    unmake(&p.made);
    tx_registry_destroy(registry);
    fclose(file);
}

static void test_paths(void)
{
    follow(&of_optimizers, 120);
}

static void test_chains(void)
{
    static const tx_leaf shapes[] = {{.rank = 1, .shape = {2}},          {.rank = 3, .shape = {1, 2, 1}},
                                     {.rank = 2, .shape = {2, 2}},       {.rank = 3, .shape = {2, 1, 2}},
                                     {.rank = 4, .shape = {2, 1, 1, 2}}, {.rank = 5, .shape = {1, 2, 1, 1, 2}}};
    const problem of = of_shapes(TESTS_DIR "/optimizer/chains.txt", 6, shapes);
    follow(&of, 100);
}

static void test_matrices(void)
{
    static const tx_leaf shapes[] = {{.rank = 2, .shape = {3, 4}},    {.rank = 2, .shape = {4, 3}},
                                     {.rank = 3, .shape = {4, 2, 3}}, {.rank = 4, .shape = {2, 3, 4, 2}},
                                     {.rank = 1, .shape = {4}},       {.rank = 2, .shape = {2, 2}}};
    const problem of = of_shapes(TESTS_DIR "/optimizer/matrices.txt", 6, shapes);
    follow(&of, 12);
}

static const tx_leaf tensors[] = {{.rank = 2, .shape = {3, 4}},    {.rank = 3, .shape = {4, 1, 3}},
                                  {.rank = 3, .shape = {4, 2, 3}}, {.rank = 4, .shape = {2, 3, 4, 2}},
                                  {.rank = 2, .shape = {1, 4}},    {.rank = 2, .shape = {2, 2}}};

static void test_muon(void)
{
    const problem of = of_shapes(TESTS_DIR "/optimizer/muon.txt", 6, tensors);
    follow(&of, 12);
}

/* Beside a program with LAPACK's eigenvectors, which rounding turns by its error over the gaps between eigenvalues. */
static void test_soap(void)
{
    problem of = of_shapes(TESTS_DIR "/optimizer/soap.txt", 6, tensors);
    of.slack = 30;
    follow(&of, 8);
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
    static const suite_test tests[] = {{"paths", test_paths},
                                       {"chains", test_chains},
                                       {"matrices", test_matrices},
                                       {"muon", test_muon},
                                       {"soap", test_soap},
                                       {"schedules", test_schedules},
                                       {0}};
    return suite_run("optax", tests);
}
