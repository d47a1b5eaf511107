/* The largest difference of a plugin's vjp from central differences, over the largest derivative:
 *   gradient FILE.so stepper|residuum OPTIONS CHANNELS POINTS
 * of <s, y(x)> for fixed s and x; of a residuum y(x) = r(x, x / 2). In double precision. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trainax/trainax.h>

enum { MOST = 256, BLOCK = 4 };

typedef struct program {
    tx_plan *plan;
    tx_values *values;
    tx_workspace *workspace;
    tx_parameters nothing;
} program;

static void check(tx_status status, const tx_error *error)
{
    if (status != TX_OK) {
        fprintf(stderr, "%s\n", error->message);
        exit(status);
    }
}

static tx_node apply(const tx_section *section, bool residuum, tx_graph *graph, tx_shape shape)
{
    const tx_node x = tx_window(graph, 0, shape);
    tx_stepper *stepper;
    tx_residuum *condition;
    tx_error error = {TX_OK, ""};
    check(residuum ? tx_residuum_create(section, shape, &error, &condition) : tx_stepper_create(section, shape, &error, &stepper),
          &error);
    const tx_node y =
        residuum ? tx_residuum_apply(condition, graph, x, tx_scale(graph, x, 0.5)) : tx_stepper_apply(stepper, graph, x);
    if (residuum) {
        tx_residuum_destroy(condition);
    } else {
        tx_stepper_destroy(stepper);
    }
    return y;
}

static void make(program *p, const tx_graph *graph, tx_node y, bool pulled)
{
    tx_error error = {TX_OK, ""};
    tx_plan_options options = {.precision = TX_FLOAT64,
                               .isa = tx_isa_count() - 1,
                               .block = BLOCK,
                               .loss = TX_NONE,
                               .outputs = &y,
                               .num_outputs = 1,
                               .pulled = pulled};
    check(tx_plan_create(graph, &options, &error, &p->plan), &error);
    check(tx_values_create(p->plan, &p->nothing, &error, &p->values), &error);
    check(tx_workspace_create(p->plan, 1, &error, &p->workspace), &error);
}

/* Two samples, x in the second one. */
static void run(program *p, const double *x, const double *seed, double *y)
{
    static double ones[MOST], ignored[MOST];
    const void *windows[] = {ones, x}, *seeds[] = {ones, seed};
    void *results[] = {ignored, y}, *const * outputs[] = {results};
    const tx_run_input input = {.windows = windows, .seeds = seeds, .count = 2, .batch_size = 2};
    tx_run_output output = {.outputs = outputs};
    tx_error error = {TX_OK, ""};
    check(tx_values_run(p->values, p->workspace, &input, &output, &error), &error);
    if (output.failed.function) {
        fprintf(stderr, "%s failed: %s\n", output.failed.function->name, output.failed.message);
        exit(1);
    }
}

static void free_program(program *p)
{
    tx_workspace_destroy(p->workspace);
    tx_values_destroy(p->values);
    tx_plan_destroy(p->plan);
}

static double dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static double worst(program *forward, program *backward, int n)
{
    double x[MOST], s[MOST], y[MOST], dx[MOST], largest = 0, off = 0;
    for (int i = 0; i < n; i++) {
        x[i] = 0.4 + 0.3 * sin(0.7 * i);
        s[i] = cos(1.3 * i);
    }
    run(backward, x, s, dx);
    for (int i = 0; i < n; i++) {
        const double h = 1e-5, at = x[i];
        x[i] = at + h;
        run(forward, x, s, y);
        const double more = dot(n, s, y);
        x[i] = at - h;
        run(forward, x, s, y);
        const double difference = (more - dot(n, s, y)) / (2 * h);
        x[i] = at;
        largest = fmax(largest, fabs(difference));
        off = fmax(off, fabs(difference - dx[i]));
    }
    return off / largest;
}

int main(int argc, char **argv)
{
    char text[1024];
    tx_registry *registry;
    tx_config *config;
    tx_graph *graph;
    tx_error error = {TX_OK, ""};
    program forward = {0}, backward = {0};
    if (argc != 6) {
        return 2;
    }
    const bool residuum = !strcmp(argv[2], "residuum");
    const tx_shape shape = {atoi(argv[4]), 1, {atoi(argv[5])}};
    snprintf(text, sizeof text, "{type: plugin, library: %s%s}", argv[1], argv[3]);
    check(tx_registry_create_builtin(&error, &registry), &error);
    check(tx_section_read(registry, residuum ? TX_KIND_RESIDUUM : TX_KIND_STEPPER, "here", text, &error, &config), &error);
    check(tx_graph_create(&error, &graph), &error);
    const tx_node y = apply(tx_config_root(config), residuum, graph, shape);
    make(&forward, graph, y, false);
    make(&backward, graph, y, true);
    printf("%.3g\n", worst(&forward, &backward, atoi(argv[4]) * atoi(argv[5])));
    tx_graph_destroy(graph);
    free_program(&forward);
    free_program(&backward);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    return 0;
}
