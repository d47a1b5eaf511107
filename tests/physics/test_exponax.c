/* Exponax's steppers against Exponax itself: states and gradients of the table that scripts/generate_stepper_tables.py writes, on
 * every instruction set and precision.
 * guard: alone */
#include "physics/schemes.h"

enum { STATE = 2048, NUMBERS = 32, COUNT = 2 }; /* of BLOCK samples: a padding lane; of the second the state is another one */

typedef struct row {
    char stepper[512];
    tx_shape shape;
    int steps, numbers;
    double next[NUMBERS], gradient[NUMBERS];
} row;

static void read_shape(char *text, tx_shape *shape)
{
    char *at;
    *shape = (tx_shape){.channels = strtol(text, &at, 10)};
    while (*at == 'x') {
        shape->n[shape->axes++] = strtol(at + 1, &at, 10);
    }
}

static int read_numbers(char *text, double *numbers)
{
    int count = 0;
    for (char *end; count < NUMBERS; count++, text = end) {
        numbers[count] = strtod(text, &end);
        if (end == text) {
            break;
        }
    }
    return count;
}

static bool read_row(FILE *file, row *row)
{
    static char line[8192];
    do {
        if (!fgets(line, sizeof line, file)) {
            return false;
        }
    } while (*line == '#');
    snprintf(row->stepper, sizeof row->stepper, "%s", strtok(line, "|"));
    read_shape(strtok(NULL, "|"), &row->shape);
    row->steps = (int)strtol(strtok(NULL, "|"), NULL, 10);
    row->numbers = read_numbers(strtok(NULL, "|"), row->next);
    CU_ASSERT_EQUAL(read_numbers(strtok(NULL, "|"), row->gradient), row->numbers);
    return true;
}

/* As the script's. */
static double noise(int64_t k, int shift)
{
    return (double)((k * 7919 + shift * 271) % 1009) / 1009 - 0.25;
}

/* The largest difference between the row's numbers and those of the state that they are of, as a share of the largest. */
static double distance(const row *row, const double *numbers, tx_precision precision, const void *state)
{
    const int64_t size = size_of(&row->shape), step = (size / 24 > 1 ? size / 24 : 1) | 1;
    double most = 0, largest = 0;
    for (int k = 0; k < row->numbers; k++) {
        const double found = get(precision, state, k * step);
        most = fmax(most, isnan(found) ? INFINITY : fabs(found - numbers[k]));
        largest = fmax(largest, fabs(numbers[k]));
    }
    return most / fmax(largest, 1e-3);
}

static void run(const tx_graph *graph, tx_node output, bool pulled, int isa, tx_precision precision, const row *row, void *out)
{
    static double states[COUNT][STATE], seeds[COUNT][STATE], ignored[STATE];
    const tx_plan_options options = {.precision = precision,
                                     .isa = isa,
                                     .block = BLOCK,
                                     .loss = TX_NONE,
                                     .outputs = &output,
                                     .num_outputs = 1,
                                     .pulled = pulled};
    const void *windows[] = {states[0], states[1]}, *cotangents[] = {seeds[0], seeds[1]};
    void *results[] = {out, ignored};
    void *const *const outputs[] = {results};
    tx_workspace *workspace = NULL;
    bound *program = NULL;
    for (int64_t k = 0; k < size_of(&row->shape); k++) {
        for (int s = 0; s < COUNT; s++) {
            put(precision, states[s], k, noise(k, 1) * (1 - 0.5 * s));
            put(precision, seeds[s], k, noise(k, 2) * (1 + s));
        }
    }
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    const tx_run_input input = {.windows = windows, .seeds = pulled ? cotangents : NULL, .count = COUNT, .batch_size = COUNT};
    CU_ASSERT(bound_run(program, workspace, &input, NULL, NULL, outputs));
    tx_workspace_destroy(workspace);
    bound_destroy(program);
}

/* Exponentials of sums of some hundred roundings; in float32 gradients of rough states are sums of much larger terms. */
static void compare(const row *row, const tx_graph *graph, tx_node next, int isa, tx_precision precision)
{
    static double state[STATE];
    const double tolerance = precision == TX_FLOAT64 ? 1e-12 : 2e-4;
    for (int pulled = 0; pulled < 2; pulled++) {
        run(graph, next, pulled, isa, precision, row, state);
        const double off = distance(row, pulled ? row->gradient : row->next, precision, state);
        if (!(off <= tolerance)) {
            printf("\n%s, %s, %d axes of %ld, %s: off by %g\n", row->stepper, pulled ? "gradient" : "state", row->shape.axes,
                   (long)row->shape.n[0], precision == TX_FLOAT64 ? "float64" : "float32", off);
            CU_FAIL("a stepper differs from Exponax's");
        }
    }
}

static void check_row(const tx_registry *registry, const row *row)
{
    tx_error error = {0};
    tx_config *config = NULL;
    tx_stepper *stepper = NULL;
    tx_graph *graph = NULL;
    tx_status status = tx_section_read(registry, TX_KIND_STEPPER, "p.yaml", row->stepper, &error, &config);
    status = status ? status : tx_stepper_create(tx_config_root(config), row->shape, &error, &stepper);
    if (status != TX_OK) {
        printf("\n%s\n", error.message);
        CU_FAIL_FATAL("no stepper");
    }
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    tx_node u = tx_window(graph, 0, row->shape);
    for (int k = 0; k < row->steps; k++) {
        u = tx_stepper_apply(stepper, graph, u);
    }
    for (int isa = 0; isa < tx_isa_count(); isa++) {
        compare(row, graph, u, isa, TX_FLOAT32);
        compare(row, graph, u, isa, TX_FLOAT64);
    }
    tx_graph_destroy(graph);
    tx_stepper_destroy(stepper);
    tx_config_destroy(config);
}

static void all_steppers(void)
{
    tx_registry *registry = physics_registry();
    FILE *file = fopen(TESTS_DIR "/physics/exponax.txt", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    static row row;
    int rows = 0;
    for (; read_row(file, &row); rows++) {
        check_row(registry, &row);
    }
    CU_ASSERT(rows > 100);
    fclose(file);
    tx_registry_destroy(registry);
}

int main(void)
{
    return suite_run("physics/exponax", (suite_test[]){{"states and gradients", all_steppers}, {0}});
}
