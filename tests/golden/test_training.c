/* Whole training runs against the real Trainax: every CASE.yaml of this folder, and of algebra/ where this build has ScaLAPACK, is
 * trained as the command would, and history.csv and network.h5 are compared with CASE.txt (scripts/generate_golden.py) within the
 * tolerance stated there: losses and callback values relative to themselves, parameters relative to the largest of their leaf.
 *
 * GOLDEN=PATH/CASE runs one case alone, from any folder (made by `generate_golden.py PATH/CASE.yaml`).
 *
 * ranks: 1 3
 * guard: 1 3
 * device: 1 3 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "algebra/symmetric.h"
#include "base/memory.h"
#include "suite.h"
#include "trainax/trainax.h"

enum { LINE_SIZE = 1 << 20, NAME_SIZE = 128, MAX_COLUMNS = 16, MAX_CASES = 256 };

static tx_parallel *parallel;
static tx_registry *registry;

/* -- history.csv: columns step, epoch, batch, loss, … ; an empty cell is NaN -- */

typedef struct history {
    char *text, column[MAX_COLUMNS][NAME_SIZE];
    int num_columns, num_rows;
    double (*rows)[MAX_COLUMNS];
} history;

static void read_header(history *h, char *line)
{
    for (char *name; h->num_columns < MAX_COLUMNS && (name = strsep(&line, ","));) {
        snprintf(h->column[h->num_columns++], NAME_SIZE, "%s", name);
    }
}

static void read_row(history *h, char *line)
{
    double *row = h->rows[h->num_rows++];
    for (int k = 0; k < h->num_columns; k++) {
        const char *cell = strsep(&line, ",");
        row[k] = cell && *cell ? strtod(cell, NULL) : (double)NAN;
    }
}

static bool read_history(const char *path, history *h)
{
    *h = (history){0};
    if (tx_text_read(path, NULL, &h->text) != TX_OK) {
        return false;
    }
    size_t lines = 1;
    for (const char *c = h->text; *c; c++) {
        lines += *c == '\n';
    }
    if (tx_allocate_array(lines, sizeof *h->rows, NULL, &h->rows) != TX_OK) {
        return false;
    }
    char *rest = h->text;
    read_header(h, strsep(&rest, "\n"));
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        read_row(h, line);
    }
    return true;
}

static double cell(const history *h, const char *column, long step)
{
    int k = 0;
    while (k < h->num_columns && strcmp(h->column[k], column) != 0) {
        k++;
    }
    for (int row = 0; k < h->num_columns && row < h->num_rows; row++) {
        if ((long)h->rows[row][0] == step) {
            return h->rows[row][k];
        }
    }
    return NAN;
}

/* -- one case -- */

typedef struct golden {
    const char *name, *from; /* from: the folder of the case */
    double tolerance, worst;
    int num_losses, num_values, num_leaves;
    history history;
    tx_file *network;
    tx_file *file; /* whose leaves are compared, in this group: the network, then what callbacks wrote */
    char group[NAME_SIZE];
    char folder[TX_MESSAGE_SIZE / 2];
} golden;

static bool close_to(golden *g, double found, double expected, double scale)
{
    const double difference = fabs(found - expected), relative = difference == 0 ? 0 : difference / scale;
    g->worst = fmax(g->worst, isnan(relative) ? INFINITY : relative);
    return relative <= g->tolerance;
}

static void check(golden *g, bool right, const char *line)
{
    if (!right) {
        printf("\n%s: not so: %.100s\n", g->name, line);
    }
    CU_ASSERT(right);
}

static void check_loss(golden *g, const char *line)
{
    long step, epoch, batch;
    double value;
    CU_ASSERT_EQUAL_FATAL(sscanf(line, "loss %ld %ld %ld %lf", &step, &epoch, &batch, &value), 4);
    const bool place = cell(&g->history, "epoch", step) == (double)epoch && cell(&g->history, "batch", step) == (double)batch;
    check(g, place && close_to(g, cell(&g->history, "loss", step), value, fabs(value)), line);
    g->num_losses++;
}

static void check_callback(golden *g, const char *line)
{
    char column[NAME_SIZE];
    long step;
    double value;
    CU_ASSERT_EQUAL_FATAL(sscanf(line, "callback %127s %ld %lf", column, &step, &value), 3);
    check(g, close_to(g, cell(&g->history, column, step), value, fabs(value)), line);
    g->num_values++;
}

static void check_leaf(golden *g, const char *line)
{
    char name[NAME_SIZE], path[2 * NAME_SIZE];
    int rank, used;
    int64_t size[TX_FILE_MAX_RANK], count = 1;
    CU_ASSERT_EQUAL_FATAL(sscanf(line, "leaf %127s %d%n", name, &rank, &used), 2);
    char *at = (char *)line + used;
    for (int d = 0; d < rank; d++) {
        size[d] = strtoll(at, &at, 10);
        count *= size[d];
    }
    double *expected, *found;
    CU_ASSERT_EQUAL_FATAL(tx_allocate_array((size_t)count, sizeof *expected, NULL, &expected), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_allocate_array((size_t)count, sizeof *found, NULL, &found), TX_OK);
    double scale = 0;
    at = strchr(at, ':') + 1;
    for (int64_t k = 0; k < count; k++) {
        expected[k] = strtod(at, &at);
        scale = fmax(scale, fabs(expected[k]));
    }
    snprintf(path, sizeof path, "%s/%s", g->group, name);
    tx_error error = {0};
    bool right = tx_file_read_reals(g->file, path, rank, size, TX_FLOAT64, found, &error) == TX_OK;
    for (int64_t k = 0; right && k < count; k++) {
        right = close_to(g, found[k], expected[k], scale);
    }
    check(g, right, error.status ? error.message : line);
    g->num_leaves += g->file == g->network;
    tx_free(expected);
    tx_free(found);
}

static void close_file(golden *g)
{
    if (g->file != g->network) {
        tx_file_close(g->file);
    }
    g->file = NULL;
}

/* A file of a callback, which is then of no more use. */
static void open_file(golden *g, const char *line)
{
    char name[NAME_SIZE], path[TX_MESSAGE_SIZE];
    close_file(g);
    CU_ASSERT_EQUAL_FATAL(sscanf(line, "file %127s %127s", name, g->group), 2);
    snprintf(path, sizeof path, "%s/%s", g->folder, name);
    CU_ASSERT_EQUAL_FATAL(tx_file_open(path, NULL, &g->file), TX_OK);
    unlink(path);
}

/* Every loss, callback value and leaf of the run must have had its line. */
static void check_counts(const golden *g)
{
    int losses = 0, values = 0, leaves = 0;
    for (int row = 0; row < g->history.num_rows; row++) {
        losses += !isnan(g->history.rows[row][3]);
        for (int k = 4; k < g->history.num_columns; k++) {
            values += !isnan(g->history.rows[row][k]);
        }
    }
    char **names = NULL;
    CU_ASSERT_EQUAL(tx_file_members(g->network, "/parameters", NULL, &leaves, &names), TX_OK);
    tx_free(names);
    CU_ASSERT_EQUAL(losses, g->num_losses);
    CU_ASSERT_EQUAL(values, g->num_values);
    CU_ASSERT_EQUAL(leaves, g->num_leaves);
}

static void check_lines(golden *g, FILE *expectation)
{
    static char line[LINE_SIZE];
    while (fgets(line, sizeof line, expectation)) {
        if (strncmp(line, "tolerance ", 10) == 0) {
            g->tolerance = strtod(line + 10, NULL);
        } else if (strncmp(line, "loss ", 5) == 0) {
            check_loss(g, line);
        } else if (strncmp(line, "callback ", 9) == 0) {
            check_callback(g, line);
        } else if (strncmp(line, "file ", 5) == 0) {
            open_file(g, line);
        } else if (strncmp(line, "leaf ", 5) == 0) {
            check_leaf(g, line);
        }
    }
    close_file(g);
    check_counts(g);
}

static void compare(golden *g)
{
    char path[TX_MESSAGE_SIZE];
    snprintf(path, sizeof path, "%s/%s.txt", g->from, g->name);
    FILE *expectation = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(expectation);
    snprintf(path, sizeof path, "%s/history.csv", g->folder);
    CU_ASSERT_FATAL(read_history(path, &g->history));
    snprintf(path, sizeof path, "%s/network.h5", g->folder);
    CU_ASSERT_EQUAL_FATAL(tx_file_open(path, NULL, &g->network), TX_OK);
    g->file = g->network;
    snprintf(g->group, sizeof g->group, "/parameters");
    check_lines(g, expectation);
    printf("%s: %.1e of %.0e\n", g->name, g->worst, g->tolerance);
    tx_file_close(g->network);
    tx_free(g->history.text);
    tx_free(g->history.rows);
    fclose(expectation);
}

static void clean(const char *folder)
{
    static const char *const files[] = {"config.yaml", "history.csv", "network.h5", "checkpoint.h5", "checkpoint.previous.h5"};
    char path[TX_MESSAGE_SIZE];
    for (int k = 0; k < 5; k++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[k]);
        unlink(path);
    }
    rmdir(folder);
}

static void run_case(const char *from, const char *name)
{
    static const char *const required[] = {"data", "network", "trainer", NULL};
    golden g = {.name = name, .from = from};
    char path[TX_MESSAGE_SIZE];
    tx_error error = {0};
    tx_config *config = NULL;
    snprintf(path, sizeof path, "%s/%s.yaml", from, name);
    snprintf(g.folder, sizeof g.folder, BUILD_DIR "/%s-%d-ranks-%s", program_invocation_short_name, tx_parallel_size(parallel),
             name);
    const tx_train_options options = {.output = g.folder, .start = TX_START_OVERWRITE};
    tx_status status = tx_config_read(registry, path, NULL, 0, required, &error, &config);
    status = status == TX_OK ? tx_train(config, parallel, &options, &error) : status;
    if (status != TX_OK) {
        printf("\n%s: %s\n", name, error.message);
    }
    CU_ASSERT_EQUAL(status, TX_OK);
    if (status == TX_OK && tx_parallel_rank(parallel) == 0) {
        compare(&g);
        clean(g.folder);
    }
    tx_config_destroy(config);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int list_cases(const char *from, char (*names)[NAME_SIZE])
{
    DIR *folder = opendir(from);
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) && count < MAX_CASES;) {
        const char *end = strstr(entry->d_name, ".yaml");
        if (end) {
            snprintf(names[count++], NAME_SIZE, "%.*s", (int)(end - entry->d_name), entry->d_name);
        }
    }
    closedir(folder);
    qsort(names, (size_t)count, sizeof *names, by_name);
    return count;
}

static void run_all(const char *from, int least)
{
    static char names[MAX_CASES][NAME_SIZE];
    const int count = list_cases(from, names);
    CU_ASSERT(count >= least);
    for (int k = 0; k < count; k++) {
        run_case(from, names[k]);
    }
}

static void runs(void)
{
    run_all(TESTS_DIR "/golden", 50);
}

static void second_order_runs(void)
{
    if (tx_symmetric_known(NULL) == TX_OK) {
        run_all(TESTS_DIR "/algebra", 9);
    }
}

static void one_run(void)
{
    char from[TX_MESSAGE_SIZE / 2];
    snprintf(from, sizeof from, "%s", getenv("GOLDEN"));
    char *slash = strrchr(from, '/');
    CU_ASSERT_PTR_NOT_NULL_FATAL(slash);
    *slash = '\0';
    run_case(from, slash + 1);
}

int main(void)
{
    const suite_test all[] = {{"training runs", runs}, {"second order", second_order_runs}, {0}},
                     one[] = {{"one run", one_run}, {0}};
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK || tx_registry_create_builtin(NULL, &registry) != TX_OK) {
        return 1;
    }
    const int code = suite_run("golden/training", getenv("GOLDEN") ? one : all);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
